"""Who gets into the back office, and what stands between."""

from django.urls import reverse
from staff.models import User

from tenants.models import Shop
from tests.backoffice.conftest import OPERATOR, sign_in
from tests.support.second_factor import code_of
from tests.support.shops import PASSWORD, ShopClient

OVERVIEW = "/backoffice/"


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
