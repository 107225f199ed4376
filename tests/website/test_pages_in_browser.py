"""Every page of the public site in a real browser: no barriers, no shifts, little weight, keyboard, no scripts."""

import gzip
import itertools
import re

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.support.browser import DESKTOP, PHONE, axe_violations, page_of
from tests.support.live import LiveServer

PATHS = ["/", "/prices/", "/prices/?interval=year", "/signup/", "/signup/?plan=growth&interval=year", "/signin/",
         "/find-shop/", "/status/", "/legal/terms/", "/legal/privacy/", "/legal/dpa/", "/nothing/"]  # fmt: skip
MOST_BYTES = 150_000
SMALLEST_TARGET = 43.5
# Links within a sentence are as high as its line.
SMALL_TARGETS = """least => [...document.querySelectorAll('a, button, select, summary, input:not([type=hidden])')]
  .filter(each => each.checkVisibility({checkOpacity: true, visibilityProperty: true}))
  .filter(each => !['radio', 'checkbox'].includes(each.type) && getComputedStyle(each).display !== 'inline')
  .filter(each => !each.closest('.sr-only, details:not([open]) > ul'))
  .filter(each => each.getBoundingClientRect().height < least).map(each => each.outerHTML)"""
SHIFT = """() => new Promise(done => new PerformanceObserver(list => done(
  list.getEntries().reduce((sum, each) => sum + each.value, 0))).observe({type: 'layout-shift', buffered: true})
  || setTimeout(() => done(0), 400))"""


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.usefixtures("live_shops")
def test_no_page_has_a_barrier(browser: Browser, web_server: LiveServer, language: str, theme: str) -> None:
    for size in (DESKTOP, PHONE):
        with page_of(browser, viewport=size, locale=language, color_scheme=theme) as page:
            for path in PATHS:
                page.goto(web_server.url(path=path))
                assert axe_violations(page) == [], path
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
                assert page.evaluate(SMALL_TARGETS, SMALLEST_TARGET) == [], path


@pytest.mark.usefixtures("live_shops")
def test_refused_forms_and_open_menus_have_no_barrier_either(browser: Browser, web_server: LiveServer) -> None:
    with page_of(browser, viewport=PHONE, locale="en-US") as page:
        for path in ("/signup/", "/signin/", "/find-shop/"):
            page.goto(web_server.url(path=path))
            page.locator("main form button[type=submit]").click()
            expect(page.locator("[aria-invalid=true]").first).to_be_focused()
            assert axe_violations(page) == []
        page.get_by_label("Menu", exact=True).click()
        expect(page.locator("header details li").first).to_be_visible()
        page.wait_for_timeout(300)  # the menu grows into its place
        assert axe_violations(page) == []
        assert page.evaluate(SMALL_TARGETS, SMALLEST_TARGET) == []


# How many pixels of a picture are hidden at its left.
HIDDEN_LEFT = """() => [...document.querySelectorAll('main img')]
  .filter(each => getComputedStyle(each).objectFit === 'cover')
  .map(each => [each.width, each.height, parseFloat(getComputedStyle(each).objectPosition)])
  .map(([width, height, percent]) => percent / 100 * (1100 - 690 * width / height))"""
MENU_ENDS, HEADING_BEGINS = 220, 272


@pytest.mark.usefixtures("live_shops")
def test_on_a_phone_pictures_show_headings_from_their_beginning(browser: Browser, web_server: LiveServer) -> None:
    with page_of(browser, viewport=PHONE, locale="en-US") as page:
        page.goto(web_server.url())

        hidden = page.evaluate(HIDDEN_LEFT)

    assert len(hidden) == 3
    assert all(MENU_ENDS < pixels < HEADING_BEGINS for pixels in hidden), hidden


@pytest.mark.usefixtures("live_shops")
def test_a_long_choice_ends_before_the_arrow(browser: Browser, web_server: LiveServer) -> None:
    with page_of(browser, viewport=DESKTOP, locale="en-US") as page:
        page.goto(web_server.url(path="/signup/"))
        style = "each => [parseFloat(getComputedStyle(each).paddingRight), getComputedStyle(each).textOverflow]"

        assert page.locator("#id_industry").evaluate(style) == [36, "ellipsis"]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.usefixtures("live_shops")
