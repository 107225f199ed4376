"""Paying in a real browser: our web server and worker, and the stand-in for Stripe over HTTP with its own pages."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from billing.models import Account, PaymentEvent
from billing.services.accounts import open_account
from billing.services.standing import apply_standing
from billing.standing import TRIAL_LENGTH
from tenants.models import Shop
from tests.support.browser import PHONE, axe_violations, page_of
from tests.support.database import TestServer
from tests.support.paying import PayingProcesses, PayingSite, paying_processes, paying_site
from tests.support.shops import PASSWORD, owner_email

FAILS_LATER = "4000 0000 0000 0341"
WORKS = "4242 4242 4242 4242"
WORDS = {
    "zh-CN": {
        "subscribe": "成长版",
        "plan": "当前套餐：成长版",
        "thanks": "您的套餐已生效",
        "failed": "最近一次付款失败",
        "pay": "立即付款",
    },
    "en-US": {
        "subscribe": "Growth",
        "plan": "Your plan: Growth",
        "thanks": "your plan is active",
        "failed": "The last payment failed",
        "pay": "Pay now",
    },
}
LANGUAGE = {"zh-CN": "zh-hans", "en-US": "en"}
MOMENT = 20_000  # milliseconds that a busy machine may take


@pytest.fixture(scope="module")
def processes(
    database_server: TestServer, valkey: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PayingProcesses]:
    """They take seconds to start, and serve every test of this module."""
    with paying_processes(database_server, tmp_path_factory.mktemp("paying"), valkey) as processes:
        yield processes


@pytest.fixture
def site(fresh_database: str, processes: PayingProcesses) -> Iterator[PayingSite]:
    """Everything that paying needs; events are held until they are let out."""
    with paying_site(processes) as site:
        yield site


@pytest.fixture
def shop(live_shops: tuple[Shop, Shop]) -> Shop:
    """North, on trial since just now."""
    now = datetime.now(UTC)
    account = open_account(shop=live_shops[0], trial_ends_at=now + TRIAL_LENGTH, now=now)
    apply_standing(account_id=account.pk, now=now)
    return live_shops[0]


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_from_the_prices_over_the_payment_page_into_the_console(
    browser: Browser, site: PayingSite, locale: str
) -> None:
    """No event arrives before the landing; all arrive afterwards, and once more."""
    words, slug = WORDS[locale], f"tea-{locale[:2]}"
    with page_of(browser, locale=locale) as page:
        page.goto(site.url(path="/prices/"))
        assert axe_violations(page) == []
        page.locator("section", has_text=words["subscribe"]).locator("a[href*='plan=growth']").click()
        page.wait_for_url(re.compile(r"/signup/\?plan=growth&interval=month"))
        sign_up(page, slug=slug, language=LANGUAGE[locale])
        page.wait_for_url(re.compile(r"/c/pay/"))
        assert axe_violations(page) == []

        took = pay_and_come_back(page, WORKS)
        print(f"{locale}: from the payment to the console {took:.2f} s")

        expect(page.locator("main")).to_contain_text(words["thanks"])
        assert axe_violations(page) == []
        page.goto(re.sub(r"/console/.*", "/console/billing/", page.url))
        expect(page.locator("main")).to_contain_text(words["plan"])
        expect(page.locator("#invoice-list table")).to_be_visible()
        assert axe_violations(page) == []

    account = Account.objects.get(shop__slug=slug)
    before = (account.status, account.plan, account.subscription_id)
    site.let_events_out()
    wait_until(lambda: PaymentEvent.objects.filter(state="done", account=account).exists())
    assert set(site.repeat_events()) == {200}
    wait_until(lambda: not PaymentEvent.objects.filter(state="pending").exists())
    account.refresh_from_db()
    assert (account.status, account.plan, account.subscription_id) == before == ("active", "growth", before[2])
    assert len(site.fake.all("subscription")) == 1
    assert Shop.objects.get(slug=slug).plan == "growth"


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_a_failed_payment_is_told_and_paid_and_forgotten(
    browser: Browser, site: PayingSite, shop: Shop, locale: str
) -> None:
    words = WORDS[locale]
    site.let_events_out()
    with page_of(browser, locale=locale, viewport=PHONE) as page:
        sign_in(page, site, shop, LANGUAGE[locale])
        page.goto(site.url(shop, "/console/billing/checkout/?plan=growth&interval=month"))
        pay_and_come_back(page, FAILS_LATER)

        site.fake.advance(days=32)
        see_soon(page, site.url(shop, "/console/products/"), words["failed"])
        assert axe_violations(page) == []
        page.goto(site.url(shop, "/console/billing/"))
        assert axe_violations(page) == []
        with page.expect_popup() as opened:
            page.get_by_role("link", name=words["pay"]).click()
        invoice = opened.value
        invoice.wait_for_url(re.compile(r"/i/in_"))
        assert axe_violations(invoice) == []
        invoice.locator("[name=card]").fill(WORKS)
        invoice.locator("form button").click()
        wait_until(lambda: Account.objects.get(shop=shop).status == "active")

        invoice.close()  # nothing leads back from there
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # without windows none is hidden
        expect(page.locator("main")).not_to_contain_text(words["failed"], timeout=MOMENT)
    assert Shop.objects.values_list("access", "plan", "notice").get(pk=shop.pk) == ("open", "growth", {})


def test_the_page_of_progress_waits_through_refreshes_and_ends_in_the_console(
    browser: Browser, site: PayingSite, shop: Shop
) -> None:
    with page_of(browser, locale="en-US") as page:
        sign_in(page, site, shop, "en")
        page.goto(site.url(shop, "/console/billing/checkout/?plan=growth&interval=month"))
        session = page.url.rpartition("/")[2]
        landing = site.url(shop, f"/console/billing/return/?session={session}")
        for _ in range(2):
            page.goto(landing)
            expect(page.locator("#progress[hx-get*='asks=2']")).to_be_attached(timeout=MOMENT)
        assert axe_violations(page) == []

        site.fake.pay(session)

        page.wait_for_url(site.url(shop, "/console/"), timeout=MOMENT)
        page.goto(landing)
        page.wait_for_url(site.url(shop, "/console/"), timeout=MOMENT)
        expect(page.locator("main")).to_contain_text("your plan is active")
    assert len(site.fake.all("subscription")) == 1


def test_the_page_of_progress_works_without_scripts(browser: Browser, site: PayingSite, shop: Shop) -> None:
    with page_of(browser, locale="en-US", java_script_enabled=False) as page:
        sign_in(page, site, shop, "en")
        page.goto(site.url(shop, "/console/billing/checkout/?plan=starter&interval=year"))
        pay_and_come_back(page, WORKS)
        expect(page.locator("main")).to_contain_text("your plan is active")


def test_who_never_comes_back_from_the_payment_page_has_the_plan_all_the_same(
    browser: Browser, site: PayingSite, shop: Shop
) -> None:
    with page_of(browser, locale="en-US") as page:
        sign_in(page, site, shop, "en")
        page.goto(site.url(shop, "/console/billing/checkout/?plan=scale&interval=month"))
        session = page.url.rpartition("/")[2]
    site.fake.pay(session)

    site.let_events_out()
    wait_until(lambda: Shop.objects.get(pk=shop.pk).plan == "scale")

    with page_of(browser, locale="en-US") as page:
        sign_in(page, site, shop, "en")
        see_soon(page, site.url(shop, "/console/billing/"), "Your plan: Scale")


def sign_up(page: Page, *, slug: str, language: str) -> None:
    page.fill("[name=name]", "Tea House")
    page.fill("[name=slug]", slug)
    page.fill("[name=email]", "owner@example.com")
    page.fill("[name=password]", "correct horse battery")
    page.check(f"[name=language][value={language}]")
    page.click("main form button[type=submit], main form button:not([type])")


def sign_in(page: Page, site: PayingSite, shop: Shop, language: str) -> None:
    page.context.add_cookies([{"name": "laxin_language", "value": language, "url": site.url(shop)}])
    page.goto(site.url(shop, "/console/sign-in/"))
    page.locator("[name=login]").fill(owner_email(shop.slug))
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(site.url(shop, "/console/"))


def pay_and_come_back(page: Page, card: str) -> float:
    """Fill in the payment page; the seconds from there to the console."""
    page.locator("[name=card]").fill(card)
    begun = time.monotonic()
    page.locator("form button").click()
    page.wait_for_url(re.compile(r"/console/$"), timeout=MOMENT)
    return time.monotonic() - begun


def see_soon(page: Page, address: str, text: str) -> None:
    """Load a page until it says `text`."""

    def says() -> bool:
        page.goto(address)
        return text in page.inner_text("main")

    wait_until(says)


def wait_until(is_so: object) -> None:
    assert callable(is_so)
    deadline = time.monotonic() + MOMENT / 1000
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)
