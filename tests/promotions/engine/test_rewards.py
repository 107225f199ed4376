"""Rewards that take groups, give units a price of their own, act on shipping or give something besides money."""

from typing import Any

import pytest
from promotions.engine import Ruleset

from tests.promotions.engine.builders import facts, unit_finals

Doc = dict[str, Any]
PERKS = {"type": "points_multiplier", "times_bp": 20_000}


def rule(promotion_id: str, *then: Doc, lane: str = "item", **others: Any) -> Doc:
    return {"id": promotion_id, "lane": lane, "then": list(then)} | others


def priced(cart: Doc, *promotions: Doc, policy: Doc | None = None) -> Doc:
    rules = Ruleset.compile(list(promotions), policy)
    explained = rules.price(cart, explain=True).to_json()
    assert rules.price(cart).to_json() == {**explained, "skipped": None}
    return explained


def offs(quote: Doc) -> dict[str, int]:
    return {entry["promotion"]: entry["amount"] for entry in quote["applied"]}


def why(quote: Doc) -> dict[str, Any]:
    return {entry["promotion"]: entry.get("gap") or entry["reason"] for entry in quote["skipped"]}


def skus(*values: str) -> Doc:
    return {"skus": list(values)}


def nth(group_by: str = "scope", **keys: Any) -> Doc:
    return {"type": "nth_unit", "n": 2, "percent_bp": 5000, "group_by": group_by} | keys


def buy_get(buy: Doc, get: Doc, **keys: Any) -> Doc:
    return {"type": "buy_get", "buy": {"quantity": 1} | buy, "get": {"quantity": 1, "percent_bp": 10_000} | get} | keys


def any_n(quantity: int, price: int, **keys: Any) -> Doc:
    return {"type": "any_n_price", "quantity": quantity, "price": price} | keys


def bundle(price: int, *items: Doc, **keys: Any) -> Doc:
    return {"type": "bundle_price", "price": price, "items": [{"quantity": 1} | item for item in items]} | keys


def gift(**keys: Any) -> Doc:
    return {"type": "gift", "sku": "MUG", "quantity": 1} | keys


@pytest.mark.parametrize(
    ("cart", "reward", "units"),
    [
        ("A @3000, B @2000, C @1000", nth(), {"A": [3000], "B": [1000], "C": [1000]}),
        ("A @3000, B @2000, C @1000", nth("sku"), {"A": [3000], "B": [2000], "C": [1000]}),
        ("A x5 @1001", nth(), {"A": [1001, 1001, 1001, 500, 500]}),
        ("A x4 @1000, B x3 @900", nth(n=3), {"A": [1000] * 3 + [500], "B": [900, 900, 450]}),
        ("A x2 @30, B x2 @20", nth("sku", n=1), {"A": [15, 15], "B": [10, 10]}),
        ("A x5 @1000", buy_get({"quantity": 2}, {}), {"A": [1000] * 4 + [0]}),
        ("A x6 @1000", buy_get({"quantity": 2}, {}), {"A": [1000] * 4 + [0, 0]}),
        ("A x6 @1000", buy_get({"quantity": 2}, {}, max_times=1), {"A": [1000] * 5 + [0]}),
        ("A @50, B @90, C @10", buy_get({}, {"scope": skus("B")}), {"A": [50], "B": [0], "C": [10]}),
        ("A @50, B @90", buy_get({"scope": skus("A")}, {}), {"A": [50], "B": [0]}),
        ("A @50, B x3 @90", buy_get({}, {"scope": skus("B"), "percent_bp": 5000}), {"A": [50], "B": [90, 45, 45]}),
        ("A @5000, B @4000, C @3000, D @2000", any_n(3, 9900), {"A": [4125], "B": [3300], "C": [2475], "D": [2000]}),
        ("A x7 @1000", any_n(3, 2000), {"A": [1000, 667, 667, 667, 667, 666, 666]}),
        ("A x3 @1000, B x3 @500", any_n(3, 2000), {"A": [667, 667, 666], "B": [500] * 3}),
        (
            "T x2 @2500, C @2000",
            bundle(3700, {"scope": skus("T")}, {"scope": skus("C")}),
            {"T": [2500, 2056], "C": [1644]},
        ),
        ("T x4 @100", bundle(150, {"quantity": 2}), {"T": [75] * 4}),
        ("T x4 @100", bundle(150, {}, {}, max_times=1), {"T": [100, 100, 75, 75]}),
        ("A x2 @100, B @40", {"type": "fixed_unit_price", "unit_price": 60}, {"A": [60, 60], "B": [40]}),
        (
            "A x2 @100, B @70, C @60",
            {"type": "fixed_unit_price", "unit_price": 60, "max_units": 1, "pick": "cheapest"},
            {"A": [100, 100], "B": [60], "C": [60]},
        ),
    ],
)
def test_every_unit_gets_its_price(cart: str, reward: Doc, units: dict[str, list[int]]) -> None:
    assert unit_finals(priced(facts(cart), rule("p", reward))) == units


