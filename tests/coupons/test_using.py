from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from coupons.errors import CouponNotUsable
from coupons.models import Coupon, CouponEvent
from coupons.selectors import get_coupon_of_batch, get_usable_coupons, list_member_coupons
from coupons.services import claim_coupon, expire_coupons, redeem_coupons
from coupons.types import ClaimedCoupon
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from members.services import issue_token

from tenants.models import Shop
from tests.support.coupons import make_batch, make_member

OTHER = "+8613900139000"


def claim(now: datetime, member_id: UUID, token_id: int | None = None, **batch: object) -> ClaimedCoupon:
    return claim_coupon(batch_id=make_batch(now, **batch), member_id=member_id, token_id=token_id, now=now)


def history(coupon_id: UUID) -> list[tuple[str, str, str]]:
    return list(
        CouponEvent.objects.filter(coupon_id=coupon_id).order_by("id").values_list("status", "reference", "actor")
    )


def test_a_coupon_is_used_once_and_its_history_says_for_what(shop: Shop, now: datetime) -> None:
    member_id = make_member(now)
    coupon = claim(now, member_id)

    with CaptureQueriesContext(connection) as statements:
        redeem_coupons(coupon_ids=[coupon.id, coupon.id], reference="order:1", actor="member:1", now=now)

    assert len(statements) == 1
    assert Coupon.objects.get().status == "redeemed"
    assert history(coupon.id) == [("issued", "", f"member:{member_id}"), ("redeemed", "order:1", "member:1")]
    with pytest.raises(CouponNotUsable):
        redeem_coupons(coupon_ids=[coupon.id], reference="order:2", actor="member:1", now=now)
    assert len(history(coupon.id)) == 2


def test_of_several_coupons_all_or_none_are_used(shop: Shop, now: datetime) -> None:
    member_id = make_member(now)
    good, late = claim(now, member_id), claim(now, member_id, valid_days=1)
    at = now + timedelta(days=1)

    for ids in ([good.id, late.id], [good.id, uuid4()]):
        with pytest.raises(CouponNotUsable), transaction.atomic():
            redeem_coupons(coupon_ids=ids, reference="order:1", actor="test", now=at)
        assert list(Coupon.objects.values_list("status", flat=True)) == ["issued", "issued"]

    redeem_coupons(coupon_ids=[good.id], reference="order:1", actor="test", now=at)
    redeem_coupons(coupon_ids=[], reference="order:1", actor="test", now=at)
    assert Coupon.objects.get(pk=good.id).status == "redeemed"


@pytest.mark.parametrize("status", ["locked", "redeemed", "expired", "void"])
def test_only_an_issued_coupon_can_be_used(shop: Shop, now: datetime, status: str) -> None:
    coupon = claim(now, make_member(now))
    Coupon.objects.update(status=status)

    with pytest.raises(CouponNotUsable):
        redeem_coupons(coupon_ids=[coupon.id], reference="order:1", actor="test", now=now)


def test_coupons_expire_at_their_date_the_oldest_first_and_once(shop: Shop, now: datetime) -> None:
    member_id = make_member(now)
    soon, later, last = (claim(now, member_id, valid_days=days) for days in (1, 2, 3))
    at = now + timedelta(days=2)

    assert expire_coupons(now=at, limit=1) == 1
    assert Coupon.objects.get(status="expired").pk == soon.id
    assert expire_coupons(now=at) == 1
    assert expire_coupons(now=at) == 0

    statuses = dict(Coupon.objects.values_list("id", "status"))
    assert statuses == {soon.id: "expired", later.id: "expired", last.id: "issued"}
    assert history(later.id)[-1] == ("expired", "", "task:expire_coupons")


def test_used_coupons_do_not_expire(shop: Shop, now: datetime) -> None:
    coupon = claim(now, make_member(now))
    redeem_coupons(coupon_ids=[coupon.id], reference="order:1", actor="test", now=now)

    assert expire_coupons(now=now + timedelta(days=99)) == 0


