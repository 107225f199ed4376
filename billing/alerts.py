"""What a person has to look at: one row and one line in the log a matter, however often it is met."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from billing.models import Account, Alert

KINDS = frozenset(
    {
        "dead_event",
        "dispute_lost",
        "dispute_open",
        "double_subscription",
        "nobody_to_warn",
        "odd_payment",
        "odd_price",
        "partly_refunded",
        "pays_twice",
        "refunded",
        "unknown_customer",
        "unknown_product",
        "unknown_status",
    }
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing to look at: of several with the same kind and subject, one is open at a time.

    `again` False: what a person has resolved is not raised once more.
    """

    kind: str
    subject: str
    detail: str
    again: bool = True

    @property
    def key(self) -> str:
        """What its open alert is found by."""
        return _key_of(self.kind, self.subject)


def raise_alert(matter: Matter, *, account: Account | None, now: datetime) -> bool:
    """Note a matter unless it is open, and return whether it is new."""
    assert matter.kind in KINDS
    there = Alert.objects.filter(key=matter.key)
    if (there.filter(resolved_at=None) if matter.again else there.filter(account=account)).exists():
        return False
    alert = Alert(key=matter.key, kind=matter.kind, detail=matter.detail, account=account, raised_at=now)
    Alert.objects.bulk_create([alert], ignore_conflicts=True)
    logger.error("%s: %s", matter.key, matter.detail)
    return True


def resolve_alerts(*, kind: str, subjects: Collection[str], now: datetime) -> None:
    """What these were about is over."""
    keys = [_key_of(kind, subject) for subject in subjects]
    Alert.objects.filter(key__in=keys, resolved_at=None).update(resolved_at=now)


def follow_alerts(*, account: Account, matters: Collection[Matter], kinds: frozenset[str], now: datetime) -> None:
    """Raise each matter, and resolve the account's other ones of `kinds`: they are over."""
    for matter in matters:
        raise_alert(matter, account=account, now=now)
    over = Alert.objects.filter(account=account, resolved_at=None, kind__in=kinds)
    over.exclude(key__in=[matter.key for matter in matters]).update(resolved_at=now)


def _key_of(kind: str, subject: str) -> str:
    return f"{kind}:{subject}"[:255]
