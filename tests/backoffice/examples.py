"""A back office with something on every page, and the addresses of all its pages."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from backoffice.site import site
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model
from django.urls import reverse
from staff.models import User

from billing.alerts import KINDS
from billing.models import Account, Alert, PaymentEvent, PlanOverride
from tenants.models import DeletedShop, Domain, Shop
from tests.backoffice.conftest import OPERATOR

WHEN = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MESSAGES = (
    "enter: 4711",
    "plan scale until 2026-05-01: 4712",
    "end: 4713",
    "examine 0 findings: 4714",
    "retry: 4715",
    "retry done: 4715",
    "retry pending: 4715",
    "resolve: 4716",
    "sync: 4717",
)
DIALOGS = {
    "tenants_shop": ("enter", "give_plan", "end_plan", "examine"),
    "billing_paymentevent": ("retry",),
    "billing_alert": ("resolve",),
    "billing_account": ("synchronise",),
}


def fill(north: Shop, south: Shop) -> None:
    """A row of every kind and state, and two shops with everything that can be told of one."""
    Shop.objects.filter(pk=north.pk).update(plan="growth", industry="fresh", migration_error="DataError: 4718")
    Shop.objects.filter(pk=south.pk).update(access="suspended", industry="retail")
    account = Account.objects.create(
        shop=north,
        currency="cny",
        customer_id="cus_4711",
        subscription_id="sub_4711",
        status="past_due",
        plan="growth",
        interval="month",
        period_ends_at=WHEN,
        past_due_since=WHEN,
        synced_at=WHEN,
    )
    Account.objects.create(shop=south, currency="usd", trial_ends_at=WHEN)
    for number, state in enumerate(PaymentEvent.State):
        PaymentEvent.objects.create(
            event_id=f"evt_{number}",
            type="invoice.paid",
            object_id=f"in_{number}",
            customer_id="cus_4711",
            is_live=False,
            created_at=WHEN,
            received_at=WHEN,
            state=state,
            account=account,
            next_attempt_at=WHEN if state == PaymentEvent.State.PENDING else None,
            last_error="of a type that we do not follow" if state == PaymentEvent.State.IGNORED else "",
        )
    for kind in sorted(KINDS):
        Alert.objects.create(key=f"{kind}:4711", kind=kind, detail="evt_3", account=account, raised_at=WHEN)
    PlanOverride.objects.create(
        account=account, plan="scale", reason="4719", operator=OPERATOR, starts_at=WHEN, until=WHEN + timedelta(days=30)
    )
    Domain.objects.create(shop=north, host="shop.north.example", token="4720")
    DeletedShop.objects.create(slug="gone", schema_name="t_00000000000000aa", deleted_at=WHEN)
    operator = User.objects.get(email=OPERATOR)
    for message in MESSAGES:
        LogEntry.objects.log_actions(operator.pk, [north], CHANGE, change_message=message, single_object=True)


def list_pages(*, dialogs: bool = True) -> list[str]:
    """Every page behind the gate: overview, own password, lists, a page of each table, dialogs of all actions."""
    apps = {table._meta.app_label for table in site._registry}
    pages = [reverse("admin:index"), reverse("admin:password_change"), reverse("admin:password_change_done")]
    pages += [reverse("admin:app_list", args=[app]) for app in sorted(apps)]
    for table in site._registry:
        name = f"{table._meta.app_label}_{table._meta.model_name}"
        pages += [
            reverse(f"admin:{name}_changelist"),
            f"{reverse(f'admin:{name}_changelist')}?q=no-such-thing",
            *([reverse(f"admin:{name}_change", args=[newest(table)])] if table is not LogEntry else []),
            *(reverse(f"admin:{name}_{action}", args=[newest(table)]) for action in DIALOGS.get(name, ()) if dialogs),
        ]
    return pages


def newest(table: type[Model]) -> int | UUID:
    """The row whose page is looked at; of shops the oldest, which has everything."""
    key: int | UUID = table._default_manager.order_by("-pk" if table is not Shop else "pk").values_list(
        "pk", flat=True
    )[0]
    return key


def list_lists() -> list[str]:
    """The pages that are there without any row: the overview and the lists."""
    lists = [reverse(f"admin:{table._meta.app_label}_{table._meta.model_name}_changelist") for table in site._registry]
    return [reverse("admin:index"), *lists]
