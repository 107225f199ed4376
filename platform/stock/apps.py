"""Application configuration."""

from django.apps import AppConfig


class StockConfig(AppConfig):
    """See the package's docstring."""

    name = "stock"
    default_auto_field = "django.db.models.BigAutoField"
