"""Work on accounts. All of it is public: billing enters a shop only to queue a mail."""

import logging

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from billing import services
from billing.errors import PaymentProviderDown
from billing.selectors import list_due_events
from tenants.tasks import PublicTask

logger = logging.getLogger(__name__)

EVENTS = 200
ACCOUNTS = 500


@shared_task(base=PublicTask, ignore_result=True)
def process_event(event_id: int) -> None:
    """Do what one event asks for."""
    services.process_event(event_id=event_id, now=timezone.now())


@shared_task(base=PublicTask, ignore_result=True)
def process_due_events() -> None:
    """Sent by beat: events that failed before, or whose own task got lost with the broker."""
    now = timezone.now()
    services.bury_lost_events(now=now)
    for event_id in list_due_events(now=now, limit=EVENTS):
        process_event.delay(event_id)


@shared_task(base=PublicTask, ignore_result=True)
def review_accounts() -> None:
    """Sent by beat: what has become due by the calendar."""
    services.review_accounts(now=timezone.now())


@shared_task(base=PublicTask, ignore_result=True)
def reconcile_some_accounts() -> None:
    """Sent by beat: compare the accounts that were not compared for longest with Stripe."""
    _reconcile(limit=ACCOUNTS)


@shared_task(base=PublicTask, ignore_result=True)
def reconcile_all_accounts() -> None:
    """Sent by beat once a day: compare all, and look for customers whom no account knows."""
    _reconcile(limit=None)


@shared_task(base=PublicTask, ignore_result=True)
def forget_settled_events() -> None:
    """Sent by beat once a day."""
    services.forget_settled_events(now=timezone.now())


def _reconcile(*, limit: int | None) -> None:
    try:
        services.reconcile(now=timezone.now(), limit=limit)
    except PaymentProviderDown:
        logger.warning("A sweep ended early, because Stripe does not answer; another one comes")


def enqueue_event(event_id: int) -> None:
    """Have an event processed once the transaction, if there is one, has committed.

    Where the broker is down this is only logged: beat finds the event.
    """
    transaction.on_commit(lambda: process_event.delay(event_id), robust=True)
