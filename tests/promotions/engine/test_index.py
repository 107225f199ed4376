"""The index: candidates are few, and never too few."""

from typing import Any

from promotions.engine import Ruleset
from promotions.engine.cart import Cart
from promotions.engine.facts import parse_facts
from promotions.engine.index import Index

from tests.promotions.engine.builders import NOW, facts, percent


def candidates(promotions: list[dict[str, Any]], cart: dict[str, Any]) -> list[str]:
    rules = Ruleset.compile(promotions)
    places = Index(rules.promotions).candidates(Cart(parse_facts(cart)))
    return [rules.promotions[place].id for place in places]


def test_what_has_not_begun_is_no_candidate_and_at_its_first_moment_it_is() -> None:
    promotions = [
        percent("always", 1000),
        percent("begins now", 1000, schedule={"from": NOW}),
        percent("begins later", 1000, schedule={"from": "2026-11-21T18:30:01+08:00"}),
        percent("began", 1000, schedule={"from": "2026-11-21T10:29:59Z"}),
    ]

    assert candidates(promotions, facts("A @100")) == ["always", "began", "begins now"]


def test_a_threshold_on_the_cart_and_the_goods_asked_for_keep_others_out() -> None:
    leaf = {"fact": "subtotal", "op": "gte", "value": 101}
    promotions = [
        percent("enough", 1000, when=leaf | {"value": 100}),
        percent("too dear", 1000, when=leaf),
        percent("for A", 1000, scope={"skus": ["A"]}),
        percent("for B", 1000, scope={"skus": ["B"]}),
        percent("for B later", 1000, scope={"skus": ["B"]}, schedule={"from": "2027-01-01T00:00:00Z"}),
    ]

    assert candidates(promotions, facts("A @100")) == ["enough", "for A"]
