"""Subscriptions: opened, changed, paused, ended. What time does to them is in `clock`."""

from typing import Any

from fakes.stripe import standing
from fakes.stripe.cards import judge
from fakes.stripe.catalog import merge, plan_of
from fakes.stripe.customers import get_live_customer
from fakes.stripe.errors import StripeFault, declined
from fakes.stripe.events import changing, record
from fakes.stripe.invoices import DRAFT_SECONDS, collect, finalise, issue, payment_method_of, void
from fakes.stripe.parameters import PAGING, created_range
from fakes.stripe.periods import DAY, period_end
from fakes.stripe.proration import change_lines, period_line
from fakes.stripe.routing import as_list, list_page, operation
from fakes.stripe.state import Object, State

NULLS = (
    "application application_fee_percent billing_cycle_anchor_config billing_thresholds cancel_at canceled_at "
    "days_until_due default_payment_method default_source description ended_at latest_invoice "
    "next_pending_invoice_item_invoice on_behalf_of pause_collection pending_invoice_item_interval "
    "pending_setup_intent pending_update schedule test_clock transfer_data trial_end trial_start status_details"
)
CHANGES = (
    "items[].id items[].price items[].quantity:int items[].deleted:bool items[].metadata.* metadata.* "
    "default_payment_method description proration_behavior:always_invoice|create_prorations|none "
    "payment_behavior:allow_incomplete|default_incomplete|error_if_incomplete trial_end:time proration_date:int"
)
TRIAL_SETTINGS = "trial_settings.end_behavior.missing_payment_method:cancel|create_invoice|pause"
INCOMPLETE_SECONDS = 23 * 3600
EMPTY_DETAILS = {"comment": None, "feedback": None, "reason": None}


