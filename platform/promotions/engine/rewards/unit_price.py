"""Rewards that give units a price of their own: `fixed_unit_price` and `member_price`. Neither raises a price."""

from dataclasses import dataclass
from typing import Self

from promotions.engine.cart import Off, Units
from promotions.engine.faults import Reader
from promotions.engine.rewards.base import Proposal, Scoped, SelfBounded, Turn, parse_pick, picked, reachable
from promotions.engine.scope import Scope, Scopes


@dataclass(frozen=True, slots=True)
class FixedUnitPrice(Scoped):
    scope: Scope
    unit_price: int
    max_units: int | None
    cheapest: bool

    type = "fixed_unit_price"
    keys = frozenset({"scope", "unit_price", "max_units", "pick"})
    consumes_untouched = False

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        return cls(scopes.parse(reader), reader.integer("unit_price", 0, required=True), *parse_pick(reader))

    def propose(self, turn: Turn) -> Proposal:
        return self._proposal(turn.units(self.scope), cheapest=self.cheapest)

    def bound(self, turn: Turn) -> int:
        return self._proposal(reachable(turn, self.scope), cheapest=False).total()

    def _proposal(self, units: list[Units], *, cheapest: bool) -> Proposal:
        price = self.unit_price
        units = picked([unit for unit in units if unit[1] > price], self.max_units, cheapest=cheapest)
        return Proposal([(line, amount, count, amount - price) for line, amount, count in units])


@dataclass(frozen=True, slots=True)
class MemberPrice(SelfBounded):
    scope: Scope

    type = "member_price"
    keys = frozenset({"scope"})
    consumes_untouched = False

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        return cls(scopes.parse(reader))

    def from_units(self, turn: Turn, units: list[Units]) -> Proposal:
        if turn.cart.facts.member is None:
            return Proposal([])
        lines = turn.cart.lines
        offs: list[Off] = []
        for line, amount, count in units:
            price = lines[line].member_price
            if price is not None and price < amount:
                offs.append((line, amount, count, amount - price))
        return Proposal(offs)
