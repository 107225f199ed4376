"""Whatever happens to events, an account becomes what Stripe says. `make soak` does the same at length."""

import logging
import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from fakes.stripe.app import FakeStripe
from fakes.stripe.subscriptions import pause
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st

from billing import gateway, services
from billing.gateway import Gateway
from billing.models import Account, PaymentEvent
from billing.services import process_event
from tenants.models import Shop
from tests.billing.conftest import Merchant
from tests.conftest import ClientFor
from tests.support.histories import MODES, Mode, describe, lived_through, prepared_stripe
from tests.support.stripe import served

SEED = int(os.environ.get("HISTORIES_SEED", "20260304"))
HISTORIES = int(os.environ.get("HISTORIES", "510"))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Refusals are meant here; their log would fill the disk."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.oracle
def test_an_account_becomes_what_stripe_says_whatever_happens_to_events(
    shops: tuple[Shop, Shop], now: datetime
) -> None:
    seen: Counter[str] = Counter()

    @seed(SEED)
    @settings(
        max_examples=HISTORIES,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(
        number=st.integers(0, 2**32),
        mode=st.sampled_from(MODES),
        steps=st.integers(4, 12),
    )
    def live(number: int, mode: Mode, steps: int) -> None:
        with prepared_stripe(now) as fake, lived_through(shops[0], fake, Random(number), mode, steps) as history:
            note(describe(history, number))
            assert history.faults() == []
            history.bring_old_news()
            assert history.faults() == []
            seen.update([mode, history.truth().account["status"]])

    live()

    print(f"seed {SEED}, histories by mode and last status: {dict(seen)}")
    # The histories are worth something: every status that paying can lead to was met in the end.
    if HISTORIES >= 500:
        assert set(seen) >= {*MODES, "", "active", "canceled", "past_due", "paused", "unpaid"}


@pytest.mark.parametrize("number", range(8))
def test_a_few_histories_in_the_inner_loop(shops: tuple[Shop, Shop], now: datetime, number: int) -> None:
    with (
        prepared_stripe(now) as fake,
        lived_through(shops[0], fake, Random(number), MODES[number % len(MODES)], 10) as history,
    ):
        print(describe(history, number))
        assert history.faults() == []


def test_what_nobody_swept_is_seen_by_the_comparison(shops: tuple[Shop, Shop], now: datetime) -> None:
    """The control: without events and without the sweep accounts are wrong, unless a service of ours looked last."""
    wrong = 0
    for number in range(12):
        with (
            prepared_stripe(now) as fake,
            lived_through(shops[0], fake, Random(number), "lost", 12, sweep=False) as history,
        ):
            wrong += bool(history.faults())

    assert wrong >= 2


def test_one_sweep_heals_the_loss_of_every_event_of_many_months(shops: tuple[Shop, Shop], now: datetime) -> None:
    with prepared_stripe(now) as fake, lived_through(shops[0], fake, Random(5), "lost", 40) as history:
        print(describe(history, 5))
        assert history.faults() == []
        account = Account.objects.get(shop=shops[0])
        assert account.synced_at == fake.now
        assert history.events == 0


@pytest.mark.oracle
@pytest.mark.parametrize("number", range(6))
def test_histories_over_real_http(shops: tuple[Shop, Shop], now: datetime, client_for: ClientFor, number: int) -> None:
    """The library's own connection to the stand-in, and the webhook's view with the body and header of a real post."""
    site = client_for(None)

    def bring(fake: FakeStripe, event: dict[str, Any]) -> None:
        body, signature = fake.signed(event, timestamp=int(time.time()))
        headers = {"Stripe-Signature": signature}
        answer = site.post("/billing/stripe/webhook", body, content_type="application/json", headers=headers)
        assert answer.status_code == 200
        for event_id in PaymentEvent.objects.filter(event_id=event["id"], state="pending").values_list("pk", flat=True):
            process_event(event_id=event_id, now=datetime.now(UTC))

    with prepared_stripe(now) as fake, served(fake) as address:
        connected = Gateway(key=fake.key, url=address)
        with (
            patch.object(gateway, "current", lambda: connected),
            lived_through(shops[0], fake, Random(number), MODES[number % len(MODES)], 8, bring=bring) as history,
        ):
            print(describe(history, number))
            assert history.faults() == []


def test_a_debt_that_is_still_a_draft_counts_since_it_was_made(merchant: Merchant) -> None:
    """Found by a history: the old invoice is paid, the one that counts waits as a draft; nothing open was left."""
    fake = merchant.fake
    fake.settings.after_retries = "unpaid"
    merchant.subscribe(card="4000000000000341")
    fake.advance(days=31 + 16)
    fake.advance(days=31)
    (old,) = [each for each in fake.all("invoice") if each["status"] == "open"]
    (draft,) = [each for each in fake.all("invoice") if each["status"] == "draft"]
    path = f"/v1/invoices/{old['id']}/pay"
    fake.request("POST", path, {"Authorization": f"Bearer {fake.key}"}, "paid_out_of_band=true")

    services.reconcile(now=fake.now)

    assert merchant.account.status == "unpaid"
    assert merchant.account.past_due_since == datetime.fromtimestamp(draft["created"], UTC)


def test_of_invoices_made_in_one_second_a_debt_counts_since_the_first_was_issued(merchant: Merchant) -> None:
    """Found by a history: the renewal waits an hour as a draft, what is due for going on after a pause does not."""
    fake = merchant.fake
    merchant.subscribe(card="4000000000000341")
    fake.advance(days=31)
    with fake.state.lock:
        pause(fake.state, fake.state.objects[merchant.account.subscription_id], "pause_requested")
    services.reconcile(now=fake.now)
    services.resume_subscription(shop=merchant.shop, now=fake.now)
    services.cancel_subscription(shop=merchant.shop, now=fake.now)
    fake.advance(days=40)
    first, second = [each for each in fake.all("invoice") if each["status"] == "open"]
    assert first["created"] == second["created"]
    issued = [each["status_transitions"]["finalized_at"] for each in (first, second)]
    assert issued[0] - issued[1] == 3600

    services.reconcile(now=fake.now)

    assert merchant.account.past_due_since == datetime.fromtimestamp(issued[1], UTC)
