"""The whole way of paying, alive: our web server and worker, which talk to the stand-in for Stripe over HTTP."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import redis
from fakes.stripe.app import WEBHOOK_SECRET, FakeStripe
from fakes.stripe.delivery import Deliverer

from billing import gateway, services
from tenants.models import Shop
from tests.support.billing import connect
from tests.support.database import TestServer
from tests.support.live import LiveServer, live_server, live_worker
from tests.support.stripe import served

WEBHOOK = "/billing/stripe/webhook"


@dataclass
class PayingSite:
    """Events are held until `let_events_out`."""

    web: LiveServer
    fake: FakeStripe
    deliverer: Deliverer

    def url(self, shop: Shop | None = None, path: str = "/") -> str:
        """The address of a page of a shop, or of the public site."""
        return self.web.url(shop, path)

    def hold_events(self) -> None:
        """From now on none is brought."""
        self.fake.settings.hold_events = True

    def let_events_out(self) -> None:
        """What waits is brought, and what happens from now on."""
        self.fake.settings.hold_events = False

    def repeat_events(self) -> list[int]:
        """Bring every event that there was once more; the answers' statuses."""
        return [self.deliverer.post(event["id"], int(time.time())) for event in self.fake.events]


@contextmanager
def paying_site(server: TestServer, home: Path, broker_url: str) -> Iterator[PayingSite]:
    """Run all of it on the database in use now; prices are for sale."""
    with redis.Redis.from_url(broker_url) as connection:
        connection.flushall()  # what was cached is of another test's database
    fake = FakeStripe(now=datetime.now(UTC), salt="j")
    connected = connect(fake)
    with patch.object(gateway, "current", lambda: connected):
        services.sync_prices()
    with served(fake) as address:
        stripe = {
            "LAXIN_STRIPE_URL": address,
            "LAXIN_STRIPE_KEY": fake.key,
            "LAXIN_STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        }
        with (
            live_worker(server, home, broker_url, **stripe),
            live_server(server, home, LAXIN_BROKER_URL=broker_url, **stripe) as web,
        ):
            deliverer = Deliverer(fake, f"http://127.0.0.1:{web.port}{WEBHOOK}", host=f"localhost:{web.port}")
            fake.deliverer = deliverer
            site = PayingSite(web, fake, deliverer)
            site.hold_events()
            with _bringing(deliverer):
                yield site


@contextmanager
def _bringing(deliverer: Deliverer) -> Iterator[None]:
    stopping = threading.Event()

    def bring() -> None:
        while not stopping.wait(0.05):
            deliverer.deliver_due(time.time())

    thread = threading.Thread(target=bring)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(timeout=30)
