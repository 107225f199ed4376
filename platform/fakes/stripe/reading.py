"""What can only be read: events and payments."""

from typing import Any

from fakes.stripe.parameters import PAGING, created_range
from fakes.stripe.routing import list_page, operation
from fakes.stripe.state import Object, State


@operation("GET", "/v1/events/{id}")
def get_event(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    return state.get("event", identifier)


@operation(
    "GET",
    "/v1/events",
    f"{PAGING} {created_range()} type types[] delivery_success:bool",
)
def list_events(state: State, parameters: dict[str, Any]) -> Object:
    def keep(event: Object) -> bool:
        delivered = event["pending_webhooks"] == 0
        return (
            event["type"] == parameters.get("type", event["type"])
            and ("types" not in parameters or event["type"] in parameters["types"])
            and delivered == parameters.get("delivery_success", delivered)
        )

    return list_page(state, "event", parameters, "/v1/events", keep)


@operation("GET", "/v1/payment_intents/{id}")
def get_payment_intent(state: State, parameters: dict[str, Any], identifier: str) -> Object:
    return state.get("payment_intent", identifier)
