"""Checkout sessions, and what happens when their pay page is filled in."""

from typing import Any

from fakes.stripe.cards import ADDRESS, CARDS, Behaviour, finish_intent, judge, make_card, make_intent, make_method
from fakes.stripe.catalog import create_price
from fakes.stripe.customers import attach, get_live_customer, open_customer, set_default
from fakes.stripe.errors import StripeFault, declined
from fakes.stripe.events import changing, record
from fakes.stripe.invoices import finalise, issue, make_line, mark_paid
from fakes.stripe.parameters import PAGING, created_range, flag
from fakes.stripe.periods import DAY
from fakes.stripe.routing import as_list, list_page, operation
from fakes.stripe.state import Object, State
from fakes.stripe.subscriptions import TRIAL_SETTINGS, check_currency, open_subscription

WAYS: dict[str, list[str]] = {
    "subscription": ["card"],
    "payment": ["card", "alipay", "wechat_pay", "us_bank_account"],
}
SLOW = ("us_bank_account",)  # the money comes days later, or does not
SLOW_SECONDS = 2 * DAY
NULLS = (
    "adaptive_pricing after_expiration allow_promotion_codes amount_subtotal amount_total billing_address_collection "
    "cancel_url client_reference_id client_secret collected_information consent consent_collection currency "
    "currency_conversion customer customer_creation customer_details customer_email invoice invoice_creation locale "
    "payment_intent payment_link payment_method_collection payment_method_configuration_details "
    "phone_number_collection recovered_from saved_payment_method_options setup_intent shipping_cost submit_type "
    "subscription success_url "
    "tax_id_collection total_details ui_mode url wallet_options"
)
ECHOED = (
    "allow_promotion_codes",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "customer",
    "customer_creation",
    "customer_email",
    "locale",
    "payment_method_collection",
    "submit_type",
    "success_url",
)


@operation(
    "POST",
    "/v1/checkout/sessions",
    "mode!:payment|subscription line_items[].price line_items[].quantity:int line_items[].price_data.currency "
    "line_items[].price_data.product line_items[].price_data.unit_amount:int success_url cancel_url customer "
    "customer_email client_reference_id locale metadata.* expires_at:int ui_mode:hosted_page currency "
    "subscription_data.metadata.* subscription_data.description subscription_data.trial_end:int "
    f"subscription_data.trial_period_days:int subscription_data.{TRIAL_SETTINGS} "
    "payment_intent_data.metadata.* payment_intent_data.description invoice_creation.enabled:bool "
    "invoice_creation.invoice_data.metadata.* invoice_creation.invoice_data.description "
    "customer_update.address:auto|never customer_update.name:auto|never tax_id_collection.enabled:bool "
    "billing_address_collection:auto|required allow_promotion_codes:bool automatic_tax.enabled:bool "
    "payment_method_collection:always|if_required allowed_payment_method_types[] submit_type:auto|pay|subscribe "
    "customer_creation:always|if_required",
)
def create_session(state: State, parameters: dict[str, Any]) -> Object:
    mode, lines = parameters["mode"], parameters.get("line_items")
    if not lines:
        raise StripeFault("Missing required param: line_items.", code="parameter_missing", param="line_items")
    if not parameters.get("success_url"):
        raise StripeFault("Missing required param: success_url.", code="parameter_missing", param="success_url")
    prices = [_price(state, mode, each) for each in lines]
    if len({price["currency"] for price in prices}) > 1:
        raise StripeFault("All prices on a Checkout Session must use the same currency.", param="line_items")
    if named := parameters.get("customer"):
        customer = get_live_customer(state, named)
        if mode == "subscription":
            check_currency(state, customer, prices[0]["currency"])
    expires_at = parameters.get("expires_at", state.now + DAY)
    if not state.now + 1800 <= expires_at <= state.now + DAY:
        raise StripeFault("`expires_at` must be from 30 minutes to 24 hours from now.", param="expires_at")
    ways = parameters.get("allowed_payment_method_types") or WAYS[mode]
    if unknown := set(ways) - set(WAYS[mode]):
        raise StripeFault(f"Invalid payment method type for mode {mode}: {sorted(unknown)[0]}")
    items = [_line_item(state, price, each.get("quantity", 1)) for price, each in zip(prices, lines, strict=True)]
    data = parameters.get("subscription_data", {})
    trial_end = _trial_end(state, data)
    total = sum(item["amount_total"] for item in items)
    session = state.add(
        "checkout.session",
        "cs_test",
        NULLS,
        amount_subtotal=total,
        amount_total=0 if trial_end else total,
        automatic_tax={"enabled": False, "liability": None, "provider": None, "status": None},
        currency=prices[0]["currency"],
        custom_fields=[],
        custom_text=dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")),
        expires_at=expires_at,
        metadata=parameters.get("metadata", {}),
        mode=mode,
        payment_method_options={},
        payment_method_types=list(ways),
        payment_status="unpaid",
        shipping_options=[],
        status="open",
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        ui_mode="hosted_page",
        _line_items=as_list(items, ""),
        _subscription_data={**data, "trial_end": trial_end},
        _payment_intent_data=parameters.get("payment_intent_data", {}),
        _invoice_data=(parameters.get("invoice_creation") or {}).get("invoice_data", {}),
    )
    session |= {name: parameters[name] for name in ECHOED if name in parameters}
    session["url"] = f"{state.address}/c/pay/{session['id']}"
    session["_line_items"]["url"] = f"/v1/checkout/sessions/{session['id']}/line_items"
    if mode == "payment":
        empty = dict.fromkeys(("account_tax_ids", "custom_fields", "description", "footer", "issuer"))
        session["invoice_creation"] = {
            "enabled": flag(parameters.get("invoice_creation", {}), "enabled"),
            "invoice_data": {**empty, "metadata": {}, "rendering_options": None, **session["_invoice_data"]},
        }
    if "tax_id_collection" in parameters:
        session["tax_id_collection"] = {
            "enabled": flag(parameters["tax_id_collection"], "enabled"),
            "required": "never",
        }
    return session


