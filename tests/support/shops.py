"""The two shops of the test database, and clients that address them."""

from datetime import UTC, datetime
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.test import Client

from tenants.models import Shop
from tenants.provisioning import create_shop
from tenants.transaction import tenant_transaction

NORTH, SOUTH = "north", "south"
LANGUAGES = {NORTH: "zh-hans", SOUTH: "en"}
PASSWORD = "a-long-enough-password"


def owner_email(slug: str) -> str:
    """The address of the owner of one of the two shops."""
    return f"owner@{slug}.example"


def create_shops() -> None:
    """Make both shops, each with one owner."""
    for slug, language in LANGUAGES.items():
        with create_shop(slug=slug, name=slug.title(), language=language, now=datetime(2026, 1, 1, tzinfo=UTC)):
            get_user_model().objects.create_user(email=owner_email(slug), password=PASSWORD, language=language)


class ShopClient(Client):
    """Django's test client on a shop's host, or on the public site's for None."""

    def __init__(self, shop: Shop | None = None, **options: Any) -> None:
        self.shop = shop
        super().__init__(**options)
        self.defaults["SERVER_NAME"] = f"{shop.slug}.localhost" if shop else "localhost"

    def force_login(self, user: Any, backend: str | None = None) -> None:
        """Sign in, as if the password had been given just now; the session is written in the shop."""
        if self.shop is None:
            super().force_login(user, backend)
            return
        with tenant_transaction(self.shop):
            super().force_login(user, backend)
            request = HttpRequest()
            request.session = self.session
            record_authentication(request, user, method="password")
            request.session.save()
            UserSession.objects.create(user=user, ip="127.0.0.1", session_key=self.session.session_key)
