"""The web server and the browser of the harness, on the real thing."""

from playwright.sync_api import Page

from tenants.models import Shop
from tests.support.browser import axe_violations
from tests.support.live import LiveServer


def test_an_unknown_shop_is_a_friendly_page(
    web_server: LiveServer, live_shops: tuple[Shop, Shop], browser_page: Page
) -> None:
    response = browser_page.goto(web_server.url().replace("localhost", "nowhere.localhost"))

    assert response is not None
    assert response.status == 404
    assert "nowhere.localhost" in browser_page.inner_text("body")
    assert axe_violations(browser_page) == []


def test_a_bootstrapped_server_is_ready_on_every_host(web_server: LiveServer, browser_page: Page) -> None:
    response = browser_page.goto(web_server.url().replace("localhost", "127.0.0.1") + "readyz")

    assert response is not None
    assert response.json() == {"ready": True, "missing": {}}
