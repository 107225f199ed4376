"""`amount_off`: an amount off the scope as a whole (once, or for every so much), or off each unit."""

from dataclasses import dataclass
from typing import Self

from promotions.engine.allocation import share
from promotions.engine.conditions import Gap
from promotions.engine.faults import Reader
from promotions.engine.rewards.base import (
    NOTHING,
    Curve,
    Proposal,
    Reward,
    Scoped,
    Turn,
    parse_pick,
    picked,
    reachable,
    sum_of_units,
)
from promotions.engine.scope import Scope, Scopes

_KEYS = frozenset({"scope", "amount", "per", "every", "max_times", "max_units", "pick"})


@dataclass(frozen=True, slots=True)
class AmountOff(Scoped):
    """Off the scope: `amount`, or as often `amount` as its subtotal holds `every`; shared over its units."""

    scope: Scope
    amount: int
    every: int | None
    max_times: int | None

    type = "amount_off"
    keys = _KEYS

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        scope = scopes.parse(reader)
        amount = reader.integer("amount", 1, required=True)
        every = reader.optional_integer("every", 1)
        max_times = reader.optional_integer("max_times", 1)
        if max_times is not None and not reader.has("every"):
            reader.fault("max_times", "CONFLICT", "needs every")
        for key in ("max_units", "pick"):
            if reader.has(key):
                reader.fault(key, "CONFLICT", 'needs per "unit"')
        return cls(scope, amount, every, max_times)

    def propose(self, turn: Turn) -> Proposal:
        units = turn.units(self.scope)
        subtotal = sum_of_units(units)
        times = self._times(turn, subtotal)
        if not times:
            return NOTHING
        return Proposal(share(min(subtotal, times * self.amount), units), times)

    def bound(self, turn: Turn) -> int:
        if self.every is None:
            return self.amount
        subtotal = sum_of_units(reachable(turn, self.scope))
        return min(subtotal, self._times(turn, subtotal) * self.amount)

    def curve(self, turn: Turn) -> Curve | None:
        if self.scope.by_unit:
            return None
        return lambda subtotal: min(subtotal, self._times(turn, subtotal) * self.amount)

    def gap(self, turn: Turn) -> Gap | None:
        if self.every is None:
            return None
        missing = self.every - sum_of_units(turn.units(self.scope))
        return Gap("subtotal", missing, self.scope) if missing > 0 else None

    def next_gap(self, turn: Turn) -> Gap | None:
        subtotal = sum_of_units(turn.units(self.scope))
        if self.every is None or self._times(turn, subtotal) < subtotal // self.every:
            return None
        return Gap("subtotal", self.every - subtotal % self.every, self.scope)

    def _times(self, turn: Turn, subtotal: int) -> int:
        return 1 if self.every is None else turn.most(subtotal // self.every, self.max_times)


@dataclass(frozen=True, slots=True)
class AmountOffEach(Scoped):
    """Off each unit taken, never below 0."""

    scope: Scope
    amount: int
    max_units: int | None
    cheapest: bool

    type = "amount_off"
    keys = _KEYS
    consumes_untouched = False

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        scope = scopes.parse(reader)
        amount = reader.integer("amount", 1, required=True)
        max_units, cheapest = parse_pick(reader)
        for key in ("every", "max_times"):
            if reader.has(key):
                reader.fault(key, "CONFLICT", 'goes with per "scope" only')
        return cls(scope, amount, max_units, cheapest)

    def propose(self, turn: Turn) -> Proposal:
        units = picked(turn.units(self.scope), self.max_units, cheapest=self.cheapest)
        amount = self.amount
        return Proposal([(line, current, count, min(current, amount)) for line, current, count in units if current])

    def bound(self, turn: Turn) -> int:
        units = picked(reachable(turn, self.scope), self.max_units, cheapest=False)
        return sum([min(current, self.amount) * count for _, current, count in units])


def parse_amount_off(reader: Reader, scopes: Scopes) -> Reward:
    per = reader.choice("per", ("scope", "unit"), default="scope")
    return AmountOffEach.parse(reader, scopes) if per == "unit" else AmountOff.parse(reader, scopes)
