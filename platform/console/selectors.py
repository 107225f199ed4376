"""What pages show beyond the apps' own selectors: figures of the home page, and joins of several apps' rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from checkout.models import Order, Payment
from checkout.types import OrderRow
from coupons.selectors import get_redeemed_coupons
from django.db import connection
from members.selectors import mask_phone
from promotions.models import Promotion
from stock.models import Entry

PERIOD = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Overview:
    """What the shop has; members and orders of the last seven days, coupons of all time. Money is in minor units."""

    has_products: bool
    has_coupons: bool
    has_join_links: bool
    has_joins: bool
    new_members: int
    orders: int
    sold_minor: int
    coupons_claimed: int
    coupons_redeemed: int


@dataclass(frozen=True, slots=True)
class Discount:
    """What one promotion took off an order; `name` is empty where the promotion is no longer known."""

    name: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class OrderExtras:
    """What belongs to an order in other apps. The phone number is masked."""

    phone: str | None
    discounts: list[Discount]
    coupon_codes: list[str]
    payments: list[Payment]


@dataclass(frozen=True, slots=True)
class StockEntry:
    """One movement of a variant's stock."""

    sku: str
    quantity: int
    kind: str
    reference: str
    created_at: datetime


def get_overview(*, now: datetime) -> Overview:
    """One statement; each part is answered by an index."""
    with connection.cursor() as cursor:
        cursor.execute(_OVERVIEW, {"since": now - PERIOD, "now": now})
        row = cursor.fetchone()
    return Overview(*row)


_OVERVIEW = """
SELECT EXISTS (SELECT FROM catalog_product),
       EXISTS (SELECT FROM coupons_batch),
       EXISTS (SELECT FROM joining_joinlink),
       EXISTS (SELECT FROM joining_join),
       (SELECT count(*) FROM members_member WHERE joined_at > %(since)s AND joined_at <= %(now)s),
       sales.orders, sales.sold,
       (SELECT coalesce(sum(issued), 0)::bigint FROM coupons_batch),
       (SELECT count(*) FROM coupons_coupon WHERE status = 'redeemed')
  FROM (SELECT count(*) AS orders, coalesce(sum(total_minor), 0)::bigint AS sold FROM checkout_order
         WHERE placed_at > %(since)s AND placed_at <= %(now)s AND status IN ('placed', 'paid', 'fulfilled')) AS sales
"""


def get_phones_of_orders(*, order_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Masked phone numbers of the members who ordered; without a number an order is missing. One statement."""
    found = Order.objects.filter(pk__in=list(order_ids), member__phone__isnull=False)
    return {order_id: mask_phone(phone) for order_id, phone in found.values_list("pk", "member__phone") if phone}


def get_order_extras(*, order: OrderRow) -> OrderExtras:
    """What took off how much, which coupons were used, and the payments. Four statements."""
    quote, phone, codes = Order.objects.values_list("quote", "member__phone", "cart__coupon_codes").get(pk=order.id)
    applied = [entry for entry in (quote or {}).get("applied", []) if entry["amount"]]
    names = {
        str(key): name
        for key, name in Promotion.objects.filter(pk__in=[entry["promotion"] for entry in applied]).values_list(
            "pk", "name"
        )
    }
    used = get_redeemed_coupons(codes=codes, reference=str(order.number)) if codes else []
    return OrderExtras(
        phone=mask_phone(phone) if phone else None,
        discounts=[Discount(names.get(entry["promotion"], ""), entry["amount"]) for entry in applied],
        coupon_codes=sorted(coupon.code for coupon in used),
        payments=list(Payment.objects.filter(order_id=order.id).order_by("pk")),
    )


def list_stock_entries(*, variant_ids: Iterable[UUID], limit: int) -> list[StockEntry]:
    """The latest movements of some variants, the newest first. One statement."""
    entries = Entry.objects.filter(balance__variant_id__in=list(variant_ids)).order_by("-pk")[:limit]
    rows = entries.values_list("balance__variant__sku", "quantity", "kind", "reference", "created_at")
    return [StockEntry(*row) for row in rows]
