"""Application configuration."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """See the package's docstring."""

    name = "catalog"
    default_auto_field = "django.db.models.BigAutoField"
