"""Who may open the console."""

import re
from uuid import UUID

import pytest
from console.urls import urlpatterns
from django.core import mail
from django.urls import URLPattern
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from staff.models import ApiKey, User
from staff.services import create_sign_in_link

from tenants.models import Shop
from tenants.services import set_access
from tenants.transaction import tenant_transaction
from tests.support.shops import PASSWORD, ShopClient, owner_email

NOTHING_HAS_IT = UUID(int=0x5EED << 64, version=4)


def get_addresses() -> list[str]:
    """An address for each page of the console but the way in."""
    addresses = []
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        route = str(pattern.pattern)
        if pattern.name in {"enter", "invitation", "email_confirm"}:  # for people without a session
            continue
        for variable, value in ((r"<uuid:\w+>", str(NOTHING_HAS_IT)), (r"<(str|slug):\w+>", "x"), (r"<int:\w+>", "1")):
            route = re.sub(variable, value, route)
        if route.startswith("^"):
            route = f"join-links/{NOTHING_HAS_IT}/qr.svg"
        addresses.append(f"/console/{route}")
    return addresses


@pytest.mark.parametrize("address", get_addresses())
def test_a_stranger_is_led_to_sign_in(north: Shop, address: str) -> None:
    for response in (ShopClient(north).get(address), ShopClient(north).post(address)):
        if response.status_code == 405:  # asked in a way that the page does not know
            continue
        assert response.status_code == 302
        if address.startswith(response["Location"]):  # it only does something: the page above leads to sign in
            above = ShopClient(north).get(response["Location"])
            assert above["Location"] == f"/console/sign-in/?next={response['Location']}"
        else:
            assert response["Location"] == f"/console/sign-in/?next={address}"


@pytest.mark.parametrize(
    ("address", "above"),
    [
        ("coupons/{batch}/status/", "coupons/{batch}/"),
        ("security/sessions/end/", "security/"),
        ("staff/invitations/5/send/", "staff/"),
        ("domains/shop.example.com/check/", "domains/"),
        ("onboarding/samples/", ""),
        ("sign-out/", ""),
    ],
)
def test_who_looks_at_what_only_does_something_sees_the_page_above(
    client: ShopClient, batch_id: UUID, address: str, above: str
) -> None:
    address, above = (f"/console/{each.format(batch=batch_id)}" for each in (address, above))

    response = client.get(address)

    assert (response.status_code, response["Location"]) == (302, above)
    assert client.get(above).status_code == 200
    assert client.put(address).status_code == 405


def test_a_role_that_every_shop_has_leads_to_the_roles(client: ShopClient) -> None:
    page = client.get("/console/roles/owner/second-factor/", follow=True)

    assert (page.status_code, page.request["PATH_INFO"]) == (200, "/console/roles/")


def test_who_did_something_after_the_session_was_over_signs_in_and_sees_a_page(north: Shop, batch_id: UUID) -> None:
    client = ShopClient(north)
    sign_in = client.post(f"/console/coupons/{batch_id}/status/", {"active": "no"})["Location"]
    _, _, target = sign_in.partition("next=")

    client.post(sign_in, {"login": owner_email("north"), "password": PASSWORD, "next": target})
    page = client.get(target, follow=True)

    assert (page.status_code, page.request["PATH_INFO"]) == (200, f"/console/coupons/{batch_id}/")


def test_signing_in_leads_to_the_page_that_was_asked_for(north: Shop) -> None:
    client = ShopClient(north)
    address = client.get("/console/coupons/")["Location"]

    page = client.get(address)
    response = client.post(
        address, {"login": "  Owner@North.Example ", "password": PASSWORD, "next": "/console/coupons/"}
    )

    assert page.status_code == 200
    assert (response.status_code, response["Location"]) == (302, "/console/coupons/")
    assert client.get("/console/coupons/").status_code == 200


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "http://south.localhost/console/"])
def test_signing_in_never_leads_to_another_host(north: Shop, elsewhere: str) -> None:
    response = ShopClient(north).post(
        "/console/sign-in/", {"login": owner_email("north"), "password": PASSWORD, "next": elsewhere}
    )

    assert (response.status_code, response["Location"]) == (302, "/console/")


