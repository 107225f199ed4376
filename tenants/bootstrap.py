"""Bring a database up to date: logins, extensions, public tables, the template of shops and the shops themselves."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from psycopg import sql

from tenants.fleet import FleetError, ShopResult, migrate_fleet
from tenants.models import ReadySchema, Shop, ShopTemplate
from tenants.pool import drop_stale_schemas
from tenants.schemas import (
    TEMPLATE_SCHEMA,
    find_schemas_behind,
    migrate_public,
    migrate_schema,
    owner,
    owner_cursor,
    read_migrations,
)
from tenants.template import render_script

# Trusted ones: the owner of a database may install them without being a superuser.
EXTENSIONS = ("btree_gist", "citext", "pg_trgm", "unaccent")

# Far beyond any request; imports and reports of a worker stay below. Set for the login, so a pooler keeps them too.
APP_LOGIN_SETTINGS = {"statement_timeout": "5min", "idle_in_transaction_session_timeout": "5min"}

ROUNDS = 3
ERROR_LENGTH = 2000
_LOCK = 0x6C61786E  # "laxn"


class Watcher:
    """Is told how the migration of the shops goes on; this one looks away."""

    def begin(self, shops: int) -> None:
        """So many shops lack something."""

    def note(self, result: ShopResult) -> None:
        """One was done or failed."""


def bring_up_to_date(
    *, keep_going: bool = False, processes: int | None = None, watcher: Watcher | None = None
) -> list[str]:
    """Do what is missing and return it in words, empty where all was in order. Safe to call twice at once.

    Raises FleetError where shops could not be migrated: after the first, or after all others with `keep_going`.
    """
    with _alone():
        _check_owner()
        if is_up_to_date():
            return []
        prepare_database()
        done = ["logins, extensions and search path"]
        migrate_public()
        grant_public()
        done.append("public tables")
        with owner_cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {TEMPLATE_SCHEMA}")
        migrate_schema(TEMPLATE_SCHEMA)
        migrations = read_migrations(TEMPLATE_SCHEMA)
        if newest_template_migrations() != migrations:
            ShopTemplate.objects.using("owner").create(migrations=migrations, script=render_script())
        done.append("the template of new shops")
        done += _migrate_shops(keep_going, processes, watcher or Watcher())
        if dropped := drop_stale_schemas():
            done.append(f"{dropped} outdated ready schemas dropped")
        return done


def _migrate_shops(keep_going: bool, processes: int | None, watcher: Watcher) -> list[str]:
    done: list[str] = []
    failed: list[ShopResult] = []
    # Again, for a sign-up that began before the template was renewed and has committed since.
    for _round in range(ROUNDS):
        behind = sorted(set(find_schemas_behind()) - {result.schema for result in failed})
        if not behind or (failed and not keep_going):
            break
        watcher.begin(len(behind))
        results = migrate_fleet(behind, keep_going=keep_going, processes=processes, on_result=watcher.note)
        _keep_errors(results)
        done += [f"shop {result.schema}" for result in results if not result.error]
        failed += [result for result in results if result.error]
    if failed:
        raise FleetError(failed)
    return done


def _keep_errors(results: Sequence[ShopResult]) -> None:
    """Write down which shops failed, for the operators' back office."""
    shops = Shop.objects.using("owner")
    shops.filter(schema_name__in=[result.schema for result in results]).update(migration_error="")
    for result in results:
        if result.error:
            shops.filter(schema_name=result.schema).update(migration_error=result.error[:ERROR_LENGTH])


def is_up_to_date() -> bool:
    """Tell whether the application login works and no schema lacks a migration."""
    try:
        return _can_log_in() and not find_schemas_behind() and newest_template_migrations() is not None
    except DatabaseError:
        return False


def newest_template_migrations() -> list[str] | None:
    """Return the migrations that are in new shops, None before the first bootstrap."""
    return ShopTemplate.objects.using("owner").order_by("-id").values_list("migrations", flat=True).first()


