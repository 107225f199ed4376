"""A shop on trial whose owner can pay at the stand-in for Stripe. The fixtures are in reach of every test here."""

import re
from datetime import datetime
from typing import Any

import pytest
from console.views import billing
from django.core.cache import cache
from fakes.stripe.app import FakeStripe
from staff.models import User

from billing import gateway, services
from billing.services.accounts import open_account
from billing.services.standing import apply_standing
from billing.standing import TRIAL_LENGTH
from tenants.models import Shop
from tenants.selectors import cache_key
from tests.support.billing import connect, make_fake
from tests.support.shops import ShopClient


@pytest.fixture
def fake(now: datetime, monkeypatch: pytest.MonkeyPatch) -> FakeStripe:
    """Stripe at the real time, with our prices."""
    made = make_fake(now)
    connected = connect(made)
    monkeypatch.setattr(gateway, "current", lambda: connected)
    monkeypatch.setattr(billing, "SECONDS_BETWEEN_SYNCS", 0)
    services.sync_prices()
    return made


@pytest.fixture
def payer(owner: User, fake: FakeStripe, north: Shop, now: datetime) -> ShopClient:
    """The owner's browser, in English; the shop began its trial just now."""
    account = open_account(shop=north, trial_ends_at=now + TRIAL_LENGTH, now=now)
    apply_standing(account_id=account.pk, now=now)
    client = OwnersBrowser(north)
    client.force_login(owner)
    client.cookies["laxin_language"] = "en"
    return client


class OwnersBrowser(ShopClient):
    """Sees the shop as it is: what is rolled back after the test never drops a cached row."""

    def request(self, **request: Any) -> Any:
        """Send one request."""
        cache.delete_many([cache_key("north"), cache_key("south")])
        return super().request(**request)


def pay(client: ShopClient, fake: FakeStripe, query: str = "plan=growth&interval=month", card: str = "") -> str:
    """Go to the payment page and pay there. The address that it leads back to."""
    response = client.get(f"/console/billing/checkout/?{query}")
    assert response.status_code == 303
    session = response["Location"].rpartition("/")[2]
    fake.pay(session, **({"card": card} if card else {}))
    return f"/console/billing/return/progress/?session={session}"


def text_of(response: Any) -> str:
    """What the page shows, without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def set_shop(north: Shop, **values: Any) -> None:
    Shop.objects.filter(pk=north.pk).update(**values)