def _price(state: State, mode: str, line: dict[str, Any]) -> Object:
    if data := line.get("price_data"):
        if missing := {"currency", "product", "unit_amount"} - data.keys():
            name = f"line_items[price_data][{min(missing)}]"
            raise StripeFault(f"Missing required param: {name}.", code="parameter_missing", param=name)
        price = create_price(state, data)
        price["active"] = False  # it is for this page alone
    else:
        price = state.get("price", line.get("price", ""), param="line_items[price]")
    if not price["active"] and not data:
        raise StripeFault("The price specified is inactive.", param="line_items[price]")
    if (mode == "subscription") != bool(price["recurring"]):
        needed = (
            "recurring price in `subscription` mode" if mode == "subscription" else "one-time price in `payment` mode"
        )
        raise StripeFault(f"You must provide a {needed}.", param="line_items[price]")
    return price


def _line_item(state: State, price: Object, quantity: int) -> Object:
    amount = price["unit_amount"] * quantity
    return {
        "id": state.make_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": state.objects[price["product"]]["name"],
        "metadata": {},
        "price": price,
        "quantity": quantity,
    }


def _trial_end(state: State, data: dict[str, Any]) -> int | None:
    end: int | None = data.get("trial_end")
    if days := data.get("trial_period_days"):
        end = state.now + days * DAY
    if end is not None and end < state.now + 2 * DAY:
        raise StripeFault("`subscription_data[trial_end]` must be at least 2 days from now.", param="trial_end")
    return end


