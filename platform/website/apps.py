"""Django's registration of the public site."""

from django.apps import AppConfig


class WebsiteConfig(AppConfig):
    """The public site; templates only, no models."""

    name = "website"
