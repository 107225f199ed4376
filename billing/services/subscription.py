"""What a merchant changes about a running subscription. Each writes to Stripe and then fetches what became of it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from billing import facts, gateway
from billing.errors import (
    AccountBusy,
    BillingError,
    DoneUnseen,
    NotSubscribed,
    PaymentDeclined,
    PaymentProviderDown,
    PlanChanged,
)
from billing.models import Account
from billing.plans import get_plan, is_upgrade
from billing.purchases import refuse_change, refuse_going_on
from billing.selectors import to_row
from billing.services.checkout import close_pages, find_price, get_customer_id, make_key
from billing.services.sync import sync_account
from billing.types import AccountRow, ChangePreview, Resumption
from tenants.models import Shop


def preview_change(*, shop: Shop, plan: str, interval: str, now: datetime) -> ChangePreview:
    """Return what `change_plan` would cost, and when; of the plan of now what its next period costs.

    Raises PlanUnknown, NotSubscribed, AlreadySubscribed, PaymentDue, PricesMissing.
    """
    account, subscription = _load(shop)
    if (subscription.plan, subscription.interval) == (plan, interval):
        # Perhaps another sum than that of today's price list.
        price = subscription.amount_minor * subscription.quantity
    else:
        price = get_plan(plan).get_price(interval, account.currency)
    _raise(refuse_change(_as_at_stripe(account, subscription), plan=plan, interval=interval))
    if not is_upgrade(plan=subscription.plan, interval=subscription.interval, to_plan=plan, to_interval=interval):
        at = subscription.period_ends_at or now
        return ChangePreview(amount_due_minor=price, currency=account.currency, at=at, is_upgrade=False)
    price_id = _find_recurring(plan, interval, account)
    due = gateway.current().preview_update(subscription, price_id=price_id)
    return ChangePreview(amount_due_minor=due, currency=account.currency, at=now, is_upgrade=True)


def change_plan(
    *, shop: Shop, plan: str, interval: str, instead_of: tuple[str, str] | None = None, now: datetime
) -> AccountRow:
    """Upgrade at once, or downgrade when the period ends; the plan of now takes a planned downgrade back.

    An upgrade is paid at once, with what is left of the old plan deducted; where the payment is declined the plan stays
    (a planned downgrade was taken back before). `instead_of`: the plan and interval whose change was looked at; of
    another one nothing is changed. Raises PlanChanged, PlanUnknown, NotSubscribed, AlreadySubscribed, PaymentDue,
    PricesMissing, PaymentDeclined, PaymentOnItsWay, DoneUnseen.
    """
    account, subscription = _load_to_go_on(shop, now)
    held = subscription.plan, subscription.interval
    if instead_of not in {None, held}:
        raise PlanChanged(_("The plan was changed meanwhile. Look at what the change costs now."))
    if held != (plan, interval):
        get_plan(plan).get_price(interval, account.currency)
    _raise(refuse_change(_as_at_stripe(account, subscription), plan=plan, interval=interval))
    if held == (plan, interval):
        _drop_schedule(account, subscription)
        _keep_going(account, subscription)
    elif is_upgrade(plan=subscription.plan, interval=subscription.interval, to_plan=plan, to_interval=interval):
        price_id = _find_recurring(plan, interval, account)
        _upgrade(account, subscription, price_id)
    elif (account.pending_plan, account.pending_interval) != (plan, interval) or not subscription.schedule_id:
        price_id = _find_recurring(plan, interval, account)
        _keep_going(account, subscription)
        key = make_key(account, "downgrade", {"subscription": subscription.id, "price": price_id})
        gateway.current().plan_change(subscription, price_id=price_id, plan=plan, interval=interval, key=key)
    return _refresh(account, now)


def cancel_subscription(*, shop: Shop, now: datetime) -> AccountRow:
    """Let the subscription end with its period; what was paid for stays usable until then.

    Raises NotSubscribed, DoneUnseen.
    """
    account, subscription = _load(shop)
    if subscription.ends_at is None:
        _drop_schedule(account, subscription)
        params = {"cancel_at_period_end": True}
        key = make_key(account, "cancel", {"subscription": subscription.id})
        gateway.current().update_subscription(subscription.id, params, key=key)
    return _refresh(account, now)


def resume_subscription(*, shop: Shop, now: datetime) -> Resumption:
    """Take a cancellation back, or wake a paused subscription, whose new period is paid at once.

    Raises NotSubscribed, AlreadySubscribed, PaymentDeclined, PaymentOnItsWay, DoneUnseen.
    """
    account, subscription = _load_to_go_on(shop, now)
    _raise(refuse_going_on(_as_at_stripe(account, subscription)))
    if subscription.status == "paused":
        key = make_key(account, "wake", {"subscription": subscription.id})
        gateway.current().resume_subscription(subscription.id, key=key)
    else:
        _keep_going(account, subscription)
    return Resumption(_refresh(account, now), subscription.amount_minor)


def _load(shop: Shop) -> tuple[Account, facts.Subscription]:
    """The account and its subscription as Stripe has it at this moment."""
    customer_id = get_customer_id(shop)
    account = Account.objects.get(shop_id=shop.pk)
    subscription = facts.choose(gateway.current().list_subscriptions(customer_id))
    if subscription is None or not subscription.is_living:
        raise NotSubscribed(_("This shop has no running subscription. Choose a plan first."))
    return account, subscription


def _load_to_go_on(shop: Shop, now: datetime) -> tuple[Account, facts.Subscription]:
    """Load what may lose its planned end; a year that would follow on that end cannot be paid any more then."""
    account, subscription = _load(shop)
    if subscription.ends_at and account.checkouts.filter(is_open=True, is_prepay=True).exists():
        close_pages(account, now=now)
        account, subscription = _load(shop)
    return account, subscription


def _as_at_stripe(account: Account, subscription: facts.Subscription) -> AccountRow:
    """The account with its subscription as Stripe has it at this moment."""
    return replace(
        to_row(account),
        status=subscription.status,
        plan=subscription.plan,
        interval=subscription.interval,
        ends_at=subscription.ends_at,
    )


def _raise(refusal: BillingError | None) -> None:
    if refusal:
        raise refusal


def _upgrade(account: Account, subscription: facts.Subscription, price_id: str) -> None:
    _drop_schedule(account, subscription)
    params: dict[str, Any] = {
        "items": [{"id": subscription.item_id, "price": price_id}],
        "proration_behavior": "always_invoice",
        "payment_behavior": "error_if_incomplete",
        **_without_end(subscription),
    }
    try:
        gateway.current().update_subscription(subscription.id, params, key=make_key(account, "upgrade", params))
    except PaymentDeclined:
        # The refusal is kept under its key for a day: the next attempt is another wish.
        Account.objects.filter(pk=account.pk).update(version=F("version") + 1)
        raise


def _find_recurring(plan: str, interval: str, account: Account) -> str:
    return find_price(plan, "month" if interval == "month" else "year", account.currency)


def _drop_schedule(account: Account, subscription: facts.Subscription) -> None:
    if subscription.schedule_id:
        key = make_key(account, "release", {"schedule": subscription.schedule_id})
        gateway.current().drop_planned_change(subscription.schedule_id, key=key)


def _keep_going(account: Account, subscription: facts.Subscription) -> None:
    if params := _without_end(subscription):
        key = make_key(account, "resume", {"subscription": subscription.id})
        gateway.current().update_subscription(subscription.id, params, key=key)


def _without_end(subscription: facts.Subscription) -> dict[str, Any]:
    """What takes a planned end back; the portal plans some by date."""
    if subscription.ends_at is None:
        return {}
    return {"cancel_at_period_end": False} if subscription.ends_with_period else {"cancel_at": ""}


def _refresh(account: Account, now: datetime) -> AccountRow:
    try:
        sync_account(account_id=account.pk, now=now)
    except (PaymentProviderDown, AccountBusy) as fault:
        raise DoneUnseen(_("This is done. It will be shown here in a minute.")) from fault
    return to_row(Account.objects.get(pk=account.pk))
