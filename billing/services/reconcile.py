"""Comparing all accounts with Stripe: whatever got lost, events too, is found and mended by one sweep."""

import logging
from collections.abc import Iterator
from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext as _

from billing import facts, gateway
from billing.alerts import Matter, raise_alert
from billing.errors import PaymentProviderDown
from billing.models import Account, Alert
from billing.plans import TRIAL
from billing.services.accounts import open_account
from billing.services.standing import apply_standing
from billing.services.sync import sync_account
from billing.standing import TRIAL_LENGTH
from billing.types import Reconciled
from tenants.models import Shop

PAGE = 200
PATIENCE = 3  # accounts in a row for which Stripe does not answer

logger = logging.getLogger(__name__)


def reconcile(*, now: datetime, limit: int | None = None) -> Reconciled:
    """Compare accounts with Stripe, the longest unseen first, and repair them. `limit`: at most so many accounts.

    Also opens accounts of shops on trial that have none, and raises an alert for subscriptions to our plans of
    customers whom no account knows. An account that fails is counted and left; raises PaymentProviderDown where Stripe
    answers for none of several in a row.
    """
    alerts_before = Alert.objects.order_by("-id").values_list("id", flat=True).first() or 0
    _open_missing_accounts(now)
    checked = repaired = failed = unanswered = 0
    for account_id, is_known_to_stripe in _list_accounts(limit):
        checked += 1
        try:
            repaired += _repair(account_id, is_known_to_stripe=is_known_to_stripe, now=now)
            unanswered = 0
        except PaymentProviderDown:
            failed, unanswered = failed + 1, unanswered + 1
            if unanswered == PATIENCE:
                raise
            logger.warning("Account %d could not be compared: Stripe did not answer", account_id)
        except Exception:
            logger.exception("Account %d could not be compared", account_id)
            failed += 1
    if unanswered and unanswered == checked:
        raise PaymentProviderDown(_("The payment provider does not answer. Nothing was changed; try again soon."))
    if limit is None:
        _find_strangers(now)
    alerts = Alert.objects.filter(id__gt=alerts_before).count()
    return Reconciled(checked=checked, repaired=repaired, alerts=alerts, failed=failed)


def _repair(account_id: int, *, is_known_to_stripe: bool, now: datetime) -> bool:
    if is_known_to_stripe:
        return sync_account(account_id=account_id, now=now)
    shop = Shop.objects.filter(pk__in=Account.objects.filter(pk=account_id).values("shop_id"))
    columns = ("access", "plan", "limits", "features", "notice")
    before = shop.values_list(*columns).first()
    apply_standing(account_id=account_id, now=now)
    Account.objects.filter(pk=account_id).update(synced_at=now)
    return before != shop.values_list(*columns).first()


def _list_accounts(limit: int | None) -> Iterator[tuple[int, bool]]:
    """Ids of accounts with whether Stripe knows them: all of them by pages, or the longest unseen."""
    accounts = Account.objects.values_list("id", "customer_id")
    if limit is not None:
        for account_id, customer_id in list(accounts.order_by(F("synced_at").asc(nulls_first=True), "id")[:limit]):
            yield account_id, customer_id is not None
        return
    last = 0
    while page := list(accounts.filter(id__gt=last).order_by("id")[:PAGE]):
        last = page[-1][0]
        for account_id, customer_id in page:
            yield account_id, customer_id is not None


def _open_missing_accounts(now: datetime) -> None:
    known = Account.objects.values("shop_id")
    for shop in Shop.objects.filter(plan=TRIAL).exclude(pk__in=known):
        account = open_account(shop=shop, trial_ends_at=shop.created_at + TRIAL_LENGTH, now=now)
        apply_standing(account_id=account.pk, now=now)


def _find_strangers(now: datetime) -> None:
    """Who pays for one of our plans without being a customer that we know: an operator has to find out who that is."""
    page: list[facts.Subscription] = []
    for subscription in gateway.current().iterate_living_subscriptions():
        page.append(subscription)
        if len(page) == PAGE:
            _report_strangers(page, now)
            page = []
    _report_strangers(page, now)


def _report_strangers(page: list[facts.Subscription], now: datetime) -> None:
    customers = {one.customer_id for one in page}
    known = set(Account.objects.filter(customer_id__in=customers).values_list("customer_id", flat=True))
    for one in page:
        if one.plan and one.customer_id not in known:
            detail = (
                f"{one.customer_id} has subscription {one.id} to {one.plan}, but no shop has this customer. "
                "Find out whose it is, then: laxin billing adopt SLUG CUSTOMER."
            )
            raise_alert(Matter("unknown_customer", one.customer_id, detail), account=None, now=now)
