"""What a reward says about itself before it is tried: the most that it can take off, and what it does to a subtotal.

Mode `best` leaves untried what cannot come near the best so far. A bound that is too low gives away money of the
customer, one that is too high costs time.
"""

from typing import Any

import pytest
from promotions.engine.application import bound
from promotions.engine.cart import Cart, LineState
from promotions.engine.facts import parse_facts
from promotions.engine.faults import Fault, Path
from promotions.engine.policy import Lane
from promotions.engine.promotion import parse_promotion
from promotions.engine.rewards import Reward, Turn, parse_reward
from promotions.engine.scope import Scopes

from tests.promotions.engine.builders import amount, facts

Doc = dict[str, Any]
CART = facts("A x3 @1000, B x2 @500, C @300", shipping=800)


def reward_of(document: Doc) -> Reward:
    faults: list[Fault] = []
    reward = parse_reward(document, Path(None, "then"), faults, Scopes())
    assert reward is not None
    assert faults == []
    return reward


def turn_of(
    cart: Doc = CART, *, lane: str = "item", max_times: int | None = None, changed: dict[int, LineState] | None = None
) -> Turn:
    found = Cart(parse_facts(cart))
    return Turn(found, found.start().after(changed or {}), lane == "price", max_times)


def item(quantity: int, *skus: str, **others: Any) -> Doc:
    return {"quantity": quantity} | ({"scope": {"skus": list(skus)}} if skus else {}) | others


def steps(*pairs: tuple[int, Doc]) -> list[Doc]:
    return [{"at": at} | gives for at, gives in pairs]


PERCENT: Doc = {"type": "percent_off", "percent_bp": 350}
EVERY: Doc = {"type": "amount_off", "amount": 250, "every": 1000}
EACH: Doc = {"type": "amount_off", "amount": 600, "per": "unit"}
FIXED: Doc = {"type": "fixed_unit_price", "unit_price": 400}
NTH: Doc = {"type": "nth_unit", "n": 2, "percent_bp": 5000, "group_by": "scope"}
SAME: Doc = {"type": "buy_get", "buy": item(1), "get": item(1, percent_bp=5000)}
OTHER: Doc = {"type": "buy_get", "buy": item(2, "A"), "get": item(1, "B", percent_bp=10_000)}
OVERLAP: Doc = {"type": "buy_get", "buy": item(1, "A", "B"), "get": item(1, "B", "C", percent_bp=10_000)}
BUNDLE: Doc = {"type": "bundle_price", "items": [item(1, "A"), item(1, "B")], "price": 1200}
ANY: Doc = {"type": "any_n_price", "quantity": 3, "price": 1200}
BY_SUBTOTAL: Doc = {"type": "tiers", "measure": "subtotal"}
BY_SKU: Doc = {"type": "tiers", "measure": "quantity", "group_by": "sku", "steps": steps((2, {"percent_bp": 350}))}


