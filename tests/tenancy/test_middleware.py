"""One request, one tenant transaction; the Host header decides the shop."""

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from kernel.models import OutboxEvent
from pytest_django import Settings

from tenants.access import check_takes_business
from tenants.errors import ShopClosed
from tenants.models import Shop
from tenants.selectors import find_shop
from tenants.services import set_access
from tenants.transaction import find_current_shop, tenant_transaction
from tests.support.shops import ShopClient


@pytest.fixture(autouse=True)
def _urls(settings: Settings) -> None:
    settings.ROOT_URLCONF = settings.SHOP_URLCONF = "tests.support.urls"


def topics(shop: Shop) -> list[str]:
    with tenant_transaction(shop):
        return list(OutboxEvent.objects.order_by("id").values_list("topic", flat=True))


def quiet_client(shop: Shop) -> ShopClient:
    """Answers a view's exception with status 500 as a server does."""
    return ShopClient(shop, raise_request_exception=False)


@pytest.mark.parametrize("status", [200, 302, 403, 404, 422])
def test_a_view_that_returns_commits(live_shops: tuple[Shop, Shop], status: int) -> None:
    north, south = live_shops
    assert ShopClient(north).get(f"/write/{status}").content == b"north"
    assert (topics(north), topics(south)) == ([f"test.{status}"], [])


@pytest.mark.parametrize(("outcome", "status"), [("raised", 500), ("missing", 404), ("500", 500), ("503", 503)])
def test_a_view_that_raises_or_fails_is_rolled_back(live_shops: tuple[Shop, Shop], outcome: str, status: int) -> None:
    north = live_shops[0]
    assert quiet_client(north).get(f"/write/{outcome}").status_code == status
    assert topics(north) == []
    assert find_current_shop() is None


def test_a_failed_request_inside_a_test_rolls_back_its_own_writes_only(shop: Shop) -> None:
    client = quiet_client(shop)
    client.get("/write/200")
    client.get("/write/500")
    assert list(OutboxEvent.objects.values_list("topic", flat=True)) == ["test.200"]


def test_a_stream_has_a_transaction_of_its_own(live_shops: tuple[Shop, Shop]) -> None:
    north = live_shops[0]
    response = ShopClient(north).get("/stream")
    assert isinstance(response, StreamingHttpResponse)
    assert find_current_shop() is None
    assert b"".join(response) == b"owner@north.example"
    assert find_current_shop() is None
    assert topics(north) == ["test.streamed"]


def test_an_abandoned_stream_is_rolled_back(live_shops: tuple[Shop, Shop]) -> None:
    north = live_shops[0]
    response = ShopClient(north).get("/stream")
    next(iter(response))
    response.close()
    assert find_current_shop() is None
    assert topics(north) == []


def test_a_session_of_one_shop_is_unknown_in_another(shops: tuple[Shop, Shop]) -> None:
    north, south = shops
    client = ShopClient(north)
    assert [client.get("/session").content for _ in range(2)] == [b"1", b"2"]
    elsewhere = ShopClient(south)
    elsewhere.cookies = client.cookies
    assert elsewhere.get("/session").content == b"1"
    assert Session.objects.count() == 0  # in public


def test_cookies_belong_to_one_host(shops: tuple[Shop, Shop]) -> None:
    response = ShopClient(shops[0]).get("/session")
    assert {cookie["domain"] for cookie in response.cookies.values()} == {""}
    assert "laxin_session" in response.cookies


@pytest.mark.parametrize("host", ["north.localhost", "north.localhost:8000", "NORTH.LocalHost", "north.localhost."])
def test_the_host_names_the_shop_however_it_is_written(shops: tuple[Shop, Shop], host: str) -> None:
    assert Client().get("/show", headers={"host": host}).content == b"north|north|OutboxEvent"


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "localhost."])
def test_the_base_host_is_the_public_site(shops: tuple[Shop, Shop], host: str) -> None:
    assert Client().get("/show", headers={"host": host}).content == b"None|None|OutboxEvent"


@pytest.mark.parametrize("host", ["nowhere.localhost", "a.north.localhost", "xnorth.localhost"])
def test_an_unknown_shop_is_a_friendly_404(shops: tuple[Shop, Shop], host: str) -> None:
    response = Client().get("/show", headers={"host": host, "accept-language": "en"})
    assert response.status_code == 404
    assert "There is no shop at this address" in response.content.decode()
    chinese = Client().get("/show", headers={"host": host, "accept-language": "zh-CN"}).content.decode()
    assert "There is no shop" not in chinese


@pytest.mark.parametrize("host", ["example.com", "north.localhost.evil.example", "evil.example:80", "north@localhost"])
def test_a_strange_host_is_refused(shops: tuple[Shop, Shop], host: str) -> None:
    assert Client().get("/show", headers={"host": host}).status_code == 400


def test_a_known_shop_is_found_without_a_query(shops: tuple[Shop, Shop]) -> None:
    assert find_shop("north") == find_shop("north") == shops[0]
    with CaptureQueriesContext(connection) as queries:
        assert find_shop("north") == shops[0]
        assert find_shop("north") is not None
    assert len(queries) == 0


def test_a_change_of_access_is_seen_at_once(live_shops: tuple[Shop, Shop]) -> None:
    north = live_shops[0]
    assert find_shop("north") == north
    set_access(shop=north, access=Shop.Access.SUSPENDED)
    found = find_shop("north")
    assert found is not None
    assert found.access == "suspended"


def test_a_suspended_shop_is_a_clear_page_for_customers_and_open_for_staff(live_shops: tuple[Shop, Shop]) -> None:
    north = live_shops[0]
    set_access(shop=north, access=Shop.Access.SUSPENDED)
    response = ShopClient(north).get("/write/200", headers={"accept-language": "en"})
    assert response.status_code == 403
    assert "This shop is closed for now" in response.content.decode()
    assert topics(north) == []
    assert ShopClient(north).get("/console/").status_code == 404  # no such page in these addresses, but not closed


def test_a_read_only_shop_takes_no_business(live_shops: tuple[Shop, Shop]) -> None:
    north, south = live_shops
    set_access(shop=north, access=Shop.Access.READ_ONLY)
    assert ShopClient(north).get("/show").status_code == 200
    closed = find_shop("north")
    assert closed is not None
    with pytest.raises(ShopClosed):
        check_takes_business(closed)
    check_takes_business(south)


@pytest.mark.parametrize("host", ["localhost", "north.localhost", "nowhere.localhost", "10.1.2.3:8000", "example.com"])
def test_probes_are_answered_on_every_host(shops: tuple[Shop, Shop], host: str) -> None:
    client = Client()
    assert client.get("/healthz", headers={"host": host}).content == b"ok\n"
    response = client.get("/readyz", headers={"host": host})
    assert (response.status_code, response.json()) == (200, {"ready": True, "missing": {}})


def test_readiness_names_what_is_missing(shops: tuple[Shop, Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.health.migrations_on_disk", lambda: frozenset({"kernel.9999_later"}))
    response = Client().get("/readyz")
    assert (response.status_code, response.json()) == (
        503,
        {"ready": False, "missing": {"database": "migrations pending"}},
    )
