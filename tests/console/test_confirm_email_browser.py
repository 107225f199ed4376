"""Confirming one's address in a real browser, on a phone and on a desktop."""

import re

import pytest
from messaging.models import Email
from playwright.sync_api import Browser, ViewportSize, expect
from staff.models import User

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.browser import DESKTOP, PHONE, axe_violations, page_of
from tests.support.live import LiveServer
from tests.support.shops import PASSWORD, owner_email


@pytest.mark.parametrize(
    ("dress", "words"),
    [
        ((PHONE, "zh-CN"), ("去确认", "发送链接", "确认", "owner@north.example 已确认")),
        ((DESKTOP, "en-US"), ("Confirm it", "Send the link", "Confirm", "owner@north.example is confirmed")),
    ],
)
def test_from_the_notice_over_the_mail_to_a_confirmed_address(
    browser: Browser,
    web_server: LiveServer,
    live_shops: tuple[Shop, Shop],
    dress: tuple[ViewportSize, str],
    words: tuple[str, str, str, str],
) -> None:
    (viewport, locale), (to_confirm, send, confirm, is_confirmed) = dress, words
    north = live_shops[0]
    with tenant_transaction(north):
        User.objects.update(email_is_proven=False)
    with page_of(browser, viewport=viewport, locale=locale) as page:
        page.goto(web_server.url(north, "/console/sign-in/"))
        page.locator("[name=login]").fill(owner_email("north"))
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("main button[type=submit]").click()
        page.get_by_role("link", name=to_confirm).wait_for()
        faults = axe_violations(page)
        page.get_by_role("link", name=to_confirm).click()
        page.get_by_role("button", name=send).wait_for()
        faults += axe_violations(page)
        page.get_by_role("button", name=send).click()
        page.get_by_role("alert").or_(page.get_by_role("status")).first.wait_for()
        with tenant_transaction(north):
            message = Email.objects.latest("pk")
        found = re.search(r"http://north\.localhost:\d+(/console/security/address/\S+)", message.text)
        assert found
        page.goto(web_server.url(north, found[1]))
        faults += axe_violations(page)
        page.get_by_role("button", name=confirm, exact=True).click()

        expect(page.locator("main")).to_contain_text(is_confirmed)
        expect(page.get_by_role("link", name=to_confirm)).to_have_count(0)
        assert faults == []
