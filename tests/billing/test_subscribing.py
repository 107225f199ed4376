"""From the trial over the payment page to a subscription, and what the shop may use along the way."""

from datetime import UTC, datetime, timedelta

import pytest

from billing import facts, gateway, services
from billing.errors import AlreadySubscribed, CheckoutUnknown, PlanUnknown, PricesMissing
from billing.models import Account, Checkout
from billing.plans import PLANS
from tenants.models import Shop
from tests.billing.conftest import Merchant


def test_a_shop_on_trial_is_open_with_the_trials_limits(merchant: Merchant, now: datetime) -> None:
    shop = Shop.objects.get(pk=merchant.shop.pk)
    assert merchant.standing == ("open", "trial", {"kind": "trial", "at": "2026-03-18T12:00:00+00:00"})
    assert shop.limits == dict(PLANS["growth"].limits)
    assert shop.features == ["custom_domains", "custom_roles", "audit_export"]
    assert merchant.account.next_review_at == now + timedelta(days=11)


def test_paying_gives_the_plan(merchant: Merchant) -> None:
    subscription_id = merchant.subscribe("starter", "month")

    account = merchant.account
    assert (account.status, account.plan, account.interval) == ("active", "starter", "month")
    assert account.subscription_id == subscription_id
    assert account.period_ends_at == datetime(2026, 4, 4, 12, tzinfo=UTC)
    assert merchant.standing == ("open", "starter", {})
    assert Shop.objects.get(pk=merchant.shop.pk).limits == dict(PLANS["starter"].limits)
    assert [one["total"] for one in merchant.fake.all("invoice")] == [9900]


def test_the_landing_page_settles_what_was_paid_before_any_event_came(merchant: Merchant, now: datetime) -> None:
    session_id = merchant.checkout("scale", "year")
    merchant.fake.pay(session_id)

    settled = services.settle_checkout(shop=merchant.shop, session_id=session_id, now=now)

    row = settled.account
    assert settled.has_arrived
    assert (row.status, row.plan, row.interval) == ("active", "scale", "year")
    assert merchant.standing == ("open", "scale", {})
    merchant.deliver()
    assert merchant.standing == ("open", "scale", {})


def test_a_page_of_another_shop_is_not_settled(merchant: Merchant, shops: tuple[Shop, Shop], now: datetime) -> None:
    session_id = merchant.checkout()
    merchant.fake.pay(session_id)
    with pytest.raises(CheckoutUnknown):
        services.settle_checkout(shop=shops[1], session_id=session_id, now=now)
    assert not Account.objects.filter(shop=shops[1]).exists()


def test_a_page_that_was_opened_twice_is_the_same_page(merchant: Merchant) -> None:
    assert merchant.checkout("growth") == merchant.checkout("growth")
    assert Checkout.objects.count() == 1
    assert len(merchant.fake.all("customer")) == 1


def test_a_page_for_another_plan_closes_the_first(merchant: Merchant) -> None:
    first, second = merchant.checkout("growth"), merchant.checkout("scale")
    assert merchant.fake.get(first)["status"] == "expired"
    assert merchant.fake.get(second)["status"] == "open"
    assert Checkout.objects.get(session_id=first).is_open is False


def test_going_back_to_the_first_plan_opens_a_page_that_can_be_paid(merchant: Merchant) -> None:
    first = merchant.checkout("growth")
    merchant.checkout("scale")
    third = merchant.checkout("growth")
    assert third != first
    assert merchant.fake.get(third)["status"] == "open"


def test_a_shop_that_pays_cannot_buy_a_second_subscription(merchant: Merchant) -> None:
    merchant.subscribe()
    with pytest.raises(AlreadySubscribed):
        merchant.checkout("scale")
    assert len(merchant.fake.all("subscription")) == 1


def test_a_year_in_advance_is_sold_once_the_subscription_is_cancelled(merchant: Merchant) -> None:
    merchant.subscribe("growth")
    with pytest.raises(AlreadySubscribed):
        merchant.checkout("starter", prepay=True)
    services.cancel_subscription(shop=merchant.shop, now=merchant.fake.now)
    merchant.fake.pay(merchant.checkout("starter", prepay=True), way="wechat_pay")
    merchant.deliver()
    assert merchant.standing[1] == "growth"
    merchant.wait(days=40)
    assert merchant.standing == ("open", "starter", {})


def test_a_year_in_advance_begins_when_the_cancelled_subscription_ends(merchant: Merchant) -> None:
    merchant.subscribe("growth", "year")
    merchant.wait(days=60)
    services.cancel_subscription(shop=merchant.shop, now=merchant.fake.now)

    merchant.fake.pay(merchant.checkout("growth", prepay=True), way="wechat_pay")
    merchant.deliver()

    assert merchant.account.ends_at == datetime(2027, 3, 4, 12, tzinfo=UTC)
    assert merchant.account.paid_until == datetime(2028, 3, 4, 12, tzinfo=UTC)
    for again in (
        lambda: services.resume_subscription(shop=merchant.shop, now=merchant.fake.now),
        lambda: services.change_plan(shop=merchant.shop, plan="scale", interval="year", now=merchant.fake.now),
    ):
        with pytest.raises(AlreadySubscribed, match="2027"):
            again()
    merchant.wait(days=320)  # past the subscription's end
    assert (merchant.account.status, merchant.standing[:2]) == ("canceled", ("open", "growth"))


