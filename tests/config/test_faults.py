"""Pages after faults: of the database, and of our own making."""

import pytest
from django.db import OperationalError

from tenants.models import Shop
from tests.support.shops import ShopClient


def client(shop: Shop | None = None) -> ShopClient:
    found = ShopClient(shop, raise_request_exception=False)
    found.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return found


def fail_with(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("website.views.pages.find_demo", fail)


@pytest.mark.usefixtures("db")
def test_while_the_database_cannot_be_reached_people_are_asked_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(OperationalError("connection refused: 10.0.0.7"), monkeypatch)

    answer = client().get("/")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "We are back in a moment" in answer.content.decode()
    assert "10.0.0.7" not in answer.content.decode()


@pytest.mark.usefixtures("db")
def test_another_fault_is_told_as_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(RuntimeError("the power went out"), monkeypatch)

    answer = client().get("/")

    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.content.decode()
    assert "power" not in answer.content.decode()


def test_on_a_shops_host_too(shops: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("member_portal.views.find_front_page_link", fail)

    assert client(shops[0]).get("/").status_code == 503
