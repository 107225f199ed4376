"""Nudges: the next thresholds within reach."""

from typing import Any

import pytest
from promotions.engine import Nudge, Ruleset

from tests.promotions.engine.builders import amount, facts, percent

Doc = dict[str, Any]


def from_subtotal(value: int, **others: Any) -> Doc:
    return {"fact": "subtotal", "op": "gte", "value": value} | others


def nudges(cart: Doc, *promotions: Doc, policy: Doc | None = None) -> list[Nudge]:
    return Ruleset.compile(list(promotions), policy).nudges(cart)


def test_a_threshold_within_reach_says_what_is_missing_and_what_it_saves() -> None:
    promotion = amount("p", 3000, name="满200减30", when=from_subtotal(20_000))

    assert nudges(facts("A @18800"), promotion) == [Nudge("p", "满200减30", "subtotal", 1200, 1200, 3000, 0)]


def test_a_combined_condition_with_one_number_missing_is_a_nudge_and_with_two_is_none() -> None:
    when = {"all": [{"fact": "channel", "op": "eq", "value": "online"}, from_subtotal(20_000),
                    {"fact": "quantity", "op": "gte", "value": 2}]}  # fmt: skip

    assert [one.missing for one in nudges(facts("A x2 @9000"), amount("p", 3000, when=when))] == [2000]
    assert nudges(facts("A @18000"), amount("p", 3000, when=when)) == []


def test_the_cheapest_comes_first_and_counts_are_weighed_at_the_price_of_the_cheapest_goods() -> None:
    found = nudges(
        facts("A @500, B @9000"),
        amount("far", 100, when=from_subtotal(12_000)),
        percent("near", 1000, "item", when={"fact": "quantity", "op": "gte", "value": 4}),
    )

    assert [(one.promotion, one.missing, one.cost) for one in found] == [("near", 2, 1000), ("far", 2500, 2500)]


def test_what_would_not_apply_even_then_is_no_nudge() -> None:
    better = amount("better", 5000)
    worse = amount("worse", 3000, when=from_subtotal(20_000))

    assert nudges(facts("A @19000"), better, worse) == []


def test_what_money_in_the_cart_cannot_bring_is_no_nudge() -> None:
    orders = amount("p", 100, when={"fact": "member.orders", "op": "gte", "value": 5})
    elsewhere = amount("q", 100, when=from_subtotal(500, scope={"skus": ["B"]}))

    assert nudges(facts("A @100", member={"id": "m", "orders": 4}), orders, elsewhere) == []
    assert nudges(facts(""), amount("r", 100, when=from_subtotal(500))) == []


@pytest.mark.parametrize(
    ("reward", "nudge"),
    [
        (
            {"type": "tiers", "measure": "subtotal", "steps": [{"at": 1000, "amount_off": 50},
                                                              {"at": 2000, "amount_off": 200}]},
            ("subtotal", 500, 150, 0),
        ),
        ({"type": "amount_off", "amount": 100, "every": 1000}, ("subtotal", 500, 100, 0)),
        ({"type": "gift", "sku": "G", "quantity": 1, "every_quantity": 2}, ("quantity", 1, 0, 1)),
        ({"type": "gift", "sku": "G", "quantity": 3, "every_amount": 1000}, ("subtotal", 500, 0, 3)),
    ],
)  # fmt: skip
def test_the_next_step_of_what_already_applies_is_a_nudge(reward: Doc, nudge: tuple[str, int, int, int]) -> None:
    (found,) = nudges(facts("A x3 @500"), {"id": "p", "lane": "order", "then": [reward]})

    assert (found.fact, found.missing, found.saves, found.gifts) == nudge


@pytest.mark.parametrize(
    ("reward", "nudge"),
    [
        ({"type": "amount_off", "amount": 100, "every": 2000}, ("subtotal", 500, 500, 100, 0)),
        (
            {"type": "tiers", "measure": "quantity", "steps": [{"at": 5, "amount_off": 70}]},
            ("quantity", 2, 1000, 70, 0),
        ),
        (
            {"type": "tiers", "measure": "quantity", "group_by": "sku", "steps": [{"at": 4, "amount_off": 70}]},
            ("quantity", 1, 500, 70, 0),
        ),
        ({"type": "gift", "sku": "G", "quantity": 2, "every_amount": 1600}, ("subtotal", 100, 100, 0, 2)),
    ],
)
def test_the_first_step_is_a_nudge(reward: Doc, nudge: tuple[str, int, int, int, int]) -> None:
    (found,) = nudges(facts("A x3 @500"), {"id": "p", "lane": "order", "then": [reward]})

    assert (found.fact, found.missing, found.cost, found.saves, found.gifts) == nudge


