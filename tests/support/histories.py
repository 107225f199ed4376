"""Random histories of one shop's paying, with events that come late, twice, in any order or never.

A history is a run of steps of merchant, bank, portal and clock against the stand-in for Stripe; `choices` decides all
of it, so a seed is a history. In the end the account must be what Stripe says: `faults` compares it with the stand-in's
own objects, read anew in tests/support/truth.py and not by billing's code.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from random import Random
from typing import Any, Literal
from unittest.mock import patch

from django.db import transaction
from django.test import override_settings
from fakes.stripe import checkout as pages
from fakes.stripe import portal
from fakes.stripe.app import FakeStripe
from fakes.stripe.controls import decide, dispute, set_status
from fakes.stripe.disputes import OPEN
from fakes.stripe.errors import StripeFault
from fakes.stripe.subscriptions import pause
from kernel.errors import DomainError

from billing import gateway, services
from billing.models import Account, Alert, Checkout, PaymentEvent
from billing.selectors import get_account, list_due_events
from billing.services.accounts import open_account
from billing.services.standing import apply_standing
from billing.standing import TRIAL_LENGTH
from tenants.models import Shop
from tests.support.billing import connect, make_fake, receive
from tests.support.truth import Promise, Truth, at, read_truth

Mode = Literal["permuted", "disturbed", "lost"]
MODES: tuple[Mode, ...] = ("permuted", "disturbed", "lost")
"""`permuted`: every event comes, in any order, some twice, and nobody sweeps. `disturbed`: some never come and requests
fail, one sweep at the end. `lost`: not one event comes, one sweep at the end."""

PLANS = ("starter", "growth", "scale")
CARDS = (*["4242424242424242"] * 4, *["4000000000000341"] * 4, "4000000000000002", "4000002760003184")
WAITS = (3600, 86400, 3 * 86400, 9 * 86400, 15 * 86400, 31 * 86400, 31 * 86400, 40 * 86400)
Receive = Callable[[FakeStripe, dict[str, Any]], object]


@dataclass
class History:
    """One shop on trial, its Stripe, and what has happened so far."""

    shop: Shop
    fake: FakeStripe
    choices: Random
    mode: Mode
    bring: Receive = receive
    log: list[str] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    promised: dict[str, Promise] = field(default_factory=dict)  # what a year of a page would follow
    seen: int = 0
    events: int = 0

    def run(self, steps: int) -> None:
        """Live through so many steps, events arriving in between as the mode has it."""
        self.seen = len(self.fake.state.kinds.get("event", []))
        account = open_account(shop=self.shop, trial_ends_at=self.fake.now + TRIAL_LENGTH, now=self.fake.now)
        apply_standing(account_id=account.pk, now=self.fake.now)
        self._set_retries()
        first = self.choices.choices([[self._subscribe], [self._prepay], []], weights=[65, 25, 10])[0]
        for step in [*first, *self.choices.choices(self.steps(), weights=WEIGHTS, k=steps)]:
            self.log.append(step.__name__.strip("_"))
            if self.mode == "disturbed" and self.choices.random() < 0.1:
                self.fake.settings.faults = self.choices.choices(["500 before", "500 after", "429", "ok"], k=3)
            try:
                step()
            except (DomainError, StripeFault) as refusal:
                self.log[-1] += f" ({type(refusal).__name__})"
            self.fake.settings.faults = []
            self._collect()
            self._deliver_some()

    def finish(self) -> None:
        """Deliver what is still to come, or sweep once; what is then true must have been found."""
        self._collect()
        if self.mode == "permuted":
            self.choices.shuffle(self.waiting)
            while self.waiting:
                self._bring(*(self.waiting.pop() for _ in range(min(len(self.waiting), self.choices.randint(1, 4)))))
            # What became due by the calendar alone is judged by its reviews, whichever account they take.
            apply_standing(account_id=Account.objects.get(shop=self.shop).pk, now=self.fake.now)
            return
        if self.mode == "disturbed":
            self.choices.shuffle(self.waiting)
            self._bring(*self.waiting[: len(self.waiting) // 3])
        self.waiting = []
        self.log.append("sweep")
        swept = services.reconcile(now=self.fake.now)
        assert swept.failed == 0

    def bring_old_news(self) -> None:
        """Events that were brought before come again, and lost ones at last: nothing may change by them."""
        events = self.fake.events[self.seen :][-40:] if self.mode == "lost" else self.heard
        self._bring(*self.choices.sample(events, min(3, len(events))))

    # What happens

    def steps(self) -> list[Callable[[], None]]:
        """In the order of WEIGHTS."""
        return [
            self._wait, self._subscribe, self._open_page, self._pay_open_page, self._prepay, self._change_plan,
            self._cancel, self._resume, self._use_portal, self._new_card, self._pay_invoice, self._fail_payments,
            self._pause, self._set_retries, self._review, self._land, self._begin_at_stripe,
            self._fall_into_an_unknown_status, self._pay_while_a_page_is_closed, self._refund, self._dispute,
            self._prepay_instead, self._end_at_stripe,
        ]  # fmt: skip

    def _wait(self) -> None:
        seconds = self.choices.choice(WAITS)
        self.log[-1] += f" {seconds / 86400:.2f} days"
        self.fake.advance(seconds=seconds)

    def _open_page(self, *, prepay: bool = False) -> None:
        known = {each["id"] for each in self.fake.all("checkout.session")}
        try:
            self._ask_for_page(prepay=prepay)
        finally:
            new = [each["id"] for each in self.fake.all("checkout.session") if each["id"] not in known]
            ending = [each for each in self._living() if each["status"] in {"active", "trialing"} and each["cancel_at"]]
            if ending:
                follows = max(ending, key=lambda each: (each["created"], each["id"]))
                self.promised |= {each: (follows["id"], at(follows["cancel_at"])) for each in new}

    def _ask_for_page(self, *, prepay: bool) -> None:
        services.start_checkout(
            shop=self.shop,
            plan=self.choices.choice(PLANS),
            interval=self.choices.choice(("month", "month", "year")),
            prepay=prepay,
            email="owner@north.example",
            success_url="http://north.localhost/?session={CHECKOUT_SESSION_ID}",
            cancel_url="http://north.localhost/",
            now=self.fake.now,
        )

    def _prepay(self) -> None:
        self._open_page(prepay=True)
        self._pay_open_page()

    def _subscribe(self) -> None:
        self._open_page()
        self._pay_open_page()

    def _pay_open_page(self) -> None:
        """Any page that is still open, also one that billing thinks is closed."""
        open_pages = [each for each in self.fake.all("checkout.session") if each["status"] == "open"]
        if open_pages:
            page = self.choices.choice(open_pages)
            way = self.choices.choice(page["payment_method_types"])
            with self.fake.state.lock:
                pages.pay(self.fake.state, page["id"], way=way, card=self.choices.choice(CARDS))

    def _pay_while_a_page_is_closed(self) -> None:
        """A wallet confirms between our look at a page and our closing it, because another one was asked for."""
        self._open_page(prepay=self.choices.random() < 0.5)
        connected = gateway.current()
        expire = connected.expire_session

        def too_late(session_id: str, *, key: str) -> None:
            self._pay_open_page()
            expire(session_id, key=key)

        with patch.object(connected, "expire_session", too_late):
            self._open_page(prepay=self.choices.random() < 0.5)

    def _prepay_instead(self) -> None:
        """Of a subscription, paid or not: it is cancelled, and a year paid by a wallet."""
        self._cancel()
        self._prepay()

    def _end_at_stripe(self) -> None:
        """At once, by a person in Stripe's dashboard, whatever was promised."""
        for subscription in self._living():
            self._ask("DELETE", f"/v1/subscriptions/{subscription['id']}", "")

    def _land(self) -> None:
        pages_of_ours = list(Checkout.objects.values_list("session_id", flat=True))
        if pages_of_ours:
            services.settle_checkout(shop=self.shop, session_id=self.choices.choice(pages_of_ours), now=self.fake.now)

    def _change_plan(self) -> None:
        interval = self.choices.choice(("month", "month", "year"))
        services.change_plan(shop=self.shop, plan=self.choices.choice(PLANS), interval=interval, now=self.fake.now)

    def _cancel(self) -> None:
        services.cancel_subscription(shop=self.shop, now=self.fake.now)

    def _resume(self) -> None:
        services.resume_subscription(shop=self.shop, now=self.fake.now)

    def _use_portal(self) -> None:
        for subscription in self._living():
            with self.fake.state.lock:
                session = {"customer": subscription["customer"]}
                cancel = self.choices.random() < 0.5
                portal.change_cancellation(self.fake.state, session, subscription["id"], cancel=cancel)

    def _new_card(self) -> None:
        for customer in self.fake.state.all("customer"):
            with self.fake.state.lock:
                pages.take_card(self.fake.state, customer, self.choices.choice(CARDS))

    def _pay_invoice(self) -> None:
        """An open invoice is paid on Stripe's page, the newest most often."""
        for invoice in self.fake.all("invoice"):
            if invoice["status"] == "open" and self.choices.random() < 0.7:
                self._ask("POST", f"/v1/invoices/{invoice['id']}/pay", "off_session=false")

    def _fail_payments(self) -> None:
        self.fake.settings.fail_payments = self.choices.choice((0, 1, 2, 4))

    def _pause(self) -> None:
        """What only we could do at Stripe, in its dashboard."""
        for subscription in self._living():
            if subscription["status"] in {"active", "trialing"}:
                with self.fake.state.lock:
                    pause(self.fake.state, self.fake.state.objects[subscription["id"]], "pause_requested")

    def _begin_at_stripe(self) -> None:
        """A second subscription, as only a person in Stripe's dashboard can make one; it waits for its payment."""
        prices = [each for each in self.fake.state.all("price") if each["recurring"] and each["currency"] == "cny"]
        for customer in self.fake.all("customer"):
            body = f"customer={customer['id']}&items[0][price]={self.choices.choice(prices)['id']}"
            self._ask("POST", "/v1/subscriptions", body + "&payment_behavior=default_incomplete")

    def _fall_into_an_unknown_status(self) -> None:
        """One that Stripe may think of next year."""
        for subscription in self._living():
            set_status(self.fake, subscription["id"], "hibernating")

    def _refund(self) -> None:
        """All or a part of any payment is given back; by a bank it may come back days later."""
        self.fake.settings.fail_refunds = self.choices.choice((0, 0, 1))
        charge = self._choose_charge()
        if charge:
            part = self.choices.choice(("", "", f"&amount={charge['amount'] // 3}"))
            self._ask("POST", "/v1/refunds", f"charge={charge['id']}{part}")

    def _dispute(self) -> None:
        """A bank asks for a payment back, and decides now or later."""
        waiting = [each for each in self.fake.all("dispute") if each["status"] in OPEN]
        charge = None if waiting else self._choose_charge()
        if charge:
            waiting = [dispute(self.fake, charge["id"], inquiry=self.choices.random() < 0.2)]
        if waiting and (not charge or self.choices.random() < 0.5):
            is_inquiry = waiting[0]["status"].startswith("warning")
            outcome = "warning_closed" if is_inquiry else self.choices.choice(("won", "lost", "lost"))
            decide(self.fake, waiting[0]["id"], outcome)

    def _choose_charge(self) -> dict[str, Any] | None:
        """A payment that brought money, for a year where there is one that we have something of."""
        charges = [each for each in self.fake.all("charge") if each["status"] == "succeeded"]
        years = {each["payment_intent"] for each in self.fake.all("checkout.session")}
        whole = [each for each in charges if each["payment_intent"] in years and not each["refunded"]]
        return self.choices.choice(whole or charges) if charges else None

    def _set_retries(self) -> None:
        self.fake.settings.after_retries = self.choices.choice(("cancel", "unpaid", "past_due"))

    def _review(self) -> None:
        """The calendar; not for a shop that may be deleted by it."""
        if Shop.objects.get(pk=self.shop.pk).access != Shop.Access.SUSPENDED:
            services.review_accounts(now=self.fake.now)

    def _ask(self, method: str, path: str, body: str) -> None:
        self.fake.request(method, path, {"Authorization": f"Bearer {self.fake.key}"}, body)

    def _living(self) -> list[dict[str, Any]]:
        return [each for each in self.fake.all("subscription") if not each["ended_at"]]

    # Events

    def _collect(self) -> None:
        known = self.fake.state.kinds.get("event", [])
        self.waiting += [self.fake.get(identifier) for identifier in known[self.seen :]]
        self.seen = len(known)
        if self.mode == "lost":
            self.waiting = []

    def _deliver_some(self) -> None:
        """A few of those that wait, any of them; in a disturbed history some are lost and requests fail."""
        if not self.waiting or self.choices.random() < 0.4:
            return
        coming = []
        for _ in range(min(len(self.waiting), self.choices.randint(1, 4))):
            event = self.waiting.pop(self.choices.randrange(len(self.waiting)))
            if self.mode != "disturbed" or self.choices.random() < 0.6:
                coming += [event] * self.choices.choice((1, 1, 1, 1, 2))
        if self.heard and self.choices.random() < 0.2:
            coming.append(self.choices.choice(self.heard))
        if self.mode == "disturbed" and self.choices.random() < 0.3:
            self.fake.settings.faults = ["500 before"] * 3
        self._bring(*coming)
        self.fake.settings.faults = []

    def _bring(self, *events: dict[str, Any]) -> None:
        """Events that come together: all are stored, then those that are due are processed one after the other."""
        for event in events:
            self.bring(self.fake, event)
        self.heard += events
        self.events += len(events)
        due = list_due_events(now=self.fake.now, limit=50)
        self.choices.shuffle(due)
        for event_id in due:
            services.process_event(event_id=event_id, now=self.fake.now)

    # What must be

    def truth(self) -> Truth:
        """What the stand-in's objects mean now."""
        account = Account.objects.get(shop=self.shop)
        return read_truth(
            self.fake,
            customer=account.customer_id,
            trial_ends_at=account.trial_ends_at,
            asked={
                page.session_id: (page.plan, self.promised.get(page.session_id))
                for page in Checkout.objects.filter(is_prepay=True)
            },
        )

    def faults(self) -> list[str]:
        """In what the account and the shop differ from the truth."""
        row = get_account(shop_id=self.shop.pk)
        truth = self.truth()
        stored = {name: getattr(row, name) for name in truth.account}
        found = [
            f"{name} is {stored[name]!r}, at Stripe {value!r}" for name, value in truth.account.items()
            if stored[name] != value
        ]  # fmt: skip
        shop = Shop.objects.get(pk=self.shop.pk)
        if (shop.access, shop.plan) != truth.standing(self.fake.now):
            found.append(f"the shop is {shop.access} {shop.plan}, due is {truth.standing(self.fake.now)}")
        said = set(Alert.objects.filter(kind="dispute_open", resolved_at=None).values_list("key", flat=True))
        disputed = {f"dispute_open:{each['id']}" for each in self.fake.all("dispute") if each["status"] in OPEN}
        if said != disputed:
            found.append(f"open disputes are {sorted(disputed)}, alerts {sorted(said)}")
        dead = PaymentEvent.objects.filter(state=PaymentEvent.State.DEAD).count()
        return [*found, *self._list_double_payments(truth), *([f"{dead} events are dead"] if dead else [])]

    def _list_double_payments(self, truth: Truth) -> Iterator[str]:
        """What could still be paid besides what is paid already."""
        chosen = truth.account["subscription_id"]
        living = [each for each in self._living() if each["id"] == chosen and each["status"] != "incomplete"]
        has_year = any(begin <= self.fake.now < end for _, begin, end in truth.years)
        for subscription in living:
            if has_year and subscription["cancel_at"] and subscription["status"] not in {"active", "trialing"}:
                yield f"{chosen} owes what a year has replaced"
            for page in self.fake.all("checkout.session"):
                if page["status"] == "open" and page["mode"] == "payment" and not subscription["cancel_at"]:
                    yield f"{page['id']} can be paid besides {chosen}, which goes on"


