"""Two logins on one database: `default` may enter one shop at a time, `owner` migrates."""

from functools import partial
from typing import Any

from config.env import DatabaseUrl
from config.settings.base import ENV
from tenants.connections import recycle

# Two processes of four threads, plus beat and commands: a thread never waits for a connection.
# One that has visited 200 shops is replaced: it remembers up to 0.9 MB of each.
POOL = {
    "min_size": 1,
    "max_size": max(ENV.web_threads + 1, 4),
    "timeout": 10,
    "reset": partial(recycle, limit=200),
}
NOWHERE = DatabaseUrl(user="laxin", password="", host="127.0.0.1", port=5432, name="laxin")


def _connection(url: DatabaseUrl | None, *, pool: dict[str, Any] | None) -> dict[str, Any]:
    url = url or NOWHERE
    options: dict[str, Any] = {"application_name": "laxin"}
    for pair in filter(None, url.query.split("&")):
        name, _, value = pair.partition("=")
        options[name] = value
    if pool:
        options["pool"] = pool
    return {
        "ENGINE": "tenants.backend",
        "NAME": url.name,
        "USER": url.user,
        "PASSWORD": url.password,
        "HOST": url.host,
        "PORT": str(url.port),
        "CONN_MAX_AGE": 0,
        # A server that restarted must not fail one request for each pooled connection.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


DATABASES = {
    "default": _connection(ENV.app, pool=POOL),
    "owner": _connection(ENV.owner, pool=None),
}
# Schemas made ahead for new shops.
SHOP_POOL_SIZE = ENV.shop_pool
DATABASE_ROUTERS = ["tenants.router.ShopRouter"]
TENANT_MODEL = "tenants.Shop"
