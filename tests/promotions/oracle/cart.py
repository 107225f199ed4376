"""The cart, every unit by itself."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Unit:
    """One piece of a line. `index` is its place among all units of the cart."""

    index: int
    line: Json
    initial: int

    @property
    def line_id(self) -> str:
        """The id of its line."""
        return str(self.line["id"])

    @property
    def product(self) -> tuple[str, str]:
        """What groups by product: a line without one counts by its SKU, whatever products may be called."""
        product = self.line.get("product")
        return ("sku", self.line["sku"]) if product is None else ("product", product)


@dataclass(frozen=True)
class State:
    """What is left at a moment: unit amounts, free units, the shipping fee and the budget of the cap (None: no cap)."""

    amounts: tuple[int, ...]
    free: tuple[bool, ...]
    shipping: int
    budget: int | None

    def with_all_free(self) -> "State":
        """As a lane starts."""
        return replace(self, free=(True,) * len(self.free))

    def without_cap(self) -> "State":
        """As `best` compares."""
        return replace(self, budget=None)


class Cart:
    """The facts, with their units and their date."""

    def __init__(self, facts: Json) -> None:
        self.facts = facts
        self.now = datetime.fromisoformat(facts["now"])
        self.today: date = self.now.date()
        self.member: Json | None = facts.get("member")
        self.lines: list[Json] = sorted(facts["lines"], key=lambda line: str(line["id"]))
        self.units: list[Unit] = []
        for line in self.lines:
            for _ in range(line["quantity"]):
                self.units.append(Unit(len(self.units), line, line["unit_price"]))

    def usage(self, promotion_id: str, counter: str) -> int:
        """What the promotion has given already: uses by the `member`, uses in `total`, or the `discount`."""
        return int((self.facts.get("usage") or {}).get(promotion_id, {}).get(counter, 0))

    def days_to_expiry(self, line: Json) -> int | None:
        """Days from today to the date of the batch, negative once past; None without a date."""
        if line.get("expires_on") is None:
            return None
        return (date.fromisoformat(line["expires_on"]) - self.today).days

    def start(self, budget: int | None) -> State:
        """Before any discount."""
        amounts = tuple(unit.initial for unit in self.units)
        return State(amounts, (True,) * len(amounts), self.facts.get("shipping") or 0, budget)

    def in_scope(self, unit: Unit, scope: Json, state: State) -> bool:
        """Whether the unit is one of those that the scope means; free or not."""
        for key, wanted in scope.items():
            if key == "exclude":
                if any(self._matches(unit, out, value, state) for out, value in wanted.items()):
                    return False
            elif not self._matches(unit, key, wanted, state):
                return False
        return True

    def _matches(self, unit: Unit, key: str, wanted: Any, state: State) -> bool:
        line = unit.line
        found = False
        match key:
            case "categories" | "tags":
                found = any(value in wanted for value in line.get(key) or [])
            case "products":
                found = line.get("product") in wanted
            case "skus":
                found = line["sku"] in wanted
            case "brands":
                found = line.get("brand") in wanted
            case "max_days_to_expiry":
                days = self.days_to_expiry(line)
                found = days is not None and days <= wanted
            case "min_unit_price":
                found = line["unit_price"] >= wanted
            case "max_unit_price":
                found = line["unit_price"] <= wanted
            case "undiscounted":
                found = state.amounts[unit.index] == unit.initial
            case _:
                raise AssertionError(f"no such scope key: {key}")
        return found

    def all_in(self, scope: Json, state: State) -> list[Unit]:
        """Every unit in scope, consumed or not."""
        return [unit for unit in self.units if self.in_scope(unit, scope, state)]

    def free_in(self, scope: Json, state: State) -> list[Unit]:
        """The units in scope that are still free, dearest first."""
        return dearest_first([unit for unit in self.all_in(scope, state) if state.free[unit.index]], state)


def dearest_first(units: list[Unit], state: State) -> list[Unit]:
    """By current amount, falling, then line id."""
    return sorted(units, key=lambda unit: (-state.amounts[unit.index], unit.line_id))


def worth(units: list[Unit], state: State) -> int:
    """The current amounts together."""
    return sum(state.amounts[unit.index] for unit in units)
