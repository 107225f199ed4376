"""A database connection remembers much of every shop it visited: it is replaced after some number of them.

A backend keeps catalogs of all tables it has seen, up to 0.9 MB a shop. Imported by the settings: no models here.
"""

from weakref import WeakKeyDictionary

from psycopg import Connection
from psycopg.rows import TupleRow

_visited: WeakKeyDictionary[Connection[TupleRow], set[str]] = WeakKeyDictionary()


def note_visit(connection: Connection[TupleRow], schema: str) -> None:
    """Remember that a transaction of this shop begins on the connection."""
    _visited.setdefault(connection, set()).add(schema)


def recycle(connection: Connection[TupleRow], *, limit: int) -> None:
    """The pool's `reset`, called when a connection comes back: have one that visited `limit` shops replaced."""
    if len(_visited.get(connection, ())) >= limit:
        # As if the pool's max_lifetime were over: a connection that is closed here would be logged as a fault.
        connection._expire_at = 0.0
