#!/usr/bin/env python
"""Take the public site's pictures of the product from a running demo shop: `make up`, then `scripts/pictures.py`.

Real pages in a real browser, in both languages and themes: the Chinese ones of the demo shop, the English ones of a
shop that the script opens, with English names and dollars. It acts as customers do first, so that there is something to
see: some people join by the shop's code, and one of them orders with the coupon. Each file is at most 60 KB; what is
written is committed (platform/website/static/website/pictures/).
"""

import argparse
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "platform"))

from website.pictures import DARK, KINDS, LIGHT, PICTURES, file_of  # noqa: E402

FOLDER = ROOT / "platform/website/static"
MOST_BYTES = 60_000
LANGUAGES = {"zh-hans": "zh-CN", "en": "en-US"}
THEMES = {LIGHT: "shop", DARK: "shop-dark"}
VISITORS = 9
PHONES = {"join", "wallet"}
GOODS = """query($category: String) {
  products(first: 60, category: $category) { edges { node { variants { sku price { amount } } } } }
}"""
# Of each language: the start of a valid mobile number, and the category that the basket is of.
NUMBERS = {"zh-hans": "138", "en": "201555"}
CATEGORIES = {"zh-hans": "produce", "en": None}
ENGLISH_SHOP = "Corner Grocery"
ENGLISH_STAFF = {"email": "anna@corner-grocery.example", "password": "a picture of a grocery"}
POST = "async ([path, headers, body]) => (await fetch(path, {method: 'POST', headers, body})).json()"


def main() -> int:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=ROOT / ".laxin", help="LAXIN_HOME of the running installation")
    parser.add_argument("--only", nargs="+", choices=list(PICTURES), default=list(PICTURES))
    arguments = parser.parse_args()
    chinese = json.loads((arguments.home / "demo.json").read_text())
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        shops = {"zh-hans": chinese, "en": open_english_shop(browser, chinese, home=arguments.home)}
        for language, demo in shops.items():
            visit_as_customers(browser, demo, language=language)
            for theme in THEMES:
                take_all(browser, demo, language=language, theme=theme, names=arguments.only)
        browser.close()
    return 0


def open_english_shop(browser: Browser, demo: dict[str, Any], *, home: Path) -> dict[str, Any]:
    """A new shop with sample goods, a coupon and a join link; what the demo shop's file says of it."""
    slug = f"corner-{int(time.time())}"
    laxin = str(Path(sys.executable).with_name("laxin"))
    command = [laxin, "shop", "create", slug, "--name", ENGLISH_SHOP, "--language", "en"]
    for name, value in ENGLISH_STAFF.items():
        command += [f"--{name}", value]
    said = subprocess.run(  # noqa: S603  our own program
        command, env=os.environ | {"LAXIN_HOME": str(home)}, stdout=subprocess.PIPE, text=True, check=True
    )
    found = re.search(r"Storefront key +(\S+)", said.stdout)
    assert found, said.stdout
    parts = urlsplit(demo["console"])
    address = f"{parts.scheme}://{slug}.{parts.netloc.partition('.')[2]}"
    shop = {
        "console": f"{address}/console/",
        "join": f"{address}/j/till",
        "graphql": f"{address}/graphql/",
        "storefront_key": found[1],
        "staff": ENGLISH_STAFF,
    }
    context = open_context(browser, shop, language="en", theme=LIGHT, phone=False)
    page = context.new_page()
    sign_in(page, shop)
    page.select_option("[name=industry]", "fresh")
    page.click("form[action$='/onboarding/samples/'] button")
    page.goto(f"{shop['console']}coupons/new/")
    for name, text in {"name": "Newcomer $8 off $40", "amount": "8", "minimum_spend": "40", "total": "500"}.items():
        page.fill(f"[name={name}]", text)
    page.click("main form button[type=submit]")
    page.wait_for_url(re.compile(r"/coupons/[0-9a-f-]{36}/$"))
    page.goto(f"{shop['console']}join-links/new/")
    for name, text in {"name": "Poster at the till", "channel": "till", "code": "till"}.items():
        page.fill(f"[name={name}]", text)
    page.click("main form button[type=submit]")
    page.wait_for_url(re.compile(r"/join-links/[0-9a-f-]{36}/$"))
    context.close()
    return shop


