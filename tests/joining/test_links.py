from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from joining.errors import CodeTaken, LinkNotFound
from joining.models import JoinLink
from joining.selectors import (
    find_front_page_link,
    get_latest_joins_mark,
    get_link,
    get_link_by_id,
    get_link_counts,
    has_joined,
    list_links,
    list_recent_joins,
    mark_of,
)
from joining.services import close_join_link, join_member, set_on_front_page
from kernel.errors import InvalidInput
from kernel.ids import is_code

from tenants.models import Shop
from tests.support.coupons import make_batch, make_link

DAY = timedelta(days=1)


def join(now: datetime, phone: str) -> Any:
    return join_member(code="welcome", phone=phone, region="CN", token_secret=None, consent_version="1", now=now)


def test_a_link_is_found_by_its_code_with_its_coupon(shop: Shop, now: datetime) -> None:
    batch_id = make_batch(now)
    link_id = make_link(now, batch_id, closes_at=now + DAY)

    link = get_link(code="welcome", now=now)

    assert link is not None
    assert (link.id, link.name, link.channel, link.state, link.batch_id, link.coupon_name) == (
        link_id,
        "Counter",
        "counter",
        "open",
        batch_id,
        "新人券",
    )
    assert link.is_open
    assert get_link_by_id(link_id=link_id, now=now) == link
    assert get_link(code="other", now=now) is None
    assert get_link_by_id(link_id=uuid4(), now=now) is None


def test_a_link_is_open_in_a_half_open_interval(shop: Shop, now: datetime) -> None:
    make_link(now, None, opens_at=now + DAY, closes_at=now + 2 * DAY)

    states = [link and link.state for link in (get_link(code="welcome", now=now + n * DAY) for n in range(3))]

    assert states == ["not_yet", "open", "over"]


def test_without_a_code_a_link_gets_a_short_random_one(shop: Shop, now: datetime) -> None:
    make_link(now, None, code=None)
    make_link(now, None, code=None)

    codes = list(JoinLink.objects.values_list("code", flat=True))
    assert len(set(codes)) == 2
    assert all(len(code) == 8 and code == code.lower() and is_code(code.upper()) for code in codes)


def test_a_code_belongs_to_one_link(shop: Shop, now: datetime) -> None:
    make_link(now, None)

    with pytest.raises(CodeTaken) as refusal:
        make_link(now, None, code=" Welcome ")

    assert refusal.value.field == ("code",)
    assert JoinLink.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "has space"}, "code"),
        ({"code": ""}, "code"),
        ({"code": "-x"}, "code"),
        ({"code": "x" * 41}, "code"),
        ({"code": "欢迎"}, "code"),
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"channel": "x" * 41}, "channel"),
        ({"closes_at": timedelta(0)}, "closes_at"),
        ({"opens_at": 2 * DAY, "closes_at": DAY}, "closes_at"),
        ({"batch_id": uuid4()}, "batch"),
    ],
)
def test_a_link_that_makes_no_sense_is_refused(shop: Shop, now: datetime, changes: dict[str, Any], field: str) -> None:
    moments: dict[str, Any] = {
        name: now + value if isinstance(value, timedelta) else value for name, value in changes.items()
    }
    batch_id = moments.pop("batch_id", None)

    with pytest.raises(InvalidInput) as refusal:
        make_link(now, batch_id, **moments)

    assert refusal.value.field == (field,)
    assert not JoinLink.objects.exists()


def test_a_link_is_counted_from_its_rows(shop: Shop, now: datetime) -> None:
    link_id = make_link(now, make_batch(now, total=2))
    quiet = make_link(now + DAY, None, code="quiet")
    for minute, phone in enumerate(["13800138000", "13800138001", "13800138002", "13800138000"]):
        join(now + timedelta(minutes=minute), phone)

    with CaptureQueriesContext(connection) as statements:
        page = list_links(now=now, first=10)

    assert len(statements) == 1
    assert [(row.id, row.joins, row.new_members, row.coupons) for row in page] == [(quiet, 0, 0, 0), (link_id, 3, 3, 2)]
    assert get_link_counts(link_id=link_id, now=now) == page.items[1]
    assert get_link_counts(link_id=uuid4(), now=now) is None


