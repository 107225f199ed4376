"""The calendar: what happens to a shop that does not pay, step by step, and how it comes back."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from fakes.stripe.app import FakeStripe
from messaging.models import Email
from staff.models import User

from billing import services
from billing.models import Account
from billing.selectors import list_alerts
from billing.services import review
from billing.services.standing import apply_standing
from tenants.errors import ShopUnknown
from tenants.models import DeletedShop, Shop
from tenants.selectors import get_shop
from tenants.services import set_access
from tenants.transaction import tenant_transaction
from tests.billing.conftest import Merchant, put_on_trial
from tests.support.shops import owner_email

BAD_CARD = "4000000000000341"


def subjects(merchant: Merchant) -> list[str]:
    """Keys of the mails so far, without their dates."""
    with tenant_transaction(merchant.shop):
        keys = Email.objects.order_by("id").values_list("key", flat=True)
        return [str(key).partition(":")[0] for key in keys]


def step(merchant: Merchant, days: float) -> str:
    """Let days pass. The access that the shop has then."""
    merchant.wait(days=days)
    return merchant.standing[0]


def test_a_trial_ends_step_by_step_each_with_its_mail(merchant: Merchant) -> None:
    assert step(merchant, 10.9) == "open"
    assert subjects(merchant) == []
    assert step(merchant, 0.2) == "open"
    assert subjects(merchant) == ["trial_ending"]
    assert step(merchant, 3) == "read_only"
    assert merchant.standing[2] == {"kind": "read_only", "cause": "trial_ended", "at": "2026-04-17T12:00:00+00:00"}
    assert step(merchant, 30) == "suspended"
    assert step(merchant, 59) == "suspended"
    assert subjects(merchant) == ["trial_ending", "trial_ended", "suspended"]
    assert step(merchant, 1) == "suspended"
    assert subjects(merchant)[3:] == ["deletion_warning"]
    assert step(merchant, 23) == "suspended"
    assert step(merchant, 6) == "suspended"
    assert subjects(merchant)[3:] == ["deletion_warning"] * 3


def test_the_same_step_writes_no_second_mail(merchant: Merchant) -> None:
    merchant.wait(days=15)
    for _time in range(3):
        Account.objects.update(next_review_at=merchant.fake.now)
        services.review_accounts(now=merchant.fake.now)
    assert subjects(merchant) == ["trial_ended"]


def test_paying_opens_a_suspended_shop_and_calls_the_deletion_off(merchant: Merchant) -> None:
    merchant.wait(days=110)
    assert merchant.standing[0] == "suspended"
    assert Account.objects.get(shop=merchant.shop).deletion_warned_at == merchant.fake.now
    merchant.subscribe("starter")
    assert merchant.standing == ("open", "starter", {})
    account = Account.objects.get(shop=merchant.shop)
    assert (account.deletion_warned_at, account.next_review_at) == (None, None)


def test_a_failed_payment_leaves_two_weeks_and_is_told_three_times(merchant: Merchant) -> None:
    merchant.fake.settings.after_retries = "past_due"
    merchant.subscribe("growth", card=BAD_CARD)
    merchant.wait(days=31.5)
    assert merchant.account.status == "past_due"
    since = merchant.account.past_due_since
    assert since is not None
    assert merchant.standing == (
        "open",
        "growth",
        {"kind": "payment_failed", "at": (since + timedelta(days=14)).isoformat()},
    )
    assert step(merchant, 7) == "open"
    assert step(merchant, 5) == "open"
    assert subjects(merchant) == ["subscription_started", "payment_failed", "payment_failed", "payment_failed"]
    assert step(merchant, 2) == "read_only"
    assert merchant.standing[2]["cause"] == "payment_failed"
    assert step(merchant, 14) == "suspended"


def test_an_old_invoice_that_stayed_open_takes_no_grace_from_a_new_failure(merchant: Merchant) -> None:
    """Where Stripe is set to leave invoices open, months are paid after one that never was."""
    fake = merchant.fake
    fake.settings.after_retries = "past_due"
    merchant.subscribe("growth")
    fake.settings.fail_payments = 4  # the first try and its three repetitions
    merchant.wait(days=31 + 16)
    assert merchant.account.status == "past_due"
    for _month in range(3):
        merchant.wait(days=31)
    assert merchant.standing[:2] == ("open", "growth")
    assert [one["status"] for one in fake.all("invoice")] == ["paid", "open", "paid", "paid", "paid"]

    fake.settings.fail_payments = 1
    merchant.wait(days=14)  # the 5th of August, a day after the invoice

    assert merchant.account.status == "past_due"
    assert merchant.account.past_due_since is not None
    assert fake.now - merchant.account.past_due_since < timedelta(days=3)
    access, _plan, notice = merchant.standing
    assert (access, notice["kind"]) == ("open", "payment_failed")


def test_a_payment_that_is_made_good_clears_the_notice(merchant: Merchant) -> None:
    merchant.subscribe("growth", card=BAD_CARD)
    merchant.wait(days=31.5)
    assert merchant.standing[2]["kind"] == "payment_failed"
    debt = next(one for one in merchant.fake.all("invoice") if one["status"] == "open")
    headers = {"Authorization": f"Bearer {merchant.fake.key}"}
    attached = merchant.fake.request(
        "POST", "/v1/payment_methods/pm_card_visa/attach", headers, f"customer={merchant.account.customer_id}"
    )
    assert attached[0] == 200
    merchant.fake.request("POST", f"/v1/invoices/{debt['id']}/pay", headers, "paid_out_of_band=true")
    merchant.deliver()
    assert merchant.account.status == "active"
    assert merchant.standing == ("open", "growth", {})
    assert subjects(merchant)[-1] == "payment_recovered"


def test_before_a_shop_loses_anything_stripe_is_asked(merchant: Merchant) -> None:
    """The events that told of the payment were lost: nobody is cut off for that."""
    merchant.fake.pay(merchant.checkout("growth"))
    merchant.fake.advance(days=14)
    assert services.review_accounts(now=merchant.fake.now) == 1
    assert merchant.standing == ("open", "growth", {})


def test_while_stripe_does_not_answer_nobody_loses_anything(merchant: Merchant) -> None:
    merchant.checkout("growth")
    merchant.fake.advance(days=14)
    merchant.fake.settings.faults = ["500 before"] * 30
    services.review_accounts(now=merchant.fake.now)
    assert merchant.standing[0] == "open"
    assert merchant.account.next_review_at == merchant.fake.now + timedelta(minutes=10)
    merchant.fake.settings.faults = []
    merchant.fake.advance(seconds=600)
    services.review_accounts(now=merchant.fake.now)
    assert merchant.standing[0] == "read_only"


def test_a_batch_is_bounded_and_the_rest_comes_next(merchant: Merchant, shops: tuple[Shop, Shop], now: Any) -> None:
    put_on_trial(shops[1], now)
    later = now + timedelta(days=14)
    assert [services.review_accounts(now=later, limit=1) for _time in range(3)] == [1, 1, 0]
    assert set(Shop.objects.values_list("access", flat=True)) == {"read_only"}


def test_every_owner_is_told_and_each_once(merchant: Merchant, now: Any) -> None:
    with tenant_transaction(merchant.shop):
        User.objects.create_user(email="second@north.example", password=None, role="owner", language="en")
    merchant.wait(days=11)
    with tenant_transaction(merchant.shop):
        User.objects.filter(email=owner_email("north")).update(is_active=False)
    apply_standing(account_id=merchant.account.id, now=merchant.fake.now)
    with tenant_transaction(merchant.shop):
        told = list(Email.objects.order_by("id").values_list("to", flat=True))
    assert told == [[owner_email("north")], ["second@north.example"]]


def test_a_shop_without_an_owner_does_not_keep_the_others_waiting(
    merchant: Merchant, shops: tuple[Shop, Shop], now: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As shops are that were made for measuring, and nobody was put in."""
    put_on_trial(shops[1], now + timedelta(seconds=1))
    monkeypatch.setattr("billing.mails.list_owners", list)
    services.review_accounts(now=now + timedelta(days=15))
    assert set(Shop.objects.values_list("access", flat=True)) == {"read_only"}


