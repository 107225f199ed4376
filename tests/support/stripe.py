"""The stand-in for Stripe within the process: behind the stripe library's own HTTP interface."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fakes.stripe.app import FakeStripe
from fakes.stripe.delivery import Deliverer
from fakes.stripe.server import Handler, Server
from stripe import HTTPClient, StripeClient


class InProcess(HTTPClient):
    """Hands requests to a `FakeStripe` instead of the network; everything else of the library is as it is."""

    name = "in-process"

    def __init__(self, fake: FakeStripe) -> None:
        super().__init__()
        self.fake = fake

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        status, answer_headers, body = self.fake.request(method.upper(), url, headers or {}, post_data or "")
        return body, status, answer_headers

    def close(self) -> None:
        pass

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return 0.0  # the library's waiting before a retry is its own affair


def client_of(fake: FakeStripe, **options: Any) -> StripeClient:
    """The library's client, talking to `fake`."""
    return StripeClient(fake.key, http_client=InProcess(fake), **options)


class Quiet(Handler):
    """Says nothing of each request."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def served(fake: FakeStripe, *, webhook_url: str | None = None, webhook_host: str | None = None) -> Iterator[str]:
    """`fake` over real HTTP at the yielded address; with `webhook_url` its events are posted there as they happen."""
    with Server(("127.0.0.1", 0), Quiet) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        fake.state.readdress(address)
        server.set_app(fake)
        stopping = threading.Event()
        threads = [threading.Thread(target=server.serve_forever, args=(0.02,))]
        if webhook_url:
            fake.deliverer = Deliverer(fake, webhook_url, host=webhook_host)
            threads.append(threading.Thread(target=_deliver, args=(fake.deliverer, stopping)))
        for thread in threads:
            thread.start()
        try:
            yield address
        finally:
            stopping.set()
            server.shutdown()
            for thread in threads:
                thread.join()


def _deliver(deliverer: Deliverer, stopping: threading.Event) -> None:
    while not stopping.wait(0.02):
        deliverer.deliver_due(time.time())
