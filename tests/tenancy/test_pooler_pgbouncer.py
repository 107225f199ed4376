"""The same tests and some more through a real PgBouncer: transaction mode, one server connection for all clients."""

import inspect
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from threading import Barrier, Timer

import pytest
from django.db import DatabaseError, OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from kernel.models import OutboxEvent
from kernel.outbox import publish
from staff.models import User

from tenants.models import Shop
from tenants.selectors import get_shop, list_shops
from tenants.transaction import outside, tenant_transaction
from tests.conftest import ClientFor
from tests.support import live
from tests.support.database import TestServer
from tests.support.pooler import Pooler, running_pooler, through
from tests.support.shops import NORTH, SOUTH, owner_email
from tests.tenancy import test_transaction

THREADS = 4


@pytest.fixture(scope="module")
def pooler(database_server: TestServer) -> Iterator[Pooler]:
    with running_pooler(database_server) as pooler:
        yield pooler


@pytest.fixture
def live_shops(fresh_database: str, pooler: Pooler) -> Iterator[tuple[Shop, Shop]]:
    """In place of the harness's: the application login comes through the pooler."""
    with through(pooler):
        yield get_shop(slug=NORTH), get_shop(slug=SOUTH)


def _of_live_shops(module: object) -> dict[str, Callable[..., None]]:
    """The tests of a module that commit."""
    return {
        name: test
        for name, test in vars(module).items()
        if name.startswith("test_") and "live_shops" in inspect.signature(test).parameters
    }


globals().update(_of_live_shops(test_transaction))


def server_pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
        return int(pid)


def test_the_tests_of_the_transaction_are_repeated_here() -> None:
    assert len(_of_live_shops(test_transaction)) >= 14


def test_all_clients_share_one_server_connection(live_shops: tuple[Shop, Shop]) -> None:
    def work(number: int) -> tuple[int, str]:
        try:
            with tenant_transaction(live_shops[number % 2]):
                return server_pid(), User.objects.get().email
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(work, range(THREADS)))
    assert len({pid for pid, _email in answers}) == 1
    assert [email for _pid, email in answers] == [owner_email(slug) for slug in (NORTH, SOUTH) * 2]


def test_nothing_of_a_shop_is_left_for_the_next_client(live_shops: tuple[Shop, Shop]) -> None:
    state = "SELECT current_user, current_setting('search_path'), pg_backend_pid()"
    with tenant_transaction(live_shops[0]), connection.cursor() as cursor:
        cursor.execute(state)
        inside = cursor.fetchone()
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(state)
        after = cursor.fetchone()
    assert inside[2] == after[2]
    assert after[:2] == (connection.settings_dict["USER"], "public, extensions")
    assert inside[:2] == (live_shops[0].schema_name, f"{live_shops[0].schema_name}, extensions")


def test_no_statement_is_prepared_on_the_server(live_shops: tuple[Shop, Shop]) -> None:
    """A prepared statement lives in one server connection; this PgBouncer hands out others."""
    for shop in live_shops:
        with tenant_transaction(shop):
            for _ in range(10):
                assert OutboxEvent.objects.filter(topic="a.b").count() == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        assert cursor.fetchone() == (0,)
    assert connection.connection.prepare_threshold is None


@pytest.mark.parametrize("end", ["timeout", "cancel"])
def test_a_query_that_was_cut_off_leaves_no_shop_behind(live_shops: tuple[Shop, Shop], end: str) -> None:
    north, south = live_shops
    with pytest.raises(OperationalError), tenant_transaction(north):
        publish(topic="lost.one", payload={})
        with connection.cursor() as cursor:
            if end == "timeout":
                cursor.execute("SET LOCAL statement_timeout = 50")
            else:
                Timer(0.2, connection.connection.cancel_safe).start()
            cursor.execute("SELECT pg_sleep(20)")
    assert len(list_shops()) == 2
    with tenant_transaction(south):
        assert (OutboxEvent.objects.count(), User.objects.get().email) == (0, owner_email(SOUTH))
    with tenant_transaction(north):
        assert (OutboxEvent.objects.count(), User.objects.get().email) == (0, owner_email(NORTH))


def test_a_client_that_vanishes_inside_its_transaction_leaves_no_shop_behind(live_shops: tuple[Shop, Shop]) -> None:
    north, south = live_shops
    with pytest.raises(DatabaseError), tenant_transaction(north):
        publish(topic="lost.one", payload={})
        connection.connection.close()
        publish(topic="never.sent", payload={})
    with tenant_transaction(south):
        assert User.objects.get().email == owner_email(SOUTH)
    with tenant_transaction(north):
        assert OutboxEvent.objects.count() == 0


def test_while_one_is_outside_another_shop_has_the_connection(live_shops: tuple[Shop, Shop]) -> None:
    north, south = live_shops
    mine, theirs = Barrier(2), Barrier(2)

    def other() -> str:
        try:
            mine.wait(10)
            with tenant_transaction(south):
                publish(topic="south.news", payload={})
                email = User.objects.get().email
            theirs.wait(10)
            return str(email)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(other)
        with tenant_transaction(north):
            publish(topic="north.news", payload={})
            with outside():
                mine.wait(10)
                theirs.wait(10)
            assert list(OutboxEvent.objects.values_list("topic", flat=True)) == ["north.news"]
        assert answer.result(10) == owner_email(SOUTH)


def test_entering_a_shop_through_the_pooler_adds_no_query(live_shops: tuple[Shop, Shop]) -> None:
    with CaptureQueriesContext(connection) as queries, tenant_transaction(live_shops[0]):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            raise ZeroDivisionError
        OutboxEvent.objects.count()
    starts = [query["sql"].split()[0] for query in queries.captured_queries]
    assert starts == ["BEGIN", "SAVEPOINT", "ROLLBACK", "RELEASE", "SELECT", "COMMIT"]


def test_the_web_server_with_its_own_pool_serves_both_shops(
    live_shops: tuple[Shop, Shop], pooler: Pooler, database_server: TestServer, tmp_path: Path, client_for: ClientFor
) -> None:
    """Four threads, Django's pool, then the one server connection."""
    sessions = {}
    for shop in live_shops:
        client = client_for(shop)
        with tenant_transaction(shop):
            client.force_login(User.objects.get())
        sessions[shop.slug] = client.cookies["laxin_session"].value
    app = replace(database_server.app_url(database_server.used), port=pooler.port)
    with live.live_server(database_server, tmp_path, LAXIN_APP_DATABASE_URL=str(app)) as server:

        def visit(number: int) -> tuple[int, bool, bool]:
            shop, other = live_shops[number % 2], live_shops[1 - number % 2]
            request = HTTPConnection("127.0.0.1", server.port, timeout=30)
            headers = {"Host": f"{shop.slug}.localhost:{server.port}", "Cookie": f"laxin_session={sessions[shop.slug]}"}
            request.request("GET", "/console/settings/", headers=headers)
            response = request.getresponse()
            body = response.read().decode()
            return response.status, f">{shop.name}<" in body, f">{other.name}<" in body

        with ThreadPoolExecutor(THREADS) as pool:
            answers = set(pool.map(visit, range(40)))
    assert answers == {(200, True, False)}
