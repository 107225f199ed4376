"""The work of the searches for the best ordering: counted, bounded, and enough for what shops have."""

import random
from typing import Any

import pytest
from bench.engine import make_cart, make_policy, make_promotions
from promotions.engine import Ruleset, work
from promotions.engine.cart import Cart
from promotions.engine.facts import parse_facts
from promotions.engine.lanes import Pass

from tests.promotions.engine.builders import NOW

type Doc = dict[str, Any]

LANES = ("price", "item", "order", "coupon", "shipping")
OPEN = {"lanes": [{"lane": lane, "mode": "best"} for lane in LANES]}  # no `max` anywhere
GROUPS = ("tiers", "nth_unit", "bundle_price", "any_n_price", "buy_get", "percent_off")


def a_cart(lines: int, quantity: int) -> Doc:
    rnd = random.Random(lines)
    return {
        "currency": "CNY",
        "now": NOW,
        "channel": "online",
        "lines": [
            {"id": f"l{n:03}", "sku": f"S{n}", "quantity": quantity, "unit_price": rnd.randint(500, 20_000)}
            for n in range(lines)
        ],
    }


def a_reward(kind: str, number: int, scope: Doc) -> Doc:
    bp = 500 + 37 * number
    fields: dict[str, Doc] = {
        "tiers": {"measure": "quantity", "group_by": "sku", "steps": [{"at": 1, "percent_bp": bp}], "scope": scope},
        "nth_unit": {"n": 2 + number % 3, "percent_bp": 3000 + bp, "group_by": "scope", "scope": scope},
        "bundle_price": {
            "items": [{"scope": scope, "quantity": 1}, {"quantity": 1 + number % 2}],
            "price": 3000 + number,
        },
        "any_n_price": {"quantity": 2 + number % 3, "price": 3000 + bp, "scope": scope},
        "buy_get": {
            "buy": {"scope": scope, "quantity": 1 + number % 3},
            "get": {"scope": scope, "quantity": 1, "percent_bp": 4000 + bp},
        },
        "percent_off": {"percent_bp": bp, "scope": scope},
    }
    return {"type": kind, **fields[kind]}


def seven(kind: str, lane: str, scope: Doc, name: str = "p") -> list[Doc]:
    """Seven promotions of a kind, or of every kind, on the same units."""
    kinds = GROUPS if kind == "mixed" else (kind,)
    return [
        {"id": f"{name}{number}", "lane": lane, "then": [a_reward(kinds[number % len(kinds)], number, scope)]}
        for number in range(7)
    ]


def hostile() -> dict[str, tuple[Doc, list[Doc]]]:
    """Carts and promotions that ask for the longest searches."""
    some = {"skus": [f"S{n}" for n in range(15)]}
    found = {f"seven {kind} stacked": (a_cart(20, 3), seven(kind, "order", {})) for kind in (*GROUPS, "mixed")}
    found["seven on most lines"] = (
        a_cart(20, 10),
        seven("percent_off", "order", some) + seven("tiers", "coupon", {}, "c"),
    )
    found["the longest cart of a shop"] = (a_cart(200, 2), seven("mixed", "order", {}))
    found["every lane"] = (a_cart(20, 3), [one for lane in LANES for one in seven("mixed", lane, {}, lane[0])])
    found["many groups apart"] = (
        a_cart(40, 4),
        [one for n in range(40) for one in seven("mixed", "order", {"skus": [f"S{n}"]}, f"g{n:02}-")],
    )
    found["sixty compete"] = (
        a_cart(20, 3),
        [one for n in range(9) for one in seven("mixed", "order", {"skus": [f"S{n}", f"S{n + 1}"]}, f"g{n}-")],
    )
    return found


def settled(cart: Doc, rules: Ruleset) -> tuple[Pass, int]:
    """The lanes run, and what their searches cost."""
    counted = Cart(parse_facts(cart))
    return Pass(counted, rules.policy, rules.promotions, explain=False), counted.work.done


def linear(cart: Doc, rules: Ruleset) -> int:
    """What four attempts at each promotion cost, with every line in a few runs; this much is always done."""
    looks = sum([promotion.looks for promotion in rules.promotions])
    return 4 * (len(rules.promotions) * work.EACH + looks * len(cart["lines"]) * 4)


@pytest.mark.parametrize("name", hostile())
def test_the_longest_searches_end_within_the_work_of_one_quote(name: str) -> None:
    cart, promotions = hostile()[name]

    rules = Ruleset.compile(promotions, OPEN)

    done, cost = settled(cart, rules)

    assert cost <= work.LIMIT + work.RESERVE + linear(cart, rules)
    assert done.exact <= (cost < work.LIMIT)
    alone = [Ruleset.compile([promotion], OPEN).price(cart).discount for promotion in promotions[:7]]
    assert done.discount >= max(alone)


def test_seven_that_stack_on_a_dozen_lines_come_to_nearly_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    cart, promotions = a_cart(12, 2), seven("bundle_price", "order", {})
    rules = Ruleset.compile(promotions, OPEN)
    monkeypatch.setattr(work, "LIMIT", 4_000)

    quick, _ = settled(cart, rules)

    monkeypatch.setattr(work, "LIMIT", 10**9)
    thorough, _ = settled(cart, rules)
    assert not quick.exact
    assert thorough.exact
    assert thorough.discount * 99 // 100 <= quick.discount <= thorough.discount


def test_out_of_work_the_order_of_the_document_and_explaining_change_nothing() -> None:
    cart, promotions = hostile()["seven mixed stacked"]
    turned = cart | {"lines": cart["lines"][::-1]}

    quote = Ruleset.compile(promotions, OPEN).price(cart)

    assert not quote.exact
    again = Ruleset.compile(promotions[::-1], OPEN).price(turned, explain=True)
    assert (again.lines, again.applied, again.exact) == (quote.lines, quote.applied, quote.exact)


def test_a_group_of_three_that_comes_when_work_has_run_out_is_taken_greedily(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "LIMIT", 0)
    monkeypatch.setattr(work, "RESERVE", 0)
    rules = Ruleset.compile(seven("percent_off", "item", {})[:3], OPEN)

    quote = rules.price(a_cart(2, 1))

    assert not quote.exact
    assert [applied.promotion for applied in quote.applied] == ["p2"]  # of 500, 537 and 574 basis points


def test_moving_single_promotions_finds_most_of_what_the_search_would_have(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = 0
    for seed in range(20):
        rnd = random.Random(seed)
        kinds = rnd.sample(GROUPS, 5)
        promotions = [
            {"id": f"p{n}", "lane": "order", "then": [a_reward(kind, rnd.randint(0, 60), {})]}
            for n, kind in enumerate(kinds)
        ]
        rules = Ruleset.compile(promotions, OPEN)
        monkeypatch.setattr(work, "LIMIT", 0)
        rough, _ = settled(a_cart(4, 3), rules)
        monkeypatch.setattr(work, "LIMIT", 26_000)
        best, _ = settled(a_cart(4, 3), rules)
        assert best.exact
        assert rough.discount <= best.discount
        reached += rough.discount == best.discount

    assert reached >= 15


@pytest.mark.parametrize("quantity", [1, 10, 10_000])
def test_the_carts_of_the_benchmark_need_a_tenth_of_the_work_allowed(quantity: int) -> None:
    rules = Ruleset.compile(make_promotions(100), make_policy("best"))
    for seed in range(20):
        done, cost = settled(make_cart(seed, quantity), rules)

        assert done.exact
        assert cost <= work.LIMIT // 10
