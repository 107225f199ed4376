"""Every mail in both languages: exact subject, nothing missing, once for a key."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.template import engines
from django.utils import timezone
from messaging.mails import NEEDED, render_mail
from messaging.models import Email
from messaging.services import queue_template, send_template
from messaging.tasks import deliver_email
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from tests.settings import ROOT

TEMPLATES = ROOT / "platform/messaging/templates/mail"
CONTEXT: dict[str, Any] = {
    "shop_name": "Tea <House>",
    "console_url": "https://tea.laxin.example/console/",
    "days": 3,
    "date": date(2026, 12, 6),
    "amount": "¥299.00",
    "plan": "Growth",
    "begins": date(2026, 12, 1),
    "then_until": date(2027, 12, 1),
    "used": "1,600",
    "allowed": "2,000",
    "who": "li@tea.example",
    "link": "https://tea.laxin.example/next/",
    "shops": [
        ("Tea <House>", "https://tea.laxin.example/console/"),
        ("Bakery", "https://bakery.laxin.example/console/"),
    ],
}
SUBJECTS = {
    "welcome": ("Tea <House> is open", "Tea <House> 已开通"),
    "confirm_email": ("Confirm your e-mail address for Tea <House>", "请确认您在 Tea <House> 的邮箱"),
    "trial_ending": ("3 days of your trial of Tea <House> are left", "Tea <House> 的试用还剩 3 天"),
    "trial_ended": ("The trial of Tea <House> is over", "Tea <House> 的试用已结束"),
    "prepaid_ending": ("Tea <House> is paid for until 2026-12-06", "Tea <House> 的付费将于 2026-12-06 到期"),
    "payment_failed": ("The payment for Tea <House> failed", "Tea <House> 扣款未成功"),
    "payment_recovered": ("Thank you, the payment for Tea <House> has arrived", "谢谢，Tea <House> 的款项已收到"),
    "read_only": ("Tea <House> is read-only now", "Tea <House> 已变为只读"),
    "suspended": ("Tea <House> is closed to customers", "Tea <House> 已对顾客关闭"),
    "deletion_warning": (
        "All data of Tea <House> will be deleted in 3 days",
        "Tea <House> 的全部数据将在 3 天后删除",
    ),
    "subscription_started": ("Tea <House> is on the plan Growth", "Tea <House> 已开通Growth套餐"),
    "subscription_cancelled": ("The subscription of Tea <House> is cancelled", "Tea <House> 的订阅已取消"),
    "prepaid_started": ("A year of Growth is paid for Tea <House>", "已为 Tea <House> 预付一年Growth套餐"),
    "members_near": ("Tea <House> has 1,600 of at most 2,000 members", "Tea <House> 已有 1,600 位会员，上限 2,000 位"),
    "members_full": ("Tea <House> is full: nobody new can join", "Tea <House> 会员已满，新顾客无法入会"),
    "staff_invitation": ("li@tea.example invites you to Tea <House>", "li@tea.example 邀请您加入 Tea <House>"),
    "shop_list": ("Your shops at Laxin", "您在拉新的店铺"),
}
EVERY = pytest.mark.parametrize("template", sorted(NEEDED))
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh-hans"])


@pytest.fixture(autouse=True)
def show_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that the context lacks is written out instead of being swallowed."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "MISSING %s")  # type: ignore[attr-defined]


def test_every_template_is_known_and_tested() -> None:
    assert {path.stem for path in Path(TEMPLATES).glob("*.html")} == set(NEEDED) == set(SUBJECTS)


@EVERY
@LANGUAGES
@pytest.mark.parametrize("whole", [True, False], ids=["all values", "only what is needed"])
def test_a_mail_says_everything_in_text_and_html(template: str, language: str, whole: bool) -> None:
    context = CONTEXT if whole else {name: CONTEXT[name] for name in NEEDED[template]}

    written = render_mail(template=template, language=language, context=context)

    assert written.subject == SUBJECTS[template][language != "en"]
    for body in (written.text, written.html):
        assert "MISSING" not in body
        assert "None" not in body
        assert "%(" not in body
    link = context.get("link", context.get("console_url"))
    assert f"\n{link}\n" in written.text
    assert f'href="{link}"' in written.html
    assert f'<html lang="{language}">' in written.html
    assert ("您收到这封邮件" in written.text) == (language == "zh-hans")
    assert ("You get this message because" in written.text) == (language == "en")


@LANGUAGES
@pytest.mark.parametrize(
    "template", ["trial_ended", "read_only", "suspended", "deletion_warning", "subscription_cancelled"]
)
def test_a_mail_that_promises_all_data_leads_to_them(template: str, language: str) -> None:
    written = render_mail(template=template, language=language, context=CONTEXT)

    address = f"{CONTEXT['console_url']}archive/"
    assert f" {address}\n" in written.text
    assert f'<a href="{address}"' in written.html


def test_what_people_typed_becomes_no_link() -> None:
    context = CONTEXT | {"shop_name": "https://evil.example"}

    assert "evil.example</a>" not in render_mail(template="trial_ended", language="en", context=context).html


@EVERY
def test_html_escapes_what_people_typed_and_loads_nothing(template: str) -> None:
    written = render_mail(template=template, language="en", context=CONTEXT)

    assert "<House>" not in written.html
    assert "Tea &lt;House&gt;" in written.html
    assert "&lt;" not in written.text
    assert not re.search(r"<(img|link|script|style)\b|url\(|@import|\bsrc=", written.html)


def test_a_mail_without_what_it_needs_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="'trial_ending' lacks date"):
        render_mail(template="trial_ending", language="en", context={"shop_name": "x", "console_url": "y", "days": 3})
    with pytest.raises(ValueError, match="'greeting' lacks a template of this name"):
        render_mail(template="greeting", language="en", context=CONTEXT)


def test_one_day_is_one_day() -> None:
    written = render_mail(template="trial_ending", language="en", context=CONTEXT | {"days": 1})

    assert written.subject == "1 day of your trial of Tea <House> is left"


def test_an_instant_is_shown_as_the_day_where_the_shop_is() -> None:
    instant = datetime(2026, 12, 5, 20, 0, tzinfo=UTC)
    with timezone.override("Asia/Shanghai"):
        written = render_mail(template="suspended", language="en", context=CONTEXT | {"date": instant})

    assert "until 2026-12-06." in written.text


@pytest.mark.usefixtures("shop")
def test_a_mail_with_a_key_is_queued_once_and_sent_after_the_commit(
    now: datetime,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(deliver_email, "apply_async", lambda args, *_, **__: sent.append(args))
    with django_capture_on_commit_callbacks(execute=True):
        first, second, other, without = (
            queue_template(template="welcome", to=["li@tea.example"], language="en", context=CONTEXT, key=key, now=now)
            for key in ("welcome", "welcome", "other", None)
        )

    assert second is None
    assert sent == [(first,), (other,), (without,)]
    assert first is not None
    email = Email.objects.get(pk=first)
    assert (email.subject, email.to, email.key) == ("Tea <House> is open", ["li@tea.example"], "welcome")
    assert email.html.startswith("<!doctype html>")
    assert (email.created_at, email.next_attempt_at, email.attempts) == (now, now, 0)
    assert Email.objects.count() == 3


def test_a_mail_of_no_shop_goes_out_at_once(db: None, settings: Settings) -> None:
    settings.MAIL_DELIVERY_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    send_template(template="shop_list", to="li@tea.example", language="en", context=CONTEXT, key="list-1")

    (message,) = mail.outbox
    assert (message.subject, message.to) == ("Your shops at Laxin", ["li@tea.example"])
    assert "Tea <House>\nhttps://tea.laxin.example/console/" in message.body
    assert "https://bakery.laxin.example/console/" in message.body
