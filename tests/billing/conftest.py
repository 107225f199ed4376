"""A stand-in for Stripe in the process, and a shop on trial that can pay there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from fakes.stripe.app import WEBHOOK_SECRET, FakeStripe
from messaging.models import Email

from billing import gateway, services
from billing.models import Account, PaymentEvent
from billing.selectors import get_account
from billing.services.accounts import open_account
from billing.services.events import LONGEST_WAIT
from billing.services.standing import apply_standing
from billing.standing import TRIAL_LENGTH
from billing.types import AccountRow
from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.billing import connect, deliver, make_fake
from tests.support.kills import Killed, Killer, undone


@dataclass
class Merchant:
    """One shop and what its owner does."""

    shop: Shop
    fake: FakeStripe
    delivered: int = field(default=0)

    @property
    def account(self) -> AccountRow:
        """As it is stored."""
        return get_account(shop_id=self.shop.pk)

    @property
    def standing(self) -> tuple[str, str, dict[str, Any]]:
        """What the shop may use: access, plan, notice."""
        shop = Shop.objects.get(pk=self.shop.pk)
        return shop.access, shop.plan, shop.notice

    def checkout(self, plan: str = "growth", interval: str = "month", *, prepay: bool = False) -> str:
        """Go to the payment page. Its session's id."""
        services.start_checkout(
            shop=self.shop,
            plan=plan,
            interval=interval,
            prepay=prepay,
            email="owner@north.example",
            success_url="http://north.localhost/console/billing/done/?session={CHECKOUT_SESSION_ID}",
            cancel_url="http://north.localhost/console/billing/",
            now=self.fake.now,
        )
        page = Account.objects.get(shop=self.shop).checkouts.filter(is_open=True).latest("id")
        return page.session_id

    def subscribe(self, plan: str = "growth", interval: str = "month", *, card: str = "4242424242424242") -> str:
        """Pay for a plan, events delivered. The subscription's id."""
        self.fake.pay(self.checkout(plan, interval), card=card)
        self.deliver()
        return self.account.subscription_id

    def deliver(self) -> None:
        """Bring all events that were not brought yet, in their order."""
        events = self.fake.events
        for event in events[self.delivered :]:
            deliver(self.fake, event)
        self.delivered = len(events)

    def wait(self, *, days: float) -> None:
        """Let days pass at Stripe and with us, events delivered, due accounts looked at."""
        self.fake.advance(days=days)
        self.deliver()
        services.review_accounts(now=self.fake.now)


def kill_at_each_statement(
    merchant: Merchant, event: dict[str, Any], outcome: Callable[[], object], *, before: object, expected: object
) -> int:
    """Process an event, killed at each statement in turn and delivered again each time. How many statements there were.

    What was done is done (`outcome() == expected`); what was not has left nothing (`before`: standing and mails).
    """
    fake, killed = merchant.fake, 0
    while True:
        with undone():
            payload, signature = fake.signed(event)
            event_id = services.receive_event(payload=payload, signature=signature, now=fake.now)
            killer = Killer(killed)
            try:
                with connection.execute_wrapper(killer):
                    services.process_event(event_id=event_id, now=fake.now)
            except Killed:
                is_done = PaymentEvent.objects.get(pk=event_id).state == "done"
                left = outcome() if is_done else (merchant.standing, mails_of(merchant.shop))
                assert left == (expected if is_done else before)
            again = services.receive_event(payload=payload, signature=signature, now=fake.now)
            assert again == event_id
            services.process_event(event_id=event_id, now=fake.now + LONGEST_WAIT)
            assert outcome() == expected
        if not killer.fired:
            return killed
        killed += 1


@pytest.fixture
def fake(now: datetime, monkeypatch: pytest.MonkeyPatch, settings: Any) -> FakeStripe:
    """Stripe, with nothing for sale yet; its time stands at `now`."""
    made = make_fake(now)
    connected = connect(made)
    monkeypatch.setattr(gateway, "current", lambda: connected)
    settings.STRIPE_KEY = made.key
    settings.STRIPE_WEBHOOK_SECRETS = (WEBHOOK_SECRET,)
    return made


def put_on_trial(shop: Shop, now: datetime) -> None:
    """As if the shop had signed up at `now`."""
    account = open_account(shop=shop, trial_ends_at=now + TRIAL_LENGTH, now=now)
    apply_standing(account_id=account.pk, now=now)


@pytest.fixture
def merchant(fake: FakeStripe, shops: tuple[Shop, Shop], now: datetime) -> Merchant:
    """`north` on trial since `now`; prices are made at Stripe."""
    services.sync_prices()
    put_on_trial(shops[0], now)
    return Merchant(shop=shops[0], fake=fake, delivered=len(fake.events))


@pytest.fixture
def other_merchant(merchant: Merchant, shops: tuple[Shop, Shop], now: datetime) -> Callable[[], Merchant]:
    """Makes `south`, in dollars, on trial too."""

    def make() -> Merchant:
        put_on_trial(shops[1], now)
        return Merchant(shop=shops[1], fake=merchant.fake, delivered=len(merchant.fake.events))

    return make


def mails_of(shop: Shop) -> list[str | None]:
    """Keys of the mails that were queued."""
    with tenant_transaction(shop):
        return list(Email.objects.order_by("id").values_list("key", flat=True))


def last_event(merchant: Merchant, kind: str) -> dict[str, Any]:
    """The newest event of a type."""
    return [event for event in merchant.fake.events if event["type"] == kind][-1]
