"""A quote stands for a while: by its rules and at its time, with stock, coupons and limits as they are."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from catalog.models import Variant
from catalog.selectors import get_variants_by_sku
from checkout.checks import check_use
from checkout.errors import PriceChanged
from checkout.models import Cart, Order
from checkout.services import complete_checkout, create_cart, quote_cart, set_lines
from checkout.types import LineInput
from django.conf import settings
from django.db import transaction
from promotions.models import PromotionUse
from promotions.services import change_promotion, create_promotion, end_promotion

from tenants.models import Shop
from tests.checkout.conftest import Buyer

LATER = timedelta(minutes=14, seconds=59)
EXPIRED = timedelta(minutes=15)


def off(percent: int, **changes: Any) -> dict[str, Any]:
    then = [{"type": "percent_off", "percent_bp": percent * 100}]
    return {"name": f"{percent} % off", "lane": "order", "then": then, **changes}


def make_cart(shop: Shop, now: datetime, quantity: int = 1) -> UUID:
    """TEA at 25.00 each."""
    lines = [LineInput("TEA", quantity)]
    return create_cart(lines=lines, channel="online", token=None, shop=shop, now=now).id


def show(cart_id: UUID, shop: Shop, now: datetime) -> int:
    return quote_cart(cart_id=cart_id, token=None, shop=shop, now=now).total_minor


def complete(cart_id: UUID, shop: Shop, now: datetime) -> int:
    order = complete_checkout(cart_id=cart_id, token=None, payment_method="offline", shop=shop, now=now)
    return order.total_minor


def refuse(cart_id: UUID, shop: Shop, now: datetime) -> None:
    before = (Order.objects.count(), list(PromotionUse.objects.order_by("pk").values()))
    with pytest.raises(PriceChanged), transaction.atomic():
        complete(cart_id, shop, now)
    assert (Order.objects.count(), list(PromotionUse.objects.order_by("pk").values())) == before
    assert Cart.objects.get(pk=cart_id).closed_at is None


def test_a_quote_stands_for_a_quarter_of_an_hour() -> None:
    assert timedelta(minutes=15) == settings.QUOTE_LIFETIME


@pytest.mark.parametrize("change", ["changed", "ended", "added"])
def test_a_cart_keeps_its_price_until_the_quote_expires(tea: None, shop: Shop, now: datetime, change: str) -> None:
    promotion_id = create_promotion(document=off(10), status="live", now=now)
    first, second = make_cart(shop, now), make_cart(shop, now)
    if change == "changed":
        change_promotion(promotion_id=promotion_id, document=off(20), now=now)
    elif change == "ended":
        end_promotion(promotion_id=promotion_id, now=now)
    else:
        create_promotion(document=off(30), status="live", now=now)
    changed = {"changed": 2000, "ended": 2500, "added": 1750}[change]

    assert show(make_cart(shop, now), shop, now) == changed
    assert [show(first, shop, now + LATER), complete(first, shop, now + LATER)] == [2250, 2250]
    refuse(second, shop, now + EXPIRED)
    assert [show(second, shop, now + EXPIRED), complete(second, shop, now + EXPIRED + LATER)] == [changed, changed]
    assert list(check_use()) == []


def test_a_schedule_that_ends_meanwhile_leaves_the_quote_as_it_is(tea: None, shop: Shop, now: datetime) -> None:
    until = (now + timedelta(minutes=5)).isoformat()
    create_promotion(document=off(10, schedule={"until": until}), status="live", now=now)
    first, second = make_cart(shop, now), make_cart(shop, now)

    assert complete(first, shop, now + LATER) == 2250
    refuse(second, shop, now + EXPIRED)


def test_an_expired_quote_that_is_still_right_is_ordered(tea: None, shop: Shop, now: datetime) -> None:
    create_promotion(document=off(10), status="live", now=now)

    assert complete(make_cart(shop, now), shop, now + timedelta(days=1)) == 2250


def test_looking_at_a_cart_does_not_lengthen_its_quote_and_changing_it_makes_a_new_one(
    tea: None, shop: Shop, now: datetime
) -> None:
    promotion_id = create_promotion(document=off(10), status="live", now=now)
    looked_at, changed = make_cart(shop, now), make_cart(shop, now)
    change_promotion(promotion_id=promotion_id, document=off(20), now=now)

    priced = quote_cart(cart_id=looked_at, token=None, shop=shop, now=now + LATER)
    fresh = set_lines(cart_id=changed, lines=[LineInput("TEA", 2)], token=None, shop=shop, now=now + LATER)

    assert (priced.total_minor, priced.valid_until) == (2250, now + EXPIRED)
    assert (fresh.total_minor, fresh.valid_until) == (4000, now + LATER + EXPIRED)
    refuse(looked_at, shop, now + EXPIRED)
    assert complete(changed, shop, now + LATER + LATER) == 4000


def test_a_shop_price_that_changed_is_shown_before_it_is_charged(tea: None, shop: Shop, now: datetime) -> None:
    promotion_id = create_promotion(document=off(10), status="live", now=now)
    cart_id = make_cart(shop, now)
    end_promotion(promotion_id=promotion_id, now=now)
    Variant.objects.filter(sku="TEA").update(price_minor=3000)
    assert get_variants_by_sku(skus=["TEA"])["TEA"].price_minor == 3000

    refuse(cart_id, shop, now)

    # What is shown instead is priced afresh altogether.
    assert [show(cart_id, shop, now), complete(cart_id, shop, now)] == [3000, 3000]


def test_a_limit_reached_meanwhile_changes_the_price_although_the_quote_stands(
    tea: None, shop: Shop, now: datetime
) -> None:
    promotion_id = create_promotion(document=off(10, limits={"total": 1}), status="live", now=now)
    first, second = make_cart(shop, now), make_cart(shop, now)
    complete(first, shop, now)

    refuse(second, shop, now)

    assert [show(second, shop, now), complete(second, shop, now)] == [2500, 2500]
    assert PromotionUse.objects.get(scope="", promotion_id=promotion_id).orders == 1


def test_a_budget_that_was_cut_or_raised_never_leaves_a_cart_that_can_not_be_ordered(
    tea: None, shop: Shop, now: datetime
) -> None:
    promotion_id = create_promotion(document=off(10, limits={"total": 3}), status="live", now=now)
    carts = [make_cart(shop, now) for _ in range(4)]
    complete(carts[0], shop, now)
    change_promotion(promotion_id=promotion_id, document=off(10, limits={"total": 1}), now=now)

    assert complete(carts[1], shop, now) == 2250  # as it was promised
    assert show(make_cart(shop, now), shop, now) == 2500
    change_promotion(promotion_id=promotion_id, document=off(10, limits={"total": 9}), now=now)
    assert complete(carts[2], shop, now) == 2250
    refuse(carts[3], shop, now)
    assert [show(carts[3], shop, now), complete(carts[3], shop, now)] == [2250, 2250]
    assert list(check_use()) == []


def test_the_day_of_a_limit_is_the_shops(tea: None, shop: Shop, now: datetime) -> None:
    create_promotion(document=off(10, limits={"per_day": 1}), status="live", now=now)
    night = now.replace(hour=15, minute=50)  # 23:50 in Shanghai
    carts = [make_cart(shop, night) for _ in range(3)]

    assert complete(carts[0], shop, night) == 2250
    refuse(carts[1], shop, night)
    assert complete(carts[2], shop, night + timedelta(minutes=10)) == 2250  # another day, the same quote
    assert set(PromotionUse.objects.exclude(scope="").values_list("scope", flat=True)) == {
        "day:2026-03-04",
        "day:2026-03-05",
    }


def test_an_order_names_the_rule_set_that_priced_it(tea: None, buyer: Buyer, shop: Shop, now: datetime) -> None:
    promotion_id = create_promotion(document=off(10), status="live", now=now)
    cart_id = make_cart(shop, now)
    version = Cart.objects.get(pk=cart_id).shown_version
    end_promotion(promotion_id=promotion_id, now=now)

    complete(cart_id, shop, now)

    assert Order.objects.get().rules_version == version


@pytest.mark.parametrize("change", [{"orders": 2}, {"discount_minor": 1}])
def test_use_that_no_order_tells_of_is_found(tea: None, shop: Shop, now: datetime, change: dict[str, int]) -> None:
    create_promotion(document=off(10), status="live", now=now)
    complete(make_cart(shop, now), shop, now)
    assert list(check_use()) == []

    PromotionUse.objects.filter(scope="").update(**change)

    assert len(list(check_use())) == 1
