"""Who gets into the back office, and what stands between."""

from django.urls import reverse
from staff.models import User

from tests.backoffice.conftest import OPERATOR, sign_in
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


def test_an_operator_gets_in_with_password_and_code(operator: User) -> None:
    page = sign_in().get(OVERVIEW)
    assert page.status_code == 200
    assert b"Open alerts" in page.content
