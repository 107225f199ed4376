"""Reads of the logo. All run inside a tenant transaction."""

import base64

from django.core.cache import cache

from branding.models import Logo
from tenants.cache import PUBLIC
from tenants.models import Shop
from tenants.transaction import current_shop

KEPT_SECONDS = 60


def get_logo() -> bytes | None:
    """The logo as WebP, at most 512 pixels wide and high, or None. One statement."""
    found = Logo.objects.filter(pk=1).values_list("image", flat=True).first()
    return bytes(found) if found is not None else None


def find_mark() -> str:
    """The small logo as an address that holds the picture itself, or "". Kept a minute, so pages ask for it seldom."""
    key = mark_key(current_shop())
    known: str | None = cache.get(key)
    if known is None:
        found = Logo.objects.filter(pk=1).values_list("mark", flat=True).first()
        known = as_data_uri(bytes(found)) if found is not None else ""
        cache.set(key, known, KEPT_SECONDS)
    return known


def as_data_uri(image: bytes) -> str:
    """A WebP picture as the `src` of an `img`."""
    return f"data:image/webp;base64,{base64.b64encode(image).decode()}"


def mark_key(shop: Shop) -> str:
    """Where the cache keeps a shop's small logo; the name says whose it is, because hooks of a commit run outside."""
    return f"{PUBLIC}logo:{shop.schema_name}"
