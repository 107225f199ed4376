"""Workers at the same moment: an event is processed by one, and the account ends as Stripe has it."""

import threading
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, connections
from fakes.stripe.app import FakeStripe
from messaging.models import Email

from billing import gateway, services
from billing.models import Checkout, PaymentEvent
from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.billing.conftest import Merchant, put_on_trial
from tests.support.stripe import InProcess

WORKERS = 4


class OutsideOnly(InProcess):
    """Refuses calls within a transaction: a slow answer would hold locks, a lost one would hide what was done."""

    def request(self, *args: Any, **options: Any) -> Any:
        assert not connection.in_atomic_block
        return super().request(*args, **options)


@pytest.fixture
def live_merchant(
    live_shops: tuple[Shop, Shop], fake: FakeStripe, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> Merchant:
    """`north` on trial, in a database where everything commits."""
    strict = gateway.Gateway(key=fake.key, url="http://stripe.test", http_client=OutsideOnly(fake))
    monkeypatch.setattr(gateway, "current", lambda: strict)
    services.sync_prices()
    put_on_trial(live_shops[0], now)
    return Merchant(shop=live_shops[0], fake=fake, delivered=len(fake.events))


def at_once(work: list[Any]) -> None:
    """Run the calls in threads that start together."""
    start, faults = threading.Barrier(len(work)), []

    def run(call: Any) -> None:
        try:
            start.wait(10)
            call()
        except BaseException as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(call,)) for call in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []


def receive(merchant: Merchant, event: dict[str, Any]) -> int:
    """Store an event without processing it."""
    payload, signature = merchant.fake.signed(event)
    return services.receive_event(payload=payload, signature=signature, now=merchant.fake.now)


def test_an_event_that_arrives_at_many_workers_is_processed_by_one(live_merchant: Merchant) -> None:
    merchant = live_merchant
    merchant.fake.pay(merchant.checkout("starter", prepay=True))
    event = next(one for one in merchant.fake.events if one["type"] == "checkout.session.completed")
    ids: list[int] = []

    def work() -> None:
        event_id = receive(merchant, event)
        ids.append(event_id)
        services.process_event(event_id=event_id, now=merchant.fake.now)

    at_once([work] * WORKERS)

    assert len(set(ids)) == 1
    assert PaymentEvent.objects.values_list("state", "attempts").get() == ("done", 1)
    assert merchant.account.paid_until == datetime(2027, 3, 4, 12, tzinfo=merchant.fake.now.tzinfo)
    with tenant_transaction(merchant.shop):
        assert Email.objects.count() == 1


def test_all_events_of_a_shop_at_once_come_to_what_stripe_has(live_merchant: Merchant) -> None:
    merchant = live_merchant
    merchant.subscribe("starter")
    services.change_plan(shop=merchant.shop, plan="growth", interval="month", now=merchant.fake.now)
    services.cancel_subscription(shop=merchant.shop, now=merchant.fake.now)
    merchant.fake.advance(days=32)
    ids = [receive(merchant, event) for event in merchant.fake.events]
    shares = [ids[number::WORKERS] for number in range(WORKERS)]

    def work(share: list[int]) -> None:
        for event_id in share:
            services.process_event(event_id=event_id, now=merchant.fake.now)

    at_once([lambda share=share: work(share) for share in shares])

    assert set(PaymentEvent.objects.values_list("state", flat=True)) == {"done", "ignored"}
    assert (merchant.account.status, merchant.standing[:2]) == ("canceled", ("read_only", "growth"))


def test_two_clicks_on_pay_open_one_page(live_merchant: Merchant) -> None:
    merchant = live_merchant
    at_once([merchant.checkout] * 2)
    assert len(merchant.fake.all("customer")) == 1
    assert [one["status"] for one in merchant.fake.all("checkout.session")].count("open") == 1
    assert Checkout.objects.filter(is_open=True).count() == 1
