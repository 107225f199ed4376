"""`laxin billing …`, and the products and prices that it makes."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from fakes.stripe.app import FakeStripe

from billing import services
from billing.models import PaymentEvent, PlanOverride
from billing.plans import PLANS
from tenants.models import Shop
from tests.billing.conftest import Merchant


def laxin(*arguments: str) -> str:
    """What `laxin billing …` prints."""
    out = StringIO()
    call_command("billing", *arguments, stdout=out)
    return out.getvalue()


def test_sync_makes_every_price_once(fake: FakeStripe, db: None) -> None:
    assert laxin("sync").count("Made price laxin_") == 18
    prices = {one["lookup_key"]: one for one in fake.all("price")}
    assert len(prices) == 18
    growth = prices["laxin_growth_year_usd"]
    assert (growth["unit_amount"], growth["currency"], growth["product"]) == (45000, "usd", "laxin_growth")
    assert growth["recurring"]["interval"] == "year"
    prepay = prices["laxin_starter_prepay_cny"]
    assert (prepay["unit_amount"], prepay["recurring"]) == (99000, None)
    assert {one["id"]: one["name"] for one in fake.all("product")} == {
        "laxin_starter": "Laxin Starter",
        "laxin_growth": "Laxin Growth",
        "laxin_scale": "Laxin Scale",
    }
    assert laxin("sync") == "Stripe has all products and prices.\n"
    assert len(fake.all("price")) == 18


def test_a_new_amount_is_a_new_price_and_subscribers_keep_theirs(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    merchant.subscribe("starter")
    dearer: Any = {"cny": 109_00, "usd": 15_00}
    for amounts in (dearer, PLANS["starter"].monthly, dearer):  # there and back within a day
        changed = {**PLANS, "starter": replace(PLANS["starter"], monthly=amounts)}
        monkeypatch.setattr("billing.services.catalog.PLANS", changed)
        assert len(services.sync_prices()) == 3
    current = [one for one in merchant.fake.all("price") if one["lookup_key"] == "laxin_starter_month_cny"]
    assert [one["unit_amount"] for one in current] == [10900]
    services.reconcile(now=merchant.fake.now)
    assert (merchant.account.plan, merchant.standing[1]) == ("starter", "starter")
    assert merchant.fake.get(merchant.account.subscription_id)["items"]["data"][0]["price"]["unit_amount"] == 9900


def test_reconcile_says_what_it_did(merchant: Merchant) -> None:
    merchant.fake.pay(merchant.checkout("growth"))
    assert laxin("reconcile") == "1 accounts compared, 1 repaired, 0 failed, 0 new alerts.\n"
    assert laxin("reconcile", "--limit", "5") == "1 accounts compared, 0 repaired, 0 failed, 0 new alerts.\n"


def test_show_tells_about_one_shop(merchant: Merchant) -> None:
    merchant.subscribe("growth")
    services.cancel_subscription(shop=merchant.shop, now=merchant.fake.now)
    laxin("give", "north", "scale", "--reason", "a friend")
    shown = laxin("show", "north")
    assert "north: open, plan scale" in shown
    assert f"active growth month {merchant.account.subscription_id}" in shown
    assert "Cancelled for   2026-04-04 12:00 UTC" in shown
    assert "scale until further notice by" in shown
    assert laxin("take", "north") == "north is open, plan growth.\n"


def test_a_plan_is_given_to_the_end_of_the_day_that_is_named(merchant: Merchant) -> None:
    """As in the back office, in UTC; and that day is shown."""
    today = timezone.now().date()
    for day in (today, today + timedelta(days=30)):
        laxin("give", "north", "scale", "--reason", "a friend", "--until", str(day))
        until = PlanOverride.objects.latest("id").until
        assert until == datetime.combine(day + timedelta(days=1), time(), UTC)
        assert f"scale until the end of {day} by" in laxin("show", "north")
    with pytest.raises(CommandError, match="still to come"):
        laxin("give", "north", "scale", "--reason", "a friend", "--until", str(today - timedelta(days=1)))
    laxin("take", "north")
    assert f"scale, ended on {timezone.now():%Y-%m-%d}, by" in laxin("show", "north")


def test_events_and_their_retry(merchant: Merchant) -> None:
    merchant.subscribe("growth")
    assert laxin("events", "--shop", "north", "--limit", "3").count("done") == 3
    assert laxin("events", "--state", "dead") == ""
    event = PaymentEvent.objects.filter(type="invoice.paid").latest("id")
    with pytest.raises(CommandError, match="no event waiting"):
        laxin("retry", str(event.pk))
    PaymentEvent.objects.filter(pk=event.pk).update(state="dead", next_attempt_at=None, attempts=12)
    assert laxin("events", "--state", "dead").count(event.object_id) == 1
    assert laxin("retry", str(event.pk)) == f"{event.event_id} is done.\n"


def test_adopt_ties_a_lost_customer(merchant: Merchant, shops: tuple[Shop, Shop]) -> None:
    found = merchant.fake.request(
        "POST", "/v1/customers", {"Authorization": f"Bearer {merchant.fake.key}"}, "email=x@example.com"
    )
    assert found[0] == 200
    customer_id = merchant.fake.all("customer")[-1]["id"]
    assert customer_id in laxin("adopt", "north", customer_id)
    assert merchant.account.customer_id == customer_id


def test_faults_are_one_line(merchant: Merchant) -> None:
    with pytest.raises(CommandError, match="no account"):
        laxin("show", "south")
    merchant.fake.settings.faults = ["500 before"] * 9
    with pytest.raises(CommandError, match="does not answer"):
        laxin("sync")
