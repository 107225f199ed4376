"""What a fault says: every message, in the place where a merchant or a developer meets it."""

from typing import Any

import pytest
from promotions.engine import Fault, InvalidInput, Ruleset, validate_promotion

from tests.promotions.engine.builders import amount, facts, percent
from tests.promotions.engine.test_validation import LEAF, promotion, reward, tiers

Doc = dict[str, Any]
PAIR = 'must be a pair like ["18:00", "21:00"]'
CLOCK = 'must be a time like "18:00"; "24:00" only ends'
NOT_EMPTY = "must not be empty: leave the key out instead"
LADDER = {"max_days_to_expiry": 3, "percent_bp": 1000}
GIFT = {"type": "gift", "sku": "MUG", "quantity": 1}
CHANNELS = "must be one of online, pos, miniprogram, livestream"


def then(**keys: Any) -> Doc:
    return promotion(then=[keys])


@pytest.mark.parametrize(
    ("document", "path", "code", "message"),
    [
        (7, "", "TYPE", "must be an object"),
        (promotion(id="coupon"), "/id", "CONFLICT", "must not be the name of a lane"),
        (promotion(id=""), "/id", "EMPTY", "must not be empty"),
        (promotion(id=7), "/id", "TYPE", "must be a text"),
        (promotion(id=None), "/id", "TYPE", "must be a text"),
        ({"lane": "order", "then": [GIFT]}, "/id", "MISSING", "is required"),
        (promotion(name=1), "/name", "TYPE", "must be a text"),
        (promotion(lane=1), "/lane", "TYPE", "must be a text"),
        (promotion(lane="x"), "/lane", "VALUE", "must be one of price, item, order, coupon, shipping"),
        (promotion(priority="1"), "/priority", "TYPE", "must be a whole number"),
        (
            promotion(priority=-(2**53)),
            "/priority",
            "RANGE",
            "must be from -9007199254740991 to 9007199254740991",
        ),
        (promotion(excludes=["p"]), "/excludes", "CONFLICT", "a promotion cannot exclude itself"),
        (promotion(excludes=1), "/excludes", "TYPE", "must be a list"),
        (promotion(excludes=[""]), "/excludes/0", "EMPTY", "must not be empty"),
        (promotion(excludes=[1]), "/excludes/0", "TYPE", "must be a text"),
        (promotion(exclusive="yes"), "/exclusive", "TYPE", "must be true or false"),
        (promotion(coupon={"codes": []}), "/coupon/codes", "EMPTY", NOT_EMPTY),
        (promotion(coupon={"codes": ["A"], "a": 1}), "/coupon/a", "UNKNOWN_KEY", "unknown key; known are codes"),
        (promotion(schedule=1), "/schedule", "TYPE", "must be an object"),
        (
            promotion(schedule={"day": 1}),
            "/schedule/day",
            "UNKNOWN_KEY",
            "unknown key; known are from, hours, until, weekdays",
        ),
        (
            promotion(schedule={"from": "now"}),
            "/schedule/from",
            "FORMAT",
            "must look like 2026-11-21T18:30:00+08:00, with its offset",
        ),
        (
            promotion(schedule={"from": "2026-11-01T00:00:00Z", "until": "2026-11-01T00:00:00Z"}),
            "/schedule/until",
            "CONFLICT",
            "must be after from: the schedule never opens",
        ),
        (promotion(schedule={"weekdays": [8]}), "/schedule/weekdays/0", "RANGE", "must be from 1 to 7"),
        (promotion(schedule={"hours": ["18:00"]}), "/schedule/hours/0", "TYPE", PAIR),
        (promotion(schedule={"hours": [["18:00"]]}), "/schedule/hours/0", "FORMAT", PAIR),
        (promotion(schedule={"hours": [["18:00", 21]]}), "/schedule/hours/0/1", "TYPE", 'must be a text like "18:00"'),
        (promotion(schedule={"hours": [["6 pm", "21:00"]]}), "/schedule/hours/0/0", "FORMAT", CLOCK),
        (promotion(schedule={"hours": [["24:00", "21:00"]]}), "/schedule/hours/0/0", "FORMAT", CLOCK),
        (
            promotion(schedule={"hours": [["18:00", "18:00"]]}),
            "/schedule/hours/0",
            "CONFLICT",
            "starts and ends at the same time",
        ),
        (
            promotion(when={"any": [LEAF], "not": LEAF}),
            "/when/not",
            "CONFLICT",
            "cannot stand beside any: nest one in the other",
        ),
        (promotion(when=LEAF | {"op": "in"}), "/when/op", "VALUE", "must be one of gte, gt, lte, lt, eq"),
        (promotion(when={"fact": "channel", "op": "eq", "value": "shop"}), "/when/value", "VALUE", CHANNELS),
        (promotion(when={"fact": "channel", "op": "in", "value": ["shop"]}), "/when/value/0", "VALUE", CHANNELS),
        (promotion(when={"fact": "location", "op": "eq", "value": None}), "/when/value", "TYPE", "must be a text"),
        (
            reward(scope={"min_unit_price": 2, "max_unit_price": 1}),
            "/then/0/scope/max_unit_price",
            "CONFLICT",
            "is below min_unit_price: no unit can match",
        ),
        (
            reward(scope={"undiscounted": True, "exclude": {"undiscounted": True}}),
            "/then/0/scope/exclude/undiscounted",
            "CONFLICT",
            "leaves nothing of the undiscounted units asked for",
        ),
        (
            reward(scope={"undiscounted": False}),
            "/then/0/scope/undiscounted",
            "VALUE",
            "can only be true: leave the key out instead",
        ),
        (reward(max_times=2), "/then/0/max_times", "CONFLICT", "needs every"),
        (reward(max_units=2), "/then/0/max_units", "CONFLICT", 'needs per "unit"'),
        (reward(per="unit", every=2), "/then/0/every", "CONFLICT", 'goes with per "scope" only'),
        (reward(per="unit", pick="dearest"), "/then/0/pick", "CONFLICT", "needs max_units"),
        (
            then(type="gift", sku="MUG", quantity=1, every_quantity=2, every_amount=3),
            "/then/0/every_amount",
            "CONFLICT",
            "cannot stand beside every_quantity",
        ),
        (then(**GIFT, max_times=2), "/then/0/max_times", "CONFLICT", "needs every_quantity or every_amount"),
        (
            then(type="shipping_off", amount=1, price=1),
            "/then/0/price",
            "CONFLICT",
            "cannot stand beside amount",
        ),
        (then(type="shipping_off"), "/then/0/percent_bp", "MISSING", "needs percent_bp, amount or price"),
        (
            then(type="expiry_ladder", steps=[LADDER, LADDER]),
            "/then/0/steps/1/max_days_to_expiry",
            "DUPLICATE",
            "another step begins here",
        ),
        (
            tiers({"at": 5, "amount_off": 1}, {"at": 5, "amount_off": 2}),
            "/then/0/steps/1/at",
            "DUPLICATE",
            "another step begins here",
        ),
        (
            tiers({"at": 5, "amount_off": 1, "percent_bp": 2}),
            "/then/0/steps/0/percent_bp",
            "CONFLICT",
            "a step has either amount_off or percent_bp",
        ),
        (tiers({"at": 5}), "/then/0/steps/0/amount_off", "MISSING", "a step needs amount_off or percent_bp"),
        (
            promotion(schedule={"from": "2026-11-02T00:00:00Z", "until": "2026-11-03T00:00:00Z", "weekdays": [5]}),
            "/schedule",
            "CONFLICT",
            "never opens: no such weekday or hour lies between from and until",
        ),
        (
            promotion(when={"all": [LEAF | {"value": 9}, LEAF | {"op": "lt", "value": 9}]}),
            "/when",
            "CONFLICT",
            "can never hold: its parts contradict each other",
        ),
        (
            reward(scope={"skus": ["A"], "exclude": {"skus": ["A"]}}),
            "/then/0/scope/exclude",
            "CONFLICT",
            "matches no unit: exclude takes out all that it asks for",
        ),
        (
            tiers({"at": 5, "amount_off": 1}) | {"when": LEAF | {"op": "lt", "value": 5}},
            "/then/0/steps/0/at",
            "CONFLICT",
            "is out of reach of what when asks for",
        ),
        (
            then(type="expiry_ladder", scope={"max_days_to_expiry": 3}, steps=[LADDER, LADDER | {
                "max_days_to_expiry": 9}]),
            "/then/0/steps/1/max_days_to_expiry",
            "CONFLICT",
            "is out of reach: every batch in scope is on a deeper step",
        ),
        (
            then(type="fixed_unit_price", unit_price=5, scope={"max_unit_price": 5}),
            "/then/0/unit_price",
            "CONFLICT",
            "never lowers a price: no unit in scope costs more",
        ),
        (
            then(type="any_n_price", quantity=3, price=15, scope={"max_unit_price": 5}),
            "/then/0/price",
            "CONFLICT",
            "never saves money: the units come to 15 at the most",
        ),
    ],
)  # fmt: skip
def test_a_fault_of_a_promotion_says_what_would_be_right(document: object, path: str, code: str, message: str) -> None:
    assert validate_promotion(document) == [Fault(path, code, message)]


