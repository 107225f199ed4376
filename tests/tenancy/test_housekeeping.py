"""Rows that have served their time are deleted in batches, each shop's by itself."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from allauth.usersessions.models import UserSession
from catalog.selectors import get_variants_by_sku
from checkout.models import Cart, CartLine, Order
from coupons.models import Coupon, CouponAccess
from coupons.services import claim_coupon
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from kernel.models import IdempotencyKey, OutboxEvent
from members.models import MemberToken
from members.services import issue_token
from staff.models import User

from tenants import housekeeping, tasks
from tenants.housekeeping import delete_old_rows
from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.coupons import make_batch, make_member
from tests.support.storefront import make_product


@pytest.fixture
def now() -> datetime:
    """Tasks read the clock."""
    return timezone.now()


def add_rows(now: datetime, *, old: int, new: int = 0) -> None:
    """Of each kind: some a little too old, some just not."""
    for number in range(old + new):
        late = timedelta(minutes=1 if number < old else -1)
        IdempotencyKey.objects.create(
            mutation="m", caller="c", key=str(number), body_hash="", created_at=now - timedelta(hours=24) - late
        )
        OutboxEvent.objects.create(topic=f"a.{number}", payload={}, delivered_at=now - timedelta(days=30) - late)
        Session.objects.create(session_key=str(number), session_data="", expire_date=now - late)


def count() -> list[int]:
    return [model.objects.count() for model in (IdempotencyKey, OutboxEvent, Session)]


@pytest.mark.usefixtures("shop")
def test_the_old_go_and_the_others_stay(now: datetime) -> None:
    add_rows(now, old=2, new=3)
    assert delete_old_rows(now=now) is False
    assert count() == [3, 3, 3]
    assert list(OutboxEvent.objects.order_by("id").values_list("topic", flat=True)) == ["a.2", "a.3", "a.4"]


@pytest.mark.usefixtures("shop")
def test_an_event_that_was_not_delivered_is_never_deleted(now: datetime) -> None:
    long_ago = now - timedelta(days=1000)
    OutboxEvent.objects.create(topic="a.stuck", payload={}, created_at=long_ago, available_at=long_ago, attempts=99)
    delete_old_rows(now=now)
    assert OutboxEvent.objects.count() == 1


@pytest.mark.usefixtures("shop")
def test_a_batch_is_bounded_and_says_that_more_is_left(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    add_rows(now, old=3)
    assert delete_old_rows(now=now) is True
    assert count() == [1, 1, 1]
    assert delete_old_rows(now=now) is False
    assert count() == [0, 0, 0]


def note_session(owner: User, key: str) -> None:
    UserSession.objects.create(user=owner, ip="127.0.0.1", session_key=key)


def noted() -> list[str]:
    return list(UserSession.objects.order_by("id").values_list("session_key", flat=True))


@pytest.mark.usefixtures("shop")
def test_what_an_ended_session_leaves_behind_goes_with_it(
    now: datetime, owner_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    Session.objects.create(session_key="open", session_data="", expire_date=now + timedelta(days=1))
    Session.objects.create(session_key="over", session_data="", expire_date=now - timedelta(days=1))
    for key in ("open", "over", "ended", "left"):
        note_session(owner_user, key)

    assert delete_old_rows(now=now) is True
    assert noted() == ["open", "left"]
    assert delete_old_rows(now=now) is False
    assert noted() == ["open"]


def make_cart(now: datetime, *, variant_id: UUID, created: int, updated: int, closed: bool = False) -> UUID:
    """`created` and `updated` are days ago."""
    cart = Cart.objects.create(
        created_at=now - timedelta(days=created),
        updated_at=now - timedelta(days=updated),
        closed_at=now - timedelta(days=updated) if closed else None,
    )
    CartLine.objects.create(cart=cart, variant_id=variant_id, quantity=1)
    return cart.pk


@pytest.mark.usefixtures("shop")
def test_carts_that_became_no_order_go_ninety_days_after_their_last_change(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    make_product(now)
    variant_id = get_variants_by_sku(skus=["TEA"])["TEA"].id
    stay = {
        make_cart(now, variant_id=variant_id, created=89, updated=89),
        make_cart(now, variant_id=variant_id, created=400, updated=89),
        make_cart(now, variant_id=variant_id, created=400, updated=400, closed=True),
    }
    for created in (91, 92, 500):
        make_cart(now, variant_id=variant_id, created=created, updated=91)

    assert delete_old_rows(now=now) is True
    assert Cart.objects.count() == 4
    assert delete_old_rows(now=now) is False
    assert set(Cart.objects.values_list("pk", flat=True)) == stay
    assert set(CartLine.objects.values_list("cart_id", flat=True)) == stay
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.usefixtures("shop")
def test_tokens_that_are_over_go_and_what_they_opened_stays_the_members(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    member_id, batch_id = make_member(now), make_batch(now)
    tokens = [issue_token(member_id=member_id, is_verified=False, now=now - timedelta(days=age))[0]
              for age in (95, 94, 92, 90)]  # fmt: skip
    claim_coupon(batch_id=batch_id, member_id=member_id, token_id=tokens[0], now=now)
    cart = Cart.objects.create(member_id=member_id, token_id=tokens[0])
    order = Order.objects.create(
        number=1, member_id=member_id, token_id=tokens[0], currency="CNY", subtotal_minor=1, discount_minor=0,
        total_minor=1, placed_at=now,
    )  # fmt: skip

    assert delete_old_rows(now=now) is True
    assert delete_old_rows(now=now) is False

    assert list(MemberToken.objects.values_list("pk", flat=True)) == tokens[3:]
    assert CouponAccess.objects.count() == 0
    assert Coupon.objects.get().member_id == member_id
    for held in (cart, order):
        held.refresh_from_db()
        assert (held.member_id, held.token_id) == (member_id, None)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing refers to what is gone


def test_every_shop_gets_a_task_that_goes_on_until_nothing_is_left(
    live_shops: tuple[Shop, Shop], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    sent: list[str] = []

    def run(shop: Shop, task: object, *args: object) -> None:
        assert task is tasks.tidy_up
        sent.append(shop.schema_name)
        if not connection.in_atomic_block:
            with tenant_transaction(shop):
                tasks.tidy_up()

    monkeypatch.setattr(tasks, "enqueue_for_shop", run)
    north, south = live_shops
    with tenant_transaction(north):
        add_rows(now, old=5)
    Session.objects.create(session_key="public", session_data="", expire_date=now - timedelta(days=1))
    note_session(User.objects.create_user("operator@laxin.example"), "public")
    tasks.tidy_up_all_shops()
    assert sent == [north.schema_name] * 3 + [south.schema_name]
    with tenant_transaction(north):
        assert count() == [0, 0, 0]
    assert Session.objects.count() == 0
    assert noted() == []
