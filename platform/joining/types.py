"""What joining hands to its callers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from coupons.types import ClaimedCoupon

LinkState = Literal["open", "not_yet", "over", "closed"]
# Why a join gave no coupon: the link carries none, none is left, or the batch takes no claims now.
MissingReason = Literal["NONE_OFFERED", "SOLD_OUT", "CLAIM_CLOSED"]


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A join link as seen at a moment; `batch_id` and `coupon_name` are those of the coupon that it carries."""

    id: UUID
    code: str
    name: str
    channel: str
    state: LinkState
    opens_at: datetime | None
    closes_at: datetime | None
    created_at: datetime
    batch_id: UUID | None
    coupon_name: str | None

    @property
    def is_open(self) -> bool:
        """Whether people can join by it now."""
        return self.state == "open"


@dataclass(frozen=True, slots=True)
class LinkCounts:
    """A join link with what came of it: joins, those that made a member, those that came with a coupon."""

    id: UUID
    code: str
    name: str
    channel: str
    state: LinkState
    coupon_name: str | None
    joins: int
    new_members: int
    coupons: int
    created_at: datetime
    on_front_page: bool


@dataclass(frozen=True, slots=True)
class JoinRow:
    """One join; the phone number is masked."""

    id: int
    phone: str | None
    is_new_member: bool
    coupon_code: str | None
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class JoinResult:
    """What one join gave. `token_secret` goes to the caller's device and is stored nowhere in clear."""

    member_id: UUID
    is_new_member: bool
    token_id: int
    token_secret: str
    coupon: ClaimedCoupon | None
    coupon_missing_reason: MissingReason | None
    link: LinkRow
