"""The working view of a cart: which lines a scope reaches, and what every unit currently costs.

Units are run-length coded: a line of 10,000 equal units is one `(amount, count)` pair, so that quantities cost
nothing. Sets of lines are bit masks over the lines in the order of their ids.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from promotions.engine.facts import Facts, Line
from promotions.engine.scope import Keys, Scope
from promotions.engine.work import Work

type Run = tuple[int, int]  # (current amount of one unit, count)
type Runs = tuple[Run, ...]  # dearest first
type Units = tuple[int, int, int]  # (line, current amount of one unit, count)
type Off = tuple[int, int, int, int]  # (line, current amount of one unit, count, discount of one unit)


class LineState(NamedTuple):
    """A line's units as a lane goes on: those still free in it and those it consumed."""

    free: Runs
    used: Runs

    def total(self) -> int:
        """Current amount of all units."""
        found = 0
        for amount, count in self.free:
            found += amount * count
        for amount, count in self.used:
            found += amount * count
        return found


class State(NamedTuple):
    """Every line as a lane goes on. States are values: what changes makes a new one and shares the rest."""

    lines: list[LineState]
    open: int  # the lines that still have free units

    def after(self, changes: dict[int, LineState]) -> "State":
        lines = self.lines.copy()
        still_open = self.open
        for line, changed in changes.items():
            lines[line] = changed
            if not changed.free:
                still_open &= ~(1 << line)
        return State(lines, still_open)


