"""Plan, payments and invoices. What billing knows is public and what it does goes over the network: both happen outside
the shop's transaction. The pages work while the shop is read-only or suspended: paying is what opens it again.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Concatenate
from urllib.parse import urlencode

from allauth.core.internal.ratelimit import consume
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect
from kernel.errors import DomainError
from kernel.usage import list_usage
from staff.audit import record_event
from staff.errors import TooOften
from staff.invitations import count_invited
from staff.requests import get_actor
from staff.throttles import APP

from billing.errors import (
    AccountBusy,
    AlreadySubscribed,
    BillingError,
    CheckoutUnknown,
    DoneUnseen,
    PaymentProviderDown,
    PaymentProviderRefused,
    PlanChanged,
    PricesMissing,
)
from billing.plans import INTERVALS, PLANS, name_of_plan
from billing.purchases import refuse_going_on
from billing.selectors import find_account, find_settlement, list_invoices, list_tax_ids
from billing.services import (
    cancel_subscription,
    change_plan,
    open_portal,
    preview_change,
    resume_subscription,
    set_tax_id,
    settle_checkout,
    start_checkout,
)
from billing.standing import OWING
from billing.types import AccountRow, Settlement
from console.access import staff_page
from console.billing import describe_paid_years, list_offers, list_usage_rows
from console.billing_words import say_cancelled, say_changed, say_dropped, say_goes_on, say_thanks
from console.forms.billing import TaxIdForm
from console.forms.fields import add_fault
from console.posts import post_only
from tenants.transaction import act_as, current_shop, outside

PERMISSION = "billing.manage"
# The page of progress asks every second, and after so many times more calmly; the provider is asked less often.
IMPATIENT_ASKS = 30
SECONDS_BETWEEN_SYNCS = 3
SYNCED_LATELY = "billing-progress"

type View[**P] = Callable[Concatenate[HttpRequest, P], HttpResponse]


def billing_page[**P](view: View[P], *, not_for_support: bool = False, is_local: bool = False) -> View[P]:
    """The gate of these pages. What fails at the payment provider has a page, what is refused is told on the plan's.

    The provider counts what all shops ask it together, so one shop has only its share; pages that are `is_local` do not
    ask the provider, or count for themselves.
    """

    @staff_page(PERMISSION, while_closed=True, not_for_support=not_for_support)
    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not is_local and not consume(request, app=APP, action="billing", key="shop", limit_get=True):
            return _show_trouble(
                request, TooOften(_("The payment service was asked too often. Try again in a minute.")), status=429
            )
        try:
            return view(request, *args, **kwargs)
        except (PaymentProviderDown, PaymentProviderRefused, PricesMissing, AccountBusy) as fault:
            return _show_trouble(request, fault, status=502)
        except BillingError as fault:
            messages.error(request, fault.message)
            return redirect("console:billing")

    return page


local_page = partial(billing_page, is_local=True)
# Looked at, these lead to where money and cards are given.
payment_page = partial(billing_page, not_for_support=True)


@require_safe
@local_page
def overview(request: HttpRequest) -> HttpResponse:
    """The plan and its state in words, what is used of it, and every way to change it."""
    shop, now = current_shop(), timezone.now()
    usage, invited = list_usage(), count_invited(now=now)
    with outside():
        account = find_account(shop_id=shop.pk)
    context = {
        "account": account,
        "owes": account is not None and account.status in OWING,
        "may_go_on": account is not None and refuse_going_on(account) is None,
        "paid": describe_paid_years(account, now=now),
        "usage": list_usage_rows(shop, usage, invited=invited),
        "offers": list_offers(shop, account, now=now),
        "currency": (account.currency if account else shop.currency).upper(),
    }
    return render(request, "console/billing/overview.html", context)


@require_safe
@billing_page
def invoices(request: HttpRequest) -> HttpResponse:
    """Invoices and the tax number, as the payment provider has them: fetched by the page of the plan, or alone."""
    shop = current_shop()
    with outside():
        rows, tax_ids = list_invoices(shop=shop), list_tax_ids(shop=shop)
    kind, value = tax_ids[0] if tax_ids else ("", "")
    return _render_invoices(request, {"invoices": rows, "form": TaxIdForm(initial={"kind": kind, "value": value})})


@post_only
@billing_page
def tax_id(request: HttpRequest) -> HttpResponse:
    """Give invoices another tax number."""
    shop, form = current_shop(), TaxIdForm(request.POST)
    if form.is_valid():
        try:
            with outside():
                former = set_tax_id(shop=shop, kind=form.cleaned_data["kind"], value=form.cleaned_data["value"])
        except BillingError as fault:
            add_fault(form, fault)
        else:
            _record(request, "", before={"tax_id": former}, after={"tax_id": form.cleaned_data["value"]})
            is_there = bool(form.cleaned_data["value"])
            messages.success(request, _("The tax number was saved.") if is_there else _("The tax number was removed."))
            return redirect("console:billing")
    return _render_invoices(request, {"form": form}, status=422)


@require_GET
@payment_page
def checkout(request: HttpRequest) -> HttpResponse:
    """On to the payment page: `?plan=growth&interval=month`, or `&prepay=1` for a year by a single payment."""
    shop, email = current_shop(), request.user.email  # type: ignore[union-attr]
    plan, interval, prepay = request.GET.get("plan", ""), request.GET.get("interval", "month"), "prepay" in request.GET
    back = request.build_absolute_uri(reverse("console:billing_return"))
    act_as(get_actor(request))  # what was paid before may be found by it
    try:
        with outside():
            address = start_checkout(
                shop=shop,
                plan=plan,
                interval=interval,
                prepay=prepay,
                email=email,
                success_url=f"{back}?session={{CHECKOUT_SESSION_ID}}",
                cancel_url=request.build_absolute_uri(reverse("console:billing")),
                now=timezone.now(),
            )
    except AlreadySubscribed:
        with outside():
            account = find_account(shop_id=shop.pk)
        if prepay or account is None or not account.is_subscribed:
            raise  # there is nothing that could be changed instead
        return redirect(f"{reverse('console:billing_change')}?plan={plan}&interval={interval}")
    return _leave_for(address)


@require_GET
@local_page
def landing(request: HttpRequest) -> HttpResponse:
    """Where the payment page leads back to: shows at once that work is going on, and asks until the plan is there."""
    if not request.GET.get("session"):
        return redirect("console:billing")
    context = {"session": request.GET.get("session", ""), "asks": 0, "delay": "0s"}
    return render(request, "console/billing/return.html", context)


@require_GET
@local_page
def progress(request: HttpRequest) -> HttpResponse:
    """Look whether the payment has arrived, without waiting to be told; the way into the console when it has.

    Asked any number of times it answers the same. Without scripts the page comes here by itself.
    """
    shop, session, now = current_shop(), request.GET.get("session", ""), timezone.now()
    asks = int(text) + 1 if (text := request.GET.get("asks", "0")).isdecimal() and len(text) < 6 else 1
    if not session:
        return _go_on(request, "console:billing")
    settled: Settlement | None = None
    may_ask = cache.add(SYNCED_LATELY, "", SECONDS_BETWEEN_SYNCS)
    trouble = "" if may_ask else cache.get(SYNCED_LATELY, "")  # of the time before
    act_as(get_actor(request))  # it may change the plan before any event does
    try:
        with outside():
            if may_ask:
                settled = settle_checkout(shop=shop, session_id=session, now=now)
            else:
                settled = find_settlement(shop=shop, session_id=session)
    except CheckoutUnknown as fault:
        messages.error(request, fault.message)
        return _go_on(request, "console:billing")
    except BillingError as fault:  # the next time it may answer
        trouble = fault.message
        cache.set(SYNCED_LATELY, trouble, SECONDS_BETWEEN_SYNCS)
    if settled and settled.has_arrived:
        messages.success(request, say_thanks(settled, now))
        return _go_on(request, "console:home")
    context = {
        "session": session,
        "asks": asks,
        "delay": "1s" if asks < IMPATIENT_ASKS else "5s",
        "is_slow": asks >= IMPATIENT_ASKS,
        "trouble": trouble,
    }
    template = "console/billing/progress.html" if request.htmx else "console/billing/return.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_http_methods(["GET", "POST"])
@billing_page
def change(request: HttpRequest) -> HttpResponse:
    """Another plan or interval: what it costs and from when, then the change itself."""
    shop, asked = current_shop(), request.POST if request.method == "POST" else request.GET
    plan, interval = asked.get("plan", ""), asked.get("interval", "")
    with outside():
        before = find_account(shop_id=shop.pk)
    stays = before is not None and before.is_subscribed and (before.plan, before.interval) == (plan, interval)
    if not stays and (plan not in PLANS or interval not in INTERVALS):
        return redirect("console:billing")
    if before and stays and not before.pending_plan:
        text = _("%(plan)s is your plan already: nothing was changed.") % {"plan": name_of_plan(plan)}
        messages.info(request, text)
        return redirect("console:billing")
    if request.method == "POST":
        looked_at = asked.get("from", "").partition("-")
        try:
            with outside():
                account = change_plan(
                    shop=shop,
                    plan=plan,
                    interval=interval,
                    instead_of=(looked_at[0], looked_at[2]) if looked_at[2] else None,
                    now=timezone.now(),
                )
        except PlanChanged as fault:
            messages.warning(request, fault.message)
            return redirect(f"{reverse('console:billing_change')}?{urlencode({'plan': plan, 'interval': interval})}")
        except DoneUnseen as fault:
            after = {"wished": f"{plan} {interval}"}
            return _go_on_unseen(request, fault, before=before, after=after)
        _record(request, account.plan, before=_sum_up(before), after=_sum_up(account))
        messages.success(request, say_changed(before, account, plan))
        return redirect("console:billing")
    with outside():
        preview = preview_change(shop=shop, plan=plan, interval=interval, now=timezone.now())
    context = {
        "account": before,
        "stays": stays,
        "dropped": say_dropped(before),
        "plan": plan,
        "name": name_of_plan(plan),
        "interval": interval,
        "looked_at": f"{before.plan}-{before.interval}" if before else "",
        "preview": preview,
        "currency": preview.currency.upper(),
    }
    return render(request, "console/billing/change.html", context)


@require_http_methods(["GET", "POST"])
@billing_page
def cancel(request: HttpRequest) -> HttpResponse:
    """Ask once more, then end the subscription with its period."""
    shop = current_shop()
    if request.method == "POST":
        with outside():
            before = find_account(shop_id=shop.pk)
        try:
            with outside():
                account = cancel_subscription(shop=shop, now=timezone.now())
        except DoneUnseen as fault:
            return _go_on_unseen(request, fault, before=before, after={"wished": "cancel"})
        _record(request, account.plan, before=_sum_up(before), after=_sum_up(account))
        messages.success(request, say_cancelled(before, account))
        return redirect("console:billing")
    with outside():
        found = find_account(shop_id=shop.pk)
    if found is None or not found.is_subscribed or found.ends_at:
        return redirect("console:billing")
    following = [term for term in found.terms if found.period_ends_at and found.period_ends_at < term.ends_at]
    owes = found.status in OWING
    context = {
        "account": found,
        "owes": owes,
        "dropped": say_dropped(found),
        "following": following[-1] if following else None,
    }
    return render(request, "console/billing/cancel.html", context)


@post_only
@billing_page
def resume(request: HttpRequest) -> HttpResponse:
    """Take a cancellation back, or wake a subscription that rests."""
    shop = current_shop()
    with outside():
        before = find_account(shop_id=shop.pk)
    try:
        with outside():
            resumed = resume_subscription(shop=shop, now=timezone.now())
    except DoneUnseen as fault:
        return _go_on_unseen(request, fault, before=before, after={"wished": "resume"})
    account = resumed.account
    _record(request, account.plan, before=_sum_up(before), after=_sum_up(account))
    messages.success(request, say_goes_on(before, resumed))
    return redirect("console:billing")


@require_GET
@payment_page
def portal(request: HttpRequest) -> HttpResponse:
    """On to the payment provider's page for cards and addresses."""
    shop = current_shop()
    back = request.build_absolute_uri(reverse("console:billing"))
    with outside():
        address = open_portal(shop=shop, return_url=back)
    return _leave_for(address)


