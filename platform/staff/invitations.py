"""Asking people to join the staff, by a link in an e-mail that works once within a week. Inside a tenant transaction.

The mail itself is queued by the interface, which knows the address of its page.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from kernel.errors import InvalidInput, NotFound
from kernel.ids import hash_secret, new_secret

from staff.errors import AlreadyStaff, InvitationUnusable
from staff.models import Invitation, User
from staff.people import get_role_names
from staff.roles import check_may_hand_out, may_invite
from staff.selectors import get_access
from staff.services import EMAIL_LENGTH, PASSWORD_LENGTH
from staff.types import Access, InvitationRow, IssuedInvitation
from tenants.entitlements import check_allowance, check_limit, get_entitlements
from tenants.errors import EmailInvalid, PasswordWeak, ShopClosed
from tenants.models import Shop
from tenants.transaction import current_shop

LIFETIME = timedelta(days=7)
NAME_LENGTH = 100


def list_invitations(*, now: datetime) -> list[InvitationRow]:
    """Those that wait for an answer, the newest first; expired ones can be sent again. Two statements."""
    names = get_role_names()
    return [
        InvitationRow(
            id=each.pk,
            email=each.email,
            role=each.role,
            role_name=names.get(each.role, ""),
            invited_by=each.invited_by,
            expires_at=each.expires_at,
            is_expired=each.expires_at <= now,
        )
        for each in Invitation.objects.filter(accepted_at=None, revoked_at=None).order_by("-pk")
    ]


def create_invitation(
    *, email: str, role: str, access: Access, inviter: UUID, invited_by: str, now: datetime
) -> IssuedInvitation:
    """Invite somebody with a role; `access`, `inviter` and `invited_by` (a name to be read) are of who does it.

    Raises `EmailInvalid`, `AlreadyStaff`, `InvalidInput` and `BeyondOwnRole` for the role, and
    `tenants.errors.PlanLimitReached` where accounts and open invitations together are as many as the plan allows.
    """
    email = email.strip().lower()
    _check_email(email, now)
    check_may_hand_out(code=role, access=access)
    secret = new_secret()
    try:
        with transaction.atomic():
            invitation = Invitation.objects.create(
                email=email,
                role=role,
                secret_hash=hash_secret(secret),
                inviter_id=inviter,
                invited_by=invited_by,
                created_at=now,
                expires_at=now + LIFETIME,
            )
    except IntegrityError as error:  # two invitations at the same moment
        raise _invited_already() from error
    _check_room(now)
    return IssuedInvitation(invitation.pk, email, secret)


def renew_invitation(
    *, invitation_id: int, access: Access, inviter: UUID, invited_by: str, now: datetime
) -> IssuedInvitation:
    """Make another link, good for a week from now; the former one stops working. From here on whoever does it invites.

    Raises `NotFound`, `BeyondOwnRole`, `tenants.errors.PlanLimitReached`.
    """
    invitation = _lock_open(invitation_id)
    check_may_hand_out(code=invitation.role, access=access)
    secret = new_secret()
    invitation.secret_hash, invitation.expires_at = hash_secret(secret), now + LIFETIME
    invitation.inviter_id, invitation.invited_by = inviter, invited_by
    invitation.save(update_fields=["secret_hash", "expires_at", "inviter", "invited_by"])
    _check_room(now)
    return IssuedInvitation(invitation.pk, invitation.email, secret)


def revoke_invitation(*, invitation_id: int, now: datetime) -> None:
    """Take an invitation back: its link stops working. Raises `NotFound` where it is not open."""
    invitation = _lock_open(invitation_id)
    invitation.revoked_at = now
    invitation.save(update_fields=["revoked_at"])


def find_invited_email(*, secret: str, now: datetime) -> str:
    """Whom a link invites. It is worth no more than whoever sent it may do now.

    Three statements. Raises `InvitationUnusable`, `tenants.errors.ShopClosed` while the shop is not open: it gets no
    more people then.
    """
    found = (
        Invitation.objects.select_related("inviter")
        .filter(secret_hash=hash_secret(secret), accepted_at=None, revoked_at=None, expires_at__gt=now)
        .first()
    )
    if found is None:
        raise InvitationUnusable
    if (user := found.inviter) and not (user.is_active and may_invite(access=get_access(user=user), code=found.role)):
        raise InvitationUnusable
    if current_shop().access != Shop.Access.OPEN:
        raise ShopClosed(
            _("The shop is closed. Open this link again once the shop is open again, or ask for another one.")
        )
    return found.email


def accept_invitation(*, secret: str, name: str, password: str, language: str, now: datetime) -> UUID:
    """Make the account that an invitation is for and return its id. Of several calls a single one succeeds.

    Raises `InvitationUnusable`, `AlreadyStaff`, `InvalidInput` for `name`, `PasswordWeak`,
    `tenants.errors.PlanLimitReached`, `tenants.errors.ShopClosed`.
    """
    email = find_invited_email(secret=secret, now=now)
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_LENGTH:
        raise InvalidInput(_("Give your name in 1 to %(limit)d characters.") % {"limit": NAME_LENGTH}, field=["name"])
    _check_password(password, User(email=email, name=name))
    wanted = Invitation.objects.filter(secret_hash=hash_secret(secret), accepted_at=None, revoked_at=None)
    if not wanted.filter(expires_at__gt=now).update(accepted_at=now):
        raise InvitationUnusable
    role = Invitation.objects.values_list("role", flat=True).get(secret_hash=hash_secret(secret))
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, name=name, role=role, language=language, date_joined=now)
    except IntegrityError as error:
        raise AlreadyStaff(
            _("There is an account of this e-mail address already. Sign in with it."), field=["email"]
        ) from error
    check_allowance(resource="staff")
    return user.pk


def _check_email(email: str, now: datetime) -> None:
    try:
        validate_email(email)
        if len(email) > EMAIL_LENGTH:
            raise ValidationError("")
    except ValidationError:
        raise EmailInvalid(_("Give a complete e-mail address, like name@example.com."), field=["email"]) from None
    is_active = User.objects.filter(email=email).values_list("is_active", flat=True).first()
    if is_active:
        raise AlreadyStaff(_("This address has an account of the shop already."), field=["email"])
    if is_active is False:
        raise AlreadyStaff(
            _("This address has a closed account of the shop. Open it again in the list below."), field=["email"]
        )
    waiting = Invitation.objects.filter(email=email, accepted_at=None, revoked_at=None)
    waiting.filter(expires_at__lte=now).update(revoked_at=now)
    if waiting.exists():
        raise _invited_already()


def count_invited(*, now: datetime) -> int:
    """Return how many invitations can be accepted: a plan's limit counts them beside the accounts. One statement."""
    return Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=now).count()


