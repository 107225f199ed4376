"""Mode `best` on carts whose best ordering was once found by trying all, and kept: quick, and the same every time.

The work that it took is kept as well: it may get less, not more.

`PYTHONPATH=platform:. python -m tests.promotions.engine.test_best_kept` finds them anew and writes `best.json`.
"""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from promotions.engine import Ruleset
from promotions.engine.best import EXACT_UP_TO, choose
from promotions.engine.cart import Cart
from promotions.engine.facts import parse_facts
from promotions.engine.lanes import Pass
from promotions.engine.work import LIMIT, RESERVE

from tests.promotions.engine.carts import a_cart, sometimes
from tests.promotions.engine.test_best import any_reward, by_every_ordering, case

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


def of_many(seed: int, count: int) -> Case:
    """More than seven that compete, or seven on so many lines that not every ordering can be tried."""
    rnd = random.Random(seed)
    cart = a_cart(rnd)
    if count <= EXACT_UP_TO:
        cart["lines"] = [
            {"id": f"l{place:02}", "sku": rnd.choice("ABCD"), "product": rnd.choice([None, "P"]), "quantity": 3,
             "unit_price": rnd.randint(50, 999)} for place in range(12)
        ]  # fmt: skip
    rules: list[Doc] = []
    for number in range(count):
        reward = any_reward(rnd) | {"scope": {}}
        while reward["type"] in ("shipping_off", "member_price", "expiry_ladder", "buy_get", "bundle_price"):
            reward = any_reward(rnd) | {"scope": {}}
        rules.append({"id": f"p{number}", "lane": "order", "priority": rnd.randint(0, 2), "then": [reward]})
    for rule in rules:
        if sometimes(rnd, 0.3):
            rule["excludes"] = [rnd.choice([other["id"] for other in rules if other is not rule])]
    return cart, rules, {"lane": "order", "max": rnd.choice([None, 3, 4])}


MAKERS: dict[str, Callable[[int, int], Case]] = {"units": of_units, "totals": of_totals, "many": of_many}


class Found(NamedTuple):
    """What a lane of mode `best` came to, and the work that it took."""

    discount: int
    applied: list[str]
    exact: bool
    work: int


def found_by(mode: str, kind: str, seed: int, count: int) -> Found:
    document, rules, lane = MAKERS[kind](seed, count)
    compiled = Ruleset.compile(rules, {"lanes": [lane | {"mode": mode}]})
    cart = Cart(parse_facts(document))
    done = Pass(cart, compiled.policy, compiled.promotions, explain=False)
    return Found(done.discount, [winner.promotion.id for winner in done.applied], done.exact, cart.work.done)


class Kept(NamedTuple):
    """A row of the file."""

    kind: str
    seed: int
    promotions: int
    discount: int
    applied: str
    work: int


ROWS = [Kept(*row) for row in json.loads(KEPT.read_text(encoding="utf-8"))]


def kept(*kinds: str) -> list[Any]:
    return [pytest.param(row, id=f"{row.kind} {row.seed} {row.promotions}") for row in ROWS if row.kind in kinds]


@pytest.mark.parametrize("row", kept("units", "totals"))
def test_best_is_the_best_that_was_found_by_trying_all(row: Kept) -> None:
    found = found_by("best", row.kind, row.seed, row.promotions)

    assert (found.discount, found.applied, found.exact) == (row.discount, row.applied.split(), True)
    assert found.work <= row.work


@pytest.mark.parametrize("row", kept("many"))
def test_where_not_all_can_be_tried_what_is_found_is_no_worse_than_it_was(row: Kept) -> None:
    found = found_by("best", row.kind, row.seed, row.promotions)

    assert found.discount >= row.discount >= found_by("first", row.kind, row.seed, row.promotions).discount
    assert found.discount > row.discount or len(found.applied) <= len(row.applied.split())
    assert found.work <= row.work
    assert not found.exact


@pytest.mark.parametrize(("kind", "left"), [("units", 0), ("totals", 5)])
def test_a_search_out_of_work_improves_what_it_has_and_says_that_it_is_not_exact(kind: str, left: int) -> None:
    rows = [row for row in ROWS if row.kind == kind and row.promotions > 4]
    total = 0
    for row in rows:
        document, rules, lane = MAKERS[row.kind](row.seed, row.promotions)
        compiled = Ruleset.compile(rules, {"lanes": [lane | {"mode": "best"}]})
        cart = Cart(parse_facts(document))
        cart.work.done = LIMIT - left

        choice = choose(compiled.promotions, cart, cart.start(), compiled.policy.lanes[0])

        discount = sum(attempt.discount for _, attempt in choice.taken)
        assert found_by("first", row.kind, row.seed, row.promotions).discount <= discount <= row.discount
        assert not choice.exact
        assert cart.work.done < LIMIT + RESERVE + 500
        total += discount == row.discount
    assert total >= len(rows) - 2  # nearly all of them are the best that there is


def telling(kind: str, count: int, wanted: int) -> Iterator[Kept]:
    """Carts on which the plain order by rank is not the best, and at least two promotions are."""
    for seed in range(count * 1_000_000, (count + 1) * 1_000_000):
        found = found_by("best", kind, seed, count)
        if len(found.applied) < 2 or found.applied == found_by("first", kind, seed, count).applied:
            continue
        if kind == "many":
            if found.exact:
                continue
            discount, applied = found.discount, found.applied
        else:
            discount, applied = by_every_ordering(*MAKERS[kind](seed, count))
        yield Kept(kind, seed, count, discount, " ".join(applied), found.work)
        wanted -= 1
        if not wanted:
            return


if __name__ == "__main__":
    sizes = [("units", 2, 15), ("units", 3, 40), ("units", 4, 60), ("units", 5, 25), ("units", 6, 5),
             ("totals", 4, 50), ("totals", 5, 20), ("totals", 6, 5), ("many", 7, 2), ("many", 8, 20),
             ("many", 9, 10)]  # fmt: skip
    found = [entry for size in sizes for entry in telling(*size)]
    KEPT.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in found) + "\n]\n", encoding="utf-8")
