"""The pages of the plan, at the stand-in for Stripe: paying, changing, cancelling; what closes and opens the shop."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import stripe
from catalog.services import create_product
from catalog.types import ProductInput, VariantInput
from console.views import billing
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from fakes.stripe.app import FakeStripe
from pytest_django import Settings
from staff.models import ApiKey, AuditEntry, User

from billing import services
from billing.errors import PaymentProviderDown
from billing.models import Account
from billing.services.standing import apply_standing
from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.console.paying import pay, set_shop, text_of
from tests.support.shops import ShopClient

PAGES = ["", "invoices/", "return/?session=cs_1"]


@pytest.fixture
def client(payer: ShopClient) -> ShopClient:
    """The owner's browser."""
    return payer


def take_down(fake: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing reach the provider."""

    def lose(*args: Any) -> None:
        raise stripe.APIConnectionError("no route to host")  # type: ignore[no-untyped-call]

    monkeypatch.setattr(fake, "request", lose)


def test_the_page_tells_the_trial_its_use_and_the_offers(client: ShopClient) -> None:
    text = text_of(client.get("/console/billing/"))

    assert "Your plan: Trial" in text
    assert "14 days of your trial are left." in text
    assert "Staff accounts 1 / 15" in text
    assert "Members 0 / 20,000" in text
    for price in ("¥99.00", "¥990.00", "¥299.00", "¥2,990.00", "¥899.00", "¥8,990.00"):
        assert price in text


def test_paying_ends_in_the_console_with_the_plan_before_any_event_came(
    client: ShopClient, fake: FakeStripe, north: Shop
) -> None:
    back = pay(client, fake)

    response = client.get(back)

    assert (response.status_code, response["Location"]) == (302, "/console/")
    assert Shop.objects.values_list("plan", "access", "notice").get(pk=north.pk) == ("growth", "open", {})
    page = text_of(client.get("/console/billing/"))
    assert "Your plan: Growth" in page
    assert "Paid monthly. The next payment is on" in page
    assert "trial" not in page


def test_the_progress_page_survives_refresh_and_repetition(client: ShopClient, fake: FakeStripe) -> None:
    back = pay(client, fake)

    answers = [client.get(back, headers={"HX-Request": "true"}) for _ in range(3)]
    pages = [client.get(back.replace("progress/", "")) for _ in range(2)]

    assert [(answer.status_code, answer["HX-Redirect"]) for answer in answers] == [(200, "/console/")] * 3
    assert all(page.status_code == 200 and "hx-get" in page.content.decode() for page in pages)
    assert len(fake.all("subscription")) == 1


def test_until_the_payment_has_arrived_it_asks_again_and_later_more_calmly(
    client: ShopClient, fake: FakeStripe
) -> None:
    session = client.get("/console/billing/checkout/?plan=growth&interval=month")["Location"].rpartition("/")[2]
    address = f"/console/billing/return/progress/?session={session}"

    soon = client.get(address, headers={"HX-Request": "true"}).content.decode()
    late = client.get(f"{address}&asks=40", headers={"HX-Request": "true"}).content.decode()
    plain = client.get(f"{address}&asks=3").content.decode()

    assert ("delay:1s" in soon, "asks=1" in soon, "not confirmed" in soon) == (True, True, False)
    assert ("delay:5s" in late, "asks=41" in late, "not confirmed" in late) == (True, True, True)
    assert f"url=/console/billing/return/progress/?session={session}&amp;asks=4" in plain


def test_a_page_of_progress_of_another_shop_tells_nothing(
    client: ShopClient, fake: FakeStripe, shops: tuple[Shop, Shop]
) -> None:
    back = pay(client, fake)
    south = ShopClient(shops[1])
    with tenant_transaction(shops[1]):
        user = User.objects.get()
    south.force_login(user)

    response = south.get(back)

    assert (response.status_code, response["Location"]) == (302, "/console/billing/")
    assert Shop.objects.get(pk=shops[1].pk).plan == ""


def test_a_year_in_one_payment(client: ShopClient, fake: FakeStripe, north: Shop) -> None:
    back = pay(client, fake, "plan=starter&prepay=1")

    assert client.get(back)["Location"] == "/console/"
    assert Shop.objects.get(pk=north.pk).plan == "starter"
    assert "Starter is paid until" in text_of(client.get("/console/billing/"))


def test_an_upgrade_shows_the_amount_first_and_is_paid_at_once(
    client: ShopClient, fake: FakeStripe, north: Shop
) -> None:
    client.get(pay(client, fake, "plan=starter&interval=month"))
    address = "/console/billing/change/?plan=growth&interval=month"

    assert client.get("/console/billing/checkout/?plan=growth&interval=month")["Location"] == address
    asked = text_of(client.get(address))
    assert "To be paid now: ¥200.00" in asked
    assert Shop.objects.get(pk=north.pk).plan == "starter"
    response = client.post(address, {"plan": "growth", "interval": "month"}, follow=True)

    assert "Your plan is Growth now." in text_of(response)
    assert Shop.objects.get(pk=north.pk).plan == "growth"


def test_a_downgrade_waits_for_the_end_of_the_period_and_can_be_taken_back(
    client: ShopClient, fake: FakeStripe, north: Shop
) -> None:
    client.get(pay(client, fake, "plan=scale&interval=month"))
    address = "/console/billing/change/?plan=starter&interval=month"

    assert "Nothing is to be paid now. From then on: ¥99.00 a month" in text_of(client.get(address))
    page = text_of(client.post(address, {"plan": "starter", "interval": "month"}, follow=True))
    assert "Your plan changes to Starter when the paid period ends." in page
    assert "It changes to Starter on" in page
    assert Shop.objects.get(pk=north.pk).plan == "scale"
    client.post("/console/billing/change/", {"plan": "scale", "interval": "month"})

    assert Account.objects.get(shop=north).pending_plan == ""


def test_cancelling_asks_once_more_and_resuming_takes_it_back(
    client: ShopClient, fake: FakeStripe, north: Shop
) -> None:
    client.get(pay(client, fake))

    assert Account.objects.get(shop=north).ends_at is None
    assert "take the cancellation back" in text_of(client.get("/console/billing/cancel/"))
    cancelled = text_of(client.post("/console/billing/cancel/", follow=True))
    assert "Until then everything works." in cancelled
    assert "The subscription ends on" in text_of(client.get("/console/products/"))
    resumed = text_of(client.post("/console/billing/resume/", follow=True))

    assert "The subscription goes on: Growth for ¥299.00 a month. The next payment is on" in resumed
    assert Account.objects.get(shop=north).ends_at is None
    assert Shop.objects.get(pk=north.pk).notice == {}


def test_invoices_and_the_tax_number_come_from_the_provider(client: ShopClient, fake: FakeStripe) -> None:
    assert "There are no invoices yet." in text_of(client.get("/console/billing/invoices/"))
    assert client.get("/console/billing/cancel/")["Location"] == "/console/billing/"
    client.get(pay(client, fake))

    saved = client.post("/console/billing/tax-id/", {"kind": "us_ein", "value": "12-3456789"})
    refused = client.post("/console/billing/tax-id/", {"kind": "us_ein", "value": "9" * 41})
    part = client.get("/console/billing/invoices/", headers={"HX-Request": "true"})

    assert saved.status_code == 302
    assert refused.status_code == 422
    content = part.content.decode()
    assert "<html" not in content
    assert "¥299.00" in content
    assert 'value="12-3456789"' in content
    assert "/pdf" in content


def test_what_is_changed_about_the_plan_stands_in_the_audit_log(
    client: ShopClient, fake: FakeStripe, north: Shop, owner: User
) -> None:
    client.get(pay(client, fake, "plan=starter&interval=month"))
    client.post("/console/billing/change/", {"plan": "growth", "interval": "month"})
    client.post("/console/billing/cancel/")
    client.post("/console/billing/resume/")
    client.post("/console/billing/tax-id/", {"kind": "us_ein", "value": "12-3456789"})
    client.post("/console/billing/change/", {"plan": "gold", "interval": "month"})  # refused: no entry

    with tenant_transaction(north):
        entries = list(AuditEntry.objects.filter(subject="billing_account").order_by("pk"))
    assert [(entry.event, entry.actor, entry.label) for entry in entries] == [
        ("update", f"staff:{owner.pk}", label) for label in ("growth", "growth", "growth", "")
    ]
    changed, cancelled, resumed, taxed = ((entry.before or {}, entry.after or {}) for entry in entries)
    assert (changed[0]["plan"], changed[1]["plan"]) == ("starter", "growth")
    assert (cancelled[0]["ends_at"] is None, cancelled[1]["ends_at"] is None) == (True, False)
    assert resumed == cancelled[::-1]
    assert taxed == ({"tax_id": ""}, {"tax_id": "12-3456789"})


def test_what_the_landing_page_changed_is_in_the_audit_log(
    client: ShopClient, fake: FakeStripe, north: Shop, owner: User
) -> None:
    """It is there before any event is, mostly."""
    client.get(pay(client, fake))

    with tenant_transaction(north):
        entry = AuditEntry.objects.get(subject="tenants_shop")
    assert (entry.actor, entry.before, entry.after) == (f"staff:{owner.pk}", {"plan": "trial"}, {"plan": "growth"})


def test_a_change_of_something_else_than_was_looked_at_is_looked_at_again(
    client: ShopClient, fake: FakeStripe, north: Shop
) -> None:
    """A colleague was quicker: what would have been free would cost something now."""
    client.get(pay(client, fake, "plan=scale&interval=month"))
    page = client.get("/console/billing/change/?plan=growth&interval=month").content.decode()
    assert '<input type="hidden" name="from" value="scale-month">' in page
    services.change_plan(shop=north, plan="starter", interval="month", now=fake.now)
    fake.advance(days=32)
    services.reconcile(now=fake.now)
    assert Shop.objects.get(pk=north.pk).plan == "starter"

    posted = {"plan": "growth", "interval": "month", "from": "scale-month"}
    again = text_of(client.post("/console/billing/change/", posted, follow=True))

    assert "The plan was changed meanwhile." in again
    assert "To be paid now: ¥" in again
    assert Shop.objects.get(pk=north.pk).plan == "starter"


@pytest.mark.parametrize("wished", ["growth month", "cancel", "resume"])
def test_what_was_done_and_could_not_be_looked_at_is_told_and_noted(
    client: ShopClient, fake: FakeStripe, north: Shop, monkeypatch: pytest.MonkeyPatch, wished: str
) -> None:
    address = "change/" if wished == "growth month" else f"{wished}/"
    client.get(pay(client, fake, "plan=starter&interval=month"))
    if address == "resume/":
        client.post("/console/billing/cancel/")

    def refuse(**_anything: Any) -> None:
        raise PaymentProviderDown("No answer.")

    monkeypatch.setattr("billing.services.subscription.sync_account", refuse)
    page = text_of(client.post(f"/console/billing/{address}", {"plan": "growth", "interval": "month"}, follow=True))

    assert "This is done. It will be shown here in a minute." in page
    with tenant_transaction(north):
        entry = AuditEntry.objects.filter(subject="billing_account").latest("pk")
    assert entry.after == {"wished": wished}


def test_a_failed_payment_stands_on_every_page_until_it_is_paid(
    client: ShopClient, fake: FakeStripe, north: Shop, now: datetime
) -> None:
    client.get(pay(client, fake, card="4000000000000341"))
    fake.advance(days=32)
    account = Account.objects.get(shop=north)
    services.sync_account(account_id=account.pk, now=fake.now)

    page = client.get("/console/products/").content.decode()

    assert "The last payment failed. Please pay by" in page
    assert 'href="/console/billing/pay/"' in page
    response = client.get("/console/billing/pay/")
    assert response.status_code == 303
    assert "/i/in_" in response["Location"]
    with tenant_transaction(north):
        manager = User.objects.create_user("m@north.example", "a-long-enough-password", role="manager")
    other = ShopClient(north)
    other.force_login(manager)
    other.cookies["laxin_language"] = "en"
    seen = other.get("/console/products/").content.decode()
    assert "The last payment failed." in seen
    assert "Ask the owner of the shop." in seen
    assert "/console/billing/" not in seen


def test_the_notice_costs_no_statement(client: ShopClient, north: Shop) -> None:
    counts = []
    for notice in ({}, {"kind": "trial", "at": (timezone.now() + timedelta(days=2)).isoformat()}):
        set_shop(north, notice=notice)
        client.get("/console/products/")
        with CaptureQueriesContext(connection) as statements:
            page = client.get("/console/products/")
        counts.append(len(statements))
        assert ("of your trial" in text_of(page)) is bool(notice)
    assert counts[0] == counts[1]


@pytest.mark.parametrize("access", ["read_only", "suspended"])
@pytest.mark.parametrize("page", PAGES)
def test_the_plan_can_be_paid_while_the_shop_is_closed(client: ShopClient, north: Shop, access: str, page: str) -> None:
    set_shop(north, access=access, notice={"kind": access, "cause": "trial_ended", "at": "2026-12-01T00:00:00+00:00"})

    assert client.get(f"/console/billing/{page}").status_code == 200
    assert client.get("/console/billing/checkout/?plan=growth&interval=month").status_code == 303


def test_read_only_pages_can_be_read_and_say_why_nothing_can_be_saved(client: ShopClient, north: Shop) -> None:
    set_shop(
        north,
        access="read_only",
        notice={"kind": "read_only", "cause": "trial_ended", "at": "2026-12-01T00:00:00+00:00"},
    )

    page = client.get("/console/products/")
    posted = client.post("/console/keys/", {"name": "Web", "kind": "public"}, follow=True)

    assert "Your trial is over: the shop is read-only. It closes on 2026-12-01" in text_of(page)
    assert "nothing was saved" in text_of(posted)
    assert 'href="/console/billing/"' in posted.content.decode()
    with tenant_transaction(north):
        assert not ApiKey.objects.exists()


def test_a_suspended_shop_has_its_plan_open_and_nothing_else(client: ShopClient, north: Shop) -> None:
    set_shop(
        north,
        access="suspended",
        notice={"kind": "suspended", "cause": "payment_failed", "at": "2026-12-01T00:00:00+00:00"},
    )

    for address in ("/console/", "/console/products/", "/console/orders/"):
        response = client.get(address)
        assert response.status_code == 403
        assert 'href="/console/billing/"' in response.content.decode()
        assert "On 2026-12-01 its data will be deleted" in text_of(response)
    assert client.post("/console/keys/", {"name": "Web", "kind": "public"}).status_code == 403


def test_a_shop_that_an_operator_closed_is_not_said_to_open_by_paying(client: ShopClient, north: Shop) -> None:
    set_shop(north, access="suspended", closed_by_operator="suspended")

    response = client.get("/console/products/")

    assert response.status_code == 403
    text = text_of(response)
    assert "it comes back when the operator of this platform opens the shop again. Please contact them." in text
    assert "the page comes back with the plan" not in text
    main = response.content.decode().partition("<main")[2]
    assert 'href="/console/billing/"' not in main
    assert 'href="/console/archive/"' in main


def test_paying_opens_a_closed_shop(client: ShopClient, fake: FakeStripe, north: Shop, now: datetime) -> None:
    Account.objects.filter(shop=north).update(trial_ends_at=now - timedelta(days=40))
    apply_standing(account_id=Account.objects.get(shop=north).pk, now=now)
    assert client.get("/console/products/").status_code == 403

    assert client.get(pay(client, fake))["Location"] == "/console/"

    assert client.get("/console/products/").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "checkout/?plan=growth&interval=month",
        "portal/",
        "pay/",
        "invoices/",
        "change/?plan=growth&interval=month",
    ],
)
def test_where_the_provider_is_down_a_page_says_so_and_nothing_is_lost(
    client: ShopClient, fake: FakeStripe, north: Shop, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Account.objects.filter(shop=north).update(customer_id="cus_gone")
    before = Account.objects.values().get(shop=north)

    take_down(fake, monkeypatch)
    response = client.get(f"/console/billing/{address}")

    assert response.status_code == 502
    assert "Try again" in text_of(response)
    assert Account.objects.values().get(shop=north) == before


def test_progress_keeps_asking_while_the_provider_is_down(
    client: ShopClient, fake: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = pay(client, fake)

    with monkeypatch.context() as outage:
        take_down(fake, outage)
        response = client.get(back, headers={"HX-Request": "true"})

    assert response.status_code == 200
    assert "a payment that was made is not lost" in text_of(response)
    assert client.get(back, headers={"HX-Request": "true"})["HX-Redirect"] == "/console/"


def test_progress_asks_the_provider_once_in_some_seconds_and_goes_on_saying_that_it_is_down(
    client: ShopClient, fake: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(billing, "SECONDS_BETWEEN_SYNCS", 60)
    back = pay(client, fake)
    asked: list[Any] = []

    def lose(*args: Any) -> None:
        asked.append(args)
        raise stripe.APIConnectionError("no route to host")  # type: ignore[no-untyped-call]

    with monkeypatch.context() as outage:
        outage.setattr(fake, "request", lose)
        first = text_of(client.get(back, headers={"HX-Request": "true"}))
        once = len(asked)
        again = text_of(client.get(back, headers={"HX-Request": "true"}))

    assert once > 0
    assert len(asked) == once
    for text in (first, again):
        assert "a payment that was made is not lost" in text
    cache.clear()  # the minute is over
    assert client.get(back)["Location"] == "/console/"


@pytest.mark.parametrize("path", ["invoices/", "portal/", "pay/", "checkout/?plan=growth", "tax-id/"])
def test_a_shop_has_its_share_of_what_the_provider_answers(
    client: ShopClient, fake: FakeStripe, settings: Settings, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"billing": "2/m/key"}
    for _ in range(2):
        client.get("/console/billing/invoices/")
    take_down(fake, monkeypatch)

    response = getattr(client, "post" if path == "tax-id/" else "get")(f"/console/billing/{path}")

    assert response.status_code == 429
    assert "Try again in a minute." in text_of(response)
    assert [client.get(f"/console/billing/{each}").status_code for each in ("", "return/?session=cs_1")] == [200, 200]


@pytest.mark.parametrize("query", ["", "plan=gold&interval=month", "plan=growth&interval=week"])
def test_what_is_not_sold_leads_back_to_the_offers(client: ShopClient, query: str) -> None:
    response = client.get(f"/console/billing/checkout/?{query}")

    assert (response.status_code, response["Location"]) == (302, "/console/billing/")
    assert client.get(f"/console/billing/change/?{query}")["Location"] == "/console/billing/"


def test_a_shop_made_by_hand_has_no_limits_and_may_subscribe(
    shops: tuple[Shop, Shop], fake: FakeStripe, now: datetime
) -> None:
    south = ShopClient(shops[1])
    with tenant_transaction(shops[1]):
        user = User.objects.get()
    south.force_login(user)
    south.cookies["laxin_language"] = "en"

    page = text_of(south.get("/console/billing/"))

    assert "An operator opened this shop by hand" in page
    assert "$15.00" in page
    assert south.get(pay(south, fake))["Location"] == "/console/"


def test_at_the_limit_the_form_leads_to_the_plan(
    client: ShopClient, north: Shop, now: datetime, make_product: Callable[..., Any]
) -> None:
    make_product("Apple")
    set_shop(north, limits={"skus": 1})

    response = client.post(
        "/console/products/new/", {"name": "Pear", "sku": "PEAR", "price": "5", "quantity": "1"}, follow=True
    )

    content = response.content.decode()
    assert "Your plan allows 1 SKU." in text_of(response)
    assert "See the plans" in content
    with tenant_transaction(north):
        data = ProductInput(name="x", variants=[VariantInput(sku="X", price_minor=1)])
        assert create_product(data=data, now=now)  # not limited here: the shop in hand is of before


def test_what_is_refused_is_told_on_the_page_of_the_plan(
    client: ShopClient, fake: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "has not paid anything yet" in text_of(client.get("/console/billing/portal/", follow=True))
    client.get(pay(client, fake, "plan=starter&interval=month", card="4000000000000341"))

    declined = client.post("/console/billing/change/", {"plan": "scale", "interval": "month"}, follow=True)

    assert "The payment was declined." in text_of(declined)
    assert "Your plan: Starter" in text_of(declined)
