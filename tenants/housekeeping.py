"""Rows that have served their time: without this a shop's tables would grow for ever."""

from datetime import datetime

from django.contrib.sessions.models import Session
from kernel.idempotency import delete_expired_keys
from kernel.outbox import delete_delivered_events

BATCH = 1_000  # rows of a kind in one transaction


def delete_old_rows(*, now: datetime) -> bool:
    """Delete a batch of expired keys of repetition, delivered events and ended sessions; tell whether more may be left.

    Of the shop whose transaction is open.
    """
    deleted = (
        delete_expired_keys(now=now, limit=BATCH),
        delete_delivered_events(now=now, limit=BATCH),
        delete_ended_sessions(now=now),
    )
    return BATCH in deleted


def delete_ended_sessions(*, now: datetime) -> int:
    """Delete a batch of sessions that nobody can use any more, of the shop or, outside of one, of public."""
    ended = Session.objects.filter(expire_date__lt=now).order_by("expire_date").values("pk")[:BATCH]
    return Session.objects.filter(pk__in=ended).delete()[0]
