"""Refunds: what is due back when units return, from the quote that they were sold by.

Everything is counted over all returns of the order together: a refund is what is due back for all units returned so
far, less what was paid back before. So the order and the size of the parts do not matter, and the parts never come to
more than was paid.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from promotions.engine.faults import Fault, InvalidInput, Path
from promotions.engine.quote import Quote, QuoteLine
from promotions.engine.ruleset import Ruleset

POLICIES = ("exact", "requalify")


class Refunded(NamedTuple):
    """An earlier refund of the order: units by line id, and the minor units paid back for them."""

    units: Mapping[str, int]
    amount: int


class Refund(NamedTuple):
    """What to pay back now, in minor units; `amount` is `goods` + `shipping`."""

    amount: int
    goods: int
    shipping: int

    def to_json(self) -> dict[str, Any]:
        return self._asdict()


def refund(
    quote: Quote,
    returned: Mapping[str, int],
    policy: str = "exact",
    *,
    earlier: Sequence[Refunded] = (),
    facts: Mapping[str, Any] | None = None,
    rules: Ruleset | None = None,
) -> Refund:
    """What is due back for `returned` (units by line id) after the `earlier` refunds of the same order.

    `exact` gives back the final prices of the units, of a line with several prices the cheapest first. `requalify`
    needs the original `facts` and `rules`: it prices what remains afresh and gives back what was paid for the goods
    less what they come to now, never less than nothing and never more than `exact`. The shipping fee comes back with
    the last unit. Raises `InvalidInput` (paths under `/returned`, `/earlier` and `/policy`), also when more units come
    back than are left, and `ValueError` when `requalify` lacks facts or rules.
    """
    counts = _checked(quote, returned, policy, earlier)
    due = sum(_cheapest(line, counts[line.id]) for line in quote.lines)
    left = {line.id: line.quantity - counts[line.id] for line in quote.lines}
    if policy == "requalify":
        due = min(due, max(0, sum(line.final for line in quote.lines) - _worth(left, facts, rules)))
    shipping = 0 if any(left.values()) else quote.shipping
    amount = max(0, due + shipping - sum(part.amount for part in earlier))
    shipping = min(shipping, amount)
    return Refund(amount, amount - shipping, shipping)


def _cheapest(line: QuoteLine, count: int) -> int:
    """What the `count` cheapest units of a line were sold for."""
    total = 0
    for units in reversed(line.units):
        served = min(count, units.quantity)
        total += served * units.final
        count -= served
    return total


def _worth(left: Mapping[str, int], facts: Mapping[str, Any] | None, rules: Ruleset | None) -> int:
    """What the goods that remain come to by themselves."""
    if facts is None or rules is None:
        raise ValueError("requalify needs the original facts and rules")
    lines = [{**line, "quantity": left[line["id"]]} for line in facts["lines"] if left[line["id"]]]
    quote = rules.price({**facts, "lines": lines})
    return sum(line.final for line in quote.lines)


def _checked(quote: Quote, returned: Mapping[str, int], policy: str, earlier: Sequence[Refunded]) -> dict[str, int]:
    """All units that have come back, now and before, by line."""
    faults: list[Fault] = []
    if policy not in POLICIES:
        faults.append(Fault("/policy", "VALUE", f"must be one of {', '.join(POLICIES)}"))
    left = {line.id: line.quantity for line in quote.lines}
    parts: list[tuple[Path, Mapping[str, int]]] = []
    for number, part in enumerate(earlier):
        place = Path(Path(None, "earlier"), number)
        if type(part.amount) is not int or part.amount < 0:
            faults.append(Fault(str(Path(place, "amount")), "RANGE", "must be a whole number, 0 or more"))
        parts.append((Path(place, "units"), part.units))
    for place, units in (*parts, (Path(None, "returned"), returned)):
        for line, count in units.items():
            if line not in left:
                faults.append(Fault(str(Path(place, line)), "VALUE", "the quote has no such line"))
            elif type(count) is not int or count < 1:
                faults.append(Fault(str(Path(place, line)), "RANGE", "must be a whole number, 1 or more"))
            elif count > left[line]:
                faults.append(Fault(str(Path(place, line)), "RANGE", f"only {left[line]} are left to return"))
            else:
                left[line] -= count
    if faults:
        raise InvalidInput(faults)
    return {line.id: line.quantity - left[line.id] for line in quote.lines}
