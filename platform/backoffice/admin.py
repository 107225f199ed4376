"""Which tables the back office shows. Shops have a module of their own: `shop_admin`."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from kernel.errors import DomainError
from staff.models import User
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from backoffice import shop_admin  # noqa: F401  registers shops
from backoffice.advice import show_advice
from backoffice.forms import ReasonForm
from backoffice.given_plans import show_ended_by_hand, show_last_day
from backoffice.labels import TABLES, name_everything
from backoffice.readonly import ReadOnlyAdmin
from backoffice.retries import LEFT, MOST, NOT_DEAD, retry_events, tell_ends
from backoffice.site import site
from backoffice.words import ValuesInWords, in_words, say
from billing.models import Account, Alert, PaymentEvent, PlanOverride
from billing.services import resolve_alert, sync_account
from tenants.models import DeletedShop

name_everything()

EVENT_COLOURS = {"pending": "info", "done": "success", "ignored": "default", "dead": "danger"}


@display(description=gettext_lazy("shop"), ordering="account__shop__slug")
def show_shop(row: Model) -> str:
    """The shop that an event, an alert or a plan concerns, as a link; a dash where it is gone or unknown."""
    account: Account | None = row.account  # type: ignore[attr-defined]
    if account is None:
        return "-"
    url = reverse("admin:tenants_shop_change", args=[account.shop_id])
    return format_html('<a class="text-link" href="{}">{}</a>', url, account.shop)


show_plan = in_words("plan", gettext_lazy("plan"))
show_interval = in_words("interval", gettext_lazy("interval"))
show_status = in_words("status", gettext_lazy("subscription"))
show_state = in_words("state", gettext_lazy("state"))
show_state_badge = in_words("state", gettext_lazy("state"), EVENT_COLOURS)
show_kind = in_words("kind", gettext_lazy("kind"))
show_error = in_words("last_error", gettext_lazy("last error"))


class OpenFilter(admin.SimpleListFilter):
    """Open alerts or all."""

    title = gettext_lazy("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two choices beside “all”."""
        return [("yes", _("open")), ("no", _("resolved"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        """Those without or with the time when somebody resolved them."""
        if self.value() in {"yes", "no"}:
            return queryset.filter(resolved_at__isnull=self.value() == "yes")
        return queryset


@admin.register(PaymentEvent, site=site)
class PaymentEventAdmin(ReadOnlyAdmin):
    """What Stripe told us, and the dead letters among it."""

    list_display = (
        "event_id",
        "type",
        show_shop,
        show_state_badge,
        "attempts",
        "received_at",
        "processed_at",
        show_error,
    )
    list_filter = (("state", ValuesInWords), "type")
    list_select_related = ("account__shop",)
    search_fields = ("event_id", "object_id", "customer_id", "subscription_id")
    ordering = ("-id",)
    fields = (
        ("event_id", "type"),
        (show_shop, show_state),
        ("object_id", "customer_id"),
        ("subscription_id", "stripe_account"),
        ("is_live", "attempts"),
        ("created_at", "received_at"),
        ("next_attempt_at", "processed_at"),
        show_error,
    )
    actions = ("retry_selected",)
    actions_detail = ("retry",)

    @action(
        description=gettext_lazy("Try again"),
        permissions=["act"],
        dialog={"title": gettext_lazy("Try this event again"), "form_class": ReasonForm},
    )
    def retry(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Try a dead event again, and say what came of it."""
        event = self.get_row(object_id)
        self._retry(request, [event], form.cleaned_data["reason"])
        return self.back_to(event)

    @admin.action(description=gettext_lazy("Try again"), permissions=["act"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[PaymentEvent]) -> HttpResponse | None:
        """Ask for the reason, then try the dead ones among the selected events again."""
        events = list(queryset.filter(state=PaymentEvent.State.DEAD).order_by("id")[:MOST])
        if not events:
            messages.error(request, _("None of the selected events is given up."))
            return None
        form = ReasonForm(request=request, data=request.POST if "_form_submitted" in request.POST else None)
        if form.is_valid():
            self._retry(request, events, form.cleaned_data["reason"])
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Try these events again"),
            "opts": self.opts,
            "events": events,
            "form": form,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return render(request, "backoffice/retry_selected.html", context)

    def _retry(self, request: HttpRequest, events: list[PaymentEvent], reason: str) -> None:
        ends = retry_events(events)
        for end, of_it in ends.items():
            for event in of_it if end not in {NOT_DEAD, LEFT} else ():
                self.record(request, event, f"retry {end}: {reason}")
        tell_ends(request, ends)


@admin.register(Alert, site=site)
class AlertAdmin(ReadOnlyAdmin):
    """What a person has to look at."""

    list_display = (show_kind, "detail", show_shop, "raised_at", "resolved_at")
    list_filter = (OpenFilter, ("kind", ValuesInWords))
    search_fields = ("key", "detail")
    list_select_related = ("account__shop",)
    fields = ((show_kind, show_shop), show_advice, "detail", "key", ("raised_at", "resolved_at"))
    ordering = ("-id",)
    actions_detail = ("resolve",)

    @action(
        description=gettext_lazy("Resolve"),
        permissions=["act"],
        variant=ActionVariant.PRIMARY,
        dialog={"title": gettext_lazy("I have looked at it"), "form_class": ReasonForm},
    )
    def resolve(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Close the alert."""
        alert = self.get_row(object_id)
        resolve_alert(alert_id=alert.pk, now=timezone.now())
        self.record(request, alert, f"resolve: {form.cleaned_data['reason']}")
        messages.success(
            request, _("Resolved. Refunds and disputes are told once; what else comes back is a new alert.")
        )
        return self.back_to(alert)


@admin.register(Account, site=site)
class AccountAdmin(ReadOnlyAdmin):
    """What we know about each shop's paying."""

    list_display = (
        "shop",
        show_status,
        show_plan,
        show_interval,
        "period_ends_at",
        "past_due_since",
        "trial_ends_at",
        "synced_at",
    )
    list_filter = (("status", ValuesInWords), ("plan", ValuesInWords), ("interval", ValuesInWords))
    fields = (
        ("shop", "currency"),
        (show_status, "cancel_at_period_end"),
        (show_plan, show_interval),
        ("trial_ends_at", "period_ends_at"),
        ("past_due_since", "ends_at"),
        ("customer_id", "subscription_id"),
        ("synced_at", "next_review_at"),
        ("created_at", "deletion_warned_at"),
    )
    search_fields = ("shop__slug", "customer_id", "subscription_id")
    list_select_related = ("shop",)
    ordering = ("shop__slug",)
    actions_detail = ("synchronise",)

    @action(
        description=gettext_lazy("Compare with Stripe"),
        permissions=["act"],
        dialog={"title": gettext_lazy("Compare with Stripe and repair"), "form_class": ReasonForm},
    )
    def synchronise(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Fetch the account's objects and make it what they say."""
        account = self.get_row(object_id)
        try:
            changed = sync_account(account_id=account.pk, now=timezone.now())
        except DomainError as fault:
            messages.error(request, fault.message)
            return self.back_to(account)
        self.record(request, account, f"sync: {form.cleaned_data['reason']}")
        if account.customer_id is None and not changed:
            messages.info(request, _("Stripe knows nothing of this shop: nobody has begun to pay for it."))
            return self.back_to(account)
        messages.success(request, _("It was repaired.") if changed else _("Everything was as Stripe says."))
        return self.back_to(account)


@admin.register(PlanOverride, site=site)
class PlanOverrideAdmin(ReadOnlyAdmin):
    """Plans that operators gave; given and ended on the shop's page."""

    list_display = (show_shop, show_plan, "reason", "operator", "starts_at", show_last_day, show_ended_by_hand)
    list_display_links = (show_plan,)
    list_filter = (("plan", ValuesInWords),)
    fields = ((show_shop, show_plan), ("starts_at", show_last_day), show_ended_by_hand, "reason", "operator")
    search_fields = ("account__shop__slug", "reason", "operator")
    list_select_related = ("account__shop",)
    ordering = ("-id",)


@admin.register(User, site=site)
class OperatorAdmin(ReadOnlyAdmin):
    """The operators themselves; made and closed by `laxin operator`."""

    list_display = ("email", "name", "is_active", "is_superuser", "last_login", "date_joined")
    search_fields = ("email", "name")
    ordering = ("email",)
    fields = list_display


@admin.register(DeletedShop, site=site)
class DeletedShopAdmin(ReadOnlyAdmin):
    """Tombstones."""

    list_display = ("slug", "schema_name", "deleted_at")
    search_fields = ("slug", "schema_name")
    ordering = ("-deleted_at",)


class TablesFilter(admin.RelatedFieldListFilter):
    """The tables that are shown here, not all there are."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        """By their names."""
        types = ContentType.objects.get_for_models(*TABLES)
        return [(kind.pk, str(table._meta.verbose_name_plural)) for table, kind in types.items()]


@admin.register(LogEntry, site=site)
class LogAdmin(ReadOnlyAdmin):
    """What operators did. The table takes no change and no deletion."""

    list_display = ("action_time", "user", "object_repr", "show_action", "show_reason")
    list_display_links = None  # the list says it all
    list_filter = (("content_type", TablesFilter),)
    search_fields = ("object_repr", "change_message", "user__email")
    list_select_related = ("user", "content_type")
    ordering = ("-id",)

    @display(description=gettext_lazy("action"))
    def show_action(self, entry: LogEntry) -> str:
        """What was done: a word, and what belongs to it."""
        action, _colon, _reason = entry.change_message.partition(": ")
        return " ".join(say(code) for code in action.split())

    @display(description=gettext_lazy("reason"))
    def show_reason(self, entry: LogEntry) -> str:
        """Why."""
        return entry.change_message.partition(": ")[2]

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The list says it all."""
        return redirect("admin:admin_logentry_changelist")