def test_groups_cost_the_same_for_ten_thousand_units() -> None:
    cart = facts("A x30001 @999, B x20000 @500, C x10 @450")
    both = [{"scope": skus("A"), "quantity": 2}, {"scope": skus("B"), "quantity": 1}]

    for reward, off, times in (
        (nth(n=3), 10_000 * 500 + 6667 * 250 + 3 * 225, 16_670),
        (any_n(2, 1400), 15_000 * 598 + 99, 15_001),
        (bundle(2000, *both), 15_000 * 498, 15_000),
        (buy_get({"scope": skus("A"), "quantity": 3}, {"scope": skus("B", "C")}), 10 * 450 + 9990 * 500, 10_000),
    ):
        quote = priced(cart, rule("p", reward))
        assert (reward["type"], quote["discount"], quote["applied"][0]["times"]) == (reward["type"], off, times)
        assert sum(len(line["units"]) for line in quote["lines"]) <= 9


def test_nth_units_held_to_fewer_times_take_the_groups_with_the_dearest_discounted_unit() -> None:
    promotion = rule("p", nth("sku"), limits={"times_per_order": 1})

    quote = priced(facts("A x2 @100, B x2 @300, C x2 @200"), promotion)

    assert unit_finals(quote) == {"A": [100, 100], "B": [300, 150], "C": [200, 200]}
    assert quote["applied"][0]["times"] == 1


def test_only_units_of_full_groups_are_consumed() -> None:
    quote = priced(facts("A x3 @100"), rule("p", nth()), rule("q", {"type": "percent_off", "percent_bp": 1000}))

    assert unit_finals(quote) == {"A": [100, 90, 50]}


def test_the_units_of_a_bundle_serve_no_other_promotion_of_the_lane() -> None:
    tea = rule("P", {"type": "percent_off", "percent_bp": 2000, "scope": skus("TEA")})
    pair = rule("Q", bundle(3700, {"scope": skus("TEA")}, {"scope": skus("CUP")}))

    quote = priced(facts("TEA x2 @2500, CUP @2000"), tea, pair)

    assert offs(quote) == {"P": 500, "Q": 800}
    assert quote["discount"] == 1300


def test_member_prices_are_for_members_where_they_are_lower() -> None:
    lines = {"A": {"member_price": 80}, "B": {"member_price": 120}}
    promotion = rule("m", {"type": "member_price"}, lane="price")

    assert unit_finals(priced(facts("A @100, B @100, C @100", lines, member={"id": "m"}), promotion)) == {
        "A": [80], "B": [100], "C": [100]}  # fmt: skip
    assert why(priced(facts("A @100", lines), promotion)) == {"m": "NO_EFFECT"}


def test_the_deepest_step_that_a_batch_has_reached_counts() -> None:
    days = {"A": "2026-11-20", "B": "2026-11-21", "C": "2026-11-22", "D": "2026-11-28", "E": "2026-11-29"}
    lines = {sku: {"expires_on": day} for sku, day in days.items()}
    steps = [{"max_days_to_expiry": 7, "percent_bp": 2000}, {"max_days_to_expiry": 0, "percent_bp": 5000}]

    quote = priced(facts("A @101, B @100, C @100, D @100, E @100, F @100", lines),
                   rule("e", {"type": "expiry_ladder", "steps": steps}))  # fmt: skip

    assert unit_finals(quote) == {"A": [50], "B": [50], "C": [80], "D": [80], "E": [100], "F": [100]}