def visit_as_customers(browser: Browser, demo: dict[str, Any], *, language: str) -> None:
    """Let people join on their phones; the last of them buys with the coupon."""
    token = ""
    for _ in range(VISITORS):
        with_phone = open_context(browser, demo, language=language, theme=LIGHT, phone=True)
        page = with_phone.new_page()
        join(page, demo, language=language)
        token = next(each["value"] for each in with_phone.cookies() if each["name"] == "laxin_member")
        with_phone.close()
    order(browser, demo, token, category=CATEGORIES[language])


def join(page: Page, demo: dict[str, Any], *, language: str) -> None:
    """One visitor scans the code and gives a number."""
    start = NUMBERS[language]
    rest = len("13812348000" if language == "zh-hans" else "2015550123") - len(start)
    page.goto(demo["join"])
    page.fill("[name=phone]", f"{start}{random.randrange(10 ** (rest - 1), 10**rest)}")  # noqa: S311  nobody's secret
    page.click("form.box button")
    page.wait_for_selector("main img, img")


def order(browser: Browser, demo: dict[str, Any], token: str, *, category: str | None) -> None:
    """Buy as a storefront does, so that an order with promotions and a coupon is there to be shown."""
    page = browser.new_page()
    page.goto(demo["join"])  # names below `localhost` are resolved by browsers alone
    headers = {
        "Content-Type": "application/json",
        "X-Storefront-Key": demo["storefront_key"],
        "Authorization": f"Bearer {token}",
    }

    def ask(document: str, **variables: Any) -> Any:
        body = json.dumps({"query": document, "variables": variables})
        answer = page.evaluate(POST, [urlsplit(demo["graphql"]).path, headers, body])
        if "errors" in answer:
            raise SystemExit(f"The storefront API refused: {answer['errors']}")
        return answer["data"]

    found = ask(GOODS, category=category)["products"]["edges"]
    variants = [each["node"]["variants"][0] for each in found]
    lines = [{"sku": each["sku"], "quantity": 6} for each in variants if float(each["price"]["amount"]) > 3][:2]
    cart = ask(
        "mutation($input: CartCreateInput!) { cartCreate(input: $input) { cart { id } userErrors { message } } }",
        input={"lines": lines, "channel": "ONLINE"},
    )["cartCreate"]["cart"]["id"]
    code = ask("{ me { coupons(first: 1) { edges { node { code } } } } }")["me"]["coupons"]["edges"][0]["node"]["code"]
    ask(
        "mutation($input: CartCouponsSetInput!) { cartCouponsSet(input: $input) { userErrors { message } } }",
        input={"cartId": cart, "codes": [code]},
    )
    placed = ask(
        "mutation($input: CheckoutCompleteInput!) { checkoutComplete(input: $input)"
        " { order { number } userErrors { message } } }",
        input={"cartId": cart, "idempotencyKey": f"picture-{code}", "payment": {"method": "OFFLINE"}},
    )["checkoutComplete"]
    if placed["userErrors"]:
        raise SystemExit(f"The order was refused: {placed['userErrors']}")
    page.close()


def take_all(browser: Browser, demo: dict[str, Any], *, language: str, theme: str, names: list[str]) -> None:
    """Write the pictures of one language and theme."""
    for phone in (False, True):
        wanted = [name for name in names if (name in PHONES) == phone]
        if not wanted:
            continue
        context = open_context(browser, demo, language=language, theme=theme, phone=phone)
        page = context.new_page()
        if not phone:
            sign_in(page, demo)
        for name in wanted:
            SHOW[name](page, demo)
            write(page, name, language=language, theme=theme)
        context.close()


