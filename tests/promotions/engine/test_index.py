"""Which promotions a cart brings up: all that could apply, and few that lack something that the cart would need."""

from typing import Any

import pytest
from promotions.engine import Ruleset
from promotions.engine.cart import Cart
from promotions.engine.facts import parse_facts
from promotions.engine.index import Index

from tests.promotions.engine.builders import amount, facts

Doc = dict[str, Any]
LINE: Doc = {"product": "tea", "brand": "Oak", "tags": ["new"], "categories": ["drinks"]}


def found(promotion: Doc, cart: Doc, *, listing: bool = False) -> bool:
    index = Index(Ruleset.compile([promotion]).promotions, listing=listing)
    return index.candidates(Cart(parse_facts(cart))) == [0]


def leaf(fact: str, op: str, value: Any, **others: Any) -> Doc:
    return {"fact": fact, "op": op, "value": value} | others


def each(*parts: Doc) -> Doc:
    return {"all": list(parts)}


def when(fact: str, op: str, value: Any, **others: Any) -> Doc:
    return amount("p", 1, when=leaf(fact, op, value, **others))


def member(**others: Any) -> Doc:
    return facts("A @1000", member={"id": "m"} | others)


PLAIN = facts("A @1000")


@pytest.mark.parametrize(
    ("promotion", "cart"),
    [
        (amount("p", 1, coupon={"codes": ["X", "Y"]}), facts("A @1000", coupons=["Y", "Z"])),
        (amount("p", 1, scope={"skus": ["B", "A"]}), PLAIN),
        (amount("p", 1, scope={"products": ["tea"]}), facts("A @1000", {"A": LINE})),
        (amount("p", 1, scope={"brands": ["Oak"]}), facts("A @1000", {"A": LINE})),
        (amount("p", 1, scope={"tags": ["new"]}), facts("A @1000", {"A": LINE})),
        (amount("p", 1, scope={"categories": ["drinks"]}), facts("A @1000", {"A": LINE})),
        (when("channel_ref", "eq", "room"), facts("A @1000", channel_ref="room")),
        (when("channel_ref", "in", ["room", "hall"]), facts("A @1000", channel_ref="hall")),
        (when("location", "eq", "main"), facts("A @1000", location="main")),
        (when("channel", "eq", "online"), PLAIN),
        (when("channel", "in", ["pos", "online"]), PLAIN),
        (when("member.tier", "eq", "gold"), member(tier="gold")),
        (when("member.tags", "any_of", ["vip", "new"]), member(tags=["new"])),
        (when("member.tags", "all_of", ["vip", "new"]), member(tags=["vip", "new"])),
        (when("member.segments", "any_of", ["s"]), member(segments=["s"])),
        (when("subtotal", "gte", 1000), PLAIN),
        (when("subtotal", "gt", 999), PLAIN),
        (when("subtotal", "eq", 1000), PLAIN),
        (when("subtotal", "gte", 1), facts("A @1")),
        (when("quantity", "gte", 1, scope={"skus": ["A"]}), PLAIN),
        (when("quantity", "gt", 0, scope={"skus": ["A"]}), PLAIN),
        (when("distinct_skus", "eq", 1, scope={"skus": ["A"]}), PLAIN),
    ],
)
def test_a_cart_brings_up_what_it_has_all_for(promotion: Doc, cart: Doc) -> None:
    assert found(promotion, cart)
    assert found(promotion, cart, listing=True)


@pytest.mark.parametrize(
    ("promotion", "cart"),
    [
        (amount("p", 1, coupon={"codes": ["X", "Y"]}), facts("A @1000", coupons=["Z"])),
        (amount("p", 1, scope={"skus": ["B", "C"]}), PLAIN),
        (amount("p", 1, scope={"products": ["cup"]}), facts("A @1000", {"A": LINE})),
        (amount("p", 1, scope={"products": ["A"]}), PLAIN),
        (amount("p", 1, scope={"brands": ["Elm"]}), facts("A @1000", {"A": LINE})),
        (amount("p", 1, scope={"tags": ["old"]}), facts("A @1000", {"A": LINE})),
        (amount("p", 1, scope={"categories": ["food"]}), facts("A @1000", {"A": LINE})),
        (when("channel_ref", "eq", "room"), PLAIN),
        (when("channel_ref", "in", ["room", "hall"]), facts("A @1000", channel_ref="yard")),
        (when("location", "eq", "main"), PLAIN),
        (when("location", "in", ["main", "side"]), facts("A @1000", location="other")),
        (when("channel", "eq", "pos"), PLAIN),
        (when("channel", "in", ["pos", "livestream"]), PLAIN),
        (when("member.tier", "eq", "gold"), PLAIN),
        (when("member.tier", "in", ["gold", "silver"]), member()),
        (when("member.tier", "in", ["gold", "silver"]), member(tier="bronze")),
        (when("member.tags", "any_of", ["vip"]), PLAIN),
        (when("member.tags", "any_of", ["vip"]), member(tags=["old"])),
        (when("member.tags", "all_of", ["vip", "new"]), member(tags=["old"])),
        (when("member.segments", "any_of", ["s"]), member(tags=["s"])),
    ],
)
def test_a_cart_does_not_bring_up_what_it_lacks_something_for(promotion: Doc, cart: Doc) -> None:
    assert not found(promotion, cart)
    assert not found(promotion, cart, listing=True)


