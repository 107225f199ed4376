"""Addresses of a page in each language, for links, search engines and those who share them."""

import re
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from tests.conftest import ClientFor
from tests.website.test_pages import text

BASE = "http://localhost:8000"
READABLE = ["/", "/prices/", "/signup/", "/signin/", "/find-shop/", "/status/", "/legal/terms/", "/legal/privacy/",
            "/legal/dpa/"]  # fmt: skip
every_page = pytest.mark.parametrize("path", READABLE)
LOCATION = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def site(db: None, client_for: ClientFor) -> Client:
    return client_for(None)


def visible(page: str) -> str:
    """What a page says, without names of languages and the rest of the head."""
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", "", page[page.index("<body") :], flags=re.S)
    return re.sub(r"<[^>]+>", " ", body).replace("中文", "").replace("简体中文", "").replace("简体", "")


@every_page
def test_a_page_is_wholly_in_the_language_of_its_address(site: Client, path: str) -> None:
    english = site.get(path, {"lang": "en"}, headers={"accept-language": "zh-CN"})
    chinese = site.get(path, {"lang": "zh-hans"}, headers={"accept-language": "en"})

    assert english.headers["Content-Language"] == "en"
    assert '<html lang="en">' in text(english)
    assert CHINESE.findall(visible(text(english))) == []
    assert chinese.headers["Content-Language"] == "zh-hans"
    assert '<html lang="zh-hans">' in text(chinese)
    words = re.findall(r"[A-Za-z]{3,}(?: [A-Za-z]{2,}){2,}", visible(text(chinese)))
    assert words == []


@every_page
def test_a_page_names_itself_in_each_language(site: Client, path: str) -> None:
    page = text(site.get(path, {"lang": "en"}))

    assert f'<link rel="canonical" href="{BASE}{path}?lang=en">' in page
    assert re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="([^"]+)">', page) == [
        ("zh-Hans", f"{BASE}{path}?lang=zh-hans"),
        ("en", f"{BASE}{path}?lang=en"),
        ("x-default", f"{BASE}{path}"),
    ]
    description = re.findall(r'<meta name="description" content="([^"]+)">', page)
    assert len(description) == 1
    assert len(description[0]) >= 30
    for name in ("og:title", "og:description", "og:url", "og:image", "og:locale"):
        assert len(re.findall(rf'<meta property="{name}" content="[^"]+">', page)) == 1
    assert f'<link rel="canonical" href="{BASE}{path}">' in text(site.get(path))


def test_the_language_of_an_address_is_remembered_on_the_pages_after(site: Client) -> None:
    site.get("/prices/", {"lang": "en"})

    assert site.cookies[settings.LANGUAGE_COOKIE_NAME].value == "en"
    assert '<html lang="en">' in text(site.get("/", headers={"accept-language": "zh-CN"}))


def test_a_language_that_is_not_offered_changes_nothing(site: Client) -> None:
    answer = site.get("/", {"lang": 'xx"><script>'}, headers={"accept-language": "en"})

    assert '<html lang="en">' in text(answer)
    assert settings.LANGUAGE_COOKIE_NAME not in answer.cookies


def test_the_switch_leads_to_the_same_page_with_what_was_chosen_on_it(site: Client) -> None:
    page = text(site.get("/prices/", {"lang": "en", "interval": "year"}))

    assert 'href="?lang=zh-hans&amp;interval=year" hreflang="zh-hans"' in page


def test_the_sitemap_names_every_page_in_every_language(site: Client) -> None:
    answer = site.get("/sitemap.xml")
    assert isinstance(answer, HttpResponse)

    assert answer.headers["Content-Type"] == "application/xml"
    found = [each.text for each in ElementTree.fromstring(answer.content).iter(LOCATION)]
    pages = [path for path in READABLE if path != "/find-shop/"]
    wanted = {f"{BASE}{path}?lang={code}" for path in pages for code in ("zh-hans", "en")}
    assert sorted(map(str, found)) == sorted(wanted)
    for address in found:
        assert site.get(str(address).removeprefix(BASE)).status_code in {200, 503}


def test_crawlers_are_told_where_the_sitemap_is(site: Client) -> None:
    assert f"Sitemap: {BASE}/sitemap.xml" in text(site.get("/robots.txt"))
