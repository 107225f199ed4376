"""Random scopes and rewards that fit the goods of a cart."""

import random
from dataclasses import dataclass

from .cart import Json

PERCENT = (1, 500, 1000, 1000, 1500, 2000, 3333, 5000, 5000, 9999, 10_000)
KINDS = (
    ("percent_off",) * 4
    + ("amount_off",) * 4
    + ("each_off",) * 2
    + ("tiers", "nth_unit", "buy_get", "bundle_price", "any_n_price") * 2
    + ("fixed_unit_price", "member_price", "expiry_ladder", "gift", "shipping_off", "points_multiplier", "issue_coupon")
)


@dataclass
class Goods:
    """The lines, for numbers that meet them."""

    lines: list[Json]

    def threshold(self, rng: random.Random, within: Json) -> int:
        """An amount at, just below or just above what some of the cart costs."""
        worth = 0
        for line in self.lines:
            if ("skus" not in within or line["sku"] in within["skus"]) and rng.random() < 0.9:
                worth += line["unit_price"] * line["quantity"]
        return max(worth * rng.choice((100, 100, 100, 90, 80)) // 100 + rng.choice((-1, 0, 0, 0, 1, 700)), 1)

    def price(self, rng: random.Random) -> int:
        """The price of some unit."""
        return int(rng.choice(self.lines)["unit_price"]) if self.lines else 1000

    def skus(self) -> list[str]:
        """The SKUs in the cart, once each."""
        return sorted({line["sku"] for line in self.lines}) or ["A"]


def scope(rng: random.Random, goods: Goods) -> Json:
    """A scope that as a rule has some of the cart."""
    if rng.random() < 0.3:
        return {}
    found: Json = {}
    for _ in range(rng.choice((1, 1, 1, 2))):
        key, value = _scope_key(rng, goods)
        if not (key.endswith("unit_price") and any(other.endswith("unit_price") for other in found)):
            found[key] = value
    if rng.random() < 0.12:
        out = dict(_scope_key(rng, goods) for _ in range(rng.choice((1, 1, 2))))
        if not set(out) & set(found) and not {"min_unit_price", "max_unit_price"} <= set(out):
            found["exclude"] = out
    return found


def _scope_key(rng: random.Random, goods: Goods) -> tuple[str, object]:
    key = rng.choice(
        ("skus",) * 5
        + ("categories",) * 3
        + ("products", "brands", "tags", "max_days_to_expiry", "min_unit_price", "max_unit_price", "undiscounted")
    )
    if key == "undiscounted":
        return key, True
    if key == "max_days_to_expiry":
        return key, rng.choice((0, 1, 3, 5))
    if key.endswith("unit_price"):
        return key, max(goods.price(rng) + rng.choice((0, 0, 1, -1)), 0)
    name, others = {
        "skus": ("sku", ["A", "B", "C", "D"]),
        "categories": ("categories", ["x", "x/y", "w"]),
        "products": ("product", ["tea", "cup"]),
        "brands": ("brand", ["one", "two"]),
        "tags": ("tags", ["new", "hot"]),
    }[key]
    there = [line[name] for line in goods.lines if line.get(name)]
    present = sorted({value for values in there for value in ([values] if isinstance(values, str) else values)})
    values = present if present and rng.random() < 0.85 else others
    return key, rng.sample(values, rng.randint(1, min(len(values), 2)))


def reward(rng: random.Random, goods: Goods, lane: str) -> Json:
    """One reward."""
    kind = "shipping_off" if lane == "shipping" and rng.random() < 0.6 else rng.choice(KINDS)
    body: Json = _BUILDERS[kind](rng, goods)
    if kind not in ("buy_get", "bundle_price", "shipping_off", "issue_coupon") and rng.random() < 0.7:
        body["scope"] = scope(rng, goods)
    return body


def modest(rng: random.Random, goods: Goods, lane: str) -> Json:
    """One that takes a few units: of groups one, of others one or two units."""
    limited = ("percent_off", "each_off", "fixed_unit_price")
    kind = rng.choice((*limited, "nth_unit", "buy_get", "bundle_price", "any_n_price", "any_n_price"))
    body: Json = _BUILDERS[kind](rng, goods)
    if kind in limited:
        body["max_units"] = rng.choice((1, 2))
    elif kind != "nth_unit":
        body["max_times"] = 1
    if kind not in ("buy_get", "bundle_price") and rng.random() < 0.6:
        body["scope"] = {"skus": rng.sample(goods.skus(), (len(goods.skus()) + 1) // 2)}
    return body


def _pick(rng: random.Random) -> Json:
    if rng.random() < 0.7:
        return {}
    picked: Json = {"max_units": rng.choice((1, 1, 2, 3))}
    if rng.random() < 0.5:
        picked["pick"] = rng.choice(("dearest", "cheapest", "cheapest"))
    return picked


def _times(rng: random.Random) -> Json:
    return {"max_times": rng.choice((1, 1, 2))} if rng.random() < 0.25 else {}


def _percent_off(rng: random.Random, goods: Goods) -> Json:
    body: Json = {"type": "percent_off", "percent_bp": rng.choice(PERCENT), **_pick(rng)}
    if rng.random() < 0.3:
        body["basis"] = rng.choice(("initial", "initial", "current"))
    if rng.random() < 0.25:
        body["max_amount"] = rng.choice((1, 100, 333, 500, 1000))
    return body


def _amount(rng: random.Random, goods: Goods) -> int:
    return rng.choice((1, 100, 333, 500, 1000, 1000, 2000, goods.price(rng) or 1, 30_000))


def _amount_off(rng: random.Random, goods: Goods) -> Json:
    body: Json = {"type": "amount_off", "amount": _amount(rng, goods)}
    if rng.random() < 0.5:
        body |= {"every": max(goods.threshold(rng, {}) // rng.choice((1, 1, 2, 3)), 1), **_times(rng)}
    return body


def _each_off(rng: random.Random, goods: Goods) -> Json:
    return {"type": "amount_off", "per": "unit", "amount": _amount(rng, goods), **_pick(rng)}


def _tiers(rng: random.Random, goods: Goods) -> Json:
    measure = rng.choice(("subtotal", "quantity"))
    first = goods.threshold(rng, {}) // rng.choice((1, 2, 3)) or 1 if measure == "subtotal" else rng.choice((1, 2, 3))
    ats = [first]
    for _ in range(rng.choice((0, 1, 1, 2))):
        ats.append(ats[-1] + (rng.choice((1, 1, 2)) if measure == "quantity" else rng.choice((1, 500, 2000))))
    if rng.random() < 0.5:
        percents = sorted(rng.sample((500, 1000, 2000, 3333, 5000), len(ats)))
        steps: list[Json] = [{"at": at, "percent_bp": bp} for at, bp in zip(ats, percents, strict=True)]
    else:
        amounts = sorted(rng.sample((100, 333, 500, 1000, 2500), len(ats)))
        steps = [{"at": at, "amount_off": amount} for at, amount in zip(ats, amounts, strict=True)]
    body: Json = {"type": "tiers", "measure": measure, "steps": steps}
    if rng.random() < 0.6:
        body["group_by"] = rng.choice(("scope", "sku", "product"))
    return body


def _fixed_unit_price(rng: random.Random, goods: Goods) -> Json:
    price = max(goods.price(rng) - rng.choice((0, 1, 100, 500)), 0)
    return {"type": "fixed_unit_price", "unit_price": price, **_pick(rng)}


def _nth_unit(rng: random.Random, goods: Goods) -> Json:
    return {
        "type": "nth_unit",
        "n": rng.choice((2, 2, 2, 3)),
        "percent_bp": rng.choice(PERCENT),
        "group_by": rng.choice(("scope", "scope", "sku", "product")),
    }


def _buy_get(rng: random.Random, goods: Goods) -> Json:
    bought = scope(rng, goods)
    same = rng.random() < 0.5
    return {
        "type": "buy_get",
        "buy": {"scope": bought, "quantity": rng.choice((1, 1, 2, 3))},
        "get": {
            "scope": dict(bought) if same else scope(rng, goods),
            "quantity": rng.choice((1, 1, 1, 2)),
            "percent_bp": rng.choice((5000, 10_000, 10_000)),
        },
        **_times(rng),
    }


def _bundle_price(rng: random.Random, goods: Goods) -> Json:
    skus = rng.sample(goods.skus(), min(len(goods.skus()), rng.choice((1, 2, 2, 3))))
    items = [{"scope": {"skus": [sku]}, "quantity": rng.choice((1, 1, 2))} for sku in skus]
    if rng.random() < 0.2:
        items[-1]["scope"] = scope(rng, goods)
    price = sum(goods.price(rng) for _ in items) - rng.choice((0, 1, 100, 300, 1000))
    return {"type": "bundle_price", "items": items, "price": max(price, 0), **_times(rng)}


def _any_n_price(rng: random.Random, goods: Goods) -> Json:
    n = rng.choice((1, 2, 2, 3))
    price = sum(goods.price(rng) for _ in range(n)) - rng.choice((0, 1, 100, 500))
    return {"type": "any_n_price", "quantity": n, "price": max(price, 0), **_times(rng)}


def _expiry_ladder(rng: random.Random, goods: Goods) -> Json:
    days = sorted(rng.sample((0, 1, 2, 3, 5, 8), rng.choice((1, 2, 3))))
    percents = sorted(rng.sample((1000, 2000, 3333, 5000, 9000), len(days)), reverse=True)
    steps = [{"max_days_to_expiry": day, "percent_bp": bp} for day, bp in zip(days, percents, strict=True)]
    rng.shuffle(steps)
    return {"type": "expiry_ladder", "steps": steps}


def _gift(rng: random.Random, goods: Goods) -> Json:
    body: Json = {"type": "gift", "sku": "GIFT", "quantity": rng.choice((1, 2))}
    kind = rng.random()
    if kind < 0.4:
        body |= {"every_quantity": rng.choice((1, 2, 3)), **_times(rng)}
    elif kind < 0.7:
        body |= {"every_amount": goods.threshold(rng, {}) // rng.choice((1, 2)) or 1, **_times(rng)}
    return body


def _shipping_off(rng: random.Random, goods: Goods) -> Json:
    kind = rng.choice(("percent_bp", "amount", "price"))
    values = {"percent_bp": (1, 3333, 5000, 10_000), "amount": (1, 500, 800, 9999), "price": (0, 1, 500, 800)}
    return {"type": "shipping_off", kind: rng.choice(values[kind])}


def _member_price(rng: random.Random, goods: Goods) -> Json:
    return {"type": "member_price"}


def _points_multiplier(rng: random.Random, goods: Goods) -> Json:
    return {"type": "points_multiplier", "times_bp": 20_000}


def _issue_coupon(rng: random.Random, goods: Goods) -> Json:
    return {"type": "issue_coupon", "batch": "b1", "quantity": 1}


_BUILDERS = {
    "percent_off": _percent_off,
    "amount_off": _amount_off,
    "each_off": _each_off,
    "tiers": _tiers,
    "fixed_unit_price": _fixed_unit_price,
    "member_price": _member_price,
    "nth_unit": _nth_unit,
    "buy_get": _buy_get,
    "bundle_price": _bundle_price,
    "any_n_price": _any_n_price,
    "expiry_ladder": _expiry_ladder,
    "gift": _gift,
    "shipping_off": _shipping_off,
    "points_multiplier": _points_multiplier,
    "issue_coupon": _issue_coupon,
}