@pytest.mark.parametrize(
    "promotion",
    [
        when("subtotal", "gte", 1001),
        when("subtotal", "gt", 1000),
        when("subtotal", "eq", 1001),
        amount("p", 1, when=each(leaf("quantity", "gte", 1), leaf("subtotal", "gte", 2000))),
        when("subtotal", "gte", 2000, scope={"min_unit_price": 5}),
        when("quantity", "gte", 1, scope={"skus": ["B"]}),
        when("quantity", "gt", 0, scope={"skus": ["B"]}),
        when("distinct_skus", "eq", 1, scope={"categories": ["food"]}),
    ],
)
def test_a_threshold_on_the_cart_counts_in_a_cart_and_not_in_a_listing(promotion: Doc) -> None:
    assert not found(promotion, PLAIN)
    assert found(promotion, PLAIN, listing=True)


@pytest.mark.parametrize(
    "promotion",
    [
        amount("p", 1),
        amount("p", 1, scope={"min_unit_price": 9999}),
        when("subtotal", "lte", 5),
        when("subtotal", "gte", 0),
        when("quantity", "gte", 5),
        when("quantity", "gte", 0, scope={"skus": ["B"]}),
        when("quantity", "lt", 5, scope={"skus": ["B"]}),
        when("channel", "not_in", ["online"]),
        when("member.tags", "none_of", ["vip"]),
        when("member.orders", "gte", 5),
        amount("p", 1, when={"any": [leaf("channel", "eq", "pos"), leaf("location", "eq", "main")]}),
        amount("p", 1, when={"not": leaf("channel", "eq", "online")}),
        {"id": "p", "lane": "item", "then": [
            {"type": "amount_off", "amount": 1, "scope": {"skus": ["B"]}}, {"type": "amount_off", "amount": 1}]},
        {"id": "p", "lane": "item", "then": [
            {"type": "amount_off", "amount": 1, "scope": {"skus": ["B"]}},
            {"type": "amount_off", "amount": 1, "scope": {"tags": ["x"]}}]},
    ],
)  # fmt: skip
def test_what_asks_for_nothing_that_can_be_looked_up_is_always_brought_up(promotion: Doc) -> None:
    assert found(promotion, PLAIN)
    assert found(promotion, PLAIN, listing=True)


@pytest.mark.parametrize(
    ("promotion", "cart", "brought_up"),
    [
        # The rarer kind decides: the code, not the SKU; the SKU, not the category.
        (amount("p", 1, coupon={"codes": ["X"]}, scope={"skus": ["A"]}), PLAIN, False),
        (amount("p", 1, coupon={"codes": ["X"]}, scope={"skus": ["B"]}), facts("A @1000", coupons=["X"]), True),
        (amount("p", 1, scope={"skus": ["B"], "categories": ["drinks"]}), facts("A @1000", {"A": LINE}), False),
        (amount("p", 1, scope={"skus": ["A"], "categories": ["food"]}), facts("A @1000", {"A": LINE}), True),
        (
            amount("p", 1, when=each(leaf("channel", "eq", "online"), leaf("location", "eq", "main"))),
            PLAIN,
            False,
        ),
        (
            amount("p", 1, when=each(leaf("channel", "eq", "pos"), leaf("location", "eq", "main"))),
            facts("A @1000", location="main"),
            True,
        ),
        (
            amount("p", 1, when=each(leaf("channel", "eq", "pos"), leaf("subtotal", "gte", 5000))),
            PLAIN,
            False,
        ),
        # A gift beside money does not decide where to look.
        (
            {"id": "p", "lane": "item", "then": [
                {"type": "amount_off", "amount": 1, "scope": {"skus": ["A"]}},
                {"type": "gift", "sku": "G", "quantity": 1, "scope": {"skus": ["B"]}}]},
            PLAIN,
            True,
        ),
        # Of a bundle one part is enough to look for, the one that is the rarer.
        (
            {"id": "p", "lane": "item", "then": [{"type": "bundle_price", "price": 1, "items": [
                {"quantity": 1}, {"quantity": 1, "scope": {"skus": ["B"]}}]}]},
            PLAIN,
            False,
        ),
    ],
)  # fmt: skip
def test_of_all_that_is_asked_for_the_rarest_kind_decides(promotion: Doc, cart: Doc, brought_up: bool) -> None:
    assert found(promotion, cart) is brought_up


def test_a_cart_that_costs_nothing_brings_up_what_asks_for_nothing() -> None:
    free = facts("A @0")

    assert not found(when("subtotal", "gte", 1), free)
    assert found(when("subtotal", "gte", 0), free)
    assert found(when("member.orders", "gte", 1), free)
    assert found(amount("p", 1), facts(""))


def test_candidates_come_by_rank_each_once() -> None:
    rules = Ruleset.compile(
        [
            amount("a", 1, scope={"skus": ["A", "B"]}),
            amount("b", 1),
            amount("c", 1, when=leaf("subtotal", "gte", 1000)),
            amount("d", 1, when=leaf("subtotal", "gte", 3001)),
            amount("e", 1, when=leaf("subtotal", "gte", 3000), priority=1),
            amount("f", 1, coupon={"codes": ["X"]}),
        ]
    )
    index = Index(rules.promotions)

    places = index.candidates(Cart(parse_facts(facts("A @1000, B @2000"))))

    assert [rules.promotions[place].id for place in places] == ["e", "a", "b", "c"]


@pytest.mark.parametrize(
    ("now", "brought_up"),
    [
        ("2026-11-21T18:29:59.999999+08:00", False),
        ("2026-11-21T18:30:00+08:00", True),
        ("2027-01-01T00:00:00+08:00", True),
    ],
)
def test_what_has_not_begun_is_not_brought_up(now: str, brought_up: bool) -> None:
    promotion = amount("p", 1, schedule={"from": "2026-11-21T18:30:00+08:00"})

    assert found(promotion, facts("A @1000", now=now)) is brought_up
    assert found(promotion, facts("A @1000", now=now), listing=True) is brought_up