def open_context(browser: Browser, demo: dict[str, Any], *, language: str, theme: str, phone: bool) -> BrowserContext:
    """A browser of its own with the language and theme chosen."""
    size = PICTURES["join" if phone else "console"]
    context = browser.new_context(
        viewport={"width": size.width, "height": size.height},
        locale=LANGUAGES[language],
        color_scheme="dark" if theme == DARK else "light",
    )
    parts = urlsplit(demo["console"])
    url = f"{parts.scheme}://{parts.netloc}"
    context.add_cookies(
        [
            {"name": "laxin_language", "value": language, "url": url},
            {"name": "theme", "value": THEMES[theme], "url": url},
        ]
    )
    return context


def sign_in(page: Page, demo: dict[str, Any]) -> None:
    """As the demo shop's owner."""
    page.goto(demo["console"])
    page.fill("[name=login]", demo["staff"]["email"])
    page.fill("[name=password]", demo["staff"]["password"])
    page.click("main form button[type=submit]")
    page.wait_for_url("**/console/")


def show_console(page: Page, demo: dict[str, Any]) -> None:
    """The first page, without the first steps of a new shop."""
    page.goto(demo["console"])
    hide = page.locator("form[action$='/onboarding/checklist/'] button:not([value])")
    if hide.count():
        hide.click()
        page.wait_for_load_state()


def show_coupon(page: Page, demo: dict[str, Any]) -> None:
    """A coupon that is being made, with its example."""
    page.goto(f"{demo['console']}coupons/new/")
    english = page.locator("html").get_attribute("lang") == "en"
    page.fill("[name=name]", "Newcomer coupon" if english else "新人券")
    page.fill("[name=amount]", "8")
    page.fill("[name=minimum_spend]", "40")
    page.locator("h1").click()
    page.wait_for_timeout(800)  # the example comes from the server


def show_first_of(path: str) -> Callable[[Page, dict[str, Any]], None]:
    """The newest entry of a list of the console."""

    def show(page: Page, demo: dict[str, Any]) -> None:
        page.goto(f"{demo['console']}{path}")
        page.locator(f"main a[href*='/console/{path}0']").first.click()
        page.wait_for_url(re.compile(rf"/console/{path}[0-9a-f-]{{36}}/$"))
        page.wait_for_load_state("networkidle")

    return show


def show_join(page: Page, demo: dict[str, Any]) -> None:
    """What the scan leads to."""
    page.context.clear_cookies(name="laxin_member")
    page.goto(demo["join"])


def show_wallet(page: Page, demo: dict[str, Any]) -> None:
    """What joining leads to."""
    show_join(page, demo)
    join(page, demo, language=page.locator("html").get_attribute("lang") or "")


SHOW: dict[str, Callable[[Page, dict[str, Any]], None]] = {
    "console": show_console,
    "coupon": show_coupon,
    "join_link": show_first_of("join-links/"),
    "order": show_first_of("orders/"),
    "join": show_join,
    "wallet": show_wallet,
}


def write(page: Page, name: str, *, language: str, theme: str) -> None:
    """Save what the browser shows, in the best quality that fits."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    if picture.size != (PICTURES[name].width, PICTURES[name].height):
        raise SystemExit(f"{name} is {picture.size}, not what website/pictures.py says.")
    for kind in KINDS:
        target = FOLDER / file_of(name, language=language, theme=theme, kind=kind)
        target.parent.mkdir(parents=True, exist_ok=True)
        data = next(each for each in encode(picture, kind) if len(each) <= MOST_BYTES)
        target.write_bytes(data)
        print(f"{target.relative_to(ROOT)}: {len(data):,} bytes")


def encode(picture: Image.Image, kind: str) -> Iterator[bytes]:
    """The picture as AVIF or WebP, from good to small."""
    options = {"avif": {"speed": 3}, "webp": {"method": 6}}[kind]
    for quality in (60, 45, 30):
        out = io.BytesIO()
        picture.save(out, format=kind.upper(), quality=quality, **options)
        yield out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
