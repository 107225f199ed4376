"""`laxin migrate` over many shops: replay, processes, failures, timeouts, resumption."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from pytest_django.fixtures import Settings

from tenants import fleet
from tenants.bootstrap import bring_up_to_date
from tenants.doctor import find_broken
from tenants.fleet import FleetError
from tenants.models import Shop
from tenants.pool import refill_pool
from tenants.provisioning import create_shop
from tenants.recorder import Recorded
from tenants.schemas import (
    TEMPLATE_SCHEMA,
    find_missing_migrations,
    find_schemas_behind,
    migrate_schema,
    migrations_on_disk,
    owner_cursor,
)
from tenants.selectors import count_missing_migrations, get_shop_of_schema, list_shops
from tests.settings import ROOT
from tests.support.database import TestServer
from tests.support.live import child_environ
from tests.tenancy.test_provisioning import normalized_dump

SHOPS = 8
NEWEST = "kernel.9001_bench_column"


@pytest.fixture
def fleet_of_shops(live_shops: tuple[Shop, Shop], now: datetime) -> list[Shop]:
    """Shops that are up to date, before a new version."""
    for number in range(SHOPS - 2):
        with create_shop(slug=f"shop-{number}", name="A shop", language="en", now=now):
            pass
    return list_shops()


@pytest.fixture
def new_version(settings: Settings) -> Iterator[None]:
    """This process has one migration more: a column and an index."""
    settings.MIGRATION_MODULES = {"kernel": "bench.fleet_migrations"}
    migrations_on_disk.cache_clear()
    yield
    migrations_on_disk.cache_clear()


def columns(schema: str) -> list[str]:
    with owner_cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = %s AND table_name = 'kernel_outboxevent'",
            [schema],
        )
        return [row[0] for row in cursor.fetchall()]


def test_a_pure_sql_migration_is_recorded_once_and_replayed(
    fleet_of_shops: list[Shop], new_version: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_django: list[str] = []

    def migrate_and_note(schema: str) -> list[Recorded]:
        by_django.append(schema)
        return migrate_schema(schema)

    monkeypatch.setattr(fleet, "migrate_schema", migrate_and_note)
    refill_pool(size=1)

    done = bring_up_to_date()

    assert len(by_django) == 1
    assert {line for line in done if line.startswith("shop ")} == {f"shop {s.schema_name}" for s in fleet_of_shops}
    assert "1 outdated ready schemas dropped" in done
    assert find_schemas_behind() == []
    expected = normalized_dump(TEMPLATE_SCHEMA)
    assert any("outbox_bench_note" in line for line in expected)
    for shop in fleet_of_shops[2:]:  # the first two have an owner
        assert normalized_dump(shop.schema_name) == expected
    assert list(find_broken(fleet_of_shops[:2])) == []
    assert bring_up_to_date() == []


def test_shops_of_different_versions_are_migrated_together(fleet_of_shops: list[Shop], new_version: None) -> None:
    with owner_cursor() as cursor:
        for shop in fleet_of_shops[:5]:
            cursor.execute(f"ALTER TABLE {shop.schema_name}.messaging_email DROP COLUMN key")
            cursor.execute(f"DELETE FROM {shop.schema_name}.django_migrations WHERE name = '0002_email_key'")
    assert set(find_missing_migrations([s.schema_name for s in fleet_of_shops]).values()) == {
        frozenset({NEWEST}),
        frozenset({NEWEST, "messaging.0002_email_key"}),
    }
    bring_up_to_date()
    expected = without_history(normalized_dump(TEMPLATE_SCHEMA))
    for shop in fleet_of_shops[2:]:
        assert without_history(normalized_dump(shop.schema_name)) == expected


def without_history(dump: list[str]) -> list[str]:
    """What was migrated in another order has its migrations in another order."""
    return [line for line in dump if "'MOMENT'" not in line and "django_migrations_id_seq" not in line]


def test_a_shop_that_fails_stops_the_others_and_keeps_its_own_version(
    fleet_of_shops: list[Shop], new_version: None
) -> None:
    broken = sorted(shop.schema_name for shop in fleet_of_shops)[2]
    with owner_cursor() as cursor:
        cursor.execute(f"ALTER TABLE {broken}.kernel_outboxevent ADD COLUMN bench_note integer")

    with pytest.raises(FleetError) as failed:
        bring_up_to_date(processes=1)

    assert [result.schema for result in failed.value.failed] == [broken]
    assert "already exists" in failed.value.failed[0].error
    behind = find_schemas_behind()
    assert broken in behind
    assert len(behind) > 1

    with pytest.raises(FleetError):
        bring_up_to_date(keep_going=True)
    assert find_schemas_behind() == [broken]
    assert count_missing_migrations() == {broken: 1}
    assert "already exists" in get_shop_of_schema(broken).migration_error

    with owner_cursor() as cursor:
        cursor.execute(f"ALTER TABLE {broken}.kernel_outboxevent DROP COLUMN bench_note")
    assert f"shop {broken}" in bring_up_to_date()
    assert count_missing_migrations() == {}
    assert get_shop_of_schema(broken).migration_error == ""
    assert list(find_broken(fleet_of_shops[:2])) == []


def test_a_lock_that_is_held_is_waited_for_in_short_attempts(
    fleet_of_shops: list[Shop], new_version: None, database_server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.fleet.TIMEOUTS", "SET lock_timeout = '50ms'")
    monkeypatch.setattr("tenants.schemas.TIMEOUTS", "SET lock_timeout = '50ms'")
    held = sorted(shop.schema_name for shop in fleet_of_shops)[-1]
    waits: list[float] = []
    with psycopg.connect(str(database_server.owner_url(database_server.used))) as busy:
        busy.execute(f"LOCK TABLE {held}.kernel_outboxevent IN ACCESS SHARE MODE")

        def release_at_the_second(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 2:
                busy.rollback()

        monkeypatch.setattr("tenants.fleet.time.sleep", release_at_the_second)
        bring_up_to_date()
    assert waits == [0.25, 0.5]
    assert find_schemas_behind() == []


def test_a_lock_that_is_never_released_fails_that_shop_alone(
    fleet_of_shops: list[Shop], new_version: None, database_server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenants.fleet.TIMEOUTS", "SET lock_timeout = '50ms'")
    monkeypatch.setattr("tenants.fleet.time.sleep", lambda seconds: None)
    held = sorted(shop.schema_name for shop in fleet_of_shops)[-1]
    with psycopg.connect(str(database_server.owner_url(database_server.used))) as busy:
        busy.execute(f"LOCK TABLE {held}.kernel_outboxevent IN ACCESS SHARE MODE")
        with pytest.raises(FleetError, match="lock timeout"):
            bring_up_to_date(keep_going=True)
    assert find_schemas_behind() == [held]


def test_a_migration_with_code_runs_in_processes_of_its_own(
    fleet_of_shops: list[Shop], database_server: TestServer, tmp_path: Path
) -> None:
    result = run_migrate(database_server, tmp_path, "tests.support.code_migration_settings")
    assert result.returncode == 0, result.stderr
    with owner_cursor() as cursor:
        notes = []
        for shop in fleet_of_shops:
            cursor.execute(f"SELECT last_error FROM {shop.schema_name}.kernel_outboxevent WHERE topic = 'test.code'")
            notes += cursor.fetchall()
    pids = {note[0] for note in notes}
    assert len(notes) == SHOPS
    assert len(pids) == 3  # the command itself for the first shop, two workers for the others


def test_after_kill_9_the_next_run_does_the_rest(
    fleet_of_shops: list[Shop], database_server: TestServer, tmp_path: Path
) -> None:
    """Killed in the middle: shops are migrated or not, none is half done."""
    environ = child_environ(database_server, tmp_path) | {"DJANGO_SETTINGS_MODULE": "bench.fleet_settings"}
    held = sorted(shop.schema_name for shop in fleet_of_shops)[SHOPS // 2]
    with psycopg.connect(str(database_server.owner_url(database_server.used))) as busy:
        busy.execute(f"LOCK TABLE {held}.kernel_outboxevent IN ACCESS SHARE MODE")
        command = [sys.executable, "-m", "config.cli", "migrate", "--processes=1"]
        child = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'bench_note'"
        deadline = time.monotonic() + 60
        with psycopg.connect(str(database_server.owner_url(database_server.used)), autocommit=True) as watch:
            while watch.execute(waiting).fetchone() == (0,) and time.monotonic() < deadline:
                time.sleep(0.02)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    migrated = [shop for shop in fleet_of_shops if "bench_note" in columns(shop.schema_name)]
    assert 0 < len(migrated) < SHOPS
    done_again = run_migrate(database_server, tmp_path, "bench.fleet_settings", "-v2")
    assert done_again.returncode == 0, done_again.stderr
    assert [f"shop {shop.schema_name}" in done_again.stdout for shop in migrated] == [False] * len(migrated)
    assert all("bench_note" in columns(shop.schema_name) for shop in fleet_of_shops)
    assert run_migrate(database_server, tmp_path, "bench.fleet_settings").stdout == "The database is up to date.\n"


def run_migrate(server: TestServer, home: Path, settings: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = child_environ(server, home) | {"DJANGO_SETTINGS_MODULE": settings}
    command = [sys.executable, "-m", "config.cli", "migrate", "--processes=2", *arguments]
    return subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
