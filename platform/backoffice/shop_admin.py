"""Shops: what they are and use, and what an operator may do to one, each time with a reason."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from kernel.errors import DomainError
from staff.audit import record_event
from staff.models import User
from staff.permissions import OWNER
from staff.services import create_sign_in_link
from unfold.decorators import action
from unfold.enums import ActionVariant

from backoffice.forms import PlanForm, ReasonForm
from backoffice.given_plans import is_running
from backoffice.readonly import ReadOnlyAdmin, get_operator, go_to
from backoffice.schema_state import SchemaStateFilter, show_schema_state, with_missing_migrations
from backoffice.shop_facts import examine_shop, get_shop_facts
from backoffice.site import site
from backoffice.visits import ENTER
from backoffice.words import ValuesInWords, in_words, say
from billing.selectors import list_overrides
from billing.services import end_override, give_plan
from tenants.actor import Actor, acting
from tenants.addresses import get_shop_address
from tenants.models import Shop
from tenants.selectors import count_missing_migrations
from tenants.transaction import tenant_transaction

ACCESS_COLOURS = {"open": "success", "read_only": "warning", "suspended": "danger"}


show_access = in_words("access", gettext_lazy("access"))
show_access_badge = in_words("access", gettext_lazy("access"), ACCESS_COLOURS)
show_plan = in_words("plan", gettext_lazy("plan"))
show_industry = in_words("industry", gettext_lazy("industry"))
show_language = in_words("language", gettext_lazy("language"))


class PlanFilter(admin.SimpleListFilter):
    """By plan; shops without one are "-"."""

    title = gettext_lazy("plan")
    parameter_name = "plan"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The plans that shops have."""
        plans = Shop.objects.values_list("plan", flat=True).distinct().order_by("plan")
        return [(plan or "-", say(plan) or _("No plan")) for plan in plans]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Shop]) -> QuerySet[Shop]:
        """The shops of one plan."""
        value = self.value()
        return queryset if value is None else queryset.filter(plan="" if value == "-" else value)