def test_a_coupon_past_its_date_counts_as_expired_before_the_task_has_run(shop: Shop, now: datetime) -> None:
    member_id = make_member(now)
    claim(now, member_id)

    def states(at: datetime) -> list[str]:
        page = list_member_coupons(member_id=member_id, token_id=None, token_is_verified=True, now=at)
        return [row.status for row in page]

    assert states(now + timedelta(days=30, seconds=-1)) == ["issued"]
    assert states(now + timedelta(days=30)) == ["expired"]


def test_an_unverified_token_sees_only_what_was_done_with_it(shop: Shop, now: datetime) -> None:
    member_id = make_member(now)
    mine, _ = issue_token(member_id=member_id, is_verified=False, now=now)
    strangers, _ = issue_token(member_id=member_id, is_verified=False, now=now)
    old = claim(now, member_id)
    new = claim(now, member_id, mine)

    def seen(token_id: int, *, verified: bool = False) -> list[UUID]:
        page = list_member_coupons(member_id=member_id, token_id=token_id, token_is_verified=verified, now=now)
        return [row.id for row in page]

    assert seen(mine) == [new.id]
    assert seen(strangers) == []
    assert seen(strangers, verified=True) == [new.id, old.id]
    batch_of_old = Coupon.objects.values_list("batch_id", flat=True).get(pk=old.id)
    for token_id, verified, expected in ((mine, False, None), (mine, True, old.id)):
        found = get_coupon_of_batch(
            batch_id=batch_of_old, member_id=member_id, token_id=token_id, token_is_verified=verified, now=now
        )
        assert (found and found.id) == expected


def test_no_token_ever_sees_another_members_coupon(shop: Shop, now: datetime) -> None:
    coupon = claim(now, make_member(now))
    other = make_member(now, OTHER)
    token_id, _ = issue_token(member_id=other, is_verified=True, now=now)

    assert not list_member_coupons(member_id=other, token_id=token_id, token_is_verified=True, now=now).items
    check = get_usable_coupons(codes=[coupon.code], member_id=other, token_id=token_id, token_is_verified=True, now=now)
    assert (check.usable, check.refused) == ([], {coupon.code: "NO_COUPON"})


def test_codes_are_told_apart_by_whether_they_can_be_used(shop: Shop, now: datetime) -> None:
    member_id = make_member(now)
    token_id, _ = issue_token(member_id=member_id, is_verified=False, now=now)
    good = claim(now, member_id, token_id)
    used = claim(now, member_id, token_id)
    late = claim(now, member_id, token_id, valid_days=1)
    unseen = claim(now, member_id)
    redeem_coupons(coupon_ids=[used.id], reference="order:1", actor="test", now=now)
    spoken = f" {good.code[:4].lower()}-{good.code[4:]} "

    with CaptureQueriesContext(connection) as statements:
        check = get_usable_coupons(
            codes=[spoken, good.code, used.code, late.code, unseen.code, "NONSENSE"],
            member_id=member_id,
            token_id=token_id,
            token_is_verified=False,
            now=now + timedelta(days=1),
        )

    assert len(statements) == 1
    assert [(row.id, row.code) for row in check.usable] == [(good.id, good.code)]
    assert check.refused == {
        used.code: "LIMIT",
        late.code: "SCHEDULE",
        unseen.code: "NO_COUPON",
        "NONSENSE": "NO_COUPON",
    }


def test_without_a_member_no_code_can_be_used_and_nothing_is_asked(shop: Shop, now: datetime) -> None:
    coupon = claim(now, make_member(now))

    with CaptureQueriesContext(connection) as statements:
        check = get_usable_coupons(codes=[coupon.code], member_id=None, token_id=None, token_is_verified=False, now=now)

    assert len(statements) == 0
    assert check.refused == {coupon.code: "NO_COUPON"}
