"""How much API cost a shop may ask for in each second: a bucket in the cache that refills by time.

A request costs the fields of its operation, fragments expanded. A bucket holds what comes in during BURST_SECONDS, so a
page may ask several things at once. Each shop has one bucket for all its storefronts and all our processes; taking from
it is one script in Valkey: atomic, by Valkey's own clock, one round trip. A shop without a limit needs none.

Where the cache does not answer, requests are let through: it protects the many from the few, and an outage of it should
not close every shop's storefront. The same holds where there is no Valkey, as in tests.
"""

import logging
import math
from typing import Any

from django.core.cache import cache, caches
from django.core.cache.backends.redis import RedisCache
from django.http import HttpRequest
from django.utils.translation import gettext as _
from joining.errors import JoinsTooOften
from joining.throttle import check_may_join
from redis.exceptions import RedisError

from storefront_api.access import Caller
from storefront_api.errors import RequestRefused
from tenants.entitlements import get_entitlements
from tenants.models import Shop

BURST_SECONDS = 5

logger = logging.getLogger("storefront_api")

_TAKE = """
local rate, most, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'left', 'at')
local left, at = tonumber(held[1]) or most, tonumber(held[2]) or now
left = math.min(most, left + math.max(0, now - at) * rate / 1000)
local wait = math.ceil((cost - left) * 1000 / rate)
if wait <= 0 then
  left = left - cost
end
redis.call('HSET', KEYS[1], 'left', tostring(left), 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(most * 1000 / rate) + 1000)
return {math.max(0, wait), math.floor(left)}
"""


def check_rate(shop: Shop, *, cost: int) -> None:
    """Take `cost` from the shop's bucket. Raises `RequestRefused` (THROTTLED, 429) where too little is left in it."""
    rate = get_entitlements(shop).find_limit("api_cost_per_second")
    if rate is None:
        return
    most = max(rate * BURST_SECONDS, cost)  # what is more than a whole bucket waits for a full one
    taken = _take(rate=max(rate, 1), most=most, cost=cost)
    if taken is None:
        return
    wait_ms, left = taken
    if wait_ms:
        raise RequestRefused(
            "THROTTLED",
            _("The shop's storefronts ask for more than its plan allows. Ask again in a moment, or for less at once."),
            status=429,
            retry_after=math.ceil(wait_ms / 1000),
            extensions={"cost": {"requested": cost, "left": left, "perSecond": rate, "most": most}},
        )


def check_join_rate(request: HttpRequest, caller: Caller) -> None:
    """Count a join for the network that it came from. Raises `RequestRefused` (THROTTLED, 429) where they are too many.

    A server, which a secret key is for, speaks for people of many networks: it is not limited.
    """
    if caller.key.kind != "public":
        return
    try:
        check_may_join(request)
    except JoinsTooOften as error:
        raise RequestRefused("THROTTLED", error.message, status=429, retry_after=error.retry_after) from error


def _take(*, rate: int, most: int, cost: int) -> tuple[int, int] | None:
    """`(milliseconds to wait, cost that is left)`; None where no bucket can be asked. The key carries the shop."""
    backend = caches["default"]
    if not isinstance(backend, RedisCache):
        return None
    client: Any = backend._cache.get_client(None, write=True)
    try:
        wait_ms, left = client.register_script(_TAKE)(keys=[cache.make_key("api_cost")], args=[rate, most, cost])
    except (RedisError, OSError) as error:
        logger.warning("API cost is not limited, the cache does not answer: %s", error)
        return None
    return wait_ms, left
