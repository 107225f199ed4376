"""What members hand to their callers."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

TOKEN_LIFETIME = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A valid bearer token. Unverified ones open only what was done with them.

    One that is `ageing` has less than half of its life left: `members.services.renew_token`.
    """

    id: int
    member_id: UUID
    is_verified: bool
    is_ageing: bool = False


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member as shown to themselves or to staff; `phone` is masked, None where the shop has no number."""

    id: UUID
    phone: str | None
    name: str
    tier: str
