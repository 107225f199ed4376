"""What time, payments and requests make of a subscription."""

from itertools import pairwise
from typing import Any

import pytest
from fakes.stripe.cards import make_card
from stripe import CardError, InvalidRequestError

from tests.fakes.conftest import World


def lines_of(world: World, invoice: str) -> list[tuple[str | None, int]]:
    return [(line.description, line.amount) for line in world.client.v1.invoices.retrieve(invoice).lines.data]


def test_paying_opens_a_subscription_and_tells_of_it_in_stripes_order(world: World) -> None:
    begin = len(world.fake.events)

    subscription = world.subscribe()

    assert world.types(begin) == [
        "payment_method.attached", "invoice.created", "customer.updated", "invoice.finalized",
        "customer.subscription.created", "charge.succeeded", "payment_intent.succeeded", "invoice_payment.paid",
        "invoice.paid", "invoice.payment_succeeded", "customer.subscription.updated", "checkout.session.completed",
    ]  # fmt: skip
    created, updated = (event for event in world.fake.events if event["type"].startswith("customer.subscription."))
    assert created["data"]["object"]["status"] == "incomplete"
    assert updated["data"]["object"]["status"] == "active"
    assert updated["data"]["previous_attributes"] == {"status": "incomplete"}
    assert world.status(subscription) == "active"


def test_a_period_ends_on_the_same_day_of_the_next_month_and_is_billed_an_hour_later(world: World) -> None:
    world.fake.advance(days=-4 + 31)  # to 31 March
    subscription = world.subscribe()

    def period() -> tuple[int, int]:
        item = world.client.v1.subscriptions.retrieve(subscription)["items"].data[0]
        return item.current_period_start, item.current_period_end

    first = period()
    world.fake.advance(seconds=first[1] - world.fake.state.now)
    draft = world.client.v1.invoices.list({"subscription": subscription, "status": "draft"}).data
    world.fake.advance(seconds=3600)

    assert (first[1] - first[0]) / 86400 == 30  # 31 March to 30 April
    assert (period()[1] - first[1]) / 86400 == 31  # 30 April to 31 May
    assert [invoice.billing_reason for invoice in draft] == ["subscription_cycle"]
    assert world.client.v1.invoices.retrieve(draft[0].id).status == "paid"


@pytest.mark.parametrize(
    ("setting", "status"), [("cancel", "canceled"), ("unpaid", "unpaid"), ("past_due", "past_due")]
)
def test_a_failed_renewal_is_tried_again_three_times_and_then_given_up_as_set(
    world: World, setting: str, status: str
) -> None:
    world.fake.settings.after_retries = setting  # type: ignore[assignment]
    subscription = world.subscribe(card="4000000000000341")
    begin = len(world.fake.events)

    world.fake.advance(days=31, seconds=3600)
    at_first = world.status(subscription)
    world.fake.advance(days=15, seconds=1)

    assert at_first == "past_due"
    assert world.status(subscription) == status
    failures = [event for event in world.fake.events[begin:] if event["type"] == "invoice.payment_failed"]
    assert [event["data"]["object"]["attempt_count"] for event in failures] == [1, 2, 3, 4]
    gaps = [late["created"] - early["created"] for early, late in pairwise(failures)]
    assert gaps == [3 * 86400, 5 * 86400, 7 * 86400]


def test_paying_the_latest_invoice_makes_a_past_due_or_unpaid_subscription_active(world: World) -> None:
    for after_retries, days in (("past_due", 31), ("unpaid", 50)):
        world.fake.settings.after_retries = after_retries  # type: ignore[assignment]
        subscription = world.subscribe(card="4000000000000341")
        world.fake.advance(days=days, seconds=3600)
        assert world.status(subscription) == ("past_due" if days == 31 else "unpaid")
        invoice = world.client.v1.subscriptions.retrieve(subscription).latest_invoice
        assert isinstance(invoice, str)
        good = world.client.v1.payment_methods.attach("pm_card_visa", {"customer": world.customer}).id

        world.client.v1.invoices.pay(invoice, {"payment_method": good})

        assert world.status(subscription) == "active"
        world.client.v1.subscriptions.cancel(subscription)


def test_a_trial_warns_three_days_before_and_then_asks_for_money(world: World) -> None:
    subscription = world.subscribe(subscription_data={"trial_period_days": 14})
    begin = len(world.fake.events)

    world.fake.advance(days=11)
    warned = world.sub_types(begin)
    world.fake.advance(days=3, seconds=3600)

    assert warned == ["subscription.trial_will_end"]
    assert world.status(subscription) == "active"
    latest = world.client.v1.subscriptions.retrieve(subscription, {"expand": ["latest_invoice"]}).latest_invoice
    assert not isinstance(latest, str)
    assert latest is not None
    assert (latest.status, latest.amount_paid) == ("paid", 29900)


