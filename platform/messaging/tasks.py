"""Sending what is in the queue."""

from smtplib import SMTPException

from celery import shared_task
from django.utils import timezone

from messaging.delivery import claim_email, hand_over_email, record_failure, settle_email
from messaging.retention import forget_emails
from messaging.selectors import find_schemas_with_due_mail, list_due
from tenants.selectors import list_shops
from tenants.tasks import HEADER, PublicTask, enqueue_for_shop, enqueue_on_commit
from tenants.transaction import outside

BATCH_SIZE = 500


@shared_task(ignore_result=True)
def deliver_email(email_id: int) -> None:
    """Hand one message to the mail server, outside the transaction; after a failure `deliver_due_emails` comes back."""
    email = claim_email(email_id=email_id, now=timezone.now())
    if email is None:
        return
    failure: Exception | None = None
    with outside():
        try:
            hand_over_email(email=email)
        except (OSError, SMTPException) as error:
            failure = error
    if failure is None:
        settle_email(email_id=email_id, now=timezone.now())
    else:
        record_failure(email_id=email_id, error=f"{type(failure).__name__}: {failure}")


@shared_task(ignore_result=True)
def deliver_due_emails() -> None:
    """Send a task for each message of the shop that failed before, or whose own task got lost with the broker."""
    for email_id in list_due(now=timezone.now(), limit=BATCH_SIZE):
        deliver_email.delay(email_id)


@shared_task(base=PublicTask, ignore_result=True)
def deliver_due_emails_of_all_shops() -> None:
    """Sent by beat: hand the work out to the shops that have any."""
    for schema in find_schemas_with_due_mail(now=timezone.now()):
        deliver_due_emails.apply_async(headers={HEADER: schema})


@shared_task(ignore_result=True)
def forget_old_emails() -> None:
    """Texts that no longer serve and old messages; a large backlog is worked off in several transactions."""
    if forget_emails(now=timezone.now()):
        enqueue_on_commit(forget_old_emails)


@shared_task(base=PublicTask, ignore_result=True)
def forget_old_emails_of_all_shops() -> None:
    """Sent by beat: hand the work out to the shops."""
    for shop in list_shops():
        enqueue_for_shop(shop, forget_old_emails)
