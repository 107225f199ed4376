"""Writing e-mails: into the shop's queue in the caller's transaction, or, outside a shop, at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connection

from messaging.mails import render_mail
from messaging.models import Email
from messaging.tasks import deliver_email
from tenants.tasks import enqueue_on_commit


def queue_email(
    *,
    to: Sequence[str],
    subject: str,
    text: str,
    html: str = "",
    from_email: str = "",
    now: datetime,
) -> int:
    """Write one message in the caller's transaction and return its id. One statement; sending it is the task's."""
    email = Email.objects.create(
        from_email=from_email or settings.DEFAULT_FROM_EMAIL,
        to=list(to),
        subject=subject,
        text=text,
        html=html,
        created_at=now,
        next_attempt_at=now,
    )
    return email.pk


def queue_template(
    *,
    template: str,
    to: Sequence[str],
    language: str,
    context: Mapping[str, Any],
    key: str | None = None,
    now: datetime,
) -> int | None:
    """Queue a mail of `templates/mail/` in a language of LANGUAGES and return its id; it is sent after the commit.

    With a `key` this happens once in the life of the shop: another call with the same key queues nothing and returns
    None, also where two come at the same moment. `context` is described in `messaging.mails`; dates are shown as they
    are in the active time zone. Raises `ValueError` for an unknown template and for a context that lacks a value.
    """
    mail = render_mail(template=template, language=language, context=context)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO messaging_email (key, from_email, "to", subject, text, html, created_at, next_attempt_at)
            VALUES (%s, %s, to_jsonb(%s::text[]), %s, %s, %s, %s, %s)
            ON CONFLICT (key) DO NOTHING RETURNING id
            """,
            [key, settings.DEFAULT_FROM_EMAIL, list(to), mail.subject, mail.text, mail.html, now, now],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    enqueue_on_commit(deliver_email, row[0])
    return int(row[0])


def pass_over(*, template: str, key: str, now: datetime) -> None:
    """Note a mail as sent that nobody gets: whoever queues one with its `key` later queues nothing."""
    Email.objects.create(key=key, from_email="", to=[], subject=template, text="", created_at=now, sent_at=now)


def send_template(*, template: str, to: str, language: str, context: Mapping[str, Any], key: str) -> None:
    """Hand one mail to the mail server now, for messages that belong to no shop. Call it outside a transaction.

    It stands in no queue: whoever calls it tries again, with the same `key`, of which the message's id is made.
    Raises what `queue_template` and the mail backend raise (`OSError`, `SMTPException`).
    """
    mail = render_mail(template=template, language=language, context=context)
    message = EmailMultiAlternatives(
        mail.subject,
        mail.text,
        settings.DEFAULT_FROM_EMAIL,
        [to],
        connection=get_connection(settings.MAIL_DELIVERY_BACKEND),
        headers={"Message-ID": f"<{key}@{settings.BASE_HOST}>"},
    )
    message.attach_alternative(mail.html, "text/html")
    message.send()
