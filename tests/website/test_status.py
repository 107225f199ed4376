"""The status page says what works, keeps its answer some seconds, and tells nothing else."""

import re
from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError
from django.test import Client
from pytest_django import Settings
from website import status
from website.tasks import HEARTBEAT, beat_heart

from tests.conftest import ClientFor
from tests.website.test_pages import text


@pytest.fixture
def site(db: None, client_for: ClientFor) -> Client:
    client = client_for(None)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """What each look finds; all is well."""
    found = dict.fromkeys(status.CHECKS, True)
    monkeypatch.setattr(status, "CHECKS", {name: (lambda name=name: found[name]) for name in found})
    return found


def look(site: Client) -> tuple[int, dict[str, bool]]:
    answer = site.get("/status/")
    return answer.status_code, {part.name: part.works for part in answer.context["report"].parts}


def test_everything_works(site: Client, parts: dict[str, bool], settings: Settings) -> None:
    settings.STRIPE_URL = "http://127.0.0.1:1"

    assert look(site) == (200, dict.fromkeys(status.CHECKS, True))
    assert "Everything works." in text(site.get("/status/"))


@pytest.mark.parametrize(("name", "code"), [("database", 503), ("queue", 503), ("worker", 200), ("mail", 200)])
def test_a_part_that_does_not_answer_is_named(site: Client, parts: dict[str, bool], name: str, code: int) -> None:
    parts[name] = False

    answer, found = look(site)

    assert answer == code
    assert [part for part, works in found.items() if not works] == [name]


def test_the_answer_is_kept_some_seconds(site: Client, parts: dict[str, bool]) -> None:
    look(site)
    parts["database"] = False
    assert look(site)[0] == 200

    cache.clear()

    assert look(site)[0] == 503


def test_without_a_payment_service_none_is_looked_for(site: Client, parts: dict[str, bool], settings: Settings) -> None:
    settings.STRIPE_URL = None

    assert "payments" not in look(site)[1]


def test_the_worker_is_alive_while_its_heart_beats(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    assert status.check_worker() is False
    monkeypatch.setattr("website.tasks.timezone.now", lambda: now)
    beat_heart.apply(throw=True)
    monkeypatch.setattr("website.status.timezone.now", lambda: now + status.LATE - timedelta(seconds=1))
    assert status.check_worker() is True
    monkeypatch.setattr("website.status.timezone.now", lambda: now + status.LATE)
    assert status.check_worker() is False
    assert cache.get(HEARTBEAT) == now.isoformat()


def test_real_looks_find_what_is_closed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STRIPE_URL = "http://127.0.0.1:1"
    settings.MAIL_DELIVERY_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    def refuse() -> None:
        raise DatabaseError("no route")

    monkeypatch.setattr("website.status.connection.cursor", refuse)

    assert [status.check_payments(), status.check_mail(), status.check_database()] == [False, False, False]


@pytest.mark.usefixtures("db")
def test_the_database_of_the_test_answers() -> None:
    assert status.check_database() is True


def test_no_address_and_no_secret_is_told(site: Client, settings: Settings) -> None:
    settings.STRIPE_URL = "http://127.0.0.1:1"
    page = text(site.get("/status/"))

    for secret in ("127.0.0.1", settings.SECRET_KEY, str(settings.DATABASES["default"]["PORT"])):
        assert secret not in re.sub(r"<(head)\b.*?</\1>", "", page, flags=re.S)