@operation("GET", "/v1/checkout/sessions/{id}")
def get_session(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    return state.get("checkout.session", identifier)


@operation(
    "GET",
    "/v1/checkout/sessions",
    f"{PAGING} {created_range()} customer subscription payment_intent status:complete|expired|open",
)
def list_sessions(state: State, parameters: dict[str, Any]) -> Object:
    names = ("customer", "subscription", "payment_intent", "status")

    def keep(session: Object) -> bool:
        return all(session[name] == parameters[name] for name in names if name in parameters)

    return list_page(state, "checkout.session", parameters, "/v1/checkout/sessions", keep)


@operation("GET", "/v1/checkout/sessions/{id}/line_items", PAGING)
def list_line_items(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    items: Object = state.get("checkout.session", identifier)["_line_items"]
    return items


@operation("POST", "/v1/checkout/sessions/{id}/expire")
def expire_session(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    session = state.get("checkout.session", identifier)
    if session["status"] != "open":
        raise StripeFault(f'Only Checkout Sessions with a status in ["open"] can be expired: {session["status"]}.')
    expire(state, session)
    return session


def expire(state: State, session: Object) -> None:
    """Nobody can pay it any more."""
    session["status"] = "expired"
    session["url"] = None
    record(state, "checkout.session.expired", session)


def pay(
    state: State, identifier: str, *, way: str = "card", card: str = "4242424242424242", email: str | None = None
) -> Object:
    """What the pay page does when someone pays. Raise StripeFault where the card is declined; nothing changes then."""
    session = state.get("checkout.session", identifier)
    if session["status"] != "open":
        raise StripeFault(f"This Checkout Session is {session['status']}.")
    if way not in session["payment_method_types"]:
        raise StripeFault(f"This session does not take {way}.")
    behaviour = _behaviour(card) if way == "card" else "works"
    if behaviour == "declined" or (session["amount_total"] and state.settings.fail_payments):
        state.settings.fail_payments = max(0, state.settings.fail_payments - (behaviour != "declined"))
        raise declined()
    customer = _customer(state, session, email)
    method = make_card(state, card, customer) if way == "card" else make_method(state, way, "works", customer)
    assert method is not None
    if session["mode"] == "subscription":
        _subscribe(state, session, customer, method)
    else:
        _pay_once(state, session, customer, method, slow=way in SLOW)
    session["status"] = "complete"
    session["url"] = None
    record(state, "checkout.session.completed", session)
    return session


def _behaviour(card: str) -> Behaviour:
    try:
        return CARDS[card.replace(" ", "")]
    except KeyError:
        raise StripeFault(
            "Your card number is incorrect.", status=402, kind="card_error", code="incorrect_number", param="number"
        ) from None


def _customer(state: State, session: Object, email: str | None) -> Object:
    email = email or session["customer_email"]
    if session["customer"]:
        customer = get_live_customer(state, session["customer"])
    else:
        customer = open_customer(state, email=email)
        session["customer"] = customer["id"]
    session["customer_details"] = {
        "address": customer["address"] or dict(ADDRESS),
        "business_name": None,
        "email": customer["email"] or email,
        "individual_name": None,
        "name": customer["name"],
        "phone": customer["phone"],
        "tax_exempt": customer["tax_exempt"],
        "tax_ids": [],
    }
    return customer


def _subscribe(state: State, session: Object, customer: Object, method: Object) -> None:
    check_currency(state, customer, session["currency"])
    attach(state, method["id"], customer)
    data = session["_subscription_data"]
    behaviour = data.get("trial_settings", {}).get("end_behavior", {}).get("missing_payment_method", "create_invoice")
    subscription = open_subscription(
        state,
        customer,
        [{"price": each["price"]["id"], "quantity": each["quantity"]} for each in session["_line_items"]["data"]],
        trial_end=data["trial_end"],
        missing_payment_method=behaviour,
        metadata=data.get("metadata"),
        method=method,
        present=True,
        description=data.get("description"),
    )
    session["subscription"] = subscription["id"]
    session["invoice"] = subscription["latest_invoice"]
    session["payment_status"] = "paid" if session["amount_total"] else "no_payment_required"


def _pay_once(state: State, session: Object, customer: Object, method: Object, *, slow: bool) -> None:
    if not session["amount_total"]:
        session["payment_status"] = "no_payment_required"
        return
    intent = make_intent(
        state,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=customer["id"],
        method=method,
        outcome=None if slow else judge(state, method, present=True),
    )
    intent["metadata"] = session["_payment_intent_data"].get("metadata", {})
    session["payment_intent"] = intent["id"]
    if slow:
        session["_settles_at"] = state.now + SLOW_SECONDS
    else:
        _paid_once(state, session)


def settle_slow(state: State, session: Object, *, paid: bool) -> None:
    """The money of a slow way has come, or will not."""
    session.pop("_settles_at")
    finish_intent(state, state.objects[session["payment_intent"]], paid=paid)
    if paid:
        _paid_once(state, session)
    record(state, f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session)


def _paid_once(state: State, session: Object) -> None:
    session["payment_status"] = "paid"
    if not session["invoice_creation"]["enabled"]:
        return
    customer = state.objects[session["customer"]]
    lines = [
        make_line(
            state,
            each["price"],
            amount=each["amount_total"],
            quantity=each["quantity"],
            start=state.now,
            end=state.now,
            text=each["description"],
        )
        for each in session["_line_items"]["data"]
    ]
    balance, customer["balance"] = customer["balance"], 0  # it was paid in full: no credit is used
    invoice = issue(state, customer, lines, reason="manual", currency=session["currency"])
    invoice["metadata"] = session["_invoice_data"].get("metadata", {})
    finalise(state, invoice)
    customer["balance"] = balance
    session["invoice"] = invoice["id"]
    mark_paid(state, invoice)


def take_card(state: State, customer: Object, card: str) -> Object:
    """A new card becomes the customer's default and that of its subscriptions, as the portal does it."""
    if _behaviour(card) == "declined":
        raise declined()
    method = make_card(state, card, customer)
    assert method is not None
    attach(state, method["id"], customer)
    set_default(state, customer, method)
    for subscription in state.all("subscription"):
        if subscription["customer"] == customer["id"] and not subscription["ended_at"]:
            with changing(state, subscription, "customer.subscription.updated"):
                subscription["default_payment_method"] = method["id"]
    return method
