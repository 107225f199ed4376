"""`shipping_off`: off the shipping fee."""

from dataclasses import dataclass
from typing import Self

from kernel.money import percent_of

from promotions.engine.cart import Cart
from promotions.engine.faults import Reader
from promotions.engine.rewards.base import NOTHING, Proposal, Reward, Turn
from promotions.engine.scope import Scope, Scopes

WAYS = ("percent_bp", "amount", "price")


@dataclass(frozen=True, slots=True)
class ShippingOff(Reward):
    everything: Scope
    percent_bp: int | None
    amount: int | None
    price: int

    type = "shipping_off"
    keys = frozenset(WAYS)
    of_shipping = True

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        given = [way for way in WAYS if reader.has(way)]
        for way in given[1:]:
            reader.fault(way, "CONFLICT", f"cannot stand beside {given[0]}")
        if not given and reader.is_object:
            reader.fault(WAYS[0], "MISSING", "needs percent_bp, amount or price")
        return cls(
            scopes.everything,
            reader.optional_integer("percent_bp", 1, 10_000),
            reader.optional_integer("amount", 1),
            reader.optional_integer("price", 0) or 0,
        )

    def scopes(self) -> tuple[Scope, ...]:
        return (self.everything,)

    def mask(self, cart: Cart) -> int:
        return cart.fee_bit if cart.facts.shipping else 0

    def propose(self, turn: Turn) -> Proposal:
        ((fee, _),) = turn.state.lines[turn.cart.fee].free
        off = self._off(fee)
        return Proposal([(turn.cart.fee, fee, 1, off)]) if off else NOTHING

    def bound(self, turn: Turn) -> int:
        ((fee, _),) = turn.state.lines[turn.cart.fee].free
        return self._off(fee)

    def has_units(self, turn: Turn) -> bool:
        return True

    def _off(self, fee: int) -> int:
        if self.percent_bp is not None:
            return percent_of(fee, self.percent_bp)
        if self.amount is not None:
            return min(fee, self.amount)
        return max(0, fee - self.price)
