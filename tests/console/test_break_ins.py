"""Ways in that somebody may try: with a code seen before, a link asked for earlier, another's address, many guesses."""

import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.core.cache import cache
from django.db import connections
from django.utils import timezone
from messaging.models import Email
from staff.models import AuditEntry, Role, User

from tenants.models import Domain, Shop
from tenants.transaction import tenant_transaction
from tests.support.second_factor import code_of
from tests.support.shops import PASSWORD, ShopClient, owner_email

SIGN_IN, FORGOT, SET_UP = "/console/sign-in/", "/console/password/", "/console/security/second-factor/"
NEW_PASSWORD = "another-bicycle-9"


@pytest.fixture(autouse=True)
def _no_counters() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def sign_in(shop: Shop, password: str = PASSWORD, email: str = "", **extra: str) -> ShopClient:
    client = ShopClient(shop)
    client.post(SIGN_IN, {"login": email or owner_email(shop.slug), "password": password}, **extra)  # type: ignore[arg-type]
    return client


def is_in(client: ShopClient) -> bool:
    return client.get("/console/").status_code == 200


def set_up(client: ShopClient) -> tuple[str, list[str]]:
    secret = client.get(SET_UP).context["form"].secret
    shown = client.post(SET_UP, {"code": code_of(secret)}, follow=True).content.decode()
    return secret, re.findall(r"<li>(\d{8})</li>", shown)


def read_link(message: object) -> str:
    found = re.search(r"http://north\.localhost:8000(\S+)", str(message))
    assert found, message
    return found[1]


def ask_for_reset(shop: Shop, email: str) -> str:
    ShopClient(shop).post(FORGOT, {"email": email})
    return read_link(mail.outbox[-1].body)


