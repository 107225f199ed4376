"""Writes to the public row of a shop. All run outside a tenant transaction."""

from django.core.cache import cache
from django.db import transaction

from tenants.models import Shop
from tenants.selectors import cache_key


def set_access(*, shop: Shop, access: Shop.Access) -> None:
    """Open, restrict or suspend a shop; requests see it at once."""
    Shop.objects.filter(pk=shop.pk).update(access=access)
    forget_cached_shop(shop.slug)


def forget_cached_shop(slug: str) -> None:
    """Drop a shop's cached row when the transaction has committed."""
    transaction.on_commit(lambda: cache.delete(cache_key(slug)))
