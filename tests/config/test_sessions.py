"""What a session's cookie may hold."""

import pytest
from config.sessions import SessionStore
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session

from tenants.models import Shop
from tests.conftest import ClientFor


@pytest.mark.parametrize("value", ['"\\000aaaaaaaa"', '"aaaaaaaa\\000"', "../../../etc", "aaaaaaaa'--", "äääääääää"])
@pytest.mark.parametrize("path", ["/console/", "/"])
def test_a_cookie_that_can_be_no_key_is_nobodys(shop: Shop, client_for: ClientFor, value: str, path: str) -> None:
    answers = [client_for(shop).get(path, headers={"cookie": cookie}) for cookie in ("", f"laxin_session={value}")]

    assert answers[1].status_code == answers[0].status_code < 500
    assert answers[1].headers.get("Location") == answers[0].headers.get("Location")


@pytest.mark.parametrize("value", ['"\\000aaaaaaaa"', "aaaaaaaa'--"])
def test_so_is_one_at_the_public_site(shops: tuple[Shop, Shop], client_for: ClientFor, value: str) -> None:
    assert client_for(None).get("/backoffice/", headers={"cookie": f"laxin_session={value}"}).status_code == 302


@pytest.mark.usefixtures("shop")
def test_sessions_that_there_were_before_are_read_and_written_as_ever() -> None:
    assert settings.SESSION_ENGINE == "config.sessions"
    before = DatabaseStore()
    before["who"] = "ada"
    before.create()

    store = SessionStore(before.session_key)

    assert store["who"] == "ada"
    store.cycle_key()
    store.save()
    assert DatabaseStore(store.session_key)["who"] == "ada"
    assert Session.objects.count() == 1
