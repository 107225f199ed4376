"""`/_fake/…`: what can be done to the stand-in besides Stripe's API. Bodies and answers are JSON.

- `GET  /_fake/clock`, `POST /_fake/clock {"to": seconds | "days": n | "seconds": n}`
- `GET  /_fake/settings`, `POST /_fake/settings {"fail_payments": 1, "after_retries": "unpaid", "hold_events": true, …}`
- `GET  /_fake/deliveries`: events that wait
- `POST /_fake/deliver {"events": [ids, in this order, any number of times]}`
- `POST /_fake/drop {"events": [ids] | "all": true}`: they are never delivered
- `POST /_fake/pay {"session": id, "card": number, "way": "card"}`: fill in a pay page
- `POST /_fake/dispute {"payment": charge, payment intent or checkout session, "amount": …, "inquiry": true}`
- `POST /_fake/close_dispute {"dispute": id, "outcome": "won" | "lost" | "warning_closed"}`
- `POST /_fake/status {"subscription": id, "status": …}`: force a status, with its event
"""

import json
import time
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fakes.stripe.disputes import close_dispute, open_dispute
from fakes.stripe.errors import StripeFault
from fakes.stripe.events import changing
from fakes.stripe.state import Settings

if TYPE_CHECKING:
    from fakes.stripe.app import FakeStripe


def answer(fake: "FakeStripe", method: str, path: str, body: str, query: str) -> tuple[int, dict[str, str], str]:
    """Answer one request of the controls."""
    headers = {"Content-Type": "application/json"}
    try:
        asked = json.loads(body) if body else {}
        done = _perform(fake, method, path.removeprefix("/_fake/"), asked)
    except StripeFault as refusal:
        return refusal.status, headers, json.dumps(refusal.document)
    except (ValueError, TypeError, KeyError) as error:
        return 400, headers, json.dumps({"error": {"message": f"{type(error).__name__}: {error}"}})
    if done is None:
        return 404, headers, json.dumps({"error": {"message": f"No such control: {method} {path}"}})
    return 200, headers, json.dumps(done)


def _perform(fake: "FakeStripe", method: str, name: str, asked: dict[str, Any]) -> Any:  # noqa: PLR0911
    if name == "clock":
        if method == "POST":
            to = datetime.fromtimestamp(asked["to"], UTC) if "to" in asked else None
            fake.advance(to=to, days=asked.get("days", 0), seconds=asked.get("seconds", 0))
        return {"now": fake.state.moment()}
    if name == "settings":
        if method == "POST":
            set_settings(fake, asked)
        return asdict(fake.settings)
    if name == "deliveries":
        return [
            {"event": each.event, "type": fake.state.objects[each.event]["type"], "attempts": each.attempts}
            for each in fake.state.deliveries
        ]
    if method != "POST":
        return None
    if name == "deliver":
        return _deliver(fake, asked["events"])
    if name == "drop":
        return drop(fake, None if asked.get("all") else asked["events"])
    if name == "pay":
        return fake.pay(asked["session"], card=asked.get("card", "4242424242424242"), way=asked.get("way", "card"))
    if name == "dispute":
        return dispute(fake, **asked)
    if name == "close_dispute":
        return decide(fake, **asked)
    if name == "status":
        return set_status(fake, asked["subscription"], asked["status"])
    return None


def set_settings(fake: "FakeStripe", asked: dict[str, Any]) -> None:
    """Change some settings. Raise ValueError for an unknown name."""
    names = {each.name for each in fields(Settings)}
    if unknown := set(asked) - names:
        raise ValueError(f"no setting {sorted(unknown)[0]}; there are {', '.join(sorted(names))}")
    with fake.state.lock:
        for name, value in asked.items():
            setattr(fake.settings, name, value)


def _deliver(fake: "FakeStripe", events: list[str]) -> list[int]:
    deliverer = fake.deliverer
    if deliverer is None:
        raise ValueError("this stand-in has no webhook address")
    return [deliverer.post(event, int(time.time())) for event in events]


def drop(fake: "FakeStripe", events: list[str] | None) -> int:
    """Lose events that wait (None: all); how many."""
    with fake.state.lock:
        before = len(fake.state.deliveries)
        fake.state.deliveries = [
            each for each in fake.state.deliveries if events is not None and each.event not in events
        ]
        return before - len(fake.state.deliveries)


def dispute(fake: "FakeStripe", payment: str, **how: Any) -> dict[str, Any]:
    """Have the payer's bank ask for the money back (`disputes.open_dispute`)."""
    with fake.state.lock:
        return fake.get(open_dispute(fake.state, payment, **how)["id"])


def decide(fake: "FakeStripe", dispute: str, outcome: str) -> dict[str, Any]:
    """End a dispute: `won`, `lost` or, of an inquiry, `warning_closed`."""
    if outcome not in {"won", "lost", "warning_closed"}:
        raise ValueError("an outcome is won, lost or warning_closed")
    with fake.state.lock:
        return fake.get(close_dispute(fake.state, dispute, outcome)["id"])  # type: ignore[arg-type]


def set_status(fake: "FakeStripe", identifier: str, status: str) -> dict[str, Any]:
    """Force a status, known or not, with the event of the change."""
    with fake.state.lock:
        subscription = fake.state.get("subscription", identifier)
        kind = "customer.subscription.deleted" if status == "canceled" else "customer.subscription.updated"
        with changing(fake.state, subscription, kind):
            subscription["status"] = status
            if status in {"canceled", "incomplete_expired"}:
                subscription["ended_at"] = subscription["canceled_at"] = fake.state.now
        return fake.get(identifier)
