"""E-mails are written with the work that causes them and sent after its commit."""

from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives, send_mail
from messaging.delivery import MAX_ATTEMPTS, claim_email, record_failure, settle_email
from messaging.models import Email
from messaging.selectors import list_due
from messaging.services import queue_email
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture(autouse=True)
def queue(settings: Settings) -> None:
    """Django's tests replace the backend by one that keeps mail in memory; here that one is the mail server."""
    settings.EMAIL_BACKEND = "messaging.backend.QueueBackend"
    settings.MAIL_DELIVERY_BACKEND = LOCMEM


def write_email(now: datetime) -> int:
    return queue_email(to=["li@corner.example"], subject="Hello", text="Text", now=now)


@pytest.mark.usefixtures("shop")
def test_a_message_is_a_row_until_the_commit(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        message = EmailMultiAlternatives("Subject", "Text", "shop@laxin.example", ["a@x.example", "b@x.example"])
        message.attach_alternative("<p>Text</p>", "text/html")
        assert message.send() == 1

    assert mail.outbox == []
    assert list(Email.objects.order_by("pk").values_list("to", "subject", "text", "html", "from_email")) == [
        (["a@x.example"], "Subject", "Text", "<p>Text</p>", "shop@laxin.example"),
        (["b@x.example"], "Subject", "Text", "<p>Text</p>", "shop@laxin.example"),
    ]
    assert len(callbacks) == 2


def test_outside_a_shop_mail_goes_out_at_once(db: None) -> None:
    send_mail("Subject", "Text", None, ["operator@laxin.example"])

    assert [message.subject for message in mail.outbox] == ["Subject"]


@pytest.mark.usefixtures("shop")
def test_of_two_workers_one_gets_the_message(now: datetime) -> None:
    email_id = write_email(now)

    first, second = (claim_email(email_id=email_id, now=now) for _ in range(2))

    assert first is not None
    assert second is None
    assert first.attempts == 1


@pytest.mark.usefixtures("shop")
def test_attempts_are_put_off_longer_and_longer_and_end(now: datetime) -> None:
    email_id = write_email(now)
    waits = []
    at = now
    while claim_email(email_id=email_id, now=at):
        record_failure(email_id=email_id, error="no route")
        assert list_due(now=at, limit=10) == []
        following = Email.objects.get().next_attempt_at
        waits.append(following - at)
        at = following

    assert waits[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert max(waits) == timedelta(hours=3)
    assert len(waits) == MAX_ATTEMPTS
    assert list_due(now=at + timedelta(days=9), limit=10) == []
    assert Email.objects.get().last_error == "no route"


@pytest.mark.usefixtures("shop")
def test_a_sent_message_is_not_due(now: datetime) -> None:
    sent, waiting = write_email(now), write_email(now)

    settle_email(email_id=sent, now=now)

    assert list_due(now=now, limit=10) == [waiting]
    assert claim_email(email_id=sent, now=now) is None


@pytest.mark.usefixtures("shop")
def test_a_message_that_is_not_due_yet_waits(now: datetime) -> None:
    email_id = queue_email(to=["li@corner.example"], subject="Hello", text="Text", now=now + timedelta(seconds=1))

    assert claim_email(email_id=email_id, now=now) is None
