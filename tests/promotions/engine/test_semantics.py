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
    ],
)
def test_a_condition_that_some_cart_meets_is_accepted(when: Doc) -> None:
    assert found(amount("p", 1, when=when)) == []


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
    ],
)  # fmt: skip
def test_what_may_have_an_effect_is_accepted(document: Doc) -> None:
    assert found(document) == []


def test_a_rule_set_prices_what_can_never_apply_unless_it_is_to_be_strict() -> None:
    document = amount("p", 1, when=leaf("quantity", "lt", 0))

    assert Ruleset.compile([document]).price(facts("A @5")).applied == ()
    with pytest.raises(InvalidInput) as caught:
        Ruleset.compile([amount("q", 0), document], strict=True)
    assert [fault.path for fault in caught.value.faults] == ["/promotions/0/then/0/amount", "/promotions/1/when"]
