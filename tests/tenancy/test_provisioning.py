"""Making shops: all or nothing, and equal to a schema that was migrated."""

import re
from collections.abc import Iterator
from datetime import datetime
from uuid import uuid4

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from pytest_django import DjangoDbBlocker
from staff.models import User

from tenants.bootstrap import bring_up_to_date, is_up_to_date
from tenants.doctor import find_broken
from tenants.errors import SlugInvalid, SlugReserved, SlugTaken
from tenants.models import Shop, ShopTemplate
from tenants.provisioning import create_shop
from tenants.schemas import TEMPLATE_SCHEMA, find_schemas_behind, migrate_schema, owner, owner_cursor
from tenants.selectors import find_shop, list_shops
from tenants.template import dump_schema
from tenants.transaction import tenant_transaction
from tests.support.database import TestServer


def make_shop(slug: str, now: datetime) -> Shop:
    with create_shop(slug=slug, name="A shop", language="en", now=now) as shop:
        return shop


def everything_there_is() -> dict[str, list[str]]:
    """Shops, schemas and roles, as the database has them."""
    queries = {
        "shops": "SELECT slug FROM tenants_shop ORDER BY 1",
        "schemas": "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' ORDER BY 1",
        "roles": "SELECT rolname FROM pg_roles ORDER BY 1",
    }
    found = {}
    with connection.cursor() as cursor:
        for name, query in queries.items():
            cursor.execute(query)
            found[name] = [row[0] for row in cursor.fetchall()]
    return found


