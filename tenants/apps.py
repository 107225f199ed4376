"""Application configuration."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.utils.module_loading import import_string


class TenantsConfig(AppConfig):
    """See the package's docstring."""

    name = "tenants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load the Celery application, so that tasks sent by any process have our task class and broker."""
        import_module(settings.CELERY_APPLICATION)
        outbox: Any = import_module("kernel.outbox")
        outbox.WAKE_UPS.append(import_string("tenants.tasks.wake_relay"))
