"""Who calls: the storefront by its key, the member by a token, and from which origin a browser may."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from kernel.ids import hash_secret
from members.selectors import get_token
from members.services import renew_token
from members.types import TokenRow
from staff.selectors import get_api_key
from staff.types import ApiKeyRow

from storefront_api.errors import RequestRefused
from tenants.models import Shop

CACHE_LIFETIME = timedelta(seconds=30)
MAX_CACHED_KEYS = 4096

_cache: OrderedDict[tuple[str, str], tuple[datetime, ApiKeyRow]] = OrderedDict()
_cache_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Caller:
    """The checked credentials of a request; `token_secret` is what the client sent."""

    key: ApiKeyRow
    token: TokenRow | None
    token_secret: str | None

    def idempotency_scope(self, cart_id: UUID | None = None) -> str:
        """Within which an idempotency key is unique: the member, else the cart, else the storefront."""
        if self.token:
            return f"member:{self.token.member_id}"
        return f"cart:{cart_id}" if cart_id else f"key:{self.key.id}"


def get_caller(*, request: HttpRequest, shop: Shop, now: datetime) -> Caller:
    """Check the request's key, its origin, and its token if it has one. Raises `RequestRefused` (401)."""
    key = _find_key(request.headers.get("X-Storefront-Key", ""), shop=shop, now=now)
    if key is None:
        raise RequestRefused(
            "STOREFRONT_KEY_INVALID", _("Send a valid storefront key in the header X-Storefront-Key."), status=401
        )
    if not may_come_from(key, request.headers.get("Origin")):
        raise RequestRefused(
            "ORIGIN_NOT_ALLOWED", _("This storefront key is bound to other origins. Add this one to it."), status=401
        )
    authorization = request.headers.get("Authorization")
    if authorization is None:
        return Caller(key, None, None)
    scheme, _space, secret = authorization.partition(" ")
    token = get_token(secret=secret.strip(), now=now) if scheme.lower() == "bearer" else None
    if token is None:
        raise RequestRefused(
            "TOKEN_INVALID", _("This member token is unknown or has expired. Join again to get a new one."), status=401
        )
    if token.is_ageing:
        renew_token(token_id=token.id, now=now)
    return Caller(key, token, secret.strip())


def may_come_from(key: ApiKeyRow, origin: str | None) -> bool:
    """A public key that names origins works from those alone; every browser tells its origin when it posts."""
    return key.kind != "public" or not key.origins or origin in key.origins


def _find_key(secret: str, *, shop: Shop, now: datetime) -> ApiKeyRow | None:
    """A valid key is remembered for 30 seconds, which is how long a revoked one may still work in a process."""
    if not secret:
        return None
    place = (shop.schema_name, hash_secret(secret))
    with _cache_lock:
        cached = _cache.get(place)
        if cached and now - cached[0] < CACHE_LIFETIME:
            _cache.move_to_end(place)
            return cached[1]
    key = get_api_key(secret=secret, now=now)
    with _cache_lock:
        if key is None:
            _cache.pop(place, None)
        else:
            _cache[place] = (now, key)
            while len(_cache) > MAX_CACHED_KEYS:
                _cache.popitem(last=False)
    return key
