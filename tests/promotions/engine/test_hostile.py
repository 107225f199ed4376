"""Hostile documents: only a quote or `InvalidInput` comes back, never another error."""

import copy
import json
import random
from typing import Any

import pytest
from promotions.engine import DEFAULT_POLICY, InvalidInput, Ruleset, validate_promotion

from tests.promotions.engine.carts import a_case

JUNK: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2**53,
    10**40,
    -(10**40),
    0.5,
    float("inf"),
    "",
    "x",
    "\ud800",
    "\x00",
    "9" * 5000,
    "2026-13-45T99:99:99+99:99",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    [],
    {},
    [[]],
    [{}],
    [None],
    {"": None},
    {"a": {"b": 1}},
    "price",
    "percent_off",
    [["00:00", "24:00"]],
    {"all": [{"all": []}]},
    {"not": {"not": {}}},
]


def places(document: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a document."""
    found: list[tuple[Any, Any]] = []
    work = [document]
    while work:
        node = work.pop()
        entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in list(entries):
            found.append((node, key))
            work.append(value)
    return found


def mutated(rnd: random.Random, document: Any) -> Any:
    document = copy.deepcopy(document)
    for _ in range(rnd.choice([1, 1, 2, 5])):
        spots = places(document)
        if not spots:
            return rnd.choice(JUNK)
        node, key = rnd.choice(spots)
        action = rnd.random()
        if action < 0.6:
            node[key] = copy.deepcopy(rnd.choice(JUNK))
        elif action < 0.75:
            del node[key]
        elif action < 0.9 and isinstance(node, dict):
            node[rnd.choice(["extra", "type", "all", "scope", "", 7])] = copy.deepcopy(rnd.choice(JUNK))
        else:
            other, other_key = rnd.choice(spots)
            node[key] = copy.deepcopy(other.get(other_key) if isinstance(other, dict) else other)
    return document


def full_case(seed: int) -> tuple[Any, Any, Any]:
    facts, promotions, policy = a_case(seed, promotions=5)
    facts |= {"member": {"id": "m", "tags": ["a"], "birthday": "05-12", "joined_on": "2026-01-05"}, "shipping": 5}
    promotions[0] |= {
        "schedule": {"from": "2026-11-01T00:00:00+08:00", "weekdays": [6, 7], "hours": [["18:00", "21:00"]]},
        "when": {"any": [{"fact": "member.tags", "op": "any_of", "value": ["a"]},
                         {"not": {"fact": "member.days_to_birthday", "op": "lte", "value": 3}}]},
    }  # fmt: skip
    return facts, promotions, policy


def test_mutated_documents_give_a_quote_or_faults() -> None:
    first = random.randrange(10**9)
    print(f"seeds from {first}")
    quotes = refused = 0
    for seed in range(first, first + 1500):
        rnd = random.Random(seed)
        documents = list(full_case(seed))
        for place in rnd.sample(range(3), rnd.choice([1, 1, 1, 2, 3])):
            documents[place] = mutated(rnd, documents[place])
        facts, promotions, policy = documents
        try:
            quote = Ruleset.compile(promotions, policy).price(facts, explain=True)
        except InvalidInput as invalid:
            refused += bool(json.dumps([fault.to_json() for fault in invalid.faults]) != "[]")
        else:
            quotes += 1
            json.dumps(quote.to_json())
    assert quotes + refused == 1500
    assert min(quotes, refused) > 50


def test_junk_alone_is_refused() -> None:
    for junk in JUNK:
        if junk is None:
            continue
        assert validate_promotion(junk)
        for promotions, policy, facts in ((junk, None, {}), ([junk], None, {}), ([], junk, {}), ([], None, junk)):
            with pytest.raises(InvalidInput) as caught:
                Ruleset.compile(promotions, policy).price(facts)
            assert caught.value.faults


def test_the_largest_numbers_are_priced_exactly() -> None:
    most = 2**53 - 1
    facts = {
        "currency": "CNY",
        "now": "0001-01-01T00:00:00+23:59",
        "channel": "pos",
        "shipping": most,
        "lines": [
            {"id": "a", "sku": "A", "quantity": most, "unit_price": most, "unit_cost": most},
            {"id": "b", "sku": "B", "quantity": 1, "unit_price": 1},
        ],
    }
    promotions = [
        {"id": "p", "lane": "price", "then": [{"type": "percent_off", "percent_bp": 3333}]},
        {"id": "q", "lane": "order", "floor_margin_bp": most, "then": [{"type": "amount_off", "amount": most}]},
    ]

    quote = Ruleset.compile(promotions, DEFAULT_POLICY).price(facts)

    assert quote.subtotal == most * most + 1
    assert quote.total == sum(line.final for line in quote.lines) + most


def test_one_cart_that_many_promotions_fight_over_is_priced() -> None:
    facts, _, _ = a_case(3)
    promotions = [
        {"id": f"p{n}", "lane": "order", "then": [{"type": "percent_off", "percent_bp": 100 + n}]} for n in range(300)
    ]

    quote = Ruleset.compile(promotions, {"lanes": [{"lane": "order", "mode": "best"}]}).price(facts, explain=True)

    assert not quote.exact
    assert quote.total >= 0
