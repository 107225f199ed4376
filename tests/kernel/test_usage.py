"""The counts that limits are held against follow the tables, whoever writes them."""

from datetime import datetime
from uuid import UUID

import pytest
from catalog.checks import find_miscounted_skus
from catalog.services import archive_product, create_product, restore_product, update_product
from catalog.types import ProductInput, VariantInput
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from kernel.ids import new_id
from kernel.models import Usage
from kernel.usage import get_used, list_usage
from members.checks import find_miscounted_members
from members.models import Member
from members.services import get_or_create_member, record_order
from staff.checks import find_miscounted_staff
from stock.checks import find_miscounted_locations

from tenants.models import Shop

pytestmark = pytest.mark.usefixtures("shop")


def tea(*skus: str) -> ProductInput:
    return ProductInput(name="Tea", variants=[VariantInput(sku=sku, price_minor=100) for sku in skus])


@pytest.fixture
def product_id(shop: Shop, now: datetime) -> UUID:
    return create_product(data=tea("A", "B", "C"), now=now)


def test_a_new_shop_uses_its_owner_and_its_first_place_of_stock() -> None:
    assert list_usage() == {"locations": 1, "members": 0, "skus": 0, "staff": 1}
    assert list(find_miscounted_locations()) == list(find_miscounted_staff()) == []


def test_who_cannot_sign_in_is_no_staff_account() -> None:
    users = get_user_model().objects
    for number in range(3):
        users.create_user(email=f"{number}@x.example", role="cashier")
    assert get_used(resource="staff") == 4

    users.filter(role="cashier").update(is_active=False)
    assert get_used(resource="staff") == 1

    users.filter(email="0@x.example").update(is_active=True)
    assert get_used(resource="staff") == 2
    assert list(find_miscounted_staff()) == []


def test_a_member_is_counted_once_and_uncounted_when_deleted(now: datetime) -> None:
    member_id, _ = get_or_create_member(phone_e164="+8613800138000", now=now)
    get_or_create_member(phone_e164="+8613800138000", now=now)
    get_or_create_member(phone_e164="+8613800138001", now=now)
    assert get_used(resource="members") == 2

    Member.objects.filter(pk=member_id).delete()

    assert get_used(resource="members") == 1


def test_orders_of_a_member_do_not_touch_the_count(now: datetime) -> None:
    """Else every checkout of a shop would wait for every other."""
    member_id, _ = get_or_create_member(phone_e164="+8613800138000", now=now)
    before = read_version("members")

    record_order(member_id=member_id, total_minor=100)

    assert read_version("members") == before


def test_one_statement_with_many_rows_is_counted_whole() -> None:
    with connection.cursor() as cursor:
        with cursor.copy("COPY members_member (id, joined_at) FROM STDIN") as copy:
            for _ in range(500):
                copy.write_row([new_id(), "2026-01-01T00:00:00Z"])
        assert get_used(resource="members") == 500
        cursor.execute(
            "INSERT INTO members_member (id, phone) SELECT gen_random_uuid(), '+861380013' || (1000 + i)"
            " FROM generate_series(1, 7) i ON CONFLICT (phone) DO NOTHING"
        )
    assert get_used(resource="members") == 507


def test_what_is_taken_back_is_not_counted(now: datetime) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        get_or_create_member(phone_e164="+8613800138000", now=now)
        assert get_used(resource="members") == 1
        raise RuntimeError
    assert get_used(resource="members") == 0


def test_variants_count_while_they_are_on_sale(product_id: UUID, now: datetime) -> None:
    assert get_used(resource="skus") == 3

    update_product(product_id=product_id, data=tea("A", "D"), now=now)  # B and C are no longer sold
    assert get_used(resource="skus") == 2

    update_product(product_id=product_id, data=tea("A", "B", "D"), now=now)
    assert get_used(resource="skus") == 3


def test_an_archived_product_makes_room_until_it_is_restored(product_id: UUID, now: datetime) -> None:
    other = create_product(data=tea("X"), now=now)

    archive_product(product_id=product_id, now=now)
    archive_product(product_id=product_id, now=now)
    assert get_used(resource="skus") == 1

    restore_product(product_id=product_id, now=now)
    assert get_used(resource="skus") == 4

    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_product SET status = 'archived' WHERE id IN (%s, %s)", [product_id, other])
    assert get_used(resource="skus") == 0


def test_the_doctor_finds_counts_that_were_edited(product_id: UUID) -> None:
    Usage.objects.filter(pk="members").update(used=5)
    Usage.objects.filter(pk="skus").delete()

    assert list(find_miscounted_members()) == ["Usage of members says 5, there are 0."]
    assert list(find_miscounted_skus()) == ["Usage of skus says 0, there are 3."]


def test_the_doctor_finds_nothing_in_true_counts(product_id: UUID, now: datetime) -> None:
    get_or_create_member(phone_e164="+8613800138000", now=now)

    assert list(find_miscounted_members()) == list(find_miscounted_skus()) == []


def read_version(resource: str) -> str:
    """Which version of the row is the newest: another after any update."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text || xmin::text FROM kernel_usage WHERE resource = %s", [resource])
        return str(cursor.fetchone()[0])
