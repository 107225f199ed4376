"""Lists of orders stay quick however many there are."""

import pytest
from checkout.selectors import list_orders
from django.db import connection
from django.test.utils import CaptureQueriesContext


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("status", "index"), [(None, "order_by_placed"), ("placed", "order_by_status")])
def test_a_page_of_orders_is_read_in_the_order_of_an_index(status: str | None, index: str) -> None:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        list_orders(status=status)
    with connection.cursor() as cursor:
        # The tables are empty: without these the planner would read them whole.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {captured[0]['sql']}")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert f"Index Scan Backward using {index}" in plan
    assert "Sort" not in plan
