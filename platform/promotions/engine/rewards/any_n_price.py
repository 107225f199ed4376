"""`any_n_price`: any N units of the scope for a price, the dearest first (N件M元)."""

from dataclasses import dataclass
from typing import Self

from promotions.engine.cart import Cart, Units
from promotions.engine.faults import Reader
from promotions.engine.rewards.base import NOTHING, Proposal, Reward, Turn, reachable, sum_of_units
from promotions.engine.rewards.groups import Offs, Part, dearest_first, groups
from promotions.engine.scope import Scope, Scopes


@dataclass(frozen=True, slots=True)
class AnyNPrice(Reward):
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
            reader.integer("quantity", 1, required=True, default=1),
            reader.integer("price", 0, required=True),
            reader.optional_integer("max_times", 1),
        )

    @property
    def looks(self) -> int:
        return 2

    def scopes(self) -> tuple[Scope, ...]:
        return (self.scope,)

    def mask(self, cart: Cart) -> int:
        return cart.mask(self.scope)

    def propose(self, turn: Turn) -> Proposal:
        return self._proposal(turn, turn.units(self.scope))

    def bound(self, turn: Turn) -> int:
        # The k-th group of fewer or lowered units is never dearer than the k-th group of all.
        return self._proposal(turn, reachable(turn, self.scope)).total()

    def has_units(self, turn: Turn) -> bool:
        return sum([count for _, _, count in turn.units(self.scope)]) >= self.quantity

    def _proposal(self, turn: Turn, units: list[Units]) -> Proposal:
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
