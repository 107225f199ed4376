"""Behind a transaction pooler with one server connection no client meets another's shop.

The pooler is played here: clients share one server connection, and whenever it is idle (no transaction open) another
client may go on, as PgBouncer in transaction mode does. The negative control runs the same clients on django-tenants'
own backend, under a login that may read every shop, and must find rows of the wrong shop.
"""

import random
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from django.db import connections, transaction
from django_tenants.postgresql_backend.base import DatabaseWrapper as StockWrapper
from kernel.outbox import publish
from psycopg.pq import TransactionStatus

from tenants.backend.base import DatabaseWrapper
from tenants.models import Shop
from tenants.transaction import tenant_transaction

CLIENTS, OPERATIONS = 4, 300
ALIASES = [f"client{number}" for number in range(CLIENTS)]

type Client = Callable[[Any, Shop, list[str]], Generator[None]]


def pause(wrapper: Any) -> Generator[None]:
    """Let another client go on if the server connection is idle."""
    if wrapper.connection.info.transaction_status == TransactionStatus.IDLE:
        yield


def read_topics(cursor: Any) -> list[str]:
    cursor.execute("SELECT topic FROM kernel_outboxevent")
    return [row[0] for row in cursor.fetchall()]


def our_client(wrapper: DatabaseWrapper, shop: Shop, wrong: list[str]) -> Generator[None]:
    """Enters the shop as `tenant_transaction` does; some blocks roll a savepoint back in between."""
    while True:
        with transaction.atomic(using=wrapper.alias):
            wrapper.enter_shop(shop)
            yield from pause(wrapper)
            cursor = wrapper.cursor()
            yield from pause(wrapper)
            wrong += [topic for topic in read_topics(cursor) if topic != shop.slug]
            with pytest.raises(ZeroDivisionError), transaction.atomic(using=wrapper.alias):
                raise ZeroDivisionError
            yield from pause(wrapper)
            wrong += [topic for topic in read_topics(wrapper.cursor()) if topic != shop.slug]
            wrapper.forget_shop()
        yield from pause(wrapper)


def stock_client(wrapper: Any, shop: Shop, wrong: list[str]) -> Generator[None]:
    """What django-tenants' middleware and a view without a transaction do."""
    while True:
        wrapper.set_tenant(shop)
        yield from pause(wrapper)
        cursor = wrapper.cursor()
        yield from pause(wrapper)
        wrong += [topic for topic in read_topics(cursor) if topic != shop.slug]
        yield from pause(wrapper)


def run_clients(wrappers: list[Any], client: Client, shops: tuple[Shop, Shop], seed: int) -> tuple[list[str], int]:
    """Let the clients go on in random order; the rows seen in wrong shops, and the operation that saw the first."""
    wrong: list[str] = []
    first = 0
    clients = [client(wrapper, shops[number % 2], wrong) for number, wrapper in enumerate(wrappers)]
    order = random.Random(seed)
    for operation in range(1, OPERATIONS + 1):
        next(order.choice(clients))
        first = first or (operation if wrong else 0)
    for each in clients:
        each.close()
    return wrong, first


@pytest.fixture
def shops_with_rows(live_shops: tuple[Shop, Shop]) -> tuple[Shop, Shop]:
    """Each shop has one row that names it."""
    for shop in live_shops:
        with tenant_transaction(shop):
            publish(topic=shop.slug, payload={})
    return live_shops


@pytest.fixture
def pooled(shops_with_rows: tuple[Shop, Shop]) -> Iterator[Callable[[type[Any], str], list[Any]]]:
    """`pooled(backend, login)`: connections of several clients that share one server connection."""
    made: list[Any] = []

    def make(backend: type[Any], login: str) -> list[Any]:
        for alias in ALIASES:
            wrapper = backend({**connections[login].settings_dict}, alias)
            connections[alias] = wrapper
            wrapper.connect()
            if made:
                wrapper.connection.close()
                wrapper.connection = made[0].connection
            made.append(wrapper)
        return made

    yield make
    for alias in ALIASES:
        del connections[alias]
    made[0].connection.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_client_meets_another_shop(
    pooled: Callable[[type[Any], str], list[Any]], shops_with_rows: tuple[Shop, Shop], seed: int
) -> None:
    wrong, _ = run_clients(pooled(DatabaseWrapper, "default"), our_client, shops_with_rows, seed)
    assert wrong == []


def test_the_negative_control_leaks_within_a_hundred_operations(
    pooled: Callable[[type[Any], str], list[Any]], shops_with_rows: tuple[Shop, Shop]
) -> None:
    wrong, first = run_clients(pooled(StockWrapper, "owner"), stock_client, shops_with_rows, seed=1)
    assert 0 < first <= 100
    assert len(wrong) > 10
