"""Thirty-two people and the last coupons: never more are given than there are, never two to one, never used twice."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
from coupons.errors import CouponNotUsable, MemberLimit, SoldOut
from coupons.models import Batch, Coupon, CouponEvent
from coupons.services import claim_coupon, redeem_coupons
from django.db import connection, connections
from joining.models import Join
from joining.services import join_member
from kernel.ids import new_code
from members.models import Member

from tenants.doctor import find_broken
from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.coupons import make_batch, make_link, make_member

PEOPLE, COUPONS = 32, 20


def race(shop: Shop, act: Callable[[int], object]) -> list[object]:
    """Let everybody act once from the same moment on, each in a transaction; what each got, or the error's name."""
    barrier = threading.Barrier(PEOPLE)
    ends: list[object] = [None] * PEOPLE

    def run(number: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=60)
            with tenant_transaction(shop):
                ends[number] = act(number)
        except Exception as error:  # a deadlock must be seen, not lost with its thread
            ends[number] = type(error).__name__
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(PEOPLE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return ends


def number_of(person: int) -> str:
    return f"138001380{person:02}"


@pytest.fixture
def shop(live_shops: tuple[Shop, Shop]) -> Shop:
    """North, in a database of the test's own."""
    return live_shops[0]


def join(number: str, now: datetime) -> str:
    result = join_member(code="welcome", phone=number, region="CN", token_secret=None, consent_version="1", now=now)
    return result.coupon.code if result.coupon else str(result.coupon_missing_reason)


def test_the_last_coupons_go_to_as_many_people_and_everybody_joins(shop: Shop, now: datetime) -> None:
    with tenant_transaction(shop):
        make_link(now, make_batch(now, total=COUPONS))

    ends = Counter(race(shop, lambda person: join(number_of(person), now)))

    assert ends.pop("SOLD_OUT") == PEOPLE - COUPONS
    assert list(ends.values()) == [1] * COUPONS
    with tenant_transaction(shop):
        assert Batch.objects.values_list("issued", flat=True).get() == COUPONS
        assert (Coupon.objects.count(), Member.objects.count(), Join.objects.count()) == (COUPONS, PEOPLE, PEOPLE)
    assert list(find_broken([shop])) == []


def test_one_number_on_many_devices_at_once_is_one_member_with_one_coupon(shop: Shop, now: datetime) -> None:
    with tenant_transaction(shop):
        make_link(now, make_batch(now, per_member_limit=PEOPLE))

    ends = race(shop, lambda _: join(number_of(0), now))

    with tenant_transaction(shop):
        assert set(ends) == {Coupon.objects.get().code}
        assert (Member.objects.count(), Join.objects.count()) == (1, 1)
        assert Batch.objects.values_list("issued", flat=True).get() == 1
    assert list(find_broken([shop])) == []


@pytest.mark.parametrize("limit", [1, 3])
def test_one_member_claiming_at_once_gets_as_many_as_allowed(shop: Shop, now: datetime, limit: int) -> None:
    with tenant_transaction(shop):
        batch_id, member_id = make_batch(now, per_member_limit=limit), make_member(now)

    ends = Counter(
        type(end).__name__ if not isinstance(end, str) else end
        for end in race(shop, lambda _: claim_coupon(batch_id=batch_id, member_id=member_id, token_id=None, now=now))
    )

    assert ends == {"ClaimedCoupon": limit, MemberLimit.__name__: PEOPLE - limit}
    with tenant_transaction(shop):
        assert sorted(Coupon.objects.values_list("slot", flat=True)) == list(range(1, limit + 1))


def test_a_coupon_shown_at_many_counters_at_once_is_used_once(shop: Shop, now: datetime) -> None:
    with tenant_transaction(shop):
        coupon = claim_coupon(batch_id=make_batch(now), member_id=make_member(now), token_id=None, now=now)

    def redeem(person: int) -> str:
        redeem_coupons(coupon_ids=[coupon.id], reference=f"order:{person}", actor="race", now=now)
        return "used"

    assert Counter(race(shop, redeem)) == {"used": 1, CouponNotUsable.__name__: PEOPLE - 1}
    with tenant_transaction(shop):
        assert CouponEvent.objects.filter(status="redeemed").count() == 1


def test_baskets_with_the_same_coupons_in_either_order_never_block_each_other(shop: Shop, now: datetime) -> None:
    with tenant_transaction(shop):
        member_id = make_member(now)
        pair = [
            claim_coupon(batch_id=make_batch(now), member_id=member_id, token_id=None, now=now).id for _ in range(2)
        ]

    def redeem(person: int) -> str:
        ids = pair if person % 2 else pair[::-1]
        redeem_coupons(coupon_ids=ids, reference=f"order:{person}", actor="race", now=now)
        return "used"

    assert Counter(race(shop, redeem)) == {"used": 1, CouponNotUsable.__name__: PEOPLE - 1}


def test_negative_control_reading_first_and_writing_later_gives_too_many(shop: Shop, now: datetime) -> None:
    """The same race with the guards taken away must give too many, else the tests above prove nothing."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{shop.schema_name}".coupons_batch DROP CONSTRAINT batch_never_over_issued')
    with tenant_transaction(shop):
        batch_id = make_batch(now, total=COUPONS)
        members = [make_member(now, f"+86{number_of(person)}") for person in range(PEOPLE)]

    def claim_naively(person: int) -> UUID:
        batch = Batch.objects.get(pk=batch_id)
        if batch.issued >= batch.total:
            raise SoldOut("sold out")
        coupon = Coupon.objects.create(
            batch=batch, member_id=members[person], slot=1, code=new_code(), issued_at=now, valid_until=now
        )
        Batch.objects.filter(pk=batch_id).update(issued=batch.issued + 1)
        return coupon.id

    race(shop, claim_naively)

    with tenant_transaction(shop):
        assert Coupon.objects.count() > COUPONS


def test_negative_control_a_coupon_looked_at_before_it_is_used_is_used_twice(shop: Shop, now: datetime) -> None:
    with tenant_transaction(shop):
        coupon = claim_coupon(batch_id=make_batch(now), member_id=make_member(now), token_id=None, now=now)

    def redeem_naively(person: int) -> str:
        if Coupon.objects.get(pk=coupon.id).status != "issued":
            raise CouponNotUsable("used")
        Coupon.objects.filter(pk=coupon.id).update(status="redeemed")
        CouponEvent.objects.create(coupon_id=coupon.id, status="redeemed", created_at=now)
        return "used"

    assert Counter(race(shop, redeem_naively))["used"] > 1
