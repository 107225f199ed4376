"""Reads of users and API keys. All but the last run inside a tenant transaction."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F
from kernel.ids import hash_secret

from staff.models import ApiKey, Role, SignInLink, User
from staff.permissions import BUILT_IN, OWNER, PERMISSIONS
from staff.types import Access, ApiKeyRow, Contact
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


def get_access(*, user: User, session_key: str | None = None) -> Access:
    """What a signed-in person may do; a role that is no longer there may do nothing. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_ACCESS, {"role": user.role, "user": user.pk, "session": session_key})
        name, permissions, required, has_second_factor, seen_at = cursor.fetchone()
    if built_in := BUILT_IN.get(user.role):
        name, held = str(built_in.name), built_in.permissions
    else:
        name, held = name or "", frozenset(permissions or ()) & frozenset(PERMISSIONS)
    return Access(
        role=user.role,
        role_name=name,
        permissions=held,
        needs_second_factor=required and not has_second_factor,
        has_second_factor=has_second_factor,
        second_factor_required=required,
        session_seen_at=seen_at,
    )


_ACCESS = """
SELECT role.name, role.permissions, coalesce(role.second_factor_required, false),
       EXISTS (SELECT FROM mfa_authenticator WHERE user_id = %(user)s AND type = 'totp'),
       (SELECT last_seen_at FROM usersessions_usersession WHERE session_key = %(session)s)
  FROM (SELECT) AS one LEFT JOIN staff_role AS role ON role.code = %(role)s
"""


def list_roles_that_may(*, permission: str) -> list[str]:
    """Names of the roles that hold a permission: the built-in ones, then the shop's own. One statement."""
    built_in = [str(role.name) for role in BUILT_IN.values() if permission in role.permissions]
    own = Role.objects.filter(permissions__contains=[permission]).order_by("name").values_list("name", flat=True)
    return [*built_in, *own]


def list_owners() -> list[Contact]:
    """The active owners, who has been one longest first. One statement."""
    owners = User.objects.filter(role=OWNER, is_active=True).order_by("date_joined", "pk")
    return [Contact(*row) for row in owners.values_list("email", "language", "name")]


def get_owner_contact() -> Contact:
    """Whom we write to about the shop: the active owner who has been one longest. One statement."""
    return list_owners()[0]


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


def find_just_opened_shop(
    *, slug: str, email: str, password: str, browser: str, now: datetime
) -> tuple[Shop, UUID] | None:
    """The shop and owner that the same browser opened within the last ten minutes: a sign-up form that was sent twice.

    Any other learns nothing, whatever it guesses: the password is not even looked at. Called outside a tenant
    transaction.
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
        if not SignInLink.objects.filter(secret_hash=hash_browser(browser), expires_at__gt=now).exists():
            return None
        user = get_user_by_credentials(email=email, password=password)
    return (shop, user.pk) if user else None


def hash_browser(browser: str) -> str:
    """Under which the browser that opened a shop is remembered; it is no secret of a link."""
    return hash_secret(f"opened by {browser}")


def _to_row(key: dict[str, Any]) -> ApiKeyRow:
    return ApiKeyRow(**{**key, "origins": tuple(key["origins"])})
