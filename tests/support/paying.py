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
from fakes.stripe.app import KEY, WEBHOOK_SECRET, FakeStripe
from fakes.stripe.delivery import Deliverer
from fakes.stripe.server import Server

from billing import gateway, services
from tenants.models import Shop
from tests.support.billing import connect
from tests.support.database import TestServer
from tests.support.live import LiveServer, live_database, live_server, live_worker
from tests.support.stripe import Quiet

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


@dataclass
class PayingProcesses:
    """What stands while test follows test; the stand-in for Stripe is served at one address, anew for each."""

    web: LiveServer
    http: Server
    broker_url: str

    @property
    def address(self) -> str:
        """Of the stand-in."""
        return f"http://127.0.0.1:{self.http.server_port}"


@contextmanager
def paying_processes(server: TestServer, home: Path, broker_url: str) -> Iterator[PayingProcesses]:
    """Run them on whichever database is named `LIVE`."""
    with Server(("127.0.0.1", 0), Quiet) as http:
        variables = live_database(server) | {
            "LAXIN_STRIPE_URL": f"http://127.0.0.1:{http.server_port}",
            "LAXIN_STRIPE_KEY": KEY,
            "LAXIN_STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        }
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        try:
            with (
                live_worker(server, home, broker_url, **variables),
                live_server(server, home, LAXIN_BROKER_URL=broker_url, **variables) as web,
            ):
                yield PayingProcesses(web, http, broker_url)
        finally:
            http.shutdown()
            thread.join()


@contextmanager
def paying_site(processes: PayingProcesses) -> Iterator[PayingSite]:
    """A new beginning on the database in use now; prices are for sale."""
    _empty(processes.broker_url)
    fake = FakeStripe(now=datetime.now(UTC), salt="j", key=KEY)
    connected = connect(fake)
    with patch.object(gateway, "current", lambda: connected):
        services.sync_prices()
    fake.state.readdress(processes.address)
    processes.http.set_app(fake)
    web = processes.web
    fake.deliverer = Deliverer(fake, f"http://127.0.0.1:{web.port}{WEBHOOK}", host=f"localhost:{web.port}")
    site = PayingSite(web, fake, fake.deliverer)
    site.hold_events()
    with _bringing(fake.deliverer):
        yield site
    web.begin_anew()


def _empty(broker_url: str) -> None:
    """What was cached and sent is of another test's database; the worker's queues stay where they are bound."""
    with redis.Redis.from_url(broker_url) as connection:
        bound = {key: connection.smembers(key) for key in connection.scan_iter("_kombu.binding.*")}
        connection.flushall()
        for key, queues in bound.items():
            connection.sadd(key, *queues)


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
