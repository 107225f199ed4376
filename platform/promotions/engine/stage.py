"""What conditions are judged on: the facts, and the cart as a lane starts."""

from datetime import date
from typing import Any, Final

from promotions.engine.cart import Cart, State
from promotions.engine.facts import Facts, Member
from promotions.engine.scope import Scope

UNKNOWN: Final = object()  # a fact that has no value: every leaf about it is false


class Stage:
    """The facts and the units as a lane starts, consumed or not; what was added up once is remembered."""

    __slots__ = ("_subtotals", "_totals", "cart", "facts", "member", "state")

    def __init__(self, cart: Cart, state: State) -> None:
        self.cart = cart
        self.state = state
        self.facts: Facts = cart.facts
        self.member: Member | None = cart.facts.member
        self._totals: list[int] | None = None
        self._subtotals: dict[tuple[Scope, bool], int] = {}

    def subtotal(self, scope: Scope, *, initial: bool) -> int:
        """Current (or initial) amount of the units in scope, in minor units."""
        key = (scope, initial)
        found = self._subtotals.get(key)
        if found is None:
            if scope.by_unit:
                prices = self.cart.unit_prices
                units = self.cart.units(self.state, scope)
                found = sum((prices[line] if initial else amount) * count for line, amount, count in units)
            else:
                totals = self.cart.initial if initial else self.totals()
                found = sum([totals[line] for line in self.cart.indexes(self.cart.mask(scope))])
            self._subtotals[key] = found
        return found

    def totals(self) -> list[int]:
        """Current amount of every line."""
        if self._totals is None:
            self._totals = [line.total() for line in self.state.lines]
        return self._totals

    def quantity(self, scope: Scope) -> int:
        if scope.by_unit:
            return sum(count for _, _, count in self.cart.units(self.state, scope))
        quantities = self.cart.quantities
        return sum([quantities[line] for line in self.cart.indexes(self.cart.mask(scope))])

    def distinct_skus(self, scope: Scope) -> int:
        return len({self.cart.lines[line].sku for line, _, _ in self.cart.units(self.state, scope)})

    def of_member(self, field: str) -> Any:
        return UNKNOWN if self.member is None else getattr(self.member, field)

    def days_since_join(self) -> Any:
        if self.member is None or self.member.joined_on is None:
            return UNKNOWN
        return (self.facts.now.date() - self.member.joined_on).days

    def days_to_birthday(self) -> Any:
        if self.member is None or self.member.birthday is None:
            return UNKNOWN
        return _days_to(self.member.birthday, self.facts.now.date())

    def is_birthday(self) -> Any:
        if self.member is None:
            return UNKNOWN
        return self.days_to_birthday() == 0


def _days_to(birthday: tuple[int, int], today: date) -> int:
    # The calendar repeats every 400 years; staying within them keeps clear of the last year that a date can have.
    today = date(2000 + today.year % 400, today.month, today.day)
    this_year = _kept_on(birthday, today.year)
    return ((this_year if this_year >= today else _kept_on(birthday, today.year + 1)) - today).days


def _kept_on(birthday: tuple[int, int], year: int) -> date:
    month, day = birthday
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return date(year, month, 28 if (month, day) == (2, 29) and not leap else day)
