"""Counting what promotions give, in the transaction of the order that uses them."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from kernel.outbox import publish

from promotions.errors import PromotionUsedUp
from promotions.types import GivenDiscount

WARNINGS = (80, 100)  # percent of a budget

# A row is written only where the use still fits; fewer rows than wanted tell that it did not.
_COUNT = """
    WITH wanted AS (
        SELECT * FROM unnest(%s::uuid[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
            AS w (promotion_id, scope, discount, max_orders, max_discount)
    )
    INSERT INTO promotions_promotionuse AS u
           (promotion_id, scope, orders, discount_minor, max_orders, max_discount_minor)
    SELECT promotion_id, scope, 1, discount, max_orders, max_discount FROM wanted
     WHERE (max_orders IS NULL OR max_orders >= 1) AND (max_discount IS NULL OR max_discount >= discount)
     ORDER BY promotion_id, scope
    ON CONFLICT (promotion_id, scope) DO UPDATE
       SET orders = u.orders + 1, discount_minor = u.discount_minor + excluded.discount_minor,
           max_orders = excluded.max_orders, max_discount_minor = excluded.max_discount_minor
     WHERE (excluded.max_orders IS NULL OR u.orders + 1 <= excluded.max_orders)
       AND (excluded.max_discount_minor IS NULL
            OR u.discount_minor + excluded.discount_minor <= excluded.max_discount_minor)
    RETURNING promotion_id, scope, orders, discount_minor, max_orders, max_discount_minor
"""


class _Counter(NamedTuple):
    promotion_id: UUID
    scope: str
    orders: int
    discount_minor: int
    max_orders: int | None
    max_discount_minor: int | None


def record_use(*, given: Sequence[GivenDiscount], member_id: UUID | None, today: date) -> None:
    """Count an order's promotions: in all, for the member, and on the shop's local day. One statement, and one for
    each event that a budget has reached 80 or 100 %.

    A promotion's counter is held until the commit, in the order of ids: call it late in the transaction. Raises
    `PromotionUsedUp` where a limit leaves too little; the transaction must then be rolled back.
    """
    if not given:
        return
    wanted = [row for entry in given for row in _rows(entry, member_id, today)]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [list(column) for column in zip(*wanted, strict=True)])
        counters = [_Counter(*row) for row in cursor.fetchall()]
    if len(counters) < len(wanted):
        raise PromotionUsedUp(_("A promotion has just been used up."))
    discounts = {entry.promotion_id: entry.discount_minor for entry in given}
    for counter in counters:
        if counter.scope == "":
            _warn(counter, discounts[counter.promotion_id])


def _rows(entry: GivenDiscount, member_id: UUID | None, today: date) -> Iterator[tuple[object, ...]]:
    promotion_id, discount, limits = entry.promotion_id, entry.discount_minor, entry.limits
    yield promotion_id, "", discount, limits.total, limits.discount_total
    yield promotion_id, f"day:{today}", discount, limits.per_day, limits.discount_per_day
    if member_id:
        yield promotion_id, f"member:{member_id}", discount, limits.per_member, None


def _warn(counter: _Counter, discount: int) -> None:
    """Tell of each mark that this order crossed. Orders pass a counter one by one: each mark is crossed once."""
    for limit, of, used, step in (
        ("total", counter.max_orders, counter.orders, 1),
        ("discount_total", counter.max_discount_minor, counter.discount_minor, discount),
    ):
        if of is None:
            continue
        for percent in WARNINGS:
            if (used - step) * 100 < of * percent <= used * 100:
                publish(
                    topic="promotion.budget_reached",
                    payload={
                        "promotion": str(counter.promotion_id),
                        "limit": limit,
                        "percent": percent,
                        "used": used,
                        "of": of,
                    },
                )
