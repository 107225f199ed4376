"""A small cut of the real data goes in whole, balanced and only once."""

from datetime import datetime, timedelta

import pytest
from catalog.models import Product, Variant
from checkout.models import Order, OrderLine, Payment
from coupons.models import Batch, Coupon, CouponEvent
from demo.clock import SHOP_ZONE
from demo.dataset import read_dataset
from demo.load import Advance, Report, load_demo
from demo.sizes import Size
from demo.state import find_loaded_size
from django.db.models import F, Sum
from django.utils import timezone
from joining.models import JoinLink
from members.models import Member
from promotions.models import Promotion, PromotionVersion
from stock.models import Balance, Entry

from tenants.doctor import find_broken
from tenants.models import Shop
from tenants.transaction import tenant_transaction

TINY = Size("tiny", products=120, weeks=2, households=150)
LEFT_OUT = {
    "department FUEL": 12_997,
    "category COUPON/MISC ITEMS": 4_240,
    "quantity 0": 8_793,
    "no value": 2_401,
    "product not in the product table": 32,
}


def silent(title: str, total: int | None) -> Advance:
    return lambda count: None


def load(shop: Shop, now: datetime) -> Report | None:
    return load_demo(shop, TINY, now=now, step=silent)


def test_lines_that_are_no_sales_are_left_out_and_counted() -> None:
    dataset = read_dataset(TINY)

    assert dataset.left_out == LEFT_OUT
    assert dataset.lines_of_the_year == 1_469_307
    assert len(dataset.products) == 120
    assert set(dataset.lines["product_id"]) <= set(dataset.products["product_id"])
    assert set(dataset.baskets["household_id"]) <= set(dataset.households["household_id"])
    assert (dataset.lines["total_minor"] <= dataset.lines["subtotal_minor"]).all()
    assert (dataset.products["price_minor"] > 0).all()
    assert dataset.baskets["stamp"].is_monotonic_increasing


def test_a_load_is_whole_balanced_and_over_before_now(live_shops: tuple[Shop, Shop]) -> None:
    shop, now = live_shops[0], timezone.now()

    report = load(shop, now)

    assert report is not None
    assert (report.products, report.archived, report.members) == (120, 0, 150)
    assert report.left_out == LEFT_OUT
    assert list(find_broken([shop])) == []
    with tenant_transaction(shop):
        assert find_loaded_size() == "tiny"
        check_catalog_and_stock()
        check_orders(report, now)
        check_members(now)
        check_offers(report, now)


def check_catalog_and_stock() -> None:
    assert Variant.objects.filter(product__status="active", price_minor=F("product__price_from_minor")).count() == 120
    assert Product.objects.filter(category__path__startswith="produce/").exists()
    milk = Product.objects.get(variants__sku="1029743")
    assert (milk.name, milk.slug) == (
        "Fluid Milk White Only 1 GA · Private",
        "fluid-milk-white-only-1-ga-private-1029743",
    )
    assert milk.category is not None
    assert milk.category.path == "grocery/fluid-milk-products/fluid-milk-white-only"
    assert Entry.objects.filter(kind="opening", quantity__gte=24).count() == Entry.objects.count() == 120
    assert Balance.objects.filter(location__code="main", unit_cost_minor__gt=0).count() == 120
    assert set(Balance.objects.values_list("reserved", flat=True)) == {0}


def check_orders(report: Report, now: datetime) -> None:
    orders = Order.objects.all()
    assert report.orders == orders.count() == Payment.objects.filter(status="settled").count() > 100
    assert report.lines == OrderLine.objects.count()
    assert set(orders.values_list("status", "channel", "currency")) == {("fulfilled", "pos", "CNY")}
    assert not orders.exclude(cart=None).exists()
    assert orders.filter(discount_minor__gt=0).exists()
    placed = list(orders.order_by("number").values_list("placed_at", flat=True))
    assert placed == sorted(placed)
    assert now - timedelta(weeks=3) < placed[0] < placed[-1] < now
    hours = [instant.astimezone(SHOP_ZONE).hour for instant in placed]
    assert sum(9 <= hour < 22 for hour in hours) > 0.8 * len(hours)


def check_members(now: datetime) -> None:
    assert Member.objects.filter(phone=None, joined_at__lt=now).count() == 150
    assert Member.objects.filter(tags__contains=["age:65+"]).exists()
    assert Member.objects.aggregate(Sum("orders"))["orders__sum"] == Order.objects.count()


def check_offers(report: Report, now: datetime) -> None:
    live = PromotionVersion.objects.filter(status="live")
    assert sorted((version.document["lane"], version.document["name"]) for version in live) == [
        ("coupon", "新会员满 40 减 8"),
        ("item", "熟食同款满 3 件 85 折"),
        ("order", "满 50 减 5"),
        ("price", "果蔬 9 折"),
    ]
    welcome = JoinLink.objects.get(code="welcome").batch
    assert welcome is not None
    assert (welcome.total, welcome.issued, welcome.per_member_limit, welcome.valid_days) == (10_000, 0, 1, 30)
    past = Batch.objects.exclude(pk=welcome.pk)
    assert report.batches == past.count() > 20
    assert report.coupons == Coupon.objects.count() > 100
    assert set(past.values_list("status", "promotion__versions__status")) == {("paused", "ended")}
    assert not past.filter(valid_until__gt=now).exists()
    assert set(Coupon.objects.values_list("status", flat=True)) == {"redeemed", "expired"}
    assert CouponEvent.objects.count() == 2 * report.coupons
    used = CouponEvent.objects.filter(status="redeemed").exclude(reference="")
    numbers = {str(number) for number in Order.objects.values_list("number", flat=True)}
    assert {event.reference for event in used} <= numbers


def test_an_interrupted_load_leaves_nothing_the_next_one_is_whole_and_a_third_does_nothing(
    live_shops: tuple[Shop, Shop],
) -> None:
    shop, now = live_shops[0], timezone.now()

    def interrupt(title: str, total: int | None) -> Advance:
        if title == "Coupons and promotions":
            raise KeyboardInterrupt
        return lambda count: None

    with pytest.raises(KeyboardInterrupt):
        load_demo(shop, TINY, now=now, step=interrupt)

    with tenant_transaction(shop):
        assert find_loaded_size() is None
        assert count_rows() == [0] * 7

    assert load(shop, now) is not None
    with tenant_transaction(shop):
        loaded = count_rows()
    assert load(shop, now) is None
    with tenant_transaction(shop):
        assert count_rows() == loaded


def count_rows() -> list[int]:
    return [model.objects.count() for model in (Product, Member, Order, OrderLine, Entry, Coupon, Promotion)]
