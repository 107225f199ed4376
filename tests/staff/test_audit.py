"""The audit log: what is written, for whom, and that it stays as it is."""

import csv
import io
import json
from datetime import datetime
from uuid import UUID

import pytest
from catalog.services import create_product
from catalog.types import ProductInput, VariantInput
from django.db import DatabaseError, connection, transaction
from staff.audit import Filter, list_entries, read_entries, record_event
from staff.models import AuditEntry, User
from staff.services import create_api_key

from tenants.actor import Actor
from tenants.models import Shop
from tenants.transaction import act_as, tenant_transaction
from tests.support.shops import PASSWORD, ShopClient, owner_email
from tests.support.statements import statements

CHEN = Actor(id="staff:1", name="chen@north.example", ip="10.1.2.3", user_agent="Firefox/1", path="/console/products/")


def make_product(now: datetime, sku: str = "TEA") -> UUID:
    return create_product(data=ProductInput(name="Tea", variants=[VariantInput(sku=sku, price_minor=500)]), now=now)


def read_log() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("pk").values_list("event", "subject", "label"))


def test_what_nobody_of_the_staff_does_leaves_no_entry(shop: Shop, now: datetime) -> None:
    make_product(now)
    User.objects.update(name="x")

    assert read_log() == []


def test_a_row_added_stands_there_with_who_and_from_where(shop: Shop, now: datetime) -> None:
    act_as(CHEN)
    make_product(now)

    assert read_log() == [("insert", "catalog_product", "Tea"), ("insert", "catalog_variant", "TEA")]
    entry = AuditEntry.objects.earliest("pk")
    assert (entry.actor, entry.actor_name, entry.ip) == ("staff:1", "chen@north.example", "10.1.2.3")
    assert (entry.user_agent, entry.path, entry.before) == ("Firefox/1", "/console/products/", None)
    assert entry.after is not None
    assert entry.after["name"] == "Tea"


def test_of_a_changed_row_only_what_differs_is_kept(shop: Shop, owner_user: User) -> None:
    act_as(CHEN)
    User.objects.filter(pk=owner_user.pk).update(name="New", language="en")

    entry = AuditEntry.objects.get()
    assert (entry.event, entry.row_key, entry.label) == ("update", str(owner_user.pk), owner_user.email)
    assert (entry.before, entry.after) == ({"name": "", "language": "zh-hans"}, {"name": "New", "language": "en"})


def test_secrets_are_never_written(shop: Shop, owner_user: User, now: datetime) -> None:
    act_as(CHEN)
    owner_user.set_password("another-long-password")
    owner_user.save()
    key = create_api_key(name="ERP", kind="public", origins=[], now=now)

    everything = str(list(AuditEntry.objects.values()))
    assert owner_user.password not in everything
    assert key.secret not in everything
    assert AuditEntry.objects.get(event="update").after == {"password": "…"}


def test_what_changes_all_the_time_is_no_entry(shop: Shop, owner_user: User, now: datetime) -> None:
    act_as(CHEN)
    User.objects.filter(pk=owner_user.pk).update(last_login=now)
    User.objects.filter(pk=owner_user.pk).update(name=owner_user.name)

    assert read_log() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE staff_auditentry SET actor = 'staff:2'",
        "DELETE FROM staff_auditentry",
        "TRUNCATE staff_auditentry",
        "ALTER TABLE staff_auditentry DISABLE TRIGGER ALL",
        "DROP TRIGGER staff_auditentry_append_only ON staff_auditentry",
        "DROP TRIGGER staff_user_audited ON staff_user",
        "ALTER TABLE staff_user DISABLE TRIGGER staff_user_audited",
    ],
)
def test_the_shops_own_role_cannot_alter_the_log_nor_silence_it(shop: Shop, statement: str) -> None:
    record_event(event="sign_in", actor=CHEN)

    with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert any(word in str(refused.value) for word in ("append-only", "must be owner", "permission denied"))
    assert AuditEntry.objects.get().actor == "staff:1"


