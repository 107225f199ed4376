"""One shop as a unit: into a file, out of it again, equal to what it was; or nothing at all."""

import io
import json
import tarfile
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from catalog.models import Product
from django.contrib.auth.models import Permission
from django.db import connection, connections
from messaging.models import Email
from messaging.selectors import list_due
from messaging.services import queue_email
from staff.models import User
from stock.models import Balance, Entry

from tenants.archive import ArchiveReader
from tenants.bootstrap import newest_template_migrations
from tenants.contents import read_sequences, read_tables
from tenants.doctor import find_broken
from tenants.errors import ArchiveRefused, SlugTaken
from tenants.export import export_shop
from tenants.models import Shop
from tenants.pool import refill_pool
from tenants.restore import restore_shop
from tenants.schemas import TEMPLATE_SCHEMA, owner_cursor
from tenants.selectors import find_shop, get_shop, list_shops
from tenants.services import set_access
from tenants.transaction import tenant_transaction
from tests.support.full_shop import fill_shop
from tests.tenancy.test_pool import schemas_and_roles


def export(shop: Shop, now: datetime) -> bytes:
    file = io.BytesIO()
    export_shop(shop=shop, file=file, now=now)
    return file.getvalue()


def contents(shop: Shop) -> dict[str, list[str]]:
    """Every row of the shop's data, and what its sequences give next."""
    found: dict[str, list[str]] = {}
    with owner_cursor() as cursor:
        for table in read_tables(cursor, shop.schema_name):
            cursor.execute(f'SELECT t::text FROM {shop.schema_name}."{table.name}" AS t ORDER BY 1')
            found[table.name] = [row[0] for row in cursor.fetchall()]
        found["sequences"] = [str(each) for each in read_sequences(cursor, shop.schema_name).items()]
    return found