def prepare_database() -> None:
    """Make what is the database's own: extensions, search path, no temporary tables, the application login."""
    with owner_cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS extensions")
        cursor.execute("GRANT USAGE ON SCHEMA extensions TO PUBLIC")
        for extension in EXTENSIONS:
            cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension} SCHEMA extensions")
        database = sql.Identifier(str(owner().settings_dict["NAME"]))
        cursor.execute(sql.SQL("ALTER DATABASE {} SET search_path = public, extensions").format(database))
        cursor.execute(sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(database))
        _prepare_app_login()
        for name, value in APP_LOGIN_SETTINGS.items():
            statement = "ALTER ROLE {app} IN DATABASE {database} SET {name} = {value}"
            cursor.execute(
                sql.SQL(statement).format(
                    app=sql.Identifier(_app_login()[0]),
                    database=database,
                    name=sql.Identifier(name),
                    value=sql.Literal(value),
                )
            )
    owner().close()  # the search path holds for new sessions


def grant_public() -> None:
    """Let the application login use the public tables and enter every shop."""
    app = sql.Identifier(_app_login()[0])
    with owner_cursor() as cursor:
        for statement in (
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {app}",
            # The owner runs the template's script: who could write it would be the owner.
            "REVOKE INSERT, UPDATE, DELETE ON tenants_shoptemplate, django_migrations FROM {app}",
            "GRANT EXECUTE ON FUNCTION tenants_create_schema(text) TO {app}",
            "GRANT EXECUTE ON FUNCTION tenants_schemas_with_news(timestamptz) TO {app}",
            "GRANT EXECUTE ON FUNCTION tenants_schemas_of_email(text, text[]) TO {app}",
            "GRANT EXECUTE ON FUNCTION tenants_schemas_with_mail(timestamptz, int, text[]) TO {app}",
            "GRANT EXECUTE ON FUNCTION tenants_missing_migrations(text[]) TO {app}",
        ):
            cursor.execute(sql.SQL(statement).format(app=app))
        names = (model.objects.using("owner").values_list("schema_name", flat=True) for model in (Shop, ReadySchema))
        for schema in chain.from_iterable(names):
            cursor.execute(
                sql.SQL("GRANT {shop} TO {app} WITH INHERIT FALSE, SET TRUE").format(
                    shop=sql.Identifier(schema), app=app
                )
            )


def _check_owner() -> None:
    """A superuser passes by every wall between shops, also in what runs with the owner's rights."""
    with owner_cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        user, is_superuser = cursor.fetchone()
    if is_superuser:
        raise ImproperlyConfigured(
            f"LAXIN_DATABASE_URL signs in as {user}, a superuser. Make a login for Laxin and give it the database: "
            "CREATE ROLE laxin LOGIN CREATEROLE PASSWORD '…'; CREATE DATABASE laxin OWNER laxin."
        )


def _app_login() -> tuple[str, str]:
    settings = connections[DEFAULT_DB_ALIAS].settings_dict
    return str(settings["USER"]), str(settings["PASSWORD"])


def _prepare_app_login() -> None:
    """Make the login, or give it the password of the settings where it is ours to change."""
    user, password = _app_login()
    if user == owner().settings_dict["USER"]:
        raise ImproperlyConfigured("LAXIN_APP_DATABASE_URL must name another login than the owner's.")
    with owner_cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolinherit FROM pg_roles WHERE rolname = %s", [user])
        found = cursor.fetchone()
        if found and (found[0] or found[1]):
            raise ImproperlyConfigured(f"The login {user} must be NOSUPERUSER NOINHERIT: it enters one shop at a time.")
        if found and _can_log_in():
            return
        pgconn = owner().connection.pgconn
        verifier = pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256").decode()
        cursor.execute(
            sql.SQL("{verb} ROLE {user} LOGIN NOINHERIT PASSWORD {password}").format(
                verb=sql.SQL("ALTER" if found else "CREATE"), user=sql.Identifier(user), password=sql.Literal(verifier)
            )
        )


def _can_log_in() -> bool:
    """Ask the server itself: the pool would try again for ten seconds."""
    try:
        psycopg.connect(**connections[DEFAULT_DB_ALIAS].get_connection_params()).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def _alone() -> Iterator[None]:
    """Hold a lock in a session of its own: a second bootstrap waits and then finds nothing to do."""
    with psycopg.connect(**owner().get_connection_params(), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        yield
