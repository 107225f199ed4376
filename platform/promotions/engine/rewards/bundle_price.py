"""`bundle_price`: a set of items together for a price."""

from dataclasses import dataclass
from typing import NamedTuple, Self

from promotions.engine.cart import Cart, Units
from promotions.engine.faults import Reader
from promotions.engine.rewards.base import NOTHING, Proposal, Reward, Turn, narrowest, reachable, sum_of_units
from promotions.engine.rewards.groups import Offs, Part, dearest_first, groups
from promotions.engine.scope import Scope, Scopes


class Item(NamedTuple):
    scope: Scope
    quantity: int


@dataclass(frozen=True, slots=True)
class BundlePrice(Reward):
    items: tuple[Item, ...]
    price: int
    max_times: int | None

    type = "bundle_price"
    keys = frozenset({"items", "price", "max_times"})

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        items = []
        for path, entry in reader.items("items", required=True):
            item = Reader(entry, path, reader.faults, ("scope", "quantity"))
            items.append(Item(scopes.parse(item), item.integer("quantity", 1, required=True)))
        return cls(tuple(items), reader.integer("price", 0, required=True), reader.optional_integer("max_times", 1))

    @property
    def looks(self) -> int:
        return 1 + len(self.items) // 2

    def scopes(self) -> tuple[Scope, ...]:
        return (narrowest([item.scope for item in self.items]),)

    def mask(self, cart: Cart) -> int:
        found = 0
        for item in self.items:
            of_item = cart.mask(item.scope)
            if not of_item:
                return 0
            found |= of_item
        return found

    def propose(self, turn: Turn) -> Proposal:
        if not self.mask(turn.cart) & turn.state.open:
            return NOTHING
        fitting = [set(turn.units(item.scope)) for item in self.items]
        runs = dearest_first(list(set().union(*fitting)))
        offs, times = Offs(), 0
        for group in groups(runs, self._parts(runs, fitting), turn.held(self.max_times)):
            units = group.units(runs)
            saving = sum_of_units(units) - self.price
            if saving <= 0:
                break
            offs.add_shared(saving, units, group.alike)
            times += group.alike
        return Proposal(offs.listed(), times) if times else NOTHING

    def bound(self, turn: Turn) -> int:
        # Items whose scopes overlap may leave each other dearer units after other promotions than now. So every item
        # is taken to have its scope for itself.
        runs: list[Units] = []
        parts: list[Part] = []
        for item in self.items:
            own = dearest_first(reachable(turn, item.scope))
            parts.append(Part(range(len(runs), len(runs) + len(own)), item.quantity))
            runs += own
        most = 0
        for group in groups(runs, parts, turn.held(self.max_times)):
            saving = sum([runs[place][1] * count for picks in group.picks for place, count in picks]) - self.price
            if saving <= 0:
                break
            most += saving * group.alike
        return most

    def has_units(self, turn: Turn) -> bool:
        fitting = [set(turn.units(item.scope)) for item in self.items]
        runs = dearest_first(list(set().union(*fitting)))
        return any(groups(runs, self._parts(runs, fitting), 1))

    def _parts(self, runs: list[Units], fitting: list[set[Units]]) -> list[Part]:
        return [
            Part([place for place, run in enumerate(runs) if run in own], item.quantity)
            for item, own in zip(self.items, fitting, strict=True)
        ]
