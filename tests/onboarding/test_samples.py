"""Samples come with one call and go with one; only what they brought is touched."""

from datetime import datetime
from uuid import UUID

import pytest
from catalog.models import Product, Variant
from catalog.services import create_product
from catalog.types import ProductInput, VariantInput
from coupons.models import Batch, Coupon
from coupons.services import create_batch
from coupons.types import BatchInput
from joining.models import JoinLink
from joining.services import create_join_link, join_member
from onboarding.industries import INDUSTRIES
from onboarding.models import SampleRow
from onboarding.samples import SAMPLES, STOCK
from onboarding.services import TakenOut, put_samples_in, take_samples_out
from promotions.models import PromotionVersion
from stock.selectors import get_availability
from stock.services import take_stock

from tenants.errors import PlanLimitReached
from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.matrix import read_rows

ACTOR = "staff:1"


def put(now: datetime, industry: str = "restaurant") -> int:
    return put_samples_in(industry=industry, actor=ACTOR, now=now)


def take(now: datetime) -> TakenOut:
    return take_samples_out(actor=ACTOR, now=now)


def stock_of(sku: str) -> int:
    variant_id = Variant.objects.values_list("id", flat=True).get(sku=sku)
    return get_availability(variant_ids=[variant_id])[variant_id]


def test_there_are_samples_for_every_trade() -> None:
    assert set(SAMPLES) == set(INDUSTRIES)
    skus = [goods.sku for sample in SAMPLES.values() for goods in sample.goods]
    assert len(skus) == len(set(skus))
    assert {len(sample.goods) for sample in SAMPLES.values()} == {6}


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("industry", [*INDUSTRIES, "something unknown", ""])
def test_they_are_products_with_stock_a_coupon_and_a_link_that_gives_it(industry: str, now: datetime) -> None:
    assert put(now, industry) == 8

    sample = SAMPLES.get(industry, SAMPLES["retail"])
    assert set(Product.objects.values_list("name", "price_from_minor")) == {
        (goods.name[0], goods.price[0]) for goods in sample.goods
    }
    assert {stock_of(goods.sku) for goods in sample.goods} == {STOCK}
    batch = Batch.objects.get()
    assert (batch.name, batch.total, batch.status) == (sample.coupon[0], 200, "active")
    assert JoinLink.objects.get().batch_id == batch.pk
    assert SampleRow.objects.count() == 8


def test_an_english_shop_gets_them_in_english_and_dollars(shops: tuple[Shop, Shop], now: datetime) -> None:
    with tenant_transaction(shops[1]):
        put(now, "fashion")

        assert Product.objects.filter(name="Cotton T-shirt", price_from_minor=1_990).exists()
        assert Batch.objects.get().name == "Newcomer $10 off $50 (sample)"


@pytest.mark.usefixtures("shop")
def test_putting_them_in_twice_puts_them_in_once(now: datetime) -> None:
    assert [put(now), put(now, "beauty")] == [8, 0]

    assert Product.objects.count() == 6


@pytest.mark.usefixtures("shop")
def test_taking_them_out_deletes_what_nobody_used_and_archives_the_products(now: datetime) -> None:
    put(now)

    assert take(now) == TakenOut(deleted=2, archived=6, kept=0)

    assert (Batch.objects.count(), JoinLink.objects.count(), SampleRow.objects.count()) == (0, 0, 0)
    assert set(Product.objects.values_list("status", flat=True)) == {"archived"}
    assert stock_of("SAMPLE-R-01") == 0
    assert not PromotionVersion.objects.filter(status="live").exists()
    assert take(now) == TakenOut(deleted=0, archived=0, kept=0)


@pytest.mark.usefixtures("shop")
def test_what_people_used_is_kept_and_closed(now: datetime) -> None:
    put(now)
    code = JoinLink.objects.get().code
    joined = join_member(code=code, phone="13812348000", region="CN", token_secret=None, consent_version="1", now=now)
    assert joined.coupon is not None
    sold = Variant.objects.get(sku="SAMPLE-R-01")
    take_stock(items={sold.id: 5}, reference="1", actor=ACTOR, now=now)

    assert take(now) == TakenOut(deleted=0, archived=6, kept=2)

    assert Coupon.objects.get().status == "issued"
    assert Batch.objects.get().status == "paused"
    assert JoinLink.objects.get().status == "closed"
    assert stock_of("SAMPLE-R-01") == 0


def test_nothing_of_the_shops_own_is_touched(shop: Shop, now: datetime) -> None:
    create_product(data=ProductInput(name="牛肉面", variants=[VariantInput(sku="OWN", price_minor=100)]), now=now)
    batch = create_batch(data=BatchInput(name="Own", kind="amount", amount_minor=1, total=5, valid_days=3), now=now)
    link_of(batch, now)
    tables = ("coupons_batch", "joining_joinlink")
    before = {table: rows for table, rows in read_rows(shop).items() if table in tables}
    put(now)

    take(now)

    assert {table: rows for table, rows in read_rows(shop).items() if table in tables} == before
    assert list(Product.objects.filter(status="active").values_list("name", flat=True)) == ["牛肉面"]


def link_of(batch_id: UUID, now: datetime) -> UUID:
    return create_join_link(
        name="Own", code="own", batch_id=batch_id, channel="", opens_at=None, closes_at=None, now=now
    )


@pytest.mark.usefixtures("shop")
def test_a_coupon_that_the_shop_uses_in_a_link_of_its_own_is_kept(now: datetime) -> None:
    put(now)
    link_of(Batch.objects.get().pk, now)

    assert take(now) == TakenOut(deleted=1, archived=6, kept=1)

    assert Batch.objects.get().status == "paused"
    assert JoinLink.objects.get().code == "own"


@pytest.mark.usefixtures("shop")
def test_put_in_again_the_same_products_are_back(now: datetime) -> None:
    put(now)
    first = set(Product.objects.values_list("id", flat=True))
    take(now)

    assert put(now) == 8

    assert set(Product.objects.values_list("id", flat=True)) == first
    assert set(Product.objects.values_list("status", flat=True)) == {"active"}
    assert stock_of("SAMPLE-R-01") == STOCK


def test_a_plan_that_allows_fewer_products_refuses_and_the_caller_rolls_back(
    shops: tuple[Shop, Shop], now: datetime
) -> None:
    north = shops[0]
    Shop.objects.filter(pk=north.pk).update(plan="tiny", limits={"skus": 3})
    north.refresh_from_db()

    with pytest.raises(PlanLimitReached), tenant_transaction(north):
        put(now)

    with tenant_transaction(north):
        assert (Product.objects.count(), SampleRow.objects.count()) == (0, 0)