class Cart:
    """The facts as pricing reads them, with what has been looked up once kept for the rest of the quote.

    The shipping fee is one more line behind the others, at place `fee`: a single unit that no scope reaches.
    """

    __slots__ = (
        "_floors",
        "_indexes",
        "_masks",
        "all_lines",
        "brands",
        "categories",
        "everything",
        "facts",
        "fee",
        "fee_bit",
        "initial",
        "lines",
        "now",
        "product_keys",
        "products",
        "quantities",
        "sku_keys",
        "skus",
        "tags",
        "unit_prices",
        "work",
    )

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.now: datetime = facts.now
        lines = facts.lines
        self.lines: tuple[Line, ...] = lines
        self.fee = len(lines)
        self.fee_bit = 1 << self.fee
        self.all_lines = self.fee_bit - 1
        self.everything = self.all_lines | self.fee_bit
        self.unit_prices = [line.unit_price for line in lines]
        self.quantities = [line.quantity for line in lines]
        self.initial = [line.unit_price * line.quantity for line in lines]
        self.sku_keys = [(False, line.sku) for line in lines]
        self.product_keys = [(False, line.sku) if line.product is None else (True, line.product) for line in lines]
        self.skus: dict[str, int] = {}
        self.products: dict[str, int] = {}
        self.categories: dict[str, int] = {}
        self.brands: dict[str, int] = {}
        self.tags: dict[str, int] = {}
        skus, products, categories, brands, tags = self.skus, self.products, self.categories, self.brands, self.tags
        bit = 1
        for line in lines:
            skus[line.sku] = skus.get(line.sku, 0) | bit
            if line.product is not None:
                products[line.product] = products.get(line.product, 0) | bit
            if line.brand is not None:
                brands[line.brand] = brands.get(line.brand, 0) | bit
            for category in line.categories:
                categories[category] = categories.get(category, 0) | bit
            for tag in line.tags:
                tags[tag] = tags.get(tag, 0) | bit
            bit <<= 1
        self._masks: dict[Scope, int] = {}
        self._indexes: dict[int, tuple[int, ...]] = {}
        self._floors: dict[tuple[int, int], int] = {}
        self.work = Work()

    def start(self) -> State:
        """All units free, at their initial amounts."""
        lines = [LineState(((line.unit_price, line.quantity),), ()) for line in self.lines]
        lines.append(LineState(((self.facts.shipping, 1),), ()))
        return State(lines, self.everything)

    def mask(self, scope: Scope) -> int:
        """The lines that a scope reaches, leaving aside what it says about single units."""
        found = self._masks.get(scope)
        if found is None:
            found = self._masks[scope] = self._find(scope)
        return found

    def indexes(self, mask: int) -> tuple[int, ...]:
        """The lines of a mask, in order."""
        found = self._indexes.get(mask)
        if found is None:
            rest, places = mask, []
            while rest:
                bit = rest & -rest
                places.append(bit.bit_length() - 1)
                rest ^= bit
            found = self._indexes[mask] = tuple(places)
        return found

    def floor(self, line: int, margin_bp: int) -> int:
        """The least that a line may come to under a margin; 0 where the cost is not known, and for the fee."""
        key = (line, margin_bp)
        found = self._floors.get(key)
        if found is None:
            cost = 0 if line == self.fee else (self.lines[line].unit_cost or 0) * self.quantities[line]
            found = self._floors[key] = -(-cost * (10_000 + margin_bp) // 10_000)
        return found

    def units(self, state: State, scope: Scope) -> list[Units]:
        """The free units in scope, line by line, the dearer first."""
        lines = state.lines
        mask = self.mask(scope) & state.open
        if not scope.by_unit:
            return [(i, amount, count) for i in self.indexes(mask) for amount, count in lines[i].free]
        prices = self.unit_prices
        return [
            (i, amount, count)
            for i in self.indexes(mask)
            for amount, count in lines[i].free
            if scope.takes_unit(undiscounted=amount == prices[i])
        ]

    def all_units(self, state: State, scope: Scope) -> list[Units]:
        """The units in scope, consumed or not."""
        prices = self.unit_prices
        return [
            (i, amount, count)
            for i in self.indexes(self.mask(scope))
            for amount, count in merged(state.lines[i].free, state.lines[i].used)
            if not scope.by_unit or scope.takes_unit(undiscounted=amount == prices[i])
        ]

    def _find(self, scope: Scope) -> int:
        mask = self.all_lines
        for kind, values in scope.keyed:
            mask &= _union(getattr(self, kind), values)
            if not mask:
                return 0
        if scope.bounded:
            mask = self._where(mask, scope.keys, every=True)
        exclude = scope.exclude
        if exclude is not None:
            for kind, values in exclude.keyed:
                mask &= ~_union(getattr(self, kind), values)
            if exclude.bounded:
                mask &= ~self._where(mask, exclude, every=False)
        return mask

    def _where(self, mask: int, keys: Keys, *, every: bool) -> int:
        """The lines of `mask` that keep within the bounds: within each of them, or within any."""
        found = 0
        for i in self.indexes(mask):
            held = self._bounds(self.lines[i], keys)
            if all(held) if every else any(held):
                found |= 1 << i
        return found

    def _bounds(self, line: Line, keys: Keys) -> Iterable[bool]:
        if keys.min_unit_price is not None:
            yield line.unit_price >= keys.min_unit_price
        if keys.max_unit_price is not None:
            yield line.unit_price <= keys.max_unit_price
        if keys.max_days_to_expiry is not None:
            expires_on = line.expires_on
            yield expires_on is not None and (expires_on - self.now.date()).days <= keys.max_days_to_expiry


def _union(masks: dict[str, int], values: frozenset[str]) -> int:
    found = 0
    for value in masks.keys() & values:
        found |= masks[value]
    return found


def reopened(state: State, everything: int) -> State:
    """The state as the next lane sees it: what was consumed is free again."""
    lines = [LineState(merged(line.free, line.used), ()) if line.used else line for line in state.lines]
    return State(lines, everything)


def merged(one: Runs, other: Runs) -> Runs:
    """Two run lists as one, equal amounts joined."""
    if not one:
        return other
    if not other:
        return one
    counts = dict(one)
    for amount, count in other:
        counts[amount] = counts.get(amount, 0) + count
    return tuple(sorted(counts.items(), reverse=True))


def lowered(state: State, offs: list[Off], *, consume: bool) -> dict[int, LineState]:
    """The lines that unit discounts change; `consume` takes the units that they name out of this lane."""
    changes: dict[int, LineState] = {}
    place, end = 0, len(offs)
    while place < end:
        line, amount, count, off = offs[place]
        place += 1
        free, used = state.lines[line]
        if len(free) == 1 and free[0][1] == count:  # all there is in the line
            left: Runs = ()
            changed: Runs = ((amount - off, count),)
        else:
            counts = dict(free)
            after: dict[int, int] = {}
            while True:
                counts[amount] -= count
                after[amount - off] = after.get(amount - off, 0) + count
                if place == end or offs[place][0] != line:
                    break
                _, amount, count, off = offs[place]
                place += 1
            left = tuple([run for run in counts.items() if run[1]])
            changed = tuple(sorted(after.items(), reverse=True)) if len(after) > 1 else tuple(after.items())
        changes[line] = LineState(left, merged(used, changed)) if consume else LineState(merged(left, changed), used)
    return changes
