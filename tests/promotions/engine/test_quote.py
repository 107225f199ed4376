"""The quote as a document, and back."""

import json
from typing import Any

from promotions.engine import Quote, Ruleset

from tests.promotions.engine.builders import NOW, amount, facts, percent

DOCUMENT: dict[str, Any] = {
    "currency": "CNY",
    "subtotal": 3000,
    "discount": 500,
    "shipping": 600,
    "total": 3300,
    "lines": [
        {
            "id": "A",
            "quantity": 3,
            "initial": 3000,
            "final": 2700,
            "units": [{"count": 3, "final": 900}],
            "adjustments": [{"promotion": "ten", "amount": 300}],
        }
    ],
    "shipping_adjustments": [{"promotion": "fee", "amount": 200}],
    "gifts": [{"promotion": "gift", "sku": "MUG", "quantity": 1}],
    "effects": [{"promotion": "points", "type": "points_multiplier", "scope": {"skus": ["A"]}, "times_bp": 20_000}],
    "applied": [
        {"promotion": "ten", "amount": 300, "times": 1, "cut": {}, "code": "TEN"},
        {"promotion": "gift", "amount": 0, "times": 1, "cut": {}},
        {"promotion": "points", "amount": 0, "times": 1, "cut": {}},
        {"promotion": "fee", "amount": 200, "times": 1, "cut": {"LIMIT": 50}},
    ],
    "skipped": [
        {"promotion": "later", "reason": "SCHEDULE"},
        {"promotion": "more", "reason": "NOT_MET", "gap": {"fact": "subtotal", "missing": 2300}},
    ],
    "exact": True,
}
RULES = Ruleset.compile(
    [
        percent("ten", 1000, coupon={"codes": ["TEN"]}),
        {"id": "gift", "lane": "item", "then": [{"type": "gift", "sku": "MUG", "quantity": 1}]},
        {
            "id": "points",
            "lane": "item",
            "then": [{"type": "points_multiplier", "times_bp": 20_000, "scope": {"skus": ["A"]}}],
        },
        {
            "id": "fee",
            "lane": "shipping",
            "then": [{"type": "shipping_off", "amount": 250}],
            "limits": {"discount_per_order": 200},
        },
        amount("more", 100, when={"fact": "subtotal", "op": "gte", "value": 5000}),
        amount("later", 100, schedule={"from": "2027-01-01T00:00:00Z"}),
    ]
)
CART = facts("A x3 @1000", coupons=["TEN"], shipping=800, now=NOW)


def test_a_quote_says_all_of_it() -> None:
    assert RULES.price(CART, explain=True).to_json() == DOCUMENT


def test_a_quote_that_is_not_asked_says_nothing_of_what_did_not_apply() -> None:
    assert RULES.price(CART).to_json() == DOCUMENT | {"skipped": None}


def test_a_quote_that_was_kept_is_the_same_when_it_is_read() -> None:
    for explain in (True, False):
        quote = RULES.price(CART, explain=explain)

        kept = Quote.from_json(json.loads(json.dumps(quote.to_json())))

        assert kept == quote
        assert kept.to_json() == DOCUMENT | ({} if explain else {"skipped": None})
