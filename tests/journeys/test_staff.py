"""Staff in a real browser: invite, accept, second factor, limits of the role; two languages, no barriers."""

import re
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from messaging.models import Email
from playwright.sync_api import Browser, Page, expect
from staff.models import AuditEntry, User
from staff.roles import require_second_factor
from staff.selectors import get_access

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.browser import PHONE, axe_violations, page_of
from tests.support.live import LiveServer
from tests.support.shops import PASSWORD, owner_email

NEW_PASSWORD = "a bicycle in the rain"
NEWCOMER = "till@north.example"


def code_of(secret: str, steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_invited_with_a_second_factor_and_held_to_the_role(
    browser: Browser, web_server: LiveServer, live_shops: tuple[Shop, Shop], locale: str
) -> None:
    north = live_shops[0]
    with tenant_transaction(north):
        require_second_factor(code="cashier", required=True, access=get_access(user=User.objects.get()))

    with page_of(browser, locale=locale) as owner:
        sign_in(owner, web_server.url(north, "/console/sign-in/"), owner_email("north"), PASSWORD)
        look(owner, web_server.url(north, "/console/staff/"))
        owner.fill("[name=email]", NEWCOMER)
        owner.select_option("[name=role]", "cashier")
        owner.click("main form:has([name=email]) button")
        expect(owner.locator("main")).to_contain_text(NEWCOMER)
        assert axe_violations(owner) == []

    with page_of(browser, viewport=PHONE, locale=locale) as newcomer:
        look(newcomer, read_link(north))
        newcomer.fill("[name=name]", "Chen")
        newcomer.fill("[name=password]", NEW_PASSWORD)
        newcomer.click("main form button")
        newcomer.wait_for_url(re.compile("/console/security/second-factor/$"))
        assert axe_violations(newcomer) == []
        secret = newcomer.locator("[data-copy]").get_attribute("data-copy")
        assert secret
        newcomer.fill("[name=code]", code_of(secret))
        newcomer.click("main form:has([name=code]) button")
        newcomer.wait_for_url(re.compile("/console/security/codes/$"))
        assert axe_violations(newcomer) == []
        expect(newcomer.locator("main ul li")).to_have_count(10)

        newcomer.click("main a.btn-primary")
        newcomer.wait_for_url(re.compile("/console/$"))
        look(newcomer, web_server.url(north, "/console/orders/"))
        look(newcomer, web_server.url(north, "/console/staff/"))
        expect(newcomer.locator("main")).to_contain_text(owner_email("north"))  # refused, and whom to ask
        expect(newcomer.locator("nav a[href='/console/coupons/']")).to_have_count(1)
        expect(newcomer.locator("nav a[href='/console/keys/']")).to_have_count(0)
        look(newcomer, web_server.url(north, "/console/security/"))

    with page_of(browser, viewport=PHONE, locale=locale) as again:
        sign_in(again, web_server.url(north, "/console/sign-in/"), NEWCOMER, NEW_PASSWORD)
        again.wait_for_url(re.compile("/console/security/code/$"))
        assert axe_violations(again) == []
        again.fill("[name=code]", code_of(secret, 1))
        again.click("main form:has([name=code]) button")
        again.wait_for_url(re.compile("/console/$"))

    with page_of(browser, locale=locale) as owner:
        sign_in(owner, web_server.url(north, "/console/sign-in/"), owner_email("north"), PASSWORD)
        with tenant_transaction(north):
            user = User.objects.get(email=NEWCOMER)
            entry = AuditEntry.objects.filter(subject="staff_user", event="insert").get()
        for path in (
            "audit/", f"audit/{entry.pk}/", f"staff/{user.pk}/", "roles/", "roles/new/", "security/password/",
            "security/email/", "security/second-factor/",
        ):  # fmt: skip
            look(owner, web_server.url(north, f"/console/{path}"))
        look(owner, web_server.url(north, "/console/audit/?event=sign_in"))
        expect(owner.locator("main tbody")).to_contain_text(NEWCOMER)


def look(page: Page, address: str) -> None:
    """Open a page and look for barriers."""
    page.goto(address)
    assert axe_violations(page) == [], address


def sign_in(page: Page, address: str, email: str, password: str) -> None:
    look(page, address)
    page.fill("[name=login]", email)
    page.fill("[name=password]", password)
    page.click("main form button")
    page.wait_for_url(re.compile(r"/console/(security/code/)?$"))


def read_link(shop: Shop) -> str:
    with tenant_transaction(shop):
        text = Email.objects.latest("pk").text
    found = re.search(r"http://\S+/console/invitation/\S+/", text)
    assert found, text
    return found[0]
