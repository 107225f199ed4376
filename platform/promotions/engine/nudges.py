"""Nudges: the next thresholds within reach ("再买 ¥12.00 减 ¥30"), each tried out before it is promised."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from promotions.engine.cart import Cart
from promotions.engine.conditions import Gap
from promotions.engine.facts import Facts, Line
from promotions.engine.quote import Quote
from promotions.engine.scope import Scope

TRIES = 12  # thresholds tried out, the cheapest first


class Nudge(NamedTuple):
    """A threshold that a little more in the cart would reach.

    `missing` is in the unit of `fact` (`subtotal` in minor units, else a count) and `cost` what that comes to at the
    cart's prices. Reached, the promotion takes off `saves` more, or gives `gifts` more.
    """

    promotion: str
    name: str | None
    fact: str
    missing: int
    cost: int
    saves: int
    gifts: int

    def to_json(self) -> dict[str, Any]:
        return self._asdict()


def find_nudges(
    facts: Facts,
    quote: Quote,
    *,
    gaps: Mapping[str, Gap],
    names: Mapping[str, str | None],
    price: Callable[[Facts], Quote],
    most: int,
) -> list[Nudge]:
    """At most so many nudges, the cheapest first. A promotion that would not apply even then, such as one that
    another beats, is no nudge.
    """
    cart = Cart(facts)
    tries: list[tuple[int, str, Gap]] = []
    for promotion, gap in gaps.items():
        more = _more(cart, gap)
        if more:
            tries.append((sum(line.quantity * line.unit_price for line in more), promotion, gap))
    tries.sort(key=lambda one: one[:2])
    found: list[Nudge] = []
    for cost, promotion, gap in tries[:TRIES]:
        # What is added may be discounted too, and then it takes a little more of it.
        for more in (_more(cart, gap), _more(cart, gap, twice=gap.fact == "subtotal")):
            lines = tuple(sorted((*facts.lines, *more), key=lambda line: line.id))
            then = price(facts._replace(lines=lines))
            if any(applied.promotion == promotion for applied in then.applied):
                break
        saves = _amount(then, promotion) - _amount(quote, promotion)
        gifts = _gifts(then, promotion) - _gifts(quote, promotion)
        if (saves > 0 and then.discount > quote.discount) or gifts > 0:
            found.append(Nudge(promotion, names[promotion], gap.fact, gap.missing, cost, saves, gifts))
            if len(found) == most:
                break
    return found


def _more(cart: Cart, gap: Gap, *, twice: bool = False) -> tuple[Line, ...]:
    """Goods like those in the cart that close the gap; none where only others could."""
    if gap.scope is None:
        return ()
    like = _like(cart, gap.scope)
    if like is None:
        return ()
    new_id = max(line.id for line in cart.lines) + "+"
    if gap.fact == "subtotal":
        price = gap.missing * 2 if twice else gap.missing
        return (like._replace(id=new_id, quantity=1, unit_price=price, unit_cost=None, member_price=None),)
    if gap.fact == "quantity":
        return (like._replace(id=new_id, quantity=gap.missing),)
    if gap.fact == "distinct_skus" and gap.missing <= TRIES:
        return tuple(like._replace(id=f"{new_id}{n}", sku=f"{new_id}{n}", quantity=1) for n in range(gap.missing))
    return ()


def _like(cart: Cart, scope: Scope) -> Line | None:
    """The cheapest line in scope that costs anything."""
    lines = [cart.lines[place] for place in cart.indexes(cart.mask(scope))]
    return min((line for line in lines if line.unit_price), key=lambda line: line.unit_price, default=None)


def _amount(quote: Quote, promotion: str) -> int:
    return sum(applied.amount for applied in quote.applied if applied.promotion == promotion)


def _gifts(quote: Quote, promotion: str) -> int:
    return sum(gift["quantity"] for gift in quote.gifts if gift["promotion"] == promotion)
