"""One shop as an operator sees it without entering it: what it uses, its schema's version, whether all is in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, connection
from django.db.models import Max
from kernel.models import OutboxEvent
from kernel.usage import list_usage
from messaging.models import Email
from staff.models import User

from billing.selectors import find_account, list_events, list_overrides
from billing.types import AccountRow, EventRow, OverrideRow
from tenants.doctor import Finding, find_broken
from tenants.entitlements import FEATURES, RESOURCES, get_entitlements
from tenants.models import Domain, Shop
from tenants.schemas import migrations_on_disk
from tenants.transaction import tenant_transaction

SHOWN_EVENTS = 10
SHOWN_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a resource is used, and how much may be (None: any number)."""

    name: str
    used: int
    allowed: int | None


@dataclass(frozen=True, slots=True)
class Inside:
    """What is counted inside the shop: use by resource, news and mails that failed and are tried again."""

    used: Mapping[str, int]
    failing_events: int
    failing_mails: int
    last_sign_in: datetime | None


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """What the shop's page shows. `missing` are migrations that the shop lacks, `unknown` those that we do not know.

    `inside` is None where the shop lacks so many that its tables cannot be read.
    """

    account: AccountRow | None
    overrides: list[OverrideRow]
    events: list[EventRow]
    domains: list[Domain]
    inside: Inside | None
    uses: list[Use]
    features: list[str]
    migrations: int
    missing: list[str]
    unknown: list[str]


def get_shop_facts(*, shop: Shop) -> ShopFacts:
    """Read what there is to know. Only counts and the schema's history are read inside the shop."""
    with tenant_transaction(shop), connection.cursor() as cursor:
        cursor.execute("SELECT app || '.' || name FROM django_migrations")
        applied = {row[0] for row in cursor.fetchall()}
    inside = _look_inside(shop)
    entitlements = get_entitlements(shop)
    known = set(migrations_on_disk())
    return ShopFacts(
        account=find_account(shop_id=shop.pk),
        overrides=list_overrides(shop_id=shop.pk),
        events=list_events(shop_id=shop.pk, limit=SHOWN_EVENTS),
        domains=list(Domain.objects.filter(shop=shop).order_by("host")),
        inside=inside,
        uses=[
            Use(str(RESOURCES[resource]), count, entitlements.find_limit(resource))
            for resource, count in (inside.used if inside else {}).items()
            if resource in RESOURCES
        ],
        features=[str(name) for feature, name in FEATURES.items() if entitlements.has_feature(feature)],
        migrations=len(applied),
        missing=sorted(known - applied),
        unknown=sorted(applied - known),
    )


def _look_inside(shop: Shop) -> Inside | None:
    try:
        with tenant_transaction(shop):
            return Inside(
                used=list_usage(),
                failing_events=OutboxEvent.objects.filter(delivered_at=None, attempts__gt=0).count(),
                failing_mails=Email.objects.filter(sent_at=None, attempts__gt=0).count(),
                last_sign_in=User.objects.aggregate(last=Max("last_login"))["last"],
            )
    except DatabaseError:
        return None


def examine_shop(*, shop: Shop) -> list[Finding]:
    """Run every invariant of `laxin doctor` in the shop and return the first findings."""
    found = []
    for finding in find_broken([shop]):
        found.append(finding)
        if len(found) == SHOWN_FINDINGS:
            break
    return found
