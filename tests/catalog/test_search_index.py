"""Search must not read the whole table: shown on a table that is large enough for the planner to care."""

from collections.abc import Callable
from datetime import datetime

import pytest
from catalog.selectors import list_products
from catalog.services import create_product
from catalog.types import ProductInput, ProductRow, VariantInput
from django.db import connection
from kernel.pages import Page

from tenants.models import Shop
from tenants.schemas import owner_cursor
from tenants.transaction import tenant_transaction


def note_statements(search: str) -> tuple[Page[ProductRow], tuple[str, object]]:
    """Search, and return the page with the last statement that was sent for it."""
    statements: list[tuple[str, object]] = []

    def note(execute: Callable[..., object], sql: str, params: object, many: bool, context: object) -> object:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        page = list_products(search=search)
    return page, statements[-1]


@pytest.fixture
def large_shop(live_shops: tuple[Shop, Shop], now: datetime) -> Shop:
    """North with 5,001 products, fresh statistics and nothing left in the index's list of pending entries."""
    shop = live_shops[0]
    with tenant_transaction(shop), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO catalog_product (id, name, slug, status, search_text)
            SELECT gen_random_uuid(), 'P' || n, 'p' || n, 'active', ' ' || md5(n::text) || ' ' || md5((-n)::text) || ' '
            FROM generate_series(1, 5000) n
            """
        )
        data = ProductInput(name="绿茶 Longjing", variants=[VariantInput(sku="LJ-1", price_minor=1)])
        create_product(data=data, now=now)
    with owner_cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {shop.schema_name}.catalog_product")
    return shop


@pytest.mark.parametrize("search", ["longjing", "longjng", "绿茶", "茶", "lj-1", "lo"])
def test_a_search_for_something_rare_uses_the_trigram_index(search: str, large_shop: Shop) -> None:
    with tenant_transaction(large_shop), connection.cursor() as cursor:
        page, (sql, params) = note_statements(search)
        cursor.execute(f"EXPLAIN {sql}", params)  # type: ignore[arg-type]
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert [row.name for row in page] == ["绿茶 Longjing"]
    assert "product_search" in plan, plan
