"""Application configuration."""

from django.apps import AppConfig


class OnboardingConfig(AppConfig):
    """See the package's docstring."""

    name = "onboarding"
    default_auto_field = "django.db.models.BigAutoField"
