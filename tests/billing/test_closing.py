"""Deleting a shop ends at Stripe what would be charged for it, by the calendar and by an operator's command."""

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from fakes.stripe.app import FakeStripe
from messaging.models import Email

from billing import gateway, services
from billing.errors import AccountBusy, PaymentOnItsWay
from billing.gateway import Gateway
from billing.models import Account, Checkout
from billing.services import closing
from tenants.models import DeletedShop, Shop
from tenants.schemas import owner_cursor
from tenants.transaction import tenant_transaction
from tests.billing.conftest import Merchant, put_on_trial


@pytest.fixture
def merchant(live_shops: tuple[Shop, Shop], fake: FakeStripe, now: datetime) -> Merchant:
    """`north` on trial, in a database of its own: deletions commit."""
    services.sync_prices()
    put_on_trial(live_shops[0], now)
    return Merchant(shop=live_shops[0], fake=fake, delivered=len(fake.events))


def delete(*options: str) -> str:
    out = io.StringIO()
    call_command("shop", "delete", "north", "--yes", *options, stdout=out)
    return out.getvalue()


def is_there() -> bool:
    return Shop.objects.filter(slug="north").exists()


def forget_page(merchant: Merchant) -> str:
    """A page that was left open. Its id."""
    session_id = merchant.checkout("scale", prepay=True)
    assert merchant.fake.get(session_id)["status"] == "open"
    return session_id


def test_the_command_ends_subscriptions_pages_and_the_customer(merchant: Merchant) -> None:
    session_id = forget_page(merchant)
    customer_id = merchant.account.customer_id
    merchant.fake.pay(merchant.fake.get(session_id)["id"])
    merchant.deliver()
    other_page = forget_page(merchant)

    said = delete()

    assert not is_there()
    assert merchant.fake.get(other_page)["status"] == "expired"
    assert merchant.fake.get(customer_id)["deleted"] is True
    assert f"Ended at Stripe: 0 subscriptions, 1 payment pages, customer {customer_id}." in said


def test_the_command_ends_a_subscription_that_runs(merchant: Merchant) -> None:
    subscription_id = merchant.subscribe("growth")
    invoices = len(merchant.fake.all("invoice"))

    said = delete()

    assert merchant.fake.get(subscription_id)["status"] == "canceled"
    assert "Ended at Stripe: 1 subscriptions, 0 payment pages" in said
    merchant.fake.advance(days=62)
    assert len(merchant.fake.all("invoice")) == invoices


def test_where_stripe_does_not_answer_nothing_is_deleted(merchant: Merchant) -> None:
    subscription_id = merchant.subscribe("growth")
    merchant.fake.settings.faults = ["500 before"] * 20
    with pytest.raises(CommandError, match=r"Nothing was deleted.*--leave-at-stripe"):
        delete()
    assert is_there()
    assert merchant.fake.get(subscription_id)["status"] == "active"

    said = delete("--leave-at-stripe")

    assert not is_there()
    merchant.fake.settings.faults = []
    assert merchant.fake.get(subscription_id)["status"] == "active"
    assert f"Left at Stripe: customer {merchant.fake.get(subscription_id)['customer']}." in said


def test_a_shop_that_never_went_to_pay_is_deleted_without_stripe(merchant: Merchant) -> None:
    merchant.fake.settings.faults = ["500 before"] * 20
    assert "Stripe" not in delete()
    assert not is_there()
    assert len(merchant.fake.settings.faults) == 20


def test_a_deletion_that_failed_is_taken_up_again(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    subscription_id = merchant.subscribe("growth")
    monkeypatch.setattr("tenants.owner_session.LOCK_TIMEOUT", "SET lock_timeout = '50ms'")
    with owner_cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"LOCK TABLE {merchant.shop.schema_name}.members_member IN ACCESS SHARE MODE")
        with pytest.raises(CommandError, match="Suspend it"):
            delete()
        cursor.execute("ROLLBACK")
    assert is_there()
    assert merchant.fake.get(subscription_id)["status"] == "canceled"

    delete()

    assert not is_there()


