"""Take one shop away for good, and look for what may be left of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import redis
from django.conf import settings
from django.db import connection, transaction

from tenants.domains import forget_cached_domains
from tenants.models import DeletedShop, Shop
from tenants.owner_session import as_owner
from tenants.schemas import drop_schema
from tenants.services import forget_cached_shop

MAX_CANARIES = 20
TOMBSTONES = "tenants_deletedshop"

_UUID_COLUMNS = """
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' AND a.atttypid = 'uuid'::regtype AND NOT a.attisdropped
 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Deletion:
    """What was deleted; `canaries` are values that no other place may know, `cached` keys were dropped."""

    slug: str
    schema: str
    canaries: tuple[str, ...]
    cached: int


@dataclass(frozen=True, slots=True)
class Proof:
    """Where was looked for the canaries, and the places (`schema.table`) that have one."""

    schemas: int
    tables: int
    found: tuple[str, ...]


def delete_shop(*, shop: Shop, last_look: Callable[[], None] = lambda: None, now: datetime) -> Deletion:
    """Drop the shop's schema (its outbox too), role, domains and cached keys; its address rests for a while.

    Tasks of it that are queued refuse to run. Waits up to ten seconds for requests that are inside: suspend it first.
    `last_look` is called while the shop's row is locked; what it raises prevents the deletion. What the shop has at
    Stripe is not touched: `billing.services.close_and_delete_shop` ends that first.
    """
    with as_owner(), transaction.atomic():
        Shop.objects.select_for_update().get(pk=shop.pk)
        last_look()
        with connection.cursor() as cursor:
            canaries = _pick_canaries(cursor, shop.schema_name)
            drop_schema(cursor, shop.schema_name)
        DeletedShop.objects.create(slug=shop.slug, schema_name=shop.schema_name, deleted_at=now)
        forget_cached_domains(shop)
        Shop.objects.filter(pk=shop.pk).delete()
        forget_cached_shop(shop.slug)
    return Deletion(shop.slug, shop.schema_name, canaries, _drop_cached_keys(shop.schema_name))


def search_traces(*, canaries: Sequence[str]) -> Proof:
    """Search every row of every schema for the canaries; about 50 ms a small shop. Tombstones may name them."""
    found: list[str] = []
    schemas = tables = 0
    with as_owner(), connection.cursor() as cursor:
        for schema in _list_schemas(cursor):
            names = [name for name in _list_tables(cursor, schema) if name != TOMBSTONES]
            found += _search(cursor, schema, names, "|".join(canaries))
            schemas, tables = schemas + 1, tables + len(names)
    return Proof(schemas, tables, (*found, *(f"cache {key}" for key in _find_cached_keys(canaries[0]))))


def _pick_canaries(cursor: Any, schema: str) -> tuple[str, ...]:
    """The schema's name and identifiers that were drawn at random, so no other shop has them by chance."""
    cursor.execute(_UUID_COLUMNS, [schema])
    picked = [schema]
    for table, column in cursor.fetchall():
        cursor.execute(f'SELECT "{column}"::text FROM {schema}."{table}" WHERE "{column}" IS NOT NULL LIMIT 1')  # noqa: S608
        row = cursor.fetchone()
        if row and row[0] not in picked:
            picked.append(row[0])
    return tuple(picked[: MAX_CANARIES + 1])


def _list_schemas(cursor: Any) -> list[str]:
    cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$' ORDER BY 1")
    return [row[0] for row in cursor.fetchall()]


def _list_tables(cursor: Any, schema: str) -> list[str]:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r' ORDER BY 1", [schema]
    )
    return [row[0] for row in cursor.fetchall()]


def _search(cursor: Any, schema: str, tables: Sequence[str], pattern: str) -> list[str]:
    if not tables:
        return []
    each = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT FROM {schema}.\"{table}\" AS line WHERE line::text ~ %(pattern)s)"  # noqa: S608
        for table in tables
    )
    cursor.execute(each, {"pattern": pattern})
    return [f"{schema}.{row[0]}" for row in cursor.fetchall()]


def _find_cached_keys(schema: str) -> Iterator[str]:
    """Keys of the shared cache that carry the shop; a process's own memory forgets by itself."""
    location = settings.CACHES["default"].get("LOCATION", "")
    if not location.startswith(("redis://", "rediss://")):
        return
    with redis.from_url(location) as client:
        for key in client.scan_iter(match=f"*{schema}*", count=1000):
            yield key.decode(errors="replace")


def _drop_cached_keys(schema: str) -> int:
    keys = list(_find_cached_keys(schema))
    if keys:
        with redis.from_url(settings.CACHES["default"]["LOCATION"]) as client:
            client.delete(*keys)
    return len(keys)
