"""What a change would cost: `POST /v1/invoices/create_preview`. Nothing stays of it."""

from typing import Any

from fakes.stripe.errors import StripeFault
from fakes.stripe.invoices import apply_balance, make_invoice
from fakes.stripe.proration import change_lines, period_line
from fakes.stripe.routing import operation
from fakes.stripe.state import Object, State


@operation(
    "POST",
    "/v1/invoices/create_preview",
    "customer subscription! subscription_details.items[].id subscription_details.items[].price "
    "subscription_details.items[].quantity:int subscription_details.items[].deleted:bool "
    "subscription_details.proration_behavior:always_invoice|create_prorations|none "
    "subscription_details.proration_date:int",
)
def create_preview(state: State, parameters: dict[str, Any]) -> Object:
    subscription = state.get("subscription", parameters["subscription"], param="subscription")
    if subscription["customer"] != parameters.get("customer", subscription["customer"]):
        raise StripeFault("The subscription does not belong to the customer.", param="subscription")
    if subscription["ended_at"]:
        raise StripeFault(
            "No upcoming invoices for customer: it is canceled.", status=404, code="invoice_upcoming_none"
        )
    details = parameters.get("subscription_details", {})
    behaviour = details.get("proration_behavior", "create_prorations")
    change = change_lines(state, subscription, details.get("items", []), at=details.get("proration_date"))
    lines = change.lines if behaviour != "none" or change.resets else []
    if behaviour == "none":
        lines = [line for line in lines if not line["parent"]["subscription_item_details"]["proration"]]
    at_once = bool(change.lines) and (change.resets or behaviour == "always_invoice")
    lines = [*subscription["_pending"], *lines]
    if not at_once:
        lines += _next_period(state, subscription, details.get("items", []))
    customer = state.objects[subscription["customer"]]
    invoice = make_invoice(
        state,
        customer,
        [dict(line) for line in lines],
        reason="upcoming",
        currency=subscription["currency"],
        subscription=subscription,
    )
    apply_balance(invoice, customer)
    state.remove(invoice)
    return invoice


def _next_period(state: State, subscription: Object, wanted: list[dict[str, Any]]) -> list[Object]:
    """The lines of the coming period at the prices it will have."""
    prices = {each.get("id"): each for each in wanted}
    lines = []
    for item in subscription["items"]["data"]:
        each = prices.get(item["id"], {})
        if each.get("deleted"):
            continue
        price = state.get("price", each["price"]) if each.get("price") else item["price"]
        start = item["current_period_end"]
        length = item["current_period_end"] - item["current_period_start"]
        coming = {**item, "price": price, "quantity": each.get("quantity", item["quantity"])}
        coming |= {"current_period_start": start, "current_period_end": start + length}
        lines.append(period_line(state, coming))
    return lines
