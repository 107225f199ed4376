"""Invoices: made as drafts, finalised, paid or retried.

What a payment does to the subscription is decided in `standing.settle`, which `collect` and `void` call.
"""

from typing import Any

from fakes.stripe import standing
from fakes.stripe.cards import Outcome, judge, make_intent
from fakes.stripe.errors import StripeFault, declined
from fakes.stripe.events import changing, record
from fakes.stripe.parameters import PAGING, created_range
from fakes.stripe.periods import DAY
from fakes.stripe.routing import as_list, list_page, operation
from fakes.stripe.state import Object, State

NULLS = (
    "account_country account_name account_tax_ids application automatically_finalizes_at custom_fields "
    "customer_address customer_phone customer_shipping default_payment_method default_source description due_date "
    "effective_at ending_balance footer from_invoice hosted_invoice_url invoice_pdf last_finalization_error "
    "latest_revision next_payment_attempt number on_behalf_of parent receipt_number rendering shipping_cost "
    "shipping_details statement_descriptor test_clock webhooks_delivered_at"
)
DRAFT_SECONDS = 3600


def make_line(
    state: State,
    price: Object,
    *,
    amount: int,
    quantity: int,
    start: int,
    end: int,
    text: str,
    item: Object | None = None,
    proration: bool = False,
) -> Object:
    """One line; it belongs to no invoice yet. `item`: the subscription item it is for."""
    parent: Object | None = None
    if item:
        details = {
            "invoice_item": None,
            "proration": proration,
            "proration_details": {"credited_items": None},
            "subscription": item["subscription"],
            "subscription_item": item["id"],
        }
        parent = {
            "type": "subscription_item_details",
            "subscription_item_details": details,
            "invoice_item_details": None,
        }
    return {
        "id": state.make_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": text,
        "discount_amounts": [],
        "discountable": not proration,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": parent,
        "period": {"start": start, "end": end},
        "pretax_credit_amounts": [],
        "pricing": {
            "type": "price_details",
            "price_details": {"price": price["id"], "product": price["product"]},
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subtotal": amount,
        "taxes": [],
    }


def make_invoice(
    state: State,
    customer: Object,
    lines: list[Object],
    *,
    reason: str,
    currency: str,
    subscription: Object | None = None,
) -> Object:
    """A draft; negative sums become the customer's credit when it is finalised."""
    total = sum(line["amount"] for line in lines)
    parent = None
    if subscription:
        details = {
            "metadata": dict(subscription["metadata"]),
            "subscription": subscription["id"],
            "subscription_proration_date": None,
        }
        parent = {"type": "subscription_details", "quote_details": None, "subscription_details": details}
    invoice = state.add(
        "invoice",
        "in",
        NULLS,
        amount_due=max(0, total),
        amount_overpaid=0,
        amount_paid=0,
        amount_paid_off_stripe=0,
        amount_remaining=max(0, total),
        amount_shipping=0,
        attempt_count=0,
        attempted=False,
        auto_advance=True,
        automatic_tax={"enabled": False, "disabled_reason": None, "liability": None, "provider": None, "status": None},
        billing_reason=reason,
        collection_method="charge_automatically",
        currency=currency,
        customer=customer["id"],
        customer_email=customer["email"],
        customer_name=customer["name"],
        customer_tax_exempt=customer["tax_exempt"],
        customer_tax_ids=[
            {"type": each["type"], "value": each["value"]}
            for each in state.all("tax_id")
            if each["customer"] == customer["id"]
        ],
        default_tax_rates=[],
        discounts=[],
        issuer={"type": "self"},
        lines=as_list(lines, ""),
        metadata={},
        parent=parent,
        payment_settings={"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        period_start=min((line["period"]["start"] for line in lines), default=state.now),
        period_end=state.now,
        post_payment_credit_notes_amount=0,
        pre_payment_credit_notes_amount=0,
        starting_balance=customer["balance"],
        status="draft",
        status_transitions=dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
        subtotal=total,
        subtotal_excluding_tax=total,
        total=total,
        total_discount_amounts=[],
        total_excluding_tax=total,
        total_pretax_credit_amounts=[],
        total_taxes=[],
    )
    invoice["lines"]["url"] = f"/v1/invoices/{invoice['id']}/lines"
    for line in lines:
        line["invoice"] = invoice["id"]
    return invoice


def issue(state: State, customer: Object, lines: list[Object], **facts: Any) -> Object:
    """A draft of which the world hears."""
    invoice = make_invoice(state, customer, lines, **facts)
    record(state, "invoice.created", invoice)
    return invoice


def apply_balance(invoice: Object, customer: Object) -> int:
    """Use the customer's credit (a negative balance) or add to it; the balance afterwards."""
    balance: int = customer["balance"]
    invoice["starting_balance"] = balance
    owed: int = invoice["total"] + balance
    after = min(0, owed)
    invoice["amount_due"] = invoice["amount_remaining"] = max(0, owed)
    invoice["ending_balance"] = after
    return after


def finalise(state: State, invoice: Object) -> None:
    """Give it a number and make it due."""
    customer = state.objects[invoice["customer"]]
    with changing(state, customer, "customer.updated"):
        customer["balance"] = apply_balance(invoice, customer)
        customer["next_invoice_sequence"] += 1
        customer["currency"] = customer["currency"] or invoice["currency"]
    invoice["number"] = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence'] - 1:04}"
    invoice["status"] = "open"
    invoice["automatically_finalizes_at"] = None
    invoice["effective_at"] = invoice["status_transitions"]["finalized_at"] = state.now
    invoice["hosted_invoice_url"] = f"{state.address}/i/{invoice['id']}"
    invoice["invoice_pdf"] = f"{state.address}/i/{invoice['id']}/pdf"
    record(state, "invoice.finalized", invoice)


def payment_method_of(state: State, invoice: Object) -> Object | None:
    """What an invoice is paid with: the subscription's own method, else the customer's."""
    subscription = subscription_of(state, invoice)
    own = subscription["default_payment_method"] if subscription else None
    customer = state.objects[invoice["customer"]]
    method = own or (customer.get("invoice_settings") or {}).get("default_payment_method")
    return state.objects.get(method) if method else None


def subscription_of(state: State, invoice: Object) -> Object | None:
    """The subscription an invoice is for."""
    details = (invoice["parent"] or {}).get("subscription_details")
    return state.objects.get(details["subscription"]) if details else None


def collect(
    state: State, invoice: Object, *, present: bool = False, method: Object | None = None, scheduled: bool = True
) -> Outcome:
    """Try to get an open invoice paid; `present`: the customer is there; `scheduled`: one of the attempts that are
    made without anyone asking, of which the last one decides."""
    method = method or payment_method_of(state, invoice)
    amount = invoice["amount_remaining"]
    outcome: Outcome = judge(state, method, present=present) if amount else "paid"
    invoice["attempted"] = True
    invoice["attempt_count"] += bool(amount and scheduled)
    if amount:
        intent = make_intent(
            state,
            amount=amount,
            currency=invoice["currency"],
            customer=invoice["customer"],
            method=method,
            outcome=outcome,
        )
        _note_payment(state, invoice, intent, outcome)
    if outcome == "paid":
        mark_paid(state, invoice)
        return outcome
    attempt = invoice["attempt_count"]
    waits = state.settings.retry_days
    retries = attempt <= len(waits) and invoice["billing_reason"] != "subscription_create"
    if scheduled:
        invoice["next_payment_attempt"] = state.now + waits[attempt - 1] * DAY if retries else None
    record(state, "invoice.payment_failed", invoice)
    if outcome == "asks":
        record(state, "invoice.payment_action_required", invoice)
    standing.settle(state, invoice, final=scheduled and not retries)
    return outcome


def mark_paid(state: State, invoice: Object) -> None:
    """It is paid, and so may its subscription be."""
    invoice["status"] = "paid"
    invoice["amount_paid"] = invoice["amount_due"]
    invoice["amount_remaining"] = 0
    invoice["attempted"] = True
    invoice["next_payment_attempt"] = None
    invoice["status_transitions"]["paid_at"] = state.now
    record(state, "invoice.paid", invoice)
    record(state, "invoice.payment_succeeded", invoice)
    standing.settle(state, invoice, final=False)


def void(state: State, invoice: Object) -> None:
    """It is not owed any more."""
    invoice["status"] = "void"
    invoice["next_payment_attempt"] = None
    invoice["status_transitions"]["voided_at"] = state.now
    record(state, "invoice.voided", invoice)
    standing.settle(state, invoice, final=False)


def _note_payment(state: State, invoice: Object, intent: Object, outcome: Outcome) -> None:
    payment = state.add(
        "invoice_payment",
        "inpay",
        "",
        amount_paid=intent["amount"] if outcome == "paid" else None,
        amount_requested=intent["amount"],
        currency=intent["currency"],
        invoice=invoice["id"],
        is_default=True,
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
        status="paid" if outcome == "paid" else "open",
        status_transitions={"canceled_at": None, "paid_at": state.now if outcome == "paid" else None},
    )
    if outcome == "paid":
        record(state, "invoice_payment.paid", payment)


@operation("GET", "/v1/invoices/{id}")
def get_invoice(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    return state.get("invoice", identifier)


@operation(
    "GET",
    "/v1/invoices",
    f"{PAGING} {created_range()} customer subscription status:draft|open|paid|uncollectible|void "
    "collection_method:charge_automatically|send_invoice",
)
def list_invoices(state: State, parameters: dict[str, Any]) -> Object:
    def keep(invoice: Object) -> bool:
        own = ((invoice["parent"] or {}).get("subscription_details") or {}).get("subscription")
        return all(
            invoice[name] == parameters[name]
            for name in ("customer", "status", "collection_method")
            if name in parameters
        ) and own == parameters.get("subscription", own)

    return list_page(state, "invoice", parameters, "/v1/invoices", keep)


@operation("POST", "/v1/invoices/{id}/pay", "payment_method off_session:bool paid_out_of_band:bool")
def pay_invoice(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    invoice = state.get("invoice", identifier)
    if invoice["status"] == "draft":
        finalise(state, invoice)
    if invoice["status"] != "open":
        raise StripeFault(f"Invoice is already {invoice['status']}", code="invoice_not_open")
    if parameters.get("paid_out_of_band"):
        invoice["amount_paid_off_stripe"] = invoice["amount_remaining"]
        mark_paid(state, invoice)
        return invoice
    method = None
    if named := parameters.get("payment_method"):
        method = state.get("payment_method", named, param="payment_method")
    present = parameters.get("off_session") is False
    outcome = collect(state, invoice, present=present, method=method, scheduled=False)
    if outcome != "paid":
        code = "invoice_payment_intent_requires_action" if outcome == "asks" else "card_declined"
        raise declined(code=code)
    return invoice


@operation("POST", "/v1/invoices/{id}/void")
def void_invoice(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    invoice = state.get("invoice", identifier)
    if invoice["status"] not in {"open", "uncollectible"}:
        raise StripeFault(f"You can only void open invoices, this one is {invoice['status']}.")
    void(state, invoice)
    return invoice


@operation("POST", "/v1/invoices/{id}/finalize", "auto_advance:bool")
def finalise_invoice(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    invoice = state.get("invoice", identifier)
    if invoice["status"] != "draft":
        raise StripeFault("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    finalise(state, invoice)
    return invoice
