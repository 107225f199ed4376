"""What `laxin doctor` checks of orders."""

from collections.abc import Iterator

from django.db import connection

from tenants.doctor import invariant


@invariant("checkout.order_lines_sum_to_totals")
def check_totals() -> Iterator[str]:
    """Goods are what the lines say, the discount is the difference, the total is what is due."""
    yield from _numbers(
        """
        SELECT o.number FROM checkout_order o
          LEFT JOIN (SELECT order_id, sum(subtotal_minor) AS subtotal, sum(total_minor) AS total
                       FROM checkout_orderline GROUP BY order_id) l ON l.order_id = o.id
         WHERE o.subtotal_minor <> coalesce(l.subtotal, 0)
            OR o.total_minor <> o.subtotal_minor - o.discount_minor + o.shipping_minor
            OR (o.shipping_minor = 0 AND o.total_minor <> coalesce(l.total, 0))
        """,
        "order {} does not add up",
    )


@invariant("checkout.order_line_subtotals")
def check_lines() -> Iterator[str]:
    """A line of an order placed here is its unit price times its quantity; imported ones carry what was paid."""
    yield from _numbers(
        """
        SELECT DISTINCT o.number FROM checkout_orderline l JOIN checkout_order o ON o.id = l.order_id
         WHERE o.cart_id IS NOT NULL AND l.subtotal_minor <> l.unit_price_minor * l.quantity
        """,
        "order {} has a line whose subtotal is not price times quantity",
    )


@invariant("checkout.payments_cover_orders")
def check_payments() -> Iterator[str]:
    """An order placed here has payments of exactly its total, and it is paid when they are settled."""
    yield from _numbers(
        """
        SELECT o.number FROM checkout_order o
          LEFT JOIN (SELECT order_id, sum(amount_minor) AS amount, bool_and(status = 'settled') AS settled
                       FROM checkout_payment GROUP BY order_id) p ON p.order_id = o.id
         WHERE o.cart_id IS NOT NULL
           AND (p.amount IS DISTINCT FROM o.total_minor
                OR (o.status = 'placed' AND p.settled) OR (o.status IN ('paid', 'fulfilled') AND NOT p.settled))
        """,
        "order {} and its payments disagree",
    )


@invariant("checkout.orders_close_their_carts")
def check_carts() -> Iterator[str]:
    """A cart is closed by its order and by nothing else."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.id FROM checkout_cart c LEFT JOIN checkout_order o ON o.cart_id = c.id
             WHERE (c.closed_at IS NULL) <> (o.id IS NULL)
            """
        )
        for (cart_id,) in cursor.fetchall():
            yield f"cart {cart_id} is closed without an order, or open with one"


@invariant("checkout.orders_took_their_stock")
def check_stock() -> Iterator[str]:
    """What the lines of an order placed here name has left the stock under the order's number."""
    yield from _numbers(
        """
        SELECT o.number FROM checkout_order o
          JOIN (SELECT order_id, sum(quantity) AS sold FROM checkout_orderline GROUP BY order_id) l
            ON l.order_id = o.id
          LEFT JOIN (SELECT reference, -sum(quantity) AS taken FROM stock_entry
                      WHERE kind = 'sale' GROUP BY reference) e
            ON e.reference = o.number::text
         WHERE o.cart_id IS NOT NULL AND l.sold IS DISTINCT FROM e.taken
        """,
        "order {} did not take its stock",
    )


@invariant("checkout.member_counters")
def check_members() -> Iterator[str]:
    """A member's counters of orders and spending are those of the orders."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.id FROM members_member m
              LEFT JOIN (SELECT member_id, count(*) AS orders, sum(total_minor) AS spent
                           FROM checkout_order WHERE member_id IS NOT NULL GROUP BY member_id) o ON o.member_id = m.id
             WHERE m.orders <> coalesce(o.orders, 0) OR m.spent_minor <> coalesce(o.spent, 0)
            """
        )
        for (member_id,) in cursor.fetchall():
            yield f"member {member_id} has other counters than orders"


@invariant("checkout.promotion_use_is_what_orders_say")
def check_use() -> Iterator[str]:
    """The counters of promotions, in all and by member, are those of the quotes that orders were placed with."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH given AS (
                SELECT (a->>'promotion')::uuid AS promotion_id, o.member_id, (a->>'amount')::bigint AS amount
                  FROM checkout_order o, jsonb_array_elements(o.quote->'applied') AS a
                 WHERE o.rules_version IS NOT NULL
            ), said AS (
                SELECT promotion_id, '' AS scope, count(*) AS orders, sum(amount) AS amount FROM given GROUP BY 1
                UNION ALL
                SELECT promotion_id, 'member:' || member_id, count(*), sum(amount)
                  FROM given WHERE member_id IS NOT NULL GROUP BY 1, 2
            ), counted AS (
                SELECT promotion_id, scope, orders, discount_minor FROM promotions_promotionuse
                 WHERE scope NOT LIKE 'day:%'
            )
            SELECT promotion_id, scope FROM said FULL JOIN counted USING (promotion_id, scope)
             WHERE said.orders IS DISTINCT FROM counted.orders OR said.amount IS DISTINCT FROM counted.discount_minor
             ORDER BY promotion_id, scope LIMIT 20
            """
        )
        for promotion_id, scope in cursor.fetchall():
            yield f"promotion {promotion_id} has given something else than orders say ({scope or 'in all'})"


def _numbers(query: str, sentence: str) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        for (number,) in cursor.fetchall():
            yield sentence.format(number)
