"""What coupons take from and hand to their callers. Money is in minor units of the shop's currency."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

# Of a coupon as seen at a moment: one that is past its date counts as expired before the task has marked it.
CouponState = Literal["issued", "locked", "redeemed", "expired", "void"]


@dataclass(frozen=True, slots=True)
class BatchInput:
    """A batch as a merchant defines it.

    `kind` "amount" needs `amount_minor`, "percent" needs `percent_bp` (1500 is 15 % off, 8.5折). Either `valid_until`
    (an instant) or `valid_days` (from the claim) is given. Claims are taken in `[claim_from, claim_until)`.
    """

    name: str
    kind: Literal["amount", "percent"]
    total: int
    amount_minor: int | None = None
    percent_bp: int | None = None
    minimum_spend_minor: int = 0
    per_member_limit: int = 1
    claim_from: datetime | None = None
    claim_until: datetime | None = None
    valid_until: datetime | None = None
    valid_days: int | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What a coupon gives, for headlines. `kind` "other" is a rule that only its name describes."""

    name: str
    kind: Literal["amount", "percent", "other"]
    amount_minor: int
    percent_bp: int
    minimum_spend_minor: int


# What a claim would meet.
BatchState = Literal["open", "paused", "not_yet", "over", "sold_out"]


@dataclass(frozen=True, slots=True)
class BatchOffer:
    """What a batch offers to someone who has not claimed yet."""

    id: UUID
    offer: Offer
    state: BatchState
    valid_until: datetime | None
    valid_days: int | None


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch with its counts."""

    id: UUID
    name: str
    offer: Offer
    state: BatchState
    total: int
    claimed: int
    redeemed: int
    per_member_limit: int
    claim_from: datetime | None
    claim_until: datetime | None
    valid_until: datetime | None
    valid_days: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimedCoupon:
    """The coupon that a claim gave; `already_held` tells that the member had it before."""

    id: UUID
    code: str
    name: str
    status: CouponState
    valid_until: datetime
    already_held: bool


@dataclass(frozen=True, slots=True)
class CouponRow:
    """A member's coupon."""

    id: UUID
    batch_id: UUID
    code: str
    offer: Offer
    status: CouponState
    issued_at: datetime
    valid_until: datetime

    @property
    def name(self) -> str:
        """The batch's name."""
        return self.offer.name


@dataclass(frozen=True, slots=True)
class BatchCouponRow:
    """A coupon of a batch as staff see it; the member's phone is masked."""

    id: UUID
    code: str
    status: CouponState
    member_phone: str | None
    issued_at: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class UsableCoupon:
    """A coupon that the caller may use in a cart; its batch's id is the code that the promotion engine knows."""

    id: UUID
    code: str
    batch_id: UUID


@dataclass(frozen=True, slots=True)
class CouponCheck:
    """What of a cart's codes can be used. `refused` gives the engine's reason for each other code, as it was typed.

    NO_COUPON: unknown, or not this caller's. SCHEDULE: past its date. LIMIT: used, held by another checkout, withdrawn.
    """

    usable: list[UsableCoupon]
    refused: dict[str, Literal["NO_COUPON", "SCHEDULE", "LIMIT"]]
