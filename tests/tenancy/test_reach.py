"""What a shop's role may touch: its own schema, and nothing that is shared."""

import pytest
from django.db import connection

from tenants import checks
from tenants.checks import SHARED_TABLES, find_reach
from tenants.models import Shop
from tenants.schemas import owner_cursor
from tenants.transaction import tenant_transaction


def found(shop: Shop) -> list[str]:
    with tenant_transaction(shop):
        return [line.partition(" reaches ")[2].partition(":")[0] for line in find_reach()]


def test_no_shop_reaches_a_shared_table(shops: tuple[Shop, Shop]) -> None:
    assert frozenset() == SHARED_TABLES
    assert [found(shop) for shop in shops] == [[], []]


def test_the_question_is_about_tables_that_are_there(shops: tuple[Shop, Shop]) -> None:
    """Control: an empty answer means something, as the role does reach its own tables."""
    with tenant_transaction(shops[0]), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
        assert cursor.fetchone()[0] > 10
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"
            " AND has_table_privilege(oid, 'SELECT')"
        )
        assert cursor.fetchone()[0] > 30


@pytest.mark.parametrize(
    ("grants", "reached"),
    [
        (["GRANT SELECT ON public.tenants_shop TO {role}"], "public.tenants_shop (SELECT)"),
        (["GRANT UPDATE (name) ON public.tenants_shop TO {role}"], "public.tenants_shop (UPDATE)"),
        (["GRANT INSERT, DELETE ON public.billing_account TO PUBLIC"], "public.billing_account (DELETE, INSERT)"),
        (["GRANT USAGE ON SEQUENCE public.tenants_shop_id_seq TO {role}"], "public.tenants_shop_id_seq (sequence)"),
        (
            ["GRANT USAGE ON SCHEMA {south} TO {role}", "GRANT SELECT ON {south}.members_member TO {role}"],
            "{south}.members_member (SELECT)",
        ),
        (
            ["GRANT EXECUTE ON FUNCTION public.tenants_create_schema(text) TO {role}"],
            "public.tenants_create_schema(text) (runs as its owner)",
        ),
        (["CREATE VIEW public.peek AS SELECT 1", "GRANT SELECT ON public.peek TO PUBLIC"], "public.peek (SELECT)"),
    ],
)
def test_what_is_granted_is_found(live_shops: tuple[Shop, Shop], grants: list[str], reached: str) -> None:
    north, south = live_shops
    names = {"role": north.schema_name, "south": south.schema_name}
    assert found(north) == []
    with owner_cursor() as cursor:
        for grant in grants:
            cursor.execute(grant.format(**names))
    assert found(north) == [reached.format(**names)]


def test_a_table_that_is_named_is_allowed(live_shops: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    north = live_shops[0]
    with owner_cursor() as cursor:
        cursor.execute(f"GRANT SELECT ON public.tenants_domain TO {north.schema_name}")
    assert found(north) == ["public.tenants_domain (SELECT)"]
    monkeypatch.setattr(checks, "SHARED_TABLES", frozenset({"public.tenants_domain"}))
    assert found(north) == []