@pytest.mark.parametrize(
    ("document", "lane", "max_times", "most"),
    [
        (PERCENT, "item", None, 151),  # of 4300, half up
        (PERCENT, "price", None, 152),  # 35 × 3 + 18 × 2 + 11
        (PERCENT | {"max_units": 4}, "item", None, 123),  # of 3500
        (PERCENT | {"max_units": 4, "pick": "cheapest"}, "item", None, 123),  # the cheap ones may be gone
        (PERCENT | {"max_amount": 99}, "item", None, 99),
        (PERCENT | {"max_amount": 999}, "item", None, 151),
        (PERCENT | {"basis": "initial"}, "item", None, 4300),
        (PERCENT | {"basis": "initial", "max_amount": 99}, "item", None, 99),
        ({"type": "amount_off", "amount": 250}, "item", None, 250),
        (EVERY, "item", None, 1000),
        (EVERY | {"amount": 5000}, "item", None, 4300),
        (EVERY | {"max_times": 2}, "item", None, 500),
        (EVERY, "item", 3, 750),
        (EVERY | {"max_times": 3}, "item", 2, 500),
        (EACH, "item", None, 3 * 600 + 2 * 500 + 300),
        (EACH | {"max_units": 4}, "item", None, 3 * 600 + 500),
        (EACH | {"max_units": 4, "pick": "cheapest"}, "item", None, 3 * 600 + 500),
        (BY_SUBTOTAL | {"steps": steps((1000, {"amount_off": 50}), (4300, {"percent_bp": 100}))}, "item", None, 50),
        (BY_SUBTOTAL | {"steps": steps((1000, {"percent_bp": 100}), (4300, {"amount_off": 40}))}, "item", None, 43),
        (BY_SUBTOTAL | {"steps": steps((1000, {"amount_off": 50}), (4301, {"amount_off": 90}))}, "item", None, 50),
        (BY_SUBTOTAL | {"steps": steps((1, {"amount_off": 9999}))}, "item", None, 4300),
        (BY_SUBTOTAL | {"steps": steps((1, {"amount_off": 50}), (2, {"amount_off": 30}))}, "item", None, 50),
        (BY_SUBTOTAL | {"steps": steps((1, {"percent_bp": 200}), (2, {"percent_bp": 100}))}, "item", None, 86),
        (BY_SUBTOTAL | {"steps": steps((4301, {"amount_off": 90}))}, "item", None, 0),
        (BY_SKU, "item", None, 105 + 35),
        (BY_SKU, "price", None, 105 + 36),
        (BY_SKU, "item", 1, 105),
        (BY_SKU | {"scope": {"skus": ["B", "C"]}}, "item", 1, 35),
        (FIXED, "item", None, 3 * 600 + 2 * 100),
        (FIXED | {"max_units": 2}, "item", None, 1200),
        (FIXED | {"max_units": 2, "pick": "cheapest"}, "item", None, 1200),
        ({"type": "member_price"}, "item", None, 0),
        (NTH, "item", None, 500 + 250 + 150),
        (NTH | {"group_by": "sku"}, "item", None, 500 + 250),
        (NTH | {"n": 4, "percent_bp": 10_000}, "item", None, 500),
        (SAME, "item", None, 500 + 250 + 150),
        (SAME | {"max_times": 2}, "item", None, 750),
        (SAME | {"max_times": 2}, "item", 1, 500),
        (SAME | {"get": item(2, percent_bp=5000)}, "item", None, 1000 + 400),
        (SAME | {"buy": item(3), "get": item(2, percent_bp=5000)}, "item", None, 500),
        (OTHER, "item", None, 500),
        (OTHER | {"buy": item(1, "A")}, "item", None, 1000),
        (OTHER | {"buy": item(1, "A")}, "item", 1, 500),
        (OTHER | {"buy": item(1, "A"), "max_times": 1}, "item", None, 500),
        (OTHER | {"buy": item(4, "A")}, "item", None, 0),
        (OTHER | {"get": item(3, "B", percent_bp=1)}, "item", None, 0),
        (OTHER | {"get": item(2, "B", "C", percent_bp=5000)}, "item", None, 500),
        (OTHER | {"buy": item(1, "A"), "get": item(2, "B", "C", percent_bp=5000)}, "item", None, 500),
        (OVERLAP | {"buy": item(3, "A", "B", "C")}, "item", None, 500),
        (OVERLAP, "item", None, 500 + 500 + 300),
        (OVERLAP | {"max_times": 2}, "item", None, 1000),
        (OVERLAP | {"buy": item(3, "A", "B")}, "item", None, 500),
        (BUNDLE, "item", None, 600),
        (BUNDLE | {"max_times": 1}, "item", None, 300),
        (BUNDLE, "item", 1, 300),
        (BUNDLE | {"price": 1499}, "item", None, 2),
        (BUNDLE | {"price": 1500}, "item", None, 0),
        (BUNDLE | {"items": [item(1, "A", "B"), item(1, "B", "C")], "price": 1200}, "item", None, 600 + 100),
        (BUNDLE | {"items": [item(1, "A"), item(1, "D")]}, "item", None, 0),
        (BUNDLE | {"items": [item(2, "A"), item(1, "B")], "price": 2000}, "item", None, 500),
        (ANY, "item", None, 1800 + 100),
        (ANY | {"price": 1300}, "item", None, 1700),
        (ANY | {"max_times": 1}, "item", None, 1800),
        (ANY | {"scope": {"skus": ["A", "B"]}}, "item", None, 1800),
        ({"type": "shipping_off", "percent_bp": 2500}, "shipping", None, 200),
        ({"type": "shipping_off", "amount": 900}, "shipping", None, 800),
        ({"type": "shipping_off", "price": 300}, "shipping", None, 500),
        ({"type": "shipping_off", "price": 900}, "shipping", None, 0),
        ({"type": "gift", "sku": "G", "quantity": 1}, "item", None, 0),
        ({"type": "points_multiplier", "times_bp": 1}, "item", None, 0),
    ],
)
def test_the_most_that_a_reward_can_take_off(document: Doc, lane: str, max_times: int | None, most: int) -> None:
    assert reward_of(document).bound(turn_of(lane=lane, max_times=max_times)) == most


