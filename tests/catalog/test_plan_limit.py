"""What a plan allows stops more SKUs on sale, and nothing else."""

from datetime import datetime

import pytest
from catalog import services
from catalog.models import Product, Variant
from catalog.types import ProductInput, VariantInput
from django.db import transaction
from kernel.usage import get_used

from tenants.errors import PlanLimitReached
from tenants.models import Shop


def tea(*skus: str, price: int = 100) -> ProductInput:
    return ProductInput(name="Tea", variants=[VariantInput(sku=sku, price_minor=price) for sku in skus])


@pytest.fixture(autouse=True)
def _limit(shop: Shop) -> None:
    shop.limits = {"skus": 3}


def test_the_last_allowed_sku_is_sold_and_one_more_is_refused(now: datetime) -> None:
    services.create_product(data=tea("A", "B", "C"), now=now)

    with pytest.raises(PlanLimitReached) as refused, transaction.atomic():
        services.create_product(data=tea("D"), now=now)

    assert (refused.value.code, refused.value.resource, refused.value.used, refused.value.allowed) == (
        "PLAN_LIMIT",
        "skus",
        4,
        3,
    )
    assert (Product.objects.count(), Variant.objects.count(), get_used(resource="skus")) == (1, 3, 3)


def test_a_product_that_grows_is_refused_and_stays_as_it_was(now: datetime) -> None:
    product_id = services.create_product(data=tea("A", "B", "C"), now=now)

    with pytest.raises(PlanLimitReached), transaction.atomic():
        services.update_product(product_id=product_id, data=tea("A", "B", "C", "D", price=200), now=now)

    assert set(Variant.objects.values_list("sku", "price_minor")) == {("A", 100), ("B", 100), ("C", 100)}


def test_a_shop_above_its_limit_keeps_working_with_what_it_has(shop: Shop, now: datetime) -> None:
    product_id = services.create_product(data=tea("A", "B", "C"), now=now)
    shop.limits = {"skus": 1}

    services.update_product(product_id=product_id, data=tea("A", "B", "D", price=200), now=now)  # C for D
    services.update_product(product_id=product_id, data=tea("A", "B", price=300), now=now)

    assert set(Variant.objects.filter(is_active=True).values_list("sku", "price_minor")) == {("A", 300), ("B", 300)}
    with pytest.raises(PlanLimitReached), transaction.atomic():
        services.update_product(product_id=product_id, data=tea("A", "B", "C", price=300), now=now)


def test_archiving_makes_room_and_what_comes_back_needs_it(now: datetime) -> None:
    product_id = services.create_product(data=tea("A", "B", "C"), now=now)
    services.archive_product(product_id=product_id, now=now)
    services.create_product(data=tea("D"), now=now)

    with pytest.raises(PlanLimitReached), transaction.atomic():
        services.restore_product(product_id=product_id, now=now)

    assert Product.objects.get(pk=product_id).status == "archived"
    services.update_product(product_id=product_id, data=tea("A", "B"), now=now)  # archived ones are not on sale
    services.restore_product(product_id=product_id, now=now)
    services.restore_product(product_id=product_id, now=now)
    assert get_used(resource="skus") == 3


def test_without_a_limit_nothing_is_asked(shop: Shop, now: datetime) -> None:
    shop.limits = {"members": 0}
    services.create_product(data=tea(*"ABCDE"), now=now)
    assert get_used(resource="skus") == 5
