"""Over real HTTP: the library, browsers and the webhook."""

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit

import pytest
from fakes.stripe.server import open_fake
from playwright.sync_api import Browser
from stripe import StripeClient, Webhook

from tests.fakes.conftest import World
from tests.support.browser import PHONE, axe_violations, page_of
from tests.support.stripe import served


class Webhooks:
    """Takes events, or refuses the first so many."""

    def __init__(self, refusals: int = 0) -> None:
        self.taken: list[tuple[bytes, str]] = []
        self.refusals = refusals
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                refused = outer.refusals > 0
                outer.refusals -= refused
                if not refused:
                    outer.taken.append((body, self.headers["Stripe-Signature"]))
                self.send_response(500 if refused else 200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/billing/stripe/webhook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for body, _ in self.taken]


@pytest.fixture
def webhooks() -> Iterator[Webhooks]:
    made = Webhooks()
    made.thread.start()
    yield made
    made.server.shutdown()
    made.thread.join()
    made.server.server_close()


def wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def control(address: str, name: str, body: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(f"{address}/_fake/{name}", data=json.dumps(body).encode() if body else None)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def test_the_library_speaks_to_it_over_the_network_and_events_arrive_in_order(world: World, webhooks: Webhooks) -> None:
    with served(world.fake, webhook_url=webhooks.url) as address:
        client = StripeClient(world.fake.key, base_addresses={"api": address})
        customer = client.v1.customers.create({"email": "far@shop.test"})
        client.v1.customers.update(customer.id, {"name": "Far"})
        wait_for(lambda: world.fake.state.deliveries == [])

    assert webhooks.types() == world.types()
    body, signature = webhooks.taken[-1]
    event = Webhook.construct_event(body, signature, world.fake.webhook_secrets[0])
    assert event.data.previous_attributes is not None
    assert event.data.previous_attributes.to_dict() == {"name": None}
    assert {event["pending_webhooks"] for event in world.fake.events} == {0}


def test_an_event_that_is_not_taken_comes_again(world: World, webhooks: Webhooks) -> None:
    webhooks.refusals = 1
    with served(world.fake, webhook_url=webhooks.url):
        wait_for(lambda: world.fake.state.deliveries == [])

    assert sorted(webhooks.types()) == sorted(world.types())
    assert webhooks.types()[-1] == world.types()[0]


def test_events_are_held_reordered_repeated_and_lost_as_one_likes(world: World, webhooks: Webhooks) -> None:
    world.fake.settings.hold_events = True
    with served(world.fake, webhook_url=webhooks.url) as address:
        waiting = [each["event"] for each in control(address, "deliveries")]
        answers = control(address, "deliver", {"events": [waiting[2], waiting[0], waiting[2]]})
        lost = control(address, "drop", {"all": True})

        assert (answers, lost) == ([200, 200, 200], len(waiting))
        assert control(address, "deliveries") == []
    assert webhooks.types() == ["price.created", "product.created", "price.created"]


def test_controls_move_the_clock_fail_payments_and_force_statuses(world: World) -> None:
    subscription = world.subscribe()
    with served(world.fake) as address:
        before = control(address, "clock")["now"]
        assert control(address, "settings", {"fail_payments": 1})["fail_payments"] == 1
        assert control(address, "clock", {"days": 31, "seconds": 3600})["now"] == before + 31 * 86400 + 3600
        assert world.status(subscription) == "past_due"
        control(address, "status", {"subscription": subscription, "status": "sleeping"})
        assert world.status(subscription) == "sleeping"
        session = world.open_session()
        assert control(address, "pay", {"session": session})["status"] == "complete"
        once = world.open_session(world.once, mode="payment")
        control(address, "pay", {"session": once})
        opened = control(address, "dispute", {"payment": once})
        closed = control(address, "close_dispute", {"dispute": opened["id"], "outcome": "lost"})
        assert (opened["status"], closed["status"]) == ("needs_response", "lost")
        with pytest.raises(HTTPError) as caught:
            control(address, "settings", {"colour": "red"})
        assert caught.value.code == 400


def test_the_clock_does_not_go_back(world: World) -> None:
    with served(world.fake) as address:
        before = control(address, "clock")["now"]
        for to in ({"to": before - 1}, {"days": -1}):
            with pytest.raises(HTTPError) as caught:
                control(address, "clock", to)
            assert caught.value.code == 400
        assert control(address, "clock")["now"] == before


def test_the_portal_shows_the_card_that_a_subscription_is_paid_with(world: World) -> None:
    asked = {"customer": world.customer, "return_url": "http://shop.test/"}
    with served(world.fake) as address:
        path = urlsplit(world.client.v1.billing_portal.sessions.create(asked).url).path  # type: ignore[arg-type]
        before = urllib.request.urlopen(f"{address}{path}?lang=en").read().decode()
        world.subscribe()
        after = urllib.request.urlopen(f"{address}{path}?lang=en").read().decode()

    assert ("No card yet" in before, "No card yet" in after) == (True, False)
    assert "•••• 4242" in after


def test_the_pay_page_leads_back_with_the_session_in_the_address(world: World) -> None:
    session = world.open_session()
    with served(world.fake) as address:
        page = f"{address}/c/pay/{session}"

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: Any, **__: Any) -> None:
                return None

        opener = urllib.request.build_opener(Stay)
        with pytest.raises(HTTPError) as declined:
            opener.open(page, urlencode({"card": "4000000000000002"}).encode())
        with pytest.raises(HTTPError) as paid:
            opener.open(page, urlencode({"card": "4242424242424242"}).encode())

    assert declined.value.code == 402
    assert (paid.value.code, paid.value.headers["Location"]) == (303, f"http://shop.test/paid?session={session}")
    assert world.fake.get(session)["status"] == "complete"


