"""The quote: what every unit costs in the end, and why."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from promotions.engine.conditions import Gap


class Adjustment(NamedTuple):
    """What one promotion took off one line."""

    promotion: str
    amount: int

    def to_json(self) -> dict[str, Any]:
        return {"promotion": self.promotion, "amount": self.amount}


class QuoteUnits(NamedTuple):
    """Units of a line that have the same final price."""

    quantity: int
    final: int

    def to_json(self) -> dict[str, Any]:
        return {"count": self.quantity, "final": self.final}


class QuoteLine(NamedTuple):
    id: str
    quantity: int
    initial: int
    final: int
    units: tuple[QuoteUnits, ...]  # dearest first
    adjustments: tuple[Adjustment, ...]  # in the order of application

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "quantity": self.quantity,
            "initial": self.initial,
            "final": self.final,
            "units": [units.to_json() for units in self.units],
            "adjustments": [adjustment.to_json() for adjustment in self.adjustments],
        }


class Applied(NamedTuple):
    """A promotion that applied; `cut` is what floor, limits and cap took from it, `code` the code to redeem."""

    promotion: str
    amount: int
    times: int
    cut: dict[str, int]
    code: str | None = None

    def to_json(self) -> dict[str, Any]:
        document = {"promotion": self.promotion, "amount": self.amount, "times": self.times, "cut": dict(self.cut)}
        return document if self.code is None else {**document, "code": self.code}


class Skipped(NamedTuple):
    """A promotion that did not apply, and what was missing where a single threshold was."""

    promotion: str
    reason: str
    gap: Gap | None = None

    def to_json(self) -> dict[str, Any]:
        document = {"promotion": self.promotion, "reason": self.reason}
        return document if self.gap is None else {**document, "gap": self.gap.to_json()}


@dataclass(frozen=True, slots=True)
class Quote:
    """All amounts are minor units of `currency`. `skipped` is null unless the quote was asked to explain itself."""

    currency: str
    subtotal: int
    discount: int
    shipping: int
    total: int
    lines: tuple[QuoteLine, ...]  # by id
    applied: tuple[Applied, ...]
    skipped: tuple[Skipped, ...] | None
    exact: bool
    shipping_adjustments: tuple[Adjustment, ...] = ()
    gifts: tuple[dict[str, Any], ...] = field(default=())
    effects: tuple[dict[str, Any], ...] = field(default=())

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Quote":
        """The quote that `to_json` made the document of, as an order has kept it."""
        skipped = document["skipped"]
        return cls(
            **{key: document[key] for key in ("currency", "subtotal", "discount", "shipping", "total", "exact")},
            lines=tuple(
                QuoteLine(
                    line["id"],
                    line["quantity"],
                    line["initial"],
                    line["final"],
                    tuple(QuoteUnits(units["count"], units["final"]) for units in line["units"]),
                    tuple(Adjustment(**adjustment) for adjustment in line["adjustments"]),
                )
                for line in document["lines"]
            ),
            applied=tuple(Applied(**entry) for entry in document["applied"]),
            skipped=None
            if skipped is None
            else tuple(
                Skipped(entry["promotion"], entry["reason"], Gap(**entry["gap"]) if "gap" in entry else None)
                for entry in skipped
            ),
            shipping_adjustments=tuple(Adjustment(**entry) for entry in document["shipping_adjustments"]),
            gifts=tuple(document["gifts"]),
            effects=tuple(document["effects"]),
        )

    def to_json(self) -> dict[str, Any]:
        """The whole quote as plain data, ready for `json.dumps`."""
        return {
            "currency": self.currency,
            "subtotal": self.subtotal,
            "discount": self.discount,
            "shipping": self.shipping,
            "total": self.total,
            "lines": [line.to_json() for line in self.lines],
            "shipping_adjustments": [adjustment.to_json() for adjustment in self.shipping_adjustments],
            "gifts": [dict(gift) for gift in self.gifts],
            "effects": [dict(effect) for effect in self.effects],
            "applied": [applied.to_json() for applied in self.applied],
            "skipped": None if self.skipped is None else [skipped.to_json() for skipped in self.skipped],
            "exact": self.exact,
        }
