"""Reads of members. Every one is a single statement."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from kernel.ids import hash_secret

from members.models import Member
from members.phones import mask_phone
from members.types import TOKEN_LIFETIME, MemberRow, TokenRow

__all__ = ["get_member", "get_member_facts", "get_token", "mask_phone"]


def get_token(*, secret: str, now: datetime) -> TokenRow | None:
    """Return the token behind a secret, or None if it is unknown, expired or revoked."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, member_id, is_verified, expires_at < %s FROM members_membertoken
             WHERE token_hash = %s AND expires_at > %s AND revoked_at IS NULL
            """,
            [now + TOKEN_LIFETIME / 2, hash_secret(secret), now],
        )
        row = cursor.fetchone()
    return TokenRow(*row) if row else None


def get_member(*, member_id: UUID) -> MemberRow | None:
    """Return a member with a masked phone number, or None."""
    row = Member.objects.filter(pk=member_id).values_list("id", "phone", "name", "tier").first()
    if row is None:
        return None
    return MemberRow(id=row[0], phone=mask_phone(row[1]) if row[1] else None, name=row[2], tier=row[3])


_FACTS = "SELECT tier, tags, joined_at, birthday, orders, spent_minor FROM members_member WHERE id = %s"
_FACTS_AND_LOCK = f"{_FACTS} FOR NO KEY UPDATE"


def get_member_facts(*, member_id: UUID, time_zone: str = "UTC", lock: bool = False) -> dict[str, Any] | None:
    """Return `facts.member` of the promotion engine, or None for an unknown member.

    `time_zone` is the shop's: the day of joining is a date on its calendar. Segments are added by who has them. With
    `lock` the member's row is held until the transaction ends, as by `members.services.lock_member`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FACTS_AND_LOCK if lock else _FACTS, [member_id])
        row = cursor.fetchone()
    if row is None:
        return None
    tier, tags, joined_at, birthday, orders, spent = row
    return {
        "id": str(member_id),
        "tier": tier or None,
        "tags": tags,
        "segments": [],
        "joined_on": joined_at.astimezone(ZoneInfo(time_zone)).date().isoformat(),
        "birthday": birthday or None,
        "orders": orders,
        "spent": spent,
    }
