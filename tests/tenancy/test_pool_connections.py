"""Connections are replaced after visiting many shops, and the application login gives up on what takes too long."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections
from staff.models import User

from tenants.backend.base import DatabaseWrapper
from tenants.bootstrap import bring_up_to_date, prepare_database
from tenants.connections import recycle
from tenants.models import Shop
from tenants.transaction import tenant_transaction


@pytest.fixture
def pooled(live_shops: tuple[Shop, Shop]) -> Iterator[None]:
    """The default connection comes from a pool of one that is replaced after two shops."""
    handler: Any = connections
    before = handler[DEFAULT_DB_ALIAS]
    pool = {"min_size": 1, "max_size": 1, "timeout": 10, "reset": partial(recycle, limit=2)}
    settings = {**before.settings_dict, "OPTIONS": {**before.settings_dict["OPTIONS"], "pool": pool}}
    wrapper = DatabaseWrapper(settings, DEFAULT_DB_ALIAS)
    handler[DEFAULT_DB_ALIAS] = wrapper
    try:
        yield
    finally:
        wrapper.close()
        wrapper.close_pool()
        handler[DEFAULT_DB_ALIAS] = before


def visit(shop: Shop) -> int:
    """The number of the backend that served one transaction of the shop."""
    with tenant_transaction(shop), connection.cursor() as cursor:
        User.objects.count()
        cursor.execute("SELECT pg_backend_pid()")
        pid = int(cursor.fetchone()[0])
    connection.close()  # back to the pool
    return pid


def test_a_connection_is_replaced_after_its_number_of_shops(pooled: None, live_shops: tuple[Shop, Shop]) -> None:
    north, south = live_shops
    first = [visit(north) for _ in range(4)]
    assert len(set(first)) == 1
    assert visit(south) == first[0]
    later = [visit(south), visit(south)]
    assert len(set(later)) == 1
    assert later[0] != first[0]


def test_the_application_login_has_timeouts_and_the_owner_has_none(live_shops: tuple[Shop, Shop]) -> None:
    prepare_database()
    connection.close()
    found = {}
    for alias in ("default", "owner"):
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout')"
            )
            found[alias] = cursor.fetchone()
    assert found == {"default": ("5min", "5min"), "owner": ("0", "0")}
    assert bring_up_to_date() == []
