"""From the sign-up form into the console."""

import copy
import threading
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from staff import services
from staff.models import SignInLink, User

from tenants.models import Shop
from tenants.selectors import get_shop
from tenants.transaction import tenant_transaction
from tests.support.shops import ShopClient

GOOD = {
    "name": "街角小店",
    "slug": "corner",
    "email": "Li@Corner.Example",
    "password": "orange-bicycle-7",
    "language": "zh-hans",
}


def follow(location: str) -> ShopClient:
    """A browser that goes where sign-up leads."""
    target = urlsplit(location)
    client = ShopClient(get_shop(slug=str(target.hostname).split(".")[0]))
    response = client.get(target.path)
    assert response["Location"] == "/console/"
    return client


@pytest.mark.usefixtures("shops")
def test_sign_up_ends_in_the_console_of_the_new_shop() -> None:
    response = ShopClient().post("/signup/", GOOD)

    page = follow(response["Location"]).get("/console/")

    assert page.status_code == 200
    assert "街角小店" in page.content.decode()


@pytest.mark.usefixtures("shops")
def test_sending_the_form_twice_opens_one_shop_and_leads_there_twice() -> None:
    client = ShopClient()

    first, second = (client.post("/signup/", GOOD) for _ in range(2))

    assert (first.status_code, second.status_code) == (302, 302)
    for response in (first, second):
        assert follow(response["Location"]).get("/console/").status_code == 200
    with tenant_transaction(get_shop(slug="corner")):
        assert User.objects.count() == 1


