"""The test harness: a database server of this run, shops in it, clients for them.

See `tests/support/` for what stands behind each fixture.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tenants.models import Shop
from tenants.selectors import get_shop
from tenants.transaction import tenant_transaction
from tests.support.database import TestServer
from tests.support.shops import NORTH, SOUTH, ShopClient

ClientFor = Callable[[Shop], ShopClient]


@pytest.fixture(scope="session")
def database_server(django_db_blocker: DjangoDbBlocker) -> Iterator[TestServer]:
    """A PostgreSQL server of this run alone, on a free port, from prepared data: two shops and their owners."""
    with django_db_blocker.unblock(), TestServer.running() as server:
        django_db_blocker.block()
        yield server
        django_db_blocker.restore()


@pytest.fixture(scope="session")
def django_db_setup(
    database_server: TestServer, django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """In place of pytest-django's: the database is there already, migrated."""
    with django_db_blocker.unblock():
        database_server.use(database_server.main)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """What one test cached is no business of the next."""
    cache.clear()


@pytest.fixture
def now() -> datetime:
    """The present as services get it; a Wednesday noon, so that no test turns with the calendar."""
    return datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def shops(db: None) -> tuple[Shop, Shop]:
    """Two shops without an open tenant transaction; all the test does is rolled back. `north` is zh-hans, CNY."""
    return get_shop(slug=NORTH), get_shop(slug=SOUTH)


@pytest.fixture
def shop(shops: tuple[Shop, Shop]) -> Iterator[Shop]:
    """A shop (`north`) whose tenant transaction is open for the whole test and rolled back after it."""
    with tenant_transaction(shops[0]):
        yield shops[0]
        transaction.set_rollback(True)


@pytest.fixture
def client_for() -> ClientFor:
    """`client_for(shop)`: Django's test client addressing that shop's host; `client_for(None)` the public site."""
    return ShopClient
