"""Billing connected to the stand-in for Stripe within the process."""

from datetime import datetime
from typing import Any

from fakes.stripe.app import KEY, FakeStripe

from billing.gateway import Gateway
from billing.services import process_event, receive_event
from tests.support.stripe import InProcess


def make_fake(now: datetime) -> FakeStripe:
    """A stand-in whose time stands at `now`."""
    return FakeStripe(now=now, salt="t")


def connect(fake: FakeStripe) -> Gateway:
    """A gateway to the stand-in."""
    return Gateway(key=KEY, url="http://stripe.test", http_client=InProcess(fake))


def receive(fake: FakeStripe, event: dict[str, Any], *, now: datetime | None = None) -> int:
    """Bring an event as a webhook does. Our id of it."""
    payload, signature = fake.signed(event)
    return receive_event(payload=payload, signature=signature, now=now or fake.now)


def deliver(fake: FakeStripe, event: dict[str, Any], *, now: datetime | None = None) -> int:
    """Bring an event and have it processed. Our id of it."""
    event_id = receive(fake, event, now=now)
    process_event(event_id=event_id, now=now or fake.now)
    return event_id
