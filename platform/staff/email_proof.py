"""That an address is its owner's: who signs in with it opens a link that was sent there. Inside a tenant transaction.

Whoever opens a shop types an address that nobody has proven: with a slip of the finger it is a stranger's. That one
gets the shop's mails, but no way in: no link to a new password goes there, and the link of the proof asks for a
session. Accounts that came by an invitation, by an operator or before there was this proof count as proven.
"""

from datetime import timedelta
from uuid import UUID

from django.core import signing

from staff.errors import LinkUnusable
from staff.models import User
from tenants.transaction import current_shop

LIFETIME = timedelta(days=7)


def make_email_proof(*, user_id: UUID, email: str) -> str:
    """Return the signed text of a link that proves somebody's address, within a week."""
    return signing.dumps({"user": str(user_id), "email": email.lower()}, salt=_salt())


def check_email_proof(*, proof: str, user: User) -> None:
    """Raise `LinkUnusable` where a link is too old, somebody else's, or of another address than the present one."""
    try:
        found = signing.loads(proof, salt=_salt(), max_age=LIFETIME)
    except signing.BadSignature:
        raise LinkUnusable from None
    if found != {"user": str(user.pk), "email": user.email}:
        raise LinkUnusable


def prove_email(*, proof: str, user: User) -> None:
    """Note the address of who is signed in as proven; once more changes nothing. Raises `LinkUnusable`."""
    check_email_proof(proof=proof, user=user)
    if not User.objects.filter(pk=user.pk, email=user.email).update(email_is_proven=True):
        raise LinkUnusable  # it has changed meanwhile


def _salt() -> str:
    return f"staff.email_proof.{current_shop().schema_name}"