@pytest.mark.parametrize(("behaviour", "status"), [("pause", "paused"), ("cancel", "canceled")])
def test_a_trial_without_a_card_ends_as_it_was_told(world: World, behaviour: str, status: str) -> None:
    subscription = world.client.v1.subscriptions.create(
        {
            "customer": world.customer,
            "items": [{"price": world.month}],
            "trial_period_days": 14,
            "trial_settings": {"end_behavior": {"missing_payment_method": behaviour}},
        }
    ).id

    world.fake.advance(days=15)

    assert world.status(subscription) == status


def test_a_paused_subscription_sleeps_until_it_is_resumed_and_paid(world: World) -> None:
    subscription = world.subscribe()
    world.client.v1.subscriptions.pause(subscription)
    world.fake.advance(days=90)
    invoices = len(world.fake.all("invoice"))
    world.fake.settings.fail_payments = 1

    world.client.v1.subscriptions.resume(subscription)
    after_a_decline = world.status(subscription)
    world.client.v1.subscriptions.resume(subscription)

    assert invoices == 1
    assert (after_a_decline, world.status(subscription)) == ("paused", "active")
    assert [kind for kind in world.sub_types() if kind != "subscription.updated"] == [
        "subscription.created",
        "subscription.paused",
        "subscription.resumed",
    ]
    assert [invoice["status"] for invoice in world.fake.all("invoice")] == ["paid", "void", "paid"]


def test_a_first_payment_that_never_comes_expires_the_subscription_after_23_hours(world: World) -> None:
    subscription = world.client.v1.subscriptions.create(
        {"customer": world.customer, "items": [{"price": world.month}], "payment_behavior": "default_incomplete"}
    ).id
    before = world.status(subscription)

    world.fake.advance(seconds=23 * 3600)

    assert (before, world.status(subscription)) == ("incomplete", "incomplete_expired")


def test_an_upgrade_credits_the_unused_time_and_charges_the_rest_at_once(world: World) -> None:
    subscription = world.subscribe()
    world.fake.advance(days=15, seconds=43200)  # half of the 31 days
    item = world.client.v1.subscriptions.retrieve(subscription)["items"].data[0].id
    change: Any = {"items": [{"id": item, "price": world.large}], "proration_behavior": "always_invoice"}
    preview = world.client.v1.invoices.create_preview({"subscription": subscription, "subscription_details": change})

    updated = world.client.v1.subscriptions.update(subscription, change)

    assert isinstance(updated.latest_invoice, str)
    assert lines_of(world, updated.latest_invoice) == [
        ("Unused time on Growth", -14950),
        ("Remaining time on Scale", 44950),
    ]
    assert preview.amount_due == 30000
    assert world.client.v1.invoices.retrieve(updated.latest_invoice).amount_paid == 30000


def test_a_change_that_may_not_stay_unpaid_is_refused_whole(world: World) -> None:
    subscription = world.subscribe(card="4000000000000341")
    item = world.client.v1.subscriptions.retrieve(subscription)["items"].data[0].id
    before, events = world.fake.get(subscription), len(world.fake.events)

    with pytest.raises(CardError):
        world.client.v1.subscriptions.update(
            subscription,
            {
                "items": [{"id": item, "price": world.large}],
                "proration_behavior": "always_invoice",
                "payment_behavior": "error_if_incomplete",
            },
        )

    assert world.fake.get(subscription) == before
    assert len(world.fake.events) == events


def test_a_change_of_the_interval_begins_a_new_period(world: World) -> None:
    subscription = world.subscribe()
    world.fake.advance(days=10)
    item = world.client.v1.subscriptions.retrieve(subscription)["items"].data[0].id

    updated = world.client.v1.subscriptions.update(subscription, {"items": [{"id": item, "price": world.year}]})

    new = updated["items"].data[0]
    assert (new.current_period_end - new.current_period_start) / 86400 == 365
    assert new.current_period_start == world.fake.state.now
    assert isinstance(updated.latest_invoice, str)
    assert lines_of(world, updated.latest_invoice) == [("Unused time on Growth", -20255), ("1 × Growth", 299000)]


