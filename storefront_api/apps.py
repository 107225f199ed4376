"""Application configuration."""

from django.apps import AppConfig


class StorefrontApiConfig(AppConfig):
    """See the package's docstring."""

    name = "storefront_api"
