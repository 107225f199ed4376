"""The one transaction that makes an order of a cart, and what happens to orders afterwards."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from catalog.selectors import get_variants
from coupons.services import redeem_coupons
from django.db import connection
from django.utils.translation import gettext as _
from kernel.ids import new_id
from kernel.outbox import publish
from members.services import record_order
from members.types import TokenRow
from promotions.errors import PromotionUsedUp
from promotions.services import record_use
from stock.errors import OutOfStock
from stock.services import take_stock

from checkout.errors import CartEmpty, OrderNotFound, OrderNotPayable, PriceChanged, VariantUnknown
from checkout.models import Order, Payment
from checkout.pricing import PricedCart, local_date, price_as_shown
from checkout.services.carts import get_lines, lock_cart
from checkout.types import OrderLineRow, OrderRow, PricedLine, ShopSettings
from tenants.access import check_takes_business
from tenants.transaction import current_shop

# Order, lines, payment and the closing of the cart stand or fall together: one statement writes them.
_PLACE = """
    WITH placed AS (
        INSERT INTO checkout_order (id, cart_id, member_id, token_id, channel, status, currency, subtotal_minor,
                                    discount_minor, shipping_minor, total_minor, quote, rules_version,
                                    placed_at)
        SELECT %(id)s, id, member_id, %(token_id)s, channel, 'placed', %(currency)s, %(subtotal)s,
               %(discount)s, %(shipping)s, %(total)s, %(quote)s::jsonb, %(rules)s, %(now)s
          FROM checkout_cart WHERE id = %(cart_id)s
        RETURNING id, number
    ), lines AS (
        INSERT INTO checkout_orderline (order_id, variant_id, position, sku, name, quantity, unit_price_minor,
                                        subtotal_minor, total_minor, unit_cost_minor)
        SELECT placed.id, line.* FROM placed, jsonb_to_recordset(%(lines)s::jsonb) AS line
               (variant_id uuid, position smallint, sku text, name text, quantity integer, unit_price_minor bigint,
                subtotal_minor bigint, total_minor bigint, unit_cost_minor bigint)
    ), payment AS (
        INSERT INTO checkout_payment (order_id, method, status, amount_minor, currency, created_at)
        SELECT id, %(method)s, 'pending', %(total)s, %(currency)s, %(now)s FROM placed
    ), closed AS (
        UPDATE checkout_cart SET closed_at = %(now)s, updated_at = %(now)s WHERE id = %(cart_id)s
    )
    SELECT number FROM placed
