"""Short ways to write carts in tests."""

import re
from typing import Any

NOW = "2026-11-21T18:30:00+08:00"  # a Saturday
_LINE = re.compile(r"(?P<sku>\S+?)(?: x(?P<quantity>\d+))? @(?P<price>\d+)")


def cart_lines(text: str, extras: dict[str, dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """`"TEA x2 @2500, CUP @18000"` as lines of facts; the line id is the SKU, `extras` adds keys by line id."""
    lines = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        match = _LINE.fullmatch(part)
        assert match, f"not a line: {part!r}"
        sku = match["sku"]
        line = {"id": sku, "sku": sku, "quantity": int(match["quantity"] or 1), "unit_price": int(match["price"])}
        lines.append(line | (extras or {}).get(sku, {}))
    return lines


def facts(cart: str, lines: dict[str, dict[str, Any]] | None = None, **others: Any) -> dict[str, Any]:
    return {"currency": "CNY", "now": NOW, "channel": "online", "lines": cart_lines(cart, lines)} | others


def percent(promotion_id: str, bp: int, lane: str = "price", **others: Any) -> dict[str, Any]:
    """A promotion of one `percent_off`; `scope` and the like go into the promotion's only reward."""
    reward: dict[str, Any] = {"type": "percent_off", "percent_bp": bp}
    for key in ("scope", "basis", "max_amount", "max_units", "pick"):
        if key in others:
            reward[key] = others.pop(key)
    return {"id": promotion_id, "lane": lane, "then": [reward]} | others


def amount(promotion_id: str, off: int, lane: str = "order", **others: Any) -> dict[str, Any]:
    """A promotion of one `amount_off`."""
    reward: dict[str, Any] = {"type": "amount_off", "amount": off}
    for key in ("scope", "every", "max_times", "per", "max_units", "pick"):
        if key in others:
            reward[key] = others.pop(key)
    return {"id": promotion_id, "lane": lane, "then": [reward]} | others


def unit_finals(quote: dict[str, Any]) -> dict[str, list[int]]:
    """The final price of every single unit by line, dearest first."""
    return {
        line["id"]: [units["final"] for units in line["units"] for _ in range(units["count"])]
        for line in quote["lines"]
    }