def reset(shop: Shop, link: str, password: str = NEW_PASSWORD) -> ShopClient:
    client = ShopClient(shop)
    form = client.get(link, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": password, "password2": password})
    return client


def test_whoever_asks_for_a_new_password_of_the_owners_keeps_nobody_from_a_second_factor(north: Shop) -> None:
    ask_for_reset(north, owner_email("north"))
    with tenant_transaction(north):
        Role.objects.create(code="owner", second_factor_required=True)

    client = sign_in(north)
    set_up(client)

    assert is_in(client)
    with tenant_transaction(north):
        assert Authenticator.objects.filter(type="totp").exists()


def test_a_code_seen_by_somebody_is_not_used_again_while_it_is_still_valid(north: Shop) -> None:
    """allauth remembers a code for the half minute of its own period; it is valid for a minute more."""
    secret, _codes = set_up(sign_in(north))
    code = code_of(secret, later=1)
    first = sign_in(north)
    first.post("/console/security/code/", {"code": code})
    assert is_in(first)
    with tenant_transaction(north):
        authenticator = Authenticator.objects.get(type="totp")
        cache.delete(TOTP(authenticator)._get_used_cache_key(code))

    for typed in (code, f" {code[:3]} {code[3:]}"):
        second = sign_in(north)
        second.post("/console/security/code/", {"code": typed})
        assert not is_in(second)
    with tenant_transaction(north):
        assert AuditEntry.objects.filter(event="sign_in").count() == 2


def test_of_many_who_use_one_recovery_code_at_once_one_gets_in(live_shops: tuple[Shop, Shop]) -> None:
    north = live_shops[0]
    _secret, codes = set_up(sign_in(north))
    clients = [sign_in(north) for _ in range(4)]
    together = threading.Barrier(len(clients))

    def use(client: ShopClient) -> None:
        together.wait()
        client.post("/console/security/code/", {"code": codes[0]})
        connections.close_all()

    threads = [threading.Thread(target=use, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(is_in(client) for client in clients) == [False, False, False, True]


def test_a_new_password_by_link_ends_every_session_keeps_the_second_factor_and_stands_in_the_log(north: Shop) -> None:
    inside = sign_in(north)
    secret, _codes = set_up(inside)
    link = ask_for_reset(north, owner_email("north"))

    assert not is_in(reset(north, link))

    assert not is_in(inside)
    again = sign_in(north, NEW_PASSWORD)
    assert not is_in(again)
    again.post("/console/security/code/", {"code": code_of(secret, later=1)})
    assert is_in(again)
    with tenant_transaction(north):
        entry = AuditEntry.objects.get(subject="staff_user", event="update")
        assert (entry.actor, entry.actor_name, entry.after) == ("", owner_email("north"), {"password": "…"})
    reset(north, link, "a-third-password-1")  # the link again
    with tenant_transaction(north):
        assert User.objects.get().check_password(NEW_PASSWORD)


def test_the_answer_to_a_forgotten_password_does_not_tell_who_exists(north: Shop) -> None:
    with tenant_transaction(north):
        User.objects.create_user("gone@north.example", PASSWORD, role="cashier", is_active=False)
    answers = []
    for email in (owner_email("north"), "nobody@north.example", "gone@north.example"):
        client = ShopClient(north)
        response = client.post(FORGOT, {"email": email})
        answers.append((response.status_code, response["Location"], client.get(response["Location"]).content[:200]))

    assert len(set(answers)) == 1
    assert [message.to for message in mail.outbox] == [[owner_email("north")]]


def test_the_sign_in_does_not_tell_who_exists(north: Shop) -> None:
    def answer(email: str) -> str:
        response = ShopClient(north).post(SIGN_IN, {"login": email, "password": "wrong"})
        return response.content.decode().replace(email, "")

    [known, unknown] = [
        re.sub(r'(value|nonce|content)="[^"]*"|"X-CSRFToken": "[^"]*"', "", answer(email))
        for email in (owner_email("north"), "nobody@north.example")
    ]
    assert known == unknown
    assert "邮箱或密码错误" in known


def test_a_link_to_another_address_ends_with_the_password_it_was_asked_for_with(north: Shop) -> None:
    """Who got hold of a session asked for it; the owner chose another password to lock them out."""
    thief = sign_in(north)
    thief.post("/console/security/email/", {"email": "thief@elsewhere.example"})
    link = read_link(mail.outbox[-1].body)
    reset(north, ask_for_reset(north, owner_email("north")))

    answers = [ShopClient(north).get(link).status_code, ShopClient(north).post(link).status_code]

    assert answers == [410, 410]
    with tenant_transaction(north):
        assert User.objects.get().email == owner_email("north")


def test_a_link_to_another_address_ends_after_a_day(north: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(north).post("/console/security/email/", {"email": "boss@north.example"})
    link, asked_at = read_link(mail.outbox[-1].body), time.time()

    for hours, status in ((23, 200), (25, 410)):
        monkeypatch.setattr("django.core.signing.time.time", lambda hours=hours: asked_at + hours * 3600)
        assert ShopClient(north).get(link).status_code == status


@pytest.fixture
def _few_anywhere(settings: Any) -> None:
    """Five guesses at an account from everywhere, not a hundred."""
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login_failed_anywhere": "5/h/key"}


def test_who_guesses_keeps_nobody_out_who_asks_from_elsewhere(north: Shop) -> None:
    for _ in range(6):
        sign_in(north, "wrong", REMOTE_ADDR="10.0.0.1")

    assert not is_in(sign_in(north, REMOTE_ADDR="10.0.0.1"))
    assert is_in(sign_in(north, REMOTE_ADDR="10.0.0.2"))


def test_guesses_from_one_network_are_counted_together(north: Shop) -> None:
    for number in range(5):
        sign_in(north, "wrong", REMOTE_ADDR=f"2001:db8::{number}")

    assert not is_in(sign_in(north, REMOTE_ADDR="2001:db8::99"))
    assert is_in(sign_in(north, REMOTE_ADDR="2001:db8:0:1::99"))


@pytest.mark.usefixtures("_few_anywhere")
def test_guesses_at_one_account_are_counted_from_wherever_they_come(north: Shop) -> None:
    for number in range(5):
        sign_in(north, "wrong", REMOTE_ADDR=f"10.0.0.{number}")

    assert not is_in(sign_in(north, REMOTE_ADDR="10.0.0.99"))
    cache.clear()
    assert is_in(sign_in(north, REMOTE_ADDR="10.0.0.99"))


@pytest.mark.usefixtures("_few_anywhere")
def test_the_right_password_is_no_guess(north: Shop) -> None:
    for _ in range(6):
        assert is_in(sign_in(north))


@pytest.mark.usefixtures("_few_anywhere")
@pytest.mark.parametrize("places", [["10.0.0.1"] * 5, [f"10.0.0.{number}" for number in range(5)]])
def test_a_new_password_by_link_signs_in_however_many_guessed_before(north: Shop, places: list[str]) -> None:
    for place in places:
        sign_in(north, "wrong", REMOTE_ADDR=place)
    assert not is_in(sign_in(north, REMOTE_ADDR="10.0.0.1"))
    link = ask_for_reset(north, owner_email("north"))

    client = ShopClient(north, REMOTE_ADDR="10.0.0.1")
    form = client.get(link, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})

    assert is_in(sign_in(north, NEW_PASSWORD, REMOTE_ADDR="10.0.0.1"))


def test_guesses_from_one_address_are_counted_whomever_they_are_at(north: Shop) -> None:
    for number in range(10):
        sign_in(north, "wrong", email=f"person{number}@north.example", REMOTE_ADDR="10.0.0.1")

    pretended = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "10.9.9.9"}
    assert not is_in(sign_in(north, **pretended))
    assert is_in(sign_in(north, REMOTE_ADDR="10.0.0.2"))


def list_spellings(shop: Shop) -> list[str]:
    """The same shop, as a Host header may name it."""
    own = "shop.north-fruit.example"
    Domain.objects.create(shop=shop, host=own, token="0" * 32, verified_at=timezone.now())
    return ["north.localhost:81", "NORTH.localhost", "north.localhost.", own, f"{own}:4444"]


@pytest.mark.parametrize("from_one_place", [True, False])
@pytest.mark.usefixtures("_few_anywhere")
def test_guesses_at_one_account_are_counted_however_the_shops_address_is_spelled(
    north: Shop, settings: Any, from_one_place: bool
) -> None:
    if from_one_place:  # the close limit alone
        settings.ACCOUNT_RATE_LIMITS = {"login_failed": "5/300s/key"}
    spellings = list_spellings(north)
    for number, host in enumerate(spellings):
        place = "10.0.0.1" if from_one_place else f"10.0.0.{number}"
        sign_in(north, "wrong", email="Owner@North.Example", HTTP_HOST=host, REMOTE_ADDR=place)

    for number, host in enumerate([*spellings, "north.localhost", "north.localhost:9999"]):
        place = "10.0.0.1" if from_one_place else f"10.0.1.{number}"
        client = sign_in(north, HTTP_HOST=host, REMOTE_ADDR=place)
        assert client.get("/console/", headers={"host": host}).status_code == 302, host


def test_guesses_in_one_shop_leave_the_same_address_in_another_alone(shops: tuple[Shop, Shop]) -> None:
    north, south = shops
    for _ in range(5):
        sign_in(north, "wrong", email=owner_email("south"), REMOTE_ADDR="10.0.0.99")

    assert is_in(sign_in(south, REMOTE_ADDR="10.0.0.99"))


def test_links_in_mails_lead_to_the_shops_own_address_whatever_host_was_asked(north: Shop) -> None:
    for host in list_spellings(north):
        mail.outbox.clear()
        cache.clear()
        client = ShopClient(north)
        client.cookies["laxin_language"] = "en"
        client.post(FORGOT, {"email": owner_email("north")}, headers={"host": host})
        client.post(SIGN_IN, {"login": owner_email("north"), "password": PASSWORD}, headers={"host": host})
        client.post("/console/security/email/", {"email": "boss@north.example"}, headers={"host": host})
        invited = f"new{len(host)}@north.example"
        client.post("/console/staff/", {"email": invited, "role": "cashier"}, headers={"host": host})

        with tenant_transaction(north):
            invitation = Email.objects.latest("pk")
        assert invitation.to == [invited]
        texts = [str(message.body) for message in mail.outbox] + [invitation.text]
        assert len(texts) == 3
        links = [link for text in texts for link in re.findall(r"https?://[^/\s]+", text)]
        assert len(links) >= 3
        assert set(links) == {"http://north.localhost:8000"}, host


def test_a_mailbox_is_not_filled_with_links_to_new_passwords_and_the_answer_stays_the_same(north: Shop) -> None:
    def ask(number: int, email: str) -> tuple[int, str]:
        response = ShopClient(north).post(FORGOT, {"email": email}, REMOTE_ADDR=f"10.0.0.{number}")
        return response.status_code, response.headers.get("Location", "")

    answers = {ask(number, owner_email("north")) for number in range(8)}
    answers |= {ask(number, "nobody@north.example") for number in range(8)}

    assert answers == {(302, "/console/password/sent/")}
    assert [message.to for message in mail.outbox] == [[owner_email("north")]] * 3


def test_over_a_day_a_mailbox_gets_five_links_to_new_passwords(north: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.time()
    for hour in range(12):
        monkeypatch.setattr("allauth.core.internal.ratelimit.time.time", lambda hour=hour: began + hour * 3600)
        ShopClient(north).post(FORGOT, {"email": owner_email("north")})

    assert len(mail.outbox) == 5
