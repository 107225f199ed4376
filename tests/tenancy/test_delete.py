"""Deleting a shop leaves nothing but a tombstone, and says so after having looked."""

import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from kernel.models import OutboxEvent
from kernel.outbox import publish
from pytest_django.fixtures import Settings
from staff.services import open_shop

from tenants.deletion import delete_shop, search_traces
from tenants.errors import ShopUnknown, SlugTaken
from tenants.models import DeletedShop, Shop
from tenants.provisioning import KEPT_AFTER_DELETION, create_shop
from tenants.relay import find_schemas_with_news
from tenants.schemas import owner_cursor
from tenants.selectors import find_shop, get_shop, get_shop_of_schema, list_shops
from tenants.transaction import tenant_transaction
from tests.support.full_shop import fill_shop
from tests.tenancy.test_export_restore import contents
from tests.tenancy.test_pool import schemas_and_roles


@pytest.fixture
def corner(live_shops: tuple[Shop, Shop], now: datetime) -> Shop:
    """A shop with something in most tables, and a role of its own."""
    shop = open_shop(
        slug="corner", name="Corner", email="o@corner.example", password="correct horse", language="zh-hans", now=now
    ).shop
    fill_shop(shop)
    return shop


def all_roles() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles")
        return {row[0] for row in cursor.fetchall()}


def test_schema_role_and_row_are_gone_and_other_shops_are_as_before(
    corner: Shop, live_shops: tuple[Shop, Shop], now: datetime
) -> None:
    others = [contents(shop) for shop in live_shops]
    assert find_shop("corner") is not None  # cached
    assert corner.schema_name in all_roles()

    deletion = delete_shop(shop=corner, now=now)

    assert find_shop("corner") is None
    assert [shop.slug for shop in list_shops()] == ["north", "south"]
    assert corner.schema_name not in {name for _, name in schemas_and_roles()} | all_roles()
    assert [contents(shop) for shop in live_shops] == others
    tombstone = DeletedShop.objects.get()
    assert (tombstone.slug, tombstone.schema_name, tombstone.deleted_at) == ("corner", corner.schema_name, now)
    assert (deletion.slug, deletion.schema) == ("corner", corner.schema_name)
    with pytest.raises(ShopUnknown):  # so does a task of it that is still queued
        get_shop_of_schema(corner.schema_name)


def test_pending_events_go_with_the_shop(corner: Shop, now: datetime) -> None:
    with tenant_transaction(corner):
        publish(topic="test.pending", payload={})
        assert OutboxEvent.objects.filter(topic="test.pending").exists()
    later = now + timedelta(days=3650)
    assert corner.schema_name in find_schemas_with_news(now=later)
    delete_shop(shop=corner, now=now)
    assert corner.schema_name not in find_schemas_with_news(now=later)


def test_the_address_rests_and_is_then_free(corner: Shop, now: datetime) -> None:
    delete_shop(shop=corner, now=now)
    with pytest.raises(SlugTaken), create_shop(slug="corner", name="Other", language="en", now=now):
        pass
    after = now + KEPT_AFTER_DELETION
    with create_shop(slug="corner", name="Other", language="en", now=after) as shop:
        assert shop.schema_name != corner.schema_name


def test_the_search_finds_nothing_after_and_every_canary_before(corner: Shop, now: datetime) -> None:
    deletion = delete_shop(shop=corner, now=now)
    assert len(deletion.canaries) > 5
    assert deletion.canaries[0] == corner.schema_name
    proof = search_traces(canaries=deletion.canaries)
    assert proof.found == ()
    assert proof.schemas >= 4
    assert proof.tables > 100


def test_the_search_finds_a_value_that_another_shop_has(
    corner: Shop, live_shops: tuple[Shop, Shop], now: datetime
) -> None:
    """Control: a search that finds nothing proves something only if it finds what is there."""
    deletion = delete_shop(shop=corner, now=now)
    south = live_shops[1]
    with tenant_transaction(south):
        publish(topic="test.leak", payload={"cart": deletion.canaries[1]})
    assert search_traces(canaries=deletion.canaries).found == (f"{south.schema_name}.kernel_outboxevent",)


def test_cached_keys_of_the_shop_are_dropped(corner: Shop, now: datetime, valkey: str, settings: Settings) -> None:
    backend = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": valkey}
    settings.CACHES = {"default": {**settings.CACHES["default"], **backend}}
    with tenant_transaction(corner):
        cache.set("hello", "corner")
    cache.set("public:hello", "all")
    deletion = delete_shop(shop=corner, now=now)
    assert deletion.cached == 1
    assert cache.get("public:hello") == "all"
    assert search_traces(canaries=deletion.canaries).found == ()


def test_a_shop_in_use_is_not_deleted(corner: Shop, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.owner_session.LOCK_TIMEOUT", "SET lock_timeout = '50ms'")
    with owner_cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"LOCK TABLE {corner.schema_name}.members_member IN ACCESS SHARE MODE")
        with pytest.raises(CommandError, match="Suspend it"):
            call_command("shop", "delete", "corner", yes=True)
        cursor.execute("ROLLBACK")
    assert get_shop(slug="corner").schema_name in all_roles()


def without_log(shop: Shop) -> dict[str, list[str]]:
    """What is in the shop, besides its audit log, where each command stands, and its list of mails."""
    found, logs = contents(shop), ("staff_auditentry", "messaging_email")
    sequences = [each for each in found.pop("sequences") if not any(log in each for log in logs)]
    return {table: rows for table, rows in found.items() if table not in logs} | {"sequences": sequences}


def test_the_commands_carry_a_shop_through_its_life(
    corner: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = without_log(corner)
    file = tmp_path / "corner.tar.gz"
    call_command("shop", "suspend", "corner")
    assert get_shop(slug="corner").access == "suspended"
    call_command("shop", "export", "corner", "--to", str(file))
    assert [path.name for path in tmp_path.iterdir()] == ["corner.tar.gz"]
    assert file.stat().st_mode & 0o777 == 0o600

    monkeypatch.setattr("builtins.input", lambda prompt: "not-corner")
    with pytest.raises(CommandError, match="Nothing was deleted"):
        call_command("shop", "delete", "corner")
    assert without_log(corner) == before
    monkeypatch.setattr("builtins.input", lambda prompt: "corner")
    call_command("shop", "delete", "corner")
    assert "values that only this shop had: 0 found." in capsys.readouterr().out
    with pytest.raises(CommandError, match="corner"):
        call_command("shop", "export", "corner", "--to", str(file))

    call_command("shop", "restore", str(file))
    assert "laxin billing give corner PLAN" in capsys.readouterr().out
    call_command("shop", "resume", "corner")
    assert get_shop(slug="corner").access == "read_only"
    call_command("billing", "give", "corner", "growth", "--reason", "restored")
    shop = get_shop(slug="corner")
    assert without_log(shop) == before
    assert shop.access == "open"
    assert not DeletedShop.objects.exists()


def test_a_broken_file_is_refused_in_words(live_shops: tuple[Shop, Shop], tmp_path: Path) -> None:
    file = tmp_path / "broken.tar.gz"
    file.write_bytes(io.BytesIO(b"no archive").getvalue())
    with pytest.raises(CommandError, match="damaged or was cut off"):
        call_command("shop", "restore", str(file), "--as", "copy")
    with pytest.raises(CommandError, match="No such file"):
        call_command("shop", "restore", str(tmp_path / "missing"), "--as", "copy")
