"""Money that goes back: a refund or a lost dispute ends the year that it paid for, and persons hear of the rest."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes.stripe.controls import decide, dispute
from staff.models import AuditEntry

from billing import gateway, services
from billing.errors import AlreadySubscribed
from billing.gateway import Gateway
from billing.models import Alert, Checkout, PaymentEvent
from billing.services.events import FOLLOWED
from billing.types import Reconciled
from tenants.actor import acting, task_actor
from tenants.transaction import tenant_transaction
from tests.billing.conftest import Merchant, kill_at_each_statement, last_event, mails_of
from tests.support.billing import deliver
from tests.support.kills import undone
from tests.support.stripe import client_of

YEAR_ENDS = datetime(2027, 3, 4, 12, tzinfo=UTC)
PRICE = 99_000  # a year of starter


def prepay(merchant: Merchant, *, way: str = "card") -> str:
    """Pay for a year of starter, its events not delivered yet. The payment."""
    return str(merchant.fake.pay(merchant.checkout("starter", prepay=True), way=way)["payment_intent"])


def refund(merchant: Merchant, payment: str, amount: int | None = None) -> None:
    """Give money back in Stripe's dashboard; None: all that is left."""
    params: Any = {"payment_intent": payment, **({"amount": amount} if amount else {})}
    client_of(merchant.fake).v1.refunds.create(params)


def open_alerts() -> list[str]:
    """What waits for a person."""
    return list(Alert.objects.filter(resolved_at=None).order_by("id").values_list("kind", flat=True))


def last_payment(merchant: Merchant) -> str:
    """The newest payment there is."""
    return str(merchant.fake.all("payment_intent")[-1]["id"])


# Refunds


def test_a_year_that_is_refunded_ends_with_the_refund_and_the_shop_is_read_only_for_thirty_days(
    merchant: Merchant,
) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    merchant.wait(days=100)
    assert (merchant.standing, merchant.account.paid_until) == (("open", "starter", {}), YEAR_ENDS)

    refund(merchant, payment)
    refunded_at = merchant.fake.now
    merchant.fake.advance(seconds=60)
    merchant.deliver()

    closes = refunded_at + timedelta(days=30)
    notice = {"kind": "read_only", "cause": "refunded", "at": closes.isoformat()}
    assert merchant.standing == ("read_only", "starter", notice)
    assert merchant.account.paid_until == refunded_at
    assert mails_of(merchant.shop)[-1] == f"read_only:{refunded_at.date()}"
    assert open_alerts() == []
    merchant.wait(days=30)
    assert merchant.standing[:2] == ("suspended", "starter")


def test_a_year_refunded_within_the_trial_leaves_the_trial(merchant: Merchant) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    merchant.fake.advance(days=1)
    refund(merchant, payment)
    merchant.deliver()
    assert merchant.standing[:2] == ("open", "trial")


def test_a_year_given_back_in_parts_counts_until_all_is_given_back(merchant: Merchant) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    merchant.wait(days=50)

    refund(merchant, payment, 9_000)
    merchant.deliver()
    assert (merchant.standing, merchant.account.paid_until) == (("open", "starter", {}), YEAR_ENDS)
    alert = Alert.objects.get()
    charge = merchant.fake.get(payment)["latest_charge"]
    assert (alert.kind, alert.account_id, alert.resolved_at) == ("partly_refunded", merchant.account.id, None)
    assert alert.detail == (
        f"Shop north: 9000 of payment {charge} (99000 cny) were refunded. The prepaid year goes on."
    )

    merchant.wait(days=10)
    refund(merchant, payment, PRICE - 9_000)
    merchant.deliver()
    assert merchant.standing[:2] == ("read_only", "starter")
    assert merchant.account.paid_until == merchant.fake.now
    assert Alert.objects.get().resolved_at == merchant.fake.now


def test_where_every_event_of_a_refund_was_lost_one_sweep_finds_it(merchant: Merchant) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    merchant.wait(days=50)
    refund(merchant, payment)
    refunded_at = merchant.fake.now
    merchant.fake.advance(days=2)

    assert services.reconcile(now=merchant.fake.now) == Reconciled(checked=1, repaired=1, alerts=0)

    assert merchant.account.paid_until == refunded_at
    assert merchant.standing[:2] == ("read_only", "starter")
    assert services.reconcile(now=merchant.fake.now) == Reconciled(checked=1, repaired=0, alerts=0)


