"""Conditions: what a chain of leaves knows about itself, and the listing that asks whether some cart could meet it."""

from datetime import datetime
from typing import Any

import pytest
from promotions.engine import Ruleset
from promotions.engine.conditions import Condition, parse_condition
from promotions.engine.faults import Fault, Path
from promotions.engine.scope import Scopes

from tests.promotions.engine.builders import NOW, amount, facts, percent

Doc = dict[str, Any]


def leaf(fact: str, op: str = "gte", value: Any = 1, **others: Any) -> Doc:
    return {"fact": fact, "op": op, "value": value} | others


def each(*parts: Doc) -> Doc:
    return {"all": list(parts)}


def some(*parts: Doc) -> Doc:
    return {"any": list(parts)}


POS = leaf("channel", "eq", "pos")
ONLINE = leaf("channel", "eq", "online")
SUBTOTAL, QUANTITY, SKUS = leaf("subtotal"), leaf("quantity"), leaf("distinct_skus")


def compiled(document: Doc) -> Condition:
    faults: list[Fault] = []
    condition = parse_condition(document, Path(None, "when"), faults, Scopes())
    assert condition is not None
    assert faults == []
    return condition


@pytest.mark.parametrize(
    ("when", "required"),
    [
        (SUBTOTAL, ["subtotal"]),
        (each(SUBTOTAL, QUANTITY, POS), ["subtotal", "quantity", "channel"]),
        (each(POS, some(SUBTOTAL, QUANTITY), SKUS), ["channel"]),
        (some(SUBTOTAL, QUANTITY), []),
        (some(each(SUBTOTAL)), ["subtotal"]),
        ({"not": SUBTOTAL}, []),
        ({"not": some(SUBTOTAL, QUANTITY)}, []),
        ({"not": {"not": each(QUANTITY, {"not": POS})}}, ["quantity"]),
    ],
)
def test_a_condition_knows_the_leaves_that_must_hold(when: Doc, required: list[str]) -> None:
    assert [found.fact for found in compiled(when).required()] == required


@pytest.mark.parametrize(
    ("when", "shown"),
    [
        (each(ONLINE, SUBTOTAL), True),
        (each(POS, SUBTOTAL), False),
        (each(SUBTOTAL, POS), False),
        (some(POS, SUBTOTAL), True),
        (some(SUBTOTAL, POS), True),
        (some(SUBTOTAL, each(QUANTITY, POS)), True),
        (some(each(POS, SUBTOTAL), QUANTITY), True),
        (some(POS, leaf("member.present", "eq", True)), False),
        ({"not": each(SUBTOTAL, POS)}, True),
        ({"not": ONLINE}, False),
        (each({"not": POS}, {"not": QUANTITY}), True),
    ],
)
def test_a_listing_shows_what_some_cart_on_its_channel_could_meet(when: Doc, shown: bool) -> None:
    line = {"id": "v", "sku": "TEA", "quantity": 1, "unit_price": 2500}
    rules = Ruleset.compile([amount("p", 100, when=when)])

    found = rules.badges(line, now=datetime.fromisoformat(NOW), channel="online", currency="CNY")

    assert [badge.promotion for badge in found] == (["p"] if shown else [])


@pytest.mark.parametrize(
    ("when", "gap"),
    [
        (each(leaf("subtotal", value=1500), QUANTITY, SKUS), {"fact": "subtotal", "missing": 500}),
        (each(QUANTITY, SKUS, leaf("subtotal", value=1500)), {"fact": "subtotal", "missing": 500}),
        (each(leaf("subtotal", value=1500), QUANTITY, POS), None),
        (each(QUANTITY, leaf("quantity", "gt", 1), SKUS, ONLINE), {"fact": "quantity", "missing": 1}),
        (some(POS, leaf("quantity", value=3), leaf("subtotal", value=1500)), {"fact": "quantity", "missing": 2}),
        (each(some(POS, leaf("quantity", value=3)), SKUS), {"fact": "quantity", "missing": 2}),
        ({"not": leaf("quantity", "lt", 3)}, None),
        (leaf("subtotal", "eq", 1500), None),
        (leaf("member.orders", value=2), {"fact": "member.orders", "missing": 2}),
        (leaf("member.days_to_birthday", value=2), None),
    ],
)
def test_the_gap_is_the_one_number_that_stands_in_the_way(when: Doc, gap: Doc | None) -> None:
    quote = Ruleset.compile([amount("p", 100, when=when)]).price(facts("A @1000", member={"id": "m"}), explain=True)

    expected = {"promotion": "p", "reason": "NOT_MET"} | ({} if gap is None else {"gap": gap})
    assert quote.to_json()["skipped"] == [expected]


def test_the_subtotal_of_a_condition_is_the_current_one_unless_it_says_initial() -> None:
    rules = [
        percent("sale", 5000),
        amount("now", 10, when=leaf("subtotal", value=1000)),
        amount("first", 10, when=leaf("subtotal", value=1000, basis="initial")),
    ]

    quote = Ruleset.compile(rules).price(facts("A @1000"), explain=True)

    assert [applied.promotion for applied in quote.applied] == ["sale", "first"]
    assert [entry.to_json() for entry in quote.skipped or ()] == [
        {"promotion": "now", "reason": "NOT_MET", "gap": {"fact": "subtotal", "missing": 500}}
    ]
