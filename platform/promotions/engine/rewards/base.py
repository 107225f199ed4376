"""What every reward answers, and what they have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple, Self

from kernel.money import percent_of

from promotions.engine.allocation import share, sum_of
from promotions.engine.cart import Cart, Off, State, Units
from promotions.engine.conditions import Gap
from promotions.engine.faults import Reader
from promotions.engine.scope import LINE_KINDS, Scope, Scopes

type Curve = Callable[[int], int]  # what comes off a subtotal


class Turn(NamedTuple):
    """A reward's moment: the units left to it and the rules of its lane and promotion."""

    cart: Cart
    state: State
    per_unit: bool  # the lane named price rounds percentages unit by unit
    max_times: int | None  # the promotion's times_per_order

    def units(self, scope: Scope) -> list[Units]:
        return self.cart.units(self.state, scope)

    def all_units(self, scope: Scope) -> list[Units]:
        """The units in scope, consumed or not."""
        return self.cart.all_units(self.state, scope)

    def most(self, times: int, max_times: int | None = None) -> int:
        """`times`, held to what the reward and its promotion allow."""
        if max_times is not None and max_times < times:
            times = max_times
        if self.max_times is not None and self.max_times < times:
            times = self.max_times
        return times

    def held(self, max_times: int | None) -> int | None:
        """How often at most, by the reward and its promotion; null is as often as it goes."""
        if max_times is None:
            return self.max_times
        return max_times if self.max_times is None else min(max_times, self.max_times)


class Proposal(NamedTuple):
    """What a reward would do before floors, limits and cap: a discount for each unit it takes."""

    offs: list[Off]
    times: int = 1

    def total(self) -> int:
        return sum_of(self.offs)


NOTHING = Proposal([], 0)


class Reward(ABC):
    """One entry of `then`. Rewards are values: all state is in the turn that they are given."""

    __slots__ = ()

    type: ClassVar[str]
    keys: ClassVar[frozenset[str]]  # of its document, besides `type`
    consumes_untouched: ClassVar[bool] = True  # whether a unit taken with a discount of 0 is consumed
    is_money: ClassVar[bool] = True  # whether it can change an amount
    of_shipping: ClassVar[bool] = False  # whether that is the shipping fee

    @classmethod
    @abstractmethod
    def parse(cls, reader: Reader, scopes: Scopes) -> Self:
        """From its document; faults go to the reader."""

    @property
    def looks(self) -> int:
        """About how often it goes through its units when it proposes; a measure of what that costs."""
        return 1

    @abstractmethod
    def scopes(self) -> tuple[Scope, ...]:
        """Scopes of which at least one must reach a line, or it does nothing."""

    @abstractmethod
    def mask(self, cart: Cart) -> int:
        """The lines that it can take, need or measure."""

    @abstractmethod
    def propose(self, turn: Turn) -> Proposal:
        """The unit discounts that it wants, line by line, the dearer first and of equal ones the larger discount."""

    @abstractmethod
    def bound(self, turn: Turn) -> int:
        """At least what it can ever take off, now or after other promotions have taken or lowered units."""

    def curve(self, turn: Turn) -> Curve | None:
        """What it takes off its units by their subtotal, where that alone decides and nothing rounds unit by unit."""
        return None

    def gap(self, turn: Turn) -> Gap | None:
        """What its units lack before it gives anything, for a reward with a first step."""
        return None

    def next_gap(self, turn: Turn) -> Gap | None:
        """What its units lack before it gives more than it does, for a reward with steps."""
        return None

    def has_units(self, turn: Turn) -> bool:
        """Whether there are units enough for it to be tried at all."""
        return bool(self._units(turn))

    def _units(self, turn: Turn) -> list[Units]:
        """The units in its scope."""
        return []


class Scoped(Reward):
    """A reward with one scope, which is all that it looks at."""

    __slots__ = ()

    scope: Scope

    def scopes(self) -> tuple[Scope, ...]:
        return (self.scope,)

    def mask(self, cart: Cart) -> int:
        return cart.mask(self.scope)

    def _units(self, turn: Turn) -> list[Units]:
        return turn.units(self.scope)