@admin.register(Shop, site=site)
class ShopAdmin(ReadOnlyAdmin):
    """Every shop of this installation."""

    list_display = (
        "slug",
        "name",
        show_access_badge,
        show_plan,
        show_schema_state,
        show_industry,
        show_language,
        "currency",
        "created_at",
    )
    list_filter = (
        "access",
        PlanFilter,
        SchemaStateFilter,
        ("industry", ValuesInWords),
        ("language", ValuesInWords),
    )
    search_fields = ("slug", "name", "schema_name")
    ordering = ("-id",)
    fields = (
        ("slug", "name"),
        (show_access, show_plan),
        (show_industry, show_language),
        ("currency", "time_zone"),
        ("schema_name", "created_at"),
    )
    change_form_outer_after_template = "backoffice/shop.html"
    actions_detail = ("enter", "give_plan", "end_plan", "examine")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shop]:
        """Shops; on the list with the state of their schema."""
        shops: QuerySet[Shop] = super().get_queryset(request)
        counted: dict[str, int] | None = getattr(request, "missing_migrations", None)
        return shops if counted is None else with_missing_migrations(shops, counted)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list: what shops lack is counted once, Django asks for its rows several times."""
        request.missing_migrations = count_missing_migrations()  # type: ignore[attr-defined]
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add what only this page shows."""
        if (shop := kwargs.get("obj")) is not None:
            context["facts"] = get_shop_facts(shop=shop)
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    @action(
        description=gettext_lazy("Enter"),
        permissions=["act"],
        dialog={
            "title": gettext_lazy("Enter the shop as its owner"),
            "description": gettext_lazy(
                "For 30 minutes. The shop's own audit log says that you were there, why, and what you did."
            ),
            "form_class": ReasonForm,
        },
    )
    def enter(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Open a session in the shop in the owner's place."""
        shop, reason = self.get_row(object_id), form.cleaned_data["reason"]
        self.record(request, shop, f"{ENTER}: {reason}")  # first: nobody enters unrecorded
        with tenant_transaction(shop):
            owner = User.objects.filter(role=OWNER, is_active=True).order_by("date_joined").first()
            secret = owner and create_sign_in_link(
                user_id=owner.pk, operator=get_operator(request), reason=reason, now=timezone.now()
            )
        if not secret:
            messages.error(request, _("The shop has no active owner."))
            return self.back_to(shop)
        return go_to(f"{get_shop_address(shop.slug)}/console/enter/{secret}/")

    @action(
        description=gettext_lazy("Give a plan"),
        permissions=["act"],
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": gettext_lazy("Give the shop a plan"),
            "description": gettext_lazy("It holds whatever the shop pays. Payments go on as they are."),
            "form_class": PlanForm,
        },
    )
    def give_plan(self, request: HttpRequest, form: PlanForm, object_id: str) -> HttpResponse:
        """Override the plan."""
        plan, reason, until = (form.cleaned_data[name] for name in ("plan", "reason", "until"))
        return self._act(
            request,
            object_id,
            f"plan {plan}{f' until {until - timedelta(days=1):%Y-%m-%d}' if until else ''}: {reason}",
            lambda shop: give_plan(
                shop=shop, plan=plan, reason=reason, operator=get_operator(request), until=until, now=timezone.now()
            ),
            done=_("The shop has this plan now."),
        )

    @action(
        description=gettext_lazy("End the given plan"),
        permissions=["act"],
        dialog={"title": gettext_lazy("What the shop pays for counts again"), "form_class": ReasonForm},
    )
    def end_plan(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """End the override."""
        shop = self.get_row(object_id)
        if not any(is_running(override, now=timezone.now()) for override in list_overrides(shop_id=shop.pk)):
            messages.error(request, _("No operator has given this shop a plan."))
            return self.back_to(shop)
        return self._act(
            request,
            object_id,
            f"end: {form.cleaned_data['reason']}",
            lambda shop: end_override(shop=shop, now=timezone.now()),
            done=_("What the shop pays for counts again."),
        )

    @action(
        description=gettext_lazy("Examine"),
        permissions=["act"],
        dialog={
            "title": gettext_lazy("Examine the shop"),
            "description": gettext_lazy(
                "Runs every check of `laxin doctor` in it. That may take a while in a large shop. The shop's own audit "
                "log says that you did, and why."
            ),
            "form_class": ReasonForm,
        },
    )
    def examine(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        """Run the doctor and show what it found. It reads the shop's data: the shop's own log says so first."""
        shop, operator, reason = self.get_row(object_id), get_operator(request), form.cleaned_data["reason"]
        try:
            with tenant_transaction(shop):
                actor = Actor(f"operator:{operator}", operator)
                record_event(event="examination", actor=actor, details={"reason": reason})
            findings = examine_shop(shop=shop)
        except DatabaseError:
            self.record(request, shop, f"examine: {reason}")
            messages.error(request, _("Its tables cannot be read before it is migrated."))
            return self.back_to(shop)
        self.record(request, shop, f"examine {len(findings)} findings: {reason}")
        for finding in findings:
            messages.error(request, f"{finding.invariant}: {finding.detail}")
        if not findings:
            messages.success(request, _("Everything is in order."))
        return self.back_to(shop)

    def _act(
        self,
        request: HttpRequest,
        object_id: str,
        log: str,
        work: Callable[[Shop], object],
        *,
        done: str,
        but: str = "",
    ) -> HttpResponse:
        """`but` is said of a shop that an operator has closed by hand."""
        shop, operator = self.get_row(object_id), get_operator(request)
        try:
            with acting(Actor(f"operator:{operator}", operator)), transaction.atomic():
                work(shop)
                self.record(request, shop, log)  # both or neither
        except DomainError as fault:
            messages.error(request, fault.message)
            return self.back_to(shop)
        messages.success(request, done)
        if shop.closed_by_operator:
            messages.warning(
                request, _("It stays closed: an operator closed it by hand. `laxin shop resume` opens it.")
            )
        return self.back_to(shop)
