"""Thirty-two checkouts at once on one promotion's budget: never over, and the losers are shown the price again."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from checkout.checks import check_carts, check_payments, check_stock, check_totals, check_use
from checkout.models import Order
from checkout.services import orders, quote_cart
from django.db import connections
from django.db.models import F, Sum
from kernel.models import OutboxEvent
from promotions.checks import find_uses_that_do_not_add_up
from promotions.errors import PromotionUsedUp
from promotions.models import PromotionUse
from promotions.selectors import get_use
from promotions.types import GivenDiscount

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.races.test_checkout_race import BUYERS, at_once, make_carts, order
from tests.support.storefront import make_product, make_promotion

LIMIT = 10


@pytest.fixture
def now() -> datetime:
    """The present."""
    return datetime.now(UTC)


@pytest.fixture
def shop(live_shops: tuple[Shop, Shop], now: datetime) -> Iterator[Shop]:
    """North with plenty of CUP at 180.00, where everything commits."""
    with tenant_transaction(live_shops[0]):
        make_product(now, "Cup", skus={"CUP": 18000}, quantity=1_000)
    yield live_shops[0]
    checks = (check_carts, check_totals, check_payments, check_stock)
    with tenant_transaction(live_shops[0]):
        assert [finding for check in checks for finding in check()] == []


def race(shop: Shop, now: datetime, **limits: int) -> tuple[UUID, list[UUID], dict[str, int]]:
    """32 carts that were all shown 10 % off (18.00), ordered at once."""
    with tenant_transaction(shop):
        promotion_id = UUID(make_promotion(now, limits=limits))
        make_promotion(now, lane="item", then=[{"type": "percent_off", "percent_bp": 100}])  # counted beside it
    carts = make_carts(shop, [{"CUP": 1}] * BUYERS, now)
    ends = at_once(lambda number: order(shop, carts[number], now))
    return promotion_id, carts, dict(ends)


def told(shop: Shop) -> list[tuple[str, int, int]]:
    with tenant_transaction(shop):
        events = OutboxEvent.objects.filter(topic="promotion.budget_reached").order_by("id")
        return [(event.payload["limit"], event.payload["percent"], event.payload["used"]) for event in events]


def test_a_promotion_limited_to_ten_orders_is_given_ten_times(shop: Shop, now: datetime) -> None:
    promotion_id, carts, ends = race(shop, now, total=LIMIT)

    assert ends == {"ordered": LIMIT, "PRICE_CHANGED": BUYERS - LIMIT}
    with tenant_transaction(shop):
        assert get_use(promotion_id=promotion_id) == (LIMIT, LIMIT * 1782)
        assert Order.objects.count() == LIMIT
        assert list(check_use()) == list(find_uses_that_do_not_add_up()) == []
        left = [cart for cart in carts if not Order.objects.filter(cart_id=cart).exists()]
    assert told(shop) == [("total", 80, 8), ("total", 100, 10)]

    # Those who came too late see the new price, and it is one that can be ordered.
    with tenant_transaction(shop):
        shown = {quote_cart(cart_id=cart, token=None, shop=shop, now=now).total_minor for cart in left}
    assert shown == {17820}
    assert order(shop, left[0], now) == "ordered"


def test_a_budget_is_spent_to_the_last_cent_and_never_over(shop: Shop, now: datetime) -> None:
    budget = 1782 * 5 + 82
    promotion_id, carts, ends = race(shop, now, discount_total=budget)

    assert ends == {"ordered": 5, "PRICE_CHANGED": BUYERS - 5}
    with tenant_transaction(shop):
        left = [cart for cart in carts if not Order.objects.filter(cart_id=cart).exists()]
        shown = {quote_cart(cart_id=cart, token=None, shop=shop, now=now).total_minor for cart in left}
    assert shown == {17820 - 82}

    again = at_once(lambda number: order(shop, left[number % len(left)], now))

    assert again["ordered"] == 1, again
    with tenant_transaction(shop):
        assert get_use(promotion_id=promotion_id) == (6, budget)
        assert list(check_use()) == []
    assert told(shop) == [("discount_total", 80, 8910), ("discount_total", 100, budget)]


def test_a_limit_a_day_holds_as_well(shop: Shop, now: datetime) -> None:
    _, _, ends = race(shop, now, per_day=3, total=20)

    assert ends == {"ordered": 3, "PRICE_CHANGED": BUYERS - 3}


def test_negative_control_a_budget_that_is_read_first_and_written_later_is_overspent(
    shop: Shop, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same race with the guard taken away must go over, else the tests above prove nothing."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            f'ALTER TABLE "{shop.schema_name}".promotions_promotionuse'
            " DROP CONSTRAINT promotion_use_within_orders, DROP CONSTRAINT promotion_use_within_budget"
        )

    def record_use(*, given: Sequence[GivenDiscount], today: date, **_others: Any) -> None:
        for entry in given:
            used = PromotionUse.objects.filter(promotion_id=entry.promotion_id, scope="").first()
            if used and entry.limits.total and used.orders >= entry.limits.total:
                raise PromotionUsedUp("used up")
        for entry in sorted(given, key=lambda one: one.promotion_id):
            counters = PromotionUse.objects.filter(promotion_id=entry.promotion_id, scope="")
            amount = entry.discount_minor
            if not counters.update(orders=F("orders") + 1, discount_minor=F("discount_minor") + amount):
                PromotionUse.objects.get_or_create(
                    promotion_id=entry.promotion_id, scope="", defaults={"orders": 1, "discount_minor": amount}
                )

    monkeypatch.setattr(orders, "record_use", record_use)

    _, _, ends = race(shop, now, total=LIMIT)

    assert ends["ordered"] > LIMIT, ends
    with tenant_transaction(shop):
        given = Order.objects.aggregate(total=Sum("discount_minor"))["total"]
        assert given > LIMIT * (1782 + 180)
