"""Members, batches and links for tests; to be called inside a tenant transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from coupons.services import create_batch
from coupons.types import BatchInput
from joining.services import create_join_link
from members.services import get_or_create_member

PHONE = "+8613800138000"


def make_member(now: datetime, phone: str = PHONE) -> UUID:
    """A member with this number."""
    return get_or_create_member(phone_e164=phone, now=now)[0]


def make_batch(now: datetime, **changes: Any) -> UUID:
    """8.00 off from 40.00, one a member, 100 of them, valid for 30 days, unless said otherwise."""
    fields: dict[str, Any] = {
        "name": "新人券",
        "kind": "amount",
        "amount_minor": 800,
        "minimum_spend_minor": 4000,
        "total": 100,
    }
    if "valid_until" not in changes:
        fields["valid_days"] = 30
    return create_batch(data=BatchInput(**{**fields, **changes}), now=now)


def make_link(now: datetime, batch_id: UUID | None, *, code: str | None = "welcome", **changes: Any) -> UUID:
    """An open link with this code."""
    fields: dict[str, Any] = {"name": "Counter", "channel": "counter", "opens_at": None, "closes_at": None}
    return create_join_link(code=code, batch_id=batch_id, now=now, **{**fields, **changes})
