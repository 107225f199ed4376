"""Who gets into the back office, and what stands between."""

import time
from typing import Any

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from django.urls import reverse
from staff.models import User
from staff.second_factor import SecondFactorAdapter

from tenants.models import Shop
from tests.backoffice.conftest import OPERATOR, list_sign_ins, sign_in
from tests.support.second_factor import code_of
from tests.support.shops import PASSWORD, ShopClient

OVERVIEW = "/backoffice/"


def read_code(*, later: int) -> str:
    """What the operator's phone shows so many periods from now."""
    stored = Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]
    return code_of(SecondFactorAdapter().decrypt(stored), later=later)


def test_a_stranger_is_led_to_the_sign_in(db: None) -> None:
    page = ShopClient(None).get(OVERVIEW, follow=True)
    assert page.redirect_chain[-1] == ("/backoffice/sign-in/?next=/backoffice/", 302)


def test_an_operator_with_a_password_alone_is_led_to_set_up_a_second_factor(operator: User) -> None:
    client = ShopClient(None)
    client.post(reverse("account_login"), {"login": OPERATOR, "password": PASSWORD})
    page = client.get(OVERVIEW, follow=True)
    assert page.request["PATH_INFO"] == "/backoffice/second-factor/"


def test_setting_up_a_second_factor_opens_the_back_office_in_this_session_alone(operator: User) -> None:
    here, elsewhere = ShopClient(None), ShopClient(None)
    for client in (here, elsewhere):
        client.post(reverse("account_login"), {"login": OPERATOR, "password": PASSWORD})

    secret = here.get(reverse("mfa_activate_totp")).context["form"].secret
    done = here.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})

    assert (done.status_code, done["Location"]) == (302, reverse("mfa_view_recovery_codes"))
    assert here.get(OVERVIEW).status_code == 200
    assert elsewhere.get(OVERVIEW, follow=True).request["PATH_INFO"] == reverse("mfa_reauthenticate")


def test_an_operator_gets_in_with_password_and_code(operator: User) -> None:
    page = sign_in().get(OVERVIEW)
    assert page.status_code == 200
    assert b"Open alerts" in page.content


def test_wrong_codes_are_limited(operator: User) -> None:
    """Six digits can be guessed by whoever may guess often enough."""
    sign_in()
    client = ShopClient(None, headers={"accept-language": "en"})
    client.post(reverse("account_login"), {"login": OPERATOR, "password": PASSWORD})
    pages = [client.post(reverse("mfa_authenticate"), {"code": f"{guess:06}"}) for guess in range(20)]
    assert b"Too many" in pages[-1].content
    assert client.get(OVERVIEW).status_code == 302


def test_somebody_who_is_no_operator_is_refused(db: None) -> None:
    User.objects.create_user("eve@laxin.example", PASSWORD)
    client = ShopClient(None)
    client.post(reverse("account_login"), {"login": "eve@laxin.example", "password": PASSWORD})
    assert client.get(OVERVIEW, follow=True).status_code == 403


def test_the_back_office_is_not_on_a_shops_host(shops: tuple[Shop, Shop]) -> None:
    assert ShopClient(shops[0]).get(OVERVIEW).status_code == 404


def test_an_operator_changes_the_phone_by_removing_the_factor_and_setting_up_another(operator: User) -> None:
    client = sign_in()
    assert client.get(reverse("mfa_activate_totp"))["Location"] == reverse("mfa_deactivate_totp")
    assert client.get(reverse("mfa_deactivate_totp")).status_code == 200
    page = client.post(reverse("mfa_deactivate_totp"), follow=True)
    assert page.request["PATH_INFO"] == reverse("mfa_activate_totp")


def test_a_session_whose_code_is_old_removes_no_factor_by_the_password(operator: User) -> None:
    """Else a session that was left open, and the password, would put the thief's own phone in."""
    client = sign_in()
    session: Any = client.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] = time.time() - 12 * 3600 - 1
    session.save()
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    to_code = (302, f"{reverse('mfa_reauthenticate')}?next={reverse('mfa_deactivate_totp')}")
    for answer in (client.get(reverse("mfa_deactivate_totp")), client.post(reverse("mfa_deactivate_totp"))):
        assert (answer.status_code, answer["Location"]) == to_code
    assert Authenticator.objects.filter(user=operator, type=Authenticator.Type.TOTP).exists()

    back = client.post(to_code[1], {"code": read_code(later=1)})
    client.post(back["Location"])
    assert back["Location"] == reverse("mfa_deactivate_totp")
    assert not Authenticator.objects.exists()


def test_what_happens_to_an_operators_access_stands_in_the_log(operator: User) -> None:
    client, ip = sign_in(), "127.0.0.1"
    ShopClient(None).post(reverse("account_login"), {"login": OPERATOR.upper(), "password": "wrong"})
    ShopClient(None).post(reverse("account_login"), {"login": "nobody@laxin.example", "password": "wrong"})
    client.post(reverse("mfa_deactivate_totp"))

    assert [entry for entry in list_sign_ins() if not entry.startswith("code")] == [
        f"sign_in: {ip}",
        f"set_up_factor: {ip}",
        f"sign_in_failed: {ip}",
        f"remove_factor: {ip}",
    ]


def test_signing_in_with_a_code_stands_in_the_log_once(operator: User) -> None:
    sign_in()
    before = list_sign_ins()
    client = ShopClient(None)
    client.post(reverse("account_login"), {"login": OPERATOR, "password": PASSWORD})
    assert list_sign_ins() == before

    client.post(reverse("mfa_authenticate"), {"code": read_code(later=1)})

    assert client.get(OVERVIEW).status_code == 200
    assert list_sign_ins() == [*before, "sign_in: 127.0.0.1"]
