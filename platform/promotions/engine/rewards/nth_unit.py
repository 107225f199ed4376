"""`nth_unit`: of every full group of n units, dearest first, the cheapest at a discount (第二件半价)."""

from dataclasses import dataclass
from typing import Self

from kernel.money import percent_of

from promotions.engine.cart import Off, Units
from promotions.engine.faults import Reader
from promotions.engine.rewards.base import NOTHING, Proposal, Scoped, Turn, partition, reachable
from promotions.engine.rewards.groups import Group, Offs, Part, dearest_first, groups
from promotions.engine.scope import Scope, Scopes

GROUPINGS = ("scope", "sku", "product")


@dataclass(frozen=True, slots=True)
class NthUnit(Scoped):
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
            reader.integer("n", 1, required=True),
            reader.integer("percent_bp", 1, 10_000, required=True),
            reader.choice("group_by", GROUPINGS),
        )

    def propose(self, turn: Turn) -> Proposal:
        parts = [dearest_first(part) for part in partition(turn.cart, turn.units(self.scope), self.group_by)]
        full = sum([sum([count for _, _, count in part]) // self.n for part in parts])
        times = turn.most(full)
        if not full:
            return NOTHING
        if times < full:
            return self._held(parts, times)
        offs: list[Off] = []
        for part in parts:
            left = sum([count for _, _, count in part]) // self.n * self.n
            for (line, amount, count), discounted in zip(part, self._discounted(part), strict=True):
                whole = count - discounted if left >= count else left - discounted
                if discounted:
                    offs.append((line, amount, discounted, percent_of(amount, self.percent_bp)))
                if whole:
                    offs.append((line, amount, whole, 0))
                left = left - count if left > count else 0
        offs.sort(key=lambda off: (off[0], -off[1], -off[3]))
        return Proposal(offs, times)

    def bound(self, turn: Turn) -> int:
        # The k-th dearest of fewer or lowered units is never dearer than the k-th dearest of all.
        most = 0
        for part in partition(turn.cart, reachable(turn, self.scope), self.group_by):
            runs = dearest_first(part)
            for (_, amount, _), discounted in zip(runs, self._discounted(runs), strict=True):
                if discounted:
                    most += percent_of(amount, self.percent_bp) * discounted
        return most

    def has_units(self, turn: Turn) -> bool:
        units = partition(turn.cart, turn.units(self.scope), self.group_by)
        return any(sum([count for _, _, count in part]) >= self.n for part in units)

    def _discounted(self, runs: list[Units]) -> list[int]:
        """Of each run, dearest first, how many units end a group."""
        place, n = 0, self.n
        found = []
        for _, _, count in runs:
            found.append((place + count) // n - place // n)
            place += count
        return found

    def _held(self, parts: list[list[Units]], times: int) -> Proposal:
        """Fewer groups than there are: those with the dearest discounted unit."""
        found: list[tuple[Units, list[Units], Group]] = []  # the discounted unit, the runs, the groups
        for runs in parts:
            for group in groups(runs, [Part(range(len(runs)), self.n)], None):
                found.append((runs[group.picks[0][-1][0]], runs, group))
        found.sort(key=lambda one: (-one[0][1], one[0][0]))
        offs, left = Offs(), times
        for (line, amount, _), runs, group in found:
            count = min(left, group.alike)
            left -= count
            for place, of_run in group.picks[0]:
                offs.add(runs[place][0], runs[place][1], of_run * count, 0)
            offs.add(line, amount, -count, 0)
            offs.add(line, amount, count, percent_of(amount, self.percent_bp))
        return Proposal(offs.listed(), times)
