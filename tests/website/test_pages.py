"""The public site: home, sign-up, languages, themes, and the page of an unknown shop."""

from urllib.parse import urlsplit

import pytest
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client

from tenants.selectors import find_shop
from tests.conftest import ClientFor

GOOD = {
    "name": "Corner Grocery",
    "slug": "corner",
    "email": "owner@corner.example",
    "password": "a-long-enough-password",
    "language": "en",
}


@pytest.fixture
def site(db: None, client_for: ClientFor) -> Client:
    client = client_for(None)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def text(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


def test_the_home_page_leads_to_sign_up_in_both_languages(site: Client) -> None:
    english = text(site.get("/"))
    chinese = text(site.get("/", headers={"accept-language": "zh-CN"}))

    assert '<html lang="en">' in english
    assert "One scan, and a stranger is your member." in english
    assert '<html lang="zh-hans">' in chinese
    assert "扫一扫，路人变会员。" in chinese
    assert 'href="/signup/"' in english
    assert 'href="/signup/"' in chinese


def test_a_reader_without_a_known_language_gets_chinese(site: Client) -> None:
    assert '<html lang="zh-hans">' in text(site.get("/", headers={"accept-language": "fr"}))


def test_the_language_button_is_remembered(site: Client) -> None:
    answer = site.post("/i18n/setlang/", {"language": "zh-hans", "next": "/signup/"})

    assert (answer.status_code, answer["Location"]) == (302, "/signup/")
    assert '<html lang="zh-hans">' in text(site.get("/"))


def test_the_theme_of_the_cookie_is_in_the_first_byte_of_the_page(site: Client) -> None:
    site.cookies["theme"] = "shop-dark"
    assert '<html lang="en" data-theme="shop-dark">' in text(site.get("/"))

    site.cookies["theme"] = '"><script>'
    assert '<html lang="en">' in text(site.get("/"))


def test_pages_forbid_inline_scripts_and_other_hosts(site: Client) -> None:
    policy = dict(
        directive.split(" ", 1)
        for directive in site.get("/signup/")["Content-Security-Policy"].split("; ")
        if " " in directive
    )

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    # The last is where tests have Stripe: whoever subscribes goes on from a form of ours to its pay page.
    assert policy["form-action"] == "'self' http://*.localhost:8000 http://127.0.0.1:9"
    assert policy["frame-ancestors"] == "'none'"


def test_sign_up_opens_the_shop_and_leads_to_its_own_host(site: Client) -> None:
    answer = site.post("/signup/", GOOD | {"slug": " Corner "})

    assert answer.status_code == 302
    target = urlsplit(answer["Location"])
    assert target.netloc == "corner.localhost:8000"
    assert target.path.startswith("/console/enter/")
    shop = find_shop("corner")
    assert shop is not None
    assert (shop.name, shop.language, shop.currency) == ("Corner Grocery", "en", "USD")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("slug", "a"),
        ("slug", "www"),
        ("slug", "north"),
        ("slug", "not_a_label"),
        ("email", "owner@"),
        ("password", "12345678"),
        ("language", "fr"),
    ],
)
def test_a_fault_is_shown_at_its_field_and_nothing_typed_is_lost(site: Client, field: str, value: str) -> None:
    data = GOOD | {field: value}

    answer = site.post("/signup/", data)

    assert answer.status_code == 200
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert f'id="id_{field}_error"' in text(answer)
    for name in ("name", "slug", "email"):
        assert form[name].value() == data[name]
    assert find_shop("corner") is None


def test_all_faults_of_a_form_are_shown_at_once(site: Client) -> None:
    answer = site.post("/signup/", GOOD | {"slug": "www", "email": "me@x", "password": "12345678"})

    assert set(answer.context["form"].errors) == {"slug", "email", "password"}


def test_an_unknown_shop_is_a_friendly_page(site: Client) -> None:
    answer = site.get("/console/", SERVER_NAME="nobody.localhost")

    assert answer.status_code == 404
    assert "There is no shop at this address" in text(answer)
    assert 'href="http://localhost:8000/"' in text(answer)


def test_an_unknown_page_is_a_friendly_page(site: Client) -> None:
    answer = site.get("/nothing/")

    assert answer.status_code == 404
    assert "There is no such page" in text(answer)