def open_subscription(
    state: State,
    customer: Object,
    items: list[dict[str, Any]],
    *,
    trial_end: int | None = None,
    missing_payment_method: str = "create_invoice",
    metadata: dict[str, str] | None = None,
    method: Object | None = None,
    present: bool = False,
    waits: bool = False,
    description: str | None = None,
) -> Object:
    """A new subscription with its first invoice, paid if that can be; `waits`: its payment is not tried yet."""
    prices = [_recurring_price(state, each) for each in items]
    check_currency(state, customer, prices[0]["currency"])
    recurring = prices[0]["recurring"]
    anchor = trial_end or state.now
    end = trial_end or period_end(state.now, state.now, recurring["interval"], recurring["interval_count"])
    subscription = state.add(
        "subscription",
        "sub",
        NULLS,
        automatic_tax={"enabled": False, "disabled_reason": None, "liability": None},
        billing_cycle_anchor=anchor,
        billing_mode={"type": "flexible", "flexible": {"proration_discounts": "included"}, "updated_at": None},
        billing_schedules=[],
        cancel_at_period_end=False,
        cancellation_details=dict(EMPTY_DETAILS),
        collection_method="charge_automatically",
        currency=prices[0]["currency"],
        customer=customer["id"],
        default_payment_method=method["id"] if method else None,
        default_tax_rates=[],
        description=description,
        discounts=[],
        invoice_settings={"account_tax_ids": None, "issuer": {"type": "self"}},
        items=as_list([], ""),
        metadata=metadata or {},
        payment_settings={
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        start_date=state.now,
        status="trialing" if trial_end else "incomplete",
        trial_end=trial_end,
        trial_settings={"end_behavior": {"missing_payment_method": missing_payment_method}},
        trial_start=state.now if trial_end else None,
        _pending=[],
        _warned=False,
    )
    subscription["items"]["url"] = f"/v1/subscription_items?subscription={subscription['id']}"
    for price, each in zip(prices, items, strict=True):
        add_item(state, subscription, price, each.get("quantity", 1), start=state.now, end=end)
    lines = [period_line(state, item, trial=trial_end is not None) for item in subscription["items"]["data"]]
    invoice = issue(
        state,
        customer,
        lines,
        reason="subscription_create",
        currency=subscription["currency"],
        subscription=subscription,
    )
    subscription["latest_invoice"] = invoice["id"]
    finalise(state, invoice)
    record(state, "customer.subscription.created", subscription)
    if not waits or not invoice["amount_remaining"]:
        collect(state, invoice, present=present, method=method)
    return subscription


def add_item(state: State, subscription: Object, price: Object, quantity: int, *, start: int, end: int) -> Object:
    """A line of a subscription."""
    item = {
        "id": state.make_id("si"),
        "object": "subscription_item",
        "billed_until": None,
        "billing_thresholds": None,
        "created": state.now,
        "current_period_end": end,
        "current_period_start": start,
        "discounts": [],
        "metadata": {},
        "plan": plan_of(price),
        "price": price,
        "quantity": quantity,
        "subscription": subscription["id"],
        "tax_rates": [],
    }
    subscription["items"]["data"].append(item)
    subscription["items"]["total_count"] = len(subscription["items"]["data"])
    return item


def _recurring_price(state: State, item: dict[str, Any]) -> Object:
    price = state.get("price", item.get("price", ""), param="items[price]")
    if not price["recurring"]:
        raise StripeFault(
            f"The price specified is set to `type=one_time` but this field only accepts prices with "
            f"`type=recurring`: {price['id']}",
            param="items[price]",
        )
    return price


def check_currency(state: State, customer: Object, currency: str) -> None:
    """A customer pays in one currency while something of it is running."""
    for each in state.all("subscription"):
        if each["customer"] == customer["id"] and each["status"] not in standing.ENDED and each["currency"] != currency:
            raise StripeFault(
                "You cannot combine currencies on a single customer. This customer has an active subscription with "
                f"currency {each['currency']}.",
            )


@operation(
    "POST",
    "/v1/subscriptions",
    "customer! items[].price items[].quantity:int items[].metadata.* metadata.* default_payment_method description "
    "trial_end:time trial_period_days:int cancel_at_period_end:bool off_session:bool "
    f"payment_behavior:allow_incomplete|default_incomplete|error_if_incomplete {TRIAL_SETTINGS}",
)
def create_subscription(state: State, parameters: dict[str, Any]) -> Object:
    customer = get_live_customer(state, parameters["customer"])
    if not parameters.get("items"):
        raise StripeFault("Missing required param: items.", code="parameter_missing", param="items")
    method = None
    if named := parameters.get("default_payment_method"):
        method = state.get("payment_method", named, param="default_payment_method")
    trial_end = parameters.get("trial_end")
    if days := parameters.get("trial_period_days"):
        trial_end = state.now + days * DAY
    behaviour = parameters.get("payment_behavior", "allow_incomplete")
    paying = trial_end in {None, "now"} and behaviour != "default_incomplete"
    default = (customer["invoice_settings"]["default_payment_method"]) or ""
    if paying and behaviour == "error_if_incomplete":
        outcome = judge(state, method or state.objects.get(default), present=False)
        if outcome != "paid":
            raise declined()
    if paying and method is None and not default:
        raise StripeFault(
            "This customer has no attached payment source or default payment method. Please consider adding a default "
            "payment method.",
            code="resource_missing",
        )
    subscription = open_subscription(
        state,
        customer,
        parameters["items"],
        trial_end=None if trial_end == "now" else trial_end,
        missing_payment_method=_missing_payment_method(parameters),
        metadata=parameters.get("metadata"),
        method=method,
        waits=behaviour == "default_incomplete",
        description=parameters.get("description"),
    )
    if parameters.get("cancel_at_period_end"):
        set_cancellation(state, subscription, True)
    return subscription


def _missing_payment_method(parameters: dict[str, Any]) -> str:
    behaviour: str = (
        (parameters.get("trial_settings") or {}).get("end_behavior", {}).get("missing_payment_method", "create_invoice")
    )
    return behaviour


@operation("GET", "/v1/subscriptions/{id}")
def get_subscription(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    return state.get("subscription", identifier)


@operation(
    "GET",
    "/v1/subscriptions",
    f"{PAGING} {created_range()} customer price "
    "status:active|all|canceled|ended|incomplete|incomplete_expired|past_due|paused|trialing|unpaid",
)
def list_subscriptions(state: State, parameters: dict[str, Any]) -> Object:
    wanted = parameters.get("status")

    def keep(subscription: Object) -> bool:
        status = subscription["status"]
        if wanted is None:
            shown = status != "canceled"
        elif wanted == "ended":
            shown = status in standing.ENDED
        else:
            shown = wanted in {"all", status}
        prices = [item["price"]["id"] for item in subscription["items"]["data"]]
        return (
            shown
            and subscription["customer"] == parameters.get("customer", subscription["customer"])
            and ("price" not in parameters or parameters["price"] in prices)
        )

    return list_page(state, "subscription", parameters, "/v1/subscriptions", keep)


@operation(
    "POST",
    "/v1/subscriptions/{id}",
    f"{CHANGES} cancel_at_period_end:bool cancel_at:int cancellation_details.comment cancellation_details.feedback "
    f"off_session:bool {TRIAL_SETTINGS}",
)
def update_subscription(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    subscription = state.get("subscription", identifier)
    if subscription["status"] in standing.ENDED:
        only = set(parameters) - {"metadata", "cancellation_details", "expand"}
        if only:
            raise StripeFault(
                "A canceled subscription can only update its cancellation_details and metadata.",
            )
    cancels = {"cancel_at_period_end", "cancel_at"} & set(parameters)
    if cancels and subscription["schedule"]:
        raise StripeFault(
            f"The subscription is managed by the subscription schedule `{subscription['schedule']}`, and updating any "
            "cancelation behavior directly is not allowed. Please update the schedule instead.",
        )
    change = None
    if parameters.get("items"):
        change = change_lines(state, subscription, parameters["items"], at=parameters.get("proration_date"))
        _check_payable(state, subscription, parameters, change)
    with changing(state, subscription, "customer.subscription.updated"):
        if "cancel_at_period_end" in parameters:
            set_cancellation(state, subscription, parameters["cancel_at_period_end"], quiet=True)
        if "cancel_at" in parameters:
            _cancel_at(state, subscription, parameters["cancel_at"] or None)
        merge(subscription["cancellation_details"], parameters.get("cancellation_details", {}))
        simple = ("metadata", "default_payment_method", "description")
        merge(subscription, {name: parameters[name] for name in simple if name in parameters})
        if "trial_settings" in parameters:
            subscription["trial_settings"]["end_behavior"]["missing_payment_method"] = _missing_payment_method(
                parameters
            )
        if change:
            change.apply(state)
        if parameters.get("trial_end") and parameters["trial_end"] != "now":
            _extend_trial(state, subscription, parameters["trial_end"])
    if change:
        _bill_change(state, subscription, change, parameters.get("proration_behavior", "create_prorations"))
    if parameters.get("trial_end") == "now" and subscription["status"] == "trialing":
        end_trial(state, subscription)
    return subscription


def _check_payable(state: State, subscription: Object, parameters: dict[str, Any], change: Any) -> None:
    """Refuse at once what `error_if_incomplete` refuses, before anything has changed."""
    at_once = change.resets or parameters.get("proration_behavior") == "always_invoice"
    owed = sum(line["amount"] for line in change.lines) + state.objects[subscription["customer"]]["balance"]
    if parameters.get("payment_behavior") != "error_if_incomplete" or not at_once or owed <= 0:
        return
    latest = state.objects[subscription["latest_invoice"]]
    failing = state.settings.fail_payments
    outcome = judge(state, payment_method_of(state, latest), present=False)
    if outcome != "paid":
        raise declined(code="subscription_payment_intent_requires_action" if outcome == "asks" else "card_declined")
    state.settings.fail_payments = failing


def _bill_change(state: State, subscription: Object, change: Any, behaviour: str) -> None:
    if subscription["status"] == "trialing" or not change.lines:
        return
    lines = change.lines if behaviour != "none" or change.resets else []
    if behaviour == "none":
        lines = [line for line in lines if not line["parent"]["subscription_item_details"]["proration"]]
    if not change.resets and behaviour != "always_invoice":
        subscription["_pending"].extend(lines)
        return
    if lines:
        bill(state, subscription, lines, reason="subscription_update")


def bill(state: State, subscription: Object, lines: list[Object], *, reason: str, present: bool = False) -> Object:
    """An invoice at once, with what was pending, finalised and charged."""
    invoice = issue(
        state,
        state.objects[subscription["customer"]],
        [*subscription["_pending"], *lines],
        reason=reason,
        currency=subscription["currency"],
        subscription=subscription,
    )
    subscription["_pending"] = []
    with changing(state, subscription, "customer.subscription.updated"):
        subscription["latest_invoice"] = invoice["id"]
    finalise(state, invoice)
    collect(state, invoice, present=present)
    return invoice


def period_ends(subscription: Object) -> int:
    """The end of the current period."""
    return max(int(item["current_period_end"]) for item in subscription["items"]["data"])


def set_cancellation(state: State, subscription: Object, at_end: bool, *, quiet: bool = False) -> None:
    """End it with its period, or not any more; `quiet`: the caller records the event."""
    if not quiet:
        with changing(state, subscription, "customer.subscription.updated"):
            set_cancellation(state, subscription, at_end, quiet=True)
        return
    subscription["cancel_at_period_end"] = at_end
    _cancel_at(state, subscription, period_ends(subscription) if at_end else None)


def _cancel_at(state: State, subscription: Object, moment: int | None) -> None:
    subscription["cancel_at"] = moment
    subscription["canceled_at"] = state.now if moment else None
    subscription["cancellation_details"]["reason"] = "cancellation_requested" if moment else None


def _extend_trial(state: State, subscription: Object, until: int) -> None:
    if until <= state.now:
        raise StripeFault("trial_end must be in the future", param="trial_end")
    subscription["trial_start"] = subscription["trial_start"] or state.now
    subscription["trial_end"] = subscription["billing_cycle_anchor"] = until
    subscription["status"] = "trialing"
    subscription["_warned"] = False
    for item in subscription["items"]["data"]:
        item["current_period_end"] = until


def end_trial(state: State, subscription: Object, *, at_once: bool = True) -> None:
    """The trial is over: the first paid period begins, or what was set for a missing payment method happens."""
    latest = state.objects[subscription["latest_invoice"]]
    behaviour = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if payment_method_of(state, latest) is None and behaviour != "create_invoice":
        if behaviour == "cancel":
            standing.end(state, subscription)
        else:
            pause(state, subscription, "trial_end_without_payment_method")
        return
    subscription["trial_end"] = state.now
    renew(state, subscription, at_once=at_once)


def pause(state: State, subscription: Object, why: str) -> None:
    """Stop it without an end: no invoices until it is resumed."""
    with changing(state, subscription, "customer.subscription.updated"):
        subscription["status"] = "paused"
        paused = {"subscription": {"type": why}, "transitioned_at": state.now, "type": "subscription"}
        subscription["status_details"] = {"paused": paused}
    record(state, "customer.subscription.paused", subscription)


def renew(state: State, subscription: Object, *, at_once: bool = False, anchor: int | None = None) -> None:
    """The next period begins and is billed; an invoice of a renewal stays a draft for an hour."""
    start = state.now
    with changing(state, subscription, "customer.subscription.updated"):
        if subscription["status"] == "trialing":
            subscription["status"] = "active"
            anchor = start
        subscription["billing_cycle_anchor"] = anchor or subscription["billing_cycle_anchor"]
        for item in subscription["items"]["data"]:
            recurring = item["price"]["recurring"]
            item["current_period_start"] = start
            item["current_period_end"] = period_end(
                subscription["billing_cycle_anchor"], start, recurring["interval"], recurring["interval_count"]
            )
        lines = [period_line(state, item) for item in subscription["items"]["data"]]
        invoice = issue(
            state,
            state.objects[subscription["customer"]],
            [*subscription["_pending"], *lines],
            reason="subscription_cycle",
            currency=subscription["currency"],
            subscription=subscription,
        )
        subscription["_pending"] = []
        subscription["latest_invoice"] = invoice["id"]
    if subscription["status"] == "unpaid":
        invoice["auto_advance"] = False  # it stays a draft until someone deals with it
    elif at_once:
        finalise(state, invoice)
        collect(state, invoice)
    else:
        invoice["automatically_finalizes_at"] = state.now + DRAFT_SECONDS


@operation(
    "DELETE",
    "/v1/subscriptions/{id}",
    "invoice_now:bool prorate:bool cancellation_details.comment cancellation_details.feedback",
)
def cancel_subscription(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    subscription = state.get("subscription", identifier)
    if subscription["status"] in standing.ENDED:
        raise StripeFault(f"No such subscription: '{identifier}'", status=404, code="resource_missing", param="id")
    merge(subscription["cancellation_details"], parameters.get("cancellation_details", {}))
    if parameters.get("prorate"):
        change = change_lines(
            state, subscription, [{"id": item["id"], "deleted": True} for item in subscription["items"]["data"]]
        )
        subscription["_pending"].extend(change.lines)
    standing.end(state, subscription)
    if parameters.get("invoice_now") and subscription["_pending"]:
        bill(state, subscription, [], reason="subscription_update")
    return subscription


@operation("POST", "/v1/subscriptions/{id}/pause", "type:subscription")
def pause_subscription(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    subscription = state.get("subscription", identifier)
    if subscription["status"] not in {"active", "trialing"}:
        raise StripeFault(f"You can only pause active or trialing subscriptions, not {subscription['status']}.")
    pause(state, subscription, "pause_requested")
    return subscription


@operation(
    "POST",
    "/v1/subscriptions/{id}/resume",
    "payment_behavior:resume_on_payment_attempt|resume_on_payment_success "
    "proration_behavior:always_invoice|create_prorations|none proration_date:int",
)
def resume_subscription(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    """A new period begins and is billed; unless told otherwise the subscription sleeps until that is paid."""
    subscription = state.get("subscription", identifier)
    if subscription["status"] != "paused":
        raise StripeFault("You can only resume subscriptions that are paused.", code="resource_not_paused")
    if old := state.objects.get(subscription.get("_resuming", "")):
        void(state, old)
    subscription["billing_cycle_anchor"] = state.now
    for item in subscription["items"]["data"]:
        recurring = item["price"]["recurring"]
        item["current_period_start"] = state.now
        item["current_period_end"] = period_end(
            state.now, state.now, recurring["interval"], recurring["interval_count"]
        )
    lines = [period_line(state, item) for item in subscription["items"]["data"]]
    invoice = issue(
        state,
        state.objects[subscription["customer"]],
        [*subscription["_pending"], *lines],
        reason="subscription_update",
        currency=subscription["currency"],
        subscription=subscription,
    )
    subscription["_pending"] = []
    subscription["latest_invoice"] = invoice["id"]
    subscription["_resuming"] = invoice["id"]
    finalise(state, invoice)
    if parameters.get("payment_behavior") == "resume_on_payment_attempt":
        standing.wake(state, subscription)
    collect(state, invoice)
    return subscription