def test_a_page_of_the_log_is_one_statement_and_filters_by_who_what_and_when(shop: Shop, now: datetime) -> None:
    for number in range(5):
        record_event(event="sign_in", actor=Actor(id=f"staff:{number % 2}", name="x"), label=str(number))
    record_event(event="export", actor=CHEN)

    with statements() as queries:
        page = list_entries(chosen=Filter(actor="staff:0", event="sign_in"), first=2)
    rest = list_entries(chosen=Filter(actor="staff:0", event="sign_in"), first=2, after=page.end_cursor)

    assert len(queries) == 1
    assert [entry.label for entry in [*page, *rest]] == ["4", "2", "0"]
    assert [entry.event for entry in read_entries(chosen=Filter(event="export"))] == ["export"]
    assert list(read_entries(chosen=Filter(since=datetime.fromisoformat("2999-01-01T00:00Z")))) == []


@pytest.fixture
def north(shops: tuple[Shop, Shop]) -> Shop:
    return shops[0]


def sign_in(north: Shop, password: str = PASSWORD) -> ShopClient:
    client = ShopClient(north)
    client.cookies["laxin_language"] = "en"
    client.post("/console/sign-in/", {"login": owner_email("north"), "password": password})
    return client


def test_signing_in_failing_to_and_signing_out_stand_there(north: Shop) -> None:
    sign_in(north, "wrong")
    sign_in(north).post("/console/sign-out/")

    with tenant_transaction(north):
        log = list(AuditEntry.objects.order_by("pk").values_list("event", "actor_name", "ip"))
    email = owner_email("north")
    assert log == [
        ("sign_in_failed", email, "127.0.0.1"),
        ("sign_in", email, "127.0.0.1"),
        ("sign_out", email, "127.0.0.1"),
    ]


def test_what_is_posted_in_the_console_is_done_by_whoever_is_signed_in(north: Shop) -> None:
    client = sign_in(north)
    client.post("/console/products/new/", {"name": "Tea", "sku": "TEA", "price": "5", "quantity": "3"})

    with tenant_transaction(north):
        owner = User.objects.get()
        entry = AuditEntry.objects.get(subject="catalog_product")
    assert (entry.actor, entry.actor_name) == (f"staff:{owner.pk}", owner.email)
    assert (entry.ip, entry.path) == ("127.0.0.1", "/console/products/new/")
    page = client.get("/console/audit/").content.decode()
    assert "Product: added" in page
    detail = client.get(f"/console/audit/{entry.pk}/").content.decode()
    assert "/console/products/new/" in detail


def test_the_export_is_csv_for_spreadsheets_and_stands_in_the_log_itself(north: Shop) -> None:
    client = sign_in(north)
    with tenant_transaction(north):
        record_event(event="sign_in_failed", actor=Actor(id="", name="=cmd|'/c calc'!A1"), label="=1+1")

    response = client.get("/console/audit/export.csv?event=sign_in_failed")
    body = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]

    assert body.startswith("\ufeff")
    [header, row] = csv.reader(io.StringIO(body.removeprefix("\ufeff")))
    assert dict(zip(header, row, strict=True))["who"] == "'=cmd|'/c calc'!A1"
    with tenant_transaction(north):
        export = AuditEntry.objects.get(event="export")
    assert json.dumps(export.after) == '{"event": "sign_in_failed"}'


def test_what_the_database_cannot_keep_is_left_out(north: Shop) -> None:
    client = sign_in(north)
    client.defaults["HTTP_USER_AGENT"] = "A browser\\u0000"  # as text, which is no NUL

    exported = client.get("/console/audit/export.csv?actor=%00x&%00=y")
    assert exported.status_code == 200
    client.post("/console/domains/a%00b.example/remove/")
    client.post("/console/products/new/", {"name": "Tea", "sku": "TEA", "price": "5.00", "quantity": "1"})

    with tenant_transaction(north):
        assert AuditEntry.objects.get(event="export").after == {"actor": "x", "": "y"}
        assert AuditEntry.objects.get(subject="catalog_product").user_agent == "A browser\\u0000"


def test_another_shop_has_nothing_of_it(shops: tuple[Shop, Shop]) -> None:
    north, south = shops
    sign_in(north)
    with tenant_transaction(south):
        assert not AuditEntry.objects.exists()
