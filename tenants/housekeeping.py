"""Rows that have served their time: without this a shop's tables would grow for ever."""

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Exists, OuterRef
from kernel.idempotency import delete_expired_keys
from kernel.outbox import delete_delivered_events

BATCH = 1_000  # rows of a kind in one transaction
CARTS_KEPT = timedelta(days=90)
TOKENS_KEPT = timedelta(days=1)  # a request that began with one may still write it down

# Locked first, so that nobody puts anything in meanwhile; a cart in use is left for the next time.
_LEFT_BEHIND = """
    WITH left_behind AS MATERIALIZED (
        SELECT id FROM checkout_cart
         WHERE closed_at IS NULL AND created_at < %(before)s AND updated_at < %(before)s
         ORDER BY created_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED),
    lines AS (DELETE FROM checkout_cartline WHERE cart_id IN (SELECT id FROM left_behind))
    DELETE FROM checkout_cart WHERE id IN (SELECT id FROM left_behind)
"""
# What they opened stays the member's: carts and orders only forget by which token.
_EXPIRED_TOKENS = """
    WITH expired AS MATERIALIZED (
        SELECT id FROM members_membertoken WHERE expires_at < %(before)s
         ORDER BY expires_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED),
    carts AS (UPDATE checkout_cart SET token_id = NULL WHERE token_id IN (SELECT id FROM expired)),
    orders AS (UPDATE checkout_order SET token_id = NULL WHERE token_id IN (SELECT id FROM expired)),
    coupons AS (DELETE FROM coupons_couponaccess WHERE token_id IN (SELECT id FROM expired))
    DELETE FROM members_membertoken WHERE id IN (SELECT id FROM expired)
"""


def delete_old_rows(*, now: datetime) -> bool:
    """Delete a batch of each kind; tell whether more may be left.

    Of the shop whose transaction is open.
    """
    deleted = (
        delete_expired_keys(now=now, limit=BATCH),
        delete_delivered_events(now=now, limit=BATCH),
        delete_ended_sessions(now=now),
        delete_notes_of_sessions(),
        delete_carts_left_behind(now=now),
        delete_expired_tokens(now=now),
    )
    return BATCH in deleted


def delete_ended_sessions(*, now: datetime) -> int:
    """Delete a batch of sessions that nobody can use any more, of the shop or, outside of one, of public."""
    ended = Session.objects.filter(expire_date__lt=now).order_by("expire_date").values("pk")[:BATCH]
    return Session.objects.filter(pk__in=ended).delete()[0]


def delete_notes_of_sessions() -> int:
    """Delete a batch of notes of where somebody was signed in whose session is gone, of the shop or of public."""
    gone = UserSession.objects.filter(~Exists(Session.objects.filter(pk=OuterRef("session_key"))))
    deleted: int = UserSession.objects.filter(pk__in=gone.order_by("pk").values("pk")[:BATCH]).delete()[0]
    return deleted


def delete_carts_left_behind(*, now: datetime) -> int:
    """Delete a batch of carts, with their lines, that became no order and that nobody changed for 90 days."""
    with connection.cursor() as cursor:
        cursor.execute(_LEFT_BEHIND, {"before": now - CARTS_KEPT, "limit": BATCH})
        return int(cursor.rowcount)


def delete_expired_tokens(*, now: datetime) -> int:
    """Delete a batch of members' tokens that are over."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRED_TOKENS, {"before": now - TOKENS_KEPT, "limit": BATCH})
        return int(cursor.rowcount)
