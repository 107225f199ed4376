"""The pool of ready schemas: claimed once, given back by a failure, renewed after a migration."""

import threading
from datetime import datetime

import pytest
from django.db import connection, connections
from pytest_django.fixtures import Settings
from staff.models import User
from staff.services import open_shop

from tenants.bootstrap import bring_up_to_date
from tenants.doctor import find_broken
from tenants.errors import SlugTaken
from tenants.models import ReadySchema, Shop, ShopTemplate
from tenants.pool import refill_pool
from tenants.provisioning import create_shop
from tenants.selectors import find_shop, get_shop, list_shops
from tenants.tasks import keep_ready_schemas
from tenants.transaction import tenant_transaction
from tests.support.migrations import undo_migrations


def ready() -> list[str]:
    return list(ReadySchema.objects.order_by("id").values_list("schema_name", flat=True))


def schemas_and_roles() -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 'schema', nspname::text FROM pg_namespace WHERE nspname ~ '^t_'"
            " UNION ALL SELECT 'role', rolname::text FROM pg_roles"
            " WHERE rolname ~ '^t_' AND rolname IN (SELECT nspname FROM pg_namespace)"
        )
        return set(cursor.fetchall())


def test_the_task_fills_the_pool_to_its_size_and_no_further(live_shops: tuple[Shop, Shop], settings: Settings) -> None:
    settings.SHOP_POOL_SIZE = 2
    assert keep_ready_schemas() == 2
    assert keep_ready_schemas() == 0
    assert len(set(ready())) == 2
    assert {("schema", name) for name in ready()} | {("role", name) for name in ready()} <= schemas_and_roles()


def test_a_ready_schema_is_no_shop(live_shops: tuple[Shop, Shop]) -> None:
    refill_pool(size=1)
    assert [shop.slug for shop in list_shops()] == ["north", "south"]
    assert not Shop.objects.filter(schema_name=ready()[0]).exists()


def test_a_new_shop_takes_the_oldest_ready_schema(live_shops: tuple[Shop, Shop], now: datetime) -> None:
    refill_pool(size=2)
    first, second = ready()
    before = schemas_and_roles()
    opened = open_shop(
        slug="corner", name="Corner", email="o@corner.example", password="correct horse", language="en", now=now
    )
    assert opened.shop.schema_name == first
    assert ready() == [second]
    assert schemas_and_roles() == before
    with tenant_transaction(opened.shop):
        assert [user.email for user in User.objects.all()] == ["o@corner.example"]
    assert list(find_broken([opened.shop])) == []


def test_a_failure_gives_the_schema_back_untouched(live_shops: tuple[Shop, Shop], now: datetime) -> None:
    refill_pool(size=1)
    before = ready()
    with pytest.raises(ZeroDivisionError), create_shop(slug="corner", name="Corner", language="en", now=now):
        User.objects.create_user("owner@corner.example")
        raise ZeroDivisionError
    with pytest.raises(SlugTaken), create_shop(slug="north", name="North", language="en", now=now):
        pass
    assert ready() == before
    assert find_shop("corner") is None
    with create_shop(slug="corner", name="Corner", language="en", now=now) as shop:
        assert shop.schema_name == before[0]
        assert not User.objects.exists()


def test_an_empty_pool_makes_the_shop_on_the_spot(live_shops: tuple[Shop, Shop], now: datetime) -> None:
    assert ready() == []
    with create_shop(slug="corner", name="Corner", language="en", now=now):
        pass
    assert ("schema", get_shop(slug="corner").schema_name) in schemas_and_roles()


def test_sign_ups_at_the_same_moment_get_different_schemas(live_shops: tuple[Shop, Shop], now: datetime) -> None:
    refill_pool(size=3)
    expected = ready()
    barrier = threading.Barrier(4)
    taken: list[str] = []

    def sign_up(number: int) -> None:
        try:
            barrier.wait()
            with create_shop(slug=f"shop-{number}", name="A shop", language="en", now=now) as shop:
                barrier.wait(timeout=20)  # all four hold their schema before the first commits
            taken.append(shop.schema_name)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=sign_up, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(taken)) == 4
    assert set(expected) < set(taken)
    assert ready() == []


def test_refills_at_the_same_moment_do_not_make_too_many(live_shops: tuple[Shop, Shop]) -> None:
    barrier = threading.Barrier(3)

    def refill() -> None:
        try:
            barrier.wait()
            refill_pool(size=2)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=refill) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ready()) == 2


def test_a_schema_of_an_older_template_is_not_given_out_and_dropped(
    live_shops: tuple[Shop, Shop], now: datetime
) -> None:
    refill_pool(size=1)
    old = ready()[0]
    template = ShopTemplate.objects.using("owner").get()
    with connections["owner"].cursor() as cursor:  # as a migration of the fleet does: a newer script
        cursor.execute(
            "INSERT INTO tenants_shoptemplate (migrations, script)"
            " SELECT '[\"older\"]', script FROM tenants_shoptemplate WHERE id = %s",
            [template.pk],
        )
    with create_shop(slug="corner", name="Corner", language="en", now=now) as shop:
        pass
    assert shop.schema_name != old
    undo_migrations(shop.schema_name)

    assert "1 outdated ready schemas dropped" in bring_up_to_date()

    assert ready() == []
    assert {name for _, name in schemas_and_roles()} == {shop.schema_name for shop in list_shops()}
