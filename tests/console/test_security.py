"""Second factors, sessions, passwords and e-mail addresses."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.test import override_settings
from django.utils import timezone
from staff.models import AuditEntry, User
from staff.roles import require_second_factor
from staff.second_factor import SecondFactorAdapter
from staff.selectors import get_access
from staff.services import create_sign_in_link

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.shops import PASSWORD, ShopClient, owner_email

SET_UP = "/console/security/second-factor/"


def code_of(secret: str, steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


def sign_in(shop: Shop, agent: str = "") -> ShopClient:
    client = ShopClient(shop, headers={"user-agent": agent})
    client.cookies["laxin_language"] = "en"
    client.post("/console/sign-in/", {"login": owner_email(shop.slug), "password": PASSWORD})
    return client


def set_up(client: ShopClient) -> tuple[str, list[str]]:
    """Set a second factor up; its secret and the recovery codes."""
    page = client.get(SET_UP)
    assert page.status_code == 200, page
    secret = page.context["form"].secret
    shown = client.post(SET_UP, {"code": code_of(secret)}, follow=True).content.decode()
    codes = re.findall(r"<li>(\d{8})</li>", shown)
    assert len(codes) == 10
    return secret, codes


@pytest.fixture
def browser(north: Shop) -> ShopClient:
    return sign_in(north)


def test_after_the_set_up_the_password_alone_no_longer_signs_in(browser: ShopClient, north: Shop) -> None:
    secret, _codes = set_up(browser)

    other = sign_in(north)
    assert other.get("/console/").status_code == 302
    assert other.get("/console/security/code/").status_code == 200
    other.post("/console/security/code/", {"code": code_of(secret, 1)})

    assert other.get("/console/").status_code == 200


def test_the_set_up_ends_the_sessions_that_were_opened_without_it(browser: ShopClient, north: Shop) -> None:
    others = [sign_in(north) for _ in range(2)]

    set_up(browser)

    assert [client.get("/console/").status_code for client in (*others, browser)] == [302, 302, 200]
    with tenant_transaction(north):
        assert AuditEntry.objects.get(event="session_ended").after == {"sessions": 2}


def test_where_there_is_a_second_factor_a_session_without_it_is_asked_for_a_code(
    browser: ShopClient, north: Shop
) -> None:
    """As one that was open when Laxin did not end the others yet, or whose entry in the list was lost."""
    other = sign_in(north)
    with tenant_transaction(north):
        UserSession.objects.filter(session_key=other.cookies["laxin_session"].value).delete()
    secret, _codes = set_up(browser)
    asked = "/console/security/again/code/?next="

    for path in ("", "orders/", "security/", "security/codes/", "security/email/"):
        assert other.get(f"/console/{path}")["Location"] == f"{asked}/console/{path}"
    assert other.post("/console/keys/", {"name": "Web", "kind": "public"})["Location"] == f"{asked}/console/"
    assert 'href="/console/security/again/' not in other.get(f"{asked}/console/").content.decode()
    by_password = other.post("/console/security/again/?next=/console/orders/", {"password": PASSWORD}, follow=True)
    assert by_password.redirect_chain[-1][0] == f"{asked}/console/orders/"

    other.post(f"{asked}/console/orders/", {"code": code_of(secret, 1)})
    assert other.get("/console/orders/").status_code == 200


def test_a_code_signs_in_once(browser: ShopClient, north: Shop) -> None:
    secret, _codes = set_up(browser)
    code = code_of(secret, 1)

    for expected in (200, 302):
        client = sign_in(north)
        client.post("/console/security/code/", {"code": code})
        assert client.get("/console/").status_code == expected


def test_a_recovery_code_signs_in_once_and_is_shown_once(browser: ShopClient, north: Shop) -> None:
    _secret, codes = set_up(browser)

    for expected in (200, 302):
        client = sign_in(north)
        client.post("/console/security/code/", {"code": codes[3]})
        assert client.get("/console/").status_code == expected
    again = browser.get("/console/security/codes/").content.decode()
    assert not any(code in again for code in codes)
    assert "9 codes are left" in again


def test_new_recovery_codes_replace_the_former_ones(browser: ShopClient, north: Shop) -> None:
    _secret, codes = set_up(browser)

    fresh = browser.post("/console/security/codes/new/", follow=True).content.decode()

    assert not set(re.findall(r"<li>(\d{8})</li>", fresh)) & set(codes)
    client = sign_in(north)
    client.post("/console/security/code/", {"code": codes[0]})
    assert client.get("/console/").status_code == 302


def test_guessing_codes_is_slowed_down_and_noted(browser: ShopClient, north: Shop) -> None:
    secret, _codes = set_up(browser)
    client = sign_in(north)
    for _ in range(5):
        client.post("/console/security/code/", {"code": "000000"})

    client.post("/console/security/code/", {"code": code_of(secret, 1)})

    assert client.get("/console/").status_code == 302
    with tenant_transaction(north):
        failed = AuditEntry.objects.filter(event="sign_in_failed", subject="mfa_authenticator")
        assert failed.count() == 5
    cache.clear()


def test_the_secret_is_not_readable_in_the_database(browser: ShopClient, north: Shop) -> None:
    secret, _codes = set_up(browser)

    with tenant_transaction(north):
        stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored
    assert SecondFactorAdapter().decrypt(stored) == secret


def test_a_former_key_still_reads_and_a_strange_one_matches_nothing() -> None:
    with override_settings(SECRET_KEY="former"):
        stored = SecondFactorAdapter().encrypt("JBSWY3DPEHPK3PXP")
    with override_settings(SECRET_KEY="present", SECRET_KEY_FALLBACKS=["former"]):
        assert SecondFactorAdapter().decrypt(stored) == "JBSWY3DPEHPK3PXP"
    with override_settings(SECRET_KEY="strange"):
        assert SecondFactorAdapter().decrypt(stored) != "JBSWY3DPEHPK3PXP"


def test_removing_it_long_after_the_sign_in_needs_the_password_again(browser: ShopClient, north: Shop) -> None:
    set_up(browser)
    session = browser.session
    with tenant_transaction(north):
        for record in session["account_authentication_methods"]:
            record["at"] -= 3600
        session.save()

    asked = browser.post("/console/security/second-factor/remove/")
    assert asked["Location"].startswith("/console/security/again/")
    with tenant_transaction(north):
        assert Authenticator.objects.filter(type="totp").exists()

    browser.post(asked["Location"], {"password": PASSWORD, "next": "/console/security/second-factor/remove/"})
    browser.post("/console/security/second-factor/remove/")
    with tenant_transaction(north):
        assert not Authenticator.objects.exists()


def test_who_must_have_a_second_factor_can_do_nothing_else(browser: ShopClient, north: Shop) -> None:
    with tenant_transaction(north):
        require_second_factor(code="owner", required=True, access=get_access(user=User.objects.get()))

    for path in ("", "orders/", "staff/", "security/", "security/email/"):
        response = browser.get(f"/console/{path}")
        assert (response.status_code, response["Location"]) == (302, SET_UP), path
    assert browser.post("/console/keys/", {"name": "Web", "kind": "public"})["Location"] == SET_UP

    set_up(browser)
    assert browser.get("/console/orders/").status_code == 200


def test_a_colleague_removes_the_second_factor_of_who_lost_it(client: ShopClient, north: Shop) -> None:
    with tenant_transaction(north):
        user = User.objects.create_user("till@north.example", PASSWORD, role="cashier")
    till = ShopClient(north)
    till.post("/console/sign-in/", {"login": "till@north.example", "password": PASSWORD})
    till.cookies["laxin_language"] = "en"
    set_up(till)

    client.post(f"/console/staff/{user.pk}/second-factor/")

    assert till.get("/console/").status_code == 302
    again = ShopClient(north)
    again.post("/console/sign-in/", {"login": "till@north.example", "password": PASSWORD})
    assert again.get("/console/").status_code == 200


def test_sessions_are_listed_with_their_device_and_can_be_ended(browser: ShopClient, north: Shop) -> None:
    phone = sign_in(north, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/605 Version/18.0 Safari/604.1")
    assert phone.get("/console/").status_code == 200

    page = browser.get("/console/security/").content.decode()
    assert "Safari · iPhone" in page
    assert "127.0.0.1" in page
    with tenant_transaction(north):
        session_id = UserSession.objects.get(session_key=phone.cookies["laxin_session"].value).pk
    browser.post(f"/console/security/sessions/{session_id}/end/")

    assert phone.get("/console/").status_code == 302
    assert browser.get("/console/").status_code == 200


def test_all_other_sessions_can_be_ended_at_once(browser: ShopClient, north: Shop) -> None:
    others = [sign_in(north) for _ in range(3)]

    browser.post("/console/security/sessions/end/")

    assert [other.get("/console/").status_code for other in others] == [302] * 3
    assert browser.get("/console/").status_code == 200


def test_support_in_the_owners_place_is_no_sign_in_of_theirs_and_is_named_in_the_list(
    browser: ShopClient, north: Shop
) -> None:
    with tenant_transaction(north):
        owner = User.objects.get()
        colleague = User.objects.create_user("second@north.example", PASSWORD, role="owner")
        secret = create_sign_in_link(
            user_id=owner.pk, now=timezone.now(), operator="ann@laxin.example", reason="Ticket 4711"
        )
    second, support = ShopClient(north), ShopClient(north)
    second.force_login(colleague)
    second.cookies["laxin_language"] = "en"
    before = browser.get("/console/security/").content.decode()

    support.get(f"/console/enter/{secret}/", follow=True)

    assert support.get("/console/orders/").status_code == 200
    with tenant_transaction(north):
        assert User.objects.get(pk=owner.pk).last_login == owner.last_login
    assert "Platform support" not in before
    for client, path in ((browser, "security/"), (second, f"staff/{owner.pk}/")):
        page = client.get(f"/console/{path}").content.decode()
        assert (page.count("Platform support"), page.count("last seen")) == (1, 2), path


def test_sessions_of_others_cannot_be_ended(browser: ShopClient, north: Shop) -> None:
    with tenant_transaction(north):
        user = User.objects.create_user("till@north.example", PASSWORD, role="cashier")
    till = ShopClient(north)
    till.force_login(user)
    with tenant_transaction(north):
        session_id = UserSession.objects.get(user=user).pk
    browser.raise_request_exception = False

    assert browser.post(f"/console/security/sessions/{session_id}/end/").status_code == 404
    assert till.get("/console/").status_code == 200


def test_a_session_without_an_entry_gets_one(north: Shop, owner: User) -> None:
    client = sign_in(north)
    with tenant_transaction(north):
        UserSession.objects.all().delete()

    client.get("/console/orders/")

    with tenant_transaction(north):
        assert UserSession.objects.get().session_key == client.cookies["laxin_session"].value


def test_another_password_ends_the_other_sessions(browser: ShopClient, north: Shop) -> None:
    other = sign_in(north)
    new = "another-bicycle-9"

    wrong = browser.post("/console/security/password/", {"oldpassword": "x", "password1": new, "password2": new})
    right = browser.post("/console/security/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    assert list(wrong.context["form"].errors) == ["oldpassword"]
    assert (right.status_code, right["Location"]) == (302, "/console/security/")
    assert other.get("/console/").status_code == 302
    assert browser.get("/console/").status_code == 200
    with tenant_transaction(north):
        assert User.objects.get().check_password(new)


def test_a_new_address_counts_once_its_link_was_confirmed(browser: ShopClient, north: Shop) -> None:
    new = "boss@north.example"
    browser.post("/console/security/email/", {"email": " Boss@North.example "})
    [message] = mail.outbox
    found = re.search(r"http://north\.localhost:8000(\S+)", str(message.body))
    assert found
    stranger = ShopClient(north)

    page = stranger.get(found[1])
    with tenant_transaction(north):
        unchanged = User.objects.get().email
    stranger.post(found[1])

    assert (message.to, page.status_code, unchanged) == ([new], 200, owner_email("north"))
    with tenant_transaction(north):
        assert User.objects.get().email == new
    assert mail.outbox[1].to == [owner_email("north")]
    assert stranger.post(found[1]).status_code == 410  # once
    for login, works in ((owner_email("north"), False), (new, True)):
        client = ShopClient(north)
        client.post("/console/sign-in/", {"login": login, "password": PASSWORD})
        assert (client.get("/console/").status_code == 200) is works


def test_a_link_of_one_shop_changes_no_address_in_another(browser: ShopClient, shops: tuple[Shop, Shop]) -> None:
    browser.post("/console/security/email/", {"email": "boss@north.example"})
    found = re.search(r"http://north\.localhost:8000(\S+)", str(mail.outbox[0].body))
    assert found

    assert ShopClient(shops[1]).post(found[1]).status_code == 410


def test_the_address_of_a_colleague_is_not_taken(browser: ShopClient, north: Shop) -> None:
    with tenant_transaction(north):
        User.objects.create_user("till@north.example", PASSWORD, role="cashier")

    response = browser.post("/console/security/email/", {"email": "till@north.example"})

    assert list(response.context["form"].errors) == ["email"]
    assert mail.outbox == []
