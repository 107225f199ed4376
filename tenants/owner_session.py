"""The owner's login in place of the application's, for what takes a shop away or puts one in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from tenants.backend.base import DatabaseWrapper
from tenants.schemas import owner

# These commands change tables that requests are reading: rather fail soon than make everybody wait behind us.
LOCK_TIMEOUT = "SET lock_timeout = '10s'"


@contextmanager
def as_owner() -> Iterator[None]:
    """Make the default connection of this thread one of the owner's login; not inside a transaction.

    So one transaction can make a schema, fill it and run the invariants of all apps on it before anything is visible.
    """
    handler: Any = connections
    before = handler[DEFAULT_DB_ALIAS]
    assert not before.in_atomic_block
    wrapper = DatabaseWrapper(dict(owner().settings_dict), DEFAULT_DB_ALIAS)
    handler[DEFAULT_DB_ALIAS] = wrapper
    try:
        with wrapper.cursor() as cursor:
            cursor.execute(LOCK_TIMEOUT)
        yield
    finally:
        handler[DEFAULT_DB_ALIAS] = before
        wrapper.close()
