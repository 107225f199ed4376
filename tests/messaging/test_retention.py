"""Links in mails sign people in: what was said goes once it was sent, and old messages with it."""

from datetime import datetime, timedelta

import pytest
from messaging import retention
from messaging.delivery import settle_email
from messaging.models import Email
from messaging.retention import KEPT, UNDELIVERED, forget_emails
from messaging.services import queue_email

pytestmark = pytest.mark.usefixtures("shop")
LINK = "http://north.localhost/invitation/secret/"


def write(at: datetime, *, sent: bool, key: str | None = None) -> int:
    email_id = queue_email(to=["li@x.example"], subject="Hello", text=LINK, html=f"<a href='{LINK}'>", now=at)
    Email.objects.filter(pk=email_id).update(key=key, sent_at=at if sent else None)
    return email_id


def texts() -> dict[int, tuple[str, str]]:
    return {email.pk: (email.text, email.html) for email in Email.objects.all()}


def test_a_message_loses_its_text_when_it_is_sent_and_others_keep_theirs(now: datetime) -> None:
    sent, waiting = write(now, sent=False), write(now, sent=False)

    settle_email(email_id=sent, now=now)

    assert texts() == {sent: ("", ""), waiting: (LINK, f"<a href='{LINK}'>")}
    assert Email.objects.values_list("sent_at", "subject", "to").get(pk=sent) == (now, "Hello", ["li@x.example"])


def test_texts_that_were_sent_before_go_and_those_that_nobody_sends_any_more(now: datetime) -> None:
    sent = write(now, sent=True)
    given_up = write(now - UNDELIVERED - timedelta(seconds=1), sent=False)
    waiting = write(now - UNDELIVERED, sent=False)

    assert forget_emails(now=now) is False

    assert texts() == {sent: ("", ""), given_up: ("", ""), waiting: (LINK, f"<a href='{LINK}'>")}


def test_old_messages_go_but_what_says_that_something_was_written(now: datetime) -> None:
    long_ago = now - KEPT - timedelta(seconds=1)
    write(long_ago, sent=True)
    keyed = write(long_ago, sent=True, key="trial_ending:2026-01-01")
    young = write(now - KEPT, sent=True)

    forget_emails(now=now)

    assert texts() == {keyed: ("", ""), young: ("", "")}


def test_a_batch_is_bounded_and_says_that_more_is_left(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for _number in range(3):
        write(now, sent=True)
    assert forget_emails(now=now) is True
    assert sorted(texts().values()) == [("", ""), ("", ""), (LINK, f"<a href='{LINK}'>")]
    assert forget_emails(now=now) is False
    assert set(texts().values()) == {("", "")}
