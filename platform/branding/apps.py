"""Application configuration."""

from django.apps import AppConfig


class BrandingConfig(AppConfig):
    """See the package's docstring."""

    name = "branding"
    default_auto_field = "django.db.models.BigAutoField"
