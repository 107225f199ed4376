from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from coupons.models import Batch
from coupons.selectors import get_batch, get_batch_offer, list_batch_coupons, list_batches
from coupons.services import claim_coupon, redeem_coupons, set_batch_status
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from kernel.errors import InvalidInput
from promotions.models import Promotion, PromotionVersion
from promotions.selectors import get_ruleset

from tenants.models import Shop
from tests.support.coupons import make_batch, make_member

DAY = timedelta(days=1)


def test_a_batch_is_one_live_promotion_whose_only_code_is_the_batch(shop: Shop, now: datetime) -> None:
    batch_id = make_batch(now)

    promotion = PromotionVersion.objects.get()
    assert promotion.status == "live"
    assert promotion.document == {
        "id": str(promotion.promotion_id),
        "name": "新人券",
        "lane": "coupon",
        "coupon": {"codes": [str(batch_id)]},
        "when": {"fact": "subtotal", "op": "gte", "value": 4000},
        "then": [{"type": "amount_off", "amount": 800, "scope": {}}],
    }
    assert Batch.objects.get().promotion_id == promotion.promotion_id


@pytest.mark.parametrize(("subtotal", "discount"), [(3999, 0), (4000, 800)])
def test_the_engine_prices_with_the_batch(shop: Shop, now: datetime, subtotal: int, discount: int) -> None:
    batch_id = make_batch(now)
    facts = {
        "currency": "CNY",
        "now": now.isoformat(),
        "channel": "online",
        "coupons": [str(batch_id)],
        "lines": [{"id": "l1", "sku": "TEA", "quantity": 1, "unit_price": subtotal}],
    }

    assert get_ruleset().price(facts).discount == discount


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"amount_minor": 0}, "amount"),
        ({"amount_minor": None}, "amount"),
        ({"kind": "percent"}, "percent"),
        ({"kind": "percent", "percent_bp": 10_001}, "percent"),
        ({"minimum_spend_minor": -1}, "minimum_spend"),
        ({"total": 0}, "total"),
        ({"total": 10_000_001}, "total"),
        ({"per_member_limit": 0}, "per_member_limit"),
        ({"per_member_limit": 101}, "per_member_limit"),
        ({"claim_until": timedelta(0)}, "claim_until"),
        ({"claim_from": 2 * DAY, "claim_until": DAY}, "claim_until"),
        ({"valid_until": None, "valid_days": None}, "valid_days"),
        ({"valid_until": DAY, "valid_days": 3}, "valid_days"),
        ({"valid_days": 0}, "valid_days"),
        ({"valid_days": 3_651}, "valid_days"),
        ({"valid_until": timedelta(0)}, "valid_until"),
        ({"claim_from": 2 * DAY, "valid_until": DAY}, "valid_until"),
        ({"claim_from": datetime(1, 1, 1, tzinfo=UTC)}, "claim_from"),
        ({"claim_from": datetime(1999, 12, 31, 23, 59, tzinfo=UTC)}, "claim_from"),
        ({"claim_until": datetime(2100, 1, 1, 0, 1, tzinfo=UTC)}, "claim_until"),
        ({"valid_days": None, "valid_until": datetime(9999, 12, 31, tzinfo=UTC)}, "valid_until"),
        ({"claim_until": datetime(2099, 12, 1, tzinfo=UTC), "valid_days": 32}, "valid_days"),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused_and_leaves_nothing(
    shop: Shop, now: datetime, changes: dict[str, Any], field: str
) -> None:
    moments = {name: now + value if isinstance(value, timedelta) else value for name, value in changes.items()}

    with pytest.raises(InvalidInput) as refusal:
        make_batch(now, **moments)

    assert refusal.value.field == (field,)
    assert not Batch.objects.exists()
    assert not Promotion.objects.exists()


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"claim_from": datetime(1, 1, 1, tzinfo=UTC)}, "batch_instants_in_range"),
        ({"claim_until": datetime(2100, 1, 1, 0, 1, tzinfo=UTC)}, "batch_instants_in_range"),
        ({"valid_days": None, "valid_until": datetime(9999, 12, 31, tzinfo=UTC)}, "batch_instants_in_range"),
        ({"valid_days": 3_651}, "batch_valid_days_in_range"),
    ],
)
def test_the_database_keeps_a_batch_within_what_can_be_shown(
    shop: Shop, now: datetime, changes: dict[str, Any], constraint: str
) -> None:
    batch_id = make_batch(now, valid_days=30)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Batch.objects.filter(pk=batch_id).update(**changes)


def test_a_batch_is_listed_with_its_counts_and_its_state(shop: Shop, now: datetime) -> None:
    batch_id = make_batch(now, total=3)
    coupons = [
        claim_coupon(batch_id=batch_id, member_id=make_member(now, f"+861380013800{n}"), token_id=None, now=now)
        for n in range(2)
    ]
    redeem_coupons(coupon_ids=[coupons[0].id], reference="order:1", actor="test", now=now)

    batch = get_batch(batch_id=batch_id, now=now)

    assert batch is not None
    assert (batch.total, batch.claimed, batch.redeemed, batch.state) == (3, 2, 1, "open")
    assert (batch.offer.kind, batch.offer.amount_minor, batch.offer.minimum_spend_minor) == ("amount", 800, 4000)
    assert list(list_batches(now=now)) == [batch]
    assert get_batch(batch_id=uuid4(), now=now) is None
    assert get_batch_offer(batch_id=uuid4(), now=now) is None


def test_the_state_is_what_a_claim_would_meet(shop: Shop, now: datetime) -> None:
    open_, later, over, paused, sold_out = (
        make_batch(now),
        make_batch(now, claim_from=now + DAY),
        make_batch(now, claim_until=now + timedelta(seconds=1)),
        make_batch(now),
        make_batch(now, total=1),
    )
    set_batch_status(batch_id=paused, active=False)
    at = now + timedelta(seconds=1)
    claim_coupon(batch_id=sold_out, member_id=make_member(now), token_id=None, now=at)

    offers = [get_batch_offer(batch_id=key, now=at) for key in (open_, later, over, paused, sold_out)]

    assert [offer and offer.state for offer in offers] == ["open", "not_yet", "over", "paused", "sold_out"]


def test_batches_come_in_pages_of_one_statement_the_newest_first(shop: Shop, now: datetime) -> None:
    made = [make_batch(now + timedelta(minutes=n)) for n in range(5)]

    with CaptureQueriesContext(connection) as statements:
        first = list_batches(now=now, first=2)
        second = list_batches(now=now, first=2, after=first.end_cursor)
        back = list_batches(now=now, last=2, before=second.start_cursor)

    assert len(statements) == 3
    assert [row.id for row in first] == [made[4], made[3]]
    assert [row.id for row in second] == [made[2], made[1]]
    assert (first.has_next, first.has_previous, second.has_next, second.has_previous) == (True, False, True, True)
    assert list(back) == list(first)


def test_claims_of_a_batch_are_listed_with_masked_numbers(shop: Shop, now: datetime) -> None:
    batch_id = make_batch(now)
    coupon = claim_coupon(batch_id=batch_id, member_id=make_member(now), token_id=None, now=now)

    page = list_batch_coupons(batch_id=batch_id, now=now)

    assert [(row.id, row.code, row.status, row.member_phone) for row in page] == [
        (coupon.id, coupon.code, "issued", "138****8000")
    ]