def test_nothing_is_deleted_while_a_payment_is_on_its_way(merchant: Merchant) -> None:
    merchant.fake.pay(merchant.checkout("growth", prepay=True), way="us_bank_account")
    with pytest.raises(PaymentOnItsWay):
        closing.close_and_delete_shop(shop=merchant.shop, now=merchant.fake.now)
    assert is_there()
    assert not merchant.fake.get(merchant.account.customer_id).get("deleted")

    merchant.fake.advance(days=5)
    closing.close_and_delete_shop(shop=merchant.shop, now=merchant.fake.now)
    assert not is_there()


def test_who_goes_to_pay_while_the_shop_is_deleted_keeps_it(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    merchant.subscribe("growth")
    real = Gateway.delete_customer

    def delete_and_be_overtaken(self: Gateway, customer_id: str, *, key: str) -> None:
        real(self, customer_id, key=key)
        services.sync_account(account_id=merchant.account.id, now=now)
        merchant.checkout("scale")

    monkeypatch.setattr(Gateway, "delete_customer", delete_and_be_overtaken)
    with pytest.raises(AccountBusy):
        closing.close_and_delete_shop(shop=merchant.shop, now=now)
    assert is_there()
    assert Checkout.objects.filter(account__shop=merchant.shop, is_open=True).count() == 1


def test_a_page_that_is_stored_after_the_last_look_is_closed_again(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    """The shop is deleted between the opening of the page at Stripe and its storing with us."""
    opened: list[str] = []
    real = Gateway.open_checkout

    def open_and_be_overtaken(self: Gateway, params: Any, *, key: str) -> Any:
        session = real(self, params, key=key)
        if not opened:
            opened.append(session.id)
            delete()
        return session

    monkeypatch.setattr(Gateway, "open_checkout", open_and_be_overtaken)
    with pytest.raises(Account.DoesNotExist):
        merchant.checkout("scale")
    assert not is_there()
    assert merchant.fake.get(opened[0])["status"] == "expired"


def fall_due(merchant: Merchant) -> None:
    """Let the trial end and all be announced; the day of the deletion has come."""
    for days in (15, 31, 61, 29.5):
        merchant.wait(days=days)
        with tenant_transaction(merchant.shop):
            Email.objects.filter(sent_at=None).update(sent_at=merchant.fake.now)
    merchant.fake.advance(days=1)


def test_the_calendar_ends_pages_and_the_customer_too(merchant: Merchant) -> None:
    fall_due(merchant)
    session_id = forget_page(merchant)

    services.review_accounts(now=merchant.fake.now + timedelta(minutes=11))

    assert DeletedShop.objects.get().slug == "north"
    session = merchant.fake.get(session_id)
    assert session["status"] == "expired"
    assert merchant.fake.get(session["customer"])["deleted"] is True


def test_who_is_given_a_plan_while_stripe_takes_its_time_keeps_the_shop(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    merchant.checkout("growth")
    fall_due(merchant)
    real = Gateway.delete_customer

    def slowly(self: Gateway, customer_id: str, *, key: str) -> None:
        real(self, customer_id, key=key)
        services.give_plan(
            shop=merchant.shop, plan="growth", reason="They rang.", operator="ops", until=None, now=merchant.fake.now
        )

    monkeypatch.setattr(Gateway, "delete_customer", slowly)
    services.review_accounts(now=merchant.fake.now + timedelta(minutes=11))

    assert merchant.standing[:2] == ("open", "growth")


def test_who_pays_in_the_last_moment_keeps_the_shop(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    fall_due(merchant)
    session_id = forget_page(merchant)
    real = Gateway.expire_session

    def expire_too_late(self: Gateway, session_id: str, *, key: str) -> None:
        merchant.fake.pay(session_id)
        real(self, session_id, key=key)

    monkeypatch.setattr(Gateway, "expire_session", expire_too_late)
    services.review_accounts(now=merchant.fake.now + timedelta(minutes=11))

    assert merchant.standing[:2] == ("open", "scale")
    assert merchant.fake.get(session_id)["payment_status"] == "paid"
    assert gateway.current().has_customer(merchant.account.customer_id)
