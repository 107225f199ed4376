"""What Stripe tells us: stored when it is signed, processed exactly once, given up to a person after many failures."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from kernel.errors import NotFound

from billing import gateway
from billing.alerts import Matter, raise_alert, resolve_alerts
from billing.models import Account, Checkout, PaymentEvent
from billing.services.sync import sync_account

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=3)
KEPT = timedelta(days=90)  # Stripe sends an event again for three days, and lists it for thirty
MAX_ATTEMPTS = 12  # with these waits about half a day
SKEW = timedelta(minutes=1)  # the clock of who processes may be behind

# Each of these may mean that an account is not what it was; what it is now is fetched.
FOLLOWED = frozenset(
    {
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.dispute.funds_reinstated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.refund.updated",
        "charge.refunded",
        "checkout.session.async_payment_failed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.completed",
        "checkout.session.expired",
        "customer.deleted",
        "customer.subscription.created",
        "customer.subscription.deleted",
        "customer.subscription.paused",
        "customer.subscription.resumed",
        "customer.subscription.updated",
        "invoice.marked_uncollectible",
        "invoice.paid",
        "invoice.payment_action_required",
        "invoice.payment_failed",
        "invoice.voided",
        "refund.failed",
        "refund.updated",
        "subscription_schedule.aborted",
        "subscription_schedule.canceled",
        "subscription_schedule.completed",
        "subscription_schedule.created",
        "subscription_schedule.released",
        "subscription_schedule.updated",
    }
)

logger = logging.getLogger(__name__)


def receive_event(*, payload: bytes, signature: str, now: datetime) -> int:
    """Verify and store what a webhook brought, and return our id of it; the same one when it comes again.

    What does not concern us (other types, another mode or a connected account) is stored as ignored. Raises
    EventRefused.
    """
    event = gateway.verify_event(payload=payload, signature=signature, now=now)
    reason = _why_ignored(event.type, is_live=event.is_live, stripe_account=event.stripe_account)
    row = PaymentEvent(
        event_id=event.id,
        type=event.type,
        object_id=event.object_id,
        customer_id=event.customer_id,
        subscription_id=event.subscription_id,
        payment_intent_id=event.payment_intent_id,
        stripe_account=event.stripe_account,
        is_live=event.is_live,
        created_at=event.created_at,
        received_at=now,
        state=PaymentEvent.State.IGNORED if reason else PaymentEvent.State.PENDING,
        next_attempt_at=None if reason else now - SKEW,
        last_error=reason,
    )
    PaymentEvent.objects.bulk_create([row], ignore_conflicts=True)
    return PaymentEvent.objects.values_list("pk", flat=True).get(event_id=event.id)


def _why_ignored(type_: str, *, is_live: bool, stripe_account: str) -> str:
    if is_live != gateway.is_live():
        return "of the live mode" if is_live else "of the test mode"
    if stripe_account:
        return "of a connected account"
    return "" if type_ in FOLLOWED else "of a type that we do not follow"


def process_event(*, event_id: int, now: datetime) -> None:
    """Do what an event asks for, exactly once: the work and the mark are one transaction.

    After a failure it is tried again later, after many it is dead. Of several calls at the same moment one works.
    """
    event = _claim(event_id, now)
    if event is None:
        return
    try:
        account_id = _find_account(event)
        if account_id is None:
            _ignore(event, now)
        else:
            sync_account(account_id=account_id, now=now, event_id=event.pk)
    except Exception as error:
        logger.exception("Event %s was not processed", event.event_id)
        _note_failure(event, error, now)


def _claim(event_id: int, now: datetime) -> PaymentEvent | None:
    """Count an attempt and put the next one off, unless another did; None where there is nothing to do now."""
    pending = PaymentEvent.objects.filter(
        pk=event_id, state=PaymentEvent.State.PENDING, next_attempt_at__lte=now, attempts__lt=MAX_ATTEMPTS
    )
    event = pending.first()
    if event is None:
        return None
    wait = min(FIRST_WAIT * 2**event.attempts, LONGEST_WAIT)
    if not pending.filter(attempts=event.attempts).update(attempts=event.attempts + 1, next_attempt_at=now + wait):
        return None
    event.attempts += 1
    return event


def _find_account(event: PaymentEvent) -> int | None:
    """By identifiers that we stored before anybody could pay; Stripe is asked who made a payment that names nobody.

    What an object's metadata says is nobody's word.
    """
    page = Checkout.objects.filter(session_id=event.object_id).values_list("account_id", flat=True).first()
    if page is not None:
        return page
    accounts = Account.objects.values_list("id", flat=True)
    found = accounts.filter(customer_id=event.customer_id).first() if event.customer_id else None
    if found is None and event.subscription_id:
        found = accounts.filter(subscription_id=event.subscription_id).first()
    if found is None and event.payment_intent_id:
        found = accounts.filter(checkouts__payment_intent_id=event.payment_intent_id).first()
        if found is None and (payer := gateway.current().find_payer(event.payment_intent_id)):
            found = accounts.filter(customer_id=payer).first()
    return found


def _ignore(event: PaymentEvent, now: datetime) -> None:
    PaymentEvent.objects.filter(pk=event.pk, state=PaymentEvent.State.PENDING).update(
        state=PaymentEvent.State.IGNORED, processed_at=now, next_attempt_at=None, last_error="of no account of ours"
    )


def _note_failure(event: PaymentEvent, error: Exception, now: datetime) -> None:
    pending = PaymentEvent.objects.filter(pk=event.pk, state=PaymentEvent.State.PENDING)
    pending.update(last_error=f"{type(error).__name__}: {error}"[:2000])
    if event.attempts >= MAX_ATTEMPTS:
        _bury(event, error, now)


def bury_lost_events(*, now: datetime) -> int:
    """Declare dead what died in its last attempt without a word. Returns how many."""
    lost = PaymentEvent.objects.filter(
        state=PaymentEvent.State.PENDING, attempts__gte=MAX_ATTEMPTS, next_attempt_at__lte=now
    )
    return sum(_bury(event, "nobody lived to tell", now) for event in lost)


def _bury(event: PaymentEvent, reason: object, now: datetime) -> bool:
    """Give a pending event up to a person. Returns whether it was still pending."""
    with transaction.atomic():
        pending = PaymentEvent.objects.filter(pk=event.pk, state=PaymentEvent.State.PENDING)
        if not pending.update(state=PaymentEvent.State.DEAD, next_attempt_at=None):
            return False
        detail = f"{event.type} {event.object_id} failed {event.attempts} times: {reason}"
        raise_alert(Matter("dead_event", event.event_id, detail), account=None, now=now)
    return True


def forget_settled_events(*, now: datetime) -> int:
    """Delete what needed no work or had it done, 90 days after it came. Returns how many."""
    settled = (PaymentEvent.State.DONE, PaymentEvent.State.IGNORED)
    deleted, _by_model = PaymentEvent.objects.filter(state__in=settled, received_at__lt=now - KEPT).delete()
    return deleted


def retry_event(*, event_id: int, now: datetime) -> str:
    """Try a dead event again from the start, and return its state (`PaymentEvent.State`) after that.

    One that fails once more is pending, with all its attempts before it. Raises NotFound where there is no dead one
    with this id.
    """
    with transaction.atomic():
        dead = PaymentEvent.objects.filter(pk=event_id, state=PaymentEvent.State.DEAD)
        name = dead.values_list("event_id", flat=True).first()
        if name is None or not dead.update(state=PaymentEvent.State.PENDING, attempts=0, next_attempt_at=now):
            raise NotFound(_("There is no event waiting here. It may have been tried again already."))
        resolve_alerts(kind="dead_event", subjects=[name], now=now)
    process_event(event_id=event_id, now=now)
    return str(PaymentEvent.objects.values_list("state", flat=True).get(pk=event_id))