def _check_room(now: datetime) -> None:
    """Accounts and invitations that still count, together; accepting checks the accounts once more, exactly."""
    shop = current_shop()
    if get_entitlements(shop).find_limit("staff") is None:
        return
    accounts, invited = User.objects.filter(is_active=True).count(), count_invited(now=now)
    others = invited - 1  # the one that is checked is among them
    text = ngettext(
        "%(others)d open invitation counts too: it can be taken back.",
        "%(others)d open invitations count too: they can be taken back.",
        others,
    )
    check_limit(shop, "staff", used=accounts + invited, remark=text % {"others": others} if others else "")


def _check_password(password: str, user: User) -> None:
    if len(password) > PASSWORD_LENGTH:
        raise PasswordWeak(
            _("The password may have at most %(limit)d characters.") % {"limit": PASSWORD_LENGTH}, field=["password"]
        )
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PasswordWeak(" ".join(error.messages), field=["password"]) from error


def _lock_open(invitation_id: int) -> Invitation:
    found = Invitation.objects.select_for_update().filter(pk=invitation_id, accepted_at=None, revoked_at=None).first()
    if found is None:
        raise NotFound(_("This invitation was answered or taken back already."))
    return found


def _invited_already() -> AlreadyStaff:
    return AlreadyStaff(_("This address is invited already. Send the invitation again below."), field=["email"])
