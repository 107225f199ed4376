"""The owners learn that the plan's room for members runs out before a customer does."""

from datetime import datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from joining.errors import ShopFull
from joining.services import join_member
from members.models import Member
from messaging.models import Email
from staff.models import User

from tenants.models import Shop
from tests.support.coupons import make_batch, make_link, make_member

MOST_STATEMENTS = 12  # of a join


def fill(shop: Shop, now: datetime, *, members: int, allowed: int) -> None:
    """So many members, and a link by which more come, under a limit."""
    make_link(now, make_batch(now))
    for number in range(members):
        make_member(now, f"+861390013{number:04}")
    shop.limits = {"members": allowed}


def join(number: int, now: datetime) -> int:
    """Somebody new joins; the number of statements."""
    with CaptureQueriesContext(connection) as statements:
        join_member(
            code="welcome", phone=f"1380013{number:04}", region="CN", token_secret=None, consent_version="1", now=now
        )
    return len(statements)


def list_mails() -> list[tuple[str | None, list[str], str]]:
    return list(Email.objects.order_by("id").values_list("key", "to", "subject"))


def test_the_owners_get_a_mail_when_room_gets_short_and_one_when_it_is_gone(shop: Shop, now: datetime) -> None:
    fill(shop, now, members=6, allowed=10)
    seen = []
    for number in range(4):
        join(number, now)
        seen.append([key for key, _to, _subject in list_mails()])

    near, full = "members_near:10:zh-hans", "members_full:10:zh-hans"
    assert seen == [[], [near], [near], [near, full]]
    assert list_mails() == [
        (near, ["owner@north.example"], "North 已有 8 位会员，上限 10 位"),
        (full, ["owner@north.example"], "North 会员已满，新顾客无法入会"),
    ]
    text = Email.objects.values_list("text", flat=True).get(key=full)
    assert "\nhttp://north.localhost:8000/console/billing/\n" in text


def test_a_join_in_between_asks_nothing_more_and_one_that_writes_mails_stays_within_the_limit(
    shop: Shop, now: datetime
) -> None:
    User.objects.create_user("second@north.example", role="owner", language="en")
    User.objects.create_user("third@north.example", role="owner", language="en")
    User.objects.create_user("closed@north.example", role="owner", language="en", is_active=False)
    User.objects.create_user("manager@north.example", role="manager", language="en")
    fill(shop, now, members=2, allowed=5)

    ordinary, near, last = join(1, now), join(2, now), join(3, now)

    assert (ordinary, near, last) == (8, 11, 11)
    assert max(near, last) <= MOST_STATEMENTS
    assert [(key, to) for key, to, _subject in list_mails()] == [
        ("members_near:5:en", ["second@north.example", "third@north.example"]),
        ("members_near:5:zh-hans", ["owner@north.example"]),
        ("members_full:5:en", ["second@north.example", "third@north.example"]),
        ("members_full:5:zh-hans", ["owner@north.example"]),
    ]


def test_a_limit_is_told_once_and_another_limit_again(shop: Shop, now: datetime) -> None:
    fill(shop, now, members=4, allowed=5)
    join(1, now)
    shop.limits = {"members": 6}
    join(2, now)

    assert [key for key, _to, _subject in list_mails()] == ["members_full:5:zh-hans", "members_full:6:zh-hans"]

    Member.objects.filter(phone="+8613900130000").delete()
    join(3, now)

    assert len(list_mails()) == 2


def test_a_join_that_comes_to_nothing_writes_nothing(shop: Shop, now: datetime) -> None:
    fill(shop, now, members=1, allowed=1)
    with pytest.raises(ShopFull), transaction.atomic():
        join(1, now)
    assert list_mails() == []
    shop.limits = {"members": 2}
    with pytest.raises(ConnectionError), transaction.atomic():
        join(1, now)
        raise ConnectionError
    assert list_mails() == []


def test_of_a_single_place_only_the_end_is_told(shop: Shop, now: datetime) -> None:
    fill(shop, now, members=0, allowed=1)
    join(1, now)
    assert [key for key, _to, _subject in list_mails()] == ["members_full:1:zh-hans"]


def test_a_shop_that_may_have_any_number_is_told_nothing(shop: Shop, now: datetime) -> None:
    fill(shop, now, members=3, allowed=5)
    shop.limits = {"skus": 4}
    assert join(1, now) == 7
    assert list_mails() == []
