"""Sending what is in the queue: claim a message, hand it over outside the transaction, settle it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import F

from messaging.models import Email

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=3)
MAX_ATTEMPTS = 14  # with these waits about a day


def claim_email(*, email_id: int, now: datetime) -> Email | None:
    """Count an attempt and return the message, or None where it was sent, is not due or was tried too often.

    The attempt after this one is put off in the same statement, so that of two workers with the same message one sends
    it, and a worker that dies half-way does not keep it for ever.
    """
    due = Email.objects.filter(pk=email_id, sent_at=None, next_attempt_at__lte=now, attempts__lt=MAX_ATTEMPTS)
    attempts = due.values_list("attempts", flat=True).first()
    if attempts is None:
        return None
    wait = min(FIRST_WAIT * 2**attempts, LONGEST_WAIT)
    if not due.update(attempts=F("attempts") + 1, next_attempt_at=now + wait):
        return None
    return Email.objects.get(pk=email_id)


def hand_over_email(*, email: Email) -> None:
    """Give a message to the mail server that the settings name. Talks to the network: call it outside a transaction.

    Raises what the mail backend raises (`OSError`, `SMTPException`).
    """
    message = EmailMultiAlternatives(
        email.subject,
        email.text,
        email.from_email,
        email.to,
        connection=get_connection(settings.MAIL_DELIVERY_BACKEND),
        # The same id on every attempt: a mail server that took the message before the answer was lost can tell.
        headers={"Message-ID": f"<{email.created_at:%Y%m%d%H%M%S%f}.{email.pk}@{settings.BASE_HOST}>"},
    )
    if email.html:
        message.attach_alternative(email.html, "text/html")
    message.send()


def settle_email(*, email_id: int, now: datetime) -> None:
    """Note that a message was taken by the mail server, and forget what it said: its links sign people in."""
    Email.objects.filter(pk=email_id).update(sent_at=now, last_error="", text="", html="")


def record_failure(*, email_id: int, error: str) -> None:
    """Keep why the last attempt failed."""
    Email.objects.filter(pk=email_id, sent_at=None).update(last_error=error[:2000])
