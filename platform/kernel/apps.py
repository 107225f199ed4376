"""Application configuration."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    """Kernel tables of a shop: idempotency keys and outbox events."""

    name = "kernel"
    default_auto_field = "django.db.models.BigAutoField"
