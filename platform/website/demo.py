"""The shop that the home page offers to be tried.

It is the one that the setting DEMO_SHOP names, without a sign-in; in a development installation else the demo shop that
was loaded, with its sign-in.
"""

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from joining.selectors import find_front_page_link
from redis.exceptions import RedisError

from tenants.addresses import get_shop_address
from tenants.models import Shop
from tenants.selectors import find_shop
from tenants.transaction import tenant_transaction


@dataclass(frozen=True, slots=True)
class Demo:
    """What a visitor tries the product with. `join` is empty where nobody can join; the sign-in may be nobody's."""

    join: str
    console: str
    email: str = ""
    password: str = ""


def find_demo() -> Demo | None:
    """The demo shop, None where there is none. In production the setting DEMO_FILE is None."""
    if settings.DEMO_SHOP:
        return _find_named(settings.DEMO_SHOP)
    if settings.DEMO_FILE is None:
        return None
    try:
        document = json.loads(settings.DEMO_FILE.read_text())
        staff = document["staff"]
        return Demo(_here(document["join"]), _here(document["console"]), staff["email"], staff["password"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _find_named(slug: str) -> Demo | None:
    """A shop that is not there, or is closed to customers, is not offered; nor does the page fail without servers."""
    try:
        shop = find_shop(slug)
        if shop is None or shop.access == Shop.Access.SUSPENDED:
            return None
        with tenant_transaction(shop):
            link = find_front_page_link(now=timezone.now()) if shop.access == Shop.Access.OPEN else None
    except (DatabaseError, RedisError, OSError):
        return None
    address = get_shop_address(slug)
    return Demo(join=f"{address}/j/{link.code}" if link else "", console=f"{address}/console/")


def _here(address: str) -> str:
    """The same page where Laxin runs now: the loader may have run at another port."""
    there = urlsplit(address)
    slug = (there.hostname or "").partition(".")[0]
    return f"{get_shop_address(slug)}{there.path}"
