"""Reads of the e-mail queue."""

from collections.abc import Iterator
from datetime import datetime
from itertools import batched

from django.db import connection
from django.db.models import Min

from messaging.delivery import MAX_ATTEMPTS
from messaging.models import Email
from tenants.selectors import list_shops

SCHEMAS_AT_ONCE = 100  # a query holds locks on that many tables and their indexes


def find_first_sent(*, key_prefix: str, since: datetime) -> datetime | None:
    """When the first message whose key begins so was handed over, of those queued since then; None: not one."""
    sent = Email.objects.filter(key__startswith=key_prefix, created_at__gte=since, sent_at__isnull=False)
    first: datetime | None = sent.aggregate(first=Min("sent_at"))["first"]
    return first


def list_due(*, now: datetime, limit: int) -> list[int]:
    """Ids of unsent messages whose next attempt is due, those that wait longest first. One statement."""
    due = Email.objects.filter(sent_at=None, next_attempt_at__lte=now, attempts__lt=MAX_ATTEMPTS)
    return list(due.order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:limit])


def find_schemas_with_due_mail(*, now: datetime) -> Iterator[str]:
    """The schemas of the shops for which `list_due` names any; some shops a statement. Runs outside the shops."""
    for shops in batched(list_shops(), SCHEMAS_AT_ONCE):
        among = [shop.schema_name for shop in shops]
        with connection.cursor() as cursor:
            cursor.execute("SELECT tenants_schemas_with_mail(%s, %s, %s)", [now, MAX_ATTEMPTS, among])
            found = [row[0] for row in cursor.fetchall()]
        yield from found
