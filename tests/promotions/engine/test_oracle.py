"""The engine against the slow oracle on random small carts."""

import os
import random
from typing import Any

import pytest
from promotions.engine import Ruleset

from tests.promotions.engine.builders import unit_finals
from tests.promotions.engine.carts import a_cart, a_case, a_promotion
from tests.promotions.engine.oracle import Oracle

CASES = int(os.environ.get("LAXIN_ORACLE_CASES", "600"))


def priced(facts: dict[str, Any], promotions: list[dict[str, Any]], policy: dict[str, Any]) -> dict[str, Any]:
    quote = Ruleset.compile(promotions, policy).price(facts).to_json()
    assert quote["exact"]
    return {
        "finals": unit_finals(quote),
        "applied": [(entry["promotion"], entry["amount"]) for entry in quote["applied"]],
        "cut": {entry["promotion"]: entry["cut"] for entry in quote["applied"]},
    }


@pytest.mark.parametrize(("share", "promotions"), [(0.9, 4), (0.1, 5)])
def test_engine_and_oracle_agree_on_random_carts(share: float, promotions: int) -> None:
    first = random.randrange(10**9)
    print(f"seeds from {first}")
    for seed in range(first, first + int(CASES * share)):
        facts, rules, policy = a_case(seed, promotions)
        assert priced(facts, rules, policy) == Oracle(facts, rules, policy).price(), f"a_case({seed}, {promotions})"


def test_engine_and_oracle_agree_on_five_that_compete_in_one_lane() -> None:
    first = random.randrange(10**9)
    print(f"seeds from {first}")
    for seed in range(first, first + CASES // 10):
        rnd = random.Random(seed)
        facts = a_cart(rnd)
        rules = [a_promotion(rnd, f"p{n}", ["item"]) | {"exclusive": False} for n in range(5)]
        policy = {"lanes": [{"lane": "item", "mode": "best"}]}
        assert priced(facts, rules, policy) == Oracle(facts, rules, policy).price(), seed


def test_engine_and_oracle_agree_on_seven_that_compete_for_the_same_units() -> None:
    first = random.randrange(10**9)
    print(f"seeds from {first}")
    for seed in range(first, first + 2):
        rnd = random.Random(seed)
        facts = {
            "currency": "CNY",
            "now": "2026-11-21T18:30:00+08:00",
            "channel": "online",
            "lines": [{"id": "a", "sku": "A", "quantity": 2, "unit_price": rnd.randint(50, 99)},
                      {"id": "b", "sku": "B", "quantity": 1, "unit_price": rnd.randint(50, 99)}],
        }  # fmt: skip
        rules = [
            {
                "id": f"p{n}",
                "lane": "item",
                "then": [{"type": "amount_off", "per": "unit", "amount": rnd.randint(1, 30), "max_units": 1,
                          "pick": rnd.choice(["dearest", "cheapest"])}],
            }
            for n in range(7)
        ]  # fmt: skip
        policy = {"lanes": [{"lane": "item", "mode": "best"}]}
        assert priced(facts, rules, policy) == Oracle(facts, rules, policy).price(), seed
