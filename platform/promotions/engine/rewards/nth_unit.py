"""`nth_unit`: of every full group of n units, dearest first, the cheapest at a discount (第二件半价)."""

from dataclasses import dataclass
from typing import Self

from kernel.money import percent_of

from promotions.engine.cart import Cart, Units
from promotions.engine.faults import Reader
from promotions.engine.rewards.base import NOTHING, Proposal, Reward, Turn, partition, reachable
from promotions.engine.rewards.groups import Group, Offs, Part, dearest_first, groups
from promotions.engine.scope import Scope, Scopes

GROUPINGS = ("scope", "sku", "product")


@dataclass(frozen=True, slots=True)
class NthUnit(Reward):
    scope: Scope
    n: int
    percent_bp: int
    group_by: str

    type = "nth_unit"
    keys = frozenset({"scope", "n", "percent_bp", "group_by"})

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        return cls(
            scopes.parse(reader),
            reader.integer("n", 1, required=True, default=1),
            reader.integer("percent_bp", 1, 10_000, required=True, default=1),
            reader.choice("group_by", GROUPINGS),
        )

    def scopes(self) -> tuple[Scope, ...]:
        return (self.scope,)

    def mask(self, cart: Cart) -> int:
        return cart.mask(self.scope)

    def propose(self, turn: Turn) -> Proposal:
        return self._proposal(turn, turn.units(self.scope))

    def bound(self, turn: Turn) -> int:
        # The k-th dearest of fewer or lowered units is never dearer than the k-th dearest of all.
        return self._proposal(turn, reachable(turn, self.scope)).total()

    def has_units(self, turn: Turn) -> bool:
        units = partition(turn.cart, turn.units(self.scope), self.group_by)
        return any(sum([count for _, _, count in part]) >= self.n for part in units)

    def _proposal(self, turn: Turn, units: list[Units]) -> Proposal:
        found: list[tuple[Units, list[Units], Group]] = []  # the discounted unit, the runs, the groups
        for part in partition(turn.cart, units, self.group_by):
            runs = dearest_first(part)
            for group in groups(runs, [Part(range(len(runs)), self.n)], None):
                found.append((runs[group.picks[0][-1][0]], runs, group))
        if not found:
            return NOTHING
        full = sum([group.alike for _, _, group in found])
        times = left = turn.most(full)
        if times < full:
            found.sort(key=lambda one: (-one[0][1], one[0][0]))
        offs = Offs()
        for (line, amount, _), runs, group in found:
            count = min(left, group.alike)
            left -= count
            for place, of_run in group.picks[0]:
                offs.add(runs[place][0], runs[place][1], of_run * count, 0)
            offs.add(line, amount, -count, 0)
            offs.add(line, amount, count, percent_of(amount, self.percent_bp))
        return Proposal(offs.listed(), times)
