"""What must hold of a shop's messages, for `laxin doctor`."""

from collections.abc import Iterator

from messaging.delivery import MAX_ATTEMPTS
from messaging.models import Email
from tenants.doctor import invariant

SHOWN = 20


@invariant("messaging.emails_are_delivered")
def find_undelivered_emails() -> Iterator[str]:
    """No message was given up."""
    for email in Email.objects.filter(sent_at=None, attempts__gte=MAX_ATTEMPTS).order_by("pk")[:SHOWN]:
        yield f"E-mail {email.pk} was not delivered in {email.attempts} attempts: {email.last_error}"