def test_another_currency_is_refused(world: World) -> None:
    subscription = world.subscribe()
    item = world.client.v1.subscriptions.retrieve(subscription)["items"].data[0].id
    product = world.client.v1.products.create({"name": "Dollars"}).id
    dollars = world.client.v1.prices.create(
        {"product": product, "currency": "usd", "unit_amount": 4500, "recurring": {"interval": "month"}}
    ).id

    with pytest.raises(InvalidRequestError, match="doesn't match the expected currency"):
        world.client.v1.subscriptions.update(subscription, {"items": [{"id": item, "price": dollars}]})
    with pytest.raises(InvalidRequestError, match="cannot combine currencies"):
        world.open_session(dollars)


def test_cancelling_at_the_end_can_be_taken_back_until_then(world: World) -> None:
    subscription = world.subscribe()
    update = world.client.v1.subscriptions.update

    update(subscription, {"cancel_at_period_end": True})
    back = update(subscription, {"cancel_at_period_end": False})
    world.fake.advance(days=32)
    renewed = world.status(subscription)
    update(subscription, {"cancel_at_period_end": True})
    world.fake.advance(days=32)

    assert (back.cancel_at, back.canceled_at) == (None, None)
    assert (renewed, world.status(subscription)) == ("active", "canceled")
    assert world.types()[-1] == "customer.subscription.deleted"
    with pytest.raises(InvalidRequestError, match="canceled subscription"):
        update(subscription, {"cancel_at_period_end": False})


def test_a_schedule_changes_the_plan_with_the_period_and_lets_go(world: World) -> None:
    subscription = world.subscribe(price=world.large)
    schedule = world.client.v1.subscription_schedules.create({"from_subscription": subscription})
    phase = schedule.phases[0]
    world.client.v1.subscription_schedules.update(
        schedule.id,
        {
            "phases": [
                {"items": [{"price": world.large}], "start_date": phase.start_date, "end_date": phase.end_date},
                {"items": [{"price": world.month}], "proration_behavior": "none"},
            ]
        },
    )
    with pytest.raises(InvalidRequestError, match="managed by the subscription schedule"):
        world.client.v1.subscriptions.update(subscription, {"cancel_at_period_end": True})

    world.fake.advance(days=31, seconds=3600)
    renewed = world.fake.get(subscription)
    world.fake.advance(days=31)
    released = world.fake.get(subscription)

    assert renewed["items"]["data"][0]["price"]["id"] == world.month
    assert lines_of(world, renewed["latest_invoice"]) == [("1 × Growth", 29900)]
    assert renewed["schedule"] == schedule.id
    assert released["schedule"] is None
    assert [kind for kind in world.types() if "schedule" in kind] == [
        "subscription_schedule.created",
        "subscription_schedule.updated",
        "subscription_schedule.updated",
        "subscription_schedule.released",
    ]


def test_unused_money_becomes_credit_for_the_next_invoice(world: World) -> None:
    subscription = world.subscribe(price=world.large)
    item = world.client.v1.subscriptions.retrieve(subscription)["items"].data[0].id

    world.client.v1.subscriptions.update(
        subscription, {"items": [{"id": item, "price": world.month}], "proration_behavior": "always_invoice"}
    )
    credit = world.client.v1.customers.retrieve(world.customer).balance
    world.fake.advance(days=31, seconds=3600)

    assert credit == -60000
    assert world.client.v1.customers.retrieve(world.customer).balance == -60000 + 29900
    latest = world.client.v1.invoices.list({"limit": 1}).data[0]
    assert (latest.total, latest.amount_due, latest.status) == (29900, 0, "paid")


def test_a_bank_that_asks_the_customer_leaves_the_invoice_open(world: World) -> None:
    subscription = world.subscribe(card="4000002760003184")

    world.fake.advance(days=31, seconds=3600)

    assert world.status(subscription) == "past_due"
    assert "invoice.payment_action_required" in world.types()


def test_a_declined_card_cannot_be_attached(world: World) -> None:
    assert make_card(world.fake.state, "no card", None) is None
    with pytest.raises(CardError) as caught:
        world.client.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": world.customer})

    assert caught.value.code == "card_declined"


def test_a_deleted_customer_takes_its_subscriptions_along(world: World) -> None:
    subscription = world.subscribe()
    begin = len(world.fake.events)

    world.client.v1.customers.delete(world.customer)

    assert world.status(subscription) == "canceled"
    assert world.types(begin) == ["customer.subscription.deleted", "customer.deleted"]
    assert world.client.v1.customers.retrieve(world.customer).deleted is True
    with pytest.raises(InvalidRequestError):
        world.client.v1.customers.update(world.customer, {"name": "Ghost"})
    with pytest.raises(InvalidRequestError):
        world.open_session()
