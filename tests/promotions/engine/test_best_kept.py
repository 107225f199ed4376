"""Mode `best` on carts whose best ordering was once found by trying all, and kept: quick, and the same every time.

`PYTHONPATH=platform:. python -m tests.promotions.engine.test_best_kept` finds them anew and writes `best.json`.
"""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from promotions.engine import Ruleset

from tests.promotions.engine.carts import a_cart, sometimes
from tests.promotions.engine.test_best import by_every_ordering, case

Doc = dict[str, Any]
Case = tuple[Doc, list[Doc], Doc]
KEPT = Path(__file__).with_name("best.json")


def of_units(seed: int, count: int) -> Case:
    """Promotions of every kind, some of which exclude each other."""
    cart, rules, lane = case(seed, count)
    rnd = random.Random(-seed)
    for rule in rules:
        if sometimes(rnd, 0.2):
            rule["excludes"] = [rnd.choice([other["id"] for other in rules if other is not rule])]
    return cart, rules, lane


def of_totals(seed: int, count: int) -> Case:
    """Promotions that look at nothing but the subtotal, or the number, of the same units."""
    rnd = random.Random(seed)
    cart = a_cart(rnd)
    rules = []
    for number in range(count):
        rule: Doc = {"id": f"p{number}", "lane": "order", "priority": rnd.randint(0, 2)}
        rule["then"] = [a_total(rnd) for _ in range(rnd.choice([1, 1, 2]))]
        if sometimes(rnd, 0.2):
            rule["limits"] = rnd.choice([{"times_per_order": 1}, {"discount_per_order": 30}])
        if sometimes(rnd, 0.15):
            rule["excludes"] = [f"p{(number + rnd.randint(1, count - 1)) % count}"]
        if sometimes(rnd, 0.05):
            rule["floor_margin_bp"] = 0
        rules.append(rule)
    return cart, rules, {"lane": "order", "max": rnd.choice([None, None, 2])}


def a_total(rnd: random.Random) -> Doc:
    kind = rnd.choice(["percent", "amount", "every", "subtotal", "quantity"])
    if kind == "percent":
        reward: Doc = {"type": "percent_off", "percent_bp": rnd.choice([700, 1000, 2500, 3333])}
        return reward | ({"max_amount": rnd.randint(5, 60)} if sometimes(rnd, 0.4) else {})
    if kind in ("amount", "every"):
        reward = {"type": "amount_off", "amount": rnd.randint(1, 40)}
        if kind == "every":
            reward |= {"every": rnd.randint(20, 100)} | ({"max_times": 2} if sometimes(rnd, 0.3) else {})
        return reward
    ats = rnd.sample([1, 2, 3, 5] if kind == "quantity" else [10, 40, 80, 150], 2)
    gives: list[Doc] = [{"percent_bp": rnd.choice([500, 2000])}, {"amount_off": rnd.randint(1, 30)}]
    return {"type": "tiers", "measure": kind, "steps": [{"at": at} | rnd.choice(gives) for at in ats]}


MAKERS: dict[str, Callable[[int, int], Case]] = {"units": of_units, "totals": of_totals}


def in_mode(name: str, found: Case) -> tuple[int, list[str]]:
    cart, rules, lane = found
    quote = Ruleset.compile(rules, {"lanes": [lane | {"mode": name}]}).price(cart)
    assert quote.exact
    return quote.discount, [applied.promotion for applied in quote.applied]


@pytest.mark.parametrize(
    ("kind", "seed", "count", "discount", "applied"),
    [pytest.param(*entry, id="-".join(map(str, entry[:3]))) for entry in json.loads(KEPT.read_text(encoding="utf-8"))]
    if KEPT.exists()
    else [],
)
def test_best_is_the_best_that_was_found_by_trying_all(
    kind: str, seed: int, count: int, discount: int, applied: str
) -> None:
    assert in_mode("best", MAKERS[kind](seed, count)) == (discount, applied.split())


def telling(kind: str, count: int, wanted: int) -> Iterator[tuple[str, int, int, int, str]]:
    """Carts on which the plain order by rank is not the best, and at least two promotions are."""
    for seed in range(count * 1_000_000, (count + 1) * 1_000_000):
        found = MAKERS[kind](seed, count)
        if len(in_mode("best", found)[1]) < 2 or in_mode("first", found)[1] == in_mode("best", found)[1]:
            continue
        discount, applied = by_every_ordering(*found)
        yield kind, seed, count, discount, " ".join(applied)
        wanted -= 1
        if not wanted:
            return


if __name__ == "__main__":
    sizes = [("units", 2, 15), ("units", 3, 40), ("units", 4, 60), ("units", 5, 25), ("units", 6, 5),
             ("totals", 4, 50), ("totals", 5, 20), ("totals", 6, 5)]  # fmt: skip
    kept = [list(entry) for size in sizes for entry in telling(*size)]
    KEPT.write_text("[\n" + ",\n".join(map(json.dumps, kept)) + "\n]\n", encoding="utf-8")
