"""Events: one for each change, with the object as it was then."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fakes.stripe.state import Delivery, Object, State, public

API_VERSION = "2026-10-28.endive"


def record(state: State, kind: str, subject: Object, before: Object | None = None) -> Object:
    """Make an event of `kind` about `subject`, to be delivered; `before` gives its previous attributes."""
    now_public = public(subject)
    data: dict[str, Any] = {"object": now_public}
    if before is not None:
        data["previous_attributes"] = {
            name: before.get(name) for name in now_public if now_public[name] != before.get(name)
        }
    event = state.add(
        "event",
        "evt",
        "",
        type=kind,
        api_version=API_VERSION,
        data=data,
        pending_webhooks=1,
        request=dict(state.request),
    )
    state.deliveries.append(Delivery(event["id"]))
    return event


@contextmanager
def changing(state: State, subject: Object, kind: str) -> Iterator[Object]:
    """Record an event of `kind` at the end, if anything of `subject` has changed."""
    before = public(subject)
    yield subject
    if public(subject) != before:
        record(state, kind, subject, before)