WEIGHTS = [36, 5, 3, 4, 4, 12, 5, 7, 6, 5, 6, 9, 2, 6, 6, 4, 2, 1, 2, 8, 8, 5, 2]


def describe(history: History, seed: object) -> str:
    """What is needed to see a history again."""
    return f"seed {seed}, {history.mode}: " + ", ".join(history.log)


@contextmanager
def prepared_stripe(now: datetime) -> Iterator[FakeStripe]:
    """A stand-in that sells our plans, with which billing is connected."""
    fake = make_fake(now)
    fake.state.take_document(json.loads(_selling(now)))
    connected = connect(fake)
    with (
        patch.object(gateway, "current", lambda: connected),
        override_settings(STRIPE_KEY=fake.key, STRIPE_WEBHOOK_SECRETS=fake.webhook_secrets),
    ):
        yield fake


@cache
def _selling(now: datetime) -> str:
    """The state of a stand-in with products and prices, made once."""
    fake = make_fake(now)
    connected = connect(fake)
    with patch.object(gateway, "current", lambda: connected):
        services.sync_prices()
    return json.dumps(fake.state.to_document())


@contextmanager
def lived_through(
    shop: Shop,
    fake: FakeStripe,
    choices: Random,
    mode: Mode,
    steps: int,
    *,
    sweep: bool = True,
    bring: Receive = receive,
) -> Iterator[History]:
    """A history of `shop` that is over; afterwards the database knows nothing of it."""
    with transaction.atomic():
        history = History(shop, fake, choices, mode, bring)
        history.run(steps)
        if sweep:
            history.finish()
        yield history
        transaction.set_rollback(True)
