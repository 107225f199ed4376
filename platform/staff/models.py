"""Users of a shop's console (and, in public, operators), sign-in links and API keys."""

from typing import Any, ClassVar, NoReturn

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _
from kernel.ids import new_id

from staff.errors import AccountStays
from staff.permissions import ACCOUNTANT, CASHIER, MANAGER, OWNER

CUSTOM = "custom-"  # begins the code of a role that a shop made
BUILT_IN_CODES = [OWNER, MANAGER, CASHIER, ACCOUNTANT]
ROLE_KNOWN = models.Q(role__in=BUILT_IN_CODES) | models.Q(role__startswith=CUSTOM)


class UserQuerySet(models.QuerySet["User"]):
    """Users, of whom none is deleted."""

    def delete(self) -> NoReturn:
        """Raise AccountStays."""
        raise AccountStays


class UserManager(BaseUserManager["User"]):
    """The interface that Django's own commands and allauth expect."""

    def get_queryset(self) -> UserQuerySet:
        """Users, of whom none is deleted."""
        return UserQuerySet(self.model, using=self._db)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a user with a hashed password; None makes it unusable."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an operator (in public) with every permission."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in with an e-mail address (kept in lower case) and a password."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    email_is_proven = models.BooleanField(default=True, db_default=True)  # see staff.email_proof
    name = models.CharField(_("name"), max_length=100, blank=True)
    role = models.CharField(_("role"), max_length=20, default=OWNER)  # a built-in role, or the code of a Role
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(db_default=Now())

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower_case"),
            models.CheckConstraint(condition=ROLE_KNOWN, name="user_role_of_known_kind"),
        ]

    def __str__(self) -> str:
        return self.email

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise AccountStays. (Django would look for operators' log entries, which only public has.)"""
        raise AccountStays


class Role(models.Model):
    """A role that the shop made; or, with the code of a built-in one, only what the shop demands of that one."""

    code = models.CharField(primary_key=True, max_length=20)
    name = models.CharField(max_length=50, blank=True)
    permissions = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    second_factor_required = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(models.Q(code__startswith=CUSTOM) & ~models.Q(name=""))
                | models.Q(code__in=BUILT_IN_CODES, name="", permissions=[]),
                name="role_is_custom_or_empty",
            ),
            models.UniqueConstraint(
                Lower("name"), condition=models.Q(code__startswith=CUSTOM), name="role_name_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.code


class SignInLink(models.Model):
    """A link that opens one session on the shop's own host; the secret itself is never stored.

    The browser that opened the shop is kept like a link that was used: `staff.selectors.find_just_opened_shop`.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    secret_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    # Who of the platform enters by it, and why; both empty for the user's own.
    operator = models.CharField(max_length=254, default="", db_default="")
    reason = models.TextField(default="", db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(operator="") | ~models.Q(reason=""), name="sign_in_link_operator_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"sign-in link of {self.user_id}"


class ApiKey(models.Model):
    """A storefront's credential: `pk_…` may stand in a page and is bound to origins, `sk_…` stays on a server."""

    class Kind(models.TextChoices):
        """Where the key may be kept."""

        PUBLIC = "public", _("Public key")
        SECRET = "secret", _("Secret key")

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind)
    prefix = models.CharField(max_length=12)
    public_key = models.CharField(max_length=64, blank=True)
    key_hash = models.CharField(max_length=64, unique=True)
    origins = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=["public", "secret"]), name="api_key_kind_known"),
            models.CheckConstraint(
                condition=models.Q(kind="public") | models.Q(public_key=""), name="api_key_secret_is_not_stored"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class Invitation(models.Model):
    """Somebody who was asked by e-mail to join the shop's staff; the secret of the link is stored hashed."""

    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=20)
    secret_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.CharField(max_length=254)
    # Whose right to hand the role out it rests on; unknown where it was sent before this was kept.
    inviter = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="invitation_email_lower_case"),
            models.CheckConstraint(condition=ROLE_KNOWN, name="invitation_role_of_known_kind"),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None) | models.Q(revoked_at=None), name="invitation_has_one_end"
            ),
            models.UniqueConstraint(
                fields=["email"], condition=models.Q(accepted_at=None, revoked_at=None), name="invitation_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"invitation of {self.email}"


class AuditEntry(models.Model):
    """One line of the audit log; written by triggers and `staff.audit.record_event`, changed by nobody.

    For a change of a row `subject` is the table, `row_key` its primary key, `before` and `after` the columns that
    differ (all of them where a row was added or removed).
    """

    at = models.DateTimeField(db_default=Now())
    event = models.CharField(max_length=20)
    subject = models.CharField(max_length=63, blank=True, default="", db_default="")
    row_key = models.CharField(max_length=64, blank=True, default="", db_default="")
    label = models.CharField(max_length=200, blank=True, default="", db_default="")
    actor = models.CharField(max_length=300)
    actor_name = models.CharField(max_length=254, blank=True, default="", db_default="")
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=200, blank=True, default="", db_default="")
    path = models.CharField(max_length=300, blank=True, default="", db_default="")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["actor", "-id"], name="audit_by_actor")]

    def __str__(self) -> str:
        return f"{self.event} {self.subject} {self.row_key}"
