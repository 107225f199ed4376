"""What a person has to look at: one row and one line in the log a matter, however often it is met."""

import logging
from collections.abc import Mapping
from datetime import datetime

from billing.models import Account, Alert

logger = logging.getLogger(__name__)


def raise_alert(
    *, kind: str, subject: str, detail: str, account: Account | None, now: datetime, again: bool = True
) -> bool:
    """Note `detail` unless the same matter is open; `again` False: or was resolved. Returns whether it is new."""
    key = f"{kind}:{subject}"[:255]
    there = Alert.objects.filter(key=key, resolved_at=None) if again else Alert.objects.filter(key=key, account=account)
    if there.exists():
        return False
    alert = Alert(key=key, kind=kind, detail=detail, account=account, raised_at=now)
    Alert.objects.bulk_create([alert], ignore_conflicts=True)
    logger.error("%s: %s", key, detail)
    return True


def follow_alerts(*, account: Account, found: Mapping[str, str], kinds: frozenset[str], now: datetime) -> None:
    """Raise an alert for each of `found` (detail by kind), and resolve the account's other ones of `kinds`."""
    for kind, detail in found.items():
        raise_alert(kind=kind, subject=str(account.pk), detail=detail, account=account, now=now)
    settled = Alert.objects.filter(account=account, resolved_at=None, kind__in=kinds - found.keys())
    settled.update(resolved_at=now)
