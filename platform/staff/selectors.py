"""Reads of users and API keys. All but the last run inside a tenant transaction."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F
from kernel.ids import hash_secret

from staff.models import ApiKey, User
from staff.types import ApiKeyRow
from tenants.errors import ShopUnknown
from tenants.models import Shop
from tenants.selectors import get_shop
from tenants.transaction import tenant_transaction

JUST_OPENED = timedelta(minutes=10)

_COLUMNS = (
    "id",
    "name",
    "kind",
    "prefix",
    "public_key",
    "origins",
    "created_at",
    "last_used_at",
    "revoked_at",
)


def get_api_key(*, secret: str, now: datetime) -> ApiKeyRow | None:
    """The key that a client sent, or None where it is unknown or revoked. One statement."""
    found = ApiKey.objects.filter(key_hash=hash_secret(secret)).exclude(revoked_at__lte=now).values(*_COLUMNS).first()
    return _to_row(found) if found else None


def list_api_keys() -> list[ApiKeyRow]:
    """Every key of the shop: the valid ones first, and the newest first among them. One statement."""
    keys = ApiKey.objects.order_by(F("revoked_at").desc(nulls_first=True), "-id").values(*_COLUMNS)
    return [_to_row(key) for key in keys]


def get_user_by_credentials(*, email: str, password: str) -> User | None:
    """The active user with this address and password, or None."""
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    return user if user and user.check_password(password) else None


def find_just_opened_shop(*, slug: str, email: str, password: str, now: datetime) -> tuple[Shop, UUID] | None:
    """The shop and owner that the same person opened within the last ten minutes: a sign-up form that was sent twice.

    Whoever knows the address and password of the owner could as well sign in. Called outside a tenant transaction.
    """
    if "\0" in slug + email:  # as it was typed; the database would refuse to look it up
        return None
    try:
        shop = get_shop(slug=slug.strip().lower())
    except ShopUnknown:
        return None
    if now - shop.created_at > JUST_OPENED:
        return None
    with tenant_transaction(shop):
        user = get_user_by_credentials(email=email, password=password)
    return (shop, user.pk) if user else None


def _to_row(key: dict[str, Any]) -> ApiKeyRow:
    return ApiKeyRow(**{**key, "origins": tuple(key["origins"])})