def test_a_double_click_opens_one_shop(live_shops: tuple[Shop, Shop]) -> None:
    answers: list[int] = []
    cookies = ShopClient().get("/signup/").cookies  # of the page with the button

    def send() -> None:
        client = ShopClient()
        client.cookies = cookies
        try:
            answers.append(client.post("/signup/", GOOD).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [302, 302]
    assert Shop.objects.filter(slug="corner").count() == 1


@pytest.mark.usefixtures("shops")
def test_who_lost_the_answer_gets_in_by_the_form_of_the_same_browser() -> None:
    """Loaded anew, as after a broken connection, with nothing of the first answer."""
    cookies = ShopClient().get("/signup/").cookies
    first, again = ShopClient(), ShopClient()
    first.cookies, again.cookies = cookies, copy.deepcopy(cookies)
    first.post("/signup/", GOOD)
    again.get("/signup/")

    response = again.post("/signup/", GOOD)

    assert follow(response["Location"]).get("/console/").status_code == 200


@pytest.mark.usefixtures("shops")
def test_no_other_browser_gets_in_or_learns_whether_a_password_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    ShopClient().post("/signup/", GOOD)
    shop = get_shop(slug="corner")
    with tenant_transaction(shop):
        links = SignInLink.objects.count()
    looked_at: list[str] = []
    monkeypatch.setattr(User, "check_password", lambda user, password: looked_at.append(password))

    answers = [
        ShopClient().post("/signup/", GOOD | {"password": password})
        for password in (GOOD["password"], "green-bicycle-8")
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.context["form"].errors for answer in answers] == [answers[0].context["form"].errors] * 2
    assert looked_at == []
    with tenant_transaction(shop):
        assert SignInLink.objects.count() == links


@pytest.mark.usefixtures("shops")
def test_the_secret_of_the_browser_opens_no_session() -> None:
    client = ShopClient()
    client.post("/signup/", GOOD)
    secret = client.cookies["laxin_csrf"].value
    shop = get_shop(slug="corner")

    for tried in (secret, f"opened by {secret}"):
        answer = ShopClient(shop).get(f"/console/enter/{tried}/", follow=True)
        assert answer.redirect_chain[-1][0].startswith("/console/sign-in/")


@pytest.mark.usefixtures("shops")
def test_the_browser_may_come_back_for_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    client = ShopClient()
    client.post("/signup/", GOOD)
    now = timezone.now()

    answers = []
    for minutes in (9, 11):
        later = now + timedelta(minutes=minutes)
        monkeypatch.setattr("website.views.sign_up.timezone.now", lambda later=later: later)
        answers.append(client.post("/signup/", GOOD).status_code)

    assert answers == [302, 200]


@pytest.mark.usefixtures("shops")
def test_another_password_for_a_taken_address_is_a_fault_and_no_way_in() -> None:
    client = ShopClient()
    client.post("/signup/", GOOD)

    response = client.post("/signup/", GOOD | {"password": "green-bicycle-8"})

    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["slug"]


@pytest.mark.usefixtures("shops")
def test_what_is_missing_and_what_is_taken_is_said_in_one_answer() -> None:
    response = ShopClient().post("/signup/", GOOD | {"slug": "north", "name": "", "language": ""})

    assert set(response.context["form"].errors) == {"slug", "name", "language"}


@pytest.mark.usefixtures("shops")
def test_a_failure_half_way_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError("the power went out")

    monkeypatch.setattr(services, "create_api_key", fail)

    client = ShopClient(raise_request_exception=False)
    assert client.post("/signup/", GOOD).status_code == 500

    assert not Shop.objects.filter(slug="corner").exists()


@pytest.mark.usefixtures("shops")
def test_a_machine_that_signs_up_again_and_again_is_slowed_down(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"signup": "2/m/ip"}
    client = Client(SERVER_NAME="localhost")

    answers = [client.post("/signup/", GOOD | {"slug": "www"}).status_code for _ in range(3)]

    assert answers == [200, 200, 429]


@pytest.mark.usefixtures("shops")
def test_mistakes_are_forgiven_and_at_the_limit_all_but_the_password_is_kept(settings: Settings) -> None:
    client = Client(SERVER_NAME="localhost")
    answers = {client.post("/signup/", GOOD | {"slug": "www"}).status_code for _ in range(30)}
    settings.ACCOUNT_RATE_LIMITS = {"signup": "0/m/ip"}

    refused = client.post("/signup/", GOOD)

    page = refused.content.decode()
    assert answers == {200}
    assert (refused.status_code, Shop.objects.filter(slug="corner").exists()) == (429, False)
    for typed in ("街角小店", "corner", "Li@Corner.Example"):
        assert f'value="{typed}"' in page
    assert GOOD["password"] not in page
    assert 'role="alert"' in page


@pytest.mark.parametrize("rate", ["2/d/ip", "2/d/key"])
@pytest.mark.usefixtures("shops")
def test_shops_of_a_day_are_limited_for_a_network_and_for_an_address(settings: Settings, rate: str) -> None:
    """What is refused does not count, and what was sent twice leads into its shop also at the limit."""
    settings.ACCOUNT_RATE_LIMITS = {"open_shop": rate}
    client = ShopClient()
    client.cookies["laxin_language"] = "en"
    for slug in ("www", "north", "first", "north", "second"):
        client.post("/signup/", GOOD | {"slug": slug})

    again = client.post("/signup/", GOOD | {"slug": "second"})
    refused = client.post("/signup/", GOOD | {"slug": "third"})

    assert again.status_code == 302
    assert refused.status_code == 200
    assert "Try again in 24 hours." in refused.content.decode()
    assert set(Shop.objects.values_list("slug", flat=True)) == {"north", "south", "first", "second"}
    other = GOOD | {"slug": "third", "email": "other@corner.example"}
    assert client.post("/signup/", other).status_code == (302 if rate == "2/d/key" else 200)


@pytest.mark.parametrize("field", ["slug", "name", "email", "password"])
@pytest.mark.usefixtures("shops")
def test_a_nul_is_answered_as_a_fault_of_its_field(field: str) -> None:
    response = ShopClient().post("/signup/", GOOD | {field: f"a\0{GOOD[field]}"})

    assert response.status_code == 200
    assert field in response.context["form"].errors
