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
    ],
)  # fmt: skip
def test_the_next_step_of_what_already_applies_is_a_nudge(reward: Doc, nudge: tuple[str, int, int, int]) -> None:
    (found,) = nudges(facts("A x3 @500"), {"id": "p", "lane": "order", "then": [reward]})

    assert (found.fact, found.missing, found.saves, found.gifts) == nudge


def test_steps_that_times_per_order_has_used_up_are_no_nudge() -> None:
    every = amount("p", 100, every=1000, max_times=1)

    assert nudges(facts("A @1500"), every) == []


def test_goods_that_are_discounted_themselves_still_reach_the_threshold() -> None:
    (found,) = nudges(facts("A @2000"), percent("half", 5000), amount("p", 300, when=from_subtotal(1500)))

    assert (found.promotion, found.missing, found.saves) == ("p", 500, 300)
