"""From the prices to a shop that is set up, in a real browser and both languages: every step ticks by itself."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import PHONE, axe_violations, page_of
from tests.support.live import LiveServer

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Words:
    """What the journey looks for, in one language."""

    locale: str
    code: str
    trial: str
    progress: str
    samples_are_in: str
    samples_are_out: str
    put_in: str
    take_out: str
    use_picture: str
    hide: str
    show: str


ENGLISH = Words(
    locale="en-US",
    code="en",
    trial="Try it for 14 days (Growth)",
    progress="{} of 5 done",
    samples_are_in="The sample data is in",
    samples_are_out="The sample data is out",
    put_in="Put samples in",
    take_out="Take the samples out",
    use_picture="Use this picture",
    hide="Hide",
    show="Show the first steps again",
)
CHINESE = Words(
    locale="zh-CN",
    code="zh-hans",
    trial="免费试用 14 天 (成长版)",
    progress="已完成 {} / 5",
    samples_are_in="示例数据已添加",
    samples_are_out="示例数据已移除",
    put_in="添加示例数据",
    take_out="移除示例数据",
    use_picture="使用这张图片",
    hide="隐藏",
    show="重新显示开店步骤",
)


@pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=["en", "zh"])
@pytest.mark.usefixtures("live_shops")
def test_the_first_steps_of_a_new_shop(browser: Browser, web_server: LiveServer, tmp_path: Path, words: Words) -> None:
    with page_of(browser, locale=words.locale) as page:
        _sign_up(page, web_server, words)
        _expect_steps(page, words, 0)

        assert page.locator("[name=industry]").input_value() == "fresh"
        page.get_by_role("button", name=words.put_in).click()
        expect(page.locator("main")).to_contain_text(words.samples_are_in)
        _expect_steps(page, words, 1)
        _scan_the_sample(browser, page, words)

        _give_a_logo(page, tmp_path, words)
        page.goto(re.sub(r"/console/.*", "/console/", page.url))
        expect(page.locator("header img")).to_be_visible()
        _expect_steps(page, words, 2)

        page.get_by_role("button", name=words.take_out).click()
        expect(page.locator("main")).to_contain_text(words.samples_are_out)
        _expect_steps(page, words, 2)  # they were looked at

        page.get_by_role("button", name=words.hide).click()
        expect(page.get_by_role("button", name=words.show)).to_be_visible()
        assert axe_violations(page) == []
        page.get_by_role("button", name=words.show).click()
        _expect_steps(page, words, 2)


def _sign_up(page: Page, server: LiveServer, words: Words) -> None:
    page.goto(server.url(path="/prices/"))
    page.get_by_role("link", name=words.trial).click()
    page.fill("[name=name]", "Tea & Fruit")
    page.fill("[name=slug]", f"tea-{words.code}")
    page.select_option("[name=industry]", "fresh")
    page.fill("[name=email]", "owner@example.com")
    page.fill("[name=password]", PASSWORD)
    page.check(f"[name=language][value={words.code}]")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile(r"//tea-[a-z-]+\.localhost:\d+/console/$"))


def _expect_steps(page: Page, words: Words, done: int) -> None:
    expect(page.locator("main")).to_contain_text(words.progress.format(done))
    assert axe_violations(page) == []


def _scan_the_sample(browser: Browser, page: Page, words: Words) -> None:
    """The sample's code works as a real one does."""
    page.goto(re.sub(r"/console/.*", "/console/join-links/", page.url))
    page.locator("main a[href*='/console/join-links/0']").first.click()
    page.wait_for_url(re.compile(r"/join-links/[0-9a-f-]{36}/$"))
    address = page.locator("main a[href*='/j/']").first.get_attribute("href")
    assert address
    with page_of(browser, viewport=PHONE, locale=words.locale) as phone:
        phone.goto(address)
        expect(phone.locator("form.box button")).to_be_visible()
        assert axe_violations(phone) == []


def _give_a_logo(page: Page, folder: Path, words: Words) -> None:
    file = folder / "logo.png"
    Image.new("RGB", (300, 300), "#c2410c").save(file)
    page.goto(re.sub(r"/console/.*", "/console/logo/", page.url))
    assert axe_violations(page) == []
    page.set_input_files("[name=logo]", file)
    page.get_by_role("button", name=words.use_picture).click()
    page.wait_for_url(re.compile("/console/logo/$"))
    expect(page.locator("main img")).to_be_visible()
    assert axe_violations(page) == []
