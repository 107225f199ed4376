"""Application configuration."""

from django.apps import AppConfig


class StaffConfig(AppConfig):
    """See the package's docstring."""

    name = "staff"
    default_auto_field = "django.db.models.BigAutoField"