def test_a_stand_in_begins_where_it_stopped_and_an_unreadable_file_is_put_aside(tmp_path: Path) -> None:
    def start(address: str) -> Any:
        return open_fake(
            address=address, key="sk_test_x", webhook_secrets=("whsec_x",), webhook_url="http://127.0.0.1:9",
            file=tmp_path / "state.json",
        )  # fmt: skip

    first = start("http://127.0.0.1:1")
    first.request("POST", "/v1/customers", {"Authorization": "Bearer sk_test_x"}, "email=a@shop.test")
    first.advance(days=3)
    first.state.save(tmp_path / "state.json")
    second = start("http://127.0.0.1:2")

    assert [each["email"] for each in second.all("customer")] == ["a@shop.test"]
    assert second.state.moment() - first.state.moment() in {0, 1}
    assert second.state.address == "http://127.0.0.1:2"
    (tmp_path / "state.json").write_text("{half a docu")
    assert start("http://127.0.0.1:3").all("customer") == []
    assert (tmp_path / "state.unreadable.json").exists()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("locale", "pay", "cancel"),
    [("zh-CN", "订阅并支付", "取消订阅"), ("en", "Subscribe and pay", "Cancel subscription")],
)
def test_people_pay_on_an_accessible_page_and_cancel_in_the_portal(
    world: World, browser: Browser, locale: str, pay: str, cancel: str
) -> None:
    with served(world.fake) as address, page_of(browser, viewport=PHONE, locale=locale) as page:
        back = f"{address}/nowhere?session={{CHECKOUT_SESSION_ID}}"
        session = world.client.v1.checkout.sessions.create(
            {"mode": "subscription", "customer": world.customer, "success_url": back,
             "line_items": [{"price": world.month, "quantity": 1}]}
        )  # fmt: skip
        page.goto(str(session.url))
        assert axe_violations(page) == []
        page.fill("#card", "4000 0000 0000 0002")
        page.get_by_role("button", name=pay).click()
        page.get_by_role("alert").wait_for()
        page.fill("#card", "4242 4242 4242 4242")
        page.get_by_role("button", name=pay).click()
        page.wait_for_url(f"**/nowhere?session={session.id}")
        portal = world.client.v1.billing_portal.sessions.create({"customer": world.customer, "return_url": back})
        page.goto(portal.url)
        assert axe_violations(page) == []
        page.get_by_role("button", name=cancel).click()
        page.get_by_role("status").wait_for()
        assert axe_violations(page) == []
        (subscription,) = world.fake.all("subscription")
        assert subscription["cancel_at_period_end"] is True
        page.goto(world.fake.all("invoice")[0]["hosted_invoice_url"])
        assert axe_violations(page) == []
