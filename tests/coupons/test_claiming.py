from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from coupons.errors import BatchNotFound, ClaimClosed, MemberLimit, SoldOut
from coupons.models import Batch, Coupon, CouponAccess, CouponEvent
from coupons.services import claim_coupon, set_batch_status
from django.db import connection
from django.test.utils import CaptureQueriesContext
from kernel.errors import DomainError
from kernel.ids import is_code
from members.errors import MemberNotFound
from members.services import issue_token

from tenants.errors import ShopClosed
from tenants.models import Shop
from tenants.transaction import current_shop
from tests.support.coupons import make_batch, make_member

OTHER = "+8613900139000"


def rows() -> tuple[Any, ...]:
    return (
        list(Batch.objects.values_list("id", "issued")),
        list(Coupon.objects.order_by("id").values()),
        list(CouponEvent.objects.order_by("id").values_list("coupon_id", "status", "actor")),
        list(CouponAccess.objects.order_by("id").values_list("token_id", "coupon_id")),
    )


def claim(batch_id: UUID, member_id: UUID, now: datetime, **options: Any) -> Any:
    return claim_coupon(batch_id=batch_id, member_id=member_id, now=now, **{"token_id": None, **options})


def test_a_claim_writes_coupon_counter_history_and_access_in_two_statements(shop: Shop, now: datetime) -> None:
    batch_id, member_id = make_batch(now), make_member(now)
    token_id, _ = issue_token(member_id=member_id, is_verified=False, now=now)

    with CaptureQueriesContext(connection) as statements:
        coupon = claim(batch_id, member_id, now, token_id=token_id)

    assert len(statements) == 2
    assert (coupon.name, coupon.status, coupon.already_held) == ("新人券", "issued", False)
    assert coupon.valid_until == now + timedelta(days=30)
    assert is_code(coupon.code)
    assert rows() == (
        [(batch_id, 1)],
        [
            {
                "id": coupon.id,
                "batch_id": batch_id,
                "member_id": member_id,
                "slot": 1,
                "code": coupon.code,
                "status": "issued",
                "issued_at": now,
                "valid_until": now + timedelta(days=30),
            }
        ],
        [(coupon.id, "issued", f"member:{member_id}")],
        [(token_id, coupon.id)],
    )


def test_a_coupon_ends_when_its_batch_says(shop: Shop, now: datetime) -> None:
    batch_id = make_batch(now, valid_until=now + timedelta(days=2))

    assert claim(batch_id, make_member(now), now).valid_until == now + timedelta(days=2)


def test_a_member_gets_as_many_as_the_batch_allows(shop: Shop, now: datetime) -> None:
    batch_id, member_id = make_batch(now, per_member_limit=2), make_member(now)

    codes = {claim(batch_id, member_id, now).code for _ in range(2)}

    assert len(codes) == 2
    assert sorted(Coupon.objects.values_list("slot", flat=True)) == [1, 2]
    before = rows()
    with pytest.raises(MemberLimit) as refusal:
        claim(batch_id, member_id, now)
    assert refusal.value.code == "LIMIT_REACHED"
    assert rows() == before


def test_a_used_coupon_counts_towards_the_limit(shop: Shop, now: datetime) -> None:
    batch_id, member_id = make_batch(now), make_member(now)
    claim(batch_id, member_id, now)
    Coupon.objects.update(status="redeemed")

    with pytest.raises(MemberLimit):
        claim(batch_id, member_id, now)


@pytest.mark.parametrize("status", ["issued", "redeemed", "expired", "void"])
def test_who_keeps_what_they_hold_gets_the_same_coupon_in_whatever_state(
    shop: Shop, now: datetime, status: str
) -> None:
    batch_id, member_id = make_batch(now, per_member_limit=3), make_member(now)
    first = claim(batch_id, member_id, now, keep_held=True)
    Coupon.objects.update(status=status)
    before = rows()

    again = claim(batch_id, member_id, now, keep_held=True)

    assert (again.id, again.code, again.status, again.already_held) == (first.id, first.code, status, True)
    assert rows() == before


def test_a_held_coupon_is_shown_to_the_new_token_even_when_the_batch_is_over(shop: Shop, now: datetime) -> None:
    batch_id, member_id = make_batch(now, total=1), make_member(now)
    first = claim(batch_id, member_id, now)
    set_batch_status(batch_id=batch_id, active=False)
    token_id, _ = issue_token(member_id=member_id, is_verified=False, now=now)

    for _ in range(2):
        assert claim(batch_id, member_id, now, token_id=token_id, keep_held=True).id == first.id

    assert list(CouponAccess.objects.values_list("token_id", "coupon_id")) == [(token_id, first.id)]


def test_the_last_coupon_is_the_last(shop: Shop, now: datetime) -> None:
    batch_id = make_batch(now, total=1)
    claim(batch_id, make_member(now), now)
    other = make_member(now, OTHER)
    before = rows()

    for keep in (False, True):
        with pytest.raises(SoldOut) as refusal:
            claim(batch_id, other, now, keep_held=keep)
        assert refusal.value.code == "LIMIT_REACHED"

    assert rows() == before


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("window", "at"),
    [
        ({"claim_from": DAY, "claim_until": 2 * DAY}, timedelta(0)),
        ({"claim_until": DAY}, DAY),
        ({"valid_until": DAY}, DAY),
    ],
)
def test_outside_its_window_a_batch_gives_nothing(
    shop: Shop, now: datetime, window: dict[str, timedelta], at: timedelta
) -> None:
    batch_id = make_batch(now, **{name: now + offset for name, offset in window.items()})
    member_id = make_member(now)
    before = rows()

    with pytest.raises(ClaimClosed) as refusal:
        claim(batch_id, member_id, now + at)

    assert refusal.value.code == "EXPIRED"
    assert rows() == before


def test_the_window_of_claims_is_half_open(shop: Shop, now: datetime) -> None:
    batch_id = make_batch(now, claim_from=now + DAY, claim_until=now + 2 * DAY)

    assert claim(batch_id, make_member(now), now + DAY).status == "issued"
    assert claim(batch_id, make_member(now, OTHER), now + 2 * DAY - timedelta(seconds=1)).status == "issued"


def test_a_paused_batch_gives_nothing_until_it_is_resumed(shop: Shop, now: datetime) -> None:
    batch_id, member_id = make_batch(now), make_member(now)
    set_batch_status(batch_id=batch_id, active=False)

    with pytest.raises(ClaimClosed):
        claim(batch_id, member_id, now)
    set_batch_status(batch_id=batch_id, active=True)

    assert claim(batch_id, member_id, now).status == "issued"


def test_unknown_batches_and_members_are_refused(shop: Shop, now: datetime) -> None:
    batch_id, member_id = make_batch(now), make_member(now)
    before = rows()
    refusals: list[tuple[UUID, UUID, type[DomainError]]] = [
        (uuid4(), member_id, BatchNotFound),
        (batch_id, uuid4(), MemberNotFound),
    ]

    for batch, member, error in refusals:
        with pytest.raises(error):
            claim(batch, member, now)
    with pytest.raises(BatchNotFound):
        set_batch_status(batch_id=uuid4(), active=False)

    assert rows() == before


@pytest.mark.parametrize("access", [Shop.Access.READ_ONLY, Shop.Access.SUSPENDED])
def test_a_shop_that_is_not_open_gives_none_away(
    shop: Shop, now: datetime, access: Shop.Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id, member_id = make_batch(now), make_member(now)
    before = rows()
    monkeypatch.setattr(current_shop(), "access", access)

    with pytest.raises(ShopClosed):
        claim(batch_id, member_id, now)
    assert rows() == before
