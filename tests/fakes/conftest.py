from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from fakes.stripe.app import FakeStripe
from stripe import StripeClient

from tests.support.stripe import client_of

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


@dataclass
class World:
    """A stand-in with two plans and a customer."""

    fake: FakeStripe
    client: StripeClient
    month: str
    year: str
    large: str
    once: str
    customer: str

    def open_session(self, price: str | None = None, **params: Any) -> str:
        """The id of a new checkout session."""
        asked: dict[str, Any] = {
            "mode": "subscription",
            "customer": self.customer,
            "line_items": [{"price": price or self.month, "quantity": 1}],
            "success_url": "http://shop.test/paid?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://shop.test/plans",
            **params,
        }
        return self.client.v1.checkout.sessions.create(asked).id  # type: ignore[arg-type]

    def subscribe(self, *, card: str = "4242424242424242", **params: Any) -> str:
        """The id of a subscription that was paid on the pay page."""
        session = self.fake.pay(self.open_session(**params), card=card)
        return str(session["subscription"])

    def status(self, subscription: str) -> str:
        return self.client.v1.subscriptions.retrieve(subscription).status

    def types(self, begin: int = 0) -> list[str]:
        """The types of the events from a number on."""
        return [event["type"] for event in self.fake.events[begin:]]

    def sub_types(self, begin: int = 0) -> list[str]:
        return [kind.removeprefix("customer.") for kind in self.types(begin) if "subscription." in kind]


@pytest.fixture
def world() -> World:
    fake = FakeStripe(now=NOW)
    client = client_of(fake)
    growth = client.v1.products.create({"name": "Growth"}).id
    scale = client.v1.products.create({"name": "Scale"}).id

    def price(product: str, amount: int, key: str, interval: str | None) -> str:
        params: dict[str, Any] = {"product": product, "currency": "cny", "unit_amount": amount, "lookup_key": key}
        if interval:
            params["recurring"] = {"interval": interval}
        return client.v1.prices.create(params).id  # type: ignore[arg-type]

    return World(
        fake,
        client,
        month=price(growth, 29900, "growth_month", "month"),
        year=price(growth, 299000, "growth_year", "year"),
        large=price(scale, 89900, "scale_month", "month"),
        once=price(growth, 299000, "growth_prepay", None),
        customer=client.v1.customers.create({"email": "owner@shop.test", "name": "Corner"}).id,
    )
