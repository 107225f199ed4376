"""Random carts, promotions and policies that press on each other: few lines, small numbers, many ties."""

import random
from typing import Any

Doc = dict[str, Any]
CATEGORIES = ("x", "y", "z")
OPS = ("gte", "gt", "lte", "lt", "eq")


def sometimes(rnd: random.Random, chance: float) -> bool:
    return rnd.random() < chance


def a_scope(rnd: random.Random, *, units: bool = True) -> Doc:
    scope: Doc = {}
    if sometimes(rnd, 0.3):
        scope["skus"] = rnd.sample("ABCD", rnd.randint(1, 3))
    if sometimes(rnd, 0.2):
        scope["categories"] = rnd.sample(CATEGORIES, rnd.randint(1, 2))
    if sometimes(rnd, 0.1):
        scope["min_unit_price"] = rnd.randint(1, 60)
    if units and sometimes(rnd, 0.12):
        scope["undiscounted"] = True
    if sometimes(rnd, 0.15):
        scope["exclude"] = rnd.choice(
            [{"skus": [rnd.choice("ABCD")]}, {"categories": ["x"]}, {"undiscounted": True}, {}, {"min_unit_price": 50}]
        )
        if "undiscounted" in scope:
            scope["exclude"].pop("undiscounted", None)
    return scope


def a_reward(rnd: random.Random) -> Doc:
    reward: Doc = {"scope": a_scope(rnd)}
    kind = rnd.choice(["percent", "percent", "amount", "every", "each", "tiers"])
    if kind == "percent":
        reward |= {"type": "percent_off", "percent_bp": rnd.choice([1, 500, 1000, 2500, 3333, 5000, 10_000])}
        if sometimes(rnd, 0.2):
            reward["basis"] = "initial"
        if sometimes(rnd, 0.2):
            reward["max_amount"] = rnd.randint(1, 40)
    elif kind == "tiers":
        reward |= {"type": "tiers", "measure": rnd.choice(["subtotal", "quantity"])}
        reward["group_by"] = rnd.choice(["scope", "sku", "product"])
        ats = rnd.sample([1, 2, 3, 5] if reward["measure"] == "quantity" else [10, 40, 80, 150], 2)
        reward["steps"] = [
            {"at": at, "percent_bp": rnd.choice([500, 2000])}
            if sometimes(rnd, 0.5)
            else {"at": at, "amount_off": rnd.randint(1, 30)}
            for at in ats
        ]
    else:
        reward |= {"type": "amount_off", "amount": rnd.randint(1, 60)}
        if kind == "every":
            reward["every"] = rnd.randint(5, 100)
            if sometimes(rnd, 0.3):
                reward["max_times"] = rnd.randint(1, 3)
        elif kind == "each":
            reward["per"] = "unit"
    if (kind in ("percent", "each")) and sometimes(rnd, 0.3):
        reward["max_units"] = rnd.randint(1, 3)
        if sometimes(rnd, 0.5):
            reward["pick"] = rnd.choice(["cheapest", "dearest"])
    return reward


def a_condition(rnd: random.Random, depth: int = 0) -> Doc:
    if depth < 2 and sometimes(rnd, 0.3):
        kind = rnd.choice(["all", "any", "not"])
        if kind == "not":
            return {"not": a_condition(rnd, depth + 1)}
        return {kind: [a_condition(rnd, depth + 1) for _ in range(rnd.randint(1, 3))]}
    fact = rnd.choice(["subtotal", "quantity", "distinct_skus"])
    highest = {"subtotal": 200, "quantity": 6, "distinct_skus": 3}[fact]
    leaf = {"fact": fact, "op": rnd.choice(OPS), "value": rnd.randint(0, highest), "scope": a_scope(rnd)}
    if fact == "subtotal":
        leaf["basis"] = rnd.choice(["initial", "current"])
    return leaf


def a_promotion(rnd: random.Random, promotion_id: str, lanes: list[str]) -> Doc:
    promotion: Doc = {
        "id": promotion_id,
        "lane": rnd.choice(lanes),
        "priority": rnd.randint(0, 2),
        "then": [a_reward(rnd) for _ in range(rnd.choice([1, 1, 1, 2]))],
    }
    if sometimes(rnd, 0.25):
        promotion["when"] = a_condition(rnd)
    if sometimes(rnd, 0.1):
        promotion["exclusive"] = True
    if sometimes(rnd, 0.15):
        promotion["excludes"] = [rnd.choice(["p1", "p2", "p3", "price", "item", "order"])]
        if promotion_id in promotion["excludes"]:
            del promotion["excludes"]
    if sometimes(rnd, 0.2):
        limit = rnd.choice(["times_per_order", "discount_per_order", "discount_total", "total"])
        promotion["limits"] = {
            limit: rnd.randint(1, 3) if limit in ("times_per_order", "total") else rnd.randint(1, 50)
        }
    if sometimes(rnd, 0.15):
        promotion["floor_margin_bp"] = rnd.choice([0, 1000, 3333])
    if sometimes(rnd, 0.1):
        promotion["coupon"] = {"codes": rnd.sample(["C1", "C2"], rnd.randint(1, 2))}
    return promotion


def a_cart(rnd: random.Random) -> Doc:
    lines = []
    for place in range(rnd.randint(1, 4)):
        sku = rnd.choice("ABCD")
        line: Doc = {
            "id": f"l{place}",
            "sku": sku,
            "product": rnd.choice([None, "P", "Q"]),
            "categories": rnd.sample(CATEGORIES, rnd.randint(0, 2)),
            "quantity": rnd.randint(1, 3),
            "unit_price": rnd.choice([0, 1, 10, 33, 50, 99, rnd.randint(1, 100)]),
        }
        if sometimes(rnd, 0.4):
            line["unit_cost"] = rnd.randint(0, 60)
        lines.append(line)
    rnd.shuffle(lines)
    cart: Doc = {"currency": "CNY", "now": "2026-11-21T18:30:00+08:00", "channel": "online", "lines": lines}
    if sometimes(rnd, 0.5):
        cart["coupons"] = ["C1"]
    if sometimes(rnd, 0.3):
        cart["usage"] = {f"p{n}": {"total": rnd.randint(0, 2), "discount": rnd.randint(0, 30)} for n in range(3)}
    return cart


def a_policy(rnd: random.Random) -> Doc:
    names = rnd.choice(
        [["price", "item", "order"], ["order", "price"], ["price"], ["item"], ["price", "item", "order", "coupon"]]
    )
    lanes = []
    for name in names:
        lane: Doc = {"lane": name, "mode": rnd.choice(["best", "best", "best", "first", "stack"])}
        if sometimes(rnd, 0.3):
            lane["max"] = rnd.randint(1, 2)
        lanes.append(lane)
    policy: Doc = {"lanes": lanes, "exclusive": rnd.choice(["best", "best", "priority"])}
    if sometimes(rnd, 0.2):
        policy["floor_margin_bp"] = rnd.choice([0, 500])
    if sometimes(rnd, 0.2):
        policy["max_total_discount_bp"] = rnd.choice([500, 1500, 3000])
    return policy


def a_case(seed: int, promotions: int = 4) -> tuple[Doc, list[Doc], Doc]:
    """Facts, promotions and a policy of one seed."""
    rnd = random.Random(seed)
    policy = a_policy(rnd)
    lanes = [lane["lane"] for lane in policy["lanes"]]
    count = rnd.randint(1, promotions)
    return a_cart(rnd), [a_promotion(rnd, f"p{n}", lanes) for n in range(count)], policy
