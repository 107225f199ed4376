"""Subscription schedules: phases that follow each other, the way a plan is changed at the end of its period."""

from typing import Any

from fakes.stripe import standing
from fakes.stripe.catalog import plan_of
from fakes.stripe.errors import StripeFault
from fakes.stripe.events import changing, record
from fakes.stripe.parameters import PAGING, created_range
from fakes.stripe.periods import period_end
from fakes.stripe.proration import change_lines
from fakes.stripe.routing import list_page, operation
from fakes.stripe.state import Object, State
from fakes.stripe.subscriptions import bill, period_ends

NULLS = "application canceled_at completed_at current_phase released_at released_subscription subscription test_clock"
PHASES = (
    "phases[].items[].price phases[].items[].quantity:int phases[].items[].metadata.* phases[].metadata.* "
    "phases[].start_date:int phases[].end_date:int phases[].duration.interval:day|week|month|year "
    "phases[].duration.interval_count:int phases[].proration_behavior:always_invoice|create_prorations|none "
    "phases[].description phases[].currency phases[].billing_cycle_anchor:automatic|phase_start"
)


@operation("POST", "/v1/subscription_schedules", "from_subscription! metadata.*")
def create_schedule(state: State, parameters: dict[str, Any]) -> Object:
    subscription = state.get("subscription", parameters["from_subscription"], param="from_subscription")
    if subscription["status"] in standing.ENDED:
        raise StripeFault(f"You cannot migrate a subscription that is `{subscription['status']}` to a schedule.")
    if subscription["schedule"]:
        raise StripeFault(
            f"You cannot migrate a subscription that is already attached to a schedule: `{subscription['schedule']}`."
        )
    items = subscription["items"]["data"]
    wanted = [{"price": item["price"]["id"], "quantity": item["quantity"]} for item in items]
    phase = _phase(state, subscription, {"items": wanted}, items[0]["current_period_start"], period_ends(subscription))
    schedule = state.add(
        "subscription_schedule",
        "sub_sched",
        NULLS,
        billing_mode=subscription["billing_mode"],
        customer=subscription["customer"],
        default_settings={
            "application_fee_percent": None,
            "automatic_tax": {"enabled": False, "disabled_reason": None, "liability": None},
            "billing_cycle_anchor": "automatic",
            "billing_thresholds": None,
            "collection_method": "charge_automatically",
            "default_payment_method": None,
            "description": None,
            "invoice_settings": {
                "account_tax_ids": None,
                "custom_fields": None,
                "days_until_due": None,
                "description": None,
                "footer": None,
                "issuer": {"type": "self"},
            },
            "on_behalf_of": None,
            "transfer_data": None,
        },
        end_behavior="cancel" if subscription["cancel_at_period_end"] else "release",
        metadata=parameters.get("metadata", {}),
        pause_schedules=[],
        phases=[phase],
        status="active",
        subscription=subscription["id"],
    )
    _point(schedule, phase)
    record(state, "subscription_schedule.created", schedule)
    with changing(state, subscription, "customer.subscription.updated"):
        subscription["schedule"] = schedule["id"]
    return schedule


