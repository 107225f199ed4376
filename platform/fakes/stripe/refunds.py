"""Money that is given back, whole or in parts."""

from typing import Any

from fakes.stripe.charges import belongs, find_charge
from fakes.stripe.errors import StripeFault
from fakes.stripe.events import changing, record
from fakes.stripe.parameters import PAGING, created_range
from fakes.stripe.periods import DAY
from fakes.stripe.routing import list_page, operation
from fakes.stripe.state import Object, State

NULLS = (
    "balance_transaction charge currency customer customer_account payment_intent payment_method reason receipt_number "
    "source_transfer_reversal transfer_reversal"
)
SLOW = ("us_bank_account",)  # the money is on its way for days, and may come back
SLOW_SECONDS = 3 * DAY


@operation(
    "POST",
    "/v1/refunds",
    "amount:int charge payment_intent metadata.* reason:duplicate|fraudulent|requested_by_customer",
)
def create_refund(state: State, parameters: dict[str, Any]) -> Object:
    """Without an amount all that is left. By an idempotency key it is given once, as everything is."""
    charge = find_charge(state, parameters)
    left = charge["amount"] - charge["amount_refunded"]
    if not left:
        raise StripeFault(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if any(each["charge"] == charge["id"] and not each["is_charge_refundable"] for each in state.all("dispute")):
        raise StripeFault(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    amount = parameters.get("amount", left)
    if amount < 1:
        raise StripeFault("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if amount > left:
        raise StripeFault(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount"
        )
    kind = charge["payment_method_details"]["type"]
    refund = state.add(
        "refund",
        "re",
        NULLS,
        amount=amount,
        charge=charge["id"],
        currency=charge["currency"],
        destination_details={"type": kind},
        metadata=parameters.get("metadata", {}),
        payment_intent=charge["payment_intent"],
        reason=parameters.get("reason"),
        status="pending" if kind in SLOW else "succeeded",
    )
    del refund["livemode"]  # refunds have none
    with changing(state, charge, "charge.refunded"):
        _count(charge, amount)
    record(state, "refund.created", refund)
    if kind in SLOW:
        refund["pending_reason"] = "processing"
        refund["_settles_at"] = state.now + SLOW_SECONDS
    return refund


def settle_refund(state: State, refund: Object) -> None:
    """The end of one that was on its way: the money has come, or the bank sent it back and it is ours again."""
    failing = state.settings.fail_refunds > 0
    state.settings.fail_refunds -= failing
    del refund["_settles_at"], refund["pending_reason"]
    refund["status"] = "failed" if failing else "succeeded"
    if failing:
        refund["failure_reason"] = "unknown"
        _count(state.objects[refund["charge"]], -refund["amount"])
        record(state, "refund.failed", refund)
    record(state, "refund.updated", refund, {**refund, "status": "pending"})
    record(state, "charge.refund.updated", refund, {**refund, "status": "pending"})


def _count(charge: Object, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]


@operation("GET", "/v1/refunds/{id}")
def get_refund(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    return state.get("refund", identifier)


@operation("GET", "/v1/refunds", f"{PAGING} {created_range()} charge payment_intent")
def list_refunds(state: State, parameters: dict[str, Any]) -> Object:
    return list_page(
        state, "refund", parameters, "/v1/refunds", lambda each: belongs(each, parameters, "charge", "payment_intent")
    )
