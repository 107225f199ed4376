"""What an archive says of its shop's public row: believed only where this version could have written it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from kernel.money import currency_exponent
from phonenumbers import SUPPORTED_REGIONS

from tenants.errors import ArchiveRefused
from tenants.models import Shop

MAX_NAME = 100


def read_shop_fields(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the shop's row. Raises ArchiveRefused, naming each that is lacking or unknown here.

    An unknown time zone, say, would break every page of the shop.
    """
    wrong = [name for name, is_right in _RULES.items() if not _holds(is_right, about.get(name))]
    if wrong:
        said = ", ".join(f"{name} {str(about.get(name))[:50]!r}" for name in wrong)
        raise ArchiveRefused(f"What the archive says of the shop is not understood: {said}. Nothing was restored.")
    return {name: about[name] for name in _RULES} | {"created_at": datetime.fromisoformat(about["created_at"])}


def _holds(is_right: Callable[[str], Any], value: object) -> bool:
    try:
        return isinstance(value, str) and bool(is_right(value))
    except (ValueError, KeyError):
        return False


# The slug is checked by `check_slug`, as another one may be asked for.
_RULES: dict[str, Callable[[str], Any]] = {
    "slug": lambda value: True,
    "name": lambda value: 0 < len(value) <= MAX_NAME and "\0" not in value,
    "access": lambda value: value in Shop.Access.values,
    "language": lambda value: value in dict(settings.LANGUAGES),
    "currency": lambda value: currency_exponent(value) >= 0,
    "time_zone": lambda value: value in available_timezones(),
    "phone_region": lambda value: value in SUPPORTED_REGIONS,
    "created_at": lambda value: datetime.fromisoformat(value).tzinfo is not None,
}
