"""What `manage.py check --deploy` says about paying."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning


def check_key_is_live(**kwargs: Any) -> list[CheckMessage]:
    """With a test key plans are given away for test cards."""
    if not settings.STRIPE_KEY.startswith(("sk_test_", "rk_test_")):
        return []
    return [Warning("LAXIN_STRIPE_KEY is a test key: nobody is charged.", id="billing.W001")]
