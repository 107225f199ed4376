"""Random carts and promotions, small, and leaning to where rules meet: thresholds hit exactly, ties, shared lines."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .cart import Json
from .generator_rewards import Goods, modest, reward, scope
from .rewards import MONEY

LANES = ("price", "item", "order", "coupon", "shipping")
NOW = datetime.fromisoformat("2026-11-21T18:30:00+08:00")  # a Saturday
OTHER_TIMES = tuple(  # after midnight, the end of a day, and leap years' ends of February
    datetime.fromisoformat(f"{date}:00+08:00")
    for date in ("2026-11-22T01:15", "2026-11-21T23:59", "2027-02-28T12:00", "2028-02-28T18:30", "2028-02-29T18:30")
)
SLOTS = (
    ("22:00", "01:16"),
    ("18:00", "18:30"),
    ("18:30", "18:31"),
    ("22:00", "18:31"),
    ("22:00", "18:30"),
    ("18:30", "24:00"),
)
PRICES = (100, 250, 333, 500, 999, 1000, 1000, 1500, 2000, 2000, 2500, 3000, 3333, 5000, 5000, 9999, 10_000)
IDS = ("a", "b", "B", "c", "p1", "p10", "p2", "z", "Z9", "m", "k", "k0")
LINE_IDS = ("l1", "l10", "l2", "L3", "l4", "l5")
COMPETING = 5


@dataclass
class Case:
    """What both sides price."""

    facts: Json
    promotions: list[Json]
    policy: Json | None


def make(rng: random.Random, competing: int = COMPETING) -> Case:
    """A cart with its promotions and policy; `competing`: at most so many in a lane, or just so many above five."""
    policy: Json | None
    kind = rng.random() if competing <= COMPETING else 0.0
    counts: Sequence[int] = (4, 5, 6) if competing > COMPETING else (1, 2, 2, 3, 3, 4)
    goods = Goods(_lines(rng, counts, bulk=0.4 < kind < 0.44))
    facts = _facts(rng, goods)
    if competing > COMPETING:
        hungry = rng.random() < 0.6
        promotions, policy = _tangle(rng, goods, competing) if hungry else _contest(rng, goods, competing, gates=0.0)
    elif kind < 0.04:
        promotions, policy = _tangle(rng, goods, rng.randint(3, competing))
    elif kind < 0.36:
        promotions, policy = _contest(rng, goods, rng.randint(2, competing), gates=0.3)
    elif kind < 0.38:
        promotions, policy = _apart(rng, goods)
    elif kind < 0.4:
        promotions, policy = _contest(rng, goods, rng.randint(8, len(IDS)), gates=0.3)
        policy["lanes"][0]["max"] = 1
    else:
        promotions, policy = _medley(rng, goods, competing), None if rng.random() < 0.4 else _policy(rng)
    _usage(rng, facts, promotions)
    return Case(facts, promotions, policy)


def _tangle(rng: random.Random, goods: Goods, competing: int) -> tuple[list[Json], Json]:
    """Each wants a few units of many, the scopes overlap: most orderings end differently."""
    lane = rng.choice(("price", "item"))
    promotions = []
    for name in rng.sample(IDS, competing):
        body = modest(rng, goods, lane)
        promotion: Json = {"id": name, "lane": lane, "priority": rng.choice((0, 0, 1, 2)), "then": [body]}
        if body["type"] == "nth_unit":
            promotion["limits"] = {"times_per_order": 1}
        promotions.append(promotion)
    return promotions, {"lanes": [{"lane": lane, "mode": "best"}]}


def _apart(rng: random.Random, goods: Goods) -> tuple[list[Json], Json]:
    """More than seven, but two or so on each SKU: independent groups, together still exact."""
    lane = rng.choice(("price", "item"))
    ids = rng.sample(IDS, 8)
    promotions = []
    for number, name in enumerate(ids):
        body = reward(rng, goods, lane)
        while body["type"] in ("buy_get", "bundle_price", "shipping_off", "issue_coupon"):
            body = reward(rng, goods, lane)
        body["scope"] = {"skus": ["ABCD"[number % 4]]}
        promotions.append({"id": name, "lane": lane, "priority": rng.choice((0, 0, 1, 2)), "then": [body]})
    policy: Json = {"lanes": [{"lane": lane, "mode": "best"}]}
    if rng.random() < 0.3:
        policy["max_total_discount_bp"] = rng.choice((1000, 2000, 5000))
    return promotions, policy


def _contest(rng: random.Random, goods: Goods, competing: int, gates: float) -> tuple[list[Json], Json]:
    """All in one lane, with little that keeps them out but the others."""
    lane = rng.choices(("price", "item", "order", "shipping"), (3, 6, 1 if competing > COMPETING else 3, 1))[0]
    ids = rng.sample(IDS, competing)
    promotions = [_promotion(rng, name, lane, goods, ids, gates=gates) for name in ids]
    policy: Json = {"lanes": [{"lane": lane, "mode": rng.choice(("best", "best", "best", "best", "first", "stack"))}]}
    if competing > COMPETING:
        policy["lanes"][0]["mode"] = "best"  # seven; or more, with `max` 1
    elif rng.random() < 0.2:
        policy["lanes"][0]["max"] = rng.choice((1, 2, 2, 3))
    if rng.random() < 0.15:
        policy["floor_margin_bp"] = rng.choice((0, 500))
    if rng.random() < 0.1:
        policy["max_total_discount_bp"] = rng.choice((1000, 2000, 5000))
    return promotions, policy


def _medley(rng: random.Random, goods: Goods, competing: int) -> list[Json]:
    """Over the lanes, more of them in one."""
    ids = rng.sample(IDS, rng.choice((1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7)))
    hot = rng.choice(LANES)
    promotions, in_lane = [], dict.fromkeys(LANES, 0)
    for name in ids:
        lane = hot if rng.random() < 0.5 else rng.choice(LANES)
        if in_lane[lane] < competing:
            in_lane[lane] += 1
            promotions.append(_promotion(rng, name, lane, goods, ids, gates=1.0))
    return promotions


def _lines(rng: random.Random, counts: Sequence[int], *, bulk: bool) -> list[Json]:
    lines = []
    pool = rng.sample(PRICES, rng.choice((1, 2, 3, 4)))
    for line_id in rng.sample(LINE_IDS, rng.choice(counts)):
        price = rng.choice(pool)
        line: Json = {
            "id": line_id,
            "sku": rng.choice("ABCD"),
            "quantity": rng.choice((9, 12, 25) if bulk else (1, 1, 1, 2, 2, 3, 4)),
            "unit_price": price,
        }
        if rng.random() < 0.5:
            line["product"] = rng.choice(("tea", "cup"))
        if rng.random() < 0.5:
            line["categories"] = rng.choice((["x"], ["x", "x/y"], ["w"], ["w", "x"]))
        if rng.random() < 0.3:
            line["brand"] = rng.choice(("one", "two"))
        if rng.random() < 0.3:
            line["tags"] = rng.choice((["new"], ["new", "hot"], ["hot"]))
        if rng.random() < 0.1:
            line |= dict.fromkeys(("brand", "expires_on", "product"))  # null is as good as left out
        if rng.random() < 0.35:
            line["member_price"] = max(price + rng.choice((-500, -100, -1, 0, 100)), 0)
        if rng.random() < 0.35:
            line["unit_cost"] = price * rng.choice((0, 50, 70, 80, 90, 95, 100, 110)) // 100
        if rng.random() < 0.35:
            line["expires_on"] = str(NOW.date() + timedelta(days=rng.choice((-1, 0, 1, 2, 3, 5, 8))))
        lines.append(line)
    if rng.random() < 0.03:
        lines[0]["unit_price"] = 0
    return [] if rng.random() < 0.002 else lines


def _facts(rng: random.Random, goods: Goods) -> Json:
    now = NOW if rng.random() < 0.9 else rng.choice(OTHER_TIMES)
    facts: Json = {"currency": "CNY", "now": now.isoformat(), "channel": rng.choice(("online", "pos", "livestream"))}
    facts["lines"] = goods.lines
    if rng.random() < 0.5:
        facts["shipping"] = rng.choice((0, 1, 500, 800, 999, 1200))
    if rng.random() < 0.7:
        member: Json = {"id": "m1"}
        of_members: tuple[tuple[str, Sequence[object]], ...] = (
            ("tier", ("gold", "silver")),
            ("tags", (["vip"], ["vip", "old"])),
            ("segments", (["s1"],)),
            ("joined_on", ("2026-11-21", "2026-11-20", "2026-01-05")),
            ("birthday", ("11-21", "11-22", "11-20", "02-29")),
            ("orders", (1, 3)),
            ("spent", (10_000, 125_000)),
        )
        for key, choices in of_members:
            if rng.random() < 0.6:
                member[key] = rng.choice(choices)
        facts["member"] = member
    if rng.random() < 0.75:
        facts["coupons"] = rng.sample(("NEW10", "FREE", "new10"), rng.choice((1, 2)))
    for key, values in (("location", ("main", "east")), ("channel_ref", ("room1",))):
        if rng.random() < 0.3:
            facts[key] = rng.choice(values)
    return facts


def _policy(rng: random.Random) -> Json:
    lanes = []
    names = list(LANES)
    if rng.random() < 0.2:
        rng.shuffle(names)
    if rng.random() < 0.1:
        names.pop(rng.randrange(len(names)))
    for name in names:
        lane: Json = {"lane": name, "mode": rng.choice(("best", "best", "best", "first", "stack"))}
        if rng.random() < (0.15 if name in ("price", "item") else 0.5):
            lane["max"] = rng.choice((1, 1, 2))
        lanes.append(lane)
    policy: Json = {"lanes": lanes}
    if rng.random() < 0.25:
        policy["floor_margin_bp"] = rng.choice((0, 0, 500, 1111))
    if rng.random() < 0.25:
        policy["max_total_discount_bp"] = rng.choice((100, 500, 1000, 1500, 2000, 3333, 5000))
    if rng.random() < 0.5:
        policy["exclusive"] = rng.choice(("best", "priority"))
    return policy


def _promotion(rng: random.Random, name: str, lane: str, goods: Goods, ids: list[str], *, gates: float) -> Json:
    """A promotion; the fewer `gates` (from 0 to 1), the more often nothing but the others keeps it from applying."""
    count = rng.choice((1, 1, 1, 1, 1, 1, 2, 2, 3)) if gates else 1
    rewards = [reward(rng, goods, lane) for _ in range(count)]
    while gates < 1 and not any(body["type"] in MONEY for body in rewards):
        rewards = [reward(rng, goods, lane)]
    promotion: Json = {"id": name, "lane": lane, "then": rewards}
    if rng.random() < 0.6:
        promotion["priority"] = rng.choice((0, 1, 1, 2, 10))
    if rng.random() < 0.3 * gates:
        promotion["when"] = _condition(rng, goods, depth=0)
    if rng.random() < (0.4 if lane == "coupon" else 0.06) * gates:
        promotion["coupon"] = {"codes": rng.sample(("NEW10", "FREE", "new10", "GONE"), rng.choice((1, 2, 2, 3)))}
    if rng.random() < 0.08 * gates:
        promotion["schedule"] = _schedule(rng)
    if rng.random() < 0.12 * gates:
        promotion["exclusive"] = True
    if rng.random() < 0.12:
        others = [other for other in ids if other != name]
        if rng.random() < 0.6 and others:
            promotion["excludes"] = [rng.choice(others)]
        else:
            promotion["excludes"] = [rng.choice(LANES)]
    if rng.random() < 0.25 * max(gates, 0.5):
        promotion["limits"] = _limits(rng)
    if rng.random() < 0.12:
        promotion["floor_margin_bp"] = rng.choice((0, 0, 500, 1000, 2500))
    return promotion


def _limits(rng: random.Random) -> Json:
    limits: Json = {}
    for key, values in (
        ("times_per_order", (1, 1, 2)),
        ("per_member", (1, 2, 2)),
        ("total", (40, 41, 41)),
        ("discount_total", (1, 300, 1000, 5000)),
        ("discount_per_order", (1, 50, 333, 500, 1000)),
    ):
        if rng.random() < 0.35:
            limits[key] = rng.choice(values)
    return limits or {"times_per_order": 1}


def _usage(rng: random.Random, facts: Json, promotions: list[Json]) -> None:
    usage = {}
    for promotion in promotions:
        limits = promotion.get("limits")
        if limits and rng.random() < 0.5:
            usage[promotion["id"]] = {
                "member": rng.choice((0, 0, 1)),
                "total": rng.choice((0, 39, 40)),
                "discount": max(limits.get("discount_total", 0) - rng.choice((0, 1, 50, 100, 300, 300)), 0),
            }
    if usage:
        facts["usage"] = usage


def _schedule(rng: random.Random) -> Json:
    schedule: Json = {}
    if rng.random() < 0.4:
        schedule["from"] = (NOW + timedelta(seconds=rng.choice((-1, 0, 1)))).isoformat()
    if rng.random() < 0.4:
        schedule["until"] = (NOW + timedelta(seconds=rng.choice((2, 60)))).isoformat()
    if rng.random() < 0.4:
        schedule["weekdays"] = rng.choice(([6], [6, 7], [1, 2, 3, 4, 5], [5]))
    if rng.random() < 0.5 and set(schedule) <= {"weekdays"}:
        slots = (
            ["22:00", "01:16"],
            ["18:00", "18:30"],
            ["18:30", "18:31"],
            ["22:00", "18:31"],
            ["22:00", "18:30"],
            ["18:30", "24:00"],
        )
        schedule["hours"] = [list(slot) for slot in rng.sample(slots, rng.choice((1, 2)))]
    return schedule or {"weekdays": [6]}


def _condition(rng: random.Random, goods: Goods, depth: int) -> Json:
    kind = rng.random()
    if depth < 2 and kind < 0.3:
        parts = [_condition(rng, goods, depth + 1) for _ in range(rng.choice((1, 2, 2, 3)))]
        return {rng.choice(("all", "any")): parts}
    if depth < 2 and kind < 0.38:
        return {"not": _condition(rng, goods, depth + 1)}
    return _leaf(rng, goods)


def _leaf(rng: random.Random, goods: Goods) -> Json:
    fact = rng.choice(("subtotal",) * 6 + ("quantity",) * 3 + ("distinct_skus",) + ("member",) * 4 + ("text",))
    if fact == "member":
        return _member_leaf(rng)
    if fact == "text":
        name, values = rng.choice(
            (
                ("channel", ("online", "pos")),
                ("location", ("main", "east")),
                ("channel_ref", ("room1", "room2")),
                ("member.tier", ("gold", "silver")),
            )
        )
        return _text_leaf(rng, name, values)
    leaf: Json = {"fact": fact, "op": rng.choice(("gte", "gte", "gte", "gt", "lte", "lt", "eq"))}
    if rng.random() < 0.4:
        leaf["scope"] = scope(rng, goods)
    if fact == "subtotal":
        leaf["value"] = goods.threshold(rng, leaf.get("scope") or {})
        if rng.random() < 0.4:
            leaf["basis"] = rng.choice(("current", "initial"))
    else:
        leaf["value"] = rng.choice((1, 1, 2, 2, 3, 4))
    return leaf


def _text_leaf(rng: random.Random, name: str, values: tuple[str, ...]) -> Json:
    op = rng.choice(("eq", "in", "not_in"))
    return {"fact": name, "op": op, "value": rng.choice(values) if op == "eq" else [rng.choice(values)]}


def _member_leaf(rng: random.Random) -> Json:
    name, op, value = rng.choice(
        (
            ("present", "eq", rng.random() < 0.7),
            ("is_birthday", "eq", rng.random() < 0.7),
            ("tags", rng.choice(("any_of", "all_of", "none_of")), rng.choice((["vip"], ["vip", "old"], ["old"]))),
            ("segments", rng.choice(("any_of", "all_of", "none_of")), ["s1"]),
            ("orders", rng.choice(("gte", "gt", "eq", "lte")), rng.choice((1, 3, 4))),
            ("spent", rng.choice(("gte", "gt", "lt")), rng.choice((10_000, 125_000))),
            ("days_since_join", rng.choice(("gte", "gt", "lte", "lt")), rng.choice((1, 2, 30))),
            ("days_to_birthday", rng.choice(("gte", "lte", "eq")), rng.choice((1, 99, 100, 364))),
        )
    )
    return {"fact": f"member.{name}", "op": op, "value": value}
