"""Mode `best` against the same promotions in every order of every subset, each order priced by mode `first`."""

import itertools
import random
from dataclasses import replace
from typing import Any

import pytest
from promotions.engine import Ruleset

from tests.promotions.engine.carts import a_cart, a_reward, a_scope, sometimes

Doc = dict[str, Any]


def any_reward(rnd: random.Random) -> Doc:
    """A reward of any type that can change money."""
    kind = rnd.choice(["old", "nth_unit", "buy_get", "bundle_price", "any_n_price", "fixed_unit_price", "member_price",
                       "expiry_ladder", "shipping_off"])  # fmt: skip
    percent = rnd.choice([1000, 3333, 5000, 10_000])
    if kind == "old":
        return a_reward(rnd)
    reward: Doc = {"type": kind}
    if kind not in ("buy_get", "bundle_price", "shipping_off"):
        reward["scope"] = a_scope(rnd)
    if kind in ("buy_get", "bundle_price", "any_n_price") and sometimes(rnd, 0.3):
        reward["max_times"] = rnd.randint(1, 2)
    group_by = rnd.choice(["scope", "sku", "product"])
    fields: dict[str, Doc] = {
        "nth_unit": {"n": rnd.randint(1, 3), "percent_bp": percent, "group_by": group_by},
        "buy_get": {
            "buy": {"scope": a_scope(rnd), "quantity": rnd.randint(1, 2)},
            "get": {"scope": a_scope(rnd), "quantity": 1, "percent_bp": percent},
        },
        "bundle_price": {
            "items": [{"scope": a_scope(rnd), "quantity": rnd.randint(1, 2)} for _ in range(rnd.randint(1, 3))],
            "price": rnd.randint(0, 120),
        },
        "any_n_price": {"quantity": rnd.randint(1, 3), "price": rnd.randint(0, 100)},
        "fixed_unit_price": {"unit_price": rnd.randint(0, 60)},
        "expiry_ladder": {"steps": [{"max_days_to_expiry": 3, "percent_bp": percent}]},
        "shipping_off": rnd.choice([{"percent_bp": percent}, {"amount": rnd.randint(1, 60)}, {"price": 10}]),
    }
    return reward | fields.get(kind, {})


def case(seed: int, count: int) -> tuple[Doc, list[Doc], Doc]:
    rnd = random.Random(seed)
    cart = a_cart(rnd) | {"shipping": rnd.choice([0, 50, 99]), "member": {"id": "m"}}
    for line in cart["lines"]:
        line |= {"member_price": rnd.randint(1, 99), "expires_on": f"2026-11-2{rnd.randint(0, 9)}"}
    rules: list[Doc] = []
    for number in range(count):
        rule: Doc = {"id": f"p{number}", "lane": "item", "priority": rnd.randint(0, 2)}
        rule["then"] = [any_reward(rnd) for _ in range(rnd.choice([1, 1, 2]))]
        if sometimes(rnd, 0.2):
            rule["limits"] = rnd.choice([{"times_per_order": 1}, {"discount_per_order": 30}])
        if sometimes(rnd, 0.15):
            rule["floor_margin_bp"] = 1000
        rules.append(rule)
    lane: Doc = {"lane": rnd.choice(["item", "order", "price"]), "max": rnd.choice([None, None, 2])}
    for rule in rules:
        rule["lane"] = lane["lane"]
    return cart, rules, lane


def by_every_ordering(cart: Doc, rules: list[Doc], lane: Doc) -> tuple[int, list[str]]:
    best: Any = None
    compiled = Ruleset.compile(rules, {"lanes": [lane | {"mode": "first"}]})
    parsed = {promotion.id: promotion for promotion in compiled.promotions}
    by_rank = sorted(rules, key=lambda rule: (-rule["priority"], rule["id"]))
    for size in range(min(len(rules), lane["max"] or 9) + 1):
        for order in itertools.permutations(range(len(rules)), size):
            chosen = [replace(parsed[by_rank[place]["id"]], priority=-turn) for turn, place in enumerate(order)]
            quote = Ruleset(chosen, compiled.policy).price(cart)
            if len(quote.applied) < size:
                continue
            own = [by_rank[place] for place in order]
            key = (
                -quote.discount,
                size,
                -sum(rule["priority"] for rule in own),
                sorted(rule["id"] for rule in own),
                order,
            )
            best = min(best or (key, []), (key, [rule["id"] for rule in own]))
    return -best[0][0], best[1]


@pytest.mark.parametrize(("count", "carts"), [(3, 60), (4, 60), (5, 6)])
def test_best_is_the_best_of_all_orderings_of_all_subsets(count: int, carts: int) -> None:
    first = random.randrange(10**9)
    print(f"seeds from {first}")
    for seed in range(first, first + carts):
        cart, rules, lane = case(seed, count)

        quote = Ruleset.compile(rules, {"lanes": [lane | {"mode": "best"}]}).price(cart)

        found = quote.discount, [applied.promotion for applied in quote.applied]
        assert found == by_every_ordering(cart, rules, lane), f"case({seed}, {count})"
        assert quote.exact


@pytest.mark.parametrize(("sku", "applied"), [("A", [("a", 2), ("d", 90)]), ("Z", [("d", 90)])])
def test_a_second_reward_on_other_units_is_not_taken_for_one_on_all(sku: str, applied: list[tuple[str, int]]) -> None:
    cart = {"currency": "CNY", "now": "2026-11-21T18:30:00+08:00", "channel": "online", "lines": [
        {"id": "l1", "sku": "A", "quantity": 1, "unit_price": 2},
        {"id": "l2", "sku": "B", "quantity": 1, "unit_price": 100},
    ]}  # fmt: skip
    two = [{"type": "percent_off", "percent_bp": 1}, {"type": "amount_off", "amount": 50, "scope": {"skus": [sku]}}]
    rules: list[Doc] = [{"id": one, "lane": "order", "then": two} for one in "abc"]
    rules.append({"id": "d", "lane": "order", "then": [{"type": "amount_off", "amount": 90}]})

    quote = Ruleset.compile(rules, {"lanes": [{"lane": "order", "mode": "best"}]}).price(cart)

    assert [(one.promotion, one.amount) for one in quote.applied] == applied
