"""Charges, refunds and disputes."""

from typing import Any

import pytest
from fakes.stripe.controls import decide, dispute
from fakes.stripe.errors import StripeFault
from stripe import IdempotencyError, InvalidRequestError

from tests.fakes.conftest import World


def pay_once(world: World, *, way: str = "card") -> str:
    """The payment intent of a year that was paid."""
    session = world.fake.pay(world.open_session(world.once, mode="payment"), way=way)
    return str(session["payment_intent"])


def charge_of(world: World, intent: str) -> Any:
    """The latest charge of a payment, with its refunds."""
    params: Any = {"expand": ["latest_charge.refunds"]}
    return world.client.v1.payment_intents.retrieve(intent, params).latest_charge


def test_every_attempt_at_a_payment_is_a_charge_of_the_customer(world: World) -> None:
    subscription = world.subscribe(card="4000000000000341")
    world.fake.advance(days=31, seconds=3600)

    charges = world.client.v1.charges.list({"customer": world.customer}).data

    assert world.status(subscription) == "past_due"
    assert [(one.status, one.paid, one.amount, one.amount_captured, one.failure_code) for one in charges] == [
        ("failed", False, 29900, 0, "card_declined"),
        ("succeeded", True, 29900, 29900, None),
    ]
    assert [kind for kind in world.types() if kind.startswith("charge.")] == ["charge.succeeded", "charge.failed"]


def test_a_payment_that_takes_days_is_a_pending_charge_until_it_has_come(world: World) -> None:
    intent = pay_once(world, way="us_bank_account")

    before = charge_of(world, intent).status
    with pytest.raises(InvalidRequestError, match="successful charge"):
        world.client.v1.refunds.create({"payment_intent": intent})
    world.fake.advance(days=2)

    assert (before, charge_of(world, intent).status) == ("pending", "succeeded")
    assert [kind for kind in world.types() if kind.startswith("charge.")] == ["charge.pending", "charge.succeeded"]


def test_a_payment_is_given_back_in_parts_and_then_the_rest(world: World) -> None:
    intent = pay_once(world)
    begin = len(world.fake.events)

    part = world.client.v1.refunds.create({"payment_intent": intent, "amount": 100_000})
    after_the_part = charge_of(world, intent)
    rest = world.client.v1.refunds.create({"charge": after_the_part.id, "reason": "requested_by_customer"})
    charge = charge_of(world, intent)

    assert (part.amount, part.status, rest.amount, rest.payment_intent) == (100_000, "succeeded", 199_000, intent)
    assert (after_the_part.amount_refunded, after_the_part.refunded) == (100_000, False)
    assert (charge.amount_refunded, charge.refunded, charge.status) == (299_000, True, "succeeded")
    assert [one.id for one in charge.refunds.data] == [rest.id, part.id]
    assert world.types(begin) == ["charge.refunded", "refund.created"] * 2
    first = world.fake.events[begin]["data"]
    assert (first["object"]["amount_refunded"], first["previous_attributes"]) == (100_000, {"amount_refunded": 0})
    assert [one.id for one in world.client.v1.refunds.list({"payment_intent": intent}).data] == [rest.id, part.id]


def test_refunds_show_with_a_charge_only_where_that_is_asked(world: World) -> None:
    intent = pay_once(world)

    plain = world.client.v1.charges.list({"payment_intent": intent}).data[0]
    asked = world.client.v1.charges.list({"payment_intent": intent, "expand": ["data.refunds"]}).data[0]

    assert "refunds" not in plain
    assert asked.refunds is not None
    assert asked.refunds.data == []


def test_a_refund_is_given_once_by_its_idempotency_key(world: World) -> None:
    intent = pay_once(world)
    create = world.client.v1.refunds.create

    first = create({"payment_intent": intent, "amount": 1000}, {"idempotency_key": "k"})
    again = create({"payment_intent": intent, "amount": 1000}, {"idempotency_key": "k"})

    assert first.id == again.id
    assert charge_of(world, intent).amount_refunded == 1000
    with pytest.raises(IdempotencyError):
        create({"payment_intent": intent, "amount": 2000}, {"idempotency_key": "k"})


def test_no_more_is_given_back_than_was_paid(world: World) -> None:
    intent = pay_once(world)
    create = world.client.v1.refunds.create
    events = len(world.fake.events)

    for params, message in (
        ({"payment_intent": intent, "amount": 299_001}, "greater than unrefunded amount"),
        ({"payment_intent": intent, "amount": 0}, "positive integer"),
        ({"amount": 1}, "payment_intent or charge"),
        ({"payment_intent": "pi_none"}, "No such payment_intent"),
    ):
        with pytest.raises(InvalidRequestError, match=message):
            create(params)  # type: ignore[arg-type]
    assert len(world.fake.events) == events
    create({"payment_intent": intent})
    with pytest.raises(InvalidRequestError) as caught:
        create({"payment_intent": intent})
    assert caught.value.code == "charge_already_refunded"


