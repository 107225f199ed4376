"""Events: who may bring them, that each is processed exactly once, and that none is believed."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes.stripe.app import WEBHOOK_SECRET
from fakes.stripe.controls import set_status
from fakes.stripe.signing import sign

from billing import gateway, services
from billing.errors import EventRefused, PaymentProviderDown
from billing.models import Account, Alert, PaymentEvent
from billing.selectors import list_dead_events
from billing.services.events import FOLLOWED, LONGEST_WAIT, MAX_ATTEMPTS
from tests.billing.conftest import Merchant, kill_at_each_statement, last_event, mails_of
from tests.conftest import ClientFor
from tests.support.billing import deliver, receive
from tests.support.kills import undone

FAR = timedelta(days=2)


@pytest.mark.parametrize(
    ("prepay", "kind"), [(True, "checkout.session.completed"), (False, "customer.subscription.created")]
)
def test_killed_at_any_statement_and_delivered_again_it_is_processed_once(
    merchant: Merchant, prepay: bool, kind: str
) -> None:
    merchant.fake.pay(merchant.checkout(prepay=prepay))
    event, shop, fake = last_event(merchant, kind), merchant.shop, merchant.fake

    def outcome() -> tuple[Any, ...]:
        account = merchant.account
        state = PaymentEvent.objects.values_list("state", flat=True).get()
        return merchant.standing, account.status, account.plan, account.paid_until, state, mails_of(shop)

    with undone():
        before = (merchant.standing, mails_of(shop))
        deliver(fake, event)
        expected = outcome()
    assert expected[0][1] == "growth"
    assert expected[4] == "done"
    assert len(expected[5]) == len(before[1]) + 1

    assert kill_at_each_statement(merchant, event, outcome, before=before, expected=expected) >= 15


def test_an_event_that_comes_twice_is_processed_once(merchant: Merchant) -> None:
    merchant.subscribe()
    version, mails = merchant.account.version, mails_of(merchant.shop)
    for event in merchant.fake.events:
        deliver(merchant.fake, event)
    assert merchant.account.version == version
    assert mails_of(merchant.shop) == mails


def test_events_in_any_order_come_to_the_same(merchant: Merchant) -> None:
    merchant.fake.pay(merchant.checkout("starter"))
    for event in reversed(merchant.fake.events):
        deliver(merchant.fake, event)
    assert (merchant.account.status, merchant.standing[1]) == ("active", "starter")


def test_a_late_invoice_paid_revives_no_cancelled_shop(merchant: Merchant) -> None:
    subscription_id = merchant.subscribe()
    late = last_event(merchant, "invoice.paid")
    PaymentEvent.objects.filter(event_id=late["id"]).delete()
    gateway.current().end_subscription(subscription_id, prorate=False, key="by-hand")
    merchant.deliver()
    assert merchant.standing[:2] == ("read_only", "growth")

    deliver(merchant.fake, late)

    assert PaymentEvent.objects.get(event_id=late["id"]).state == "done"
    assert merchant.account.status == "canceled"
    assert merchant.standing[:2] == ("read_only", "growth")


def test_what_an_event_says_is_not_believed(merchant: Merchant, other_merchant: Any) -> None:
    """A signed event of north's customer names south in its metadata, another status and another plan."""
    south = other_merchant()
    merchant.subscribe("starter")
    event = last_event(merchant, "customer.subscription.created")
    event |= {"id": "evt_forged"}
    event["data"]["object"] |= {
        "status": "active",
        "metadata": {"shop": "south", "shop_id": str(south.shop.pk), "plan": "scale"},
        "client_reference_id": str(south.shop.pk),
    }
    deliver(merchant.fake, event)
    assert merchant.account.plan == "starter"
    assert south.standing[:2] == ("open", "trial")
    assert south.account.status == ""


