"""The first whole path in a real browser: sign up, make a coupon, join by its code, order, see it in the console."""

import http.client
import json
import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from tests.support.browser import PHONE, axe_violations, page_of
from tests.support.live import LiveServer

PASSWORD = "correct horse battery"
SLUG = "tea-house"
PHONE_NUMBER = "2025550147"
FETCH_START = "async path => [...new Uint8Array(await (await fetch(path)).arrayBuffer()).slice(0, 8)]"


def test_from_sign_up_to_the_first_order_with_a_coupon(browser: Browser, web_server: LiveServer) -> None:
    with page_of(browser, locale="en-US") as owner:
        _sign_up(owner, web_server)
        _add_a_product(owner)
        _make_a_coupon(owner)
        join_address = _make_a_join_link(owner)
        link_page = owner.url
        storefront_key = _read_the_storefront_key(owner)

        token, code = _join(browser, join_address)

        owner.goto(link_page)
        expect(owner.locator("#news")).to_contain_text("1")
        order = _order(web_server, storefront_key, token, code)
        assert order["total"] == {"amount": "42.00", "currencyCode": "USD"}
        _find_the_order_and_mark_it_paid(owner, number=order["number"])


def _visit(page: Page, path: str) -> None:
    """Open a page of the host that the browser is at, by its menu's address, and look for barriers."""
    parts = urlsplit(page.url)
    page.goto(f"{parts.scheme}://{parts.netloc}{path}")
    assert axe_violations(page) == []


def _sign_up(page: Page, server: LiveServer) -> None:
    page.goto(server.url())
    assert axe_violations(page) == []
    page.goto(server.url(path="/signup/"))
    assert axe_violations(page) == []
    page.fill("[name=name]", "Tea House")
    page.fill("[name=slug]", SLUG)
    page.fill("[name=email]", "owner@example.com")
    page.fill("[name=password]", PASSWORD)
    page.select_option("select[name=language]", "en") if page.locator("select[name=language]").count() else page.check(
        "[name=language][value=en]"
    )
    page.click("main form button")
    page.wait_for_url(re.compile(rf"//{SLUG}\.localhost:\d+/console/$"))
    expect(page.locator("header, nav").first).to_contain_text("Tea House")
    assert axe_violations(page) == []


def _add_a_product(page: Page) -> None:
    _visit(page, "/console/products/")
    _visit(page, "/console/products/new/")
    page.fill("[name=name]", "Dragon Well 100 g")
    page.fill("[name=sku]", "TEA-100")
    page.fill("[name=price]", "25.00")
    page.fill("[name=quantity]", "3")
    page.click("main form:has([name=sku]) button[type=submit], main form:has([name=sku]) button:not([type])")
    page.wait_for_url(re.compile(r"/console/products/[0-9a-f-]{36}/$"))
    assert axe_violations(page) == []
    expect(page.locator("main")).to_contain_text("$25.00")


def _make_a_coupon(page: Page) -> None:
    _visit(page, "/console/coupons/")
    _visit(page, "/console/coupons/new/")
    page.fill("[name=name]", "Welcome")
    page.check("[name=kind][value=amount]")
    page.fill("[name=amount]", "8")
    page.fill("[name=minimum_spend]", "40")
    page.fill("[name=total]", "100")
    page.fill("[name=valid_days]", "30")
    page.click("#coupon-form button[type=submit], #coupon-form button:not([type])")
    page.wait_for_url(re.compile(r"/console/coupons/[0-9a-f-]{36}/$"))
    assert axe_violations(page) == []


def _make_a_join_link(page: Page) -> str:
    """Return the address that the printed code holds."""
    _visit(page, "/console/join-links/")
    _visit(page, "/console/join-links/new/")
    page.fill("[name=name]", "Counter")
    page.fill("[name=code]", "counter")
    page.select_option("[name=batch]", index=1)
    page.click("main form:has([name=batch]) button[type=submit], main form:has([name=batch]) button:not([type])")
    page.wait_for_url(re.compile(r"/console/join-links/[0-9a-f-]{36}/$"))
    assert axe_violations(page) == []
    picture = page.locator("main img").first
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    for kind, start in (("qr.png", b"\x89PNG"), ("poster.pdf", b"%PDF"), ("poster.png", b"\x89PNG")):
        assert bytes(page.evaluate(FETCH_START, kind)).startswith(start)
    address = page.get_by_role("link", name="See the page that customers see").get_attribute("href")
    assert address is not None
    assert address.endswith("/j/counter")
    return address


