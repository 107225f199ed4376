"""How often people join from one network at one shop: more often than at any busy counter, less than a script would.

The rates are those of ACCOUNT_RATE_LIMITS (`config.settings.security`), counted by windows of the clock in the cache,
whose keys carry the shop. Where the cache does not answer, people join.
"""

import logging
import math
import time

from allauth.core.internal.ratelimit import Rate, get_ip, get_rates
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from joining.errors import JoinsTooOften

logger = logging.getLogger("joining")


def check_may_join(request: HttpRequest) -> None:
    """Count an attempt to join for the network that the request came from. Raises `JoinsTooOften`. No statement."""
    try:
        network = get_ip(request)
    except PermissionDenied:  # none is known, over a local socket
        return
    now = time.time()
    try:
        waits = [_wait(rate, network, now) for rate in get_rates(app="allauth.account", action="join")]
    except (RedisError, OSError) as error:
        logger.warning("joins are not limited, the cache does not answer: %s", error)
        return
    wait = max(waits, default=0)
    if wait:
        raise JoinsTooOften(
            _(
                "Very many are joining from this network. Try again in %(minutes)d min, or switch from the Wi-Fi to "
                "mobile data."
            )
            % {"minutes": math.ceil(wait / 60)},
            retry_after=wait,
        )


def _wait(rate: Rate, network: str, now: float) -> int:
    """Count one; the seconds to wait where it is one too many, else 0."""
    window, passed = divmod(now, rate.duration)
    name = f"join:{rate}:{window:.0f}:{network}"
    cache.add(name, 0, 2 * rate.duration)
    try:
        count = cache.incr(name)
    except ValueError:  # a full cache threw it out this moment
        return 0
    return 0 if count <= rate.amount else math.ceil(rate.duration - passed)