def test_an_event_of_a_customer_whom_nobody_knows_is_ignored(merchant: Merchant) -> None:
    merchant.subscribe()
    before = merchant.account
    event = last_event(merchant, "invoice.paid") | {"id": "evt_stranger"}
    event["data"]["object"] |= {"customer": "cus_stranger", "parent": None, "metadata": {"shop": "north"}}
    deliver(merchant.fake, event)
    stored = PaymentEvent.objects.get(event_id="evt_stranger")
    assert (stored.state, stored.last_error) == ("ignored", "of no account of ours")
    assert merchant.account == before


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"livemode": True}, "of the live mode"),
        ({"account": "acct_other"}, "of a connected account"),
        ({"type": "charge.succeeded"}, "of a type that we do not follow"),
    ],
)
def test_events_that_do_not_concern_us_are_stored_as_ignored(
    merchant: Merchant, changes: dict[str, Any], reason: str
) -> None:
    merchant.fake.pay(merchant.checkout())
    event = last_event(merchant, "customer.subscription.created") | changes
    deliver(merchant.fake, event)
    stored = PaymentEvent.objects.get(event_id=event["id"])
    assert (stored.state, stored.last_error) == ("ignored", reason)
    assert merchant.account.status == ""


# Signatures


def body_of(merchant: Merchant) -> bytes:
    """An event, not signed."""
    return json.dumps(last_event(merchant, "product.created")).encode()


def test_one_of_several_signatures_and_secrets_is_enough(merchant: Merchant, settings: Any) -> None:
    """While the secret is rolled Stripe signs with both, and we have both for a while."""
    body, at = body_of(merchant), int(merchant.fake.now.timestamp())
    settings.STRIPE_WEBHOOK_SECRETS = ("whsec_old", "whsec_new")
    for secrets in (["whsec_old"], ["whsec_new"], ["whsec_newer", "whsec_new"], ["whsec_old", "whsec_new"]):
        signature = sign(body, secrets, timestamp=at)
        services.receive_event(payload=body, signature=signature, now=merchant.fake.now)
    settings.STRIPE_WEBHOOK_SECRETS = ("whsec_new",)
    with pytest.raises(EventRefused, match="No signature matches"):
        signature = sign(body, ["whsec_old"], timestamp=at)
        services.receive_event(payload=body, signature=signature, now=merchant.fake.now)


@pytest.mark.parametrize("shift", [-299, 0, 299])
def test_clocks_may_differ_by_five_minutes(merchant: Merchant, shift: int) -> None:
    body = body_of(merchant)
    signature = sign(body, [WEBHOOK_SECRET], timestamp=int(merchant.fake.now.timestamp()) + shift)
    services.receive_event(payload=body, signature=signature, now=merchant.fake.now)
    assert PaymentEvent.objects.count() == 1


@pytest.mark.parametrize("shift", [-301, 301, -86400, 10**14])
def test_old_and_future_signatures_are_refused(merchant: Merchant, shift: int) -> None:
    body = body_of(merchant)
    signature = sign(body, [WEBHOOK_SECRET], timestamp=int(merchant.fake.now.timestamp()) + shift)
    with pytest.raises(EventRefused):
        services.receive_event(payload=body, signature=signature, now=merchant.fake.now)
    assert PaymentEvent.objects.count() == 0


def test_a_second_timestamp_does_not_make_an_old_request_young(merchant: Merchant) -> None:
    body, at = body_of(merchant), int(merchant.fake.now.timestamp())
    signature = sign(body, [WEBHOOK_SECRET], timestamp=at - 86400) + f",t={at}"
    with pytest.raises(EventRefused, match="too far"):
        services.receive_event(payload=body, signature=signature, now=merchant.fake.now)


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (b"{}", ""),
        (b"{}", "t=1"),
        (b"{}", "v1=00"),
        (b"{}", "t=x,v1=00"),
        (b"{}", "nonsense"),
        (b"{}", "t=1,v1=\xe9"),
        (b"{}", "t=1" + ",v1=00" * 1000),
        (b"\xff\xfe", "t=1,v1=00"),
    ],
)
def test_what_is_not_signed_is_refused(merchant: Merchant, body: bytes, signature: str) -> None:
    with pytest.raises(EventRefused):
        services.receive_event(payload=body, signature=signature, now=merchant.fake.now)
    assert PaymentEvent.objects.count() == 0


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"{}", b'{"id": "evt_1"}', b"not json", b'{"data": 7}'])
def test_what_is_signed_but_no_event_is_refused(merchant: Merchant, body: bytes) -> None:
    signature = sign(body, [WEBHOOK_SECRET], timestamp=int(merchant.fake.now.timestamp()))
    with pytest.raises(EventRefused):
        services.receive_event(payload=body, signature=signature, now=merchant.fake.now)
    assert PaymentEvent.objects.count() == 0


