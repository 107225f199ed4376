from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import uuid4

import pytest
from coupons import checks
from coupons.models import Batch, Coupon, CouponEvent
from coupons.services import claim_coupon, redeem_coupons
from promotions.services import create_promotion

from tenants.models import Shop
from tests.support.coupons import make_batch, make_member

type Check = Callable[[], Iterable[str]]

ALL: list[Check] = [
    checks.find_miscounted_batches,
    checks.find_members_above_the_limit,
    checks.find_histories_that_tell_another_state,
    checks.find_coupons_used_twice,
    checks.find_batches_without_their_promotion,
]


@pytest.fixture
def coupon(shop: Shop, now: datetime) -> Coupon:
    claimed = claim_coupon(batch_id=make_batch(now), member_id=make_member(now), token_id=None, now=now)
    redeem_coupons(coupon_ids=[claimed.id], reference="order:1", actor="test", now=now)
    return Coupon.objects.get(pk=claimed.id)


def test_a_sound_shop_has_no_findings(coupon: Coupon) -> None:
    assert [list(check()) for check in ALL] == [[]] * len(ALL)


def lose_a_coupon(coupon: Coupon) -> None:
    Batch.objects.update(issued=2)


def exceed_the_limit(coupon: Coupon) -> None:
    Coupon.objects.update(slot=2)


def lose_history(coupon: Coupon) -> None:
    Coupon.objects.update(status="issued")


def use_twice(coupon: Coupon) -> None:
    CouponEvent.objects.create(coupon=coupon, status="redeemed", created_at=coupon.issued_at)


def lose_the_code(coupon: Coupon) -> None:
    document = {
        "name": "x",
        "lane": "coupon",
        "coupon": {"codes": [str(uuid4())]},
        "then": [{"type": "gift", "sku": "A", "quantity": 1}],
    }
    Batch.objects.update(promotion=create_promotion(document=document, status="live", now=coupon.issued_at))


@pytest.mark.parametrize(
    ("harm", "check"),
    list(zip([lose_a_coupon, exceed_the_limit, lose_history, use_twice, lose_the_code], ALL, strict=True)),
)
def test_each_harm_is_found_by_its_own_check_alone(
    coupon: Coupon, harm: Callable[[Coupon], None], check: Check
) -> None:
    harm(coupon)

    assert [len(list(other())) for other in ALL] == [int(other is check) for other in ALL]
