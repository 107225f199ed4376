"""What the payment of an invoice does to its subscription's status."""

from fakes.stripe.events import changing, record
from fakes.stripe.state import Object, State

ENDED = frozenset({"canceled", "incomplete_expired"})


def settle(state: State, invoice: Object, *, final: bool) -> None:
    """Follow an invoice that was paid, failed or was voided; `final`: no further attempt will be made.

    Only the latest invoice decides, as at Stripe.
    """
    details = (invoice["parent"] or {}).get("subscription_details")
    subscription = state.objects.get(details["subscription"]) if details else None
    if subscription is None or subscription["latest_invoice"] != invoice["id"]:
        return
    status = subscription["status"]
    if status in ENDED:
        return
    if invoice["status"] in {"paid", "void"}:
        _recover(state, subscription, invoice)
    elif status in {"active", "trialing"}:
        _set(state, subscription, "past_due")
    if final and subscription["status"] == "past_due":
        give_up(state, subscription)


def _recover(state: State, subscription: Object, invoice: Object) -> None:
    status = subscription["status"]
    if (status == "incomplete" and invoice["status"] == "paid") or status in {"past_due", "unpaid"}:
        _set(state, subscription, "active")
    elif status == "paused" and invoice["status"] == "paid" and subscription.get("_resuming") == invoice["id"]:
        wake(state, subscription)


def give_up(state: State, subscription: Object) -> None:
    """After the last retry, as it was set."""
    if state.settings.after_retries == "cancel":
        end(state, subscription, reason="payment_failed")
    elif state.settings.after_retries == "unpaid":
        _set(state, subscription, "unpaid")


def wake(state: State, subscription: Object) -> None:
    """A paused subscription goes on."""
    subscription.pop("_resuming", None)
    with changing(state, subscription, "customer.subscription.updated"):
        subscription["status"] = "active"
        subscription["status_details"] = None
    record(state, "customer.subscription.resumed", subscription)


def end(
    state: State, subscription: Object, *, reason: str = "cancellation_requested", status: str = "canceled"
) -> None:
    """Its last state; a schedule that leads it is over too, and what is still open is not collected any more."""
    subscription["status"] = status
    subscription["ended_at"] = state.now
    subscription["canceled_at"] = subscription["canceled_at"] or state.now
    subscription["cancellation_details"]["reason"] = subscription["cancellation_details"]["reason"] or reason
    if status == "incomplete_expired":
        record(state, "customer.subscription.updated", subscription, {"status": "incomplete"})
    else:
        record(state, "customer.subscription.deleted", subscription)
    if schedule := state.objects.get(subscription["schedule"] or ""):
        schedule |= {"status": "canceled", "canceled_at": state.now, "current_phase": None}
        record(state, "subscription_schedule.canceled", schedule)
    for invoice in state.all("invoice"):
        details = (invoice["parent"] or {}).get("subscription_details")
        if details and details["subscription"] == subscription["id"] and invoice["status"] in {"open", "draft"}:
            invoice["auto_advance"] = False
            invoice["next_payment_attempt"] = invoice["automatically_finalizes_at"] = None


def _set(state: State, subscription: Object, status: str) -> None:
    with changing(state, subscription, "customer.subscription.updated"):
        subscription["status"] = status
