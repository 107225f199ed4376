"""Random work over many shops through one server connection: nothing leaks, nothing is lost.

The negative control is the same work on django-tenants' own backend under a login that may read every shop. `make soak`
runs a million operations; `FUZZ_SEED=… make test ARGS=tests/tenancy/test_fuzz.py` repeats the programs of four seeds.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connections
from django_tenants.postgresql_backend.base import DatabaseWrapper as StockWrapper

from tenants.models import Shop
from tests.support.database import TestServer
from tests.support.fuzz import CLIENTS, make_shops, run_fuzz
from tests.support.pooler import running_pooler, through

SHOPS, OPERATIONS, SEEDS = 12, 20_000, 4
WITHIN = 1_000


@pytest.fixture
def many_shops(fresh_database: str, database_server: TestServer) -> Iterator[list[Shop]]:
    shops = make_shops(SHOPS)
    with running_pooler(database_server) as pooler, through(pooler):
        yield shops


def test_nothing_leaks_and_nothing_is_lost(many_shops: list[Shop]) -> None:
    first = int(os.environ.get("FUZZ_SEED") or random.SystemRandom().randrange(1_000_000))
    kinds: set[str] = set()
    for seed in range(first, first + SEEDS):
        progress = run_fuzz(many_shops, seed=seed, operations=OPERATIONS // SEEDS)
        assert progress.leaks == [], f"seed {seed}"
        assert progress.operations == OPERATIONS // SEEDS
        kinds |= set(progress.kinds)
    assert len(kinds) == 27


def test_nothing_leaks_through_djangos_own_pool(fresh_database: str) -> None:
    shops = make_shops(4)
    options: dict[str, Any] = connections.settings[DEFAULT_DB_ALIAS]["OPTIONS"]
    wrapper: Any = connections[DEFAULT_DB_ALIAS]
    wrapper.close()
    options["pool"] = {"min_size": 1, "max_size": CLIENTS + 1, "timeout": 30}
    try:
        progress = run_fuzz(shops, seed=random.SystemRandom().randrange(1_000_000), operations=2_000)
    finally:
        wrapper.close()
        wrapper.close_pool()
        del options["pool"]
    assert progress.leaks == []


class StockClient(StockWrapper):  # type: ignore[misc]
    """django-tenants' own backend. `shop` is for our router alone, which would stop it."""

    shop: Shop | None = None


@contextmanager
def entered_as_stock(shop: Shop) -> Iterator[None]:
    """What django-tenants' middleware does for a view without a transaction."""
    wrapper: Any = connections[DEFAULT_DB_ALIAS]
    if not isinstance(wrapper, StockClient):
        wrapper = connections[DEFAULT_DB_ALIAS] = StockClient(
            {**wrapper.settings_dict, **{name: connections.settings["owner"][name] for name in ("USER", "PASSWORD")}},
            DEFAULT_DB_ALIAS,
        )
    wrapper.shop = shop
    wrapper.set_tenant(shop)
    yield


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_negative_control_leaks_within_a_thousand_operations(many_shops: list[Shop], seed: int) -> None:
    progress = run_fuzz(many_shops, seed=seed, operations=WITHIN, enter=entered_as_stock, stock=True)
    print(f"control: leak at operation {progress.first_leak}: {progress.leaks[0]}")
    assert 0 < progress.first_leak <= WITHIN
