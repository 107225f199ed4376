"""Promotions that are well formed and can never have an effect: refused before they go live, priced when they are."""

from typing import Any

import pytest
from promotions.engine import InvalidInput, Ruleset, validate_promotion

from tests.promotions.engine.builders import amount, facts

Doc = dict[str, Any]


def leaf(fact: str, op: str, value: Any, **others: Any) -> Doc:
    return {"fact": fact, "op": op, "value": value} | others


def both(*parts: Doc) -> Doc:
    return {"all": list(parts)}


def rule(reward: Doc, **others: Any) -> Doc:
    return {"id": "p", "lane": "item", "then": [reward]} | others


def tiers(*ats: int, **others: Any) -> Doc:
    return {"type": "tiers", "measure": "subtotal", "steps": [{"at": at, "amount_off": 1} for at in ats]} | others


def found(document: Doc) -> list[tuple[str, str]]:
    return [(fault.path, fault.code) for fault in validate_promotion(document)]


@pytest.mark.parametrize(
    "when",
    [
        leaf("quantity", "lt", 0),
        leaf("member.days_to_birthday", "gt", 365),
        both(leaf("subtotal", "gte", 100), leaf("subtotal", "lt", 100)),
        both(leaf("subtotal", "eq", 5), {"not": leaf("subtotal", "lte", 5)}),
        both(leaf("quantity", "gte", 5, scope={"skus": ["A"]}), leaf("quantity", "lt", 5, scope={"skus": ["A"]})),
        both(leaf("channel", "eq", "pos"), leaf("channel", "in", ["online", "livestream"])),
        leaf("channel", "not_in", ["online", "pos", "miniprogram", "livestream"]),
        both(leaf("member.tier", "eq", "gold"), leaf("member.tier", "not_in", ["gold"])),
        both(leaf("member.present", "eq", False), leaf("member.orders", "gte", 0)),
        both(leaf("member.tags", "all_of", ["a", "b"]), leaf("member.tags", "none_of", ["b"])),
        both(leaf("member.tags", "none_of", ["a", "b"]), leaf("member.tags", "any_of", ["b"])),
        {"any": [leaf("quantity", "lt", 0), both(leaf("quantity", "gt", 3), leaf("quantity", "lte", 3))]},
        {"not": {"any": [leaf("quantity", "gte", 3), leaf("quantity", "lt", 3)]}},
        both({"not": leaf("quantity", "gt", 5)}, leaf("quantity", "gte", 6)),
        both(leaf("member.tier", "not_in", ["gold"]), leaf("member.tier", "eq", "gold")),
        both(leaf("member.tier", "in", ["gold", "silver"]), leaf("member.tier", "eq", "bronze")),
        both(leaf("location", "not_in", ["a"]), leaf("location", "not_in", ["b"]), leaf("location", "in", ["a", "b"])),
        both(leaf("member.tags", "none_of", ["b"]), leaf("member.tags", "any_of", ["b"])),
        both(leaf("member.tags", "any_of", ["a", "b"]), leaf("member.tags", "none_of", ["a", "b"])),
        both({"not": leaf("member.present", "eq", True)}, leaf("member.orders", "gte", 0)),
        both({"not": leaf("member.present", "eq", False)}, leaf("member.present", "eq", False)),
        both({"not": leaf("channel", "eq", "pos")}, leaf("channel", "eq", "pos")),
        both({"not": leaf("channel", "in", ["pos", "online"])}, leaf("channel", "eq", "online")),
        both({"not": leaf("channel", "not_in", ["pos"])}, leaf("channel", "eq", "online")),
    ],
)
def test_a_condition_that_can_never_hold_is_refused(when: Doc) -> None:
    assert found(amount("p", 1, when=when)) == [("/when", "CONFLICT")]


