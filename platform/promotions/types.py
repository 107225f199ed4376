"""What promotions' selectors return and its services take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from promotions.engine import Badge, Ruleset
from promotions.limits import UNLIMITED, UseLimits

# Scheduled is live before its schedule begins; the schedule's end ends it without a new version.
type Stage = Literal["draft", "scheduled", "live", "ended"]


@dataclass(frozen=True, slots=True)
class LiveRules:
    """The promotions of one version of a shop's rules, compiled, and what is left of those with limits.

    By promotion id, `names` is what customers read, `codes` the codes that open it (none where it is automatic) and
    `limits` what counters keep (only where there is such a limit). `needs_costs` tells that some margin floor looks at
    what goods cost, `is_timeless` that none has a schedule. `usage` is the facts' entry of that name for the member and
    day that were asked for; `used_up` names the promotions of which nothing is left for anybody.
    """

    version: int
    ruleset: Ruleset
    names: Mapping[str, str]
    codes: Mapping[str, Sequence[str]]
    limits: Mapping[str, UseLimits]
    needs_costs: bool
    is_timeless: bool
    usage: Mapping[str, Mapping[str, int]] = field(default_factory=dict, compare=False)
    used_up: frozenset[str] = frozenset()
    # What `list_badges` found before: it lives and dies with this version of the rules.
    known_badges: dict[tuple[object, ...], tuple[Badge, ...]] = field(default_factory=dict, compare=False)

    def limits_of(self, promotion: str) -> UseLimits:
        """The limits that counters keep for a promotion, by its id in the quote."""
        return self.limits.get(promotion, UNLIMITED)


@dataclass(frozen=True, slots=True)
class BadgeLine:
    """A variant as badges look at it; `unit_cost_minor` matters only where `LiveRules.needs_costs`."""

    sku: str
    product: str
    categories: tuple[str, ...]
    brand: str | None
    tags: tuple[str, ...]
    unit_price_minor: int
    unit_cost_minor: int | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a promotion: what it says, from when to when it was live, made by whom. `status` is as stored."""

    number: int
    status: str
    stage: Stage
    document: Mapping[str, Any]
    actor: str
    created_at: datetime
    live_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class DayUse:
    """In how many orders a promotion was given on a local day, and how much it took off (minor units)."""

    day: str
    orders: int
    discount_minor: int


@dataclass(frozen=True, slots=True)
class GivenDiscount:
    """A promotion that an order uses, what it takes off there in minor units (0 for gifts and effects alone), and the
    limits of the rules that the order was priced with."""

    promotion_id: UUID
    discount_minor: int
    limits: UseLimits
