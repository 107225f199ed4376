"""The back office in a real browser: it runs under the content security policy, and axe finds nothing."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from staff.models import User

from billing.models import PaymentEvent
from tenants.models import Shop
from tests.backoffice.conftest import OPERATOR
from tests.backoffice.examples import fill, list_pages
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
    page.wait_for_url(server.url(None, "/backoffice/"))


@pytest.mark.parametrize(
    "look",
    [
        {"viewport": DESKTOP, "locale": "en", "color_scheme": "light"},
        {"viewport": PHONE, "locale": "zh-CN", "color_scheme": "dark"},
    ],
    ids=["desktop", "phone"],
)
def test_every_page_suits_everybody(
    web_server: LiveServer, live_shops: tuple[Shop, Shop], browser: Browser, look: dict[str, Any]
) -> None:
    User.objects.create_user(OPERATOR, PASSWORD, is_staff=True, is_superuser=True)
    with page_of(browser, **look) as page:
        enter(page, web_server)
        fill(*live_shops)
        for address in list_pages(dialogs=False):
            page.goto(web_server.url(None, address))
            assert axe_violations(page) == [], address
            assert page.evaluate("document.documentElement.scrollWidth") <= look["viewport"]["width"], address


def test_a_plan_is_given_and_the_shop_entered_from_a_phone(
    web_server: LiveServer, live_shops: tuple[Shop, Shop], browser: Browser
) -> None:
    north = live_shops[0]
    User.objects.create_user(OPERATOR, PASSWORD, is_staff=True, is_superuser=True)
    with page_of(browser, viewport=PHONE, locale="zh-CN") as page:
        enter(page, web_server)
        page.goto(web_server.url(None, reverse("admin:tenants_shop_change", args=[north.pk])))
        open_dialog(page, "赠送套餐")
        page.locator("#dialog select[name=plan]").select_option("scale")
        page.locator("#dialog [name=until]").fill("2099-01-01")
        page.locator("#dialog [name=reason]").fill("太短")
        page.locator("#dialog [type=submit]").click()
        expect(page.locator("#dialog")).to_contain_text("最长十年")
        assert axe_violations(page) == []
        page.locator("#dialog [name=until]").fill(str(timezone.now().date()))
        page.locator("#dialog [name=reason]").fill("工单 4711：电话约定试用规模版")
        page.locator("#dialog [type=submit]").click()
        expect(page.get_by_text("店铺已使用该套餐。")).to_be_visible()
        open_dialog(page, "进入")
        page.locator("#dialog [name=reason]").fill("工单 4711：查看优惠券设置")
        page.locator("#dialog [type=submit]").click()
        page.wait_for_url(web_server.url(north, "/console/"))
        expect(page.locator("main")).to_contain_text("工单 4711：查看优惠券设置")
        assert axe_violations(page) == []


def open_dialog(page: Page, action: str) -> None:
    """Touch an action's button; on a phone they are in a menu."""
    page.get_by_text("more_horiz").click()
    page.get_by_role("link", name=action, exact=True).click()
    expect(page.locator("#dialog [name=reason]")).to_be_visible()


def test_events_are_chosen_in_the_list_and_tried_again(
    web_server: LiveServer, live_shops: tuple[Shop, Shop], browser: Browser
) -> None:
    User.objects.create_user(OPERATOR, PASSWORD, is_staff=True, is_superuser=True)
    with page_of(browser, viewport=DESKTOP, locale="zh-CN") as page:
        enter(page, web_server)
        fill(*live_shops)
        PaymentEvent.objects.filter(state="dead").update(customer_id="", account=None)  # of nobody: Stripe is not asked
        page.goto(web_server.url(None, reverse("admin:billing_paymentevent_changelist")))
        for choice in page.locator("#result_list tbody input[type=checkbox]").all():
            choice.check()
        page.locator("#changelist-actions select[name=action]").select_option(label="重试")
        assert axe_violations(page) == []
        page.locator("#changelist-actions button[name=index]").click()
        expect(page.locator("[name=_selected_action]")).to_have_count(1)  # one of the four is given up
        assert axe_violations(page) == []
        page.locator("[name=reason]").fill("工单 4711：今早 Stripe 中断")
        page.get_by_role("button", name="重试").click()
        expect(page.get_by_text("1 个事件不属于本平台的任何账户，已忽略。")).to_be_visible()