@pytest.mark.parametrize(
    "when",
    [
        both(leaf("subtotal", "gte", 100), leaf("subtotal", "lte", 100)),
        both(leaf("subtotal", "gte", 100, basis="initial"), leaf("subtotal", "lt", 100)),
        both(leaf("quantity", "gte", 5, scope={"skus": ["A"]}), leaf("quantity", "lt", 5, scope={"skus": ["B"]})),
        {"any": [leaf("quantity", "lt", 0), leaf("quantity", "gt", 0)]},
        {"not": leaf("member.tags", "any_of", ["a"])},
        both({"not": leaf("member.orders", "gte", 1)}, {"not": leaf("member.orders", "lt", 1)}),
        leaf("member.days_since_join", "lt", 0),
        both(leaf("member.tags", "any_of", ["a", "b"]), leaf("member.tags", "none_of", ["a"])),
        both(leaf("quantity", "gt", 3), leaf("quantity", "lte", 4)),
        both(leaf("quantity", "lt", 5), leaf("quantity", "gte", 4)),
        leaf("quantity", "lte", 0),
        leaf("member.days_to_birthday", "gte", 365),
        both(leaf("member.present", "eq", False), leaf("quantity", "gte", 1)),
        both(leaf("member.tier", "in", ["gold", "silver"]), leaf("member.tier", "eq", "gold")),
        both(leaf("member.tier", "not_in", ["gold"]), leaf("member.tier", "eq", "silver")),
        both({"not": leaf("channel", "eq", "pos")}, leaf("channel", "eq", "online")),
        both({"not": leaf("channel", "in", ["pos", "livestream"])}, leaf("channel", "eq", "online")),
        both({"not": leaf("channel", "not_in", ["pos"])}, leaf("channel", "eq", "pos")),
    ],
)
def test_a_condition_that_some_cart_meets_is_accepted(when: Doc) -> None:
    assert found(amount("p", 1, when=when)) == []


@pytest.mark.parametrize(("leaves", "faults"), [(200, [("/when", "CONFLICT")]), (201, [])])
def test_a_condition_of_more_than_200_leaves_is_believed(leaves: int, faults: list[tuple[str, str]]) -> None:
    when = {"any": [leaf("quantity", "lt", 0)] * leaves}

    assert found(amount("p", 1, when=when)) == faults


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (rule(tiers(5000, 300), when=leaf("subtotal", "lt", 5000)), "/then/0/steps/0/at"),
        (rule(tiers(300, 700), when={"not": leaf("subtotal", "gte", 700, basis="initial")}), "/then/0/steps/1/at"),
        (amount("p", 1, every=5000, when=leaf("subtotal", "lte", 4999)), "/then/0/every"),
        (
            rule({"type": "gift", "sku": "G", "quantity": 1, "every_quantity": 4}, when=leaf("quantity", "lte", 3)),
            "/then/0/every_quantity",
        ),
        (
            rule({"type": "expiry_ladder", "scope": {"max_days_to_expiry": 3},
                  "steps": [{"max_days_to_expiry": 7, "percent_bp": 1}, {"max_days_to_expiry": 4, "percent_bp": 2}]}),
            "/then/0/steps/0/max_days_to_expiry",
        ),
        (
            rule({"type": "fixed_unit_price", "unit_price": 900, "scope": {"max_unit_price": 900}}),
            "/then/0/unit_price",
        ),
        (rule({"type": "any_n_price", "quantity": 3, "price": 30, "scope": {"max_unit_price": 10}}), "/then/0/price"),
        (
            rule({"type": "bundle_price", "price": 50, "items": [{"quantity": 2, "scope": {"max_unit_price": 10}},
                                                                {"quantity": 1, "scope": {"max_unit_price": 30}}]}),
            "/then/0/price",
        ),
        (
            amount("p", 1, scope={"skus": ["A"], "exclude": {"skus": ["A", "B"]}}),
            "/then/0/scope/exclude",
        ),
        (amount("p", 1, scope={"exclude": {"min_unit_price": 0}}), "/then/0/scope/exclude"),
        (
            rule({"type": "buy_get", "buy": {"quantity": 1, "scope": {"max_unit_price": 5,
                                                                     "exclude": {"max_unit_price": 9}}},
                  "get": {"quantity": 1, "percent_bp": 1}}),
            "/then/0/buy/scope/exclude",
        ),
        (
            amount("p", 1, schedule={"from": "2026-11-16T00:00:00Z", "until": "2026-11-18T00:00:00Z",
                                     "weekdays": [5, 6]}),
            "/schedule",
        ),
        (
            rule({"type": "gift", "sku": "G", "quantity": 1, "every_amount": 400}, when=leaf("subtotal", "lt", 400)),
            "/then/0/every_amount",
        ),
        (rule({"type": "any_n_price", "quantity": 3, "price": 0, "scope": {"max_unit_price": 0}}), "/then/0/price"),
        (
            rule({"type": "buy_get", "buy": {"quantity": 1},
                  "get": {"quantity": 1, "percent_bp": 1, "scope": {"skus": ["A"], "exclude": {"skus": ["A"]}}}}),
            "/then/0/get/scope/exclude",
        ),
        (
            rule({"type": "bundle_price", "price": 50, "items": [
                {"quantity": 2}, {"quantity": 1, "scope": {"tags": ["x"], "exclude": {"tags": ["x"]}}}]}),
            "/then/0/items/1/scope/exclude",
        ),
        (
            amount("p", 1, scope={"max_unit_price": 5, "exclude": {"max_unit_price": 5}}),
            "/then/0/scope/exclude",
        ),
        (
            amount("p", 1, scope={"max_days_to_expiry": 3, "exclude": {"max_days_to_expiry": 3}}),
            "/then/0/scope/exclude",
        ),
    ],
)  # fmt: skip
def test_what_can_never_have_an_effect_is_refused_at_its_place(document: Doc, path: str) -> None:
    assert found(document) == [(path, "CONFLICT")]


