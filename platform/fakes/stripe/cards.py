"""Test cards and other ways to pay, and what becomes of a payment with them."""

from datetime import UTC, datetime
from typing import Literal

from fakes.stripe.charges import ChargeStatus, make_charge, settle_charge
from fakes.stripe.errors import StripeFault
from fakes.stripe.events import record
from fakes.stripe.state import Object, State

Behaviour = Literal["works", "fails later", "declined", "asks"]
Outcome = Literal["paid", "declined", "asks"]

CARDS: dict[str, Behaviour] = {
    "4242424242424242": "works",
    "5555555555554444": "works",
    "4000000000000341": "fails later",  # taken on the pay page, declined whenever it is charged without the customer
    "4000000000000002": "declined",
    "4000000000009995": "declined",
    "4000002760003184": "asks",  # its bank wants the customer for each payment
}
NAMES = {
    "pm_card_visa": "4242424242424242",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_authenticationRequired": "4000002760003184",
}
CHARGES: dict[Outcome | None, ChargeStatus] = {"paid": "succeeded", "declined": "failed", None: "pending"}
ADDRESS: dict[str, str | None] = {
    "city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None,
}  # fmt: skip


def make_card(state: State, number: str, customer: Object | None) -> Object | None:
    """The payment method of a card's number or test name; None where it is neither."""
    digits = NAMES.get(number, number.replace(" ", ""))
    if not digits.isdigit():
        return None
    if digits not in CARDS:
        raise StripeFault("Your card number is incorrect.", status=402, kind="card_error", code="incorrect_number")
    brand = "visa" if digits.startswith("4") else "mastercard"
    card = {
        "brand": brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "display_brand": brand,
        "exp_month": 12,
        "exp_year": datetime.fromtimestamp(state.now, UTC).year + 4,
        "fingerprint": f"fake{digits[-4:]}",
        "funding": "credit",
        "generated_from": None,
        "last4": digits[-4:],
        "networks": {"available": [brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    return make_method(state, "card", CARDS[digits], customer, card=card)


def make_method(state: State, kind: str, behaviour: Behaviour, customer: Object | None, **fields: object) -> Object:
    """A payment method that nobody has yet; attach it."""
    details = {"address": dict(ADDRESS), "email": None, "name": None, "phone": None, "tax_id": None}
    if customer:
        details |= {"email": customer["email"], "name": customer["name"]}
    return state.add(
        "payment_method",
        "pm",
        "customer",
        allow_redisplay="unspecified",
        billing_details=details,
        metadata={},
        type=kind,
        _behaviour=behaviour,
        **(fields or {kind: {}}),
    )


def judge(state: State, method: Object | None, *, present: bool) -> Outcome:
    """What becomes of a payment now; `present`: the customer is there and answers what the bank asks."""
    if state.settings.fail_payments > 0:
        state.settings.fail_payments -= 1
        return "declined"
    if method is None:
        return "declined"
    behaviour: Behaviour = method["_behaviour"]
    if behaviour == "declined" or (behaviour == "fails later" and not present):
        return "declined"
    return "asks" if behaviour == "asks" and not present else "paid"


def make_intent(
    state: State, *, amount: int, currency: str, customer: str, method: Object | None, outcome: Outcome | None
) -> Object:
    """The payment of an amount; `outcome` None: it is under way."""
    statuses = {"paid": "succeeded", "declined": "requires_payment_method", "asks": "requires_action"}
    nulls = (
        "amount_details application application_fee_amount automatic_payment_methods canceled_at cancellation_reason "
        "description last_payment_error latest_charge next_action on_behalf_of payment_method processing receipt_email "
        "review setup_future_usage shipping source statement_descriptor statement_descriptor_suffix transfer_data "
        "transfer_group"
    )
    intent = state.add(
        "payment_intent",
        "pi",
        nulls,
        amount=amount,
        amount_capturable=0,
        amount_received=amount if outcome == "paid" else 0,
        capture_method="automatic",
        client_secret=state.make_id("pi_secret"),
        confirmation_method="automatic",
        currency=currency,
        customer=customer,
        metadata={},
        payment_method=method["id"] if method else None,
        payment_method_types=[method["type"] if method else "card"],
        status=statuses[outcome] if outcome else "processing",
    )
    kinds = {"paid": "payment_intent.succeeded", "declined": "payment_intent.payment_failed"}
    if outcome != "asks":
        make_charge(state, intent, CHARGES[outcome])
    if outcome == "asks":
        intent["next_action"] = {"type": "use_stripe_sdk"}
        record(state, "payment_intent.requires_action", intent)
    elif outcome:
        record(state, kinds[outcome], intent)
    return intent


def finish_intent(state: State, intent: Object, *, paid: bool) -> None:
    """The end of a payment that was under way."""
    intent["status"] = "succeeded" if paid else "requires_payment_method"
    intent["amount_received"] = intent["amount"] if paid else 0
    if charge := state.objects.get(intent["latest_charge"] or ""):
        settle_charge(state, charge, "succeeded" if paid else "failed")
    record(state, "payment_intent.succeeded" if paid else "payment_intent.payment_failed", intent)
