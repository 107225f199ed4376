"""Posting events to the webhook: in their order, again until they are taken, or as somebody chooses."""

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from fakes.stripe.state import Delivery

if TYPE_CHECKING:
    from fakes.stripe.app import FakeStripe

WAITS = (1, 2, 5, 15, 60, 300, 3600)  # real seconds between attempts; Stripe's own are hours, up to three days
TIMEOUT_SECONDS = 20


class Deliverer:
    """Posts what waits to `url`; `host`: the name to ask for, where that is not the address."""

    def __init__(self, fake: "FakeStripe", url: str, *, host: str | None = None) -> None:
        self.fake = fake
        self.url = url
        self._headers = {"Content-Type": "application/json; charset=utf-8"} | ({"Host": host} if host else {})

    def deliver_due(self, now: float) -> int:
        """Post what is due at `now` (real seconds); how many were taken. Nothing while events are held."""
        state = self.fake.state
        with state.lock:
            due = [] if state.settings.hold_events else [each for each in state.deliveries if each.due <= now]
        taken = 0
        for each in due:
            with state.lock:
                if each not in state.deliveries:
                    continue
            if self._post(each, now):
                taken += 1
        return taken

    def _post(self, delivery: Delivery, now: float) -> bool:
        status = self.post(delivery.event, int(now))
        state = self.fake.state
        with state.lock:
            if 200 <= status < 300:
                state.deliveries = [each for each in state.deliveries if each is not delivery]
                state.objects[delivery.event]["pending_webhooks"] = 0
                return True
            delivery.due = now + WAITS[min(delivery.attempts, len(WAITS) - 1)]
            delivery.attempts += 1
        return False

    def post(self, event: str, timestamp: int) -> int:
        """Post one event now, whether or not it waits; the status of the answer, 0 where nobody answers."""
        with self.fake.state.lock:
            body, signature = self.fake.signed(self.fake.state.objects[event], timestamp=timestamp)
        request = urllib.request.Request(  # noqa: S310  our own address
            self.url,
            data=body,
            headers={**self._headers, "Stripe-Signature": signature},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except (OSError, json.JSONDecodeError):
            return 0