@pytest.mark.parametrize(
    "document",
    [
        rule(tiers(300, 700), when=leaf("subtotal", "lte", 700)),
        rule(tiers(300, 700, scope={"skus": ["A"]}), when=leaf("subtotal", "lt", 100)),
        rule({"type": "any_n_price", "quantity": 3, "price": 29, "scope": {"max_unit_price": 10}}),
        amount("p", 1, scope={"skus": ["A", "C"], "exclude": {"skus": ["A", "B"]}}),
        # Sunday 23:00 in Honolulu is Monday 09:00 in UTC.
        amount("p", 1, schedule={"from": "2026-11-16T09:00:00Z", "until": "2026-11-16T10:00:00Z", "weekdays": [7]}),
        amount("p", 1, schedule={"from": "2026-11-16T09:00:00Z", "until": "2026-12-16T10:00:00Z", "weekdays": [3],
                                 "hours": [["23:59", "00:00"]]}),
        amount("p", 1, schedule={"from": "2026-11-16T09:00:00Z", "weekdays": [3]}),
        amount("p", 1, schedule={"until": "2026-11-16T09:00:00Z", "weekdays": [3]}),
        rule(tiers(300, 700)),
        rule({"type": "fixed_unit_price", "unit_price": 900}),
        rule({"type": "any_n_price", "quantity": 3, "price": 30}),
        amount("p", 1, scope={"exclude": {"min_unit_price": 1}}),
        amount("p", 1, scope={"exclude": {"max_unit_price": 5}}),
        amount("p", 1, scope={"max_unit_price": 6, "exclude": {"max_unit_price": 5}}),
        amount("p", 1, scope={"exclude": {"max_days_to_expiry": 3}}),
        amount("p", 1, scope={"max_days_to_expiry": 4, "exclude": {"max_days_to_expiry": 3}}),
    ],
)  # fmt: skip
def test_what_may_have_an_effect_is_accepted(document: Doc) -> None:
    assert found(document) == []


@pytest.mark.parametrize(
    ("start", "end", "weekday", "hours", "opens"),
    [
        # A zone is less than a day from UTC: at 12:00 on Monday some clock shows 12:01 on Sunday, none shows 12:00.
        ("16T12:00:00", "16T12:00:10", 7, ("11:00", "12:02"), True),
        ("16T12:00:00", "16T12:00:10", 7, ("11:00", "12:01"), False),
        ("16T12:00:59", "16T12:01:00", 7, ("11:00", "12:02"), True),
        # And another shows 11:59 on Tuesday.
        ("16T11:59:00", "16T12:00:01", 2, ("11:59", "13:00"), True),
        ("16T11:59:00", "16T12:00:00", 2, ("11:59", "13:00"), False),
        ("16T11:59:00", "16T12:00:00", 2, ("11:58", "13:00"), True),
        # Until 00:01:01 on Monday: the first second of Tuesday is reached.
        ("15T23:00:00", "16T00:01:01", 2, None, True),
        ("15T23:00:00", "16T00:01:00", 2, None, False),
        # From 00:59 on Tuesday: it is one o'clock on Monday, in the slot that began on Sunday.
        ("17T00:59:00", "17T01:00:00", 7, ("23:00", "02:00"), True),
        ("17T00:59:00", "17T01:00:00", 7, ("23:00", "01:00"), False),
    ],
)
def test_a_schedule_opens_where_some_clock_on_earth_is_in_it(
    start: str, end: str, weekday: int, hours: tuple[str, str] | None, opens: bool
) -> None:
    schedule: Doc = {"from": f"2026-11-{start}Z", "until": f"2026-11-{end}Z", "weekdays": [weekday]}
    if hours is not None:
        schedule["hours"] = [list(hours)]

    assert found(amount("p", 1, schedule=schedule)) == ([] if opens else [("/schedule", "CONFLICT")])


def test_a_rule_set_prices_what_can_never_apply_unless_it_is_to_be_strict() -> None:
    document = amount("p", 1, when=leaf("quantity", "lt", 0))

    assert Ruleset.compile([document]).price(facts("A @5")).applied == ()
    with pytest.raises(InvalidInput) as caught:
        Ruleset.compile([amount("q", 0), document], strict=True)
    assert [fault.path for fault in caught.value.faults] == ["/promotions/0/then/0/amount", "/promotions/1/when"]
