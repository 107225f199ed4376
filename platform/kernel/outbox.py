"""News that must not be lost: written with the work, delivered after its commit.

Topics are `noun.verb` in the past tense (`order.placed`). A payload holds ids and amounts, never secrets. Delivery is
at least once, so a listener must absorb a duplicate. `config/subscribers.py` is the list of listeners.
"""

from collections.abc import Callable, Mapping
from typing import Any

from kernel.models import OutboxEvent

# The relay above registers here what has the events delivered after the commit instead of at its next round.
WAKE_UPS: list[Callable[[], None]] = []


def publish(*, topic: str, payload: Mapping[str, Any]) -> None:
    """Write one event in the caller's transaction. One statement."""
    OutboxEvent.objects.bulk_create([OutboxEvent(topic=topic, payload=dict(payload))])
    for wake_up in WAKE_UPS:
        wake_up()
