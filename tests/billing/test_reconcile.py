"""Sweeps: whatever got lost is found, all of it, in one."""

from datetime import timedelta
from typing import Any

import pytest
from fakes.stripe.controls import set_status

from billing import gateway, services
from billing.errors import BillingError, PaymentProviderDown, PaymentProviderRefused
from billing.models import Account, Alert
from billing.types import Reconciled
from tenants.models import Shop
from tests.billing.conftest import Merchant


def test_when_every_event_is_lost_one_sweep_mends_all(merchant: Merchant, other_merchant: Any) -> None:
    south = other_merchant()
    merchant.fake.pay(merchant.checkout("scale", "year"))
    south.fake.pay(south.checkout("starter", prepay=True))
    merchant.fake.advance(days=3)
    assert merchant.standing[1] == south.standing[1] == "trial"

    swept = services.reconcile(now=merchant.fake.now)

    assert swept == Reconciled(checked=2, repaired=2, alerts=0)
    assert (merchant.standing, south.standing) == (("open", "scale", {}), ("open", "starter", {}))
    assert services.reconcile(now=merchant.fake.now) == Reconciled(checked=2, repaired=0, alerts=0)


def test_a_lost_cancellation_is_found(merchant: Merchant) -> None:
    subscription_id = merchant.subscribe("growth")
    set_status(merchant.fake, subscription_id, "canceled")
    assert services.reconcile(now=merchant.fake.now).repaired == 1
    assert merchant.standing[:2] == ("read_only", "growth")


def test_a_bounded_sweep_takes_the_longest_unseen_first(merchant: Merchant, other_merchant: Any) -> None:
    south = other_merchant()
    merchant.subscribe("growth")
    south.subscribe("growth")
    Account.objects.filter(shop=south.shop).update(synced_at=merchant.fake.now - timedelta(days=1))
    set_status(merchant.fake, south.account.subscription_id, "canceled")
    assert services.reconcile(now=merchant.fake.now, limit=1) == Reconciled(checked=1, repaired=1, alerts=0)
    assert south.standing[0] == "read_only"


def test_a_customer_whom_nobody_knows_is_reported_and_can_be_adopted(merchant: Merchant) -> None:
    """As after a backup was restored that is older than the customer."""
    merchant.subscribe("growth")
    customer_id = merchant.account.customer_id
    Account.objects.filter(shop=merchant.shop).update(customer_id=None, subscription_id=None, status="", plan="")
    assert services.reconcile(now=merchant.fake.now).alerts == 1
    assert services.reconcile(now=merchant.fake.now).alerts == 0
    alert = Alert.objects.get()
    assert alert.key == f"unknown_customer:{customer_id}"
    assert merchant.standing[1] == "trial"

    account_id = services.adopt_customer(shop=merchant.shop, customer_id=customer_id, now=merchant.fake.now)
    services.sync_account(account_id=account_id, now=merchant.fake.now)

    assert merchant.standing == ("open", "growth", {})
    assert Alert.objects.get().resolved_at == merchant.fake.now


def test_a_customer_of_another_shop_is_not_adopted(merchant: Merchant, shops: tuple[Shop, Shop]) -> None:
    merchant.subscribe("growth")
    with pytest.raises(BillingError):
        services.adopt_customer(shop=shops[1], customer_id=merchant.account.customer_id, now=merchant.fake.now)


def test_a_shop_on_trial_without_an_account_gets_one(merchant: Merchant, shops: tuple[Shop, Shop], now: Any) -> None:
    Shop.objects.filter(pk=shops[1].pk).update(plan="trial", created_at=now - timedelta(days=20))
    services.reconcile(now=now)
    account = Account.objects.get(shop=shops[1])
    assert account.trial_ends_at == now - timedelta(days=6)
    assert Shop.objects.get(pk=shops[1].pk).access == "read_only"


@pytest.mark.parametrize("fault", [PaymentProviderRefused("No."), PaymentProviderDown("500")])
def test_one_account_that_fails_does_not_stop_the_others(
    merchant: Merchant, other_merchant: Any, monkeypatch: pytest.MonkeyPatch, fault: BillingError
) -> None:
    south = other_merchant()
    merchant.fake.pay(merchant.checkout("growth"))
    south.fake.pay(south.checkout("growth"))
    stripe, customer_id = gateway.current(), merchant.account.customer_id
    list_subscriptions = stripe.list_subscriptions

    def refuse(asked: str) -> Any:
        if asked == customer_id:
            raise fault
        return list_subscriptions(asked)

    monkeypatch.setattr(stripe, "list_subscriptions", refuse)
    assert services.reconcile(now=merchant.fake.now) == Reconciled(checked=2, repaired=1, alerts=0, failed=1)
    assert merchant.standing[1] == "trial"
    assert south.standing == ("open", "growth", {})


def test_where_stripe_does_not_answer_the_sweep_says_so(merchant: Merchant) -> None:
    merchant.subscribe("growth")
    before = merchant.account
    merchant.fake.settings.faults = ["500 before"] * 30
    with pytest.raises(PaymentProviderDown):
        services.reconcile(now=merchant.fake.now)
    assert merchant.account == before
