"""Badges: what a listing shows beside one variant."""

from datetime import datetime
from typing import Any

import pytest
from promotions.engine import Badge, InvalidInput, Ruleset

from tests.promotions.engine.builders import NOW, amount, facts, percent

Doc = dict[str, Any]
TEA = {"id": "v", "sku": "TEA", "product": "tea", "categories": ["drinks"], "quantity": 1, "unit_price": 2500}


def badges(promotions: list[Doc], line: Doc = TEA, channel: str = "online", **others: Any) -> list[Badge]:
    now = datetime.fromisoformat(others.pop("now", NOW))
    return Ruleset.compile(promotions, others.pop("policy", None)).badges(
        line, now=now, channel=channel, currency="CNY", **others
    )


def ids(found: list[Badge]) -> list[str]:
    return [badge.promotion for badge in found]


def test_a_price_promotion_gives_the_price_that_the_cart_has() -> None:
    rules = [percent("p", 1250, name="八七五折", scope={"skus": ["TEA"]})]

    assert badges(rules) == [Badge("p", "八七五折", "price", 2187)]
    assert Ruleset.compile(rules).price(facts("TEA x3 @2500")).lines[0].final == 3 * 2187


def test_of_two_price_promotions_only_the_one_that_wins_is_shown() -> None:
    assert badges([percent("a", 1000), percent("b", 2000)]) == [Badge("b", None, "price", 2000)]


def test_stacked_price_promotions_all_carry_the_price_that_they_come_to() -> None:
    policy = {"lanes": [{"lane": "price", "mode": "stack"}]}

    assert badges([percent("a", 1000), percent("b", 2000)], policy=policy) == [
        Badge("a", None, "price", 1800),
        Badge("b", None, "price", 1800),
    ]


def test_a_threshold_on_the_cart_is_shown_without_a_price() -> None:
    rules = [amount("满200减30", 3000, when={"fact": "subtotal", "op": "gte", "value": 20000})]

    assert badges(rules) == [Badge("满200减30", None, "order", None)]


def test_a_threshold_on_other_goods_is_shown_too() -> None:
    rules = [amount("o", 3000, when={"fact": "quantity", "op": "gte", "value": 1, "scope": {"skus": ["CUP"]}})]

    assert ids(badges(rules)) == ["o"]


def test_tiers_that_a_single_unit_does_not_reach_are_shown_without_a_price() -> None:
    steps = [{"at": 3, "percent_bp": 2000}]
    rules = [{"id": "t", "lane": "price", "then": [{"type": "tiers", "measure": "quantity", "steps": steps}]}]

    assert badges(rules) == [Badge("t", None, "price", None)]


@pytest.mark.parametrize(
    "hidden",
    [
        percent("x", 1000, scope={"skus": ["CUP"]}),
        percent("x", 1000, coupon={"codes": ["C"]}),
        percent("x", 1000, schedule={"until": "2026-01-01T00:00:00Z"}),
        percent("x", 1000, schedule={"hours": [["09:00", "10:00"]]}),
        percent("x", 1000, when={"fact": "channel", "op": "eq", "value": "pos"}),
        percent("x", 1000, when={"fact": "member.tier", "op": "eq", "value": "gold"}),
        percent("x", 1000, when={"not": {"fact": "member.present", "op": "eq", "value": False}}),
        percent("x", 1000, limits={"per_member": 1}),
    ],
)
def test_what_does_not_concern_a_guest_and_this_variant_is_not_shown(hidden: Doc) -> None:
    assert badges([hidden, percent("shown", 500)]) == [Badge("shown", None, "price", 2375)]


def test_a_promotion_of_the_channel_is_shown_there() -> None:
    rules = [percent("x", 1000, when={"fact": "channel", "op": "eq", "value": "pos"})]

    assert badges(rules, channel="pos") == [Badge("x", None, "price", 2250)]


def test_what_is_used_up_is_not_shown_when_usage_is_given() -> None:
    rules = [percent("x", 1000, limits={"total": 5})]

    assert ids(badges(rules)) == ["x"]
    assert badges(rules, usage={"x": {"total": 5}}) == []


def test_an_exclusive_price_promotion_that_gives_more_is_the_price() -> None:
    assert badges([percent("a", 1000), percent("E", 2000, exclusive=True)]) == [Badge("E", None, "price", 2000)]


def test_the_quantity_of_the_line_is_left_aside() -> None:
    rules = [percent("x", 1000)]

    assert badges(rules, line={**TEA, "quantity": 50}) == [Badge("x", None, "price", 2250)]


def test_badges_come_by_rank() -> None:
    rules = [amount("a", 1), amount("b", 1, lane="coupon", priority=5), percent("c", 100, priority=5)]

    assert ids(badges(rules)) == ["b", "c", "a"]


def test_a_faulty_line_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        badges([], line={"id": "v", "quantity": 1, "unit_price": -1})

    assert [(fault.path, fault.code) for fault in caught.value.faults] == [
        ("/line/sku", "MISSING"),
        ("/line/unit_price", "RANGE"),
    ]


def test_faulty_usage_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        badges([percent("x", 1000)], usage={"x": {"total": -1}, "y": 5})

    assert [(fault.path, fault.code) for fault in caught.value.faults] == [
        ("/usage/x/total", "RANGE"),
        ("/usage/y", "TYPE"),
    ]


def test_where_no_promotion_lowers_the_price_none_carries_one() -> None:
    rules = [amount("a", 100), percent("b", 100, "coupon")]

    assert badges(rules) == [Badge("a", None, "order", None), Badge("b", None, "coupon", None)]