@pytest.mark.parametrize(
    ("reward", "shipping"),
    [
        ({"percent_bp": 5000}, 400),
        ({"amount": 1000}, 0),
        ({"amount": 300}, 501),
        ({"price": 0}, 0),
        ({"price": 500}, 500),
    ],
)
def test_shipping_is_lowered_and_stands_apart_from_the_goods(reward: Doc, shipping: int) -> None:
    quote = priced(facts("A @100", shipping=801), rule("s", {"type": "shipping_off", **reward}, lane="shipping"))

    assert (quote["shipping"], quote["total"], quote["discount"]) == (shipping, 100 + shipping, 801 - shipping)
    assert quote["shipping_adjustments"] == [{"promotion": "s", "amount": 801 - shipping}]
    assert quote["lines"][0]["adjustments"] == []


@pytest.mark.parametrize(("fee", "reward"), [(0, {"amount": 5}), (400, {"price": 500})])
def test_shipping_that_cannot_fall_is_no_effect(fee: int, reward: Doc) -> None:
    quote = priced(facts("A @100", shipping=fee), rule("s", {"type": "shipping_off", **reward}, lane="shipping"))

    assert why(quote) == {"s": "NO_EFFECT"}
    assert quote["shipping"] == fee


def test_shipping_is_held_by_limits_but_neither_by_the_cap_nor_by_floors() -> None:
    policy = {"max_total_discount_bp": 1000, "floor_margin_bp": 0}
    goods = rule("g", {"type": "amount_off", "amount": 50}, {"type": "shipping_off", "amount": 300}, lane="order")
    limited = goods | {"limits": {"discount_per_order": 200}}

    assert priced(facts("A @100", shipping=800), goods, policy=policy)["applied"] == [
        {"promotion": "g", "amount": 310, "times": 1, "cut": {"CAP": 40}}
    ]
    assert priced(facts("A @100", shipping=800), limited, policy=policy)["applied"] == [
        {"promotion": "g", "amount": 200, "times": 1, "cut": {"CAP": 40, "LIMIT": 110}}
    ]


def test_in_a_lane_that_consumes_two_may_still_lower_the_fee() -> None:
    half, less = {"type": "shipping_off", "percent_bp": 5000}, {"type": "shipping_off", "amount": 100}

    quote = priced(facts("A @100", shipping=800), rule("a", half), rule("b", less))

    assert offs(quote) == {"a": 400, "b": 100}
    assert [entry["promotion"] for entry in quote["shipping_adjustments"]] == ["a", "b"]


def test_a_gift_is_given_for_every_so_many_units() -> None:
    quote = priced(facts("A x7 @100, B @100"), rule("g", gift(every_quantity=3, quantity=2, scope=skus("A"))))

    assert quote["gifts"] == [{"promotion": "g", "sku": "MUG", "quantity": 4}]
    assert quote["applied"] == [{"promotion": "g", "amount": 0, "times": 2, "cut": {}}]
    assert quote["total"] == 800


def test_gifts_are_outside_mode_and_max_and_look_at_consumed_units_at_their_amounts() -> None:
    policy = {"lanes": [{"lane": "item", "mode": "best", "max": 1}]}
    half = rule("a", {"type": "percent_off", "percent_bp": 5000})
    gifts = [rule("z", gift(every_amount=100), priority=1), rule("y", gift()), rule("x", PERKS)]

    quote = priced(facts("A x3 @100"), half, *gifts, policy=policy)

    assert [entry["promotion"] for entry in quote["applied"]] == ["a", "z", "x", "y"]
    assert quote["gifts"] == [
        {"promotion": "z", "sku": "MUG", "quantity": 1},
        {"promotion": "y", "sku": "MUG", "quantity": 1},
    ]
    assert quote["effects"] == [{"promotion": "x", "scope": {}, **PERKS}]


