"""Application configuration."""

from django.apps import AppConfig


class PromotionsConfig(AppConfig):
    """See the package's docstring."""

    name = "promotions"
    default_auto_field = "django.db.models.BigAutoField"
