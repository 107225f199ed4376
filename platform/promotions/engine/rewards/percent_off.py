"""`percent_off`: a percentage off the units taken."""

from dataclasses import dataclass
from typing import Self

from kernel.money import percent_of

from promotions.engine.allocation import share
from promotions.engine.cart import Units
from promotions.engine.faults import Reader
from promotions.engine.rewards.base import (
    NOTHING,
    Curve,
    Proposal,
    Scoped,
    Turn,
    parse_pick,
    percent_bound,
    percent_offs,
    picked,
    reachable,
    sum_of_units,
)
from promotions.engine.scope import Scope, Scopes


@dataclass(frozen=True, slots=True)
class PercentOff(Scoped):
    scope: Scope
    percent_bp: int
    of_initial: bool
    max_amount: int | None
    max_units: int | None
    cheapest: bool

    type = "percent_off"
    keys = frozenset({"scope", "percent_bp", "basis", "max_amount", "max_units", "pick"})

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        scope = scopes.parse(reader)
        percent_bp = reader.integer("percent_bp", 1, 10_000, required=True)
        of_initial = reader.choice("basis", ("current", "initial"), default="current") == "initial"
        max_amount = reader.optional_integer("max_amount", 1)
        max_units, cheapest = parse_pick(reader)
        return cls(scope, percent_bp, of_initial, max_amount, max_units, cheapest)

    def propose(self, turn: Turn) -> Proposal:
        units = picked(turn.units(self.scope), self.max_units, cheapest=self.cheapest)
        if not units:
            return NOTHING
        if not self.of_initial:
            return Proposal(percent_offs(units, self.percent_bp, self.max_amount, per_unit=turn.per_unit))
        prices = turn.cart.unit_prices
        at_first = [(line, prices[line], count) for line, _, count in units]
        if turn.per_unit and self._within_max(at_first):
            offs = [
                (line, amount, count, min(amount, percent_of(prices[line], self.percent_bp)))
                for line, amount, count in units
            ]
            return Proposal(offs)
        total = (
            self.max_amount or 0 if turn.per_unit else percent_of(sum_of_units(at_first), self.percent_bp)
        )  # per unit, only what exceeds max_amount comes here
        if self.max_amount is not None and total > self.max_amount:
            total = self.max_amount
        offs = share(total, units, [price for _, price, _ in at_first])
        return Proposal([(line, amount, count, min(amount, off)) for line, amount, count, off in offs])

    def bound(self, turn: Turn) -> int:
        units = reachable(turn, self.scope)
        most = sum_of_units(units)
        if not self.of_initial:
            if self.max_units is not None:
                units = picked(units, self.max_units, cheapest=False)
            most = percent_bound(units, self.percent_bp, per_unit=turn.per_unit)
        return most if self.max_amount is None else min(most, self.max_amount)

    def curve(self, turn: Turn) -> Curve | None:
        if self.of_initial or self.max_units is not None or self.scope.by_unit:
            return None
        percent_bp, most = self.percent_bp, self.max_amount
        if most is None:
            return lambda subtotal: percent_of(subtotal, percent_bp)
        return lambda subtotal: min(most, percent_of(subtotal, percent_bp))

    def _within_max(self, at_first: list[Units]) -> bool:
        if self.max_amount is None:
            return True
        return sum(percent_of(price, self.percent_bp) * count for _, price, count in at_first) <= self.max_amount
