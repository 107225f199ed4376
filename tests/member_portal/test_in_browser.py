"""The customer's path in a real browser on a phone's screen: scan, one tap, coupon."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from coupons.models import Coupon
from django.utils import timezone
from joining.models import JoinLink
from playwright.sync_api import Browser, Page, Route, expect

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.browser import PHONE, axe_violations, page_of
from tests.support.coupons import make_batch, make_link
from tests.support.live import LiveServer

SMALLEST_TARGET = 44
NUMBER = "13800138000"


@pytest.fixture
def shop(live_shops: tuple[Shop, Shop]) -> Shop:
    """North with two open links and one that is closed."""
    now = timezone.now()
    with tenant_transaction(live_shops[0]):
        make_link(now, make_batch(now))
        make_link(now, make_batch(now), code="second")
        make_link(now, make_batch(now), code="over")
        JoinLink.objects.filter(code="over").update(status="closed")
    return live_shops[0]


@contextmanager
def phone(browser: Browser, **options: Any) -> Iterator[Page]:
    with page_of(browser, viewport=PHONE, has_touch=True, is_mobile=True, **options) as page:
        yield page


def join(page: Page) -> None:
    page.locator("input[name=phone]").fill(NUMBER)
    page.locator("main form button").tap()


def shown_code(page: Page) -> str:
    return page.locator(".code").first.inner_text().replace(" ", "")


def the_only_code(shop: Shop) -> str:
    with tenant_transaction(shop):
        return Coupon.objects.values_list("code", flat=True).get()


def small_targets(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        """least => [...document.querySelectorAll('a, button, input:not([type=hidden])')]
            .filter(node => Math.min(node.getBoundingClientRect().width, node.getBoundingClientRect().height) < least)
            .map(node => node.outerHTML)""",
        SMALLEST_TARGET,
    )
    return found


def test_the_coupon_shows_after_one_tap_and_two_requests(web_server: LiveServer, browser: Browser, shop: Shop) -> None:
    with phone(browser) as page:
        requests: list[str] = []
        page.on("request", lambda request: requests.append(f"{request.method} {request.url}"))
        page.goto(web_server.url(shop, "/j/welcome"))
        page.locator("input[name=phone]").fill(NUMBER)
        page.locator("main form button").tap()
        expect(page.locator("img.qr")).to_be_in_viewport()

        sent = [request for request in requests if "data:" not in request]
        assert [request.split()[0] for request in sent] == ["GET", "POST"]
        assert shown_code(page) == the_only_code(shop)
        width = page.evaluate("document.querySelector('img.qr').naturalWidth")
        assert width > 200

        page.reload()
        assert requests[-1].startswith("GET") or "data:" in requests[-1]
        assert shown_code(page) == the_only_code(shop)
        page.goto(web_server.url(shop, "/j/welcome"))
        assert shown_code(page) == the_only_code(shop)
        page.go_back()
        page.goto(web_server.url(shop, "/wallet/"))
        assert shown_code(page) == the_only_code(shop)


@pytest.mark.parametrize("has_scripts", [True, False])
def test_back_from_the_wallet_shows_the_coupon_again(
    web_server: LiveServer, browser: Browser, shop: Shop, has_scripts: bool
) -> None:
    with phone(browser, java_script_enabled=has_scripts) as page:
        page.goto(web_server.url(shop, "/j/welcome"))
        join(page)
        expect(page.locator("img.qr")).to_be_visible()
        page.locator("main .links a").first.tap()
        page.wait_for_url("**/wallet/")

        page.go_back()
        assert shown_code(page) == the_only_code(shop)
        page.reload()
        assert shown_code(page) == the_only_code(shop)


def test_back_to_a_number_that_was_wrong_shows_the_form_again(
    web_server: LiveServer, browser: Browser, shop: Shop
) -> None:
    with phone(browser) as page:
        page.goto(web_server.url(shop, "/j/welcome"))
        page.locator("input[name=phone]").fill("123")
        page.locator("main form button").tap()
        expect(page.locator("[role=alert]")).to_be_visible()
        page.goto(web_server.url(shop, "/wallet/"))

        page.go_back()
        expect(page.locator("input[name=phone]")).to_be_visible()


def test_a_browser_that_does_not_keep_the_members_cookie_sees_the_coupon(
    web_server: LiveServer, browser: Browser, shop: Shop
) -> None:
    def forget(route: Route) -> None:
        url = urlsplit(route.request.url)
        answer = route.fetch(
            url=f"http://127.0.0.1:{url.port}{url.path}", headers={**route.request.all_headers(), "host": url.netloc}
        )
        headers = {name: value for name, value in answer.headers.items() if name != "set-cookie"}
        route.fulfill(response=answer, headers=headers)

    with phone(browser) as page:
        page.goto(web_server.url(shop, "/j/welcome"))
        page.route("**/j/welcome", forget)
        join(page)
        expect(page.locator("img.qr")).to_be_visible()

        assert "laxin_member" not in {cookie.get("name") for cookie in page.context.cookies(page.url)}
        assert shown_code(page) == the_only_code(shop)


def test_an_impatient_double_tap_gives_one_coupon(web_server: LiveServer, browser: Browser, shop: Shop) -> None:
    with phone(browser) as page:
        page.goto(web_server.url(shop, "/j/welcome"))
        page.locator("input[name=phone]").fill(NUMBER)
        page.locator("main form button").dblclick()
        expect(page.locator("img.qr")).to_be_visible()

        assert shown_code(page) == the_only_code(shop)


def test_it_works_without_javascript(web_server: LiveServer, browser: Browser, shop: Shop) -> None:
    with phone(browser, java_script_enabled=False) as page:
        page.goto(web_server.url(shop, "/j/welcome"))
        join(page)
        expect(page.locator("img.qr")).to_be_visible()

        assert shown_code(page) == the_only_code(shop)
        page.reload()
        assert shown_code(page) == the_only_code(shop)


def test_two_devices_show_the_same_coupon(web_server: LiveServer, browser: Browser, shop: Shop) -> None:
    codes = []
    for _ in range(2):
        with phone(browser) as page:
            page.goto(web_server.url(shop, "/j/welcome"))
            join(page)
            codes.append(shown_code(page))

    assert codes == [the_only_code(shop)] * 2


@pytest.mark.parametrize(("language", "colours"), [("zh-hans", "light"), ("en", "dark")])
def test_every_page_can_be_used_by_everybody(
    web_server: LiveServer, browser: Browser, shop: Shop, language: str, colours: str
) -> None:
    with phone(browser, color_scheme=colours) as page:

        def look(path: str) -> None:
            if path:
                page.goto(web_server.url(shop, path))
            assert page.locator("html").get_attribute("lang") == language
            assert axe_violations(page) == []
            assert small_targets(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        page.goto(web_server.url(shop, "/wallet/"))
        if language == "en":
            page.locator("header button").tap()
            expect(page.locator("html")).to_have_attribute("lang", "en")
        look("/wallet/")
        look("/j/welcome")
        page.locator("input[name=phone]").fill("123")
        page.locator("main form button").tap()
        expect(page.locator("[role=alert]")).to_be_visible()
        look("")
        join(page)
        expect(page.locator("img.qr")).to_be_visible()
        look("")
        for path in ("/", "/j/welcome", "/j/second", "/j/second?other", "/j/over", "/j/unknown", "/wallet/"):
            look(path)


def test_a_wide_screen_shows_the_same_page(web_server: LiveServer, browser_page: Page, shop: Shop) -> None:
    browser_page.goto(web_server.url(shop, "/j/welcome"))

    assert axe_violations(browser_page) == []
    box = browser_page.locator("main").bounding_box()
    assert box is not None
    assert box["width"] <= 480
