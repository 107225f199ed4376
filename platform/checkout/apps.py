"""Application configuration."""

from django.apps import AppConfig


class CheckoutConfig(AppConfig):
    """See the package's docstring."""

    name = "checkout"
    default_auto_field = "django.db.models.BigAutoField"
