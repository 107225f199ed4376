"""`any_n_price`: any N units of the scope for a price, the dearest first (N件M元)."""

from dataclasses import dataclass
from typing import Self

from promotions.engine.cart import Units
from promotions.engine.faults import Reader
from promotions.engine.rewards.base import NOTHING, Proposal, SelfBounded, Turn, sum_of_units
from promotions.engine.rewards.groups import Offs, Part, dearest_first, groups
from promotions.engine.scope import Scope, Scopes


@dataclass(frozen=True, slots=True)
class AnyNPrice(SelfBounded):
    scope: Scope
    quantity: int
    price: int
    max_times: int | None

    type = "any_n_price"
    keys = frozenset({"scope", "quantity", "price", "max_times"})

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        return cls(
            scopes.parse(reader),
            reader.integer("quantity", 1, required=True),
            reader.integer("price", 0, required=True),
            reader.optional_integer("max_times", 1),
        )

    @property
    def looks(self) -> int:
        return 2

    def has_units(self, turn: Turn) -> bool:
        return sum([count for _, _, count in turn.units(self.scope)]) >= self.quantity

    def from_units(self, turn: Turn, units: list[Units]) -> Proposal:
        # It bounds itself: the k-th group of fewer or lowered units is never dearer than the k-th group of all.
        runs = dearest_first(units)
        offs, times = Offs(), 0
        for group in groups(runs, [Part(range(len(runs)), self.quantity)], turn.held(self.max_times)):
            of_group = group.units(runs)
            saving = sum_of_units(of_group) - self.price
            if saving <= 0:
                break
            offs.add_shared(saving, of_group, group.alike)
            times += group.alike
        return Proposal(offs.listed(), times) if times else NOTHING