@operation("GET", "/v1/subscription_schedules/{id}")
def get_schedule(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    return state.get("subscription_schedule", identifier)


@operation("GET", "/v1/subscription_schedules", f"{PAGING} {created_range()} customer scheduled:bool")
def list_schedules(state: State, parameters: dict[str, Any]) -> Object:
    def keep(schedule: Object) -> bool:
        return bool(schedule["customer"] == parameters.get("customer", schedule["customer"])) and (
            "scheduled" not in parameters or parameters["scheduled"] == (schedule["status"] == "not_started")
        )

    return list_page(state, "subscription_schedule", parameters, "/v1/subscription_schedules", keep)


@operation(
    "POST",
    "/v1/subscription_schedules/{id}",
    f"end_behavior:cancel|release metadata.* proration_behavior:always_invoice|create_prorations|none {PHASES}",
)
def update_schedule(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    schedule = _get_active(state, identifier)
    subscription = state.objects[schedule["subscription"]]
    behaviour = parameters.get("proration_behavior", "create_prorations")
    phases = schedule["phases"]
    if "phases" in parameters:
        phases = _phases(state, schedule, subscription, parameters["phases"])
    with changing(state, schedule, "subscription_schedule.updated"):
        schedule["phases"] = phases
        schedule["end_behavior"] = parameters.get("end_behavior", schedule["end_behavior"])
        schedule["metadata"] |= parameters.get("metadata", {})
        current = next((each for each in phases if each["start_date"] <= state.now < each["end_date"]), None)
        if current is None:
            raise StripeFault("One of the phases must cover the current time.", param="phases")
        _point(schedule, current)
    apply_items(state, subscription, current, behaviour)
    return schedule


def _phases(state: State, schedule: Object, subscription: Object, wanted: list[dict[str, Any]]) -> list[Object]:
    """The phases as asked for, one after the other; the one that runs keeps its beginning."""
    phases: list[Object] = []
    for index, each in enumerate(wanted):
        if not each.get("items"):
            raise StripeFault("Missing required param: phases[items].", code="parameter_missing", param="phases[items]")
        expected = phases[-1]["end_date"] if phases else schedule["current_phase"]["start_date"]
        start = each.get("start_date", expected)
        if start != expected:
            raise StripeFault(
                f"phases[{index}].start_date must be {expected}: phases follow each other and the current one cannot "
                "be moved.",
                param=f"phases[{index}][start_date]",
            )
        following = wanted[index + 1].get("start_date") if index + 1 < len(wanted) else None
        price = state.get("price", each["items"][0].get("price", ""), param="phases[items][price]")
        length = each.get("duration") or price["recurring"]
        computed = period_end(start, start, length["interval"], length.get("interval_count", 1))
        end = each.get("end_date") or following or computed
        if end <= start:
            raise StripeFault("A phase must end after it starts.", param=f"phases[{index}][end_date]")
        phases.append(_phase(state, subscription, each, start, end))
    return phases


def _phase(state: State, subscription: Object, wanted: dict[str, Any], start: int, end: int) -> Object:
    items = []
    for each in wanted["items"]:
        price = state.get("price", each.get("price", ""), param="phases[items][price]")
        if price["currency"] != subscription["currency"]:
            raise StripeFault(
                f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency: "
                f"`{subscription['currency']}`."
            )
        items.append(
            {
                "billing_thresholds": None,
                "discounts": [],
                "metadata": each.get("metadata", {}),
                "plan": price["id"],
                "price": price["id"],
                "quantity": each.get("quantity", 1),
                "tax_rates": [],
            }
        )
    nulls = (
        "application_fee_percent billing_cycle_anchor billing_thresholds collection_method default_payment_method "
        "description invoice_settings on_behalf_of transfer_data trial_end"
    )
    return {
        **dict.fromkeys(nulls.split()),
        "add_invoice_items": [],
        "currency": subscription["currency"],
        "default_tax_rates": [],
        "description": wanted.get("description"),
        "discounts": [],
        "end_date": end,
        "items": items,
        "metadata": wanted.get("metadata", {}),
        "proration_behavior": wanted.get("proration_behavior", "create_prorations"),
        "start_date": start,
    }


def _point(schedule: Object, phase: Object) -> None:
    schedule["current_phase"] = {"start_date": phase["start_date"], "end_date": phase["end_date"]}


def apply_items(state: State, subscription: Object, phase: Object, behaviour: str) -> None:
    """Give the subscription the phase's items. At the end of a period the renewal bills them, before it we do."""
    items = subscription["items"]["data"]
    if len(phase["items"]) != len(items):
        raise StripeFault("This stand-in changes the items of a subscription, it adds none.", param="phases[items]")
    wanted = [
        {"id": item["id"], "price": each["price"], "quantity": each["quantity"]}
        for item, each in zip(items, phase["items"], strict=True)
    ]
    if state.now >= period_ends(subscription):
        with changing(state, subscription, "customer.subscription.updated"):
            for item, each in zip(items, phase["items"], strict=True):
                price = state.objects[each["price"]]
                item["price"], item["quantity"], item["plan"] = price, each["quantity"], plan_of(price)
        return
    change = change_lines(state, subscription, wanted)
    with changing(state, subscription, "customer.subscription.updated"):
        change.apply(state)
    if not change.lines or behaviour == "none":
        return
    if change.resets or behaviour == "always_invoice":
        bill(state, subscription, change.lines, reason="subscription_update")
    else:
        subscription["_pending"].extend(change.lines)


def end_phase(state: State, schedule: Object) -> None:
    """The current phase is over: the next begins, or the schedule ends as it was told to."""
    subscription = state.objects[schedule["subscription"]]
    following = [each for each in schedule["phases"] if each["start_date"] >= schedule["current_phase"]["end_date"]]
    if following:
        with changing(state, schedule, "subscription_schedule.updated"):
            _point(schedule, following[0])
        apply_items(state, subscription, following[0], following[0]["proration_behavior"])
        return
    if schedule["end_behavior"] == "cancel":
        schedule |= {"status": "completed", "completed_at": state.now, "current_phase": None}
        record(state, "subscription_schedule.completed", schedule)
        subscription["schedule"] = None
        standing.end(state, subscription)
        return
    release(state, schedule)


def release(state: State, schedule: Object) -> None:
    """The subscription goes on as it is, without the schedule."""
    subscription = state.objects[schedule["subscription"]]
    schedule |= {
        "status": "released",
        "released_at": state.now,
        "released_subscription": subscription["id"],
        "subscription": None,
        "current_phase": None,
    }
    record(state, "subscription_schedule.released", schedule)
    with changing(state, subscription, "customer.subscription.updated"):
        subscription["schedule"] = None


@operation("POST", "/v1/subscription_schedules/{id}/release", "preserve_cancel_date:bool")
def release_schedule(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    schedule = _get_active(state, identifier)
    release(state, schedule)
    return schedule


@operation("POST", "/v1/subscription_schedules/{id}/cancel", "invoice_now:bool prorate:bool")
def cancel_schedule(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    schedule = _get_active(state, identifier)
    standing.end(state, state.objects[schedule["subscription"]])
    return schedule


def _get_active(state: State, identifier: str) -> Object:
    schedule = state.get("subscription_schedule", identifier)
    if schedule["status"] != "active":
        raise StripeFault(
            f"You cannot update a subscription schedule that is currently in the `{schedule['status']}` status. It "
            "must be in `not_started` or `active` statuses."
        )
    return schedule
