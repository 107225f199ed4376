"""The customer portal: sessions, and what its page can do."""

from typing import Any

from fakes.stripe.customers import get_live_customer
from fakes.stripe.errors import StripeFault
from fakes.stripe.events import record
from fakes.stripe.routing import operation
from fakes.stripe.schedules import release
from fakes.stripe.state import Object, State
from fakes.stripe.subscriptions import set_cancellation

FLOWS = "payment_method_update|subscription_cancel"


@operation(
    "POST",
    "/v1/billing_portal/sessions",
    f"customer! return_url locale configuration flow_data.type:{FLOWS} "
    "flow_data.subscription_cancel.subscription "
    "flow_data.after_completion.type:hosted_confirmation|portal_homepage|redirect "
    "flow_data.after_completion.redirect.return_url",
)
def create_portal_session(state: State, parameters: dict[str, Any]) -> Object:
    customer = get_live_customer(state, parameters["customer"])
    flow = parameters.get("flow_data")
    session = state.add(
        "billing_portal.session",
        "bps",
        "flow locale on_behalf_of return_url",
        configuration=parameters.get("configuration") or "bpc_default",
        customer=customer["id"],
        locale=parameters.get("locale"),
        return_url=parameters.get("return_url"),
    )
    if flow:
        completion = {"type": "portal_homepage", "hosted_confirmation": None, "redirect": None}
        session["flow"] = {
            "type": flow["type"],
            "after_completion": completion | flow.get("after_completion", {}),
            "subscription_cancel": flow.get("subscription_cancel"),
            "subscription_update": None,
            "subscription_update_confirm": None,
        }
    session["url"] = f"{state.address}/p/session/{session['id']}"
    record(state, "billing_portal.session.created", session)
    return session


def list_own(state: State, customer: str, kind: str) -> list[Object]:
    """The customer's objects of a kind, newest first."""
    return [each for each in reversed(list(state.all(kind))) if each["customer"] == customer]


def find_method(state: State, customer: Object) -> Object | None:
    """What the customer pays with: its default, else that of the newest subscription that runs."""
    own = [
        each["default_payment_method"]
        for each in list_own(state, customer["id"], "subscription")
        if not each["ended_at"]
    ]
    named = [customer["invoice_settings"]["default_payment_method"], *own]
    return next((state.objects[each] for each in named if each), None)


def change_cancellation(state: State, session: Object, identifier: str, *, cancel: bool) -> None:
    """Cancel at the end of the period, or take that back; a schedule is let go first."""
    subscription = state.get("subscription", identifier)
    if subscription["customer"] != session["customer"] or subscription["ended_at"]:
        raise StripeFault(f"No such subscription: '{identifier}'", status=404, code="resource_missing")
    if subscription["schedule"]:
        release(state, state.objects[subscription["schedule"]])
    set_cancellation(state, subscription, cancel)
