"""News that must not be lost: written with the work, delivered after its commit.

Topics are `noun.verb` in the past tense (`order.placed`). A payload holds ids and amounts, never secrets. Delivery is
at least once, so a listener must absorb a duplicate. `config/subscribers.py` is the list of listeners.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from kernel.models import OutboxEvent

# For who asks what was told to whom, and for listeners that are replayed after a mistake.
KEPT = timedelta(days=30)

# The relay above registers here what has the events delivered after the commit instead of at its next round.
WAKE_UPS: list[Callable[[], None]] = []


def publish(*, topic: str, payload: Mapping[str, Any]) -> None:
    """Write one event in the caller's transaction. One statement."""
    OutboxEvent.objects.bulk_create([OutboxEvent(topic=topic, payload=dict(payload))])
    for wake_up in WAKE_UPS:
        wake_up()


def delete_delivered_events(*, now: datetime, limit: int) -> int:
    """Delete those of the `limit` oldest events that were delivered more than 30 days ago; return how many.

    Looks at the oldest alone, by the primary key: no index is kept for it. Events that fail for ever stay in front,
    and the doctor names them.
    """
    oldest = OutboxEvent.objects.order_by("id").values("pk")[:limit]
    return OutboxEvent.objects.filter(delivered_at__lte=now - KEPT, pk__in=oldest).delete()[0]
