"""The outbox relay: delivers events to their listeners at least once, oldest first, with back-off.

A listener runs inside the shop's tenant transaction, in a savepoint of its own event: an event and what its listeners
wrote become visible together. One that raises is tried again after 2, 4, 8 … seconds, at most an hour later.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string
from kernel.models import OutboxEvent

type Listener = Callable[[Mapping[str, Any]], None]

BATCH = 100
LONGEST_WAIT = timedelta(hours=1)
logger = logging.getLogger(__name__)


@cache
def subscribers() -> Mapping[str, tuple[Listener, ...]]:
    """The listeners by topic, from the setting OUTBOX_SUBSCRIBERS."""
    listeners: Mapping[str, tuple[Listener, ...]] = import_string(settings.OUTBOX_SUBSCRIBERS)
    return listeners


def find_schemas_with_news(*, now: datetime) -> list[str]:
    """Return the schemas of all shops that have events to deliver, by one query. Runs outside the shops."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenants_schemas_with_news(%s)", [now])
        return [row[0] for row in cursor.fetchall()]


def relay_events(*, now: datetime, limit: int = BATCH) -> int:
    """Deliver up to `limit` pending events of the current shop, but those held by another relay; return how many."""
    pending = (
        OutboxEvent.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(delivered_at=None, available_at__lte=now)
        .order_by("id")[:limit]
    )
    return sum(_deliver(event, now) for event in pending)


def _deliver(event: OutboxEvent, now: datetime) -> bool:
    try:
        with transaction.atomic():
            for listener in subscribers().get(event.topic, ()):
                listener(event.payload)
    except Exception as error:
        attempts = event.attempts + 1
        wait = min(timedelta(seconds=2**attempts), LONGEST_WAIT) if attempts < 12 else LONGEST_WAIT
        logger.exception("Outbox event %s (%s) failed, attempt %s", event.id, event.topic, attempts)
        OutboxEvent.objects.filter(pk=event.pk).update(
            attempts=attempts, available_at=now + wait, last_error=repr(error)[:1000]
        )
        return False
    OutboxEvent.objects.filter(pk=event.pk).update(delivered_at=now)
    return True
