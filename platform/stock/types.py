"""What stock hands to its callers. Costs are in minor units of the shop's currency for one unit."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OpeningStock:
    """The first stock of a variant."""

    variant_id: UUID
    quantity: int
    unit_cost_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """A variant's stock over all locations; `available` is what can be sold."""

    on_hand: int
    reserved: int
    available: int
    unit_cost_minor: int | None


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """A variant's stock at one location."""

    variant_id: UUID
    location: str
    on_hand: int
    reserved: int
    available: int
    unit_cost_minor: int | None


NO_STOCK = Level(on_hand=0, reserved=0, available=0, unit_cost_minor=None)
