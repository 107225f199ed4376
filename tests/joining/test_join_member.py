from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from coupons.models import Batch, Coupon, CouponAccess, CouponEvent
from coupons.selectors import list_member_coupons
from coupons.services import claim_coupon, set_batch_status
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from joining.errors import LinkClosed, LinkNotFound, ShopFull
from joining.models import Join, JoinLink
from joining.services import close_join_link, join_member
from joining.types import JoinResult
from kernel.errors import DomainError
from kernel.models import OutboxEvent
from members.errors import InvalidPhone
from members.models import Member, MemberToken
from members.selectors import get_token
from members.services import issue_token, revoke_token
from staff.models import User

from tenants.errors import ShopClosed
from tenants.models import Shop
from tests.support.coupons import PHONE, make_batch, make_link, make_member

OTHER = "13900139000"
MOST_STATEMENTS = 12


def join(now: datetime, **changes: Any) -> JoinResult:
    fields: dict[str, Any] = {
        "code": "welcome",
        "phone": "138 0013 8000",
        "region": "CN",
        "token_secret": None,
        "consent_version": "2026-03",
    }
    return join_member(now=now, **{**fields, **changes})


def counts() -> dict[str, int]:
    tables = (Member, MemberToken, Coupon, CouponEvent, CouponAccess, Join, OutboxEvent)
    return {table.__name__: table.objects.count() for table in tables} | {
        "issued": sum(Batch.objects.values_list("issued", flat=True))
    }


ONE_OF_EACH = {
    "Member": 1,
    "MemberToken": 1,
    "Coupon": 1,
    "CouponEvent": 1,
    "CouponAccess": 1,
    "Join": 1,
    "OutboxEvent": 1,
    "issued": 1,
}


def test_a_join_makes_member_coupon_and_channel_row_in_few_statements(shop: Shop, now: datetime) -> None:
    link_id = make_link(now, make_batch(now))

    with CaptureQueriesContext(connection) as statements:
        result = join(now)

    assert len(statements) == 7 <= MOST_STATEMENTS
    assert counts() == ONE_OF_EACH
    assert result.is_new_member
    assert result.coupon is not None
    assert result.coupon_missing_reason is None
    assert Member.objects.values_list("id", "phone").get() == (result.member_id, PHONE)
    row = Join.objects.values_list("link_id", "member_id", "coupon_id", "is_new_member", "consent_version", "joined_at")
    assert row.get() == (link_id, result.member_id, result.coupon.id, True, "2026-03", now)
    event = OutboxEvent.objects.get()
    assert (event.topic, event.payload) == (
        "member.joined",
        {
            "member_id": str(result.member_id),
            "link_id": str(link_id),
            "channel": "counter",
            "coupon_id": str(result.coupon.id),
            "is_new_member": True,
        },
    )
    token = get_token(secret=result.token_secret, now=now)
    assert token is not None
    assert (token.id, token.member_id, token.is_verified) == (result.token_id, result.member_id, False)