@pytest.mark.parametrize(
    ("cart", "path", "code", "message"),
    [
        (facts("A @1", currency="¥"), "/facts/currency", "FORMAT", "must be three capital letters"),
        (facts("A @1, B @1", {"B": {"id": "A"}}), "/facts/lines/1/id", "DUPLICATE", "another line has this id"),
        (facts("A @1", {"A": {"quantity": 0}}), "/facts/lines/0/quantity", "RANGE",
         "must be from 1 to 9007199254740991"),
        (facts("A @1", {"A": {"expires_on": "soon"}}), "/facts/lines/0/expires_on", "FORMAT",
         "must look like 2026-11-21"),
        (facts("A @1", member={"id": "m", "birthday": "5-12"}), "/facts/member/birthday", "FORMAT",
         "must be a month and a day like 05-12"),
        (facts("A @1", usage=3), "/facts/usage", "TYPE", "must be an object of promotion ids"),
        (facts("A @1", channel="shop"), "/facts/channel", "VALUE", CHANNELS),
    ],
)  # fmt: skip
def test_a_fault_of_facts_says_what_would_be_right(cart: Doc, path: str, code: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Ruleset.compile([]).price(cart)

    assert caught.value.faults == [Fault(path, code, message)]


@pytest.mark.parametrize(
    ("promotions", "policy", "path", "code", "message"),
    [
        ({}, None, "/promotions", "TYPE", "must be a list of promotions"),
        ([amount("p", 1), amount("p", 2)], None, "/promotions/1/id", "DUPLICATE", "another promotion has this id"),
        ([], {"lanes": [{"lane": "price"}] * 2}, "/policy/lanes/1/lane", "DUPLICATE", "this lane is already listed"),
        ([], {"max_total_discount_bp": 10_001}, "/policy/max_total_discount_bp", "RANGE", "must be from 1 to 10000"),
        ([], {"lanes": [{"lane": "price", "mode": 1}]}, "/policy/lanes/0/mode", "TYPE", "must be a text"),
    ],
)
def test_a_fault_of_a_rule_set_says_what_would_be_right(
    promotions: Any, policy: Doc | None, path: str, code: str, message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        Ruleset.compile(promotions, policy)

    assert caught.value.faults == [Fault(path, code, message)]


def test_the_error_names_its_first_five_faults() -> None:
    with pytest.raises(InvalidInput) as caught:
        Ruleset.compile([percent(f"p{number}", 0) for number in range(7)])

    assert len(caught.value.faults) == 7
    assert str(caught.value) == "; ".join(
        f"/promotions/{number}/then/0/percent_bp: must be from 1 to 10000" for number in range(5)
    )
