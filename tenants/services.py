"""Writes to the public row of a shop. All run outside a tenant transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import Case, F, Q, Value, When

from tenants.models import Shop
from tenants.selectors import cache_key


def set_access(*, shop: Shop, access: Shop.Access) -> None:
    """Open, restrict or suspend a shop by an operator's hand; requests see it at once.

    What is closed so stays closed whatever is paid, until the same hand opens it.
    """
    by_hand = "" if access == Shop.Access.OPEN else access
    Shop.objects.filter(pk=shop.pk).update(access=access, closed_by_operator=by_hand)
    forget_cached_shop(shop.slug)


def lift_closing(*, shop: Shop) -> None:
    """Take an operator's hand away from a shop; billing says next what it may do. Called by billing alone."""
    Shop.objects.filter(pk=shop.pk).update(closed_by_operator="")
    forget_cached_shop(shop.slug)


def set_standing(
    *,
    shop: Shop,
    access: Shop.Access,
    plan: str,
    limits: Mapping[str, int],
    features: Sequence[str],
    notice: Mapping[str, Any],
) -> bool:
    """Write what billing found that a shop may use, and return whether that changed anything.

    Of a shop that an operator closed the access stays as it is. Called by billing alone.
    """
    standing = {"plan": plan, "limits": dict(limits), "features": list(features), "notice": dict(notice)}
    is_otherwise = ~Q(**standing) | Q(closed_by_operator="") & ~Q(access=access)
    due = Case(When(closed_by_operator="", then=Value(access)), default=F("access"))
    changed = Shop.objects.filter(is_otherwise, pk=shop.pk).update(**standing, access=due)
    if changed:
        forget_cached_shop(shop.slug)
    return changed > 0


def forget_cached_shop(slug: str) -> None:
    """Drop a shop's cached row when the transaction has committed."""
    transaction.on_commit(lambda: cache.delete(cache_key(slug)))
