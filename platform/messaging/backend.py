"""Django's e-mail interface on top of the queue: what allauth and Django send lands in rows of the shop."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from messaging.services import queue_email
from messaging.tasks import deliver_email
from tenants.tasks import enqueue_on_commit
from tenants.transaction import find_current_shop


class QueueBackend(BaseEmailBackend):
    """Inside a shop's transaction a message is queued and sent after the commit; elsewhere it is sent at once.

    Every recipient gets a message of their own, so nobody reads another's address.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queue the messages and return how many there are."""
        messages = list(email_messages)
        if find_current_shop() is None:
            return get_connection(settings.MAIL_DELIVERY_BACKEND).send_messages(messages) or 0
        for message in messages:
            for recipient in message.recipients():
                email_id = queue_email(
                    to=[recipient],
                    subject=str(message.subject),
                    text=str(message.body),
                    html=_find_html(message),
                    from_email=message.from_email or "",
                    now=timezone.now(),
                )
                enqueue_on_commit(deliver_email, email_id)
        return len(messages)


def _find_html(message: EmailMessage) -> str:
    if not isinstance(message, EmailMultiAlternatives):
        return ""
    return next((str(body) for body, kind in message.alternatives if kind == "text/html"), "")
