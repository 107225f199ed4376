"""A throwaway PostgreSQL server for each run of the tests, started from data that were prepared once.

The prepared data hold the database `laxin`, bootstrapped and with two shops, and a copy of it, `laxin_main`, for the
tests that roll back. Tests that commit get copies of `laxin` of their own. Several runs at once do not meet: each has
its own copy of the data and its own port.
"""

import fcntl
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from config import run_state
from config.embedded.postgres import EmbeddedPostgres
from config.env import DatabaseUrl, current, derive_app_url
from django.db import connections
from psycopg import sql

from tenants.bootstrap import bring_up_to_date
from tests.settings import ROOT, TEST_CACHE
from tests.support.shops import create_shops

PRISTINE, MAIN = "laxin", "laxin_main"
KEPT_CACHES = 3
CODE = (
    "platform/*/migrations/*.py",
    "billing/migrations/*.py",
    "tenants/**/*.py",
    "platform/kernel/ledger.py",
    "platform/kernel/usage.py",
    "platform/staff/models.py",
    "platform/config/settings/apps.py",
    "platform/config/embedded/*.py",
    "tests/support/database.py",
    "tests/support/shops.py",
    "uv.lock",
)


@dataclass
class TestServer:
    """The server of this run. `use(name)` points Django's connections at one of its databases."""

    __test__ = False

    postgres: EmbeddedPostgres
    owner: DatabaseUrl
    admin: str
    main: str = MAIN
    used: str = field(default="", init=False)

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["TestServer"]:
        """Start a server on a copy of the prepared data; stop it and delete the copy in the end."""
        runs = TEST_CACHE / "runs"
        runs.mkdir(parents=True, exist_ok=True)
        _remove_runs_of_the_dead(runs)
        started = run_state.process_started(os.getpid())
        postgres = EmbeddedPostgres(runs / f"{os.getpid()}-{started}-{secrets.token_hex(4)}", fsync=False)
        try:
            with _lock():
                postgres.copy_from(_prepared())
            urls = postgres.start()
            server = cls(postgres, DatabaseUrl.parse(urls.owner), urls.admin)
            yield server
        finally:
            for connection in connections.all(initialized_only=True):
                connection.close()
            _remove(postgres)

    def use(self, name: str) -> None:
        """Point both logins of this process at a database of the server."""
        self.used = name
        for alias, url in (("owner", self.owner_url(name)), ("default", self.app_url(name))):
            connection = connections[alias]
            connection.close()
            for settings in (connection.settings_dict, connections.settings[alias]):
                settings.update(NAME=url.name, USER=url.user, PASSWORD=url.password, HOST=url.host, PORT=str(url.port))

    def owner_url(self, name: str) -> DatabaseUrl:
        """The owner's address of a database."""
        return DatabaseUrl(
            user=self.owner.user, password=self.owner.password, host=self.owner.host, port=self.owner.port, name=name
        )

    def app_url(self, name: str) -> DatabaseUrl:
        """The application login's address of a database; the login is one for all databases of the server."""
        app = derive_app_url(self.owner_url(PRISTINE), current().secret_key)
        return DatabaseUrl(user=app.user, password=app.password, host=app.host, port=app.port, name=name)

    def copy_database(self, name: str, *, source: str = PRISTINE) -> None:
        """Make a database as a copy; what belongs to a database and not to its contents is set again."""
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source)))
        self.execute(
            sql.SQL("ALTER DATABASE {} SET search_path = public, extensions").format(sql.Identifier(name)),
            sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)),
        )

    def create_database(self, name: str) -> None:
        """Make an empty database."""
        self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected to it: only the superuser may end sessions of the application login."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def execute(self, *statements: sql.Composed) -> None:
        """Run statements as the owner, outside any database of the tests."""
        with psycopg.connect(str(self.owner_url("postgres")), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


def _prepared() -> EmbeddedPostgres:
    """The prepared data of the present code, made where they are missing. Called under the lock."""
    postgres = EmbeddedPostgres(TEST_CACHE / _digest_of_code(), fsync=False)
    done = postgres.home / "prepared"
    if not done.exists():
        _remove(postgres)
        _prune()
        postgres = EmbeddedPostgres(postgres.home, fsync=False)
        urls = postgres.start()
        server = TestServer(postgres, DatabaseUrl.parse(urls.owner), urls.admin)
        try:
            server.use(PRISTINE)
            bring_up_to_date()
            create_shops()
            for connection in connections.all():
                connection.close()
            server.copy_database(MAIN)
        finally:
            postgres.stop()
        done.touch()
    os.utime(postgres.home)
    return postgres


def _digest_of_code() -> str:
    digest = hashlib.sha256()
    for path in sorted({path for pattern in CODE for path in ROOT.glob(pattern)}):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@contextmanager
def _lock() -> Iterator[None]:
    """One run prepares, the others wait for it."""
    TEST_CACHE.mkdir(parents=True, exist_ok=True)
    with (TEST_CACHE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _prune() -> None:
    """Drop all but the newest prepared data."""
    caches = [path for path in TEST_CACHE.iterdir() if re.fullmatch(r"[0-9a-f]{16}", path.name)]
    for path in sorted(caches, key=lambda path: path.stat().st_mtime)[: -(KEPT_CACHES - 1)]:
        _remove(EmbeddedPostgres(path, fsync=False))


def _remove_runs_of_the_dead(runs: Path) -> None:
    for path in runs.iterdir():
        pid, started, _ = path.name.split("-")
        if str(run_state.process_started(int(pid))) != started:
            _remove(EmbeddedPostgres(path, fsync=False))


def _remove(postgres: EmbeddedPostgres) -> None:
    postgres.remove()
    shutil.rmtree(postgres.home, ignore_errors=True)