def test_the_bound_of_prices_of_their_own_and_of_dates() -> None:
    cart = facts(
        "A x3 @1000, B x2 @500, C @300, D @100",
        {
            "A": {"member_price": 900, "expires_on": "2026-11-23"},
            "B": {"member_price": 600, "expires_on": "2026-11-26"},
            "C": {"expires_on": "2026-12-26"},
            "D": {"member_price": 100},
        },
        member={"id": "m"},
    )
    ladder = {"type": "expiry_ladder", "steps": [{"max_days_to_expiry": 7, "percent_bp": 1000},
                                                 {"max_days_to_expiry": 2, "percent_bp": 2000}]}  # fmt: skip

    assert reward_of({"type": "member_price"}).bound(turn_of(cart)) == 300
    assert reward_of(ladder).bound(turn_of(cart)) == 600 + 100


@pytest.mark.parametrize(
    ("document", "most"),
    [
        (PERCENT | {"percent_bp": 1000}, 100 + 100 + 30),
        (PERCENT | {"percent_bp": 1000, "scope": {"undiscounted": True}}, 100 + 100 + 30),
        (EVERY, 500),
        (EACH, 600 + 1000 + 300),
        (FIXED, 600 + 200),
        (ANY, 800),
        (NTH, 250 + 150),
        (SAME, 250 + 150),
        (OTHER, 0),
        (OTHER | {"buy": item(1, "A")}, 500),
        (OVERLAP, 500 + 500),
        (BUNDLE, 300),
        (BY_SKU, 35),
    ],
)
def test_units_that_are_taken_do_not_count_and_those_that_are_lowered_do(document: Doc, most: int) -> None:
    turn = turn_of(changed={0: LineState(((1000, 1),), ((700, 2),))})

    assert reward_of(document).bound(turn) == most


def test_a_lowered_unit_stays_within_a_bound_for_undiscounted_ones() -> None:
    turn = turn_of(changed={0: LineState(((900, 3),), ())})

    document = PERCENT | {"percent_bp": 1000, "scope": {"undiscounted": True}}
    assert reward_of(document).bound(turn) == 400
    assert reward_of(document).propose(turn).total() == 130


@pytest.mark.parametrize(
    ("others", "usage", "most"),
    [
        ({}, {}, 250 + 60),
        ({"limits": {"discount_per_order": 280}}, {}, 280),
        ({"limits": {"discount_per_order": 310}}, {}, 310),
        ({"limits": {"discount_per_order": 900}}, {}, 310),
        ({"limits": {"discount_total": 900}}, {"p": {"discount": 700}}, 200),
        ({"limits": {"discount_total": 900, "discount_per_order": 100}}, {"p": {"discount": 700}}, 100),
        ({"limits": {"discount_total": 900, "discount_per_order": 300}}, {"p": {"discount": 700}}, 200),
    ],
)
def test_the_bound_of_a_promotion_is_that_of_its_rewards_within_its_limits(others: Doc, usage: Doc, most: int) -> None:
    rewards = [{"type": "amount_off", "amount": 250}, {"type": "shipping_off", "amount": 60}]
    promotion = parse_promotion(amount("p", 1) | {"then": rewards} | others, None, [], Scopes())
    cart = Cart(parse_facts(CART | {"usage": usage}))
    assert promotion is not None

    assert bound(promotion, cart, cart.start(), Lane("order", "best", None)) == most


def test_the_bound_of_a_promotion_knows_its_lane_and_its_times() -> None:
    cart = Cart(parse_facts(CART))
    percent = parse_promotion(amount("p", 1) | {"then": [PERCENT]}, None, [], Scopes())
    every = parse_promotion(amount("p", 1) | {"then": [EVERY], "limits": {"times_per_order": 2}}, None, [], Scopes())
    assert percent is not None
    assert every is not None

    assert [bound(percent, cart, cart.start(), Lane(name, "best", None)) for name in ("order", "price")] == [151, 152]
    assert bound(every, cart, cart.start(), Lane("order", "best", None)) == 500


@pytest.mark.parametrize(
    ("document", "offs"),
    [
        (PERCENT, {100: 4, 10_000: 350}),
        (PERCENT | {"max_amount": 300}, {100: 4, 10_000: 300}),
        ({"type": "amount_off", "amount": 250}, {100: 100, 250: 250, 10_000: 250}),
        (EVERY, {999: 0, 1000: 250, 10_000: 2500}),
        (EVERY | {"amount": 1500}, {1000: 1000, 10_000: 10_000}),
        (EVERY | {"max_times": 2}, {1000: 250, 10_000: 500}),
        (
            BY_SUBTOTAL | {"steps": steps((1000, {"amount_off": 1500}), (3000, {"percent_bp": 1000}))},
            {999: 0, 1000: 1000, 2000: 1500, 2999: 1500, 3000: 300},
        ),
        (
            {"type": "tiers", "measure": "quantity", "steps": steps((6, {"amount_off": 90}))},
            {10: 10, 100: 90},
        ),
        ({"type": "tiers", "measure": "quantity", "steps": steps((7, {"amount_off": 90}))}, {10: 0, 100: 0}),
    ],
)
def test_what_comes_off_a_subtotal(document: Doc, offs: dict[int, int]) -> None:
    curve = reward_of(document).curve(turn_of())

    assert curve is not None
    assert {subtotal: curve(subtotal) for subtotal in offs} == offs


