"""What the first page shows: counts of public tables, in a fixed number of statements."""

from dataclasses import dataclass

from django.db.models import Count
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from backoffice.schema_state import count_shops_behind
from backoffice.words import say
from billing.models import Account, Alert, PaymentEvent
from tenants.models import ReadySchema, Shop


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its name and the list behind it; `is_urgent` where somebody has to act."""

    name: str
    value: int
    url: str
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Figures under one heading."""

    title: str | Promise
    figures: list[Figure]


def describe_installation() -> list[Group]:
    """Return the figures of the overview. Eight statements."""
    shops = reverse("admin:tenants_shop_changelist")
    by_access = dict(Shop.objects.values_list("access").annotate(Count("pk")).order_by())
    by_plan = Shop.objects.values_list("plan").annotate(Count("pk")).order_by("plan")
    accounts = reverse("admin:billing_account_changelist")
    by_status = Account.objects.exclude(status="").values_list("status").annotate(Count("pk")).order_by("status")
    dead = PaymentEvent.objects.filter(state=PaymentEvent.State.DEAD).count()
    alerts = Alert.objects.filter(resolved_at=None).count()
    ready = ReadySchema.objects.count()
    behind, failed = count_shops_behind()
    return [
        Group(
            _("What to look at"),
            [
                Figure(_("Open alerts"), alerts, reverse("admin:billing_alert_changelist") + "?open=yes", alerts > 0),
                Figure(
                    _("Events given up"),
                    dead,
                    reverse("admin:billing_paymentevent_changelist") + "?state=dead",
                    dead > 0,
                ),
                Figure(_("Shops behind in migrations"), behind, f"{shops}?schema=behind", behind > 0),
                Figure(_("Failed migrations"), failed, f"{shops}?schema=failed", failed > 0),
                Figure(_("Schemas ready for new shops"), ready, shops, ready == 0),
            ],
        ),
        Group(
            _("Shops"),
            [
                Figure(str(label), by_access.get(access, 0), f"{shops}?access__exact={access}")
                for access, label in Shop.Access.choices
            ],
        ),
        Group(
            _("Plans"),
            [Figure(say(plan) or _("No plan"), count, f"{shops}?plan={plan or '-'}") for plan, count in by_plan],
        ),
        Group(
            _("Subscriptions"),
            [Figure(say(status), count, f"{accounts}?status={status}") for status, count in by_status],
        ),
    ]