def test_the_longest_way_through_a_join_stays_within_the_limit(shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    _, secret = issue_token(member_id=make_member(now, "+8613900139000"), is_verified=True, now=now)

    with CaptureQueriesContext(connection) as statements:
        join(now, token_secret=secret)

    assert len(statements) == 8 <= MOST_STATEMENTS


def test_a_double_tap_returns_the_same_coupon(shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    first = join(now)

    again = join(now, token_secret=first.token_secret)

    assert again.coupon is not None
    assert first.coupon is not None
    assert (again.member_id, again.coupon.id, again.coupon.code) == (
        first.member_id,
        first.coupon.id,
        first.coupon.code,
    )
    assert (again.is_new_member, again.token_secret) == (False, first.token_secret)
    assert counts() == ONE_OF_EACH


def test_a_second_device_gets_the_same_coupon_under_a_token_of_its_own(shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    first = join(now)

    second = join(now + timedelta(days=1), phone="+86 13800138000")

    assert first.coupon is not None
    assert second.coupon is not None
    assert (second.member_id, second.coupon.id) == (first.member_id, first.coupon.id)
    assert second.token_id != first.token_id
    assert counts() == {**ONE_OF_EACH, "MemberToken": 2, "CouponAccess": 2}


def test_a_typed_number_opens_nothing_that_its_member_had_before(shop: Shop, now: datetime) -> None:
    member_id = make_member(now)
    claim_coupon(batch_id=make_batch(now, name="Old"), member_id=member_id, token_id=None, now=now)
    make_link(now, make_batch(now))

    result = join(now)

    assert result.member_id == member_id
    assert not result.is_new_member
    assert result.coupon is not None
    page = list_member_coupons(member_id=member_id, token_id=result.token_id, token_is_verified=False, now=now)
    assert [row.id for row in page] == [result.coupon.id]


def test_a_token_stands_for_its_member_without_typing(shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    make_link(now, make_batch(now, name="Second"), code="second")
    first = join(now)

    second = join(now, code="second", phone=None, token_secret=first.token_secret)

    assert (second.member_id, second.token_id) == (first.member_id, first.token_id)
    assert second.coupon is not None
    assert second.coupon.name == "Second"


def test_the_token_of_somebody_else_does_not_take_over_the_typed_number(shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    first = join(now)

    other = join(now, phone=OTHER, token_secret=first.token_secret)

    assert other.member_id != first.member_id
    assert other.token_secret != first.token_secret
    assert other.coupon is not None
    assert first.coupon is not None
    assert other.coupon.id != first.coupon.id


def test_a_revoked_token_needs_a_number_again(shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    first = join(now)
    revoke_token(token_id=first.token_id, now=now)

    with pytest.raises(InvalidPhone):
        join(now, phone=None, token_secret=first.token_secret)

    assert join(now, token_secret=first.token_secret).token_id != first.token_id


def test_when_sold_out_the_join_stands_without_a_coupon(shop: Shop, now: datetime) -> None:
    batch_id = make_batch(now, total=1)
    make_link(now, batch_id)
    join(now, phone=OTHER)

    result = join(now)

    assert (result.coupon, result.coupon_missing_reason, result.is_new_member) == (None, "SOLD_OUT", True)
    assert Join.objects.filter(member_id=result.member_id, coupon=None).count() == 1
    assert Batch.objects.values_list("issued", flat=True).get() == 1


def test_who_came_before_the_batch_opened_gets_the_coupon_on_coming_back(shop: Shop, now: datetime) -> None:
    batch_id = make_batch(now)
    make_link(now, batch_id)
    set_batch_status(batch_id=batch_id, active=False)
    first = join(now)
    set_batch_status(batch_id=batch_id, active=True)

    again = join(now, phone=None, token_secret=first.token_secret)

    assert (first.coupon, first.coupon_missing_reason) == (None, "CLAIM_CLOSED")
    assert again.coupon is not None
    assert Join.objects.count() == 1


def test_a_link_without_a_coupon_just_joins(shop: Shop, now: datetime) -> None:
    make_link(now, None)

    result = join(now)

    assert (result.coupon, result.coupon_missing_reason) == (None, "NONE_OFFERED")
    assert Join.objects.count() == 1


def test_a_used_coupon_is_not_given_anew(shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now, per_member_limit=5))
    first = join(now)
    Coupon.objects.update(status="redeemed")

    again = join(now)

    assert first.coupon is not None
    assert again.coupon is not None
    assert (again.coupon.id, again.coupon.status) == (first.coupon.id, "redeemed")


def _closed(link_id: UUID) -> None:
    close_join_link(link_id=link_id)


def _over(link_id: UUID) -> None:
    JoinLink.objects.filter(pk=link_id).update(closes_at=datetime.fromisoformat("2026-03-04T12:00:00Z"))


def _not_yet(link_id: UUID) -> None:
    JoinLink.objects.filter(pk=link_id).update(opens_at=datetime.fromisoformat("2026-03-04T12:00:01Z"))


@pytest.mark.parametrize("shut", [_closed, _over, _not_yet])
def test_a_link_that_is_not_open_joins_nobody(shop: Shop, now: datetime, shut: Any) -> None:
    link_id = make_link(now, make_batch(now))
    shut(link_id)
    before = counts()

    with pytest.raises(LinkClosed) as refusal:
        join(now)

    assert refusal.value.code == "EXPIRED"
    assert counts() == before


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"code": "unknown"}, LinkNotFound, "NOT_FOUND"),
        ({"phone": "123"}, InvalidPhone, "INVALID"),
        ({"phone": ""}, InvalidPhone, "INVALID"),
        ({"phone": None}, InvalidPhone, "INVALID"),
        ({"phone": None, "token_secret": "made up"}, InvalidPhone, "INVALID"),
    ],
)
def test_what_cannot_be_joined_leaves_nothing(
    shop: Shop, now: datetime, changes: dict[str, Any], error: type[DomainError], code: str
) -> None:
    make_link(now, make_batch(now))
    before = counts()

    with pytest.raises(error) as refusal:
        join(now, **changes)

    assert refusal.value.code == code
    assert counts() == before


@pytest.mark.parametrize("access", ["read_only", "suspended"])
def test_a_shop_that_is_not_open_takes_no_members(shop: Shop, now: datetime, access: Any) -> None:
    make_link(now, make_batch(now))
    shop.access = access
    before = counts()

    with pytest.raises(ShopClosed):
        join(now)

    assert counts() == before


def test_a_code_is_found_however_it_is_capitalized(shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))

    assert join(now, code="Welcome").coupon is not None


def test_a_full_shop_takes_nobody_new_and_lets_its_members_in(shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    make_member(now)
    shop.limits = {"members": 1}
    before = counts()

    with pytest.raises(ShopFull) as refused, transaction.atomic():
        join(now, phone=OTHER)

    assert refused.value.code == "PLAN_LIMIT"
    assert counts() == before
    joined = join(now)
    assert (joined.is_new_member, joined.coupon is not None) == (False, True)


def test_the_last_place_is_taken_and_the_longest_way_stays_within_the_limit(shop: Shop, now: datetime) -> None:
    """The last place also writes to the owners, once for each language of theirs."""
    make_link(now, make_batch(now))
    _, secret = issue_token(member_id=make_member(now, "+8613900139000"), is_verified=True, now=now)
    User.objects.create_user("second@north.example", role="owner", language="en")
    shop.limits = {"members": 3}
    counts_of_statements = []
    for number in range(2):
        with CaptureQueriesContext(connection) as statements:
            join(now, phone=f"1380013800{number}", token_secret=secret)
        counts_of_statements.append(len(statements))

    assert counts_of_statements == [9, 12]
    assert max(counts_of_statements) <= MOST_STATEMENTS
    assert Member.objects.count() == 3