def _read_the_storefront_key(page: Page) -> str:
    _visit(page, "/console/keys/")
    found = re.search(r"pk_[\w-]{43}", page.content())
    assert found
    return found.group()


def _join(browser: Browser, address: str) -> tuple[str, str]:
    """Join on a phone and return the member's token and the coupon's code; scanning again shows the same coupon."""
    with page_of(browser, viewport=PHONE, locale="en-US", has_touch=True) as phone:
        requests: list[str] = []
        phone.on("request", lambda request: requests.append(request.url) if "data:" not in request.url else None)
        phone.goto(address)
        assert axe_violations(phone) == []
        phone.fill("[name=phone]", PHONE_NUMBER)
        phone.tap("form.box button")
        expect(phone.locator("main img, img").first).to_be_visible()
        assert len(requests) == 2, requests
        assert axe_violations(phone) == []
        code = _coupon_code(phone)
        phone.goto(address)
        assert _coupon_code(phone) == code
        parts = urlsplit(address)
        phone.goto(f"{parts.scheme}://{parts.netloc}/wallet/")
        assert axe_violations(phone) == []
        assert _coupon_code(phone) == code
        cookies = {cookie["name"]: cookie for cookie in phone.context.cookies()}
        assert cookies["laxin_member"]["httpOnly"]
        return cookies["laxin_member"]["value"], code


def _coupon_code(page: Page) -> str:
    found = re.search(
        r"\b[0-9A-HJKMNP-TV-Z]{4}[ -]?[0-9A-HJKMNP-TV-Z]{4}[ -]?[0-9A-HJKMNP-TV-Z]{4}\b", page.inner_text("body")
    )
    assert found, page.inner_text("body")
    return found.group().replace(" ", "").replace("-", "")


def _order(server: LiveServer, key: str, token: str, code: str) -> dict[str, Any]:
    """Buy two with the coupon through the storefront API."""
    created = _graphql(
        server,
        key,
        token,
        "mutation($input: CartCreateInput!) { cartCreate(input: $input) { cart { id } userErrors { message } } }",
        {"lines": [{"sku": "TEA-100", "quantity": 2}], "channel": "ONLINE"},
    )["cartCreate"]
    assert created["userErrors"] == []
    cart_id = created["cart"]["id"]
    coupons = _graphql(
        server,
        key,
        token,
        "mutation($input: CartCouponsSetInput!) { cartCouponsSet(input: $input)"
        " { cart { coupons { code applied } total { amount } } userErrors { message } } }",
        {"cartId": cart_id, "codes": [code]},
    )["cartCouponsSet"]
    assert coupons["cart"] == {"coupons": [{"code": code, "applied": True}], "total": {"amount": "42.00"}}
    placed = _graphql(
        server,
        key,
        token,
        "mutation($input: CheckoutCompleteInput!) { checkoutComplete(input: $input)"
        " { order { number status total { amount currencyCode } } userErrors { message } } }",
        {"cartId": cart_id, "idempotencyKey": "journey-1", "payment": {"method": "OFFLINE"}},
    )["checkoutComplete"]
    assert placed["userErrors"] == []
    assert placed["order"]["status"] == "PLACED"
    return dict(placed["order"])


def _graphql(server: LiveServer, key: str, token: str, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {
        "Host": f"{SLUG}.localhost:{server.port}",
        "Content-Type": "application/json",
        "X-Storefront-Key": key,
        "Authorization": f"Bearer {token}",
    }
    connection.request("POST", "/graphql/", json.dumps({"query": document, "variables": {"input": variables}}), headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert "errors" not in answer, answer
    return dict(answer["data"])


def _find_the_order_and_mark_it_paid(page: Page, *, number: str) -> None:
    _visit(page, "/console/orders/")
    page.get_by_role("link", name=re.compile(number)).first.click()
    page.wait_for_url(re.compile(r"/console/orders/[0-9a-f-]{36}/$"))
    assert axe_violations(page) == []
    expect(page.locator("main")).to_contain_text("$42.00")
    expect(page.locator("main")).to_contain_text("Welcome")
    page.get_by_role("button", name="Mark as paid").click()
    expect(page.locator("main")).to_contain_text("Paid")
    _visit(page, "/console/stock/")
    expect(page.locator("main tr", has_text="TEA-100")).to_contain_text("1")
