"""Application configuration."""

from django.apps import AppConfig


class JoiningConfig(AppConfig):
    """See the package's docstring."""

    name = "joining"
    default_auto_field = "django.db.models.BigAutoField"
