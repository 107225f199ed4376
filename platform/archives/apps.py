"""Application configuration."""

from django.apps import AppConfig


class ArchivesConfig(AppConfig):
    """See the package's docstring."""

    name = "archives"
    default_auto_field = "django.db.models.BigAutoField"
