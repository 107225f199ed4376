"""What holds in every shop's schema as such."""

import hashlib
from collections.abc import Iterator

from django.db.migrations.recorder import MigrationRecorder
from kernel.models import OutboxEvent

from tenants.doctor import invariant
from tenants.schemas import state_on_disk

MANY_ATTEMPTS = 8  # over eight minutes of trying


@invariant("tenants.migrations_are_those_on_disk")
def find_other_migrations() -> Iterator[str]:
    """The schema's history is the one that this version knows."""
    names = sorted(f"{app}.{name}" for app, name in MigrationRecorder.Migration.objects.values_list("app", "name"))
    if hashlib.sha256("\n".join(names).encode()).hexdigest() != state_on_disk():
        yield f"the schema has {len(names)} migrations, but not those on disk: run `laxin migrate`"


@invariant("tenants.outbox_events_are_delivered")
def find_stuck_events() -> Iterator[str]:
    """No event fails again and again."""
    stuck = OutboxEvent.objects.filter(delivered_at=None, attempts__gte=MANY_ATTEMPTS).order_by("id")
    for event in stuck[:100]:
        yield f"event {event.id} ({event.topic}) failed {event.attempts} times: {event.last_error}"
