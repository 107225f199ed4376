from datetime import datetime

from joining.checks import find_joins_with_a_foreign_coupon
from joining.models import Join
from joining.services import join_member
from members.models import Member

from tenants.models import Shop
from tests.support.coupons import make_batch, make_link, make_member


def test_a_join_that_names_somebody_elses_coupon_is_found(shop: Shop, now: datetime) -> None:
    make_link(now, make_batch(now))
    result = join_member(
        code="welcome", phone="13800138000", region="CN", token_secret=None, consent_version="1", now=now
    )
    assert list(find_joins_with_a_foreign_coupon()) == []
    assert result.coupon is not None
    other = make_member(now, "+8613900139000")

    stolen = Join.objects.create(
        link_id=make_link(now, None, code="other"),
        member=Member.objects.get(pk=other),
        coupon_id=result.coupon.id,
        is_new_member=False,
        consent_version="1",
        joined_at=now,
    )

    assert [f"Join {stolen.pk} " in detail for detail in find_joins_with_a_foreign_coupon()] == [True]
