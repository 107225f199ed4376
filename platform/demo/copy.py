"""COPY into the shop's tables, through the application login like every other write."""

from collections.abc import Callable, Iterable
from io import BytesIO

import pandas as pd
import pyarrow as pa
from django.db import connection
from psycopg import sql
from pyarrow import csv

from tenants.schemas import owner_cursor

CHUNK = 50_000
_OPTIONS = csv.WriteOptions(include_header=False, quoting_style="needed")


def copy_frame(table: str, frame: pd.DataFrame, *, advance: Callable[[int], None]) -> None:
    """Append the rows of `frame`, whose columns have the names of the table's; missing values become NULL.

    `advance` is told how many rows were sent, chunk by chunk, so that memory stays flat. Must run inside a tenant
    transaction. Foreign keys are checked at the end of each chunk.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, frame.columns))
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for start in range(0, len(frame), CHUNK):
            part = frame.iloc[start : start + CHUNK]
            buffer = BytesIO()
            csv.write_csv(pa.Table.from_pandas(part, preserve_index=False), buffer, _OPTIONS)
            with cursor.copy(statement) as copy:
                copy.write(buffer.getvalue())
            advance(len(part))


def to_array(texts: Iterable[str]) -> str:
    """Return a text array as COPY reads it."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


def vacuum(schema: str) -> None:
    """Gather the planner's statistics and settle the search index at once: the first pages do not wait for autovacuum.

    As the owner of the tables, outside any transaction.
    """
    with owner_cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema])
        tables = [sql.Identifier(schema, name) for (name,) in cursor.fetchall()]
        cursor.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.SQL(", ").join(tables)))
