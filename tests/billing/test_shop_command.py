"""`laxin shop create` and `laxin shop list`."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override
from staff.selectors import get_user_by_credentials

from tenants.models import Shop
from tenants.selectors import get_shop
from tenants.transaction import tenant_transaction

pytestmark = pytest.mark.usefixtures("shops")


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("shop", *arguments, stdout=out)
    return out.getvalue()


def test_a_shop_is_opened_and_listed() -> None:
    said = run("create", "corner", "--name", "Corner", "--email", "li@x.example", "--password", "orange-bicycle-7")

    assert get_shop(slug="corner").currency == "CNY"
    assert "http://corner.localhost:8000/console/" in said
    assert "pk_" in said
    assert "corner\topen\thttp://corner.localhost:8000/\tCorner" in run("list").splitlines()


def test_every_fault_is_printed_and_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("12345\n"))

    with pytest.raises(CommandError) as refused:
        run("create", "www", "--name", "Corner", "--email", "li@")

    assert [line.split(":")[0] for line in str(refused.value).splitlines()] == ["slug", "email", "password"]
    assert not Shop.objects.filter(slug="www").exists()


def test_the_password_is_read_from_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("orange-bicycle-7\n"))

    run("create", "corner", "--name", "Corner", "--email", "li@x.example", "--language", "en")

    assert get_shop(slug="corner").language == "en"


def test_without_a_password_one_is_made_up_and_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    said = run("create", "corner", "--name", "Corner", "--email", "li@x.example")

    (password,) = [line.split()[1] for line in said.splitlines() if line.startswith("Password ")]
    assert len(password) == 16
    with tenant_transaction(get_shop(slug="corner")):
        assert get_user_by_credentials(email="li@x.example", password=password) is not None


def test_it_speaks_english_whatever_language_is_active() -> None:
    with override("zh-hans"), pytest.raises(CommandError) as refused:
        run("create", "www", "--name", "Corner", "--email", "li@", "--password", "12345")

    assert str(refused.value).isascii()