def test_what_comes_off_a_subtotal_knows_the_times_of_the_promotion() -> None:
    curve = reward_of(EVERY | {"max_times": 3}).curve(turn_of(max_times=2))

    assert curve is not None
    assert curve(10_000) == 500


@pytest.mark.parametrize(
    "document",
    [
        PERCENT | {"max_units": 1},
        PERCENT | {"basis": "initial"},
        PERCENT | {"scope": {"undiscounted": True}},
        {"type": "amount_off", "amount": 250, "scope": {"exclude": {"undiscounted": True}}},
        EACH,
        BY_SKU,
        BY_SUBTOTAL | {"steps": steps((1, {"amount_off": 1})), "scope": {"undiscounted": True}},
        FIXED,
        NTH,
        SAME,
        BUNDLE,
        ANY,
        {"type": "shipping_off", "amount": 1},
    ],
)
def test_where_more_than_the_subtotal_decides_there_is_no_curve(document: Doc) -> None:
    assert reward_of(document).curve(turn_of()) is None


def test_a_promotion_reaches_what_its_money_rewards_reach() -> None:
    def mask(*rewards: Doc) -> int:
        promotion = parse_promotion(amount("p", 1) | {"then": list(rewards)}, None, [], Scopes())
        assert promotion is not None
        return promotion.mask(Cart(parse_facts(CART)))

    of_b, of_c = ({"type": "amount_off", "amount": 1, "scope": {"skus": [sku]}} for sku in "BC")
    gift = {"type": "gift", "sku": "G", "quantity": 1, "scope": {"skus": ["A"]}}

    assert mask(of_b) == 0b0010
    assert mask(of_b, of_c) == 0b0110
    assert mask(of_b, gift) == 0b0010
    assert mask(gift) == 0b0001
    assert mask(of_c, {"type": "shipping_off", "amount": 1}) == 0b1100


@pytest.mark.parametrize(
    ("rewards", "limits", "looks"),
    [
        ([PERCENT], {}, 1),
        ([PERCENT, EVERY], {}, 2),
        ([PERCENT, EVERY], {"total": 5}, 2),
        ([PERCENT, EVERY], {"times_per_order": 5}, 4),
        ([BY_SKU], {}, 2),
        ([ANY], {}, 2),
        ([OTHER], {}, 3),
        ([BUNDLE], {}, 2),
    ],
)
def test_how_often_a_promotion_goes_through_its_units(rewards: list[Doc], limits: Doc, looks: int) -> None:
    promotion = parse_promotion(amount("p", 1, limits=limits) | {"then": rewards}, None, [], Scopes())

    assert promotion is not None
    assert promotion.looks == looks


@pytest.mark.parametrize(
    ("document", "mask"),
    [
        (PERCENT, 0b0111),
        (PERCENT | {"scope": {"skus": ["B"]}}, 0b0010),
        (PERCENT | {"scope": {"skus": ["D"]}}, 0),
        (OTHER, 0b0011),
        (OTHER | {"buy": item(1, "D")}, 0),
        (OTHER | {"get": item(1, "D", percent_bp=1)}, 0),
        (BUNDLE, 0b0011),
        (BUNDLE | {"items": [item(1, "C"), item(1, "D")]}, 0),
        (BUNDLE | {"items": [item(1, "D"), item(1, "C")]}, 0),
        ({"type": "shipping_off", "amount": 1}, 0b1000),
        ({"type": "issue_coupon", "batch": "b", "quantity": 1}, 0b0111),
        ({"type": "points_multiplier", "times_bp": 1, "scope": {"skus": ["C"]}}, 0b0100),
        ({"type": "gift", "sku": "G", "quantity": 1, "scope": {"skus": ["C"]}}, 0b0100),
    ],
)
def test_a_reward_reaches_the_lines_of_its_scopes(document: Doc, mask: int) -> None:
    assert reward_of(document).mask(turn_of().cart) == mask


def test_no_fee_is_nothing_to_reach() -> None:
    cart = Cart(parse_facts(facts("A @1000")))

    assert reward_of({"type": "shipping_off", "amount": 1}).mask(cart) == 0
