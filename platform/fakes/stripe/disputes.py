"""Disputes: a bank asks for its customer's money back. They are opened and decided by controls, as banks do it."""

from typing import Any, Literal

from fakes.stripe.charges import belongs, find_charge
from fakes.stripe.errors import StripeFault
from fakes.stripe.events import record
from fakes.stripe.parameters import PAGING, created_range
from fakes.stripe.periods import DAY
from fakes.stripe.routing import list_page, operation
from fakes.stripe.state import Object, State

Outcome = Literal["won", "lost", "warning_closed"]

ANSWER_SECONDS = 14 * DAY
OPEN = frozenset({"needs_response", "under_review", "warning_needs_response", "warning_under_review"})
EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal "
    "customer_communication customer_email_address customer_name customer_purchase_ip customer_signature "
    "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt "
    "refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number "
    "uncategorized_file uncategorized_text"
)


def open_dispute(
    state: State, payment: str, *, amount: int | None = None, reason: str = "fraudulent", inquiry: bool = False
) -> Object:
    """Dispute a payment, named by its charge, payment intent or checkout session; `amount`: not all of it.

    An `inquiry` takes no money yet; a dispute takes it at once.
    """
    named = state.objects.get(payment) or {}
    if named.get("object") == "checkout.session":
        payment = named["payment_intent"] or ""
        named = state.objects.get(payment) or {}
    charge = find_charge(state, {"payment_intent" if named.get("object") == "payment_intent" else "charge": payment})
    if any(each["charge"] == charge["id"] for each in state.all("dispute")):
        raise StripeFault(f"Charge {charge['id']} is disputed already.")
    if charge["refunded"]:
        raise StripeFault(f"Charge {charge['id']} was refunded already: nothing is left to dispute.")
    details = charge["payment_method_details"]
    card = details.get("card") or {}
    dispute = state.add(
        "dispute",
        "du",
        "network_reason_code payment_intent",
        amount=amount or charge["amount"] - charge["amount_refunded"],
        balance_transactions=[],
        charge=charge["id"],
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence={**dict.fromkeys(EVIDENCE.split()), "enhanced_evidence": {}},
        evidence_details={
            "due_by": state.now + ANSWER_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        is_charge_refundable=inquiry,
        metadata={},
        payment_intent=charge["payment_intent"],
        reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
    )
    if card:
        kind = "inquiry" if inquiry else "chargeback"
        own = {"brand": card["brand"], "case_type": kind, "network": card["network"], "network_reason_code": None}
        dispute["payment_method_details"] = {"type": "card", "card": own}
    charge["disputed"] = True
    record(state, "charge.dispute.created", dispute)
    if not inquiry:
        record(state, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(state: State, identifier: str, outcome: Outcome) -> Object:
    """Decide it. `warning_closed` is the end of an inquiry, `won` and `lost` that of a dispute."""
    dispute = state.get("dispute", identifier)
    if dispute["status"] not in OPEN:
        raise StripeFault(f"This dispute is already {dispute['status']}.")
    if (outcome == "warning_closed") != dispute["status"].startswith("warning"):
        raise StripeFault(f"A dispute that is {dispute['status']} does not become {outcome}.")
    before = dispute["status"]
    dispute["status"] = outcome
    if outcome == "won":
        record(state, "charge.dispute.funds_reinstated", dispute)
    record(state, "charge.dispute.closed", dispute, {**dispute, "status": before})
    return dispute


@operation("GET", "/v1/disputes/{id}")
def get_dispute(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    return state.get("dispute", identifier)


@operation("GET", "/v1/disputes", f"{PAGING} {created_range()} charge payment_intent")
def list_disputes(state: State, parameters: dict[str, Any]) -> Object:
    return list_page(
        state, "dispute", parameters, "/v1/disputes", lambda each: belongs(each, parameters, "charge", "payment_intent")
    )


@operation("POST", "/v1/disputes/{id}/close")
def give_up_dispute(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    """The merchant has nothing to say: it is lost."""
    return close_dispute(state, identifier, "lost")
