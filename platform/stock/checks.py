"""What must hold of a shop's stock, for `laxin doctor`. The database enforces it; this proves that it does."""

from collections.abc import Iterator

from django.db import connection
from kernel.usage import find_miscount

from tenants.doctor import invariant

SHOWN = 20


@invariant("stock.on_hand_is_the_sum_of_the_entries")
def find_unbalanced_ledgers() -> Iterator[str]:
    """Replaying the ledger gives what is on hand."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT b.id, b.variant_id, b.on_hand, coalesce(e.total, 0)
            FROM stock_balance b
            LEFT JOIN (SELECT balance_id, sum(quantity) AS total FROM stock_entry GROUP BY balance_id) e
                ON e.balance_id = b.id
            WHERE b.on_hand <> coalesce(e.total, 0) ORDER BY b.id LIMIT %s
            """,
            [SHOWN],
        )
        for balance_id, variant_id, on_hand, total in cursor.fetchall():
            yield f"Balance {balance_id} of variant {variant_id}: {on_hand} on hand, the entries sum to {total}."


@invariant("stock.reserved_is_within_on_hand")
def find_impossible_reservations() -> Iterator[str]:
    """Nothing is reserved that is not there."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, variant_id, on_hand, reserved FROM stock_balance
            WHERE reserved < 0 OR on_hand < reserved ORDER BY id LIMIT %s
            """,
            [SHOWN],
        )
        for balance_id, variant_id, on_hand, reserved in cursor.fetchall():
            yield f"Balance {balance_id} of variant {variant_id}: {reserved} reserved of {on_hand} on hand."


@invariant("stock.usage_counts_locations")
def find_miscounted_locations() -> Iterator[str]:
    """What the plan's limit is held against is how many places hold stock."""
    yield from find_miscount("locations", "SELECT count(*) FROM stock_location")
