"""Signing up in a real browser, with and without scripts."""

import time

import pytest
from playwright.sync_api import Browser, expect

from tenants.models import Shop
from tests.support.browser import PHONE, page_of
from tests.support.live import LiveServer


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.usefixtures("live_shops")
def test_sign_up_ends_in_the_console(browser: Browser, web_server: LiveServer, scripts: bool) -> None:
    with page_of(browser, locale="zh-CN", viewport=PHONE, java_script_enabled=scripts) as page:
        page.goto(web_server.url(path="/signup/"))
        page.locator("[name=name]").fill("街角小店")
        page.locator("[name=slug]").fill("corner")
        page.locator("[name=email]").fill("li@corner.example")
        page.locator("[name=password]").fill("orange-bicycle-7")
        page.locator("[name=language][value=zh-hans]").check()
        started = time.monotonic()
        page.locator("main button[type=submit]").click()

        page.wait_for_url("http://corner.localhost:*/console/")
        print(f"sign-up to console: {time.monotonic() - started:.2f} s")
        expect(page.locator("header")).to_contain_text("街角小店")
        names = {cookie["name"]: cookie["domain"] for cookie in page.context.cookies()}
        assert names["laxin_session"] == "corner.localhost"
        assert Shop.objects.filter(slug="corner").exists()
