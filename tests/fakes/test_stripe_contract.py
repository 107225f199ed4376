"""The stand-in says and takes what the stripe library defines, and nothing else."""

from typing import Any

import pytest
from fakes.stripe.controls import decide, dispute
from fakes.stripe.routing import OPERATIONS
from fakes.stripe.state import public

from tests.fakes import library
from tests.fakes.conftest import World


def live_through_everything(world: World) -> None:
    """Bring forth every kind of object in every state."""
    client, fake = world.client.v1, world.fake
    client.customers.tax_ids.create(world.customer, {"type": "cn_tin", "value": "91310000MA1FL5MX2X"})
    subscription = world.subscribe()
    item = client.subscriptions.retrieve(subscription)["items"].data[0].id
    client.subscriptions.update(
        subscription, {"items": [{"id": item, "price": world.large}], "proration_behavior": "always_invoice"}
    )
    schedule = client.subscription_schedules.create({"from_subscription": subscription})
    end = schedule.phases[0].end_date
    client.subscription_schedules.update(
        schedule.id,
        {"phases": [
            {"items": [{"price": world.large}], "start_date": schedule.phases[0].start_date, "end_date": end},
            {"items": [{"price": world.month}]},
        ]},
    )  # fmt: skip
    fake.advance(days=35)
    fake.settings.fail_payments = 2
    fake.advance(days=35)
    for default in (True, False):
        other = client.customers.create({"email": f"{default}@shop.test"}).id
        card = client.payment_methods.attach("pm_card_authenticationRequired", {"customer": other}).id
        if default:
            client.customers.update(other, {"invoice_settings": {"default_payment_method": card}})
        client.subscriptions.create(
            {"customer": other, "items": [{"price": world.month}], "trial_period_days": 14,
             "trial_settings": {"end_behavior": {"missing_payment_method": "pause"}}}
        )  # fmt: skip
    fake.settings.after_retries = "unpaid"
    fake.advance(days=40)
    paid = world.open_session(world.once, mode="payment", invoice_creation={"enabled": True})
    fake.pay(paid, way="us_bank_account")
    fake.advance(days=3)
    client.refunds.create({"payment_intent": fake.get(paid)["payment_intent"], "amount": 100})
    fake.settings.fail_refunds = 1
    fake.advance(days=1)
    client.refunds.create({"payment_intent": fake.get(paid)["payment_intent"]})
    fake.advance(days=3)
    for inquiry, outcome in ((False, "won"), (False, "lost"), (True, "warning_closed")):
        bought = world.open_session(world.once, mode="payment")
        fake.pay(bought, way="alipay" if outcome == "won" else "card")
        decide(fake, dispute(fake, bought, inquiry=inquiry)["id"], outcome)
    fake.advance(days=3)
    client.billing_portal.sessions.create(
        {"customer": world.customer, "return_url": "http://x/", "flow_data": {"type": "payment_method_update"}}
    )
    world.open_session()
    fake.advance(days=2)
    client.subscriptions.cancel(subscription)


def test_every_operation_is_one_of_the_librarys_with_parameters_that_it_knows() -> None:
    calls = library.list_calls()
    faults = []
    for operation in OPERATIONS:
        call = calls[operation.method, library.blank(operation.address)]
        for parameter in operation.declared.values():
            if operation.method == "DELETE" and parameter.path == "expand[]":
                continue  # taken everywhere for simplicity; deletions have nothing to expand
            assert call.params is not None, operation
            fault = library.parameter_fault(call.params, parameter.path, parameter.type)
            faults += [f"{operation.method} {operation.address} {fault}"] if fault else []

    assert faults == []
    assert len(OPERATIONS) > 40


@pytest.mark.parametrize(
    ("path", "kind"),
    [("no_such_thing", "text"), ("items[].no_such_thing", "text"), ("items[].quantity", "bool"), ("metadata", "int"),
     ("proration_behavior", "always_invoice|sometimes"), ("cancel_at_period_end[]", "bool")],
)  # fmt: skip
def test_the_check_of_parameters_finds_what_the_library_does_not_know(path: str, kind: str) -> None:
    call = library.list_calls()["POST", "/v1/subscriptions/{}"]
    assert call.params is not None

    assert library.parameter_fault(call.params, path, kind) is not None


def test_every_object_has_the_fields_of_the_librarys_class_with_values_of_their_types(world: World) -> None:
    live_through_everything(world)

    faults: set[str] = set()
    kinds: set[str] = set()
    for each in world.fake.state.objects.values():
        kinds.add(each["object"])
        faults.update(library.faults_of(public(each), library.definition_of(each["object"]), each["object"]))

    assert sorted(faults) == []
    assert kinds == {
        "billing_portal.session", "charge", "checkout.session", "customer", "dispute", "event", "invoice",
        "invoice_payment", "payment_intent", "payment_method", "price", "product", "refund", "subscription",
        "subscription_schedule", "tax_id",
    }  # fmt: skip
    statuses = {each["status"] for each in world.fake.all("subscription")}
    assert statuses == {"canceled", "paused", "unpaid"}
    assert {each["status"] for each in world.fake.all("charge")} == {"failed", "succeeded"}
    assert {each["status"] for each in world.fake.all("dispute")} == {"lost", "warning_closed", "won"}
    assert {each["status"] for each in world.fake.all("refund")} == {"failed", "succeeded"}
    assert {each["status"] for each in world.fake.all("invoice")} >= {"draft", "open", "paid"}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"no_such_thing": 1}, "subscription.no_such_thing is unknown to the library"),
        ({"status": "sleeping"}, "subscription.status is 'sleeping', not one of"),
        ({"created": "yesterday"}, "subscription.created is 'yesterday', no int"),
        ({"items": []}, "subscription.items is no list object"),
        ({"cancel_at_period_end": None}, "subscription.cancel_at_period_end is None, no bool"),
    ],
)
def test_the_check_of_objects_finds_what_is_wrong(world: World, change: dict[str, Any], fault: str) -> None:
    subscription = world.fake.get(world.subscribe()) | change

    (found,) = library.faults_of(subscription, library.definition_of("subscription"), "subscription")

    assert found.startswith(fault)


def test_the_check_of_objects_finds_what_is_missing(world: World) -> None:
    subscription = world.fake.get(world.subscribe())
    del subscription["status"], subscription["items"]["data"][0]["current_period_end"]

    assert sorted(library.faults_of(subscription, library.definition_of("subscription"), "subscription")) == [
        "subscription.items.data[0].current_period_end is missing",
        "subscription.status is missing",
    ]


def test_events_are_of_types_that_the_library_knows(world: World) -> None:
    live_through_everything(world)

    known = library.definition_of("event")
    faults: list[str] = []
    for event in world.fake.events:
        subject = event["data"]["object"]
        faults += library.faults_of(event, known, event["type"])
        faults += library.faults_of(subject, library.definition_of(subject["object"]), event["type"])

    assert faults == []
    assert {event["api_version"] for event in world.fake.events} == {"2026-10-28.endive"}