def test_while_a_prepaid_year_runs_nothing_is_sold_that_would_be_of_no_use(merchant: Merchant) -> None:
    merchant.fake.pay(merchant.checkout("growth", prepay=True), way="alipay")
    merchant.deliver()
    pages = len(merchant.fake.all("checkout.session"))

    for plan, interval, prepay in (
        ("starter", "year", True),  # it would begin after the year of the larger plan
        ("growth", "month", False),
        ("starter", "year", False),
    ):
        with pytest.raises(AlreadySubscribed):
            merchant.checkout(plan, interval, prepay=prepay)
    assert len(merchant.fake.all("checkout.session")) == pages

    merchant.fake.pay(merchant.checkout("growth", prepay=True), way="alipay")
    merchant.deliver()
    assert merchant.account.paid_until == datetime(2028, 3, 4, 12, tzinfo=UTC)
    merchant.wait(days=701)  # thirty days are left
    assert merchant.checkout("starter")


@pytest.mark.parametrize("prepay", [True, False])
def test_a_payment_in_the_moment_its_page_is_closed_counts(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch, prepay: bool
) -> None:
    first = merchant.checkout("growth", "year", prepay=prepay)
    stripe = gateway.current()
    expire = stripe.expire_session

    def too_late(session_id: str, *, key: str) -> None:
        merchant.fake.pay(first)
        expire(session_id, key=key)

    monkeypatch.setattr(stripe, "expire_session", too_late)
    with pytest.raises(AlreadySubscribed):
        merchant.checkout("scale") if not prepay else merchant.checkout("starter")

    assert merchant.standing == ("open", "growth", {})
    assert not Checkout.objects.filter(is_open=True).exists()
    assert Checkout.objects.get(session_id=first).paid_at == (merchant.fake.now if prepay else None)


def test_a_prepaid_shop_can_subscribe_to_a_larger_plan(merchant: Merchant) -> None:
    merchant.fake.pay(merchant.checkout("starter", prepay=True), way="alipay")
    merchant.deliver()
    merchant.subscribe("scale")
    assert merchant.standing == ("open", "scale", {})
    services.cancel_subscription(shop=merchant.shop, now=merchant.fake.now)
    merchant.wait(days=40)
    assert merchant.standing == ("open", "starter", {})


def test_paid_and_not_yet_told_is_found_before_a_second_page_opens(merchant: Merchant) -> None:
    merchant.fake.pay(merchant.checkout("growth"))
    with pytest.raises(AlreadySubscribed):
        merchant.checkout("growth")
    assert merchant.account.status == "active"


def test_paid_while_the_next_page_is_asked_for_is_noticed(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    session_id = merchant.checkout("growth")
    stripe = gateway.current()
    find_session, asked = stripe.find_session, []

    def find(asked_for: str) -> facts.Session | None:
        asked.append(asked_for)
        if len(asked) == 2:  # after what start_checkout fetched first
            merchant.fake.pay(session_id)
        return find_session(asked_for)

    monkeypatch.setattr(stripe, "find_session", find)
    with pytest.raises(AlreadySubscribed):
        merchant.checkout("scale")
    assert (merchant.account.plan, merchant.account.status) == ("growth", "active")
    assert len(merchant.fake.all("checkout.session")) == 1


@pytest.mark.parametrize(("plan", "interval"), [("gold", "month"), ("growth", "week"), ("trial", "month")])
def test_what_is_not_sold_cannot_be_bought(merchant: Merchant, plan: str, interval: str) -> None:
    with pytest.raises(PlanUnknown):
        merchant.checkout(plan, interval)
    assert merchant.fake.all("customer") == []


def test_without_prices_the_operator_is_told_what_to_do(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    for price in merchant.fake.state.all("price"):
        price["lookup_key"] = None
    with pytest.raises(PricesMissing, match="laxin billing sync"):
        merchant.checkout()


def test_a_first_payment_that_fails_leaves_the_trial(merchant: Merchant, now: datetime) -> None:
    session_id = merchant.checkout("growth")
    customer_id = merchant.account.customer_id
    price = next(one for one in merchant.fake.all("price") if one["lookup_key"] == "laxin_growth_month_cny")
    merchant.fake.request(
        "POST",
        "/v1/subscriptions",
        {"Authorization": f"Bearer {merchant.fake.key}"},
        f"customer={customer_id}&items[0][price]={price['id']}&payment_behavior=default_incomplete",
    )
    merchant.deliver()
    assert merchant.account.status == "incomplete"
    assert merchant.standing[:2] == ("open", "trial")

    merchant.wait(days=2)
    assert merchant.account.status == "incomplete_expired"
    assert merchant.standing[:2] == ("open", "trial")
    assert session_id


def test_prices_are_those_of_the_shops_currency(merchant: Merchant, other_merchant: object) -> None:
    south = other_merchant()  # type: ignore[operator]
    south.subscribe("growth", "year")
    assert [(one["total"], one["currency"]) for one in south.fake.all("invoice")] == [(45000, "usd")]
    assert south.account.period_ends_at == datetime(2027, 3, 4, 12, tzinfo=UTC)
    assert merchant.standing[:2] == ("open", "trial")
