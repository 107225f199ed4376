"""The real task, with commits: sent outside the transaction, tried again after a failure."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import send_mail
from django.db import connection
from django.utils import timezone
from messaging.delivery import MAX_ATTEMPTS, hand_over_email
from messaging.models import Email
from messaging.services import queue_email
from messaging.tasks import deliver_due_emails, deliver_due_emails_of_all_shops, deliver_email
from pytest_django import DjangoAssertNumQueries, Settings

from tenants.models import Shop
from tenants.tasks import HEADER
from tenants.transaction import tenant_transaction

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture(autouse=True)
def queue(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "messaging.backend.QueueBackend"
    settings.MAIL_DELIVERY_BACKEND = LOCMEM
    settings.CELERY_TASK_ALWAYS_EAGER = True


def run(task: Any, shop: Shop, *args: Any) -> None:
    task.apply(args=args, headers={HEADER: shop.schema_name}, throw=True)


def write_email(shop: Shop) -> int:
    with tenant_transaction(shop):
        return queue_email(to=["li@x.example"], subject="Hello", text="Text", now=timezone.now())


def read_email(shop: Shop) -> Email:
    with tenant_transaction(shop):
        return Email.objects.get()


def test_a_message_is_handed_over_outside_any_transaction(
    live_shops: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = live_shops[0]
    email_id = write_email(shop)
    seen: list[bool] = []
    hand_over = hand_over_email

    def watch(*, email: Email) -> None:
        seen.append(connection.in_atomic_block)
        hand_over(email=email)

    monkeypatch.setattr("messaging.tasks.hand_over_email", watch)

    run(deliver_email, shop, email_id)
    run(deliver_email, shop, email_id)

    assert seen == [False]
    assert [message.to for message in mail.outbox] == [["li@x.example"]]
    assert read_email(shop).sent_at is not None


def test_after_a_failure_the_message_is_tried_again(
    live_shops: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = live_shops[0]
    email_id = write_email(shop)

    def fail(*, email: Email) -> None:
        raise ConnectionRefusedError("nobody listens")

    with monkeypatch.context() as patch:
        patch.setattr("messaging.tasks.hand_over_email", fail)
        run(deliver_email, shop, email_id)

    email = read_email(shop)
    assert (email.sent_at, email.attempts) == (None, 1)
    assert email.last_error == "ConnectionRefusedError: nobody listens"
    assert email.next_attempt_at > timezone.now() + timedelta(seconds=50)

    with tenant_transaction(shop):
        Email.objects.update(next_attempt_at=timezone.now())
    run(deliver_due_emails, shop)
    run(deliver_email, shop, email_id)

    assert len(mail.outbox) == 1
    assert read_email(shop).attempts == 2


def test_a_rollback_sends_nothing(live_shops: tuple[Shop, Shop]) -> None:
    with pytest.raises(RuntimeError), tenant_transaction(live_shops[0]):
        send_mail("Subject", "Text", None, ["li@x.example"])
        raise RuntimeError

    assert mail.outbox == []
    with tenant_transaction(live_shops[0]):
        assert not Email.objects.exists()


def test_only_shops_with_due_mail_get_a_task(
    shops: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(deliver_due_emails, "apply_async", lambda headers: sent.append(headers[HEADER]))
    now = timezone.now()

    deliver_due_emails_of_all_shops()
    assert sent == []

    write_email(shops[1])
    with django_assert_num_queries(2):  # the shops, and which of them have mail
        deliver_due_emails_of_all_shops()
    assert sent == [shops[1].schema_name]

    for idle in (
        {"sent_at": now},
        {"sent_at": None, "attempts": MAX_ATTEMPTS},
        {"attempts": 1, "next_attempt_at": now + timedelta(minutes=2)},
    ):
        with tenant_transaction(shops[1]):
            Email.objects.update(**idle)
        deliver_due_emails_of_all_shops()
    assert len(sent) == 1
