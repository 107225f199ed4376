"""Rewards that change no money: `gift`, `points_multiplier`, `issue_coupon`. They consume nothing."""

import copy
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from promotions.engine.cart import Cart, Units
from promotions.engine.conditions import Gap
from promotions.engine.faults import Reader
from promotions.engine.rewards.base import NOTHING, Proposal, Reward, Turn, sum_of_units
from promotions.engine.scope import Scope, Scopes


class Extra(NamedTuple):
    """What a promotion gives besides money: a gift line, or an effect for others to carry out."""

    is_gift: bool
    document: dict[str, Any]
    times: int = 1


class Effect(Reward):
    """A reward beside the money. It looks at all units in its scope, consumed or not."""

    __slots__ = ()
    is_money = False

    @abstractmethod
    def give(self, turn: Turn) -> Extra | None:
        """What the cart gets, or null."""

    def propose(self, turn: Turn) -> Proposal:
        return NOTHING

    def bound(self, turn: Turn) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Gift(Effect):
    scope: Scope
    sku: str
    quantity: int
    every_quantity: int | None
    every_amount: int | None
    max_times: int | None

    type = "gift"
    keys = frozenset({"scope", "sku", "quantity", "every_quantity", "every_amount", "max_times"})

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        if reader.has("every_quantity") and reader.has("every_amount"):
            reader.fault("every_amount", "CONFLICT", "cannot stand beside every_quantity")
        if reader.has("max_times") and not (reader.has("every_quantity") or reader.has("every_amount")):
            reader.fault("max_times", "CONFLICT", "needs every_quantity or every_amount")
        return cls(
            scopes.parse(reader),
            reader.text("sku", required=True) or "",
            reader.integer("quantity", 1, required=True),
            reader.optional_integer("every_quantity", 1),
            reader.optional_integer("every_amount", 1),
            reader.optional_integer("max_times", 1),
        )

    def scopes(self) -> tuple[Scope, ...]:
        return (self.scope,)

    def mask(self, cart: Cart) -> int:
        return cart.mask(self.scope)

    def give(self, turn: Turn) -> Extra | None:
        units = turn.all_units(self.scope)
        if not units:
            return None
        measured, every = self._measured(units)
        times = turn.most(measured // every, self.max_times)
        return Extra(True, {"sku": self.sku, "quantity": times * self.quantity}, times) if times else None

    def gap(self, turn: Turn) -> Gap | None:
        if self.every_quantity is None and self.every_amount is None:
            return None
        measured, every = self._measured(turn.all_units(self.scope))
        fact = "subtotal" if self.every_quantity is None else "quantity"
        return Gap(fact, every - measured, self.scope) if measured < every else None

    def next_gap(self, turn: Turn) -> Gap | None:
        if self.every_quantity is None and self.every_amount is None:
            return None
        measured, every = self._measured(turn.all_units(self.scope))
        if turn.most(measured // every, self.max_times) < measured // every:
            return None
        fact = "subtotal" if self.every_quantity is None else "quantity"
        return Gap(fact, every - measured % every, self.scope)

    def _measured(self, units: list[Units]) -> tuple[int, int]:
        if self.every_quantity is not None:
            return sum([count for _, _, count in units]), self.every_quantity
        if self.every_amount is not None:
            return sum_of_units(units), self.every_amount
        return 1, 1

    def _units(self, turn: Turn) -> list[Units]:
        return turn.all_units(self.scope)


@dataclass(frozen=True, slots=True)
class PointsMultiplier(Effect):
    scope: Scope
    times_bp: int
    scope_document: dict[str, Any]

    type = "points_multiplier"
    keys = frozenset({"scope", "times_bp"})

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        scope = scopes.parse(reader)
        times_bp = reader.integer("times_bp", 1, required=True)
        return cls(scope, times_bp, copy.deepcopy(reader.document.get("scope", {})))

    def scopes(self) -> tuple[Scope, ...]:
        return (self.scope,)

    def mask(self, cart: Cart) -> int:
        return cart.mask(self.scope)

    def give(self, turn: Turn) -> Extra | None:
        if not turn.all_units(self.scope):
            return None
        return Extra(False, {"type": self.type, "scope": self.scope_document, "times_bp": self.times_bp})

    def _units(self, turn: Turn) -> list[Units]:
        return turn.all_units(self.scope)


@dataclass(frozen=True, slots=True)
class IssueCoupon(Effect):
    everything: Scope
    batch: str
    quantity: int

    type = "issue_coupon"
    keys = frozenset({"batch", "quantity"})

    @classmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        batch = reader.text("batch", required=True) or ""
        return cls(scopes.everything, batch, reader.integer("quantity", 1, required=True))

    def scopes(self) -> tuple[Scope, ...]:
        return (self.everything,)

    def mask(self, cart: Cart) -> int:
        return cart.all_lines

    def give(self, turn: Turn) -> Extra:
        return Extra(False, {"type": self.type, "batch": self.batch, "quantity": self.quantity})
