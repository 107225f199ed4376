"""Migrations of the public schema, the template and the shops, under the owner's login."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

from django.core.management import call_command
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from tenants.backend.base import DatabaseWrapper
from tenants.models import Shop

# Replaced as text in the script that makes shops: no data may contain it.
TEMPLATE_SCHEMA = "laxin_shop_template"


def owner() -> DatabaseWrapper:
    """The connection of the owner's login."""
    return cast(DatabaseWrapper, connections["owner"])


@contextmanager
def owner_cursor() -> Iterator[Any]:
    """A cursor of the owner's login, outside any transaction, in public."""
    with owner().cursor() as cursor:
        yield cursor


@cache
def state_on_disk() -> str:
    """A digest of the names of all migrations; every schema records all of them, run or not concerned."""
    lines = sorted(f"{app}.{name}" for app, name in MigrationLoader(None).graph.nodes)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def migrate_public() -> None:
    """Bring the public schema up to date, content types and permissions of all apps included."""
    with owner().migrating_in("public"):
        call_command(DjangoMigrate(), database="owner", interactive=False, verbosity=0)


def migrate_schema(schema: str) -> None:
    """Bring the template's or one shop's schema up to date; content types and permissions become those of public."""
    connection = owner()
    with connection.migrating_in(schema):
        MigrationRecorder(connection).ensure_schema()
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
        with connection.cursor() as cursor:
            for table in ("django_content_type", "auth_permission"):
                cursor.execute(
                    f"INSERT INTO {table} SELECT * FROM public.{table} ON CONFLICT (id) DO NOTHING"  # noqa: S608
                )
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")  # noqa: S608


def find_shops_behind() -> list[str]:
    """Return the schemas whose migrations are not those on disk, by one query over all histories."""
    schemas = list(Shop.objects.using("owner").order_by("id").values_list("schema_name", flat=True))
    if not schemas:
        return []
    each = " UNION ALL ".join(
        f"SELECT '{schema}' AS schema, encode(sha256(string_agg(app || '.' || name, E'\\n' "  # noqa: S608
        f"ORDER BY app || '.' || name COLLATE \"C\")::bytea), 'hex') AS state FROM {schema}.django_migrations"
        for schema in schemas
    )
    with owner_cursor() as cursor:
        cursor.execute(f"SELECT schema FROM ({each}) AS histories WHERE state IS DISTINCT FROM %s", [state_on_disk()])  # noqa: S608
        return [row[0] for row in cursor.fetchall()]
