"""`tiers`: the highest step that the scope, or each SKU or product in it, has reached."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple, Self

from kernel.money import percent_of

from promotions.engine.allocation import share
from promotions.engine.cart import Off, Units
from promotions.engine.conditions import Gap
from promotions.engine.faults import Reader
from promotions.engine.rewards.base import (
    NOTHING,
    Curve,
    Proposal,
    Scoped,
    Turn,
    partition,
    percent_bound,
    percent_offs,
    reachable,
    sum_of_units,
)
from promotions.engine.scope import Scope, Scopes

MEASURES = ("subtotal", "quantity")
GROUPINGS = ("scope", "sku", "product")


class Step(NamedTuple):
    at: int
    amount_off: int | None
    percent_bp: int


@dataclass(frozen=True, slots=True)
class Tiers(Scoped):
    scope: Scope
    measure: str
    steps: tuple[Step, ...]  # by `at`, rising
    group_by: str
    most: tuple[tuple[int, int], ...]  # the greatest amount_off and percent_bp up to each step

    type = "tiers"
    keys = frozenset({"scope", "measure", "steps", "group_by"})

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        scope = scopes.parse(reader)
        measure = reader.choice("measure", MEASURES)
        group_by = reader.choice("group_by", GROUPINGS, default="scope")
        steps = _parse_steps(reader)
        amounts = accumulate([step.amount_off or 0 for step in steps], max)
        percents = accumulate([step.percent_bp for step in steps], max)
        return cls(scope, measure, steps, group_by, tuple(zip(amounts, percents, strict=True)))

    @property
    def looks(self) -> int:
        return 1 if self.group_by == "scope" else 2

    def propose(self, turn: Turn) -> Proposal:
        reached = [
            (units, step) for units in self._groups(turn) if (step := self._step(self._measured(units))) is not None
        ]
        if not reached:
            return NOTHING
        times = turn.most(len(reached))
        if times < len(reached):
            reached.sort(key=lambda group: min((-amount, line) for line, amount, _ in group[0]))
        offs: list[Off] = []
        for units, step in reached[:times]:
            if step.amount_off is None:
                offs += percent_offs(units, step.percent_bp, None, per_unit=turn.per_unit)
            else:
                offs += share(min(step.amount_off, sum_of_units(units)), units)
        if self.group_by != "scope":
            offs.sort(key=lambda off: (off[0], -off[1]))
        return Proposal(offs, times)

    def bound(self, turn: Turn) -> int:
        groups = partition(turn.cart, reachable(turn, self.scope), self.group_by)
        best = [self._most(units, per_unit=turn.per_unit) for units in groups]
        times = turn.most(len(groups))
        return sum(best if times == len(best) else sorted(best, reverse=True)[:times])

    def _most(self, units: list[Units], *, per_unit: bool) -> int:
        """The most of any step that a group has reached: with fewer units a lower one may count, and give more."""
        reached = self._reached(self._measured(units))
        if not reached:
            return 0
        amount_off, percent_bp = self.most[reached - 1]
        most = percent_bound(units, percent_bp, per_unit=per_unit) if percent_bp else 0
        return max(most, min(amount_off, sum_of_units(units))) if amount_off else most

    def curve(self, turn: Turn) -> Curve | None:
        if self.group_by != "scope" or self.scope.by_unit:
            return None
        quantity = None if self.measure == "subtotal" else self._measured(turn.units(self.scope))

        def take(subtotal: int) -> int:
            step = self._step(subtotal if quantity is None else quantity)
            if step is None:
                return 0
            if step.amount_off is None:
                return percent_of(subtotal, step.percent_bp)
            return min(step.amount_off, subtotal)

        return take

    def gap(self, turn: Turn) -> Gap | None:
        groups = self._groups(turn)
        if not groups:
            return None
        missing = min(self.steps[0].at - self._measured(units) for units in groups)
        return Gap(self.measure, missing, self.scope) if missing > 0 else None

    def next_gap(self, turn: Turn) -> Gap | None:
        measured = [self._measured(units) for units in self._groups(turn)]
        missing = [step.at - amount for amount in measured for step in self.steps if step.at > amount]
        return Gap(self.measure, min(missing), self.scope) if missing else None

    def _step(self, measured: int) -> Step | None:
        reached = self._reached(measured)
        return self.steps[reached - 1] if reached else None

    def _reached(self, measured: int) -> int:
        """How many of the steps."""
        return bisect_right(self.steps, measured, key=_at)

    def _measured(self, units: list[Units]) -> int:
        return sum_of_units(units) if self.measure == "subtotal" else sum([count for _, _, count in units])

    def _groups(self, turn: Turn) -> list[list[Units]]:
        return partition(turn.cart, turn.units(self.scope), self.group_by)


def _at(step: Step) -> int:
    return step.at


def _parse_steps(reader: Reader) -> tuple[Step, ...]:
    steps: dict[int, Step] = {}
    for path, entry in reader.items("steps", required=True):
        step = Reader(entry, path, reader.faults, ("at", "amount_off", "percent_bp"))
        at = step.integer("at", 1, required=True)
        if at in steps and step.document.get("at") == at:
            step.fault("at", "DUPLICATE", "another step begins here")
        amount_off = step.optional_integer("amount_off", 1)
        percent_bp = step.optional_integer("percent_bp", 1, 10_000)
        if step.has("amount_off") and step.has("percent_bp"):
            step.fault("percent_bp", "CONFLICT", "a step has either amount_off or percent_bp")
        elif not step.has("amount_off") and not step.has("percent_bp") and step.is_object:
            step.fault("amount_off", "MISSING", "a step needs amount_off or percent_bp")
        steps[at] = Step(at, amount_off, percent_bp or 0)
    return tuple(steps[at] for at in sorted(steps))
