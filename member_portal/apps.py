"""Application configuration."""

from django.apps import AppConfig


class MemberPortalConfig(AppConfig):
    """See the package's docstring."""

    name = "member_portal"
