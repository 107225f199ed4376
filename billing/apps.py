"""Application configuration."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from billing.system_checks import check_key_is_live


class BillingConfig(AppConfig):
    """See the package's docstring."""

    name = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """`check --deploy` asks about paying too."""
        register(check_key_is_live, Tags.security, deploy=True)