def test_a_fault_in_one_account_does_not_keep_the_others_waiting(
    merchant: Merchant, shops: tuple[Shop, Shop], now: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_trial(shops[1], now + timedelta(seconds=1))
    apply, broken = apply_standing, merchant.account.id

    def fail(*, account_id: int, now: Any) -> Any:
        if account_id == broken:
            raise RuntimeError
        return apply(account_id=account_id, now=now)

    monkeypatch.setattr(review, "apply_standing", fail)
    later = now + timedelta(days=15)
    services.review_accounts(now=later)
    assert merchant.standing[0] == "open"
    assert merchant.account.next_review_at == later + timedelta(minutes=10)
    assert Shop.objects.get(pk=shops[1].pk).access == "read_only"


def test_a_shop_that_an_operator_closed_stays_closed_whatever_it_pays(merchant: Merchant) -> None:
    set_access(shop=merchant.shop, access=Shop.Access.SUSPENDED)
    merchant.subscribe("growth")
    assert merchant.standing == ("suspended", "growth", {})
    set_access(shop=merchant.shop, access=Shop.Access.OPEN)
    services.reconcile(now=merchant.fake.now)
    assert merchant.standing == ("open", "growth", {})


@pytest.mark.parametrize(("days", "access"), [(1, "open"), (15, "read_only"), (50, "suspended")])
def test_resuming_leaves_a_shop_to_what_it_pays_for(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], days: int, access: str
) -> None:
    merchant.wait(days=days)
    monkeypatch.setattr("django.utils.timezone.now", lambda: merchant.fake.now)
    call_command("shop", "suspend", "north")
    services.reconcile(now=merchant.fake.now)
    assert merchant.standing[0] == "suspended"
    capsys.readouterr()

    call_command("shop", "resume", "north")

    assert merchant.standing[0] == access
    said = capsys.readouterr().out
    assert said.startswith(f"north\t{access}\n")
    assert ("What it pays for does not open it" in said) is (access != "open")
    assert services.reconcile(now=merchant.fake.now).repaired == 0


