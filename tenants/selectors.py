"""Reads of the public tables. All run outside a tenant transaction."""

import hashlib
from typing import Any

from django.core.cache import cache
from django.db import connection

from tenants.cache import PUBLIC
from tenants.errors import ShopUnknown
from tenants.models import Shop
from tenants.schemas import migrations_on_disk

# A shop that was just closed is open to a worker for at most this long, where its cache entry could not be deleted.
KEPT_SECONDS = 60
_FIELDS = [field.attname for field in Shop._meta.concrete_fields]
_SHAPE = hashlib.sha256(",".join(_FIELDS).encode()).hexdigest()[:8]


def cache_key(slug: str) -> str:
    """The key of a shop's cached row, one for all shops; another version of the table has other keys."""
    return f"{PUBLIC}shop:{_SHAPE}:{slug}"


def find_shop(slug: str) -> Shop | None:
    """Return the shop with this slug, cached for a minute, or None. Unknown slugs are cached too."""
    known: dict[str, Any] | str | None = cache.get(cache_key(slug))
    if known is None:
        known = Shop.objects.filter(slug=slug).values(*_FIELDS).first() or "unknown"
        cache.set(cache_key(slug), known, KEPT_SECONDS)
    if isinstance(known, str):
        return None
    return Shop.from_db("default", list(known), list(known.values()))


def get_shop(*, slug: str) -> Shop:
    """Return the shop with this slug. Raises ShopUnknown."""
    return _get(slug=slug)


def get_shop_of_schema(schema_name: str) -> Shop:
    """Return the shop with this schema, never from the cache: one that was deleted is not found. Raises ShopUnknown."""
    return _get(schema_name=schema_name)


def list_shops() -> list[Shop]:
    """Return all shops, oldest first."""
    return list(Shop.objects.order_by("id"))


def count_missing_migrations() -> dict[str, int]:
    """Return how many migrations each shop's schema lacks; those that lack none are left out. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM tenants_missing_migrations(%s)", [sorted(migrations_on_disk())])
        return dict(cursor.fetchall())


def _get(**lookup: str) -> Shop:
    try:
        return Shop.objects.get(**lookup)
    except Shop.DoesNotExist:
        raise ShopUnknown(f"There is no shop {next(iter(lookup.values()))!r}.") from None