def test_a_refund_that_is_heard_of_before_the_payment_leaves_no_year(merchant: Merchant) -> None:
    payment = prepay(merchant)
    merchant.fake.advance(days=20)
    refund(merchant, payment)

    deliver(merchant.fake, last_event(merchant, "charge.refunded"))
    first = (merchant.standing, merchant.account.paid_until, mails_of(merchant.shop))
    merchant.deliver()

    assert first[0][:2] == ("read_only", "starter")
    assert first[1] == merchant.fake.now
    assert [key for key in first[2] if key and key.startswith("prepaid:")] == []
    assert (merchant.standing, merchant.account.paid_until, mails_of(merchant.shop)) == first


def test_a_refund_that_comes_back_lets_the_year_count_again(merchant: Merchant) -> None:
    payment = prepay(merchant, way="us_bank_account")
    merchant.wait(days=2)
    merchant.wait(days=50)
    paid_until = merchant.account.paid_until
    merchant.fake.settings.fail_refunds = 1
    refund(merchant, payment)
    merchant.deliver()
    assert merchant.standing[:2] == ("read_only", "starter")

    merchant.wait(days=3)

    assert (merchant.standing, merchant.account.paid_until) == (("open", "starter", {}), paid_until)
    assert paid_until == YEAR_ENDS + timedelta(days=2)


def test_a_second_year_begins_when_the_first_is_refunded(merchant: Merchant) -> None:
    first = prepay(merchant)
    merchant.deliver()
    merchant.wait(days=10)
    prepay(merchant)
    merchant.deliver()
    assert merchant.account.paid_until == YEAR_ENDS.replace(year=2028)
    merchant.wait(days=10)

    refund(merchant, first)
    merchant.deliver()

    assert merchant.standing[:2] == ("open", "starter")
    assert merchant.account.paid_until == merchant.fake.now.replace(year=2027)


def test_a_second_year_refunded_before_it_begins_leaves_the_first(merchant: Merchant) -> None:
    prepay(merchant)
    merchant.deliver()
    merchant.wait(days=10)
    second = prepay(merchant)
    merchant.deliver()

    refund(merchant, second)
    merchant.deliver()

    assert merchant.standing == ("open", "starter", {})
    assert merchant.account.paid_until == YEAR_ENDS


def test_a_refund_of_a_year_that_is_over_changes_nothing(merchant: Merchant) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    merchant.wait(days=370)
    before = merchant.standing
    assert before[:2] == ("read_only", "starter")

    refund(merchant, payment)
    merchant.deliver()

    assert merchant.account.paid_until == YEAR_ENDS
    assert merchant.standing[:2] == before[:2]


def test_who_was_refunded_may_pay_again(merchant: Merchant) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    merchant.wait(days=50)
    with pytest.raises(AlreadySubscribed):
        merchant.checkout("starter")  # a subscription, to what is paid already
    refund(merchant, payment)
    merchant.deliver()

    merchant.fake.pay(merchant.checkout("scale", prepay=True))
    merchant.deliver()

    assert merchant.standing == ("open", "scale", {})
    assert merchant.account.paid_until == merchant.fake.now.replace(year=2027)


def test_a_refunded_invoice_of_a_subscription_is_for_a_person_to_look_at(merchant: Merchant) -> None:
    merchant.subscribe("growth")

    refund(merchant, last_payment(merchant))
    merchant.deliver()

    assert merchant.standing == ("open", "growth", {})
    alert = Alert.objects.get()
    assert (alert.kind, alert.resolved_at) == ("refunded", None)
    assert alert.detail.startswith("Shop north: ")
    assert alert.detail.endswith("were refunded. The subscription goes on; end it at Stripe if it should not.")


def test_what_a_person_has_resolved_is_not_raised_again(merchant: Merchant) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    refund(merchant, payment, 1_000)
    dispute(merchant.fake, payment)
    merchant.deliver()
    assert sorted(open_alerts()) == ["dispute_open", "partly_refunded"]
    Alert.objects.update(resolved_at=merchant.fake.now)

    services.reconcile(now=merchant.fake.now)
    refund_more = Alert.objects.count()

    assert (open_alerts(), refund_more) == ([], 2)


# Disputes


@pytest.mark.parametrize("inquiry", [True, False])
def test_an_open_dispute_is_an_alert_that_names_the_shop_and_the_year_goes_on(
    merchant: Merchant, inquiry: bool
) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    merchant.wait(days=50)

    opened = dispute(merchant.fake, payment, inquiry=inquiry)
    merchant.deliver()

    assert (merchant.standing, merchant.account.paid_until) == (("open", "starter", {}), YEAR_ENDS)
    alert = Alert.objects.get()
    assert (alert.kind, alert.resolved_at) == ("dispute_open", None)
    assert alert.detail == (
        f"Shop north: a bank wants back 99000 in dispute {opened['id']} ({opened['status']}): answer until 2026-05-07, "
        f"of payment {opened['charge']} (99000 cny). The prepaid year goes on."
    )
    decide(merchant.fake, opened["id"], "warning_closed" if inquiry else "won")
    merchant.deliver()
    assert (merchant.standing, merchant.account.paid_until) == (("open", "starter", {}), YEAR_ENDS)
    assert Alert.objects.get().resolved_at == merchant.fake.now


