"""Reads of orders."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from kernel.pages import Column, Keyset, Kind, Page
from members.types import TokenRow

from checkout.models import CartLine
from checkout.types import OrderLineRow, OrderRow, OrderSummary

ORDERS = Keyset("orders", (Column("o.placed_at", Kind.INSTANT), Column("o.id", Kind.UUID)), descending=True)

_ORDER = """
    SELECT o.id, o.number, o.status, o.member_id, o.currency, o.subtotal_minor, o.discount_minor, o.shipping_minor,
           o.total_minor, o.placed_at,
           (SELECT json_agg(json_build_array(l.sku, l.name, l.quantity, l.unit_price_minor, l.subtotal_minor,
                                             l.total_minor) ORDER BY l.position)::text
              FROM checkout_orderline l WHERE l.order_id = o.id)
      FROM checkout_order o
"""


def get_cart_id_of_line(*, line_id: UUID) -> UUID | None:
    """Return the cart that a line is in; whether the caller may open it is for `quote_cart` to say."""
    return CartLine.objects.filter(pk=line_id).values_list("cart_id", flat=True).first()


def get_order(*, order_id: UUID) -> OrderRow | None:
    """Return an order with its lines, for staff. One statement."""
    return _get_order("o.id = %(id)s", {"id": order_id})


def get_order_for_customer(*, order_id: UUID, token: TokenRow | None) -> OrderRow | None:
    """Return an order that this caller may see. One statement.

    An order without a member opens for whoever knows its id, like the cart it was; a member's order for the member's
    verified tokens, and for the unverified one that placed it.
    """
    return _get_order(
        """o.id = %(id)s AND (o.member_id IS NULL
            OR (o.member_id = %(member)s AND (%(verified)s OR o.token_id = %(token)s)))""",
        {
            "id": order_id,
            "member": token.member_id if token else None,
            "verified": bool(token and token.is_verified),
            "token": token.id if token else None,
        },
    )


def list_orders(
    *,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    status: str | None = None,
) -> Page[OrderSummary]:
    """Return a page of the orders, the newest first, for staff. One statement.

    Raises `kernel.errors.InvalidInput` for a wrong size or cursor.
    """
    window = ORDERS.read(first=first, after=after, last=last, before=before)
    query = f"""
        SELECT o.id, o.number, o.status, o.channel, o.currency, o.total_minor, o.placed_at,
               (SELECT count(*) FROM checkout_orderline l WHERE l.order_id = o.id)
          FROM checkout_order o
         WHERE {window.where} AND (%(status)s::text IS NULL OR o.status = %(status)s)
         ORDER BY {window.order_by} LIMIT {window.limit}
    """  # noqa: S608 - made of constants; values are parameters
    with connection.cursor() as cursor:
        cursor.execute(query, {"status": status, **window.params})
        rows = cursor.fetchall()
    return window.page(rows, key=_placed, item=lambda row: OrderSummary(*row))


def _placed(row: tuple[Any, ...]) -> tuple[datetime, UUID]:
    return row[6], row[0]


def _get_order(where: str, params: dict[str, Any]) -> OrderRow | None:
    with connection.cursor() as cursor:
        cursor.execute(f"{_ORDER} WHERE {where}", params)
        row = cursor.fetchone()
    if row is None:
        return None
    lines = tuple(OrderLineRow(*line) for line in orjson.loads(row[10] or "[]"))
    columns: list[Any] = [*row[:10], lines]
    return OrderRow(*columns)
