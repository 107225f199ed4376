"""Database backends are killed under load: the shops are served again, and nothing acknowledged is lost or doubled.

`make soak` runs the same for a minute over 200 shops.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from tests.support.chaos import run_chaos
from tests.support.database import TestServer
from tests.support.fuzz import make_shops
from tests.support.live import fresh_database

SHOPS, SECONDS, KILL_EVERY, KILLS = 4, 9, 2.5, 3


@pytest.fixture
def own_server(database_server: TestServer, django_db_blocker: DjangoDbBlocker) -> Iterator[TestServer]:
    """A server beside that of the other tests: it will crash."""
    with django_db_blocker.unblock():
        try:
            with TestServer.running() as server, fresh_database(server):
                yield server
        finally:
            database_server.use(database_server.main)


def test_nothing_acknowledged_is_lost_when_backends_are_killed(own_server: TestServer, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    report = run_chaos(
        own_server,
        make_shops(SHOPS),
        tmp_path,
        seconds=SECONDS,
        kill_every=KILL_EVERY,
        seed=seed,
        least_kills=KILLS,
    )
    assert report.wrong == []
    assert len(report.kills) == len(report.pauses) >= KILLS
    assert {kill.split()[0] for kill in report.kills} == {"SIGKILL", "pg_terminate_backend"}
    assert len(report.joined) > 10
    assert len(report.ordered) > 10
    assert report.repeated > 0
