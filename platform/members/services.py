"""Writes of members: who they are, the tokens that speak for them, and the counters of their orders."""

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _
from kernel.ids import hash_secret, new_id, new_secret

from members.errors import MemberNotFound
from members.models import Member, MemberToken
from members.phones import normalize_phone
from members.room import tell_owners
from members.types import TOKEN_LIFETIME
from tenants.entitlements import check_allowance

__all__ = [
    "TOKEN_LIFETIME",
    "get_or_create_member",
    "issue_token",
    "lock_member",
    "normalize_phone",
    "record_order",
    "renew_token",
    "revoke_token",
]


def get_or_create_member(*, phone_e164: str, now: datetime) -> tuple[UUID, bool]:
    """Return `(id, is_new)` of the member with this number, made if absent, locked until the transaction ends.

    One statement, for a new member in a shop with a limit two. Two callers at once get the same member: the second
    waits for the first, and being an update of a column that no key holds, the wait does not stop orders that refer to
    the member. Raises `tenants.errors.PlanLimitReached` for a new member too many; who is one stays one. The owners
    are told when the room for members gets short: see `members.room`.
    """
    wanted = new_id()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO members_member AS held (id, phone, joined_at) VALUES (%s, %s, %s)
            ON CONFLICT (phone) DO UPDATE SET name = held.name
            RETURNING id
            """,
            [wanted, phone_e164, now],
        )
        found: UUID = cursor.fetchone()[0]
    is_new = found == wanted
    if is_new:
        used = check_allowance(resource="members")
        if used is not None:
            tell_owners(used=used, now=now)
    return found, is_new


def lock_member(*, member_id: UUID) -> None:
    """Hold the member's row until the transaction ends, so that what a member may have once is counted once.

    Raises `MemberNotFound`.
    """
    rows = Member.objects.select_for_update(no_key=True).filter(pk=member_id).values_list("pk")
    if not rows:
        raise _not_found()


def issue_token(*, member_id: UUID, is_verified: bool, now: datetime) -> tuple[int, str]:
    """Return `(token id, secret)` of a new bearer token of 90 days. Only the secret's hash is stored. One statement."""
    secret = new_secret()
    token = MemberToken.objects.create(
        member_id=member_id,
        token_hash=hash_secret(secret),
        is_verified=is_verified,
        created_at=now,
        expires_at=now + TOKEN_LIFETIME,
    )
    return token.pk, secret


def renew_token(*, token_id: int, now: datetime) -> None:
    """Let a token that is used, and has less than half of its life left, live for 90 days from now."""
    ageing = MemberToken.objects.filter(
        pk=token_id, revoked_at=None, expires_at__gt=now, expires_at__lt=now + TOKEN_LIFETIME / 2
    )
    ageing.update(expires_at=now + TOKEN_LIFETIME)


def revoke_token(*, token_id: int, now: datetime) -> None:
    """Make a token worthless from now on; doing it again changes nothing."""
    MemberToken.objects.filter(pk=token_id, revoked_at=None).update(revoked_at=now)


def record_order(*, member_id: UUID, total_minor: int) -> None:
    """Count one order of `total_minor` (minor units, as paid) for its member, in the order's own transaction.

    Raises `MemberNotFound`.
    """
    counted = Member.objects.filter(pk=member_id).update(
        orders=F("orders") + 1, spent_minor=F("spent_minor") + total_minor
    )
    if not counted:
        raise _not_found()


def _not_found() -> MemberNotFound:
    return MemberNotFound(_("This member is not known here."), field=["member"])
