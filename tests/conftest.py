"""The test harness: a database server of this run, shops in it, clients for them.

`shop` and `shops` roll back. What must commit (races, threads, other processes) takes `live_shops`, a database of its
own. `tests/support/` holds what stands behind the fixtures.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from config.embedded.valkey import EmbeddedValkey
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import transaction
from django.utils import translation
from playwright.sync_api import Browser, Page
from pytest_django import DjangoDbBlocker
from staff.models import User

from tenants.models import Shop
from tenants.selectors import find_shop, get_shop
from tenants.transaction import tenant_transaction
from tests.support import browser as browsers
from tests.support import live
from tests.support.database import TestServer
from tests.support.shops import NORTH, SOUTH, ShopClient, owner_email

ClientFor = Callable[[Shop | None], ShopClient]
MOST_WORKERS = 4  # each has a database server and a browser of its own


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads its options
def pytest_cmdline_main(config: pytest.Config) -> None:
    """The whole suite is run by a worker for each core; a part of it in this process, which starts sooner."""
    options = config.option
    if config.args != config.getini("testpaths") or "PYTEST_XDIST_WORKER" in os.environ:
        return
    if options.numprocesses is None and options.dist == "no" and not options.usepdb:
        # Neighbours in the order stay together, and so do the fixtures of a module.
        options.numprocesses, options.dist = min(os.cpu_count() or 1, MOST_WORKERS), "worksteal"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that drive a browser: they are the slow ones."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


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
def _nothing_left() -> None:
    """What one test cached, and the language that its last request left, is no business of the next."""
    cache.clear()
    translation.deactivate()


@pytest.fixture
def now() -> datetime:
    """The present as services get it; a Wednesday noon, so that no test turns with the calendar."""
    return datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def shops(db: None) -> tuple[Shop, Shop]:
    """Two shops without an open tenant transaction; all the test does is rolled back. `north` is zh-hans, CNY."""
    for slug in (NORTH, SOUTH):
        find_shop(slug)  # cached: a request inside the transaction of `shop` could not look into public
    return get_shop(slug=NORTH), get_shop(slug=SOUTH)


@pytest.fixture
def shop(shops: tuple[Shop, Shop]) -> Iterator[Shop]:
    """A shop (`north`) whose tenant transaction is open for the whole test and rolled back after it."""
    with tenant_transaction(shops[0]):
        yield shops[0]
        transaction.set_rollback(True)


@pytest.fixture
def owner_user(shop: Shop) -> User:
    """The owner of `shop`."""
    user = get_user_model().objects.get(email=owner_email(shop.slug))
    assert isinstance(user, User)
    return user


@pytest.fixture
def client_for() -> ClientFor:
    """`client_for(shop)`: Django's test client addressing that shop's host; `client_for(None)` the public site."""
    return ShopClient


@pytest.fixture
def fresh_database(
    django_db_setup: None, database_server: TestServer, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """A database of this test's own, where everything commits. Its name."""
    with django_db_blocker.unblock(), live.fresh_database(database_server, live.LIVE) as name:
        yield name


@pytest.fixture
def live_shops(fresh_database: str) -> tuple[Shop, Shop]:
    """The two shops in a database of this test's own: for threads, races and other processes."""
    return get_shop(slug=NORTH), get_shop(slug=SOUTH)


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Valkey server of this run. Its address, `redis://…/0`."""
    with EmbeddedValkey(tmp_path_factory.mktemp("valkey"), keep=False) as server:
        yield server.url()


@pytest.fixture(scope="session")
def _web_servers(database_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.LiveServer]:
    """The web server of all tests of this run, one after the other: to start it takes seconds."""
    home = tmp_path_factory.mktemp("web")
    with live.live_server(database_server, home, **live.live_database(database_server)) as server:
        yield server


@pytest.fixture
def web_server(fresh_database: str, _web_servers: live.LiveServer) -> Iterator[live.LiveServer]:
    """A real gunicorn on this test's own database: `web_server.url(shop, "/console/")`."""
    yield _web_servers
    _web_servers.begin_anew()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    # Playwright keeps an event loop on this thread, and Django takes that for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with browsers.chromium() as browser:
        yield browser


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Page]:
    """A desktop page in Chinese; the test fails where it asks another host. Others: `tests.support.browser.page_of`."""
    with browsers.page_of(browser, locale="zh-CN") as page:
        yield page
