"""Application configuration."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """See the package's docstring."""

    name = "messaging"
    default_auto_field = "django.db.models.BigAutoField"
