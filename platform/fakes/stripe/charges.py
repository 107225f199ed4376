"""Charges: one for each attempt at a payment, which is what can be refunded and disputed."""

from typing import Any, Literal

from fakes.stripe.errors import StripeFault
from fakes.stripe.events import record
from fakes.stripe.parameters import PAGING, created_range
from fakes.stripe.routing import list_page, operation
from fakes.stripe.state import Object, State

ChargeStatus = Literal["succeeded", "pending", "failed"]

NULLS = (
    "application application_fee application_fee_amount balance_transaction calculated_statement_descriptor customer "
    "description failure_balance_transaction failure_code failure_message on_behalf_of outcome payment_intent "
    "payment_method payment_method_details receipt_email receipt_number receipt_url review shipping source "
    "source_transfer statement_descriptor statement_descriptor_suffix transfer_data transfer_group"
)
OUTCOMES = {
    "succeeded": {"network_status": "approved_by_network", "type": "authorized"},
    "pending": {"network_status": "approved_by_network", "type": "authorized"},
    "failed": {"network_status": "declined_by_network", "type": "issuer_declined"},
}


def make_charge(state: State, intent: Object, status: ChargeStatus) -> Object:
    """The charge of a payment's attempt; it becomes the payment's latest."""
    method = state.objects.get(intent["payment_method"] or "")
    charge = state.add(
        "charge",
        "ch",
        NULLS,
        amount=intent["amount"],
        amount_refunded=0,
        billing_details={
            **(method["billing_details"] if method else dict.fromkeys(("address", "email", "name", "phone", "tax_id")))
        },
        captured=False,
        created=intent["created"],
        currency=intent["currency"],
        customer=intent["customer"],
        disputed=False,
        fraud_details={},
        metadata=dict(intent["metadata"]),
        payment_intent=intent["id"],
        payment_method=intent["payment_method"],
        payment_method_details=_details(method),
        refunded=False,
    )
    settle_charge(state, charge, status)
    intent["latest_charge"] = charge["id"]
    return charge


def settle_charge(state: State, charge: Object, status: ChargeStatus) -> None:
    """It went through, did not, or is under way."""
    succeeded = status == "succeeded"
    charge["status"] = status
    charge["paid"] = charge["captured"] = succeeded
    charge["amount_captured"] = charge["amount"] if succeeded else 0
    charge["outcome"] = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "reason": "generic_decline" if status == "failed" else None,
        "risk_level": "normal",
        "seller_message": "Payment complete." if succeeded else None,
        **OUTCOMES[status],
    }
    if status == "failed":
        charge["failure_code"], charge["failure_message"] = "card_declined", "Your card was declined."
    record(state, f"charge.{status}", charge)


def _details(method: Object | None) -> Object | None:
    """How it was paid; of ways other than cards nothing but the name."""
    if method is None:
        return None
    if method["type"] != "card":
        return {"type": method["type"], method["type"]: {}}
    card = method["card"]
    names = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    own = {name: card[name] for name in names}
    return {"type": "card", "card": {**own, "network": card["brand"], "wallet": None}}


def find_charge(state: State, parameters: dict[str, Any]) -> Object:
    """The charge that `charge` or `payment_intent` names. Raise StripeFault where it brought no money."""
    if named := parameters.get("charge"):
        charge = state.get("charge", named, param="charge")
    elif named := parameters.get("payment_intent"):
        intent = state.get("payment_intent", named, param="payment_intent")
        if intent["status"] != "succeeded":
            raise StripeFault(f"This PaymentIntent ({named}) does not have a successful charge to refund.")
        # A file of a former run may hold payments without charges.
        latest = intent["latest_charge"] or make_charge(state, intent, "succeeded")["id"]
        charge = state.objects[latest]
    else:
        raise StripeFault("One of the following params should be provided for this request: payment_intent or charge.")
    if charge["status"] != "succeeded":
        raise StripeFault(f"Charge {charge['id']} has not succeeded.")
    return charge


def belongs(each: Object, parameters: dict[str, Any], *names: str) -> bool:
    """Whether an object has what a list asks for by those names."""
    return all(each[name] == parameters[name] for name in names if name in parameters)


@operation("GET", "/v1/charges/{id}")
def get_charge(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    return state.get("charge", identifier)


@operation("GET", "/v1/charges", f"{PAGING} {created_range()} customer payment_intent")
def list_charges(state: State, parameters: dict[str, Any]) -> Object:
    return list_page(
        state, "charge", parameters, "/v1/charges", lambda each: belongs(each, parameters, "customer", "payment_intent")
    )
