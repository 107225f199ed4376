"""Policies: the order of the lanes, how each settles, and the bounds on the whole."""

from dataclasses import dataclass
from typing import Any

from promotions.engine.faults import Fault, Path, Reader
from promotions.engine.promotion import LANES

POLICY_KEYS = frozenset({"lanes", "exclusive", "floor_margin_bp", "max_total_discount_bp"})
MODES = ("best", "first", "stack")

DEFAULT_POLICY: dict[str, Any] = {
    "lanes": [
        {"lane": "price", "mode": "best"},
        {"lane": "item", "mode": "best"},
        {"lane": "order", "mode": "best", "max": 1},
        {"lane": "coupon", "mode": "best", "max": 1},
        {"lane": "shipping", "mode": "best", "max": 1},
    ],
    "exclusive": "best",
    "floor_margin_bp": None,
    "max_total_discount_bp": None,
}


class Lane:
    """One lane and how it settles."""

    __slots__ = ("consumes", "max", "mode", "name", "per_unit")

    def __init__(self, name: str, mode: str, most: int | None) -> None:
        self.name = name
        self.mode = mode
        self.max = most
        # Whether a unit can serve only one promotion of this lane.
        self.consumes = name in ("price", "item") and mode != "stack"
        # Whether percentages round unit by unit, so that a listing shows the price of the cart.
        self.per_unit = name == "price"


@dataclass(frozen=True, slots=True)
class Policy:
    lanes: tuple[Lane, ...]
    exclusive: str
    floor_margin_bp: int | None
    max_total_discount_bp: int | None


def parse_policy(document: object, path: Path, faults: list[Fault]) -> Policy:
    reader = Reader(document, path, faults, POLICY_KEYS)
    lanes: dict[str, Lane] = {}
    source = reader
    if "lanes" not in reader.document:
        source = Reader(DEFAULT_POLICY, path, faults, POLICY_KEYS)
    for place, entry in source.items("lanes"):
        lane = Reader(entry, place, faults, ("lane", "mode", "max"))
        name = lane.choice("lane", LANES)
        if name in lanes and lane.document.get("lane") == name:
            lane.fault("lane", "DUPLICATE", "this lane is already listed")
        mode = lane.choice("mode", MODES, default="best")
        lanes[name] = Lane(name, mode, lane.optional_integer("max", 1))
    return Policy(
        tuple(lanes.values()),
        reader.choice("exclusive", ("best", "priority"), default="best"),
        reader.optional_integer("floor_margin_bp", 0),
        reader.optional_integer("max_total_discount_bp", 1, 10_000),
    )
