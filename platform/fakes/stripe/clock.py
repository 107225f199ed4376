"""Time: what comes due is done in its order, each thing at its own moment."""

from collections.abc import Callable, Iterator
from functools import partial

from fakes.stripe import standing
from fakes.stripe.checkout import expire, settle_slow
from fakes.stripe.events import record
from fakes.stripe.invoices import collect, finalise, void
from fakes.stripe.periods import DAY
from fakes.stripe.refunds import settle_refund
from fakes.stripe.schedules import end_phase
from fakes.stripe.state import Object, State
from fakes.stripe.subscriptions import INCOMPLETE_SECONDS, end_trial, period_ends, renew

WARNING_SECONDS = 3 * DAY
Due = tuple[int, int, str, Callable[[], object]]  # moment, rank among those of one moment, id, what to do


def advance(state: State, moment: int) -> None:
    """Let the time pass until `moment`."""
    while due := min(_list_due(state, moment), key=lambda each: each[:3], default=None):
        state.now = max(state.now, due[0])
        due[3]()
    state.now = max(state.now, moment)


def _list_due(state: State, until: int) -> Iterator[Due]:
    for each in _list_coming(state):
        if each[0] <= until:
            yield each


def _list_coming(state: State) -> Iterator[Due]:
    for session in state.all("checkout.session"):
        if session["status"] == "open":
            yield session["expires_at"], 0, session["id"], partial(expire, state, session)
        elif "_settles_at" in session:
            yield session["_settles_at"], 0, session["id"], partial(_settle, state, session)
    for refund in state.all("refund"):
        if "_settles_at" in refund:
            yield refund["_settles_at"], 0, refund["id"], partial(settle_refund, state, refund)
    for schedule in state.all("subscription_schedule"):
        if schedule["status"] == "active":
            end = schedule["current_phase"]["end_date"]
            yield end, 1, schedule["id"], partial(end_phase, state, schedule)
    for subscription in state.all("subscription"):
        yield from _list_subscription(state, subscription)
    for invoice in state.all("invoice"):
        if invoice["status"] == "draft" and invoice["automatically_finalizes_at"]:
            yield invoice["automatically_finalizes_at"], 3, invoice["id"], partial(_finish, state, invoice)
        elif invoice["status"] == "open" and invoice["next_payment_attempt"]:
            yield invoice["next_payment_attempt"], 3, invoice["id"], partial(_retry, state, invoice)


def _list_subscription(state: State, subscription: Object) -> Iterator[Due]:
    status, identifier = subscription["status"], subscription["id"]
    if status in standing.ENDED:
        return
    if status == "incomplete":
        moment = subscription["created"] + INCOMPLETE_SECONDS
        yield moment, 2, identifier, partial(_expire_incomplete, state, subscription)
        return
    if subscription["cancel_at"]:
        yield subscription["cancel_at"], 2, identifier, partial(standing.end, state, subscription)
    if status == "paused":
        return
    if status == "trialing":
        if not subscription["_warned"]:
            yield subscription["trial_end"] - WARNING_SECONDS, 2, identifier, partial(_warn, state, subscription)
        yield subscription["trial_end"], 4, identifier, partial(end_trial, state, subscription, at_once=False)
        return
    yield period_ends(subscription), 4, identifier, partial(renew, state, subscription)


def _warn(state: State, subscription: Object) -> None:
    subscription["_warned"] = True
    record(state, "customer.subscription.trial_will_end", subscription)


def _expire_incomplete(state: State, subscription: Object) -> None:
    invoice = state.objects[subscription["latest_invoice"]]
    standing.end(state, subscription, reason="payment_failed", status="incomplete_expired")
    void(state, invoice)


def _finish(state: State, invoice: Object) -> None:
    finalise(state, invoice)
    collect(state, invoice)


def _retry(state: State, invoice: Object) -> None:
    invoice["next_payment_attempt"] = None
    collect(state, invoice)


def _settle(state: State, session: Object) -> None:
    failing = state.settings.fail_payments > 0
    state.settings.fail_payments -= failing
    settle_slow(state, session, paid=not failing)