def test_a_step_that_is_reached_to_the_fen_is_not_the_next() -> None:
    steps = [{"at": 1500, "amount_off": 50}, {"at": 2000, "amount_off": 200}]
    tiers = {"type": "tiers", "measure": "subtotal", "steps": steps}

    (found,) = nudges(facts("A x3 @500"), {"id": "p", "lane": "order", "then": [tiers]})

    assert (found.missing, found.saves) == (500, 150)


def test_above_the_last_step_there_is_no_nudge() -> None:
    tiers = {"type": "tiers", "measure": "subtotal", "steps": [{"at": 1500, "amount_off": 50}]}

    assert nudges(facts("A x3 @500"), {"id": "p", "lane": "order", "then": [tiers]}) == []


def test_steps_that_times_per_order_has_used_up_are_no_nudge() -> None:
    every = amount("p", 100, every=1000, max_times=1)

    assert nudges(facts("A @1500"), every) == []


def test_goods_that_are_discounted_themselves_still_reach_the_threshold() -> None:
    (found,) = nudges(facts("A @2000"), percent("half", 5000), amount("p", 300, when=from_subtotal(1500)))

    assert (found.promotion, found.missing, found.saves) == ("p", 500, 300)


def test_what_only_the_added_goods_would_save_is_no_nudge() -> None:
    rules = (percent("all", 1000), amount("better", 5000), amount("worse", 3000, when=from_subtotal(20_000)))

    assert nudges(facts("A @19000"), *rules) == []


def test_what_only_takes_the_place_of_another_of_the_same_worth_is_no_nudge() -> None:
    better = amount("same", 3000, priority=1, when=from_subtotal(20_000))

    assert nudges(facts("A @19000"), amount("p", 3000), better) == []


def test_a_saving_of_one_fen_is_a_nudge() -> None:
    assert nudges(facts("A @900"), amount("p", 1, when=from_subtotal(1000))) == [
        Nudge("p", None, "subtotal", 100, 100, 1, 0)
    ]


def test_there_are_three_nudges_or_as_many_as_asked_for() -> None:
    rules = Ruleset.compile(
        [amount(f"p{at}", at // 10, "item", when=from_subtotal(at)) for at in (2000, 3000, 4000, 5000)],
        {"lanes": [{"lane": "item", "mode": "stack"}]},
    )
    cart = facts("A @1000")

    assert [one.promotion for one in rules.nudges(cart)] == ["p2000", "p3000", "p4000"]
    assert [one.promotion for one in rules.nudges(cart, most=1)] == ["p2000"]
    assert [one.promotion for one in rules.nudges(cart, most=9)] == ["p2000", "p3000", "p4000", "p5000"]


def test_twice_the_money_is_tried_where_what_is_added_is_discounted_itself() -> None:
    tenth = percent("tenth", 1000, "order", when=from_subtotal(1500))

    assert nudges(facts("A @2000"), percent("half", 5000), tenth) == [
        Nudge("tenth", None, "subtotal", 500, 500, 150, 0)
    ]


def test_what_is_added_has_neither_the_cost_nor_the_member_price_of_what_it_is_like() -> None:
    floored = amount("p", 300, floor_margin_bp=0, when=from_subtotal(1100))
    for_members = {"id": "m", "lane": "price", "then": [{"type": "member_price"}]}

    assert [one.saves for one in nudges(facts("A @1000", {"A": {"unit_cost": 700}}), floored)] == [300]
    assert nudges(
        facts("A @1000", {"A": {"member_price": 100}}, member={"id": "m"}),
        for_members,
        amount("p", 50, when=from_subtotal(1000)),
    ) == [Nudge("p", None, "subtotal", 900, 900, 50, 0)]


def test_different_goods_are_weighed_at_the_price_of_the_cheapest_one_each() -> None:
    promotion = percent("p", 1000, "order", when={"fact": "distinct_skus", "op": "gte", "value": 4})

    assert nudges(facts("A x3 @9000, B x3 @500"), promotion) == [Nudge("p", None, "distinct_skus", 2, 1000, 2950, 0)]


@pytest.mark.parametrize(("skus", "found"), [(13, [12]), (14, [])])
def test_up_to_twelve_different_goods_are_within_reach(skus: int, found: list[int]) -> None:
    promotion = amount("p", 100, when={"fact": "distinct_skus", "op": "gte", "value": skus})

    assert [one.missing for one in nudges(facts("A @500"), promotion)] == found


def test_goods_that_cost_nothing_bring_no_threshold_nearer() -> None:
    many = amount("p", 100, when={"fact": "quantity", "op": "gte", "value": 3})

    assert nudges(facts("A @0"), many) == []
    assert [one.cost for one in nudges(facts("A @0, B @900"), many)] == [900]


def test_a_nudge_as_a_document() -> None:
    (found,) = nudges(facts("A @900"), amount("p", 1, name="P", when=from_subtotal(1000)))

    assert found.to_json() == {
        "promotion": "p",
        "name": "P",
        "fact": "subtotal",
        "missing": 100,
        "cost": 100,
        "saves": 1,
        "gifts": 0,
    }
