"""Logs go to standard error, one line an event, with the shop; who runs the process decides where they are kept."""

from config.settings.base import ENV

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"shop": {"()": "tenants.logging.ShopFilter"}},
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} [{shop}] {message}", "style": "{"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["shop"]},
    },
    "root": {"handlers": ["stderr"], "level": "WARNING" if ENV.mode == "test" else "INFO"},
    "loggers": {
        # Django's own handlers would print each line twice.
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True, "level": "WARNING"},
        "stripe": {"level": "WARNING"},  # else three lines for each call
    },
}
