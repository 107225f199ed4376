"""Writes of checkout: carts, and the one transaction that makes an order of one."""

from checkout.services.carts import create_cart, quote_cart, remember_shown, set_coupons, set_lines
from checkout.services.orders import complete_checkout, mark_order_paid

__all__ = [
    "complete_checkout",
    "create_cart",
    "mark_order_paid",
    "quote_cart",
    "remember_shown",
    "set_coupons",
    "set_lines",
]
