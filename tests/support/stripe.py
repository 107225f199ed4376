"""The stand-in for Stripe within the process: behind the stripe library's own HTTP interface."""

from collections.abc import Mapping
from typing import Any

from fakes.stripe.app import FakeStripe
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