def test_the_webhook_stores_and_hands_on(
    merchant: Merchant, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    sent: list[int] = []
    monkeypatch.setattr("billing.views.enqueue_event", sent.append)
    monkeypatch.setattr("billing.views.timezone.now", lambda: merchant.fake.now)
    merchant.fake.pay(merchant.checkout())
    body, signature = merchant.fake.signed(last_event(merchant, "customer.subscription.created"))
    client = client_for(None)

    def post(body: bytes, signature: str) -> int:
        headers = {"Stripe-Signature": signature}
        answer = client.post("/billing/stripe/webhook", body, content_type="application/json", headers=headers)
        return answer.status_code

    assert [post(body, signature), post(body, signature), post(body + b" ", signature), post(body, "")] == [
        200, 200, 400, 400,
    ]  # fmt: skip
    stored = PaymentEvent.objects.get()
    assert sent == [stored.pk, stored.pk]
    assert stored.state == "pending"
    assert merchant.account.status == ""  # the work is the task's
    assert client.get("/billing/stripe/webhook").status_code == 405


# Failures


def test_a_failed_event_is_tried_again_and_given_up_after_many_attempts(merchant: Merchant) -> None:
    merchant.fake.pay(merchant.checkout())
    event = last_event(merchant, "customer.subscription.created")
    merchant.fake.settings.faults = ["500 before"] * 3
    event_id = deliver(merchant.fake, event)
    stored = PaymentEvent.objects.get()
    assert (stored.state, stored.attempts) == ("pending", 1)
    assert stored.last_error.startswith("PaymentProviderDown:")
    assert stored.next_attempt_at == merchant.fake.now + timedelta(minutes=1)
    services.process_event(event_id=event_id, now=merchant.fake.now + timedelta(seconds=59))
    assert PaymentEvent.objects.get().attempts == 1  # not before its time

    now = merchant.fake.now
    for _attempt in range(MAX_ATTEMPTS - 1):
        now += LONGEST_WAIT
        merchant.fake.settings.faults = ["500 before"] * 3
        services.process_event(event_id=event_id, now=now)
    given_up = PaymentEvent.objects.values_list("state", "attempts", "next_attempt_at").get()
    assert given_up == ("dead", MAX_ATTEMPTS, None)
    assert [one.event_id for one in list_dead_events()] == [event["id"]]
    assert Alert.objects.get().kind == "dead_event"
    assert merchant.account.status == ""

    merchant.fake.settings.faults = ["500 before"] * 3
    assert services.retry_event(event_id=event_id, now=now) == "pending"
    PaymentEvent.objects.update(state="dead", next_attempt_at=None)
    merchant.fake.settings.faults = []
    assert services.retry_event(event_id=event_id, now=now) == "done"
    assert list_dead_events() == []
    assert merchant.account.status == "active"
    assert not Alert.objects.filter(resolved_at=None).exists()


def test_an_event_that_was_given_up_is_done_when_a_sweep_has_learnt_its_news(merchant: Merchant) -> None:
    merchant.fake.pay(merchant.checkout())
    event_id = receive(merchant.fake, last_event(merchant, "customer.subscription.created"))
    PaymentEvent.objects.filter(pk=event_id).update(attempts=MAX_ATTEMPTS)
    services.bury_lost_events(now=merchant.fake.now)
    assert Alert.objects.filter(kind="dead_event", resolved_at=None).count() == 1

    services.reconcile(now=merchant.fake.now)

    assert PaymentEvent.objects.get().state == "done"
    assert not Alert.objects.filter(resolved_at=None).exists()


def test_an_event_that_always_kills_its_worker_is_given_up(merchant: Merchant) -> None:
    merchant.fake.pay(merchant.checkout())
    payload, signature = merchant.fake.signed(last_event(merchant, "customer.subscription.created"))
    event_id = services.receive_event(payload=payload, signature=signature, now=merchant.fake.now)
    PaymentEvent.objects.filter(pk=event_id).update(attempts=MAX_ATTEMPTS)
    assert services.bury_lost_events(now=merchant.fake.now + FAR) == 1
    assert [one.id for one in list_dead_events()] == [event_id]


def test_events_that_came_together_take_one_fetch(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    now = merchant.fake.now
    merchant.fake.pay(merchant.checkout())
    ids = [receive(merchant.fake, event) for event in merchant.fake.events if event["type"] in FOLLOWED]
    fetches: list[str] = []
    fetch = gateway.current().list_subscriptions

    def counted(customer_id: str) -> Any:
        fetches.append(customer_id)
        return fetch(customer_id)

    monkeypatch.setattr(gateway.current(), "list_subscriptions", counted)

    for event_id in ids:
        services.process_event(event_id=event_id, now=now)

    assert len(ids) == 4
    assert fetches == [merchant.account.customer_id]
    found = PaymentEvent.objects.filter(pk__in=ids).values_list("state", "account", "processed_at", "next_attempt_at")
    assert list(found) == [("done", merchant.account.id, now, None)] * 4


def test_an_event_that_comes_during_the_fetch_takes_its_own(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its news may not be in what is being fetched."""
    subscription_id = merchant.subscribe()
    connected = gateway.current()
    fetch = connected.list_subscriptions
    late: list[int] = []

    def slow(customer_id: str) -> Any:
        answer = fetch(customer_id)
        if not late:
            late.append(0)
            connected.end_subscription(subscription_id, prorate=False, key="by-hand")
            late[0] = receive(merchant.fake, last_event(merchant, "customer.subscription.deleted"))
        return answer

    monkeypatch.setattr(connected, "list_subscriptions", slow)
    services.sync_account(account_id=merchant.account.id, now=merchant.fake.now)

    assert merchant.account.status == "active"
    assert PaymentEvent.objects.get(pk=late[0]).state == "pending"
    services.process_event(event_id=late[0], now=merchant.fake.now)
    assert merchant.account.status == "canceled"


def test_settled_events_are_forgotten_after_90_days_and_others_never(merchant: Merchant) -> None:
    merchant.subscribe()
    newest = PaymentEvent.objects.order_by("-id").values_list("id", flat=True)
    dead, pending = newest[0], newest[1]
    soon = merchant.fake.now + timedelta(days=1)
    PaymentEvent.objects.filter(pk=dead).update(state="dead")
    PaymentEvent.objects.filter(pk=pending).update(state="pending", next_attempt_at=soon)
    settled = PaymentEvent.objects.count() - 2

    assert services.forget_settled_events(now=merchant.fake.now + timedelta(days=90)) == 0
    assert services.forget_settled_events(now=merchant.fake.now + timedelta(days=90, seconds=1)) == settled > 0
    assert set(PaymentEvent.objects.values_list("id", flat=True)) == {dead, pending}


def test_of_two_fetches_the_older_one_is_not_written_last(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    """While we wait for Stripe's answer another worker fetches something newer and writes it."""
    subscription_id = merchant.subscribe()
    account_id = merchant.account.id
    connected = gateway.current()
    original = connected.list_subscriptions
    overtaken: list[str] = []

    def slow(customer_id: str) -> Any:
        answer = original(customer_id)
        if not overtaken:
            overtaken.append(customer_id)
            connected.end_subscription(subscription_id, prorate=False, key="by-hand")
            services.sync_account(account_id=account_id, now=merchant.fake.now)
            assert merchant.account.status == "canceled"
        return answer

    monkeypatch.setattr(connected, "list_subscriptions", slow)
    services.sync_account(account_id=account_id, now=merchant.fake.now)
    assert overtaken
    assert merchant.account.status == "canceled"


def test_an_unknown_status_is_read_only_with_an_alert_until_it_is_understood(merchant: Merchant) -> None:
    subscription_id = merchant.subscribe()
    set_status(merchant.fake, subscription_id, "hibernating")
    merchant.deliver()
    assert merchant.standing == ("read_only", "growth", {"kind": "read_only", "cause": "unknown"})
    alert = Alert.objects.get()
    assert (alert.kind, alert.resolved_at) == ("unknown_status", None)
    assert "hibernating" in alert.detail

    set_status(merchant.fake, subscription_id, "active")
    merchant.deliver()
    assert merchant.standing == ("open", "growth", {})
    assert Alert.objects.get().resolved_at == merchant.fake.now


def test_a_deleted_customer_can_become_one_again(merchant: Merchant) -> None:
    merchant.subscribe()
    customer_id = merchant.account.customer_id
    merchant.fake.state.objects[customer_id]["deleted"] = True
    for one in merchant.fake.state.all("subscription"):
        one |= {"status": "canceled", "ended_at": merchant.fake.state.now}
    services.sync_account(account_id=merchant.account.id, now=merchant.fake.now)
    assert (merchant.account.customer_id, merchant.account.status) == ("", "canceled")
    merchant.subscribe("starter")
    assert merchant.account.customer_id not in {"", customer_id}
    assert merchant.standing == ("open", "starter", {})


# Prepaid years


def test_a_prepaid_year_counts_once(merchant: Merchant) -> None:
    merchant.fake.pay(merchant.checkout("starter", prepay=True), way="alipay")
    merchant.deliver()
    merchant.deliver()
    assert merchant.standing == ("open", "starter", {})
    assert merchant.account.paid_until == datetime(2027, 3, 4, 12, tzinfo=UTC)
    assert [one["total"] for one in merchant.fake.all("invoice")] == [99000]
    assert mails_of(merchant.shop)[-1:] == [f"prepaid:{merchant.fake.all('checkout.session')[0]['id']}"]


def test_a_second_year_begins_when_the_first_ends(merchant: Merchant) -> None:
    for _year in range(2):
        merchant.fake.pay(merchant.checkout("starter", prepay=True))
        merchant.deliver()
        merchant.fake.advance(days=100)
    assert merchant.account.paid_until == datetime(2028, 3, 4, 12, tzinfo=UTC)


def test_money_that_takes_days_counts_when_it_has_come(merchant: Merchant) -> None:
    merchant.fake.pay(merchant.checkout("starter", prepay=True), way="us_bank_account")
    merchant.deliver()
    assert merchant.account.paid_until is None
    merchant.wait(days=3)
    assert merchant.account.paid_until == datetime(2027, 3, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_total": 0, "payment_status": "paid"},
        {"amount_total": 98_999},
        {"currency": "usd"},
        {"customer": "cus_other"},
    ],
)
def test_a_payment_other_than_asked_does_not_count_and_is_reported(merchant: Merchant, changes: dict[str, Any]) -> None:
    session_id = merchant.checkout("starter", prepay=True)
    merchant.fake.pay(session_id)
    merchant.fake.state.objects[session_id] |= changes
    merchant.deliver()
    assert merchant.account.paid_until is None
    assert merchant.standing[:2] == ("open", "trial")
    assert [alert.kind for alert in Alert.objects.all()] == ["odd_payment"]


def test_nothing_to_pay_buys_no_year(merchant: Merchant) -> None:
    session_id = merchant.checkout("starter", prepay=True)
    merchant.fake.pay(session_id)
    merchant.fake.state.objects[session_id] |= {"amount_total": 0, "payment_status": "no_payment_required"}
    merchant.deliver()
    assert merchant.account.paid_until is None


@pytest.mark.parametrize("changes", [{"currency": "usd"}, {"unit_amount": 0}])
def test_a_subscription_at_a_price_that_we_do_not_sell_is_reported(merchant: Merchant, changes: dict[str, Any]) -> None:
    subscription_id = merchant.subscribe("starter")
    subscription = merchant.fake.state.objects[subscription_id]
    price = subscription["items"]["data"][0]["price"]
    subscription["items"]["data"][0]["price"] = {**price, **changes}
    subscription["currency"] = changes.get("currency", "cny")
    services.sync_account(account_id=merchant.account.id, now=merchant.fake.now)
    assert [alert.kind for alert in Alert.objects.all()] == ["odd_price"]
    assert merchant.standing[:2] == ("open", "starter")  # only our own people can have made it


def test_a_subscription_to_something_else_gives_nothing(merchant: Merchant) -> None:
    subscription_id = merchant.subscribe("scale")
    price = merchant.fake.state.objects[subscription_id]["items"]["data"][0]["price"]
    price["product"] = "prod_consulting"
    services.sync_account(account_id=merchant.account.id, now=merchant.fake.now)
    assert merchant.standing[:2] == ("open", "trial")
    assert [alert.kind for alert in Alert.objects.all()] == ["unknown_product"]


def test_without_an_answer_nothing_changes(merchant: Merchant) -> None:
    merchant.subscribe()
    before = merchant.account
    merchant.fake.settings.faults = ["500 before"] * 3
    with pytest.raises(PaymentProviderDown):
        services.sync_account(account_id=before.id, now=merchant.fake.now)
    assert merchant.account == before
    assert Account.objects.get(pk=before.id).version == before.version
