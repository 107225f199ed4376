"""The back office in a real browser: it runs under the content security policy, and axe finds nothing."""

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from staff.models import User

from tenants.models import Shop
from tests.backoffice.conftest import OPERATOR
from tests.support.browser import DESKTOP, PHONE, axe_violations, page_of
from tests.support.live import LiveServer
from tests.support.second_factor import code_of
from tests.support.shops import PASSWORD

pytestmark = pytest.mark.browser


def enter(page: Page, server: LiveServer) -> None:
    """Sign in for the first time: password, the second factor set up, its codes seen."""
    page.goto(server.url(None, "/backoffice/"))
    page.locator("[name=login]").fill(OPERATOR)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    secret = page.locator("main code").inner_text()
    assert axe_violations(page) == []
    page.locator("[name=code]").fill(code_of(secret))
    page.locator("main button[type=submit]").click()
    assert axe_violations(page) == []
    page.locator("main a.btn").click()
    page.locator("[name=code]").fill(code_of(secret))
    page.locator("main button[type=submit]").click()
    page.wait_for_url(server.url(None, "/backoffice/"))


@pytest.mark.parametrize(("size", "language"), [(DESKTOP, "en"), (PHONE, "zh-hans")])
def test_an_operator_looks_at_everything(
    web_server: LiveServer, live_shops: tuple[Shop, Shop], browser: Browser, size: dict[str, int], language: str
) -> None:
    User.objects.create_user(OPERATOR, PASSWORD, is_staff=True, is_superuser=True)
    with page_of(browser, viewport=size, locale=language) as page:
        enter(page, web_server)
        north = live_shops[0]
        for address in (
            reverse("admin:index"),
            reverse("admin:tenants_shop_changelist"),
            reverse("admin:tenants_shop_change", args=[north.pk]),
            reverse("admin:billing_account_changelist"),
            reverse("admin:billing_paymentevent_changelist"),
            reverse("admin:billing_alert_changelist"),
            reverse("admin:billing_planoverride_changelist"),
            reverse("admin:tenants_deletedshop_changelist"),
            reverse("admin:staff_user_changelist"),
            reverse("admin:admin_logentry_changelist"),
        ):
            page.goto(web_server.url(None, address))
            assert axe_violations(page) == [], address
        expect(page.locator("h1").first).to_be_visible()
