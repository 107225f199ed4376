"""What promotions' selectors return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from promotions.engine import Badge, Ruleset


@dataclass(frozen=True, slots=True)
class LiveRules:
    """The compiled live promotions of a shop.

    By promotion id, `names` is what customers read and `codes` the codes that open it (none where it is automatic).
    `needs_costs` tells that some margin floor looks at what goods cost, `is_timeless` that none has a schedule.
    """

    version: int
    ruleset: Ruleset
    names: Mapping[str, str]
    codes: Mapping[str, Sequence[str]]
    needs_costs: bool
    is_timeless: bool
    # What `list_badges` found before: it lives and dies with this version of the rules.
    known_badges: dict[tuple[object, ...], tuple[Badge, ...]] = field(default_factory=dict, compare=False)


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
