"""What the page of the plan offers is what the services sell, and what it says of a payment is what happens."""

import re
from datetime import datetime, timedelta

import pytest
from fakes.stripe.app import FakeStripe
from kernel.errors import DomainError
from staff.models import Invitation

from billing import services
from billing.models import Account, Checkout
from billing.plans import INTERVALS, PLANS
from billing.services.standing import apply_standing
from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.console.paying import pay, set_shop, text_of
from tests.support.shops import ShopClient

FAILS_LATER = "4000000000000341"


@pytest.fixture
def client(payer: ShopClient) -> ShopClient:
    """The owner's browser."""
    return payer


def list_offered(client: ShopClient) -> set[tuple[str, str]]:
    """The plans and ways that the page leads to."""
    page = client.get("/console/billing/").content.decode()
    plans = page.partition('id="plans"')[2]
    found = re.findall(r"\?plan=(\w+)&amp;(?:interval=)?(month|year|prepay)", plans)
    return set(found)


def is_sold(shop: Shop, plan: str, way: str, now: datetime) -> bool:
    """Whether the services do it."""
    subscribed = Account.objects.get(shop=shop).status in {"active", "past_due"}
    try:
        if subscribed and way != "prepay":
            services.preview_change(shop=shop, plan=plan, interval=way, now=now)
        else:
            services.start_checkout(
                shop=shop,
                plan=plan,
                interval="year" if way == "prepay" else way,
                prepay=way == "prepay",
                email="owner@north.example",
                success_url="http://north.example/",
                cancel_url="http://north.example/",
                now=now,
            )
    except DomainError:
        return False
    return True


def bring_about(situation: str, client: ShopClient, fake: FakeStripe, shop: Shop, now: datetime) -> None:
    """Pay and wait until the shop is in it."""
    if "year" in situation:
        client.get(pay(client, fake, "plan=growth&prepay=1"))
    if "subscribed" in situation:
        card = FAILS_LATER if "past due" in situation else ""
        client.get(pay(client, fake, f"plan={'scale' if 'year' in situation else 'growth'}&interval=month", card))
    if "cancelled" in situation:
        services.cancel_subscription(shop=shop, now=now)
    if "and followed" in situation:
        client.get(pay(client, fake, "plan=growth&prepay=1"))
    if "past due" in situation:
        fake.advance(days=32)
        services.sync_account(account_id=Account.objects.get(shop=shop).pk, now=fake.now)
    if "ending" in situation:
        Checkout.objects.update(paid_at=now - timedelta(days=340))


@pytest.mark.parametrize(
    "situation",
    [
        "trial", "paid a year", "paid a year that is ending", "paid a year and subscribed",
        "subscribed", "subscribed, past due", "subscribed, cancelled", "subscribed, cancelled and followed",
    ],
)  # fmt: skip
def test_the_page_offers_what_is_sold_and_nothing_else(
    client: ShopClient, fake: FakeStripe, north: Shop, now: datetime, situation: str
) -> None:
    bring_about(situation, client, fake, north, now)
    account = Account.objects.get(shop=north)

    offered = list_offered(client)

    every = {(plan, way) for plan in PLANS for way in (*INTERVALS, "prepay")} - {(account.plan, account.interval)}
    assert offered == {(plan, way) for plan, way in every if is_sold(north, plan, way, now)}


def test_beside_a_paid_year_the_page_marks_its_plan_and_says_what_a_payment_does(
    client: ShopClient, fake: FakeStripe, north: Shop, now: datetime
) -> None:
    client.get(pay(client, fake, "plan=growth&prepay=1"))

    page = client.get("/console/billing/")

    text, [offer] = text_of(page), [one for one in page.context["offers"] if one.is_current]
    begin = page.context["account"].paid_until
    assert offer.plan.key == "growth"
    assert list_offered(client) == {
        ("growth", "prepay"),
        ("scale", "month"),
        ("scale", "year"),
        ("scale", "prepay"),
    }
    days = (begin - begin.replace(year=begin.year - 1)).days  # today has begun
    credit = 299000 * (days - 1) // days
    assert [one.sale.credit_minor for one in page.context["offers"]] == [0, 0, credit]
    assert f"¥{(899000 - credit) / 100:,.2f} instead of the yearly price: ¥{credit / 100:,.2f} for" in text
    assert f"From {begin:%Y-%m-%d} to {begin.replace(year=begin.year + 1):%Y-%m-%d}" in text
    assert f"From {begin - timedelta(days=30):%Y-%m-%d} on, in the last 30 days, every plan is offered." in text
    assert "the year that is paid goes on beside it" in text
    assert "This shop has paid for the plan Growth until" in text


