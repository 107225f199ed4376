"""Which shops a person means. Runs outside the shops."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from tenants.domains import find_slug_of_domain
from tenants.models import Shop
from tenants.selectors import find_shop, list_shops

SCHEMAS_AT_ONCE = 100  # a query holds locks on that many tables and their indexes


def find_slug(typed: str) -> str | None:
    """The slug of the shop that somebody means by `corner`, `corner.laxin.example`, a domain of its own or a link."""
    text = typed.strip().lower()
    if "\0" in text:
        return None
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        return None
    host = host.rstrip(".")
    slug = host.removesuffix(f".{settings.BASE_HOST}")
    if "." not in slug:
        return slug if find_shop(slug) else None
    found = find_slug_of_domain(host)
    return found[0] if found else None


def list_shops_of_email(email: str) -> Iterator[Shop]:
    """The shops where this address is an active user's, the oldest first.

    Asks every shop's table, some at a time: for tasks. Nothing public tells who works where; see the migration
    `tenants.0005_shops_of_email` for why.
    """
    shops = list_shops()
    for start in range(0, len(shops), SCHEMAS_AT_ONCE):
        part = shops[start : start + SCHEMAS_AT_ONCE]
        with connection.cursor() as cursor:
            cursor.execute("SELECT tenants_schemas_of_email(%s, %s)", [email, [shop.schema_name for shop in part]])
            found = {row[0] for row in cursor.fetchall()}
        yield from (shop for shop in part if shop.schema_name in found)
