"""The version of the shops' schemas, on the list and on the overview."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from staff.models import User

from tenants.models import Shop
from tenants.provisioning import create_shop
from tenants.schemas import migrations_on_disk
from tests.backoffice.conftest import sign_in
from tests.support.shops import ShopClient

SHOPS = "admin:tenants_shop_changelist"


@pytest.fixture
def two_versions_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process knows two migrations that no shop has."""
    newer = migrations_on_disk() | {"kernel.9998_one", "kernel.9999_another"}
    for module in ("tenants.selectors", "backoffice.shop_facts"):
        monkeypatch.setattr(f"{module}.migrations_on_disk", lambda: newer)


def find(client: ShopClient, query: str) -> list[str]:
    """The shops that a filter leaves."""
    return [shop.slug for shop in client.get(f"{reverse(SHOPS)}?{query}").context["cl"].result_list]


def test_shops_are_up_to_date(operator: User, shops: tuple[Shop, Shop]) -> None:
    client = sign_in()
    assert find(client, "schema=current") == ["south", "north"]
    assert find(client, "schema=behind") == find(client, "schema=failed") == []
    assert b"up to date" in client.get(reverse(SHOPS)).content


def test_shops_that_are_behind_and_that_failed_are_found(
    operator: User, shops: tuple[Shop, Shop], two_versions_on: None
) -> None:
    Shop.objects.filter(slug="north").update(migration_error="DataError: a column is too short")
    client = sign_in()
    assert find(client, "schema=current") == []
    assert find(client, "schema=behind") == ["south", "north"]
    assert find(client, "schema=failed") == ["north"]
    page = client.get(reverse(SHOPS)).content
    assert b"failed, 2 migrations behind" in page
    figures = {
        figure.name: (figure.value, figure.is_urgent)
        for group in client.get(reverse("admin:index")).context["facts"]
        for figure in group.figures
    }
    assert figures["Shops behind in migrations"] == (2, True)
    assert figures["Failed migrations"] == (1, True)


def test_the_page_of_a_shop_says_what_it_lacks_and_why(
    operator: User, shops: tuple[Shop, Shop], two_versions_on: None
) -> None:
    Shop.objects.filter(slug="north").update(migration_error="DataError: a column is too short")
    page = sign_in().get(reverse("admin:tenants_shop_change", args=[shops[0].pk])).content
    assert b"kernel.9998_one, kernel.9999_another" in page
    assert b"DataError: a column is too short" in page
    assert b"Run `laxin migrate`" in page


def test_an_error_that_is_mended_is_not_shown(operator: User, shops: tuple[Shop, Shop]) -> None:
    Shop.objects.filter(slug="north").update(migration_error="DataError: a column is too short")
    client = sign_in()
    assert find(client, "schema=failed") == []
    assert b"too short" not in client.get(reverse("admin:tenants_shop_change", args=[shops[0].pk])).content


def test_more_shops_cost_no_more_statements(operator: User, shops: tuple[Shop, Shop], two_versions_on: None) -> None:
    client = sign_in()
    few = count_statements(client)
    for number in range(3):
        with create_shop(slug=f"more-{number}", name="More", language="en", now=datetime.now(UTC)):
            pass
    assert count_statements(client) == few


def count_statements(client: ShopClient) -> tuple[int, int]:
    """Of the list and of the overview."""
    counts = []
    for page in (SHOPS, "admin:index"):
        with CaptureQueriesContext(connection) as statements:
            assert client.get(reverse(page)).status_code == 200
        counts.append(len(statements))
    return counts[0], counts[1]