def test_recent_joins_come_newest_first_with_masked_numbers(shop: Shop, now: datetime) -> None:
    link_id = make_link(now, make_batch(now))
    first, second = (join(now + timedelta(minutes=n), f"1380013800{n}") for n in range(2))

    rows = list_recent_joins(link_id=link_id, limit=5)

    assert [(row.phone, row.coupon_code, row.is_new_member) for row in rows] == [
        ("138****8001", second.coupon.code, True),
        ("138****8000", first.coupon.code, True),
    ]
    assert has_joined(link_id=link_id, member_id=first.member_id)
    assert not has_joined(link_id=uuid4(), member_id=first.member_id)


def test_the_mark_of_the_latest_joins_changes_with_each_however_late_it_is_committed(shop: Shop, now: datetime) -> None:
    link_id = make_link(now, None)
    make_link(now, None, code="other")
    marks = [get_latest_joins_mark(link_id=link_id, limit=2)]
    for minute in (5, 3, 4):  # of two at once the later may be committed first
        join(now + timedelta(minutes=minute), f"1380013800{minute}")
        marks.append(get_latest_joins_mark(link_id=link_id, limit=2))

    assert len(set(marks)) == 4
    rows = list_recent_joins(link_id=link_id, limit=2)
    assert marks[-1] == mark_of(rows)
    assert get_latest_joins_mark(link_id=uuid4(), limit=2) is None
    assert marks[0] == mark_of([])


def test_an_unknown_link_cannot_be_closed(shop: Shop) -> None:
    with pytest.raises(LinkNotFound):
        close_join_link(link_id=uuid4())


@pytest.mark.parametrize("code", ["", "\0", "wel\0come", "-", "a b", "x" * 41, "欢迎"])
def test_what_no_link_could_be_called_finds_none(shop: Shop, now: datetime, code: str) -> None:
    assert get_link(code=code, now=now) is None


@pytest.mark.parametrize("column", ["opens_at", "closes_at"])
@pytest.mark.parametrize("year", [1, 1999, 2101, 9999])
def test_the_database_keeps_the_window_within_what_can_be_shown(
    shop: Shop, now: datetime, column: str, year: int
) -> None:
    link_id = make_link(now, None)

    with pytest.raises(IntegrityError, match="join_link_instants_in_range"), transaction.atomic():
        JoinLink.objects.filter(pk=link_id).update(**{column: datetime(year, 6, 1, tzinfo=UTC)})


def test_the_front_page_has_the_link_that_was_put_there_last_while_it_is_open(shop: Shop, now: datetime) -> None:
    def find() -> str | None:
        found = find_front_page_link(now=now)
        assert JoinLink.objects.filter(on_front_page=True).count() <= 1
        return found.code if found else None

    assert find() is None

    first = make_link(now, None, code="first")
    second = make_link(now, None, code="second", on_front_page=True)
    private = make_link(now, None, code="staff-50", on_front_page=False)

    assert find() == "second"
    close_join_link(link_id=second)
    assert find() is None
    set_on_front_page(link_id=first, shown=True)
    assert find() == "first"
    set_on_front_page(link_id=private, shown=False)
    assert find() == "first"
    set_on_front_page(link_id=first, shown=False)
    assert find() is None
    make_link(now, None, code="later", opens_at=now + DAY, on_front_page=True)
    assert find() is None
    with pytest.raises(LinkNotFound):
        set_on_front_page(link_id=uuid4(), shown=True)


def test_only_the_first_link_is_on_the_front_page_unless_said(shop: Shop, now: datetime) -> None:
    links = [make_link(now, None, code=code) for code in ("first", "second")]

    assert [counts.on_front_page for link in links if (counts := get_link_counts(link_id=link, now=now))] == [
        True,
        False,
    ]


def test_of_the_links_so_far_the_newest_open_one_stays_on_the_front_page(shop: Shop, now: datetime) -> None:
    present = timezone.now()
    make_link(present - 2 * DAY, None, code="older")
    make_link(present - DAY, None, code="newer")
    make_link(present, None, code="later", opens_at=present + DAY)
    close_join_link(link_id=make_link(present, None, code="closed"))
    JoinLink.objects.update(on_front_page=False)

    migration = import_module("joining.migrations.0005_front_page")
    with connection.cursor() as cursor:
        cursor.execute(migration.NEWEST_OPEN)

    assert list(JoinLink.objects.filter(on_front_page=True).values_list("code", flat=True)) == ["newer"]
