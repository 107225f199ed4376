"""Application configuration."""

from django.apps import AppConfig


class CouponsConfig(AppConfig):
    """See the package's docstring."""

    name = "coupons"
    default_auto_field = "django.db.models.BigAutoField"