def test_what_a_paid_year_refuses_is_told_with_its_reason(client: ShopClient, fake: FakeStripe) -> None:
    client.get(client.get(pay(client, fake, "plan=growth&prepay=1"))["Location"])

    for query in ("plan=starter&interval=month", "plan=starter&prepay=1"):
        page = client.get(f"/console/billing/checkout/?{query}", follow=True)

        assert page.redirect_chain == [("/console/billing/", 302)]
        [message] = page.context["messages"]
        assert str(message).startswith("This shop has paid for the plan Growth until")
    assert len(fake.all("checkout.session")) == 1


def test_a_further_year_says_when_it_begins(client: ShopClient, fake: FakeStripe, now: datetime) -> None:
    client.get(pay(client, fake, "plan=growth&prepay=1"))
    begin = client.get("/console/billing/").context["account"].paid_until

    page = text_of(client.get(client.get(pay(client, fake, "plan=growth&prepay=1"))["Location"]))

    assert f"The year of Growth begins on {begin:%Y-%m-%d}" in page
    assert "your plan is active" not in page
    assert f"Growth is paid from {begin:%Y-%m-%d} to" in text_of(client.get("/console/billing/"))


def test_without_a_payment_of_ours_nobody_is_thanked(client: ShopClient, fake: FakeStripe) -> None:
    client.get(client.get(pay(client, fake))["Location"])

    for address in ("/console/billing/return/", "/console/billing/return/progress/"):
        response = client.get(address)
        assert (response.status_code, response["Location"]) == (302, "/console/billing/")
    assert "Thank you" not in text_of(client.get("/console/billing/"))


def test_a_page_that_is_not_paid_yet_thanks_nobody_who_has_a_paid_year(client: ShopClient, fake: FakeStripe) -> None:
    client.get(client.get(pay(client, fake, "plan=growth&prepay=1"))["Location"])
    session = client.get("/console/billing/checkout/?plan=scale&interval=month")["Location"].rpartition("/")[2]

    response = client.get(f"/console/billing/return/progress/?session={session}")

    assert response.status_code == 200
    assert "Thank you" not in text_of(response)


def test_the_plan_one_has_is_no_change(client: ShopClient, fake: FakeStripe) -> None:
    client.get(pay(client, fake))

    page = client.get("/console/billing/change/?plan=growth&interval=month", follow=True)

    assert page.redirect_chain == [("/console/billing/", 302)]
    assert "Growth is your plan already: nothing was changed." in text_of(page)


def test_a_planned_change_is_said_to_be_dropped(client: ShopClient, fake: FakeStripe, north: Shop) -> None:
    client.get(pay(client, fake, "plan=scale&interval=month"))
    smaller = {"plan": "starter", "interval": "month"}
    dropped = "The planned change to Starter is dropped."

    client.post("/console/billing/change/", smaller)
    staying = text_of(client.get("/console/billing/change/?plan=scale&interval=month"))
    asked = text_of(client.get("/console/billing/cancel/"))
    cancelled = text_of(client.post("/console/billing/cancel/", follow=True))
    resumed = text_of(client.post("/console/billing/resume/", follow=True))

    assert "Stay with Scale" in staying
    assert [dropped in text for text in (staying, asked, cancelled, resumed)] == [True, True, True, False]
    assert "The subscription goes on: Scale for ¥899.00 a month. The next payment is on" in resumed
    assert Account.objects.get(shop=north).pending_plan == ""


def test_beside_a_paid_year_that_goes_on_a_cancellation_is_no_end_and_can_be_taken_back(
    client: ShopClient, fake: FakeStripe, north: Shop
) -> None:
    for query in ("plan=growth&prepay=1", "plan=growth&prepay=1", "plan=scale&interval=month"):
        client.get(client.get(pay(client, fake, query))["Location"])

    cancelled = text_of(client.post("/console/billing/cancel/", follow=True))
    resumed = text_of(client.post("/console/billing/resume/", follow=True))

    assert "Continue the subscription" in cancelled
    assert "the shop becomes read-only" not in cancelled
    assert "The subscription goes on: Scale for ¥899.00 a month." in resumed
    assert Account.objects.get(shop=north).ends_at is None


def test_the_cancel_page_tells_of_the_deletion_and_of_a_year_that_goes_on(client: ShopClient, fake: FakeStripe) -> None:
    client.get(pay(client, fake, "plan=scale&interval=month"))
    alone = text_of(client.get("/console/billing/cancel/"))
    Checkout.objects.update(is_prepay=True, plan="growth", paid_at=fake.now)

    beside = text_of(client.get("/console/billing/cancel/"))

    assert "The data are kept for another 90 days and then deleted for good." in alone
    assert "Growth, which is paid in advance, goes on until" in beside
    assert "read-only" not in beside


