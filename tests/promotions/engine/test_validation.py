"""Documents that are refused: every fault at once, with its place and code."""

from typing import Any

import pytest
from promotions.engine import DEFAULT_POLICY, InvalidInput, Ruleset, validate_promotion

from tests.promotions.engine.builders import amount, facts, percent

Doc = dict[str, Any]
LEAF = {"fact": "subtotal", "op": "gte", "value": 1}


def promotion(**keys: Any) -> Doc:
    return amount("p", 100) | keys


def reward(**keys: Any) -> Doc:
    return promotion(then=[{"type": "amount_off", "amount": 100} | keys])


def tiers(*steps: Doc, **keys: Any) -> Doc:
    return promotion(then=[{"type": "tiers", "measure": "subtotal", "steps": list(steps)} | keys])


def found(document: object) -> list[tuple[str, str]]:
    return [(fault.path, fault.code) for fault in validate_promotion(document)]


@pytest.mark.parametrize(
    ("document", "faults"),
    [
        (None, [("", "TYPE")]),
        ([], [("", "TYPE")]),
        ({}, [("/id", "MISSING"), ("/lane", "MISSING"), ("/then", "MISSING")]),
        (promotion(id=""), [("/id", "EMPTY")]),
        (promotion(id=7), [("/id", "TYPE")]),
        (promotion(id="order"), [("/id", "CONFLICT")]),
        (promotion(nmae="x"), [("/nmae", "UNKNOWN_KEY")]),
        (promotion(**{"a/b~c": 1}), [("/a~1b~0c", "UNKNOWN_KEY")]),
        (promotion(name=1), [("/name", "TYPE")]),
        (promotion(lane="orders"), [("/lane", "VALUE")]),
        (promotion(lane=None), [("/lane", "TYPE")]),
        (promotion(priority=1.5), [("/priority", "TYPE")]),
        (promotion(priority=True), [("/priority", "TYPE")]),
        (promotion(priority=2**53), [("/priority", "RANGE")]),
        (promotion(exclusive=1), [("/exclusive", "TYPE")]),
        (promotion(excludes="p2"), [("/excludes", "TYPE")]),
        (promotion(excludes=["p"]), [("/excludes", "CONFLICT")]),
        (promotion(floor_margin_bp=-1), [("/floor_margin_bp", "RANGE")]),
        (promotion(coupon={}), [("/coupon/codes", "MISSING")]),
        (promotion(coupon=[]), [("/coupon", "TYPE")]),
        (promotion(coupon={"codes": []}), [("/coupon/codes", "EMPTY")]),
        (promotion(coupon={"codes": ["A", "", 3]}), [("/coupon/codes/1", "EMPTY"), ("/coupon/codes/2", "TYPE")]),
        (promotion(limits={"total": 0}), [("/limits/total", "RANGE")]),
        (promotion(limits={"per_day": 1}), [("/limits/per_day", "UNKNOWN_KEY")]),
        (promotion(schedule={"from": "2026-11-01"}), [("/schedule/from", "FORMAT")]),
        (promotion(schedule={"from": "2026-11-01T00:00:00"}), [("/schedule/from", "FORMAT")]),
        (promotion(schedule={"from": "2026-02-30T00:00:00Z"}), [("/schedule/from", "FORMAT")]),
        (
            promotion(schedule={"from": "2026-11-01T08:00:00+08:00", "until": "2026-11-01T00:00:00Z"}),
            [("/schedule/until", "CONFLICT")],
        ),
        (promotion(schedule={"weekdays": []}), [("/schedule/weekdays", "EMPTY")]),
        (
            promotion(schedule={"weekdays": [0, 8, "1"]}),
            [("/schedule/weekdays/0", "RANGE"), ("/schedule/weekdays/1", "RANGE"), ("/schedule/weekdays/2", "TYPE")],
        ),
        (promotion(schedule={"hours": [["18:00", "18:00"]]}), [("/schedule/hours/0", "CONFLICT")]),
        (promotion(schedule={"hours": [["24:00", "02:00"]]}), [("/schedule/hours/0/0", "FORMAT")]),
        (
            promotion(schedule={"hours": [["8:00", "25:00"]]}),
            [("/schedule/hours/0/0", "FORMAT"), ("/schedule/hours/0/1", "FORMAT")],
        ),
        (
            promotion(schedule={"hours": ["18:00", ["18:00"]]}),
            [("/schedule/hours/0", "TYPE"), ("/schedule/hours/1", "FORMAT")],
        ),
        (promotion(then=[]), [("/then", "EMPTY")]),
        (promotion(then=[{}]), [("/then/0/type", "MISSING")]),
        (promotion(then=["x"]), [("/then/0", "TYPE")]),
        (promotion(then=[{"type": "half_price"}]), [("/then/0/type", "VALUE")]),
        (promotion(then=[{"type": ["x"]}]), [("/then/0/type", "TYPE")]),
        (reward(amount=0), [("/then/0/amount", "RANGE")]),
        (reward(amount=1.0), [("/then/0/amount", "TYPE")]),
        (reward(amount="1"), [("/then/0/amount", "TYPE")]),
        (promotion(then=[{"type": "amount_off"}]), [("/then/0/amount", "MISSING")]),
        (reward(max_times=2), [("/then/0/max_times", "CONFLICT")]),
        (reward(per="order"), [("/then/0/per", "VALUE")]),
        (reward(per="unit", every=5), [("/then/0/every", "CONFLICT")]),
        (reward(max_units=5), [("/then/0/max_units", "CONFLICT")]),
        (reward(per="unit", pick="cheapest"), [("/then/0/pick", "CONFLICT")]),
        (percent("p", 10_001), [("/then/0/percent_bp", "RANGE")]),
        (percent("p", 0), [("/then/0/percent_bp", "RANGE")]),
        (percent("p", 100, basis="first"), [("/then/0/basis", "VALUE")]),
        (tiers(), [("/then/0/steps", "EMPTY")]),
        (tiers({"at": 1}), [("/then/0/steps/0/amount_off", "MISSING")]),
        (tiers({"at": 1, "amount_off": 1, "percent_bp": 1}), [("/then/0/steps/0/percent_bp", "CONFLICT")]),
        (tiers({"at": 1, "amount_off": 1}, {"at": 1, "amount_off": 2}), [("/then/0/steps/1/at", "DUPLICATE")]),
        (
            tiers({"at": 0, "amount_off": 1}, group_by="line"),
            [("/then/0/group_by", "VALUE"), ("/then/0/steps/0/at", "RANGE")],
        ),
        (reward(scope={"sku": ["A"]}), [("/then/0/scope/sku", "UNKNOWN_KEY")]),
        (reward(scope={"skus": []}), [("/then/0/scope/skus", "EMPTY")]),
        (reward(scope={"skus": None}), [("/then/0/scope/skus", "TYPE")]),
        (reward(scope=None), [("/then/0/scope", "TYPE")]),
        (reward(scope={"undiscounted": False}), [("/then/0/scope/undiscounted", "VALUE")]),
        (reward(scope={"min_unit_price": 2, "max_unit_price": 1}), [("/then/0/scope/max_unit_price", "CONFLICT")]),
        (reward(scope={"exclude": {"exclude": {}}}), [("/then/0/scope/exclude/exclude", "UNKNOWN_KEY")]),
        (promotion(when={}), [("/when/fact", "MISSING"), ("/when/op", "MISSING"), ("/when/value", "MISSING")]),
        (promotion(when=[LEAF]), [("/when", "TYPE")]),
        (promotion(when={"all": []}), [("/when/all", "EMPTY")]),
        (promotion(when={"all": LEAF}), [("/when/all", "TYPE")]),
        (promotion(when={"all": [LEAF], "any": [LEAF]}), [("/when/any", "CONFLICT")]),
        (promotion(when={"all": [LEAF], "fact": "subtotal"}), [("/when/fact", "UNKNOWN_KEY")]),
        (promotion(when={"not": LEAF | {"fact": "total"}}), [("/when/not/fact", "VALUE")]),
        (promotion(when=LEAF | {"op": "in"}), [("/when/op", "VALUE")]),
        (promotion(when=LEAF | {"value": "1"}), [("/when/value", "TYPE")]),
        (promotion(when=LEAF | {"value": -1}), [("/when/value", "RANGE")]),
        (promotion(when=LEAF | {"basis": "now"}), [("/when/basis", "VALUE")]),
        (promotion(when=LEAF | {"fact": "quantity", "basis": "initial"}), [("/when/basis", "UNKNOWN_KEY")]),
        (
            promotion(when={"fact": "channel", "op": "in", "value": ["pos", "shop"]}),
            [("/when/value/1", "VALUE")],
        ),
        (promotion(when={"fact": "member.tags", "op": "any_of", "value": "vip"}), [("/when/value", "TYPE")]),
        (promotion(when={"fact": "member.tier", "op": "eq", "value": ["vip"]}), [("/when/value", "TYPE")]),
        (promotion(when={"fact": "member.present", "op": "eq", "value": 1}), [("/when/value", "TYPE")]),
        (promotion(when=5), [("/when", "TYPE")]),
        (promotion(when="all"), [("/when", "TYPE")]),
        (promotion(when=LEAF | {"fact": ["subtotal"]}), [("/when/fact", "TYPE")]),
        (promotion(when=LEAF | {"fact": "x", "scope": {}, "basis": "current"}), [("/when/fact", "VALUE")]),
        (
            promotion(when={"fact": "channel", "op": "eq", "value": "pos", "scope": {"sku": 1}}),
            [("/when/scope", "UNKNOWN_KEY")],
        ),
        (promotion(when=LEAF | {"fact": "quantity", "basis": "x"}), [("/when/basis", "UNKNOWN_KEY")]),
        (promotion(when={"fact": "location", "op": "eq", "value": ""}), [("/when/value", "EMPTY")]),
        (promotion(when=LEAF | {"value": 2**53}), [("/when/value", "RANGE")]),
        (promotion(then=[{"type": "buy_get"}]), [("/then/0/buy", "MISSING"), ("/then/0/get", "MISSING")]),
        (
            promotion(then=[{"type": "buy_get", "buy": {}, "get": {}}]),
            [
                ("/then/0/buy/quantity", "MISSING"),
                ("/then/0/get/quantity", "MISSING"),
                ("/then/0/get/percent_bp", "MISSING"),
            ],
        ),
        (
            promotion(then=[{"type": "buy_get", "buy": 1, "get": {"quantity": 0, "percent_bp": 10_001, "x": 1}}]),
            [
                ("/then/0/buy", "TYPE"),
                ("/then/0/get/x", "UNKNOWN_KEY"),
                ("/then/0/get/quantity", "RANGE"),
                ("/then/0/get/percent_bp", "RANGE"),
            ],
        ),
        (tiers({"at": 1, "percent_bp": 10_001}), [("/then/0/steps/0/percent_bp", "RANGE")]),
        (tiers({"amount_off": 1}), [("/then/0/steps/0/at", "MISSING")]),
        # What cannot be read is not taken for a step that begins elsewhere.
        (tiers({"at": 1, "amount_off": 1}, {"at": "1", "amount_off": 2}), [("/then/0/steps/1/at", "TYPE")]),
        (
            tiers({"at": 0, "amount_off": 1}, {"amount_off": 2}),
            [("/then/0/steps/0/at", "RANGE"), ("/then/0/steps/1/at", "MISSING")],
        ),
        (
            promotion(
                then=[
                    {
                        "type": "expiry_ladder",
                        "steps": [
                            {"max_days_to_expiry": 0, "percent_bp": 1},
                            {"max_days_to_expiry": "0", "percent_bp": 2},
                        ],
                    }
                ]
            ),
            [("/then/0/steps/1/max_days_to_expiry", "TYPE")],
        ),
        (
            promotion(then=[{"type": "expiry_ladder", "steps": [{}]}]),
            [("/then/0/steps/0/max_days_to_expiry", "MISSING"), ("/then/0/steps/0/percent_bp", "MISSING")],
        ),
        (
            promotion(then=[{"type": "expiry_ladder", "steps": [{"max_days_to_expiry": -1, "percent_bp": 10_001}]}]),
            [("/then/0/steps/0/max_days_to_expiry", "RANGE"), ("/then/0/steps/0/percent_bp", "RANGE")],
        ),
        (promotion(then=[{"type": "amount_off", "per": "unit"}]), [("/then/0/amount", "MISSING")]),
        (reward(pick="cheapest"), [("/then/0/pick", "CONFLICT")]),
        (reward(per="unit", max_times=5), [("/then/0/max_times", "CONFLICT")]),
        (
            promotion(schedule={"weekdays": [1, "1", 0]}),
            [("/schedule/weekdays/1", "TYPE"), ("/schedule/weekdays/2", "RANGE")],
        ),
        (
            promotion(then=[{"type": "bundle_price", "items": [{"quantity": 0}, 5, {"x": 1}], "price": -1}]),
            [
                ("/then/0/items/0/quantity", "RANGE"),
                ("/then/0/items/1", "TYPE"),
                ("/then/0/items/2/x", "UNKNOWN_KEY"),
                ("/then/0/items/2/quantity", "MISSING"),
                ("/then/0/price", "RANGE"),
            ],
        ),
        (
            promotion(then=[{"type": "nth_unit", "n": 0, "percent_bp": 10_001, "group_by": "line"}]),
            [("/then/0/n", "RANGE"), ("/then/0/percent_bp", "RANGE"), ("/then/0/group_by", "VALUE")],
        ),
        (promotion(then=[{"type": "gift"}]), [("/then/0/sku", "MISSING"), ("/then/0/quantity", "MISSING")]),
        (promotion(then=[{"type": "points_multiplier"}]), [("/then/0/times_bp", "MISSING")]),
        (
            promotion(then=[{"type": "points_multiplier", "times_bp": 0}]),
            [("/then/0/times_bp", "RANGE")],
        ),
        (promotion(then=[{"type": "issue_coupon"}]), [("/then/0/batch", "MISSING"), ("/then/0/quantity", "MISSING")]),
        (
            promotion(then=[{"type": "issue_coupon", "batch": "b", "quantity": 0}]),
            [("/then/0/quantity", "RANGE")],
        ),
        (promotion(then=[{"type": "shipping_off", "percent_bp": 10_001}]), [("/then/0/percent_bp", "RANGE")]),
        (promotion(then=[{"type": "shipping_off", "amount": 0}]), [("/then/0/amount", "RANGE")]),
        (promotion(then=[{"type": "shipping_off", "price": -1}]), [("/then/0/price", "RANGE")]),
        (promotion(then=[{"type": "percent_off"}]), [("/then/0/percent_bp", "MISSING")]),
        (promotion(then=[{"type": "fixed_unit_price"}]), [("/then/0/unit_price", "MISSING")]),
        (
            promotion(then=[{"type": "nth_unit"}]),
            [("/then/0/n", "MISSING"), ("/then/0/percent_bp", "MISSING"), ("/then/0/group_by", "MISSING")],
        ),
        (
            promotion(then=[{"type": "any_n_price"}]),
            [("/then/0/quantity", "MISSING"), ("/then/0/price", "MISSING")],
        ),
        (
            promotion(then=[{"type": "bundle_price"}]),
            [("/then/0/items", "MISSING"), ("/then/0/price", "MISSING")],
        ),
        (promotion(then=[{"type": "tiers"}]), [("/then/0/measure", "MISSING"), ("/then/0/steps", "MISSING")]),
        (promotion(then=[{"type": "expiry_ladder"}]), [("/then/0/steps", "MISSING")]),
        (
            promotion(limits={"total": 0, "per_member": "1"}),
            [("/limits/per_member", "TYPE"), ("/limits/total", "RANGE")],
        ),
    ],
)
def test_a_faulty_promotion_is_refused_at_its_place(document: object, faults: list[tuple[str, str]]) -> None:
    assert found(document) == faults


