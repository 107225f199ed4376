"""What tables and columns are called here.

Not in the models: there each name would be a migration that changes nothing, and these are the operators' words.
"""

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from staff.models import User

from billing.models import Account, Alert, PaymentEvent, PlanOverride
from tenants.models import DeletedShop, Shop

type Words = str | Promise

APPS: dict[str, Words] = {
    "tenants": _("Platform"),
    "billing": _("Paying"),
    "staff": _("Platform"),
    "admin": _("Platform"),
}

TABLES: dict[type[Model], tuple[Words, Words]] = {
    Shop: (_("shop"), _("shops")),
    DeletedShop: (_("deleted shop"), _("deleted shops")),
    Account: (_("account"), _("accounts")),
    PlanOverride: (_("given plan"), _("given plans")),
    PaymentEvent: (_("event"), _("events")),
    Alert: (_("alert"), _("alerts")),
    User: (_("operator"), _("operators")),
    LogEntry: (_("log entry"), _("log entries")),
}

COLUMNS: dict[type[Model], dict[str, Words]] = {
    Shop: {
        "slug": _("address"),
        "name": _("name of the shop"),
        "access": _("access"),
        "industry": _("industry"),
        "language": _("language"),
        "currency": _("currency"),
        "time_zone": _("time zone"),
        "schema_name": _("schema"),
        "created_at": _("opened"),
        "migration_error": _("error of its migration"),
    },
    DeletedShop: {"slug": _("address"), "schema_name": _("schema"), "deleted_at": _("deleted")},
    Account: {
        "shop": _("shop"),
        "status": _("subscription"),
        "plan": _("plan"),
        "interval": _("interval"),
        "currency": _("currency"),
        "customer_id": _("customer"),
        "subscription_id": _("subscription"),
        "period_ends_at": _("paid until"),
        "trial_ends_at": _("trial until"),
        "past_due_since": _("unpaid since"),
        "cancel_at_period_end": _("ends with the period"),
        "ends_at": _("ends"),
        "ended_at": _("ended"),
        "synced_at": _("compared with Stripe"),
        "next_review_at": _("looked at next"),
        "deletion_warned_at": _("warned of deletion"),
        "created_at": _("made"),
    },
    PlanOverride: {
        "plan": _("plan"),
        "reason": _("reason"),
        "operator": _("operator"),
        "starts_at": _("from"),
        "until": _("until"),
        "ended_at": _("ended by hand"),
    },
    PaymentEvent: {
        "event_id": _("event"),
        "type": _("kind"),
        "object_id": _("object"),
        "customer_id": _("customer"),
        "subscription_id": _("subscription"),
        "stripe_account": _("connected account"),
        "state": _("state"),
        "is_live": _("live"),
        "attempts": _("attempts"),
        "created_at": _("happened"),
        "received_at": _("received"),
        "next_attempt_at": _("next attempt"),
        "processed_at": _("processed"),
    },
    Alert: {
        "key": _("matter"),
        "kind": _("kind"),
        "detail": _("what happened"),
        "raised_at": _("raised"),
        "resolved_at": _("resolved"),
    },
    User: {
        "name": _("name"),
        "is_active": _("may enter"),
        "is_superuser": _("may change things"),
        "last_login": _("last sign-in"),
        "date_joined": _("since"),
    },
    LogEntry: {"content_type": _("table"), "object_repr": _("what"), "user": _("operator"), "action_time": _("time")},
}


def name_everything() -> None:
    """Give apps, tables and columns these names in this process. Migrations look at what the models say."""
    for app, name in APPS.items():
        apps.get_app_config(app).verbose_name = name  # type: ignore[assignment]
    for table, (one, many) in TABLES.items():
        table._meta.verbose_name, table._meta.verbose_name_plural = one, many  # type: ignore[assignment]
    for table, columns in COLUMNS.items():
        for column, name in columns.items():
            table._meta.get_field(column).verbose_name = name  # type: ignore[union-attr]