def test_gifts_fall_with_the_money_that_they_come_with() -> None:
    reward = {"type": "percent_off", "percent_bp": 1000, "scope": skus("B")}
    both = rule("p", gift(), reward, {"type": "issue_coupon", "batch": "b", "quantity": 2})

    without, with_money = priced(facts("A @100"), both), priced(facts("A @100, B @100"), both)

    assert (without["gifts"], without["effects"], why(without)) == ([], [], {"p": "NO_UNITS"})
    assert with_money["gifts"] == [{"promotion": "p", "sku": "MUG", "quantity": 1}]
    assert with_money["effects"] == [{"promotion": "p", "type": "issue_coupon", "batch": "b", "quantity": 2}]


def test_a_gift_counts_what_its_own_promotion_and_others_before_it_left() -> None:
    policy = {"lanes": [{"lane": "order", "mode": "best"}]}
    first = rule("a", {"type": "amount_off", "amount": 100, "scope": skus("A")}, lane="order", priority=1)
    second = rule(
        "b", gift(every_amount=100), {"type": "amount_off", "amount": 50, "scope": skus("B")},
        gift(every_amount=100, sku="CAP"), lane="order",
    )  # fmt: skip

    quote = priced(facts("A @200, B @100"), first, second, policy=policy)

    assert [(entry["sku"], entry["quantity"]) for entry in quote["gifts"]] == [("MUG", 2), ("CAP", 1)]


def test_a_gift_that_something_applied_excludes_is_not_given() -> None:
    quote = priced(
        facts("A @100"), rule("a", {"type": "percent_off", "percent_bp": 1000}), rule("g", gift(), excludes=["a"])
    )

    assert why(quote) == {"g": "EXCLUDED"}
    assert quote["gifts"] == []


def test_an_exclusive_gift_wins_over_nothing_only() -> None:
    alone = rule("g", gift(), exclusive=True)

    assert offs(priced(facts("A @100"), alone)) == {"g": 0}
    assert why(priced(facts("A @100"), alone, rule("a", {"type": "percent_off", "percent_bp": 1}))) == {
        "a": "NO_EFFECT"
    }
    assert why(priced(facts("A @100"), alone, rule("a", {"type": "percent_off", "percent_bp": 100}))) == {"g": "OUTBID"}


@pytest.mark.parametrize(
    ("cart", "reward", "reason"),
    [
        ("A @100", nth(), "NO_UNITS"),
        ("A x2 @0", nth(), "NO_EFFECT"),
        ("A @100, B @100", nth("sku"), "NO_UNITS"),
        ("A @100", buy_get({}, {}), "NO_UNITS"),
        ("A @100, B @0", buy_get({}, {}), "NO_EFFECT"),
        ("A x3 @100", any_n(4, 1), "NO_UNITS"),
        ("A x3 @100", any_n(3, 300), "NO_EFFECT"),
        ("A @100", bundle(1, {}, {}), "NO_UNITS"),
        ("A x2 @100", bundle(200, {}, {}), "NO_EFFECT"),
        ("A x2 @100", bundle(1, {}, {"scope": skus("X")}), "NO_UNITS"),
        ("A @100", {"type": "fixed_unit_price", "unit_price": 100}, "NO_EFFECT"),
        ("A @100", {"type": "fixed_unit_price", "unit_price": 1, "scope": skus("X")}, "NO_UNITS"),
        ("A @100", {"type": "expiry_ladder", "steps": [{"max_days_to_expiry": 1, "percent_bp": 1}]}, "NO_EFFECT"),
        ("A @100", gift(scope=skus("X")), "NO_UNITS"),
        ("A @100", gift(every_quantity=3), {"fact": "quantity", "missing": 2}),
        ("A @100", gift(every_amount=250), {"fact": "subtotal", "missing": 150}),
        ("A @100", PERKS | {"scope": skus("X")}, "NO_UNITS"),
    ],
)
def test_what_gives_nothing_says_why(cart: str, reward: Doc, reason: object) -> None:
    assert why(priced(facts(cart), rule("p", reward))) == {"p": reason}
