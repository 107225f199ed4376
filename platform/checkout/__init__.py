"""From cart to order: composes price, coupons and stock in one transaction.

Owns: carts and their lines, orders and their lines, payments.

Invariants: an order keeps the quote it was placed with; its lines sum to its totals; a cart becomes at most one order;
stock, coupon and order change together or not at all.
"""
