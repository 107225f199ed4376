"""What members hand to their callers."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A valid bearer token. Unverified ones open only what was done with them."""

    id: int
    member_id: UUID
    is_verified: bool


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member as shown to themselves or to staff; `phone` is masked, None where the shop has no number."""

    id: UUID
    phone: str | None
    name: str
    tier: str
