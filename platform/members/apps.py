"""Application configuration."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """See the package's docstring."""

    name = "members"
    default_auto_field = "django.db.models.BigAutoField"
