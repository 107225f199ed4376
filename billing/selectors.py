"""Reads of billing. All run outside a tenant transaction; `list_invoices` and `list_tax_ids` ask Stripe."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from billing import gateway, prepaid
from billing.errors import AccountUnknown, CheckoutUnknown
from billing.facts import is_living
from billing.models import Account, Alert, Checkout, PaymentEvent, PlanOverride
from billing.types import AccountRow, AlertRow, EventRow, InvoiceRow, OverrideRow, Settlement
from tenants.models import Shop


def get_account(*, shop_id: int) -> AccountRow:
    """Return a shop's account. Raises AccountUnknown for a shop that was made by hand."""
    account = Account.objects.filter(shop_id=shop_id).first()
    if account is None:
        raise AccountUnknown(_("This shop has no account: an operator opened it by hand, so it pays nothing."))
    return to_row(account)


def find_account(*, shop_id: int) -> AccountRow | None:
    """Return a shop's account, or None for one that was made by hand."""
    account = Account.objects.filter(shop_id=shop_id).first()
    return to_row(account) if account else None


def to_row(account: Account) -> AccountRow:
    """The account as others see it."""
    terms = prepaid.list_terms(account_id=account.pk)
    return AccountRow(
        id=account.pk,
        shop_id=account.shop_id,
        status=account.status,
        plan=account.plan,
        interval=account.interval,
        currency=account.currency,
        trial_ends_at=account.trial_ends_at,
        period_ends_at=account.period_ends_at,
        cancel_at_period_end=account.cancel_at_period_end,
        ends_at=account.ends_at,
        pending_plan=account.pending_plan,
        pending_interval=account.pending_interval,
        past_due_since=account.past_due_since,
        paid_until=terms[-1].ends_at if terms else None,
        prepaid_plan=terms[-1].plan if terms else "",
        terms=terms,
        customer_id=account.customer_id or "",
        subscription_id=account.subscription_id or "",
        version=account.version,
        synced_at=account.synced_at,
        next_review_at=account.next_review_at,
        is_subscribed=is_living(account.status),
    )


def find_settlement(*, shop: Shop, session_id: str) -> Settlement:
    """Return what became of a payment page, as far as we have learnt it. Raises CheckoutUnknown for one of others."""
    checkout = (
        Checkout.objects.select_related("account").filter(account__shop_id=shop.pk, session_id=session_id).first()
    )
    if checkout is None:
        raise CheckoutUnknown(_("This payment page is not one of this shop's. Look at the page Billing."))
    account = to_row(checkout.account)
    if not checkout.is_prepay:
        return Settlement(account, account.plan, has_arrived=account.is_subscribed and not checkout.is_open)
    term = prepaid.find_term(checkout_id=checkout.pk, account_id=account.id)
    return Settlement(account, checkout.plan, has_arrived=term is not None, begins_at=term.starts_at if term else None)


def list_events(
    *, states: Iterable[str] = (), shop_id: int | None = None, after_id: int = 0, limit: int = 100
) -> list[EventRow]:
    """Return events, the newest first: of `states`, of one shop, before `after_id` (for the next page) if given."""
    events = PaymentEvent.objects.order_by("-id")
    if wanted := list(states):
        events = events.filter(state__in=wanted)
    if shop_id is not None:
        events = events.filter(account__shop_id=shop_id)
    if after_id:
        events = events.filter(id__lt=after_id)
    shop = Account.objects.filter(pk=OuterRef("account_id")).values("shop_id")
    return [
        EventRow(
            id=event.pk,
            event_id=event.event_id,
            type=event.type,
            object_id=event.object_id,
            state=event.state,
            attempts=event.attempts,
            shop_id=event.of_shop,
            created_at=event.created_at,
            received_at=event.received_at,
            next_attempt_at=event.next_attempt_at,
            processed_at=event.processed_at,
            last_error=event.last_error,
        )
        for event in events.annotate(of_shop=Subquery(shop))[:limit]
    ]


def list_dead_events(*, limit: int = 100) -> list[EventRow]:
    """Return events that were given up: each waits for `retry_event`."""
    return list_events(states=[PaymentEvent.State.DEAD], limit=limit)


def list_due_events(*, now: datetime, limit: int) -> list[int]:
    """Return the ids of events whose next attempt is due, the oldest first."""
    due = PaymentEvent.objects.filter(state=PaymentEvent.State.PENDING, next_attempt_at__lte=now)
    return list(due.order_by("next_attempt_at", "id").values_list("id", flat=True)[:limit])


def list_alerts(*, open_only: bool = True, limit: int = 100) -> list[AlertRow]:
    """Return what a person has to look at, the newest first."""
    alerts = Alert.objects.select_related("account").order_by("-id")
    if open_only:
        alerts = alerts.filter(resolved_at=None)
    return [
        AlertRow(
            id=alert.pk,
            kind=alert.kind,
            detail=alert.detail,
            shop_id=alert.account.shop_id if alert.account else None,
            raised_at=alert.raised_at,
            resolved_at=alert.resolved_at,
        )
        for alert in alerts[:limit]
    ]


def list_overrides(*, shop_id: int) -> list[OverrideRow]:
    """Return every override that the shop had, the newest first; the one in force has no `ended_at`."""
    overrides = PlanOverride.objects.filter(account__shop_id=shop_id).order_by("-id")
    return [
        OverrideRow(
            id=override.pk,
            shop_id=shop_id,
            plan=override.plan,
            reason=override.reason,
            operator=override.operator,
            starts_at=override.starts_at,
            until=override.until,
            ended_at=override.ended_at,
        )
        for override in overrides
    ]


def list_invoices(*, shop: Shop, limit: int = 24) -> list[InvoiceRow]:
    """Return the shop's newest invoices, as Stripe has them; none for one that never went to pay."""
    customer_id = _find_customer_id(shop)
    return gateway.current().list_invoices(customer_id, limit=limit) if customer_id else []


def list_tax_ids(*, shop: Shop) -> list[tuple[str, str]]:
    """Return the shop's tax numbers as pairs of kind and value, as Stripe has them."""
    customer_id = _find_customer_id(shop)
    return gateway.current().list_tax_ids(customer_id) if customer_id else []


def _find_customer_id(shop: Shop) -> str | None:
    return Account.objects.filter(shop_id=shop.pk).values_list("customer_id", flat=True).first()
