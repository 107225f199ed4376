"""`tiers`: the highest step that the scope, or each SKU or product in it, has reached."""

from dataclasses import dataclass
from typing import NamedTuple, Self

from kernel.money import percent_of

from promotions.engine.allocation import share
from promotions.engine.cart import Cart, Off, Units
from promotions.engine.conditions import Gap
from promotions.engine.faults import Reader
from promotions.engine.rewards.base import (
    NOTHING,
    Curve,
    Proposal,
    Reward,
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
class Tiers(Reward):
    scope: Scope
    measure: str
    steps: tuple[Step, ...]  # by `at`, rising
    group_by: str

    type = "tiers"
    keys = frozenset({"scope", "measure", "steps", "group_by"})

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        scope = scopes.parse(reader)
        measure = reader.choice("measure", MEASURES)
        group_by = reader.choice("group_by", GROUPINGS, default="scope")
        return cls(scope, measure, _parse_steps(reader), group_by)

    @property
    def looks(self) -> int:
        return 1 if self.group_by == "scope" else 2

    def scopes(self) -> tuple[Scope, ...]:
        return (self.scope,)

    def mask(self, cart: Cart) -> int:
        return cart.mask(self.scope)

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
        measured, most = self._measured(units), 0
        for step in self.steps:
            if step.at > measured:
                break
            if step.amount_off is None:
                most = max(most, percent_bound(units, step.percent_bp, per_unit=per_unit))
            else:
                most = max(most, min(step.amount_off, sum_of_units(units)))
        return most

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
        found = None
        for step in self.steps:
            if step.at > measured:
                break
            found = step
        return found

    def _measured(self, units: list[Units]) -> int:
        return sum_of_units(units) if self.measure == "subtotal" else sum([count for _, _, count in units])

    def _groups(self, turn: Turn) -> list[list[Units]]:
        return partition(turn.cart, turn.units(self.scope), self.group_by)

    def _units(self, turn: Turn) -> list[Units]:
        return turn.units(self.scope)


def _parse_steps(reader: Reader) -> tuple[Step, ...]:
    steps: dict[int, Step] = {}
    for path, entry in reader.items("steps", required=True):
        step = Reader(entry, path, reader.faults, ("at", "amount_off", "percent_bp"))
        at = step.integer("at", 1, required=True, default=1)
        if at in steps and "at" in step.document:
            step.fault("at", "DUPLICATE", "another step begins here")
        amount_off = step.optional_integer("amount_off", 1)
        percent_bp = step.optional_integer("percent_bp", 1, 10_000)
        if step.has("amount_off") and step.has("percent_bp"):
            step.fault("percent_bp", "CONFLICT", "a step has either amount_off or percent_bp")
        elif not step.has("amount_off") and not step.has("percent_bp") and step.is_object:
            step.fault("amount_off", "MISSING", "a step needs amount_off or percent_bp")
        steps[at] = Step(at, amount_off, percent_bp or 0)
    return tuple(steps[at] for at in sorted(steps))