@require_GET
@payment_page
def pay(request: HttpRequest) -> HttpResponse:
    """On to what is open: the oldest unpaid invoice, else the page where a new card is given."""
    shop = current_shop()
    back = request.build_absolute_uri(reverse("console:billing"))
    with outside():
        unpaid = [row for row in list_invoices(shop=shop) if row.status == "open" and row.url]
        address = unpaid[-1].url if unpaid else open_portal(shop=shop, return_url=back)
    return _leave_for(address)


def _record(request: HttpRequest, label: str, *, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
    """In the audit log; its triggers see the shop's own tables alone."""
    record_event(
        event="update", actor=get_actor(request), subject="billing_account", label=label, before=before, details=after
    )


def _go_on_unseen(
    request: HttpRequest, fault: DoneUnseen, *, before: AccountRow | None, after: dict[str, Any]
) -> HttpResponse:
    """It is done, and what became of it is not known yet: the log has the wish."""
    _record(request, before.plan if before else "", before=_sum_up(before), after=after)
    messages.info(request, fault.message)
    return redirect("console:billing")


def _sum_up(account: AccountRow | None) -> dict[str, Any]:
    """What a change is about."""
    if account is None:
        return {}
    ends = account.ends_at.isoformat() if account.ends_at else None
    return {name: getattr(account, name) for name in ("plan", "interval", "pending_plan", "pending_interval")} | {
        "ends_at": ends
    }


def _show_trouble(request: HttpRequest, fault: DomainError, *, status: int) -> HttpResponse:
    again = request.get_full_path() if request.method == "GET" else reverse("console:billing")
    return render(request, "console/billing/trouble.html", {"fault": fault, "again": again}, status=status)


def _render_invoices(request: HttpRequest, context: dict[str, object], *, status: int = 200) -> HttpResponse:
    template = "invoices" if request.htmx else "invoices_page"  # type: ignore[attr-defined]
    return render(request, f"console/billing/{template}.html", context, status=status)


def _leave_for(address: str) -> HttpResponse:
    return HttpResponseRedirect(address, status=303)


def _go_on(request: HttpRequest, name: str) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(reverse(name))
    return redirect(name)
