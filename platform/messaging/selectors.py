"""Reads of the e-mail queue."""

from datetime import datetime

from messaging.delivery import MAX_ATTEMPTS
from messaging.models import Email


def list_due(*, now: datetime, limit: int) -> list[int]:
    """Ids of unsent messages whose next attempt is due, those that wait longest first. One statement."""
    due = Email.objects.filter(sent_at=None, next_attempt_at__lte=now, attempts__lt=MAX_ATTEMPTS)
    return list(due.order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:limit])
