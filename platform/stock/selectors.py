"""Reads of stock: columns, never model instances. Each is one statement."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from kernel.pages import Column, Keyset, Kind, Page

from stock.types import NO_STOCK, BalanceRow, Level

SCARCEST_FIRST = Keyset("available", (Column("b.on_hand - b.reserved", Kind.INTEGER), Column("b.id", Kind.INTEGER)))


def get_levels(*, variant_ids: Iterable[UUID]) -> dict[UUID, Level]:
    """Return the stock of each variant over all locations; one that was never stocked has none of it."""
    levels = dict.fromkeys(variant_ids, NO_STOCK)
    if not levels:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT variant_id, sum(on_hand)::int, sum(reserved)::int, sum(on_hand - reserved)::int, max(unit_cost_minor)
            FROM stock_balance WHERE variant_id = ANY (%s) GROUP BY variant_id
            """,
            [list(levels)],
        )
        levels.update((variant_id, Level(*counts)) for variant_id, *counts in cursor.fetchall())
    return levels


def get_availability(*, variant_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return how much of each variant can be sold, over all locations."""
    return {variant_id: level.available for variant_id, level in get_levels(variant_ids=variant_ids).items()}


def list_levels(
    *, first: int | None = None, after: str | None = None, last: int | None = None, before: str | None = None
) -> Page[BalanceRow]:
    """Return a page of balances, what is scarcest first. Raises `InvalidInput` for a wrong size or cursor."""
    window = SCARCEST_FIRST.read(first=first, after=after, last=last, before=before)
    query = f"""
        SELECT b.id, b.variant_id, l.code, b.on_hand, b.reserved, b.on_hand - b.reserved, b.unit_cost_minor
        FROM stock_balance b JOIN stock_location l ON l.id = b.location_id
        WHERE {window.where} ORDER BY {window.order_by} LIMIT {window.limit}
    """  # noqa: S608 - made of constants; values are parameters
    with connection.cursor() as cursor:
        cursor.execute(query, window.params)
        return window.page(cursor.fetchall(), key=lambda row: (row[5], row[0]), item=lambda row: BalanceRow(*row[1:]))