def test_a_lost_dispute_ends_the_year_on_the_day_the_money_was_taken(merchant: Merchant) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    merchant.wait(days=50)
    opened = dispute(merchant.fake, payment)
    taken_at = merchant.fake.now
    merchant.deliver()
    merchant.wait(days=12)
    assert merchant.standing[0] == "open"

    decide(merchant.fake, opened["id"], "lost")
    merchant.deliver()

    closes = taken_at + timedelta(days=30)
    notice = {"kind": "read_only", "cause": "refunded", "at": closes.isoformat()}
    assert (merchant.standing, merchant.account.paid_until) == (("read_only", "starter", notice), taken_at)
    assert open_alerts() == ["dispute_lost"]
    assert Alert.objects.get(kind="dispute_lost").detail.endswith("was lost. The prepaid year ended on 2026-04-23.")


def test_a_part_given_back_and_the_rest_lost_is_all_of_it(merchant: Merchant) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    merchant.wait(days=50)
    refund(merchant, payment, 9_000)
    merchant.wait(days=1)
    opened = dispute(merchant.fake, payment)
    merchant.deliver()
    assert (opened["amount"], merchant.account.paid_until) == (PRICE - 9_000, YEAR_ENDS)

    decide(merchant.fake, opened["id"], "lost")
    merchant.deliver()

    assert merchant.account.paid_until == merchant.fake.now
    assert open_alerts() == ["dispute_lost"]


def test_a_lost_dispute_of_a_part_leaves_the_year(merchant: Merchant) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    opened = dispute(merchant.fake, payment, amount=9_000)
    decide(merchant.fake, opened["id"], "lost")
    merchant.deliver()
    assert merchant.account.paid_until == YEAR_ENDS
    assert Alert.objects.get(resolved_at=None).detail.endswith("was lost. The prepaid year goes on.")


def test_a_lost_dispute_about_a_subscription_is_for_a_person_to_look_at(merchant: Merchant) -> None:
    merchant.subscribe("growth")
    opened = dispute(merchant.fake, last_payment(merchant))
    merchant.deliver()
    assert open_alerts() == ["dispute_open"]
    decide(merchant.fake, opened["id"], "lost")
    merchant.deliver()
    assert merchant.standing == ("open", "growth", {})
    assert open_alerts() == ["dispute_lost"]


def test_a_status_of_disputes_that_nobody_knows_waits_for_a_person(merchant: Merchant) -> None:
    payment = prepay(merchant)
    opened = dispute(merchant.fake, payment)
    merchant.fake.state.objects[opened["id"]]["status"] = "before_the_king"
    merchant.deliver()
    assert open_alerts() == ["dispute_open"]
    assert merchant.account.paid_until == YEAR_ENDS


# Events


def test_every_event_of_refunds_and_disputes_that_changes_something_is_followed(merchant: Merchant) -> None:
    payment = prepay(merchant)
    refund(merchant, payment, 1_000)
    for outcome in ("won", "lost"):
        decide(merchant.fake, dispute(merchant.fake, prepay(merchant))["id"], outcome)
    types = {one["type"] for one in merchant.fake.events if one["type"].startswith(("charge.", "refund."))}
    assert types - FOLLOWED == {"charge.succeeded", "refund.created"}  # charge.refunded tells of it


def test_killed_at_any_statement_and_delivered_again_a_refund_is_processed_once(merchant: Merchant) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    merchant.wait(days=50)
    refund(merchant, payment)
    event, shop, fake = last_event(merchant, "charge.refunded"), merchant.shop, merchant.fake

    def outcome() -> tuple[Any, ...]:
        state = PaymentEvent.objects.values_list("state", flat=True).get(event_id=event["id"])
        return merchant.standing, merchant.account.paid_until, state, mails_of(shop)

    before = (merchant.standing, mails_of(shop))
    with undone():
        deliver(fake, event)
        expected = outcome()
    assert expected[0][0] == "read_only"
    assert expected[1:3] == (fake.now, "done")
    assert len(expected[3]) == len(before[1]) + 1

    assert kill_at_each_statement(merchant, event, outcome, before=before, expected=expected) >= 15


