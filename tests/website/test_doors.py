"""Into a shop that exists: by its address, or by the mailed list."""

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import Settings
from staff.models import User
from website import tasks
from website.selectors import list_shops_of_email

from tenants.domains import add_domain
from tenants.models import Domain, Shop
from tenants.transaction import tenant_transaction
from tests.conftest import ClientFor
from tests.support.shops import PASSWORD, owner_email
from tests.website.test_pages import text

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def site(shops: tuple[Shop, Shop], client_for: ClientFor) -> Client:
    client = client_for(None)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was asked of the worker."""
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks.send_shop_list, "delay", lambda *args: asked.append(args))
    return asked


@pytest.mark.parametrize(
    "typed",
    ["north", " North ", "north.localhost", "http://north.localhost:8000/console/", "NORTH.localhost.",
     "shop.li.example", "https://shop.li.example/j/x"],
)  # fmt: skip
def test_however_the_address_is_written_it_leads_to_the_shops_sign_in(
    site: Client, shops: tuple[Shop, Shop], typed: str
) -> None:
    add_domain(shop=shops[0], host="shop.li.example", now=timezone.now())
    Domain.objects.update(verified_at=timezone.now())

    answer = site.post("/signin/", {"address": typed})

    assert (answer.status_code, answer.headers["Location"]) == (302, "http://north.localhost:8000/console/sign-in/")


@pytest.mark.parametrize(
    "typed",
    ["nobody", "www", "", "north.elsewhere.example", "http://[", "a\0b", "localhost", "x" * 400, "a.b.localhost"],
)
def test_an_address_without_a_shop_is_a_fault_of_the_field(site: Client, typed: str) -> None:
    answer = site.post("/signin/", {"address": typed})

    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == ["address"]


def test_a_domain_that_is_not_proven_leads_nowhere(site: Client, shops: tuple[Shop, Shop]) -> None:
    add_domain(shop=shops[0], host="shop.li.example", now=timezone.now())

    assert site.post("/signin/", {"address": "shop.li.example"}).status_code == 200


def test_the_answer_is_the_same_whether_the_address_is_known(
    site: Client, shops: tuple[Shop, Shop], sent: list[tuple[Any, ...]]
) -> None:
    known = text(site.post("/find-shop/", {"email": owner_email(shops[0].slug).upper()}))
    unknown = text(site.post("/find-shop/", {"email": "nobody@x.example"}))

    assert known == unknown
    assert "Look into your mailbox" in known
    assert sent == [(owner_email(shops[0].slug), "en"), ("nobody@x.example", "en")]


def test_something_else_than_an_address_is_a_fault(site: Client, sent: list[tuple[Any, ...]]) -> None:
    answer = site.post("/find-shop/", {"email": "li@"})

    assert list(answer.context["form"].errors) == ["email"]
    assert sent == []


def test_nobodys_mailbox_is_filled(site: Client, settings: Settings, sent: list[tuple[Any, ...]]) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"find_shop": "5/m/ip", "find_shop_of_address": "2/h/key"}

    answers = [site.post("/find-shop/", {"email": "li@x.example"}).status_code for _ in range(6)]

    assert answers == [200] * 5 + [429]
    assert len(sent) == 2


def test_while_the_queue_is_down_nothing_is_promised_and_no_try_is_used_up(
    site: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"find_shop_of_address": "1/h/key"}
    sent: list[tuple[Any, ...]] = []

    def fail(*args: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(tasks.send_shop_list, "delay", fail)
    refused = site.post("/find-shop/", {"email": "li@x.example"})
    monkeypatch.setattr(tasks.send_shop_list, "delay", lambda *args: sent.append(args))
    taken = site.post("/find-shop/", {"email": "li@x.example"})

    assert (refused.status_code, taken.status_code) == (503, 200)
    assert "The mail cannot be sent at the moment." in text(refused)
    assert 'value="li@x.example"' in text(refused)
    assert "Look into your mailbox" not in text(refused)
    assert sent == [("li@x.example", "en")]


def test_mistakes_are_forgiven_and_what_was_typed_is_kept_at_the_limit(
    site: Client, settings: Settings, sent: list[tuple[Any, ...]]
) -> None:
    mistakes = {site.post("/find-shop/", {"email": typed}).status_code for typed in ["", "li@", "li"] * 7}
    assert site.post("/find-shop/", {"email": "li@x.example"}).status_code == 200

    settings.ACCOUNT_RATE_LIMITS = {"find_shop": "0/m/ip", "shop_door": "0/m/ip"}
    refused = site.post("/find-shop/", {"email": "wang@x.example"})
    door = site.post("/signin/", {"address": "north"})

    assert mistakes == {200}
    assert (refused.status_code, door.status_code) == (429, 429)
    assert 'value="wang@x.example"' in text(refused)
    assert "That was too often in a short time." in text(refused)
    assert 'value="north"' in text(door)
    assert len(sent) == 1


def test_the_list_names_the_shops_where_the_address_is_an_active_users(
    shops: tuple[Shop, Shop], settings: Settings
) -> None:
    settings.MAIL_DELIVERY_BACKEND = LOCMEM
    north, south = shops
    address = owner_email(north.slug)
    with tenant_transaction(south):
        User.objects.create_user(address, PASSWORD)

    tasks.send_shop_list.apply(args=(address, "zh-hans"), throw=True)

    (message,) = mail.outbox
    assert (message.to, message.subject) == ([address], "您在拉新的店铺")
    for shop in shops:
        assert f"{shop.name}\nhttp://{shop.slug}.localhost:8000/console/" in message.body
    with tenant_transaction(south):
        User.objects.filter(email=address).update(is_active=False)
    assert [shop.slug for shop in list_shops_of_email(address)] == ["north"]


class RefusingServer(EmailBackend):
    """A mail server that is down for as many messages as `refusals` says."""

    refusals = 0
    seen: ClassVar[list[str]] = []

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        """Refuse, or take them."""
        type(self).seen += [str(message.extra_headers["Message-ID"]) for message in messages]
        if len(self.seen) <= self.refusals:
            raise ConnectionRefusedError("nobody listens")
        return super().send_messages(messages)


@pytest.fixture
def refusing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> type[RefusingServer]:
    settings.MAIL_DELIVERY_BACKEND = f"{__name__}.RefusingServer"
    monkeypatch.setattr(RefusingServer, "seen", [])
    monkeypatch.setattr(RefusingServer, "refusals", 3)
    return RefusingServer


def test_the_list_is_sent_again_until_the_mail_server_takes_it(
    shops: tuple[Shop, Shop], refusing: type[RefusingServer]
) -> None:
    tasks.send_shop_list.apply(args=(owner_email(shops[0].slug), "en"))

    (message,) = mail.outbox
    assert message.to == [owner_email(shops[0].slug)]
    assert len(refusing.seen) == 4
    assert len(set(refusing.seen)) == 1


def test_a_mail_server_that_takes_nothing_for_hours_is_given_up(
    shops: tuple[Shop, Shop], refusing: type[RefusingServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing.refusals = 1000
    waits: list[int] = []
    retry = tasks.send_shop_list.retry

    def note(*, countdown: int, **given: Any) -> Any:
        waits.append(countdown)
        return retry(countdown=countdown, **given)

    monkeypatch.setattr(tasks.send_shop_list, "retry", note)

    result = tasks.send_shop_list.apply(args=(owner_email(shops[0].slug), "en"))

    assert isinstance(result.result, ConnectionRefusedError)
    assert mail.outbox == []
    assert len(refusing.seen) == 21
    assert len(set(refusing.seen)) == 1
    assert max(waits) <= 1800


def test_who_has_no_shop_gets_no_mail(shops: tuple[Shop, Shop], settings: Settings) -> None:
    settings.MAIL_DELIVERY_BACKEND = LOCMEM

    tasks.send_shop_list.apply(args=("nobody@x.example' OR true --", "en"), throw=True)

    assert mail.outbox == []


def test_all_parts_of_the_fleet_are_asked(shops: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("website.selectors.SCHEMAS_AT_ONCE", 1)
    for shop in shops:
        with tenant_transaction(shop):
            User.objects.create_user("both@x.example", PASSWORD)

    assert [shop.slug for shop in list_shops_of_email("both@x.example")] == ["north", "south"]