@pytest.mark.parametrize(
    "document",
    [
        promotion(),
        promotion(name=None, coupon=None, schedule=None, when=None, limits=None, floor_margin_bp=None, excludes=[]),
        promotion(limits={"total": None}, schedule={"from": None, "until": None, "weekdays": None, "hours": None}),
        promotion(excludes=["order"], priority=-3),
        promotion(priority=1 - 2**53, floor_margin_bp=0),
        promotion(priority=2**53 - 1, limits={"total": 2**53 - 1}),
        promotion(limits=dict.fromkeys(
            ("times_per_order", "per_member", "total", "discount_total", "discount_per_order"), 1)),
        promotion(when=LEAF | {"value": 0}),
        promotion(schedule={"weekdays": [1, 7], "hours": [["00:00", "24:00"], ["23:59", "00:00"]]}),
        percent("p", 1, max_amount=1, max_units=1, pick="cheapest", basis="current"),
        percent("p", 10_000, max_units=1, pick="dearest", basis="initial"),
        reward(amount=1, per="scope", every=1, max_times=1),
        reward(amount=1, per="unit", max_units=1),
        tiers({"at": 1, "amount_off": 1}, {"at": 2, "percent_bp": 1}, group_by="scope"),
        tiers({"at": 1, "percent_bp": 10_000}, group_by="product"),
        promotion(then=[{"type": "fixed_unit_price", "unit_price": 0, "max_units": 1}]),
        promotion(then=[{"type": "nth_unit", "n": 1, "percent_bp": 1, "group_by": "product"}]),
        promotion(then=[{"type": "nth_unit", "n": 1, "percent_bp": 10_000, "group_by": "sku"}]),
        promotion(then=[{"type": "buy_get", "buy": {"quantity": 1}, "get": {"quantity": 1, "percent_bp": 1},
                         "max_times": 1}]),
        promotion(then=[{"type": "buy_get", "buy": {"quantity": 1}, "get": {"quantity": 1, "percent_bp": 10_000}}]),
        promotion(then=[{"type": "bundle_price", "items": [{"quantity": 1}], "price": 0, "max_times": 1}]),
        promotion(then=[{"type": "any_n_price", "quantity": 1, "price": 0, "max_times": 1}]),
        promotion(then=[{"type": "expiry_ladder", "steps": [{"max_days_to_expiry": 0, "percent_bp": 1},
                                                           {"max_days_to_expiry": 1, "percent_bp": 10_000}]}]),
        promotion(then=[{"type": "gift", "sku": "G", "quantity": 1, "every_quantity": 1, "max_times": 1}]),
        promotion(then=[{"type": "gift", "sku": "G", "quantity": 1, "every_amount": 1, "max_times": 1}]),
        promotion(then=[{"type": "shipping_off", "percent_bp": 1}]),
        promotion(then=[{"type": "shipping_off", "percent_bp": 10_000}]),
        promotion(then=[{"type": "shipping_off", "amount": 1}]),
        promotion(then=[{"type": "shipping_off", "price": 0}]),
        promotion(then=[{"type": "points_multiplier", "times_bp": 1}]),
        promotion(then=[{"type": "issue_coupon", "batch": "b", "quantity": 1}]),
        reward(scope={"min_unit_price": 0, "max_unit_price": 0, "max_days_to_expiry": 0}),
    ],
)  # fmt: skip
def test_what_is_left_out_or_null_takes_its_default(document: Doc) -> None:
    assert found(document) == []


