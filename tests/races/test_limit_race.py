"""Thirty-two people and the last place that the plan has: one becomes a member."""

from collections import Counter
from datetime import datetime

import pytest
from django.db import connections
from joining.errors import ShopFull
from kernel.usage import get_used
from members import services
from members.checks import find_miscounted_members
from members.models import Member

from tenants.entitlements import check_limit
from tenants.errors import PlanLimitReached
from tenants.models import Shop
from tenants.transaction import current_shop, tenant_transaction
from tests.races.test_coupon_race import PEOPLE, join, number_of, race
from tests.support.coupons import make_batch, make_link, make_member

LIMIT = 5


@pytest.fixture
def shop(live_shops: tuple[Shop, Shop], now: datetime) -> Shop:
    """North with one place left, in a database of the test's own."""
    shop = live_shops[0]
    with tenant_transaction(shop):
        make_link(now, make_batch(now, total=PEOPLE))
        for number in range(LIMIT - 1):
            make_member(now, f"+861390013900{number}")
    shop.limits = {"members": LIMIT}
    return shop


def test_the_last_place_is_given_once(shop: Shop, now: datetime) -> None:
    ends = Counter(race(shop, lambda person: join(number_of(person), now)))

    assert ends.pop(ShopFull.__name__) == PEOPLE - 1
    assert list(ends.values()) == [1]
    with tenant_transaction(shop):
        assert Member.objects.count() == get_used(resource="members") == LIMIT
        assert list(find_miscounted_members()) == []


def test_a_place_that_is_given_back_is_given_again(shop: Shop, now: datetime) -> None:
    """Who fails after taking the place leaves it to one of the others."""

    def join_or_fail(person: int) -> str:
        code = join(number_of(person), now)
        if person % 2:
            raise ConnectionError
        return code

    ends = Counter(race(shop, join_or_fail))

    assert PEOPLE - ends[ShopFull.__name__] - ends[ConnectionError.__name__] == 1
    with tenant_transaction(shop):
        assert Member.objects.count() == get_used(resource="members") == LIMIT


def test_the_same_person_on_many_devices_takes_one_place(shop: Shop, now: datetime) -> None:
    ends = race(shop, lambda _: join(number_of(0), now))

    assert len(set(ends)) == 1
    with tenant_transaction(shop):
        assert Member.objects.count() == get_used(resource="members") == LIMIT


def test_negative_control_counting_the_rows_lets_in_too_many(
    shop: Shop, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the kept count, nobody sees who is about to join."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{shop.schema_name}".members_member DISABLE TRIGGER members_member_insert_counted')

    def check_naively(*, resource: str) -> None:
        check_limit(current_shop(), resource, used=Member.objects.count())

    monkeypatch.setattr(services, "check_allowance", check_naively)

    def add(person: int) -> str:
        try:
            make_member(now, f"+86{number_of(person)}")
        except PlanLimitReached:
            return "refused"
        return "member"

    ends = Counter(race(shop, add))

    with tenant_transaction(shop):
        assert Member.objects.count() > LIMIT, ends