def test_opening_by_hand_does_not_outlast_the_next_sweep(merchant: Merchant) -> None:
    merchant.wait(days=15)
    set_access(shop=merchant.shop, access=Shop.Access.OPEN)
    assert services.reconcile(now=merchant.fake.now).repaired == 1
    assert merchant.standing[0] == "read_only"


def test_a_shop_whose_owner_cannot_be_warned_is_not_deleted(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("billing.mails.list_owners", list)
        for days in (15, 31, 61, 31, 31):
            merchant.wait(days=days)
    assert merchant.standing[0] == "suspended"
    assert Account.objects.get().deletion_warned_at is None
    assert [alert.kind for alert in list_alerts()] == ["nobody_to_warn"]
    assert subjects(merchant) == []

    merchant.wait(days=24)  # there is an owner again

    assert Account.objects.get().deletion_warned_at == merchant.fake.now
    assert list_alerts() == []
    assert subjects(merchant) == ["deletion_warning"]
    merchant.wait(days=29)
    assert merchant.standing[0] == "suspended"


def test_what_was_announced_is_deleted_and_nothing_is_charged_after(
    live_shops: tuple[Shop, Shop], fake: FakeStripe, now: Any
) -> None:
    services.sync_prices()
    put_on_trial(live_shops[0], now)
    merchant = Merchant(shop=live_shops[0], fake=fake, delivered=len(fake.events))
    fake.settings.after_retries = "past_due"
    subscription_id = merchant.subscribe("growth", card=BAD_CARD)
    merchant.wait(days=31.5)  # past due
    merchant.wait(days=14)  # read-only
    merchant.wait(days=14)  # suspended
    merchant.wait(days=60)  # the first warning
    assert merchant.standing[0] == "suspended"
    merchant.wait(days=29.5)
    assert get_shop(slug="north").access == "suspended"

    merchant.wait(days=1)  # the mail server refused every warning

    assert get_shop(slug="north").access == "suspended"
    assert [alert.kind for alert in list_alerts()] == ["nobody_to_warn"]
    with tenant_transaction(merchant.shop):
        warnings = Email.objects.filter(key__startswith="deletion_warning:")
        assert warnings.order_by("sent_at").update(sent_at=fake.now) == 2
    merchant.wait(days=20)
    assert get_shop(slug="north").access == "suspended"

    merchant.wait(days=9)

    with pytest.raises(ShopUnknown):
        get_shop(slug="north")
    assert DeletedShop.objects.get().slug == "north"
    assert not Account.objects.exists()
    assert fake.get(subscription_id)["status"] == "canceled"
    assert get_shop(slug="south").access == "open"