def test_all_faults_of_all_documents_come_at_once() -> None:
    bad = percent("p", 0, lane="prices")

    with pytest.raises(InvalidInput) as caught:
        Ruleset.compile([bad, promotion(), promotion(), 5], {"lanes": [{"lane": "price", "mode": "all"}], "x": 1})

    assert [(fault.path, fault.code) for fault in caught.value.faults] == [
        ("/promotions/0/lane", "VALUE"),
        ("/promotions/0/then/0/percent_bp", "RANGE"),
        ("/promotions/1/id", "DUPLICATE"),
        ("/promotions/2/id", "DUPLICATE"),
        ("/promotions/3", "TYPE"),
        ("/policy/x", "UNKNOWN_KEY"),
        ("/policy/lanes/0/mode", "VALUE"),
    ]


def test_ids_that_are_no_texts_or_empty_are_not_taken_for_the_same() -> None:
    with pytest.raises(InvalidInput) as caught:
        Ruleset.compile([promotion(id=each) for each in ("", "", ["p"], {"p": 1}, None, None)])

    assert [(fault.path, fault.code) for fault in caught.value.faults] == [
        ("/promotions/0/id", "EMPTY"),
        ("/promotions/1/id", "EMPTY"),
        ("/promotions/2/id", "TYPE"),
        ("/promotions/3/id", "TYPE"),
        ("/promotions/4/id", "TYPE"),
        ("/promotions/5/id", "TYPE"),
    ]


