"""The cache: Valkey where there is one, otherwise the process's own memory."""

from config.settings.base import ENV

CACHES = {
    "default": {
        **(
            {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": ENV.cache_url}
            if ENV.cache_url
            else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "laxin"}
        ),
        "KEY_PREFIX": "laxin",
        "KEY_FUNCTION": "tenants.cache.make_key",  # carries the shop
    },
}
