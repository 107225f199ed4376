"""Migrate the shops: a migration that is pure SQL is recorded on one shop and replayed on the others.

Shops that lack the same migrations form a group. Its first shop is migrated by Django while the SQL is recorded. If
all of it was SQL in transactions, the others get the same SQL, each migration in one transaction with its row of
history; otherwise each is migrated by Django in a process of its own. What was interrupted goes on where it stopped,
because every history says what its shop lacks.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import psycopg
from django.db import DatabaseError, OperationalError
from psycopg import errors

from tenants import fleet_worker
from tenants.recorder import Recorded
from tenants.schemas import (
    COPY_IDENTITIES,
    TIMEOUTS,
    find_missing_migrations,
    migrate_schema,
    owner,
)

ATTEMPTS = 5
FIRST_WAIT_SECONDS = 0.25

# Another transaction was in the way, or the server went away: the same may succeed a moment later.
_PASSING = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure, psycopg.OperationalError)


@dataclass(frozen=True, slots=True)
class ShopResult:
    """How the migration of one schema ended: `error` is empty where it succeeded."""

    schema: str
    seconds: float
    error: str = ""


type OnResult = Callable[[ShopResult], object]


class FleetError(Exception):
    """Shops that could not be migrated. They stay as they were before the migration that failed, others go on."""

    def __init__(self, failed: Sequence[ShopResult]) -> None:
        self.failed = tuple(failed)
        lines = [f"{result.schema}: {result.error}" for result in failed]
        super().__init__("\n".join(["Not all shops could be migrated; the others work on.", *lines]))


def migrate_fleet(
    schemas: Sequence[str], *, keep_going: bool = False, processes: int | None = None, on_result: OnResult = id
) -> list[ShopResult]:
    """Migrate the schemas, which lack something, and return one result each.

    Stops after the first failure unless `keep_going`; those not begun have no result. Call it under the lock of
    `bring_up_to_date` only.
    """
    workers = processes or os.cpu_count() or 1
    results: list[ShopResult] = []

    def note(result: ShopResult) -> bool:
        results.append(result)
        on_result(result)
        return keep_going or not result.error

    for missing, group in _group(schemas):
        others = list(group)
        recorded: list[Recorded] = []
        # One that failed, or succeeded in several attempts, has recorded only a part.
        while others and {migration.label for migration in recorded} != missing:
            result, recorded = _record(others.pop(0))
            if not note(result):
                return results
        if not others:
            continue
        with _workers(recorded, workers) as (executor, work):
            if not _run_all(executor, work, others, note):
                return results
    return results


def _group(schemas: Sequence[str]) -> Iterable[tuple[frozenset[str], list[str]]]:
    groups: dict[frozenset[str], list[str]] = defaultdict(list)
    for schema, missing in find_missing_migrations(schemas).items():
        groups[missing].append(schema)
    return groups.items()


def _record(schema: str) -> tuple[ShopResult, list[Recorded]]:
    recorded: list[Recorded] = []

    def work() -> None:
        recorded[:] = migrate_schema(schema)

    return _timed(schema, work), recorded


def _run_all(
    executor: Executor, work: Callable[[str], ShopResult], schemas: Sequence[str], note: Callable[[ShopResult], bool]
) -> bool:
    """Tell whether to go on afterwards."""
    futures: list[Future[ShopResult]] = [executor.submit(work, schema) for schema in schemas]
    go_on = True
    try:
        for future in as_completed(futures):
            try:
                go_on = note(future.result()) and go_on
            except CancelledError:
                continue
            if not go_on:
                for waiting in futures:
                    waiting.cancel()
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
    return go_on


@contextmanager
def _workers(recorded: Sequence[Recorded], count: int) -> Iterator[tuple[Executor, Callable[[str], ShopResult]]]:
    """Threads that replay, where everything can be; processes otherwise, because migrations in Python take their time.

    Processes are started anew and not forked: a fork would share our connections.
    """
    if all(migration.replayable for migration in recorded):
        with ThreadPoolExecutor(count) as threads:
            yield threads, partial(_replay_timed, recorded)
        return
    settings = {name: value for name, value in owner().settings_dict.items() if name != "TEST"}
    with ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=fleet_worker.start, initargs=(settings,)
    ) as processes:
        yield processes, _migrate_in_worker


def _migrate_in_worker(schema: str) -> ShopResult:
    return _timed(schema, lambda: migrate_schema(schema))


def _replay_timed(recorded: Sequence[Recorded], schema: str) -> ShopResult:
    return _timed(schema, lambda: replay(recorded, schema))


def replay(recorded: Sequence[Recorded], schema: str) -> None:
    """Do to a schema what was recorded on another, each migration in one transaction; what it has is left out."""
    with closing(psycopg.connect(**owner().get_connection_params(), autocommit=True)) as connection:
        connection.execute(TIMEOUTS)
        connection.execute(f'SET search_path = "{schema}", extensions')
        rows = connection.execute("SELECT app || '.' || name FROM django_migrations")
        applied = {row[0] for row in rows}
        for migration in recorded:
            if migration.label not in applied:
                with connection.transaction():
                    _replay_one(connection, migration)


def _replay_one(connection: psycopg.Connection[tuple[object, ...]], migration: Recorded) -> None:
    app, _, name = migration.label.partition(".")
    if migration.statements:
        script = "\n;\n".join(migration.statements)  # one round trip for all
        connection.execute(script.encode(), prepare=False)
    connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, now())", [app, name])
    connection.execute(COPY_IDENTITIES.encode(), prepare=False)


def _timed(schema: str, work: Callable[[], object]) -> ShopResult:
    """Do the work, again where something was in the way, and say how it ended."""
    began = time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            work()
            return ShopResult(schema, time.monotonic() - began)
        except (psycopg.Error, DatabaseError) as error:
            owner().close()
            if attempt == ATTEMPTS or not _may_pass(error):
                return ShopResult(schema, time.monotonic() - began, _describe(error))
            time.sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
        except Exception as error:
            return ShopResult(schema, time.monotonic() - began, _describe(error))
    raise AssertionError("unreachable")


def _may_pass(error: BaseException) -> bool:
    cause = error.__cause__ if isinstance(error, DatabaseError) else error
    if isinstance(cause, errors.QueryCanceled):  # the statement timeout: it would take as long again
        return False
    return isinstance(cause, _PASSING) or (cause is None and isinstance(error, OperationalError))


def _describe(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
