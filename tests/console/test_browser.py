"""Every page in a real browser: nothing for axe to find, nothing wider than the screen, no other host asked."""

from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone
from joining.services import join_member
from playwright.sync_api import Browser, Page, expect

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.browser import DESKTOP, PHONE, axe_violations, page_of
from tests.support.full_shop import fill_shop
from tests.support.live import LiveServer
from tests.support.shops import PASSWORD, owner_email

ADDRESSES = [
    "/console/",
    "/console/settings/",
    "/console/products/",
    "/console/products/?q=nothing-like-it",
    "/console/products/new/",
    "/console/stock/",
    "/console/coupons/",
    "/console/coupons/new/",
    "/console/join-links/",
    "/console/join-links/new/",
    "/console/orders/",
    "/console/keys/",
    "/console/billing/",
    "/console/billing/invoices/",
    "/console/domains/",
]
OUTSIDE = ["/console/sign-in/", "/console/password/", "/console/password/sent/", "/console/password/1-x/"]
# Every pair of width, theme and language is among them.
DRESSES = [
    (PHONE, "shop", "zh-hans"),
    (PHONE, "shop-dark", "en"),
    (DESKTOP, "shop-dark", "zh-hans"),
    (DESKTOP, "shop", "en"),
]
type Url = Callable[[str], str]


@pytest.fixture
def url(web_server: LiveServer, live_shops: tuple[Shop, Shop]) -> Url:
    """The address of a page of the Chinese shop."""
    return lambda path: web_server.url(live_shops[0], path)


def sign_in(page: Page, url: Url) -> None:
    page.goto(url("/console/sign-in/"))
    page.locator("[name=login]").fill(owner_email("north"))
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(url("/console/"))


def choose(page: Page, url: Url, language: str, theme: str) -> None:
    """Set the cookies that the switches set."""
    cookies = {"laxin_language": language, "theme": theme}
    page.context.add_cookies([{"name": name, "value": value, "url": url("/")} for name, value in cookies.items()])


def check(page: Page, url: Url, addresses: list[str]) -> Iterator[str]:
    for size, theme, language in DRESSES:
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        choose(page, url, language, theme)
        for address in addresses:
            page.goto(url(address))
            where = f"{address} {size['width']} {theme} {language}"
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                yield f"{where}: wider than the screen"
            yield from (f"{where}: {fault}" for fault in axe_violations(page))


def test_pages_have_no_accessibility_fault_in_any_dress(
    browser: Browser, live_shops: tuple[Shop, Shop], url: Url
) -> None:
    made = fill_shop(live_shops[0])
    with page_of(browser) as page:
        faults = list(check(page, url, OUTSIDE))
        sign_in(page, url)
        faults += check(page, url, ADDRESSES + list(made.values()))

    assert faults == []


def test_a_join_arrives_on_the_open_page_of_its_link(browser: Browser, live_shops: tuple[Shop, Shop], url: Url) -> None:
    made = fill_shop(live_shops[0])
    with page_of(browser) as page:
        sign_in(page, url)
        page.goto(url(made["join_link"]))
        expect(page.locator("#news")).not_to_contain_text("137****0000")

        with tenant_transaction(live_shops[0]):
            join_member(
                code="till",
                phone="13700000000",
                region="CN",
                token_secret=None,
                consent_version="1",
                now=timezone.now(),
            )

        expect(page.locator("#news")).to_contain_text("137****0000", timeout=10_000)


def test_the_coupon_form_shows_what_is_asked_for_and_an_example(
    browser: Browser, live_shops: tuple[Shop, Shop], url: Url
) -> None:
    with page_of(browser, locale="zh-CN") as page:
        sign_in(page, url)
        page.goto(url("/console/coupons/new/"))
        expect(page.locator("[name=percent]")).to_be_hidden()

        page.locator("[name=kind][value=percent]").check()
        page.locator("[name=percent]").fill("8.5")

        expect(page.locator("[name=amount]")).to_be_hidden()
        expect(page.locator("#example")).to_contain_text("¥100.00 → ¥85.00")
