"""What a merchant changes about a running subscription, and what that costs."""

from datetime import UTC, datetime

import pytest
from django.utils.translation import override
from fakes.stripe.controls import set_status

from billing import gateway, plans, selectors, services
from billing.errors import NotSubscribed, PaymentDeclined, PaymentDue, TaxIdInvalid
from billing.models import Alert
from billing.services.checkout import find_price
from billing.types import ChangePreview
from tests.billing.conftest import Merchant

END = datetime(2026, 4, 4, 12, tzinfo=UTC)


def change(merchant: Merchant, plan: str, interval: str = "month") -> None:
    """As the button does it."""
    services.change_plan(shop=merchant.shop, plan=plan, interval=interval, now=merchant.fake.now)


def test_an_upgrade_is_paid_at_once_with_the_rest_deducted(merchant: Merchant) -> None:
    merchant.subscribe("starter")
    merchant.wait(days=15.5)  # half of March's 31 days

    preview = services.preview_change(shop=merchant.shop, plan="growth", interval="month", now=merchant.fake.now)
    change(merchant, "growth")

    assert preview == ChangePreview(10000, "cny", merchant.fake.now, is_upgrade=True)
    assert merchant.fake.all("invoice")[-1]["amount_paid"] == 10000
    assert merchant.standing == ("open", "growth", {})
    assert merchant.account.period_ends_at == END


def test_from_months_to_years_is_an_upgrade(merchant: Merchant) -> None:
    merchant.subscribe("growth")
    change(merchant, "growth", "year")
    assert (merchant.account.plan, merchant.account.interval) == ("growth", "year")
    assert merchant.account.period_ends_at == datetime(2027, 3, 4, 12, tzinfo=UTC)


def test_an_upgrade_that_is_declined_changes_nothing_and_can_be_tried_again(merchant: Merchant) -> None:
    merchant.subscribe("starter")
    merchant.fake.settings.fail_payments = 1
    with pytest.raises(PaymentDeclined):
        change(merchant, "growth")
    merchant.deliver()
    assert (merchant.account.status, merchant.standing[1]) == ("active", "starter")
    change(merchant, "growth")
    assert merchant.standing[1] == "growth"


def test_a_bank_that_wants_the_payer_is_told_apart_from_one_that_declines(merchant: Merchant) -> None:
    merchant.subscribe("starter", card="4000002760003184")
    with override("en"), pytest.raises(PaymentDeclined, match="Your bank wants you to confirm this payment"):
        change(merchant, "growth")
    assert merchant.account.plan == "starter"


@pytest.mark.parametrize(("plan", "interval"), [("scale", "month"), ("growth", "year")])
def test_who_owes_cannot_pay_for_more_with_time_that_was_never_paid(
    merchant: Merchant, plan: str, interval: str
) -> None:
    """Stripe credits the rest of a period whether or not it was paid."""
    merchant.subscribe("growth")
    merchant.fake.settings.fail_payments = 1
    merchant.wait(days=32)
    assert merchant.account.status == "past_due"

    with pytest.raises(PaymentDue):
        services.preview_change(shop=merchant.shop, plan=plan, interval=interval, now=merchant.fake.now)
    with pytest.raises(PaymentDue):
        change(merchant, plan, interval)

    assert (merchant.account.status, merchant.account.plan, merchant.account.interval) == (
        "past_due",
        "growth",
        "month",
    )
    assert [one["total"] for one in merchant.fake.all("invoice")] == [29900, 29900]
    merchant.wait(days=3)  # Stripe tries again, and is paid
    change(merchant, plan, interval)
    assert (merchant.account.status, merchant.account.plan, merchant.account.interval) == ("active", plan, interval)


