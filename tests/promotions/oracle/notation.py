"""The short notation of the table cases: carts as "TEA×2@2500 cost=1400, CUP×1@18000", quotes as a few lines.

Line ids are l1, l2, … unless `id=` names one. `member`, `cost`, `expires` stand for member_price, unit_cost and
expires_on; values of `categories` and `tags` are parted by "|".
"""

from typing import Any

from .cart import Json
from .generator import Case

NOW = "2026-11-21T18:30:00+08:00"
NUMBERS = {"member": "member_price", "cost": "unit_cost"}
TEXTS = {"id": "id", "product": "product", "brand": "brand", "expires": "expires_on"}
LISTS = ("categories", "tags")
FACTS = ("channel", "channel_ref", "location", "member", "coupons", "shipping", "usage")


def read_cart(text: str) -> list[Json]:
    """The lines of a cart."""
    return [_read_line(f"l{number}", part) for number, part in enumerate(filter(None, text.split(", ")), start=1)]


def _read_line(line_id: str, text: str) -> Json:
    goods, *attributes = text.split(" ")
    sku, _, rest = goods.partition("×")
    quantity, _, price = rest.partition("@")
    line: Json = {"id": line_id, "sku": sku, "quantity": int(quantity), "unit_price": int(price)}
    for attribute in attributes:
        name, _, value = attribute.partition("=")
        if name in NUMBERS:
            line[NUMBERS[name]] = int(value)
        elif name in LISTS:
            line[name] = value.split("|")
        else:
            line[TEXTS[name]] = value
    return line


def read_case(table: Json) -> Case:
    """What a table case prices."""
    facts = {"currency": "CNY", "now": table.get("now", NOW), "channel": "online", "lines": read_cart(table["cart"])}
    facts |= {name: table[name] for name in FACTS if name in table}
    return Case(facts, table["promotions"], table.get("policy"))


def expected(table: Json) -> Json:
    """The outcome that a table case states; what it leaves out is empty, shipping unchanged."""
    return {
        "finals": table["finals"],
        "shares": table.get("shares", []),
        "applied": table.get("applied", []),
        "skipped": table.get("skipped", {}),
        "gifts": table.get("gifts", []),
        "effects": table.get("effects", []),
        "shipping_left": table.get("shipping_left", table.get("shipping", 0)),
    }


def outcome(quote: Json) -> Json:
    """A quote in the notation of the cases. `shares`: by line, where more than one promotion or line has one."""
    shares = [
        f"{line['id']}: " + ", ".join(f"{share['promotion']} {share['amount']}" for share in line["adjustments"])
        for line in quote["lines"]
        if line["adjustments"]
    ]
    return {
        "finals": ", ".join("+".join(_units(part) for part in line["units"]) for line in quote["lines"]),
        "shares": shares if len(quote["applied"]) > 1 or len(shares) > 1 else [],
        "applied": [_applied(entry) for entry in quote["applied"]],
        "skipped": {entry["promotion"]: _skipped(entry) for entry in quote["skipped"]},
        "gifts": [f"{gift['promotion']}: {gift['sku']}×{gift['quantity']}" for gift in quote["gifts"]],
        "effects": quote["effects"],
        "shipping_left": quote["shipping"],
    }


def _units(part: dict[str, int]) -> str:
    return f"{part['final']}×{part['count']}" if part["count"] != 1 else f"{part['final']}"


def _applied(entry: Json) -> str:
    words = [entry["promotion"], str(entry["amount"])]
    if entry["times"] > 1:
        words.append(f"×{entry['times']}")
    if "code" in entry:
        words.append(f"code {entry['code']}")
    return " ".join([*words, *(f"{kind} -{amount}" for kind, amount in entry["cut"].items())])


def _skipped(entry: Json) -> str:
    if "gap" not in entry:
        return str(entry["reason"])
    return f"{entry['reason']} {entry['gap']['fact']} +{entry['gap']['missing']}"


def write_expected(result: Json, shipping: int) -> str:
    """The lines of an outcome as TOML, what is empty left out."""
    lines = [f'finals = "{result["finals"]}"']
    for name in ("shares", "applied", "skipped", "gifts", "effects"):
        if result[name]:
            lines.append(f"{name} = {_toml(result[name])}")
    if result["shipping_left"] != shipping:
        lines.append(f"shipping_left = {result['shipping_left']}")
    return "\n".join(lines)


def write_case(says: str, case: Case, quote: Json) -> str:
    """A case as TOML with the outcome of `quote`, to be put into a file of cases; lines keep their whole notation."""
    names = {long: short for short, long in (NUMBERS | TEXTS).items()}
    parts = []
    for line in case.facts["lines"]:
        words = [f"{line['sku']}×{line['quantity']}@{line['unit_price']}"]
        for name, value in line.items():
            if name in names and value is not None:
                words.append(f"{names[name]}={value}")
            elif name in LISTS:
                words.append(f"{name}={'|'.join(value)}")
        parts.append(" ".join(words))
    lines = ["[[case]]", f'says = "{says}"', f'cart = "{", ".join(parts)}"']
    lines += [f"{name} = {_toml(case.facts[name])}" for name in ("now", *FACTS) if case.facts.get(name) is not None]
    if case.policy:
        lines.append(f"policy = {_toml(case.policy)}")
    lines += ["promotions = [", *(f"  {_toml(promotion)}," for promotion in case.promotions), "]"]
    return "\n".join([*lines, write_expected(outcome(quote), case.facts.get("shipping") or 0)])


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{_key(name)} = {_toml(part)}" for name, part in value.items() if part is not None) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else f'"{value}"'


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else f'"{name}"'