def members(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def pack(files: dict[str, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    packed.seek(0)
    return packed


@pytest.fixture
def north(live_shops: tuple[Shop, Shop]) -> Shop:
    """A shop with something in most tables."""
    fill_shop(live_shops[0])
    return live_shops[0]


def test_a_restored_copy_is_equal_row_by_row(north: Shop, now: datetime) -> None:
    before = contents(north)
    assert sum(len(rows) for rows in before.values()) > 100
    restored = restore_shop(file=io.BytesIO(export(north, now)), slug="north-copy", now=now)
    assert contents(restored.shop) == before
    assert contents(north) == before
    assert restored.rows == sum(len(rows) for name, rows in before.items() if name != "sequences")
    copy = get_shop(slug="north-copy")
    assert copy.schema_name != north.schema_name
    assert (copy.name, copy.language, copy.currency, copy.created_at) == (
        north.name, north.language, north.currency, north.created_at,
    )  # fmt: skip
    assert list(find_broken([north, copy])) == []


def test_the_copys_balances_are_not_applied_twice_and_its_triggers_work(north: Shop, now: datetime) -> None:
    with tenant_transaction(north):
        before = dict(Balance.objects.values_list("id", "on_hand"))
    assert sum(before.values()) > 0
    copy = restore_shop(file=io.BytesIO(export(north, now)), slug="north-copy", now=now).shop
    with tenant_transaction(copy):
        assert dict(Balance.objects.values_list("id", "on_hand")) == before
        balance = Balance.objects.order_by("id").first()
        assert balance is not None
        Entry.objects.create(balance=balance, quantity=3, kind="adjustment")
        balance.refresh_from_db()
        assert balance.on_hand == before[balance.pk] + 3
    with pytest.raises(Exception, match="append-only"), tenant_transaction(copy):
        Entry.objects.update(quantity=1)


def test_new_rows_of_the_copy_go_on_after_the_old_ones(north: Shop, now: datetime) -> None:
    copy = restore_shop(file=io.BytesIO(export(north, now)), slug="north-copy", now=now).shop
    with tenant_transaction(copy):
        last = Entry.objects.order_by("-id").first()
        assert last is not None
        entry = Entry.objects.create(balance_id=last.balance_id, quantity=1, kind="adjustment")
        assert entry.pk > last.pk


def test_sessions_are_not_in_the_archive(north: Shop, now: datetime, client_for: Callable[[Shop], object]) -> None:
    client = client_for(north)
    with tenant_transaction(north):
        user = User.objects.get()
    client.force_login(user)  # type: ignore[attr-defined]
    archive = members(export(north, now))
    key = client.cookies["laxin_session"].value  # type: ignore[attr-defined]
    assert not any(key.encode() in data or "django_session" in name for name, data in archive.items())


def test_what_mails_say_is_not_in_the_archive_and_none_is_sent_again(north: Shop, now: datetime) -> None:
    link = "http://north.localhost/invitation/secret-of-the-owner/"
    with tenant_transaction(north):
        sent, _waiting = (queue_email(to=["li@x.example"], subject="Hi", text=link, html=link, now=now) for _ in "12")
        # As an earlier version left it: sent, with its text.
        Email.objects.filter(pk=sent).update(sent_at=now, key="once")
    archive = export(north, now)

    assert not any(b"secret-of-the-owner" in data for data in members(archive).values())
    copy = restore_shop(file=io.BytesIO(archive), slug="north-copy", now=now).shop
    with tenant_transaction(copy):
        (email,) = Email.objects.all()
        assert (email.pk, email.key, email.sent_at, email.subject) == (sent, "once", now, "Hi")
        assert (email.text, email.html) == ("", "")
        assert list_due(now=now + timedelta(days=1), limit=10) == []


def test_the_archive_is_one_moment_of_the_shop(north: Shop, now: datetime) -> None:
    """A writer keeps balances and entries apart in time only within its transaction: no archive sees them differ."""
    stop = threading.Event()
    faults: list[str] = []

    def write() -> None:
        try:
            while not stop.is_set():
                with tenant_transaction(north):
                    balance = Balance.objects.order_by("id").first()
                    assert balance is not None
                    Entry.objects.create(balance=balance, quantity=1, kind="adjustment")
        finally:
            connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            restored = restore_shop(file=io.BytesIO(export(north, now)), slug=f"copy-{number}", now=now)
            faults += [finding.detail for finding in find_broken([restored.shop])]
    finally:
        stop.set()
        writer.join()
    assert faults == []


def test_an_address_in_use_is_refused_and_with_replace_taken_over(north: Shop, now: datetime) -> None:
    archive = export(north, now)
    before = contents(north)
    with tenant_transaction(north):
        Product.objects.update(name="spoilt")
    set_access(shop=north, access=Shop.Access.READ_ONLY)
    with pytest.raises(SlugTaken, match="--replace"):
        restore_shop(file=io.BytesIO(archive), now=now)
    assert find_shop("north") is not None

    restored = restore_shop(file=io.BytesIO(archive), replace=True, now=now).shop

    assert (restored.pk, restored.access) == (north.pk, "read_only")
    assert contents(restored) == before
    assert north.schema_name not in {name for _, name in schemas_and_roles()}
    found = find_shop("north")
    assert found is not None
    assert found.schema_name == restored.schema_name


def test_a_restore_takes_a_ready_schema(north: Shop, now: datetime) -> None:
    refill_pool(size=1)
    before = schemas_and_roles()
    restore_shop(file=io.BytesIO(export(north, now)), slug="north-copy", now=now)
    assert schemas_and_roles() == before


def test_the_other_shop_is_untouched(north: Shop, live_shops: tuple[Shop, Shop], now: datetime) -> None:
    before = contents(live_shops[1])
    restore_shop(file=io.BytesIO(export(north, now)), replace=True, now=now)
    assert contents(live_shops[1]) == before


def damage_row(files: dict[str, bytes]) -> None:
    name = next(name for name in files if name.startswith("tables/catalog_product/"))
    files[name] = files[name].replace("红富士苹果".encode(), "红富士香蕉".encode())


def drop_table(files: dict[str, bytes]) -> None:
    del files[next(name for name in files if name.startswith("tables/members_member/"))]


def drop_manifest(files: dict[str, bytes]) -> None:
    del files["manifest.json"]


def other_version(files: dict[str, bytes]) -> None:
    header = json.loads(files["header.json"])
    header["migrations"] = [*header["migrations"][1:], "kernel.9999_later"]
    files["header.json"] = json.dumps(header).encode()


def other_format(files: dict[str, bytes]) -> None:
    files["header.json"] = files["header.json"].replace(b'"format": 1', b'"format": 2')


def unbalance(files: dict[str, bytes]) -> None:
    """Checksums that fit, but a balance that its entries do not add up to."""
    name = next(name for name in files if name.startswith("tables/stock_balance/"))
    header = json.loads(files["header.json"])
    place = header["columns"]["stock_balance"].index("on_hand")
    lines = files[name].decode().splitlines()
    cells = lines[0].split("\t")
    cells[place] = str(int(cells[place]) + 1)
    files[name] = ("\n".join(["\t".join(cells), *lines[1:]]) + "\n").encode()
    fit_checksum(files, "stock_balance", files[name])


def orphan(files: dict[str, bytes]) -> None:
    """Checksums that fit, but variants without their products."""
    name = next(name for name in files if name.startswith("tables/catalog_product/"))
    files[name] = b""
    fit_checksum(files, "catalog_product", b"")


def fit_checksum(files: dict[str, bytes], table: str, data: bytes) -> None:
    import hashlib

    manifest = json.loads(files["manifest.json"])
    manifest["tables"][table] = {"rows": data.count(b"\n"), "sha256": hashlib.sha256(data).hexdigest()}
    files["manifest.json"] = json.dumps(manifest).encode()


def unknown_time_zone(files: dict[str, bytes]) -> None:
    header = json.loads(files["header.json"])
    header["shop"]["time_zone"] = "Europe/Atlantis"
    files["header.json"] = json.dumps(header).encode()


def other_sequences(files: dict[str, bytes]) -> None:
    manifest = json.loads(files["manifest.json"])
    files["manifest.json"] = json.dumps(manifest | {"sequences": {"kernel_none": [1, True]}}).encode()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_row, "checksums"),
        (drop_table, "checksums"),
        (drop_manifest, "cut off"),
        (other_version, "another version.*it lacks .*it has kernel.9999_later"),
        (other_format, "no archive of a shop"),
        (unbalance, "stock.on_hand_is_the_sum_of_the_entries"),
        (orphan, "refused by the database"),
        (unknown_time_zone, "not understood: time_zone 'Europe/Atlantis'"),
        (other_sequences, "sequences"),
    ],
)
def test_a_wrong_archive_is_refused_and_changes_nothing(
    north: Shop, now: datetime, damage: Callable[[dict[str, bytes]], None], message: str
) -> None:
    files = members(export(north, now))
    damage(files)
    before = contents(north), schemas_and_roles(), [shop.schema_name for shop in list_shops()]
    with pytest.raises(ArchiveRefused, match=message):
        restore_shop(file=pack(files), replace=True, now=now)
    assert (contents(north), schemas_and_roles(), [shop.schema_name for shop in list_shops()]) == before


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_refused(north: Shop, now: datetime, share: float) -> None:
    archive = export(north, now)
    with pytest.raises(ArchiveRefused):
        restore_shop(file=io.BytesIO(archive[: int(len(archive) * share)]), slug="copy", now=now)
    assert find_shop("copy") is None