def test_a_subscription_to_a_plan_that_is_no_longer_sold_goes_on(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    merchant.subscribe("growth")
    monkeypatch.setattr(plans, "PLANS", {key: plan for key, plan in plans.PLANS.items() if key != "growth"})

    merchant.wait(days=32)

    assert (merchant.account.status, merchant.account.plan) == ("active", "growth")
    assert merchant.standing == ("open", "growth", {})
    change(merchant, "scale")
    assert merchant.standing == ("open", "scale", {})


def test_a_downgrade_waits_for_the_end_of_the_period(merchant: Merchant) -> None:
    merchant.subscribe("scale")
    preview = services.preview_change(shop=merchant.shop, plan="starter", interval="month", now=merchant.fake.now)
    assert preview == ChangePreview(9900, "cny", END, is_upgrade=False)

    change(merchant, "starter")

    assert (merchant.account.plan, merchant.account.pending_plan) == ("scale", "starter")
    assert merchant.standing[1] == "scale"
    invoices = len(merchant.fake.all("invoice"))
    merchant.wait(days=32)
    assert (merchant.account.plan, merchant.account.pending_plan) == ("starter", "")
    assert merchant.standing == ("open", "starter", {})
    assert [one["total"] for one in merchant.fake.all("invoice")[invoices:]] == [9900]


def test_a_year_can_become_months_when_it_ends(merchant: Merchant) -> None:
    merchant.subscribe("growth", "year")
    change(merchant, "growth", "month")
    account = merchant.account
    assert (account.interval, account.pending_plan, account.pending_interval) == ("year", "growth", "month")
    merchant.wait(days=366)
    assert (merchant.account.plan, merchant.account.interval) == ("growth", "month")


def test_a_planned_downgrade_is_taken_back_by_choosing_the_plan_of_now(merchant: Merchant) -> None:
    merchant.subscribe("scale")
    change(merchant, "starter")
    change(merchant, "scale")
    assert merchant.account.pending_plan == ""
    merchant.wait(days=32)
    assert merchant.standing[1] == "scale"


def test_staying_costs_what_the_subscription_costs_and_not_what_the_list_says(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prices change; subscriptions keep theirs, also those to a plan that is no longer sold."""
    merchant.subscribe("scale")
    change(merchant, "starter")
    monkeypatch.setattr(plans, "PLANS", {name: plan for name, plan in plans.PLANS.items() if name != "scale"})
    preview = services.preview_change(shop=merchant.shop, plan="scale", interval="month", now=merchant.fake.now)
    assert preview == ChangePreview(89900, "cny", END, is_upgrade=False)
    change(merchant, "scale")
    assert (merchant.account.plan, merchant.account.pending_plan) == ("scale", "")


def test_another_downgrade_replaces_the_planned_one(merchant: Merchant) -> None:
    merchant.subscribe("scale")
    change(merchant, "starter")
    change(merchant, "growth")
    assert merchant.account.pending_plan == "growth"
    merchant.wait(days=32)
    assert merchant.standing[1] == "growth"


def test_an_upgrade_takes_a_planned_downgrade_and_a_cancellation_back(merchant: Merchant) -> None:
    merchant.subscribe("growth")
    change(merchant, "starter")
    change(merchant, "scale")
    assert (merchant.account.plan, merchant.account.pending_plan) == ("scale", "")
    services.cancel_subscription(shop=merchant.shop, now=merchant.fake.now)
    change(merchant, "scale", "year")
    assert (merchant.account.interval, merchant.account.ends_at) == ("year", None)


def test_a_change_that_is_sent_twice_is_made_once(merchant: Merchant) -> None:
    merchant.subscribe("starter")
    for _time in range(2):
        change(merchant, "growth")
    assert len(merchant.fake.all("invoice")) == 2
    for _time in range(2):
        change(merchant, "starter")
    assert len(merchant.fake.all("subscription_schedule")) == 1


def test_a_cancelled_subscription_lasts_until_its_period_ends(merchant: Merchant) -> None:
    merchant.subscribe("growth")
    row = services.cancel_subscription(shop=merchant.shop, now=merchant.fake.now)
    assert (row.cancel_at_period_end, row.ends_at) == (True, END)
    assert merchant.standing == ("open", "growth", {"kind": "cancelled", "at": "2026-04-04T12:00:00+00:00"})
    merchant.wait(days=30)
    assert merchant.standing[:2] == ("open", "growth")
    merchant.wait(days=2)
    assert merchant.account.status == "canceled"
    assert merchant.standing == (
        "read_only",
        "growth",
        {"kind": "read_only", "cause": "cancelled", "at": "2026-05-04T12:00:00+00:00"},
    )


def test_a_cancellation_can_be_taken_back(merchant: Merchant) -> None:
    merchant.subscribe("growth")
    services.cancel_subscription(shop=merchant.shop, now=merchant.fake.now)
    services.resume_subscription(shop=merchant.shop, now=merchant.fake.now)
    assert merchant.standing == ("open", "growth", {})
    merchant.wait(days=40)
    assert merchant.account.status == "active"


def test_cancelling_takes_a_planned_downgrade_back(merchant: Merchant) -> None:
    merchant.subscribe("growth")
    change(merchant, "starter")
    row = services.cancel_subscription(shop=merchant.shop, now=merchant.fake.now)
    assert (row.pending_plan, row.ends_at) == ("", END)


def test_who_cancelled_can_subscribe_again(merchant: Merchant) -> None:
    first = merchant.subscribe("growth")
    services.cancel_subscription(shop=merchant.shop, now=merchant.fake.now)
    merchant.wait(days=40)
    second = merchant.subscribe("starter")
    assert first != second
    assert merchant.account.subscription_id == second
    assert merchant.standing == ("open", "starter", {})


def test_a_paused_subscription_is_read_only_until_it_is_resumed(merchant: Merchant) -> None:
    subscription_id = merchant.subscribe("growth")
    headers = {"Authorization": f"Bearer {merchant.fake.key}"}
    merchant.fake.request("POST", f"/v1/subscriptions/{subscription_id}/pause", headers, "type=subscription")
    merchant.deliver()
    assert merchant.standing == ("read_only", "growth", {"kind": "read_only", "cause": "paused"})
    with pytest.raises(NotSubscribed):
        change(merchant, "scale")
    services.resume_subscription(shop=merchant.shop, now=merchant.fake.now)
    assert merchant.account.status == "active"
    assert merchant.standing == ("open", "growth", {})


def test_without_a_subscription_there_is_nothing_to_change(merchant: Merchant) -> None:
    with pytest.raises(NotSubscribed):
        change(merchant, "growth")
    with pytest.raises(NotSubscribed):
        services.cancel_subscription(shop=merchant.shop, now=merchant.fake.now)
    with pytest.raises(NotSubscribed):
        services.open_portal(shop=merchant.shop, return_url="http://north.localhost/")
    assert merchant.fake.all("customer") == []


def test_the_portal_opens_for_a_customer(merchant: Merchant) -> None:
    merchant.subscribe("growth")
    url = services.open_portal(shop=merchant.shop, return_url="http://north.localhost/console/billing/")
    assert url.startswith(merchant.fake.state.address)


def test_invoices_are_listed_newest_first(merchant: Merchant) -> None:
    assert selectors.list_invoices(shop=merchant.shop) == []
    merchant.subscribe("starter")
    change(merchant, "growth")
    invoices = selectors.list_invoices(shop=merchant.shop)
    assert [(one.status, one.total_minor, one.currency) for one in invoices] == [
        ("paid", 20000, "cny"),
        ("paid", 9900, "cny"),
    ]
    assert all(one.number and one.url for one in invoices)


def test_a_tax_number_replaces_the_former_and_can_be_taken_away(merchant: Merchant) -> None:
    merchant.subscribe("starter")
    for value in ("91110108MA01A2B3C4", "91110108MA01A2B3C4", "91110108MA02A2B3C4"):
        services.set_tax_id(shop=merchant.shop, kind="cn_tin", value=value)
    assert selectors.list_tax_ids(shop=merchant.shop) == [("cn_tin", "91110108MA02A2B3C4")]
    with pytest.raises(TaxIdInvalid):
        services.set_tax_id(shop=merchant.shop, kind="cn_tin", value="1" * 41)
    with pytest.raises(TaxIdInvalid):
        services.set_tax_id(shop=merchant.shop, kind="", value="1")
    assert selectors.list_tax_ids(shop=merchant.shop) == [("cn_tin", "91110108MA02A2B3C4")]
    first = "91110108MA01A2B3C4"
    assert services.set_tax_id(shop=merchant.shop, kind="cn_tin", value=first) == "91110108MA02A2B3C4"
    assert selectors.list_tax_ids(shop=merchant.shop) == [("cn_tin", first)]  # also within a day of the first time
    services.set_tax_id(shop=merchant.shop, kind="", value="")
    assert selectors.list_tax_ids(shop=merchant.shop) == []
    services.set_tax_id(shop=merchant.shop, kind="cn_tin", value=first)
    assert selectors.list_tax_ids(shop=merchant.shop) == [("cn_tin", first)]


def test_of_two_subscriptions_the_newer_counts_and_the_older_is_ended(merchant: Merchant) -> None:
    first = merchant.subscribe("starter")
    merchant.fake.advance(seconds=60)
    page = {
        "mode": "subscription",
        "customer": merchant.account.customer_id,
        "line_items": [{"price": find_price("growth", "month", "cny"), "quantity": 1}],
        "success_url": "http://north.localhost/",
    }
    merchant.fake.pay(gateway.current().open_checkout(page, key="a page beside ours").id)
    merchant.deliver()
    merchant.deliver()
    assert merchant.account.subscription_id != first
    assert merchant.standing == ("open", "growth", {})
    assert merchant.fake.get(first)["status"] == "canceled"
    assert [alert.kind for alert in Alert.objects.all()] == ["double_subscription"]


def test_an_unpaid_subscription_is_read_only(merchant: Merchant) -> None:
    subscription_id = merchant.subscribe("growth")
    set_status(merchant.fake, subscription_id, "unpaid")
    merchant.deliver()
    assert merchant.standing[0] == "read_only"
    with pytest.raises(NotSubscribed):
        change(merchant, "scale")
