"""Dead events are tried again, one or many, and the answer is what came of it."""

import re
from datetime import timedelta
from typing import Any

import pytest
import stripe
from backoffice import retries
from django.urls import reverse
from django.utils import timezone
from fakes.stripe.app import FakeStripe
from staff.models import User

from billing import gateway
from billing.models import Account, PaymentEvent
from billing.services.accounts import open_account
from tenants.models import Shop
from tests.backoffice.conftest import OPERATOR, list_deeds, sign_in
from tests.support.billing import connect, make_fake
from tests.support.shops import ShopClient

REASON = "Stripe was out of reach this morning"
LIST = "/backoffice/billing/paymentevent/"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeStripe:
    """Stripe at the real time."""
    made = make_fake(timezone.now())
    connected = connect(made)
    monkeypatch.setattr(gateway, "current", lambda: connected)
    return made


@pytest.fixture
def account(shops: tuple[Shop, Shop], fake: FakeStripe) -> Account:
    """North's, which Stripe knows as a customer."""
    now = timezone.now()
    account = open_account(shop=shops[0], trial_ends_at=now + timedelta(days=14), now=now)
    customer_id = connect(fake).create_customer(
        email="owner@north.example", name="North", language="en", shop="north", key="customer"
    )
    Account.objects.filter(pk=account.pk).update(customer_id=customer_id)
    return Account.objects.get(pk=account.pk)


def bury(number: int, customer: str | None, state: str = "dead") -> PaymentEvent:
    """An event about a customer that was given up."""
    now = timezone.now()
    return PaymentEvent.objects.create(
        event_id=f"evt_{number}",
        type="invoice.paid",
        object_id=f"in_{number}",
        customer_id=customer or "",
        is_live=False,
        created_at=now,
        received_at=now,
        state=state,
        attempts=12 if state == "dead" else 1,
        processed_at=now if state == "done" else None,
    )


def take_down(fake: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing reach Stripe."""

    def lose(*args: Any) -> None:
        raise stripe.APIConnectionError("no route to host")  # type: ignore[no-untyped-call]

    monkeypatch.setattr(fake, "request", lose)


def retry(client: ShopClient, event: PaymentEvent) -> str:
    """Fill in the dialog on the event's page; the page that follows."""
    path = reverse("admin:billing_paymentevent_retry", args=[event.pk])
    client.post(path, {"_form_submitted": "True", "reason": REASON})
    return client.get(reverse("admin:billing_paymentevent_change", args=[event.pk])).content.decode()


def retry_many(client: ShopClient, *events: PaymentEvent, reason: str | None = REASON, **more: str) -> Any:
    """Choose events in the list; with a reason also fill in the page that asks for it."""
    fields: dict[str, Any] = {"action": "retry_selected", "_selected_action": [event.pk for event in events], **more}
    if reason is not None:
        fields |= {"_form_submitted": "True", "reason": reason}
    return client.post(LIST, fields, follow=True)


def states() -> dict[str, str]:
    return dict(PaymentEvent.objects.order_by("id").values_list("event_id", "state"))


def test_a_retry_that_works_says_so(operator: User, account: Account) -> None:
    event = bury(1, account.customer_id)
    page = retry(sign_in(), event)
    assert "1 event was processed." in page
    assert states() == {"evt_1": "done"}
    assert list_deeds().get().change_message == f"retry done: {REASON}"


def test_a_retry_that_fails_says_so(
    operator: User, account: Account, fake: FakeStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = bury(1, account.customer_id)
    take_down(fake, monkeypatch)
    page = retry(sign_in(), event)
    assert "1 event failed again" in page
    assert "processed." not in page
    assert states() == {"evt_1": "pending"}
    assert list_deeds().get().change_message == f"retry pending: {REASON}"


def test_a_retry_of_what_is_none_of_ours_says_so(operator: User, account: Account) -> None:
    page = retry(sign_in(), bury(1, "cus_unknown"))
    assert "1 event is of no account of ours and is ignored now." in page


def test_what_is_not_given_up_is_not_tried_again(operator: User, account: Account) -> None:
    page = retry(sign_in(), bury(1, account.customer_id, state="done"))
    assert "1 event is not given up: nothing was done." in page
    assert not list_deeds().exists()


def test_many_are_tried_again_with_one_reason(operator: User, account: Account) -> None:
    ours = [bury(number, account.customer_id) for number in (1, 2)]
    stranger, settled, other = bury(3, "cus_unknown"), bury(4, account.customer_id, "done"), bury(5, "cus_unknown")
    client = sign_in()

    asked = retry_many(client, *ours, stranger, settled, reason=None)
    assert states() == {"evt_1": "dead", "evt_2": "dead", "evt_3": "dead", "evt_4": "done", "evt_5": "dead"}
    chosen = re.findall(r'name="_selected_action" value="(\d+)"', asked.content.decode())
    assert chosen == [str(event.pk) for event in (*ours, stranger)]

    page = retry_many(client, *ours, stranger, settled).content.decode()

    assert states() == {"evt_1": "done", "evt_2": "done", "evt_3": "ignored", "evt_4": "done", "evt_5": "dead"}
    assert "1 event is of no account of ours" in page
    assert set(list_deeds().values_list("object_id", "change_message")) >= {
        (str(ours[0].pk), f"retry done: {REASON}"),
        (str(stranger.pk), f"retry ignored: {REASON}"),
    }
    assert not list_deeds().filter(object_id__in=[str(settled.pk), str(other.pk)]).exists()


@pytest.mark.parametrize("reason", ["", "short", " " * 30])
def test_many_are_not_tried_again_without_a_reason(operator: User, account: Account, reason: str) -> None:
    event = bury(1, account.customer_id)
    assert retry_many(sign_in(), event, reason=reason).status_code == 200
    assert states() == {"evt_1": "dead"}
    assert not list_deeds().exists()


def test_nothing_given_up_among_the_selected_is_said(operator: User, account: Account) -> None:
    page = retry_many(sign_in(), bury(1, account.customer_id, state="done")).content.decode()
    assert "None of the selected events is given up." in page


def test_who_may_only_look_tries_nothing_again(operator: User, account: Account) -> None:
    User.objects.filter(email=OPERATOR).update(is_superuser=False)
    event, client = bury(1, account.customer_id), sign_in()
    assert "retry_selected" not in client.get(LIST).content.decode()
    retry_many(client, event)
    assert states() == {"evt_1": "dead"}
    assert not list_deeds().exists()


def test_another_sites_form_tries_nothing_again(operator: User, account: Account) -> None:
    event, strict = bury(1, account.customer_id), ShopClient(None, enforce_csrf_checks=True)
    strict.cookies = sign_in().cookies
    assert retry_many(strict, event).status_code == 403
    assert states() == {"evt_1": "dead"}


def test_who_waits_gets_an_answer_in_time(operator: User, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripe may be slow; what was not reached stays as it was."""
    events = [bury(number, "cus_unknown") for number in (1, 2, 3)]
    clock = iter([0.0, 1.0, 19.0, 21.0])
    monkeypatch.setattr(retries, "time", type("Clock", (), {"monotonic": staticmethod(lambda: next(clock))}))

    page = retry_many(sign_in(), *events).content.decode()

    assert states() == {"evt_1": "ignored", "evt_2": "ignored", "evt_3": "dead"}
    assert "1 event was not reached in time. Try it again." in page
    assert list_deeds().count() == 2