def test_a_wrong_password_is_refused_and_the_address_kept(north: Shop) -> None:
    client = ShopClient(north)

    response = client.post("/console/sign-in/", {"login": "owner@north.example", "password": "wrong"})

    assert response.status_code == 200
    assert 'value="owner@north.example"' in response.content.decode()
    assert client.get("/console/").status_code == 302


def test_guessing_passwords_is_slowed_down(north: Shop) -> None:
    client = ShopClient(north)
    for _ in range(5):
        client.post("/console/sign-in/", {"login": owner_email("north"), "password": "wrong"})

    client.post("/console/sign-in/", {"login": owner_email("north"), "password": PASSWORD})

    assert client.get("/console/").status_code == 302


def test_a_session_is_worth_nothing_in_another_shop(shops: tuple[Shop, Shop]) -> None:
    north, south = shops
    client = ShopClient(north)
    client.post("/console/sign-in/", {"login": owner_email("north"), "password": PASSWORD})
    assert client.get("/console/").status_code == 200

    client.defaults["SERVER_NAME"] = f"{south.slug}.localhost"

    assert client.get("/console/").status_code == 302


def test_the_password_of_one_shop_opens_no_other(shops: tuple[Shop, Shop]) -> None:
    client = ShopClient(shops[1])

    client.post("/console/sign-in/", {"login": owner_email("north"), "password": PASSWORD})

    assert client.get("/console/").status_code == 302


def test_signing_out_ends_the_session_and_needs_a_post(client: ShopClient) -> None:
    client.get("/console/sign-out/")
    assert client.get("/console/").status_code == 200
    assert client.post("/console/sign-out/").status_code == 302
    assert client.get("/console/").status_code == 302


def test_a_link_opens_one_session_in_the_owners_language(north: Shop, owner: User) -> None:
    with tenant_transaction(north):
        User.objects.update(language="en")
        secret = create_sign_in_link(user_id=owner.pk, now=timezone.now())
    first, second = ShopClient(north), ShopClient(north)

    response = first.get(f"/console/enter/{secret}/")
    again = second.get(f"/console/enter/{secret}/", follow=True)

    assert (response.status_code, response["Location"]) == (302, "/console/")
    assert first.cookies["laxin_language"].value == "en"
    assert first.cookies["laxin_session"]["domain"] == ""
    assert first.get("/console/").status_code == 200
    assert again.redirect_chain[-1][0].startswith("/console/sign-in/")


def test_a_forged_post_is_refused(north: Shop, owner: User) -> None:
    client = ShopClient(north, enforce_csrf_checks=True)
    with tenant_transaction(north):
        client.force_login(owner)

    assert client.post("/console/keys/", {"name": "x", "kind": "public"}).status_code == 403


def test_a_read_only_shop_can_be_looked_at_and_not_changed(
    client: ShopClient, north: Shop, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        set_access(shop=north, access=Shop.Access.READ_ONLY)

    response = client.post("/console/keys/", {"name": "Web", "kind": "public"}, follow=True)

    assert response.redirect_chain == [("/console/", 302)]
    assert "alert" in response.content.decode()
    with tenant_transaction(north):
        assert not ApiKey.objects.exists()


def test_a_forgotten_password_is_replaced_by_a_link_in_a_mail(north: Shop) -> None:
    client = ShopClient(north)

    sent = client.post("/console/password/", {"email": owner_email("north")}, follow=True)
    [message] = mail.outbox
    found = re.search(r"http://north\.localhost:8000(\S+)", str(message.body))
    assert found
    form_address = client.get(found[1])["Location"]
    new = "another-bicycle-9"
    client.post(form_address, {"password1": new, "password2": new}, follow=True)

    assert sent.status_code == 200
    assert message.to == [owner_email("north")]
    with tenant_transaction(north):
        assert User.objects.get().check_password(new)
    assert ShopClient(north).get(found[1]).status_code == 200  # used: the page says so


def test_an_unknown_address_gets_no_mail_and_the_same_answer(north: Shop) -> None:
    known = ShopClient(north).post("/console/password/", {"email": owner_email("north")})
    unknown = ShopClient(north).post("/console/password/", {"email": "nobody@x.example"})

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [message.to for message in mail.outbox] == [[owner_email("north")]]
