"""One shop into one file: COPY of its own tables in one snapshot, under its own role."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

from tenants.archive import ArchiveWriter, Sink
from tenants.contents import HISTORY, Table, read_identities, read_sequences, read_sizes, read_tables, select_rows
from tenants.domains import pack_domains
from tenants.models import Shop

SHOP_FIELDS = ("slug", "name", "access", "language", "currency", "time_zone", "phone_region")

# COPY writes the same text whatever the session's or the server's habits are.
_SESSION = (
    "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'iso_8601';"
    "SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL statement_timeout = 0;"
    "SET LOCAL idle_in_transaction_session_timeout = 0"
)


@dataclass(frozen=True, slots=True)
class Exported:
    """What is in the archive."""

    tables: int
    rows: int


def export_shop(
    *,
    shop: Shop,
    file: Sink,
    now: datetime,
    credentials: bool = True,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Exported:
    """Write the shop's archive; its people work on meanwhile. Sessions and what mails said are left out: an archive
    signs nobody in.

    Without `credentials` passwords and second factors are left out too: the file is for people of the shop, of whom
    none should get at the password of another. In a shop restored from it everybody chooses a new one.

    `progress` is told again and again how many bytes of how many are done, as the tables' sizes let it guess.
    """
    domains = pack_domains(shop)
    parameters = connections[DEFAULT_DB_ALIAS].get_connection_params()
    with closing(psycopg.connect(**parameters, autocommit=True)) as connection, connection.cursor() as cursor:
        tables = _begin(cursor, shop.schema_name)
        cursor.execute(f"SELECT app || '.' || name FROM {shop.schema_name}.{HISTORY} ORDER BY 1")  # noqa: S608
        migrations = [row[0] for row in cursor.fetchall()]
        archive = ArchiveWriter(
            file,
            {
                "laxin": version("laxin"),
                "exported_at": now.isoformat(),
                "shop": {
                    **{name: getattr(shop, name) for name in SHOP_FIELDS},
                    "created_at": shop.created_at.isoformat(),
                },
                "migrations": migrations,
                "credentials": credentials,
                "domains": domains,
                "identities": read_identities(cursor, shop.schema_name),
                "columns": {table.name: table.columns for table in tables},
            },
        )
        meter = _Meter(read_sizes(cursor, shop.schema_name, tables), progress)
        rows = 0
        for table in tables:
            query = select_rows(shop.schema_name, table, credentials=credentials)
            rows += archive.put_table(table.name, meter.pass_on(table, _copy(cursor, query))).rows
        # They do not obey snapshots: read last, they are beyond every id above.
        archive.finish(sequences=read_sequences(cursor, shop.schema_name))
        cursor.execute("ROLLBACK")
    return Exported(tables=len(tables), rows=rows)


class _Meter:
    """Tells how far the copying is: a table counts what it takes up, as text it may be more or less."""

    def __init__(self, sizes: dict[str, int], progress: Callable[[int, int], None]) -> None:
        self._sizes, self._total, self._done, self._progress = sizes, sum(sizes.values()), 0, progress

    def pass_on(self, table: Table, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the table's chunks and tell of each."""
        size, copied = self._sizes[table.name], 0
        for chunk in chunks:
            yield chunk
            copied += len(chunk)
            self._progress(self._done + min(copied, size), self._total)
        self._done += size


def _begin(cursor: Any, schema: str) -> list[Table]:
    """Open the snapshot and return the tables. Locked before it is taken: a rewritten table would look empty in it."""
    while True:
        tables = read_tables(cursor, schema)
        names = ", ".join(f'{schema}."{table.name}"' for table in tables)
        cursor.execute(f'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL ROLE "{schema}"; {_SESSION}')
        cursor.execute(f"LOCK TABLE {names} IN ACCESS SHARE MODE")
        if read_tables(cursor, schema) == tables:
            return tables
        cursor.execute("ROLLBACK")  # a migration came between


def _copy(cursor: Any, query: str) -> Iterator[bytes]:
    with cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
        yield from map(bytes, copy)
