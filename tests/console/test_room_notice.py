"""Every page says when the plan's room for members runs out, and leads to the plans."""

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from staff.models import User

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.console.paying import set_shop, text_of
from tests.support.coupons import make_member
from tests.support.shops import ShopClient

NEAR = "of the 5 members that your plan allows are there. At the limit nobody new can join."
FULL = "Your plan allows 5 members, and they are all there: nobody new can join."


@pytest.fixture
def client(payer: ShopClient) -> ShopClient:
    """The owner's browser."""
    return payer


def fill(north: Shop, now: datetime, *, members: int) -> None:
    """So many members; the plan allows five."""
    set_shop(north, limits={"members": 5})
    with tenant_transaction(north):
        for number in range(members):
            make_member(now, f"+8613900139{number:03}")


@pytest.mark.parametrize(
    ("members", "expected"),
    [(3, ()), (4, (f"4 {NEAR}",)), (5, (FULL,)), (6, (FULL,))],
)
def test_every_page_tells_that_room_gets_short_or_is_gone(
    client: ShopClient, north: Shop, now: datetime, members: int, expected: tuple[str, ...]
) -> None:
    fill(north, now, members=members)

    for address in ("/console/", "/console/products/", "/console/staff/"):
        response = client.get(address)
        text = text_of(response)
        assert tuple(each for each in (f"4 {NEAR}", FULL) if each in text) == expected, address
        assert "14 days of your trial are left." in text, address  # the one does not hide the other
        link = 'href="/console/billing/">Choose a larger plan</a>'
        assert (link in response.content.decode()) is bool(expected), address


def test_the_page_of_the_plan_says_it_without_leading_to_itself(client: ShopClient, north: Shop, now: datetime) -> None:
    fill(north, now, members=5)

    page = client.get("/console/billing/").content.decode()

    assert FULL in page
    assert "Choose a larger plan</a>" not in page


def test_who_may_not_see_the_plan_is_told_whom_to_ask(client: ShopClient, north: Shop, now: datetime) -> None:
    fill(north, now, members=5)
    set_shop(north, notice={})
    with tenant_transaction(north):
        manager = User.objects.create_user("m@north.example", "a-long-enough-password", role="manager")
    client.force_login(manager)

    page = client.get("/console/products/").content.decode()

    assert FULL in page
    assert "Ask the owner of the shop." in page
    assert "/console/billing/" not in page


def test_a_shop_that_takes_nobody_anyway_says_only_why(client: ShopClient, north: Shop, now: datetime) -> None:
    fill(north, now, members=5)
    set_shop(north, access="read_only", notice={"kind": "read_only", "cause": "trial_ended"})

    text = text_of(client.get("/console/products/"))

    assert "Your trial is over: the shop is read-only." in text
    assert FULL not in text


def test_the_count_is_one_read_however_many_there_are_and_none_without_a_limit(
    client: ShopClient, north: Shop, now: datetime
) -> None:
    counts = []
    for limits, members in (({}, 1), ({"members": 5}, 1), ({"members": 5}, 6)):
        fill(north, now, members=members)
        set_shop(north, limits=limits)
        client.get("/console/products/")
        with CaptureQueriesContext(connection) as statements:
            client.get("/console/products/")
        counts.append(len(statements))

    without, few, many = counts
    assert (few, many) == (without + 1, without + 1)