class SelfBounded(Scoped):
    """One that takes most off when it has all units for itself, as they are now."""

    __slots__ = ()

    @abstractmethod
    def from_units(self, turn: Turn, units: list[Units]) -> Proposal:
        """What it wants of these units."""

    def propose(self, turn: Turn) -> Proposal:
        return self.from_units(turn, turn.units(self.scope))

    def bound(self, turn: Turn) -> int:
        return self.from_units(turn, reachable(turn, self.scope)).total()


def parse_pick(reader: Reader) -> tuple[int | None, bool]:
    """`max_units` and `pick`: how many units at most, and whether the cheapest come first."""
    max_units = reader.optional_integer("max_units", 1)
    cheapest = False
    if reader.has("pick"):
        cheapest = reader.choice("pick", ("dearest", "cheapest")) == "cheapest"
        if not reader.has("max_units"):
            reader.fault("pick", "CONFLICT", "needs max_units")
    return max_units, cheapest


def picked(units: list[Units], max_units: int | None, *, cheapest: bool) -> list[Units]:
    """At most `max_units` of the units above 0, dearest or cheapest first; all units where there is no such limit."""
    if max_units is None:
        return units
    ordered = sorted([unit for unit in units if unit[1]], key=lambda unit: (-unit[1], unit[0]), reverse=cheapest)
    taken: list[Units] = []
    for line, amount, count in ordered:
        if count >= max_units:
            taken.append((line, amount, max_units))
            break
        taken.append((line, amount, count))
        max_units -= count
    taken.sort(key=lambda unit: (unit[0], -unit[1]))
    return taken


def sum_of_units(units: list[Units]) -> int:
    return sum([amount * count for _, amount, count in units])


def percent_offs(units: list[Units], percent_bp: int, max_amount: int | None, *, per_unit: bool) -> list[Off]:
    """A percentage of current amounts: rounded once on their sum and shared, or rounded on every unit."""
    if per_unit:
        offs = [(line, amount, count, percent_of(amount, percent_bp)) for line, amount, count in units]
        if max_amount is None or sum([off * count for _, _, count, off in offs]) <= max_amount:
            return offs
        return share(max_amount, units)
    total = percent_of(sum_of_units(units), percent_bp)
    if max_amount is not None and total > max_amount:
        total = max_amount
    return share(total, units)


def percent_bound(units: list[Units], percent_bp: int, *, per_unit: bool) -> int:
    """The most that a percentage can take off these units, however they are rounded and whatever is left of them."""
    if per_unit:
        return sum([percent_of(amount, percent_bp) * count for _, amount, count in units])
    return percent_of(sum_of_units(units), percent_bp)


def reachable(turn: Turn, scope: Scope) -> list[Units]:
    """All free units of the lines in scope, even those that `undiscounted` keeps out for now."""
    lines = turn.state.lines
    places = turn.cart.indexes(turn.cart.mask(scope) & turn.state.open)
    return [(place, amount, count) for place in places for amount, count in lines[place].free]


def partition(cart: Cart, units: list[Units], group_by: str) -> list[list[Units]]:
    """The units as one group, or by SKU or product over lines; a line without product counts by its SKU."""
    if group_by == "scope":
        return [units] if units else []
    keys = cart.product_keys if group_by == "product" else cart.sku_keys
    groups: dict[tuple[bool, str], list[Units]] = {}
    for unit in units:
        key = keys[unit[0]]
        if key in groups:
            groups[key].append(unit)
        else:
            groups[key] = [unit]
    return list(groups.values())


def narrowest(scopes: Sequence[Scope]) -> Scope:
    """Of scopes that must all reach a line, the one that the fewest carts are likely to have a line for."""
    kinds = [min((LINE_KINDS.index(kind) for kind, _ in scope.keyed), default=len(LINE_KINDS)) for scope in scopes]
    return scopes[kinds.index(min(kinds))]
