"""`laxin operator`."""

from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from staff.models import User

from tests.backoffice.conftest import OPERATOR, sign_in
from tests.support.shops import PASSWORD, ShopClient


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("operator", *arguments, stdout=out)
    return out.getvalue()


def test_an_operator_is_added_with_a_made_up_password_that_is_printed_once(db: None) -> None:
    said = run("add", "Ben@Laxin.example", "--read-only", "--password", "")
    user = User.objects.get(email="ben@laxin.example")
    assert user.check_password(said.rpartition(" ")[2].strip())
    assert (user.is_staff, user.is_superuser) == (True, False)
    assert run("list") == "ben@laxin.example\topen\tread-only\tno second factor yet\n"


@pytest.mark.parametrize(
    ("email", "password", "said"),
    [
        (OPERATOR, PASSWORD, "is an operator already"),
        ("no address", PASSWORD, "valid email"),
        ("ben@laxin.example", "12345678", "entirely numeric"),
    ],
)
def test_a_bad_address_or_password_adds_nobody(operator: User, email: str, password: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run("add", email, "--password", password)
    assert User.objects.get() == operator


def test_closing_ends_the_sessions_of_this_operator_alone(operator: User) -> None:
    User.objects.create_user("ben@laxin.example", PASSWORD, is_staff=True, language="en")
    ada, ben = sign_in(), sign_in("ben@laxin.example")
    assert run("close", OPERATOR) == f"{OPERATOR}\tclosed\n"
    assert (ada.get("/backoffice/").status_code, ben.get("/backoffice/").status_code) == (302, 200)
    assert type_password() == "/backoffice/closed/"
    run("reopen", OPERATOR)
    assert type_password() == "/backoffice/code/"


def type_password() -> str:
    """Where it leads."""
    answer = ShopClient(None).post("/backoffice/sign-in/", {"login": OPERATOR, "password": PASSWORD}, follow=True)
    return str(answer.request["PATH_INFO"])


def test_a_lost_factor_is_forgotten_and_set_up_anew(operator: User) -> None:
    client = sign_in()
    run("reset", OPERATOR)
    assert not Authenticator.objects.exists()
    assert client.get("/backoffice/").status_code == 302
    assert sign_in().get("/backoffice/").status_code == 200


def test_an_unknown_operator_is_named(db: None) -> None:
    with pytest.raises(CommandError, match="There is no operator"):
        run("close", "eve@laxin.example")