def test_the_home_page_is_light_and_nothing_in_it_moves(
    browser: Browser, web_server: LiveServer, size: dict[str, int]
) -> None:
    with page_of(browser, viewport=size, locale="en-US") as page:
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - not every callable is taken
        page.goto(web_server.url())
        shift = page.evaluate(SHIFT)
        for _ in range(12):  # pictures below are loaded when they come near
            page.mouse.wheel(0, 700)
            page.wait_for_timeout(120)
        page.wait_for_load_state("networkidle")

        assert shift == 0
        assert page.evaluate(SHIFT) == 0
        weights = {answer.url: _weigh(answer) for answer in answers}
        assert len([url for url in weights if "/pictures/" in url]) == 6
        assert sum(weights.values()) <= MOST_BYTES, weights
        broken = page.evaluate("[...document.images].filter(each => !each.naturalWidth).map(each => each.currentSrc)")
        assert broken == []


def _weigh(answer: Response) -> int:
    """Bytes as they travel: texts compressed, as WhiteNoise and every proxy serve them."""
    body = answer.body()
    return (
        len(body)
        if answer.headers["content-type"].startswith(("image/webp", "image/avif"))
        else len(gzip.compress(body))
    )


@pytest.mark.usefixtures("live_shops")
def test_the_theme_button_changes_the_pictures_too(browser: Browser, web_server: LiveServer) -> None:
    with page_of(browser, locale="en-US", color_scheme="light") as page:
        page.goto(web_server.url())
        picture = page.locator("main img").first
        light = web_server.url(path="/static/website/pictures/console-en-light.avif")
        dark = light.replace("light", "dark")
        expect(picture).to_have_js_property("currentSrc", light)

        page.get_by_role("button", name="Switch between light and dark").click()

        expect(picture).to_have_js_property("currentSrc", dark)
        page.reload()
        expect(picture).to_have_js_property("currentSrc", dark)


@pytest.mark.usefixtures("live_shops")
def test_from_the_prices_to_a_form_that_knows_the_plan_without_scripts(
    browser: Browser, web_server: LiveServer
) -> None:
    with page_of(browser, locale="en-US", java_script_enabled=False) as page:
        page.goto(web_server.url(path="/prices/"))
        expect(page.locator("main")).to_contain_text("$45")
        page.get_by_role("link", name="Yearly, two months free").click()
        expect(page.locator("main")).to_contain_text("$450")
        page.get_by_role("link", name="Subscribe at once (Growth)").click()

        expect(page.locator("main")).to_contain_text(
            "You have chosen Growth. A year costs, by the language of the shop, ¥2,990 (简体中文) / $450 (English)."
        )
        assert page.locator("[name=plan]").input_value() == "growth"
        assert page.locator("[name=interval]").input_value() == "year"


@pytest.mark.usefixtures("live_shops")
def test_the_price_page_works_by_keyboard(browser: Browser, web_server: LiveServer) -> None:
    with page_of(browser, locale="en-US") as page:
        page.goto(web_server.url(path="/prices/"))
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        page.keyboard.press("Enter")
        _tab_to(page, "Yearly, two months free")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("interval=year"))
        question = page.locator("details", has_text="Can I leave, and what about my data?")
        question.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(question.locator("p")).to_be_visible()


def _tab_to(page: Page, name: str) -> None:
    target = page.get_by_role("link", name=name)
    for _ in itertools.repeat(None, 12):
        if target.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} cannot be reached")


@pytest.mark.usefixtures("live_shops")
def test_the_form_says_how_hard_a_password_is_to_guess(browser: Browser, web_server: LiveServer) -> None:
    with page_of(browser, locale="en-US") as page:
        page.goto(web_server.url(path="/signup/"))
        verdicts = []
        for password in ("", "abc", "12345678", "aaaaaaaaa", "tea-house-9", "Tea house 9, north gate"):
            page.fill("[name=password]", password)
            verdicts.append(page.locator("#password-strength").inner_text())

        assert verdicts == ["", "Too short", "Easy to guess", "Easy to guess", "Good enough", "Strong"]
