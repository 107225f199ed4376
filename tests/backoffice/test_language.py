"""No English is left on the Chinese pages, those of the libraries included."""

import re
from html.parser import HTMLParser

import pytest
from backoffice import admin
from backoffice.retries import WORDS
from django.apps import apps
from django.urls import reverse
from staff.models import User

from billing.models import PaymentEvent
from tenants.models import Shop
from tests.backoffice.conftest import OPERATOR, sign_in
from tests.backoffice.examples import DIALOGS, fill, list_lists, list_pages, newest
from tests.support.shops import PASSWORD, ShopClient

SHOWN = {"title", "alt", "placeholder", "aria-label"}  # attributes that people read or hear
SILENT = {"script", "style", "svg"}
SECRET = re.compile(r"[A-Z2-7]{16,}|[0-9a-f]{8,}")  # of a second factor
CODES = re.compile(
    r"""[\w.+-]+@[\w.-]+\.\w+ | \b(evt|cus|sub|in|t)_\w+ | \b\w+(\.\w+)+\b  # addresses, Stripe's ids, types, hosts
        | \b\w+:4711\b  # keys of alerts
        | \b(Laxin|Stripe|QR|CNY|USD|UTC|North|South|gone|English|doctor|SKU|esc|Asia/Shanghai|zh)\b
        | \bDataError\b | \bno-such-thing\b""",
    re.VERBOSE | re.IGNORECASE,
)


class Words(HTMLParser):
    """What a page says to people. Icons of unfold are words that a font draws."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.silent: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what its attributes say."""
        given = dict(attrs)
        self.said += [text for name, text in given.items() if name in SHOWN and text]
        if tag == "input" and given.get("type") in {"submit", "button"}:
            self.said.append(given.get("value") or "")
        is_silent = tag in SILENT or "material-symbols-outlined" in (given.get("class") or "") or self.silent
        if is_silent and tag not in {"input", "img", "br", "hr", "meta", "link"}:
            self.silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave what is silent."""
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        """Note the text."""
        if not self.silent:
            self.said.append(data)


def find_english(page: str) -> list[str]:
    """The texts with Latin words that are no codes."""
    return [text.strip() for text in Words(page).said if re.search(r"[A-Za-z]{2,}", CODES.sub("", text))]


def in_chinese(client: ShopClient) -> ShopClient:
    """The same client in a browser that asks for Chinese."""
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "zh-CN"
    return client


def test_english_would_be_found() -> None:
    page = '<title>北</title><p title="Filters">店铺 evt_1 <i class="material-symbols-outlined">search</i> Open</p>'
    assert find_english(page) == ["Filters", "Open"]


@pytest.mark.parametrize("filled", [True, False], ids=["filled", "empty"])
def test_every_page_is_chinese(operator: User, shops: tuple[Shop, Shop], filled: bool) -> None:
    client = in_chinese(sign_in())
    if filled:
        fill(*shops)
        pages = list_pages()
    else:
        pages = list_lists()
    found: set[tuple[str, str]] = set()  # with one page of each
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        found |= {(english, page) for english in find_english(answer.content.decode())}
    assert dict(found) == {}


def test_the_way_in_is_chinese(operator: User, shops: tuple[Shop, Shop]) -> None:
    inside, outside = in_chinese(sign_in()), in_chinese(ShopClient(None))
    pages = [
        outside.get(reverse("account_login")),
        outside.post(reverse("account_login"), {"login": OPERATOR, "password": "wrong"}),
        outside.post(reverse("account_login"), {"login": OPERATOR, "password": PASSWORD}, follow=True),
        outside.post(reverse("mfa_authenticate"), {"code": "000000"}),
        outside.get(reverse("account_inactive")),
        inside.get(reverse("mfa_view_recovery_codes")),
        inside.get(reverse("mfa_reauthenticate")),
        inside.get(reverse("account_reauthenticate")),
        inside.get(reverse("mfa_deactivate_totp")),
        inside.post(reverse("mfa_deactivate_totp"), follow=True),
        inside.post(reverse("mfa_activate_totp"), {"code": "000000"}),
    ]
    found = {english: page.request["PATH_INFO"] for page in pages for english in find_english(page.content.decode())}
    assert {text: page for text, page in found.items() if not SECRET.fullmatch(text)} == {}
    assert [page.status_code for page in pages] == [200] * len(pages)


def test_what_an_action_answers_is_chinese(operator: User, shops: tuple[Shop, Shop]) -> None:
    client = in_chinese(sign_in())
    fill(*shops)
    for table, actions in DIALOGS.items():
        for action in actions:
            key = newest(apps.get_model(table.replace("_", ".")))
            path = reverse(f"admin:{table}_{action}", args=[key])
            refused = client.post(path, {"_form_submitted": "True", "plan": "黄金", "until": "x", "reason": "短"})
            assert find_english(refused.content.decode()) == [], path
            if action in {"retry", "synchronise"}:  # would ask Stripe
                continue
            client.post(path, {"_form_submitted": "True", "plan": "scale", "reason": "工单 4711：电话约定"})
            page = client.get(reverse(f"admin:{table}_change", args=[key])).content.decode()
            assert find_english(page) == [], path


def test_what_comes_of_trying_many_events_again_is_told_in_chinese(
    operator: User, shops: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = in_chinese(sign_in())
    fill(*shops)
    path = reverse("admin:billing_paymentevent_changelist")
    choice = {"action": "retry_selected", "_selected_action": list(PaymentEvent.objects.values_list("pk", flat=True))}
    monkeypatch.setattr(admin, "retry_events", lambda events: dict.fromkeys(WORDS, events))

    asked = client.post(path, choice)
    refused = client.post(path, {**choice, "_form_submitted": "True", "reason": "短"})
    told = client.post(path, {**choice, "_form_submitted": "True", "reason": "工单 4711：电话约定"}, follow=True)
    none = client.post(path, {**choice, "_selected_action": ["0"]}, follow=True)
    log = client.get(reverse("admin:admin_logentry_changelist"))

    for page in (asked, refused, told, none, log):
        assert page.status_code == 200
        assert find_english(page.content.decode()) == []
    assert len(list(told.context["messages"])) == len(WORDS)
