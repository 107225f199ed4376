"""The shop that the home page offers to be tried."""

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from joining.services import create_join_link
from pytest_django import Settings
from website import demo
from website.checks import find_closed_demo
from website.demo import Demo, find_demo

from tenants.models import Shop
from tenants.services import set_access
from tenants.transaction import tenant_transaction
from tests.conftest import ClientFor
from tests.website.test_pages import text

CONSOLE = "http://north.localhost:8000/console/"


@pytest.fixture
def north(shops: tuple[Shop, Shop], settings: Settings) -> Shop:
    settings.DEMO_SHOP = "north"
    return shops[0]


@pytest.fixture
def joinable(north: Shop) -> Shop:
    with tenant_transaction(north):
        create_join_link(
            name="Till", code="till", batch_id=None, channel="", opens_at=None, closes_at=None, now=timezone.now()
        )
    return north


@pytest.fixture
def site(client_for: ClientFor) -> Client:
    client = client_for(None)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.mark.usefixtures("shops")
def test_without_the_setting_there_is_no_shop_to_be_tried(site: Client) -> None:
    assert 'id="demo"' not in text(site.get("/"))


def test_the_shop_of_the_setting_is_linked_without_a_sign_in(site: Client, joinable: Shop) -> None:
    page = text(site.get("/"))

    assert find_demo() == Demo(join="http://north.localhost:8000/j/till", console=CONSOLE)
    assert 'href="http://north.localhost:8000/j/till"' in page
    assert f'href="{CONSOLE}"' in page
    assert "Where its own people sign in." in page
    assert "A grocery with a year of real orders." not in page


def test_the_join_page_that_is_linked_answers(joinable: Shop, client_for: ClientFor) -> None:
    found = find_demo()
    assert found is not None
    path = found.join.removeprefix("http://north.localhost:8000")

    assert client_for(joinable).get(path, follow=True).status_code == 200


def test_a_shop_that_nobody_can_join_has_only_its_console(site: Client, north: Shop) -> None:
    assert find_demo() == Demo(join="", console=CONSOLE)
    assert "Open the join page" not in text(site.get("/"))
    with tenant_transaction(north):
        assert len(list(find_closed_demo())) == 1


@pytest.mark.parametrize(("access", "found"), [("read_only", Demo(join="", console=CONSOLE)), ("suspended", None)])
def test_a_shop_that_is_closed_is_not_offered(joinable: Shop, access: str, found: Demo | None) -> None:
    set_access(shop=joinable, access=Shop.Access(access))
    joinable.refresh_from_db()
    cache.clear()  # the commit would do so

    assert find_demo() == found
    with tenant_transaction(joinable):
        assert len(list(find_closed_demo())) == 1


def test_doctor_has_nothing_to_say_of_an_open_one_and_of_others(joinable: Shop, shops: tuple[Shop, Shop]) -> None:
    for shop in shops:
        with tenant_transaction(shop):
            assert list(find_closed_demo()) == []


@pytest.mark.usefixtures("shops")
def test_a_name_without_a_shop_leaves_no_link(site: Client, settings: Settings) -> None:
    settings.DEMO_SHOP = "nobody"

    assert find_demo() is None
    assert 'id="demo"' not in text(site.get("/"))


@pytest.mark.usefixtures("joinable")
def test_the_home_page_needs_no_database(site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(slug: str) -> None:
        raise OperationalError

    monkeypatch.setattr(demo, "find_shop", fail)

    assert site.get("/").status_code == 200