def test_what_is_open_is_paid_in_a_tab_of_its_own_by_one_button(
    client: ShopClient, fake: FakeStripe, north: Shop, now: datetime
) -> None:
    bring_about("subscribed, past due", client, fake, north, now)
    pay_now = '<a class="btn btn-primary" href="/console/billing/pay/" target="_blank" rel="noopener">Pay now</a>'

    page, other = (client.get(address).content.decode() for address in ("/console/billing/", "/console/products/"))

    assert (page.count(pay_now), other.count(pay_now)) == (1, 1)
    assert ("data-look-again" in page, "data-look-again" in other) == (True, False)


def test_what_cannot_be_had_yet_is_neither_shown_nor_sold(client: ShopClient, north: Shop) -> None:
    set_shop(north, plan="starter", limits={"locations": 1, "sms_per_month": 200, "skus": 1})

    page = client.get("/console/billing/")

    assert [row.key for row in page.context["usage"]] == ["members", "skus", "staff"]
    assert "Locations" not in text_of(page)
    assert "ext messages" not in text_of(page)


def test_invitations_count_in_the_bar_and_are_named_where_they_fill_it(client: ShopClient, north: Shop) -> None:
    set_shop(north, plan="starter", limits={"staff": 3})
    for name in ("one", "two"):
        assert client.post("/console/staff/", {"email": f"{name}@x.example", "role": "cashier"}).status_code == 302

    refused = text_of(client.post("/console/staff/", {"email": "three@x.example", "role": "cashier"}))
    page = client.get("/console/billing/")

    assert "Staff accounts 1 + 2 invited / 3" in text_of(page)
    assert [row.state for row in page.context["usage"] if row.key == "staff"] == ["full"]
    assert "Your plan allows 3 staff accounts." in refused
    assert "2 open invitations count too: they can be taken back." in refused
    with tenant_transaction(north):
        assert Invitation.objects.count() == 2


def test_a_tax_number_that_is_emptied_is_said_to_be_removed(client: ShopClient, fake: FakeStripe) -> None:
    client.get(client.get(pay(client, fake))["Location"])
    saved = client.post("/console/billing/tax-id/", {"kind": "us_ein", "value": "12-3456789"}, follow=True)

    refused = client.post("/console/billing/tax-id/", {"kind": "us_ein", "value": "12345"})
    removed = client.post("/console/billing/tax-id/", {"kind": "us_ein", "value": ""}, follow=True)

    assert refused.status_code == 422
    assert "The tax number was saved." in text_of(saved)
    assert "The tax number was removed." in text_of(removed)
    assert fake.all("tax_id") == []


def test_an_export_that_the_plan_lacks_leads_to_the_plans(client: ShopClient, north: Shop) -> None:
    set_shop(north, plan="starter", features=[])

    page = client.get("/console/audit/export.csv", follow=True)

    assert "does not contain export of the audit log" in text_of(page)
    assert re.search(r'href="/console/billing/">See the plans<', page.content.decode())


def test_a_shop_that_is_read_only_has_no_plan_marked(client: ShopClient, north: Shop, now: datetime) -> None:
    Account.objects.filter(shop=north).update(trial_ends_at=now - timedelta(days=1), status="canceled", plan="growth")
    Account.objects.filter(shop=north).update(ended_at=now - timedelta(days=1))
    apply_standing(account_id=Account.objects.get(shop=north).pk, now=now)

    offers = client.get("/console/billing/").context["offers"]

    assert [offer.is_current for offer in offers] == [False, False, False]


def test_a_year_whose_rest_was_deducted_is_not_named_as_paid(client: ShopClient, fake: FakeStripe) -> None:
    client.get(pay(client, fake, "plan=starter&prepay=1"))
    assert "Starter is paid until" in text_of(client.get("/console/billing/"))
    client.get(pay(client, fake, "plan=scale&prepay=1"))

    page = text_of(client.get("/console/billing/"))

    assert "Scale is paid until" in page
    assert "Starter is paid until" not in page


def test_who_owes_and_cancels_is_told_what_is_open_and_pays_a_year_instead(
    client: ShopClient, fake: FakeStripe, north: Shop, now: datetime
) -> None:
    bring_about("subscribed, past due", client, fake, north, now)

    asked = text_of(client.get("/console/billing/cancel/"))
    cancelled = text_of(client.post("/console/billing/cancel/", follow=True))
    client.get(pay(client, fake, "plan=growth&prepay=1"))
    services.reconcile(now=fake.now)  # at Stripe it is a month later than on our clock

    assert "The last payment failed and is still open." in asked
    assert "What is paid stays usable until" not in asked
    assert "Its last payment is still open." in cancelled
    assert "Until then everything works" not in cancelled
    assert "A year in one payment begins at once and ends the subscription." in cancelled
    assert Account.objects.get(shop=north).status == "canceled"
    assert Shop.objects.get(pk=north.pk).access == "open"