def test_a_refund_to_a_bank_account_is_on_its_way_for_days_and_may_come_back(world: World) -> None:
    intent = pay_once(world, way="us_bank_account")
    world.fake.advance(days=2)
    refund = world.client.v1.refunds.create({"payment_intent": intent})
    on_its_way = charge_of(world, intent)
    world.fake.settings.fail_refunds = 1
    begin = len(world.fake.events)

    world.fake.advance(days=3)

    failed = world.client.v1.refunds.retrieve(refund.id)
    assert (refund.status, on_its_way.refunded) == ("pending", True)
    assert (failed.status, failed.failure_reason) == ("failed", "unknown")
    assert (charge_of(world, intent).amount_refunded, charge_of(world, intent).refunded) == (0, False)
    assert world.types(begin) == ["refund.failed", "refund.updated", "charge.refund.updated"]


@pytest.mark.parametrize(
    ("outcome", "types"),
    [
        ("won", ["charge.dispute.funds_reinstated", "charge.dispute.closed"]),
        ("lost", ["charge.dispute.closed"]),
    ],
)
def test_a_dispute_takes_the_money_until_it_is_won(world: World, outcome: str, types: list[str]) -> None:
    intent = pay_once(world)
    begin = len(world.fake.events)

    opened = dispute(world.fake, intent)
    at_first = world.types(begin)
    with pytest.raises(InvalidRequestError) as caught:
        world.client.v1.refunds.create({"payment_intent": intent})
    closed = decide(world.fake, opened["id"], outcome)

    assert (opened["status"], opened["amount"], closed["status"]) == ("needs_response", 299_000, outcome)
    assert at_first == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    assert caught.value.code == "charge_disputed"
    assert world.types(begin + 2) == types
    charge = charge_of(world, intent)
    assert (charge.disputed, charge.refunded, charge.status) == (True, False, "succeeded")
    (found,) = world.client.v1.disputes.list({"charge": charge.id}).data
    assert (found.id, found.status, found.payment_intent) == (opened["id"], outcome, intent)
    with pytest.raises(StripeFault, match="already"):
        decide(world.fake, opened["id"], "won")


def test_an_inquiry_takes_no_money_and_can_be_ended_by_a_refund(world: World) -> None:
    intent = pay_once(world)
    begin = len(world.fake.events)

    opened = dispute(world.fake, intent, inquiry=True)
    with pytest.raises(StripeFault, match="does not become lost"):
        decide(world.fake, opened["id"], "lost")
    world.client.v1.refunds.create({"payment_intent": intent})
    closed = decide(world.fake, opened["id"], "warning_closed")

    assert (opened["status"], closed["status"]) == ("warning_needs_response", "warning_closed")
    assert [kind for kind in world.types(begin) if "funds" in kind] == []
    assert charge_of(world, intent).refunded is True


def test_a_dispute_that_the_merchant_does_not_contest_is_lost(world: World) -> None:
    opened = dispute(world.fake, pay_once(world), amount=1000)

    assert world.client.v1.disputes.close(opened["id"]).status == "lost"
    assert opened["amount"] == 1000


def test_what_was_not_paid_cannot_be_disputed(world: World) -> None:
    for nothing in (world.open_session(world.once, mode="payment"), "ch_none", ""):
        with pytest.raises(StripeFault):
            dispute(world.fake, nothing)
    with pytest.raises(ValueError, match="an outcome is"):
        decide(world.fake, "du_none", "forgotten")


def test_what_was_given_back_already_cannot_be_disputed(world: World) -> None:
    intent = pay_once(world)
    world.client.v1.refunds.create({"payment_intent": intent})

    with pytest.raises(StripeFault, match="nothing is left"):
        dispute(world.fake, intent)

    assert world.fake.all("dispute") == []


def test_payments_of_a_former_run_that_had_no_charges_can_be_refunded(world: World) -> None:
    intent = pay_once(world)
    charge = world.fake.state.objects[charge_of(world, intent).id]
    world.fake.state.remove(charge)
    world.fake.state.objects[intent]["latest_charge"] = None

    refund = world.client.v1.refunds.create({"payment_intent": intent})

    assert refund.charge == world.fake.get(intent)["latest_charge"]
    assert charge_of(world, intent).refunded is True
