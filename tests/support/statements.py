"""Counting what a request asks the database for."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the SQL statements of the block, without those that only begin, keep or end a (sub)transaction."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield found
    found += [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]