def test_a_bit_that_turned_is_noticed(north: Shop, now: datetime) -> None:
    archive = bytearray(export(north, now))
    archive[len(archive) // 2] ^= 1
    with pytest.raises(ArchiveRefused):
        restore_shop(file=io.BytesIO(bytes(archive)), slug="copy", now=now)
    assert find_shop("copy") is None


def test_a_shop_that_was_not_in_order_comes_back_where_that_is_accepted(north: Shop, now: datetime) -> None:
    files = members(export(north, now))
    unbalance(files)
    restored = restore_shop(file=pack(files), slug="copy", accept_findings=True, now=now)
    assert [finding.invariant for finding in restored.findings] == ["stock.on_hand_is_the_sum_of_the_entries"]


def test_permissions_of_another_installation_are_refused_only_where_rows_name_them(north: Shop, now: datetime) -> None:
    def with_other_identities() -> io.BytesIO:
        files = members(export(north, now))
        header = json.loads(files["header.json"])
        files["header.json"] = json.dumps(header | {"identities": "0" * 64}).encode()
        return pack(files)

    restore_shop(file=with_other_identities(), slug="copy-1", now=now)
    with tenant_transaction(north):
        User.objects.get().user_permissions.add(Permission.objects.all()[0])
    with pytest.raises(ArchiveRefused, match="permissions"):
        restore_shop(file=with_other_identities(), slug="copy-2", now=now)


def test_the_header_says_what_is_in_the_file(north: Shop, now: datetime) -> None:
    header = ArchiveReader(io.BytesIO(export(north, now))).header
    assert header["shop"]["slug"] == "north"
    assert header["exported_at"] == now.isoformat()
    assert header["migrations"] == newest_template_migrations()


def test_every_foreign_key_waits_for_the_end_of_the_transaction(live_shops: tuple[Shop, Shop]) -> None:
    """Tables are loaded by name, so rows come before those they refer to."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE NOT condeferrable) FROM pg_constraint"
            " WHERE contype = 'f' AND connamespace = %s::regnamespace",
            [TEMPLATE_SCHEMA],
        )
        total, immediate = cursor.fetchone()
    assert total > 30
    assert immediate == 0
