"""Django's registration of the back office."""

from django.apps import AppConfig


class BackofficeConfig(AppConfig):
    """Registers its models with its own site, not with Django's default one."""

    name = "backoffice"