"""


def complete_checkout(
    *, cart_id: UUID, token: TokenRow | None, payment_method: str, shop: ShopSettings, now: datetime
) -> OrderRow:
    """Make an order of a cart at the price last shown: order, stock, coupons, what promotions have given and the
    member's counters, or nothing.

    Rows are locked in this order: the cart's, the member's as it is priced (of two carts of one member at once the
    second is priced with the order of the first), and last what many orders want, a coupon's, a promotion's, stock's.
    Who joins or claims holds the member before the coupon too.

    Raises `CartNotFound`, `CartClosed`, `CartEmpty`, `VariantUnknown` for a line no longer sold, `PriceChanged`,
    `coupons.errors.CouponNotUsable`, `stock.errors.OutOfStock`, `tenants.errors.ShopClosed`.
    """
    check_takes_business(current_shop())
    cart = lock_cart(cart_id=cart_id, token=token, now=now)
    lines = get_lines(cart_id=cart.id)
    if not lines:
        raise CartEmpty(_("The cart is empty. Put something into it first."), field=["cartId"])
    variants = get_variants(ids=[line.variant_id for line in lines])
    priced = price_as_shown(
        cart=cart, lines=lines, variants=variants, token=token, shop=shop, now=now, lock_member=True
    )
    for line in priced.lines:
        if not line.variant.is_active:
            raise VariantUnknown(
                _("%(sku)s is no longer sold. Take it out of the cart.") % {"sku": line.variant.sku}, field=["cartId"]
            )
    if priced.total_minor != cart.shown_total_minor:
        raise _price_changed()

    order = _place_order(priced, payment_method=payment_method, token=token, shop=shop, now=now)
    reference = str(order.number)
    if priced.redeemed_coupon_ids:
        redeem_coupons(coupon_ids=priced.redeemed_coupon_ids, reference=reference, actor="storefront", now=now)
    if order.member_id:
        record_order(member_id=order.member_id, total_minor=order.total_minor)
    publish(topic="order.placed", payload=_event(order, priced))
    try:
        record_use(given=priced.given, member_id=order.member_id, today=local_date(now, shop))
    except PromotionUsedUp as error:
        raise _price_changed() from error
    _take_stock(priced, reference=reference, now=now)
    return order


def _price_changed() -> PriceChanged:
    return PriceChanged(_("The price has changed. Look at the cart again before ordering."), field=["cartId"])


def _place_order(
    priced: PricedCart, *, payment_method: str, token: TokenRow | None, shop: ShopSettings, now: datetime
) -> OrderRow:
    order_id = new_id()
    lines = [
        {
            "variant_id": str(line.variant.id),
            "position": position,
            "sku": line.variant.sku,
            "name": _line_name(line),
            "quantity": line.quantity,
            "unit_price_minor": line.unit_price_minor,
            "subtotal_minor": line.subtotal_minor,
            "total_minor": line.total_minor,
            "unit_cost_minor": level.unit_cost_minor if (level := priced.levels.get(line.variant.id)) else None,
        }
        for position, line in enumerate(priced.lines, start=1)
    ]
    quote = priced.quote
    with connection.cursor() as cursor:
        cursor.execute(
            _PLACE,
            {
                "id": order_id,
                "cart_id": priced.id,
                "token_id": token.id if token else None,
                "currency": shop.currency,
                "subtotal": quote.subtotal,
                "discount": quote.discount,
                "shipping": quote.shipping,
                "total": quote.total,
                "quote": orjson.dumps(quote.to_json()).decode(),
                "rules": priced.rules.version,
                "now": now,
                "lines": orjson.dumps(lines).decode(),
                "method": Payment.Method(payment_method),
            },
        )
        number: int = cursor.fetchone()[0]
    return OrderRow(
        id=order_id,
        number=number,
        status=Order.Status.PLACED.value,
        member_id=priced.cart.member_id,
        currency=shop.currency,
        subtotal_minor=quote.subtotal,
        discount_minor=quote.discount,
        shipping_minor=quote.shipping,
        total_minor=quote.total,
        placed_at=now,
        lines=tuple(
            OrderLineRow(
                line.variant.sku,
                _line_name(line),
                line.quantity,
                line.unit_price_minor,
                line.subtotal_minor,
                line.total_minor,
            )
            for line in priced.lines
        ),
    )


def _line_name(line: PricedLine) -> str:
    variant = line.variant
    return f"{variant.product_name} {variant.name}".strip()


def _take_stock(priced: PricedCart, *, reference: str, now: datetime) -> None:
    items = {line.variant.id: line.quantity for line in priced.lines}
    try:
        take_stock(items=items, reference=reference, actor="storefront", now=now)
    except OutOfStock as error:
        short = ", ".join(
            f"{line.variant.sku} ({error.shortages[line.variant.id]})"
            for line in priced.lines
            if line.variant.id in error.shortages
        )
        message = _("Not enough is left. Take less of: %(short)s.") % {"short": short}
        raise OutOfStock(message, shortages=error.shortages, field=["cartId"]) from error


def _event(order: OrderRow, priced: PricedCart) -> dict[str, Any]:
    return {
        "order": str(order.id),
        "number": order.number,
        "member": str(order.member_id) if order.member_id else None,
        "channel": priced.cart.channel,
        "currency": order.currency,
        "total": order.total_minor,
        "discount": order.discount_minor,
        "placed_at": order.placed_at.isoformat(),
        "promotions": [entry.promotion for entry in priced.quote.applied],
        "lines": [
            {
                "variant": str(line.variant.id),
                "sku": line.variant.sku,
                "quantity": line.quantity,
                "total": line.total_minor,
            }
            for line in priced.lines
        ],
    }


def mark_order_paid(*, order_id: UUID, actor: str, now: datetime) -> bool:
    """Settle the payment of an order; False if it was paid before, which is no error. Three statements.

    Raises `OrderNotFound`, `OrderNotPayable` for an order that is cancelled or refunded.
    """
    paid = Order.objects.filter(pk=order_id, status=Order.Status.PLACED).update(status=Order.Status.PAID)
    if not paid:
        status = Order.objects.filter(pk=order_id).values_list("status", flat=True).first()
        if status is None:
            raise OrderNotFound(_("There is no such order."))
        if status in (Order.Status.PAID, Order.Status.FULFILLED):
            return False
        raise OrderNotPayable(_("This order is closed. No payment can be taken for it."))
    Payment.objects.filter(order_id=order_id, status=Payment.Status.PENDING).update(
        status=Payment.Status.SETTLED, settled_at=now
    )
    publish(topic="order.paid", payload={"order": str(order_id), "actor": actor, "paid_at": now.isoformat()})
    return True
