"""What holds in every shop's schema as such."""

from collections.abc import Iterator

from django.db.migrations.recorder import MigrationRecorder
from kernel.models import OutboxEvent

from tenants.doctor import invariant
from tenants.schemas import migrations_on_disk

MANY_ATTEMPTS = 8  # over eight minutes of trying


@invariant("tenants.migrations_are_applied")
def find_missing_migrations() -> Iterator[str]:
    """The schema lacks nothing that this version knows."""
    applied = {f"{app}.{name}" for app, name in MigrationRecorder.Migration.objects.values_list("app", "name")}
    for name in sorted(migrations_on_disk() - applied):
        yield f"the migration {name} is missing: run `laxin migrate`"


@invariant("tenants.outbox_events_are_delivered")
def find_stuck_events() -> Iterator[str]:
    """No event fails again and again."""
    stuck = OutboxEvent.objects.filter(delivered_at=None, attempts__gte=MANY_ATTEMPTS).order_by("id")
    for event in stuck[:100]:
        yield f"event {event.id} ({event.topic}) failed {event.attempts} times: {event.last_error}"