def normalized_dump(schema: str) -> list[str]:
    """A schema's dump with its name and the moments of its migrations taken out.

    PostgreSQL prints `IN ('a', 'b')` on varchar, and three conditions joined by AND, differently once it has read its
    own print: casts and parentheses of such are left out.
    """
    dump = dump_schema(schema).replace(schema, "SCHEMA")
    dump = re.sub(r"ANY \(.*?ARRAY\[.*?\].*", lambda found: re.sub(r"::[a-z ]+(\[\])?|[()]", "", found[0]), dump)
    dump = re.sub(r"CHECK \(.*", lambda found: re.sub(r"[()]", "", found[0]), dump)
    dump = re.sub(r"'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+00'", "'MOMENT'", dump)
    return [line for line in dump.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


@pytest.fixture
def empty_database(
    django_db_setup: None, database_server: TestServer, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """A database with nothing in it."""
    name = f"laxin_{uuid4().hex[:12]}"
    database_server.create_database(name)
    with django_db_blocker.unblock():
        try:
            database_server.use(name)
            yield
        finally:
            for each in connections.all(initialized_only=True):
                each.close()
            database_server.use(database_server.main)
            database_server.drop_database(name)


def test_a_new_shop_has_the_defaults_of_its_language(shops: tuple[Shop, Shop], now: datetime) -> None:
    with create_shop(slug="corner-shop", name="Corner", language="zh-hans", now=now) as shop:
        pass
    assert (shop.currency, shop.time_zone, shop.phone_region) == ("CNY", "Asia/Shanghai", "CN")
    shop = make_shop("main-street", now)
    assert (shop.currency, shop.time_zone, shop.phone_region) == ("USD", "UTC", "US")
    assert re.fullmatch(r"t_[0-9a-f]{16}", shop.schema_name)
    assert (shop.access, shop.created_at) == ("open", now)


def test_the_block_runs_inside_the_new_shop(live_shops: tuple[Shop, Shop], now: datetime) -> None:
    with create_shop(slug="corner-shop", name="Corner", language="en", now=now) as shop:
        User.objects.create_user("owner@corner.example")
    with tenant_transaction(shop):
        assert [user.email for user in User.objects.all()] == ["owner@corner.example"]
    found = find_shop("corner-shop")
    assert found is not None
    assert found.schema_name == shop.schema_name


def test_a_failure_half_way_leaves_nothing(live_shops: tuple[Shop, Shop], now: datetime) -> None:
    before = everything_there_is()
    with (
        pytest.raises(ZeroDivisionError),
        create_shop(slug="corner-shop", name="Corner", language="en", now=now),
    ):
        User.objects.create_user("owner@corner.example")
        raise ZeroDivisionError
    assert everything_there_is() == before
    assert find_shop("corner-shop") is None


def test_a_slug_is_free_again_after_a_failure(live_shops: tuple[Shop, Shop], now: datetime) -> None:
    with pytest.raises(ZeroDivisionError), create_shop(slug="corner-shop", name="C", language="en", now=now):
        raise ZeroDivisionError
    assert make_shop("corner-shop", now).slug == "corner-shop"


def test_a_taken_slug_is_refused_and_changes_nothing(live_shops: tuple[Shop, Shop], now: datetime) -> None:
    before = everything_there_is()
    with pytest.raises(SlugTaken) as refused:
        make_shop("north", now)
    assert (refused.value.code, refused.value.field) == ("SLUG_TAKEN", ("slug",))
    assert everything_there_is() == before


@pytest.mark.parametrize(
    "slug", ["ab", "a" * 41, "", "Corner", "corner_shop", "-corner", "corner-", "corner.shop", "店铺"]
)
def test_a_slug_of_wrong_form_is_refused(shops: tuple[Shop, Shop], now: datetime, slug: str) -> None:
    with pytest.raises(SlugInvalid):
        make_shop(slug, now)
    assert len(list_shops()) == 2


@pytest.mark.parametrize("slug", ["www", "admin", "console", "xn--fiqs8s"])
def test_a_reserved_slug_is_refused(shops: tuple[Shop, Shop], now: datetime, slug: str) -> None:
    with pytest.raises(SlugReserved):
        make_shop(slug, now)


@pytest.mark.parametrize("slug", ["abc", "a" * 40, "a-1", "9to5"])
def test_the_bounds_of_a_slug_are_allowed(shops: tuple[Shop, Shop], now: datetime, slug: str) -> None:
    assert make_shop(slug, now).slug == slug


def test_a_shop_from_the_script_equals_the_migrated_template(live_shops: tuple[Shop, Shop], now: datetime) -> None:
    shop = make_shop("corner-shop", now)
    dump = normalized_dump(shop.schema_name)
    assert len(dump) > 1000
    assert dump == normalized_dump(TEMPLATE_SCHEMA)


def test_a_shop_from_the_script_equals_a_schema_migrated_beside_it(live_shops: tuple[Shop, Shop]) -> None:
    migrated = "laxin_migrated_beside"
    with owner_cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {migrated}")
    migrate_schema(migrated)
    assert normalized_dump(migrated) == normalized_dump(TEMPLATE_SCHEMA)


def test_the_script_names_no_schema_but_the_templates(shops: tuple[Shop, Shop]) -> None:
    script = ShopTemplate.objects.get().script
    assert "public." not in script
    assert not re.search(r"^SET ", script, re.MULTILINE)
    assert f"CREATE TABLE {TEMPLATE_SCHEMA}.kernel_outboxevent" in script


def test_content_types_have_equal_ids_everywhere(shops: tuple[Shop, Shop]) -> None:
    def read() -> list[tuple[int, str, str]]:
        return list(ContentType.objects.order_by("id").values_list("id", "app_label", "model"))

    public = read()
    for shop in shops:
        with tenant_transaction(shop):
            assert read() == public


def test_the_doctor_finds_a_content_type_of_another_id(live_shops: tuple[Shop, Shop]) -> None:
    north, south = live_shops
    assert list(find_broken([north, south])) == []
    with tenant_transaction(south):
        ContentType.objects.create(app_label="ghost", model="ghost")
    findings = list(find_broken([north, south]))
    assert {finding.shop for finding in findings} == {"south"}
    assert {finding.invariant for finding in findings} == {"tenants.content_types_have_equal_ids"}


def test_bootstrap_of_an_empty_database_is_whole_and_then_does_nothing(empty_database: None, now: datetime) -> None:
    assert not is_up_to_date()
    assert bring_up_to_date() != []
    assert bring_up_to_date() == []
    with create_shop(slug="corner-shop", name="Corner", language="en", now=now) as shop:
        User.objects.create_user("owner@corner.example")
    assert find_schemas_behind() == []
    assert list(find_broken([shop])) == []


def test_a_database_of_a_later_version_is_left_alone(live_shops: tuple[Shop, Shop]) -> None:
    with owner_cursor() as cursor:
        for schema in ("public", TEMPLATE_SCHEMA, *(shop.schema_name for shop in live_shops)):
            cursor.execute(
                f"INSERT INTO {schema}.django_migrations (app, name, applied) VALUES ('kernel', 'later', now())"
            )
    assert bring_up_to_date() == []


def test_a_new_migration_of_the_template_renders_a_new_script(live_shops: tuple[Shop, Shop], now: datetime) -> None:
    with owner_cursor() as cursor:
        cursor.execute(f"ALTER TABLE {TEMPLATE_SCHEMA}.checkout_cart DROP COLUMN shown_version")
        cursor.execute(f"ALTER TABLE {TEMPLATE_SCHEMA}.checkout_order DROP COLUMN rules_version")
        cursor.execute(f"DELETE FROM {TEMPLATE_SCHEMA}.django_migrations WHERE name = '0003_quoted_by'")
        cursor.execute("DELETE FROM tenants_shoptemplate")
    assert bring_up_to_date() != []
    assert normalized_dump(make_shop("corner-shop", now).schema_name) == normalized_dump(TEMPLATE_SCHEMA)


def test_a_shop_that_is_behind_is_brought_up_to_date(live_shops: tuple[Shop, Shop]) -> None:
    south = live_shops[1].schema_name
    with owner().migrating_in(south):
        MigrationExecutor(owner()).migrate([("checkout", "0002_order_number")])
    assert find_schemas_behind() == [south]
    assert not is_up_to_date()

    assert f"shop {south}" in bring_up_to_date()

    assert find_schemas_behind() == []
    assert list(find_broken(live_shops)) == []
    with owner_cursor() as cursor:
        cursor.execute(f"SELECT shown_version FROM {south}.checkout_cart")
        assert cursor.fetchall() == []