@pytest.mark.parametrize(
    ("policy", "faults"),
    [
        ([], [("/policy", "TYPE")]),
        ({"lanes": []}, [("/policy/lanes", "EMPTY")]),
        ({"lanes": [{"lane": "price"}, {"lane": "price"}]}, [("/policy/lanes/1/lane", "DUPLICATE")]),
        ({"lanes": [{"mode": "best"}]}, [("/policy/lanes/0/lane", "MISSING")]),
        ({"lanes": [{"lane": "price", "max": 0}]}, [("/policy/lanes/0/max", "RANGE")]),
        ({"exclusive": "none"}, [("/policy/exclusive", "VALUE")]),
        ({"max_total_discount_bp": 0}, [("/policy/max_total_discount_bp", "RANGE")]),
        ({"floor_margin_bp": "5%"}, [("/policy/floor_margin_bp", "TYPE")]),
    ],
)
def test_a_faulty_policy_is_refused_at_its_place(policy: object, faults: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidInput) as caught:
        Ruleset.compile([], policy)

    assert [(fault.path, fault.code) for fault in caught.value.faults] == faults


def test_the_default_policy_is_valid() -> None:
    Ruleset.compile([], DEFAULT_POLICY)


@pytest.mark.parametrize(
    ("document", "faults"),
    [
        (None, [("/facts", "TYPE")]),
        (
            {},
            [
                ("/facts/currency", "MISSING"),
                ("/facts/now", "MISSING"),
                ("/facts/channel", "MISSING"),
                ("/facts/lines", "MISSING"),
            ],
        ),
        (facts("A @1", now="2026-11-21T18:30:00"), [("/facts/now", "FORMAT")]),
        (facts("A @1", now="2026-11-21 18:30:00+08:00"), [("/facts/now", "FORMAT")]),
        (facts("A @1", currency="cny"), [("/facts/currency", "FORMAT")]),
        (facts("A @1", channel="shop"), [("/facts/channel", "VALUE")]),
        (facts("A @1", shipping=-1), [("/facts/shipping", "RANGE")]),
        (facts("A @1", total=1), [("/facts/total", "UNKNOWN_KEY")]),
        (facts("A @1", coupons=["A", None]), [("/facts/coupons/1", "TYPE")]),
        (facts("A x0 @1"), [("/facts/lines/0/quantity", "RANGE")]),
        (facts("A @1, B @1", lines={"B": {"id": "A"}}), [("/facts/lines/1/id", "DUPLICATE")]),
        (facts("A @1", lines={"A": {"unit_price": -5}}), [("/facts/lines/0/unit_price", "RANGE")]),
        (facts("A @1", lines={"A": {"unit_price": 2.5}}), [("/facts/lines/0/unit_price", "TYPE")]),
        (facts("A @1", lines={"A": {"quantity": True}}), [("/facts/lines/0/quantity", "TYPE")]),
        (facts("A @1", lines={"A": {"quantity": 2**60}}), [("/facts/lines/0/quantity", "RANGE")]),
        (facts("A @1", lines={"A": {"price": 1}}), [("/facts/lines/0/price", "UNKNOWN_KEY")]),
        (facts("A @1", lines={"A": {"categories": "x"}}), [("/facts/lines/0/categories", "TYPE")]),
        (
            facts("A @1", lines={"A": {"tags": ["", 1]}}),
            [("/facts/lines/0/tags/0", "EMPTY"), ("/facts/lines/0/tags/1", "TYPE")],
        ),
        (facts("A @1", lines={"A": {"expires_on": "21.11.2026"}}), [("/facts/lines/0/expires_on", "FORMAT")]),
        (
            facts("A @1", lines={"A": {"unit_cost": "1", "member_price": -1}}),
            [("/facts/lines/0/member_price", "RANGE"), ("/facts/lines/0/unit_cost", "TYPE")],
        ),
        (facts("A @1", lines={"A": {"sku": None}}), [("/facts/lines/0/sku", "TYPE")]),
        (facts("A @1", member={}), [("/facts/member/id", "MISSING")]),
        (facts("A @1", member={"id": "m", "birthday": "13-01"}), [("/facts/member/birthday", "FORMAT")]),
        (facts("A @1", member={"id": "m", "joined_on": "2026-1-1"}), [("/facts/member/joined_on", "FORMAT")]),
        (facts("A @1", member="m"), [("/facts/member", "TYPE")]),
        (facts("A @1", usage=[]), [("/facts/usage", "TYPE")]),
        (
            facts("A @1", usage={"p": {"uses": 1, "total": -1}}),
            [("/facts/usage/p/uses", "UNKNOWN_KEY"), ("/facts/usage/p/total", "RANGE")],
        ),
    ],
)
def test_faulty_facts_are_refused_at_their_place(document: object, faults: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidInput) as caught:
        Ruleset.compile([]).price(document)

    assert [(fault.path, fault.code) for fault in caught.value.faults] == faults


def test_pricing_leaves_its_documents_alone() -> None:
    documents = [promotion(when={"all": [LEAF]}, schedule={"weekdays": [6]})]
    cart = facts("B @5, A @1", member={"id": "m"}, usage={"p": {"total": 1}})
    before = repr((documents, cart, DEFAULT_POLICY))

    Ruleset.compile(documents, DEFAULT_POLICY).price(cart, explain=True)

    assert repr((documents, cart, DEFAULT_POLICY)) == before


def test_a_condition_may_be_nested_to_any_depth() -> None:
    when: Doc = {"fact": "quantity", "op": "gte", "value": 2}
    for depth in range(20_000):
        when = {"not": when} if depth % 2 else {"any": [{"all": [when]}]}
    rules = Ruleset.compile([promotion(when=when)])

    assert rules.price(facts("A @1000")).applied == ()
    assert rules.price(facts("A x2 @1000")).discount == 100
