"""A new e-mail address to sign in with: it counts once a link sent to it is opened. Inside a tenant transaction."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from staff.errors import AlreadyStaff, LinkUnusable
from staff.models import User
from staff.services import EMAIL_LENGTH
from tenants.errors import EmailInvalid
from tenants.transaction import current_shop

LIFETIME = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class EmailChange:
    """What a link changes."""

    user_id: UUID
    old: str
    new: str


def make_email_change(*, user_id: UUID, email: str) -> str:
    """Return the signed text of a link that gives somebody another address, within a day and once.

    Another password ends it: whoever asked for it with the former one has no say any more.

    Raises `EmailInvalid`, `AlreadyStaff`.
    """
    email = email.strip().lower()
    try:
        validate_email(email)
        if len(email) > EMAIL_LENGTH:
            raise ValidationError("")
    except ValidationError:
        raise EmailInvalid(_("Give a complete e-mail address, like name@example.com."), field=["email"]) from None
    if User.objects.filter(email=email).exists():
        raise _taken()
    user = User.objects.get(pk=user_id)
    return signing.dumps(
        {"user": str(user_id), "old": user.email, "new": email, "proof": user.get_session_auth_hash()}, salt=_salt()
    )


def read_email_change(*, token: str) -> EmailChange:
    """What a link would change; used ones change nothing any more. One statement. Raises `LinkUnusable`."""
    try:
        found = signing.loads(token, salt=_salt(), max_age=LIFETIME)
    except signing.BadSignature:
        raise LinkUnusable from None
    change = EmailChange(UUID(found["user"]), found["old"], found["new"])
    user = User.objects.filter(pk=change.user_id, email=change.old, is_active=True).first()
    if user is None or not constant_time_compare(user.get_session_auth_hash(), found.get("proof", "")):
        raise LinkUnusable
    return change


def confirm_email_change(*, token: str, by: UUID | None) -> EmailChange:
    """Change the address. Raises `LinkUnusable`, `AlreadyStaff` where somebody took the address meanwhile.

    `by` is who is signed in. Only the person's own session proves the new address (`staff.email_proof`): with a slip of
    the finger the link went to a stranger.
    """
    change = read_email_change(token=token)
    wanted = User.objects.filter(pk=change.user_id, email=change.old, is_active=True)
    try:
        with transaction.atomic():
            changed = wanted.update(email=change.new, email_is_proven=by == change.user_id)
    except IntegrityError as error:
        raise _taken() from error
    if not changed:
        raise LinkUnusable
    EmailAddress.objects.filter(user_id=change.user_id).delete()  # the old one must open no door
    return change


def _salt() -> str:
    return f"staff.email_change.{current_shop().schema_name}"


def _taken() -> AlreadyStaff:
    return AlreadyStaff(_("This address has an account of the shop already."), field=["email"])