def test_the_end_of_a_refunded_year_stands_in_the_shops_audit_log(merchant: Merchant) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    refund(merchant, payment)

    with acting(task_actor("billing.tasks.process_event")):
        merchant.deliver()

    with tenant_transaction(merchant.shop):
        entry = AuditEntry.objects.get(subject="tenants_shop")
    assert (entry.actor_name, entry.before, entry.after) == (
        "billing.tasks.process_event",
        {"plan": "starter"},
        {"plan": "trial"},
    )


def test_a_disputes_shop_is_found_by_its_payment(merchant: Merchant, other_merchant: Any) -> None:
    """Disputes name no customer. That of a year is known by us, that of an invoice is asked of Stripe."""
    south = other_merchant()
    year = prepay(merchant)
    merchant.deliver()
    south.subscribe("growth")
    for payment in (year, last_payment(south)):
        dispute(merchant.fake, payment)
        deliver(merchant.fake, last_event(merchant, "charge.dispute.created"))
    found = PaymentEvent.objects.filter(type="charge.dispute.created").order_by("id")
    assert [(one.state, one.account_id) for one in found] == [
        ("done", merchant.account.id),
        ("done", south.account.id),
    ]
    assert [alert.account_id for alert in Alert.objects.order_by("id")] == [merchant.account.id, south.account.id]


@pytest.mark.parametrize("payment", ["pi_none", None])
def test_a_dispute_about_nothing_of_ours_is_ignored(merchant: Merchant, payment: str | None) -> None:
    opened = dispute(merchant.fake, prepay(merchant))
    event = last_event(merchant, "charge.dispute.created") | {"id": "evt_stranger"}
    event["data"]["object"] |= {"payment_intent": payment, "id": "du_stranger", "metadata": {"shop": "north"}}
    deliver(merchant.fake, event)
    stored = PaymentEvent.objects.get(event_id="evt_stranger")
    assert (stored.state, stored.last_error) == ("ignored", "of no account of ours")
    assert opened["status"] == "needs_response"
    assert open_alerts() == []


# What is asked of Stripe


def test_stripe_is_asked_once_for_all_payments_and_not_at_all_for_who_never_paid(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, str]] = []
    list_charges = Gateway.list_charges

    def count(self: Gateway, **of: str) -> Any:
        asked.append(of)
        return list_charges(self, **of)

    monkeypatch.setattr(Gateway, "list_charges", count)
    merchant.checkout("starter", prepay=True)
    services.sync_account(account_id=merchant.account.id, now=merchant.fake.now)
    assert asked == []
    for _year in range(3):
        prepay(merchant)
    services.sync_account(account_id=merchant.account.id, now=merchant.fake.now)
    asked.clear()
    services.sync_account(account_id=merchant.account.id, now=merchant.fake.now)
    assert asked == [{"customer": merchant.account.customer_id}]


def test_years_that_were_paid_before_payments_were_noted_are_found(merchant: Merchant) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    merchant.wait(days=50)
    Checkout.objects.update(payment_intent_id="")
    refund(merchant, payment)

    services.reconcile(now=merchant.fake.now)

    assert Checkout.objects.get().payment_intent_id == payment
    assert merchant.account.paid_until == merchant.fake.now


def test_a_year_is_ended_by_its_refund_also_where_the_customer_was_deleted(merchant: Merchant) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    merchant.wait(days=50)
    merchant.fake.state.objects[merchant.account.customer_id]["deleted"] = True
    services.sync_account(account_id=merchant.account.id, now=merchant.fake.now)
    assert (merchant.account.customer_id, merchant.standing[:2]) == ("", ("open", "starter"))
    refund(merchant, payment)

    merchant.deliver()

    assert merchant.account.paid_until == merchant.fake.now
    assert merchant.standing[:2] == ("read_only", "starter")


def test_where_stripe_does_not_answer_about_payments_nothing_changes(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = prepay(merchant)
    merchant.deliver()
    merchant.wait(days=50)
    refund(merchant, payment)
    before = merchant.account
    connected = gateway.current()
    with monkeypatch.context() as patched:
        patched.setattr(connected, "list_charges", lambda **_of: (_ for _ in ()).throw(ConnectionError("gone")))
        merchant.deliver()
    assert merchant.account == before
    pending = PaymentEvent.objects.filter(state="pending").values_list("type", flat=True)
    assert list(pending) == ["charge.refunded"]
    services.process_event(
        event_id=PaymentEvent.objects.get(state="pending").pk, now=merchant.fake.now + timedelta(minutes=2)
    )
    assert merchant.standing[:2] == ("read_only", "starter")
