"""The demo shop's addresses and sign-in, shown on the home page of a development installation."""

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from tenants.addresses import get_shop_address


@dataclass(frozen=True, slots=True)
class Demo:
    """What a visitor tries the product with."""

    join: str
    console: str
    email: str
    password: str


def find_demo() -> Demo | None:
    """The demo shop, where one is loaded; None in production, where the setting DEMO_FILE is None."""
    if settings.DEMO_FILE is None:
        return None
    try:
        document = json.loads(settings.DEMO_FILE.read_text())
        staff = document["staff"]
        return Demo(_here(document["join"]), _here(document["console"]), staff["email"], staff["password"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _here(address: str) -> str:
    """The same page where Laxin runs now: the loader may have run at another port."""
    there = urlsplit(address)
    slug = (there.hostname or "").partition(".")[0]
    return f"{get_shop_address(slug)}{there.path}"
