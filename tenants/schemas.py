"""Migrations of the public schema, the template and the shops, under the owner's login."""

from collections.abc import Iterator, Sequence
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
from tenants.recorder import Recorded, Recorder

# Replaced as text in the script that makes shops: no data may contain it.
TEMPLATE_SCHEMA = "laxin_shop_template"

# A migration that waits for a lock makes all who come after it wait: it gives up soon and tries again later.
TIMEOUTS = "SET lock_timeout = '3s'; SET statement_timeout = '10min'"

# Content types and permissions have the ids that they have in public.
COPY_IDENTITIES = "".join(
    f"INSERT INTO {table} SELECT * FROM public.{table} ON CONFLICT (id) DO NOTHING;"  # noqa: S608
    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table};"
    for table in ("django_content_type", "auth_permission")
)

_USED_ELSEWHERE = """
SELECT EXISTS (
    SELECT FROM pg_shdepend d JOIN pg_roles r ON d.refclassid = 'pg_authid'::regclass AND r.oid = d.refobjid
     WHERE r.rolname = %s
       AND d.dbid NOT IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())))
"""


def owner() -> DatabaseWrapper:
    """The connection of the owner's login."""
    return cast(DatabaseWrapper, connections["owner"])


@contextmanager
def owner_cursor() -> Iterator[Any]:
    """A cursor of the owner's login, outside any transaction, in public."""
    with owner().cursor() as cursor:
        yield cursor


@cache
def migrations_on_disk() -> frozenset[str]:
    """`app.name` of all migrations; every schema records all of them, whether they concern it or not."""
    return frozenset(f"{app}.{name}" for app, name in MigrationLoader(None).graph.nodes)


def migrate_public() -> None:
    """Bring the public schema up to date, content types and permissions of all apps included."""
    with owner().migrating_in("public"):
        call_command(DjangoMigrate(), database="owner", interactive=False, verbosity=0)


def migrate_schema(schema: str) -> list[Recorded]:
    """Bring the template's or one shop's schema up to date and return what was done.

    Content types and permissions become those of public, before as well: a shop whose last migration was applied is
    not looked at again, even where we are killed right after it.
    """
    connection, recorder = owner(), Recorder()
    with connection.migrating_in(schema):
        with connection.cursor() as cursor:
            cursor.execute(TIMEOUTS)
            cursor.execute("SELECT to_regclass('auth_permission') IS NOT NULL")
            if cursor.fetchone() == (True,):
                cursor.execute(COPY_IDENTITIES)
        MigrationRecorder(connection).ensure_schema()
        executor = MigrationExecutor(connection, recorder.follow)
        with recorder.recording(connection):
            executor.migrate(executor.loader.graph.leaf_nodes())
        with connection.cursor() as cursor:
            cursor.execute(COPY_IDENTITIES)
    return recorder.migrations


def drop_schema(cursor: Any, schema: str) -> None:
    """Drop a shop's schema and its role, as the owner. (`DROP OWNED` is refused to the owner.)

    Roles belong to the server: one that a copy of this database uses too stays.
    """
    cursor.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
    cursor.execute(_USED_ELSEWHERE, [schema])
    if cursor.fetchone() == (False,):
        cursor.execute(f'DROP ROLE IF EXISTS "{schema}"')


def find_schemas_behind() -> list[str]:
    """Return public, the template and the shops that lack a migration, by one query over all histories.

    A schema that has more than we know is not behind: a later version runs beside us and has migrated it.
    """
    with owner_cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(name || '.django_migrations') IS NULL",
            [["public", TEMPLATE_SCHEMA]],
        )
        if unmade := [row[0] for row in cursor.fetchall()]:
            return unmade
        schemas = [
            "public",
            TEMPLATE_SCHEMA,
            *Shop.objects.using("owner").order_by("id").values_list("schema_name", flat=True),
        ]
        each = " UNION ALL ".join(
            f"SELECT '{schema}' AS schema, (SELECT count(*) FROM {schema}.django_migrations"  # noqa: S608
            " WHERE app || '.' || name IN (SELECT name FROM known)) AS applied"
            for schema in schemas
        )
        cursor.execute(
            "WITH known AS MATERIALIZED (SELECT unnest(%s::text[]) AS name)"  # noqa: S608
            f" SELECT schema FROM ({each}) AS histories WHERE applied < (SELECT count(*) FROM known)",
            [sorted(migrations_on_disk())],
        )
        return [row[0] for row in cursor.fetchall()]


def find_missing_migrations(schemas: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return what each of the schemas lacks; those that lack nothing are left out."""
    if not schemas:
        return {}
    each = " UNION ALL ".join(
        f"SELECT '{schema}', array(SELECT name FROM known"  # noqa: S608
        f" EXCEPT SELECT app || '.' || name FROM {schema}.django_migrations)"
        for schema in schemas
    )
    with owner_cursor() as cursor:
        cursor.execute(
            f"WITH known AS MATERIALIZED (SELECT unnest(%s::text[]) AS name) {each}", [sorted(migrations_on_disk())]
        )
        return {schema: frozenset(missing) for schema, missing in cursor.fetchall() if missing}


def read_migrations(schema: str) -> list[str]:
    """Return `app.name` of the migrations that a schema has."""
    with owner_cursor() as cursor:
        cursor.execute(f"SELECT app || '.' || name FROM {schema}.django_migrations ORDER BY 1")  # noqa: S608
        return [row[0] for row in cursor.fetchall()]
