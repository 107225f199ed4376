"""`laxin bench engine`: 20 lines against 100 to 10,000 live promotions of mixed types, in this process.

The floor is decoding the cart's JSON and writing the quote's: what any pricing has to do besides.
"""

import json
import random
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from promotions.engine import Quote, Ruleset
from rich.progress import Progress

from bench.measure import Samples
from bench.report import Report, Row, compare

LINES = 20
SKUS = 5_000
MATCHES = 30  # of the live promotions, whatever their number, those that this cart can match
CARTS = 20
LIVE = (100, 1_000, 10_000)

type Doc = dict[str, Any]


def run(*, environ: Mapping[str, str], rounds: int, operations: int, progress: Progress) -> Report:
    """Measure quotes by number of promotions, quantity and mode, and compiling; needs no server."""
    cases = [(live, 1, "best") for live in LIVE]
    # With 10 of each, groups fill as they do with 10,000: these two are to cost the same.
    cases += [(1_000, 10, "best"), (1_000, 10_000, "best"), (1_000, 1, "stack"), (1_000, 1, "first")]
    task = progress.add_task("engine", total=(len(cases) + 1) * rounds)
    rows: list[Row] = []
    for live, quantity, mode in cases:
        rules = Ruleset.compile(make_promotions(live), make_policy(mode))
        carts = [json.dumps(make_cart(seed, quantity)) for seed in range(CARTS)]
        floor = partial(_floor, carts, [rules.price(json.loads(cart)) for cart in carts])
        laxin = partial(_price, rules, carts)
        results = {"floor": Samples(), "laxin": Samples()}
        for _ in range(rounds):
            _measure(results["floor"], operations, floor)
            _measure(results["laxin"], operations, laxin)
            progress.advance(task)
        rows += compare("quote", results, f", {live:,} live, quantity {quantity:,}, {mode}")
    compiling = Samples()
    documents = make_promotions(1_000)
    for _ in range(rounds):
        _measure(compiling, 3, lambda _: Ruleset.compile(documents))
        progress.advance(task)
    rows.append(Row("compile 1,000 promotions", compiling.summary(), None))
    about = f"{LINES} lines, about {MATCHES} promotions that match, JSON in and out, by the processor's clock"
    return Report("engine", about, tuple(rows))


def _floor(carts: list[str], quotes: list[Quote], serial: int) -> None:
    json.loads(carts[serial % CARTS])
    json.dumps(quotes[serial % CARTS].to_json())


def _price(rules: Ruleset, carts: list[str], serial: int) -> None:
    json.dumps(rules.price(json.loads(carts[serial % CARTS])).to_json())


def _measure(samples: Samples, operations: int, operation: Callable[[int], object]) -> None:
    """By processor time: nothing here waits, so what else the machine does is kept out of the figures."""
    begin = time.perf_counter()
    for serial in range(operations):
        start = time.thread_time()
        operation(serial)
        samples.milliseconds.append((time.thread_time() - start) * 1000)
        samples.server_cpu_ms += samples.milliseconds[-1]
    samples.wall_ms += (time.perf_counter() - begin) * 1000


def make_policy(mode: str) -> Doc:
    """The default policy with one mode everywhere."""
    limits = {"order": 1, "coupon": 1, "shipping": 1}
    return {
        "lanes": [
            {"lane": lane, "mode": mode, "max": limits.get(lane)}
            for lane in ("price", "item", "order", "coupon", "shipping")
        ]
    }


def make_cart(seed: int, quantity: int) -> Doc:
    """A member's cart of 20 SKUs, which `MATCHES` promotions are for."""
    rnd = random.Random(seed)  # noqa: S311  the same carts every time
    lines = [
        {
            "id": f"l{place:02}",
            "sku": f"S{sku}",
            "product": f"P{sku // 2}",
            "categories": [f"c{sku % 10}", f"c{sku % 10}/{sku % 40}"],
            "tags": ["fresh"] if sku % 7 == 0 else [],
            "quantity": quantity,
            "unit_price": rnd.randint(500, 20_000),
            "member_price": None,
            "unit_cost": 300,
        }
        for place, sku in enumerate(range(LINES))
    ]
    return {
        "currency": "CNY",
        "now": "2026-11-21T18:30:00+08:00",
        "channel": "online",
        "location": "main",
        "member": {"id": "m1", "tier": "gold", "tags": ["vip"], "orders": 3, "spent": 125_000},
        "lines": lines,
        "coupons": ["CODE0"],
        "shipping": 800,
    }


def make_promotions(live: int) -> list[Doc]:
    """So many promotions of all types; `MATCHES` of them are for goods of the carts, the others for other goods."""
    rnd = random.Random(live)  # noqa: S311  the same promotions every time
    promotions: list[Doc] = []
    for number in range(live):
        sku = number % LINES if number < MATCHES else rnd.randrange(LINES, SKUS)
        promotions.append(_promotion(number, sku, rnd))
    return promotions


def _promotion(number: int, sku: int, rnd: random.Random) -> Doc:
    scope = {"skus": [f"S{sku}"]}
    others = {"skus": [f"S{sku}", f"S{sku + 1}"]}
    rewards: list[tuple[str, Doc]] = [
        ("price", {"type": "percent_off", "percent_bp": rnd.randrange(500, 3000), "scope": scope}),
        ("price", {"type": "fixed_unit_price", "unit_price": rnd.randrange(400, 900), "scope": scope}),
        ("item", {"type": "nth_unit", "n": 2, "percent_bp": 5000, "group_by": "sku", "scope": scope}),
        ("item", {"type": "any_n_price", "quantity": 3, "price": 1500, "scope": others}),
        ("order", {"type": "amount_off", "amount": rnd.randrange(100, 3000), "scope": others}),
        ("item", {"type": "buy_get", "buy": {"scope": scope, "quantity": 2},
                  "get": {"scope": others, "quantity": 1, "percent_bp": 10_000}}),
        ("item", {"type": "bundle_price", "price": 2000, "items": [{"scope": scope, "quantity": 1},
                                                                  {"scope": others, "quantity": 1}]}),
        ("item", {"type": "tiers", "measure": "quantity", "scope": others,
                  "steps": [{"at": 2, "percent_bp": 500}, {"at": 5, "percent_bp": 1000}]}),
        ("order", {"type": "amount_off", "amount": 500, "every": 5000, "scope": others}),
        ("item", {"type": "gift", "sku": "GIFT", "quantity": 1, "every_quantity": 3, "scope": scope}),
        ("coupon", {"type": "percent_off", "percent_bp": rnd.randrange(500, 2000), "scope": others}),
        ("item", {"type": "points_multiplier", "times_bp": 20_000, "scope": scope}),
    ]  # fmt: skip
    lane, reward = rewards[number % len(rewards)]
    promotion: Doc = {"id": f"p{number}", "lane": lane, "priority": number % 5, "then": [reward]}
    if lane == "coupon":
        promotion["coupon"] = {"codes": [f"CODE{number // 100}"]}
    if number % 3 == 0:
        promotion["when"] = {"fact": "subtotal", "op": "gte", "value": rnd.randrange(1000, 50_000), "scope": others}
    if number % 4 == 0:
        promotion["schedule"] = {"from": "2026-11-01T00:00:00+08:00", "until": "2026-12-01T00:00:00+08:00"}
    return promotion
