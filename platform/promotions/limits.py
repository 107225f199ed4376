"""Limits on use: those of the engine's format, and two a local day that the shop's storage adds.

`limits.per_day` (orders) and `limits.discount_per_day` (money) stand in a stored document beside the engine's own. The
engine knows no days: it is given the tighter of both budgets as `total` and `discount_total`, in document and facts.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from promotions.engine import Fault, validate_promotion

DAILY = ("per_day", "discount_per_day")
MAX_LIMIT = 2**53 - 1  # as everywhere in a document


class Use(NamedTuple):
    """What a promotion has given: in how many orders, and how much in minor units."""

    orders: int = 0
    discount_minor: int = 0


class UseLimits(NamedTuple):
    """The limits of a document that counters keep. Null is no limit."""

    per_member: int | None = None
    total: int | None = None
    discount_total: int | None = None
    per_day: int | None = None
    discount_per_day: int | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "UseLimits":
        """Those of a stored document."""
        limits = document.get("limits") or {}
        return cls(*(limits.get(key) for key in cls._fields))

    @property
    def most_orders(self) -> int | None:
        """What the engine is told as `total`: the larger one, of which usage leaves the tighter budget."""
        return max((limit for limit in (self.total, self.per_day) if limit is not None), default=None)

    @property
    def most_discount(self) -> int | None:
        """What the engine is told as `discount_total`."""
        return max((limit for limit in (self.discount_total, self.discount_per_day) if limit is not None), default=None)

    def is_used_up(self, *, ever: Use, today: Use) -> bool:
        """Whether nothing is left for anybody."""
        counted = (
            (self.total, ever.orders),
            (self.discount_total, ever.discount_minor),
            (self.per_day, today.orders),
            (self.discount_per_day, today.discount_minor),
        )
        return any(limit is not None and used >= limit for limit, used in counted)

    def to_facts(self, *, ever: Use, today: Use, member: Use) -> dict[str, int]:
        """The promotion's entry in the facts' `usage`."""
        return {
            "member": member.orders,
            "total": _used(self.most_orders, (self.total, ever.orders), (self.per_day, today.orders)),
            "discount": _used(
                self.most_discount,
                (self.discount_total, ever.discount_minor),
                (self.discount_per_day, today.discount_minor),
            ),
        }


UNLIMITED = UseLimits()


def to_engine(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document as the engine reads it. One without limits a day is returned as it is."""
    limits = document.get("limits")
    if not isinstance(limits, Mapping) or not any(key in limits for key in DAILY):
        return document
    own = UseLimits.of(document)
    told = {"total": own.most_orders, "discount_total": own.most_discount}
    return {**document, "limits": {key: value for key, value in limits.items() if key not in DAILY} | told}


def find_faults(document: Mapping[str, Any]) -> list[Fault]:
    """Every fault of a document to be stored: the engine's, and those of the limits a day."""
    limits = document.get("limits")
    if not isinstance(limits, Mapping):
        return validate_promotion(document)
    own = [
        Fault(f"/limits/{key}", "RANGE" if type(limits[key]) is int else "TYPE", "must be a whole number, 1 or more")
        for key in DAILY
        if limits.get(key) is not None and not (type(limits[key]) is int and 1 <= limits[key] <= MAX_LIMIT)
    ]
    without = {**document, "limits": {key: value for key, value in limits.items() if key not in DAILY}}
    return [*validate_promotion(without), *own]


def _used(most: int | None, *budgets: tuple[int | None, int]) -> int:
    """How much of `most` counts as used, so that what the tighter budget has left is left."""
    if most is None:
        return 0
    return most - min(limit - used for limit, used in budgets if limit is not None)
