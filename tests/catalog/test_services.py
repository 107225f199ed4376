"""Writes of the catalog."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from catalog import services
from catalog.checks import (
    find_products_without_search_text,
    find_wrong_lowest_prices,
    find_wrong_paths,
)
from catalog.errors import BarcodeTaken, CategoryUnknown, ProductUnknown, SkuTaken, SlugTaken
from catalog.models import Category, Product, Variant
from catalog.selectors import get_product, list_products
from catalog.types import ProductInput, VariantInput
from kernel.errors import DomainError, InvalidInput
from kernel.ids import new_id

pytestmark = pytest.mark.usefixtures("shop")

TEA = ProductInput(
    name="绿茶",
    variants=[
        VariantInput(sku="TEA-100", name="100 g", price_minor=3000, compare_at_minor=3500, barcode="690100"),
        VariantInput(sku="TEA-50", name="50 g", price_minor=1800, options={"重量": "50 g"}),
    ],
    brand="Tan",
    tags=["new", "new", "vip"],
)


def test_a_new_product_is_read_back_as_it_was_given(now: datetime) -> None:
    category_id = services.ensure_category(names=["饮料", "茶"])

    product_id = services.create_product(data=replace(TEA, category_path="饮料/茶"), now=now)

    row = get_product(product_id=product_id)
    assert row is not None
    assert (row.name, row.slug, row.brand, row.tags) == ("绿茶", "绿茶", "Tan", ["new", "vip"])
    assert (row.status, row.price_from_minor, row.created_at) == ("active", 1800, now)
    assert row.category is not None
    assert (row.category.id, row.category.path) == (category_id, "饮料/茶")
    assert row.categories == ("饮料", "饮料/茶")
    assert [(v.sku, v.price_minor, v.compare_at_minor, v.barcode, v.options) for v in row.variants] == [
        ("TEA-100", 3000, 3500, "690100", {}),
        ("TEA-50", 1800, None, None, {"重量": "50 g"}),
    ]
    assert get_product(slug="绿茶") == row


def test_an_update_matches_variants_by_sku_and_keeps_what_is_no_longer_sold(now: datetime) -> None:
    product_id = services.create_product(data=TEA, now=now)
    before = {variant.sku: variant.id for variant in Variant.objects.filter(product_id=product_id)}
    later = now + timedelta(hours=1)

    services.update_product(
        product_id=product_id,
        data=ProductInput(
            name="红茶",
            variants=[VariantInput(sku="RED", price_minor=900), VariantInput(sku="TEA-50", price_minor=2000)],
        ),
        now=later,
    )

    row = get_product(product_id=product_id)
    assert row is not None
    assert (row.name, row.slug, row.price_from_minor) == ("红茶", "绿茶", 900)
    assert [(v.sku, v.price_minor, v.id == before.get(v.sku)) for v in row.variants] == [
        ("RED", 900, False),
        ("TEA-50", 2000, True),
    ]
    assert Variant.objects.get(sku="TEA-100").is_active is False
    assert Product.objects.get(pk=product_id).updated_at == later
    assert [product.id for product in list_products(search="红茶")] == [product_id]
    assert [product.id for product in list_products(search="TEA-100")] == []


def test_variants_of_a_product_may_exchange_their_barcodes(now: datetime) -> None:
    pair = [VariantInput(sku="A", price_minor=1, barcode="1"), VariantInput(sku="B", price_minor=1, barcode="2")]
    product_id = services.create_product(data=ProductInput(name="Pair", variants=pair), now=now)

    swapped = [replace(pair[0], barcode="2"), replace(pair[1], barcode="1")]
    services.update_product(product_id=product_id, data=ProductInput(name="Pair", variants=swapped), now=now)

    assert dict(Variant.objects.values_list("sku", "barcode")) == {"A": "2", "B": "1"}


def test_equal_names_get_different_slugs(now: datetime) -> None:
    slugs = []
    for number in range(3):
        data = ProductInput(name="Tea", variants=[VariantInput(sku=str(number), price_minor=1)])
        services.create_product(data=data, now=now)
        slugs.append(Product.objects.get(variants__sku=str(number)).slug)

    assert slugs == ["tea", "tea-2", "tea-3"]


def test_an_archived_product_is_hidden_until_it_is_restored(now: datetime) -> None:
    product_id = services.create_product(data=TEA, now=now)

    services.archive_product(product_id=product_id, now=now)

    assert get_product(product_id=product_id) is None
    assert list(list_products()) == []
    assert [row.status for row in list_products(include_archived=True)] == ["archived"]

    services.restore_product(product_id=product_id, now=now)

    assert [row.id for row in list_products()] == [product_id]


@pytest.mark.parametrize(
    ("data", "error", "field"),
    [
        (replace(TEA, variants=[VariantInput(sku="TAKEN", price_minor=1)]), SkuTaken, ("variants", "0", "sku")),
        (
            replace(TEA, variants=[VariantInput(sku="X", price_minor=1, barcode="999")]),
            BarcodeTaken,
            ("variants", "0", "barcode"),
        ),
        (replace(TEA, slug="taken"), SlugTaken, ("slug",)),
        (replace(TEA, category_path="nowhere"), CategoryUnknown, ("categoryPath",)),
        (replace(TEA, name=""), InvalidInput, ("name",)),
        (replace(TEA, name="a\nb"), InvalidInput, ("name",)),
        (replace(TEA, name="x" * 301), InvalidInput, ("name",)),
        (replace(TEA, slug="Not a slug"), InvalidInput, ("slug",)),
        (replace(TEA, tags=[""]), InvalidInput, ("tags",)),
        (replace(TEA, variants=[]), InvalidInput, ("variants",)),
        (replace(TEA, variants=[VariantInput(sku="", price_minor=1)]), InvalidInput, ("variants", "0", "sku")),
        (replace(TEA, variants=[VariantInput(sku="X", price_minor=-1)]), InvalidInput, ("variants", "0", "priceMinor")),
        (
            replace(TEA, variants=[VariantInput(sku="X", price_minor=5, compare_at_minor=5)]),
            InvalidInput,
            ("variants", "0", "compareAtMinor"),
        ),
        (
            replace(TEA, variants=[VariantInput(sku="X", price_minor=5), VariantInput(sku="X", price_minor=6)]),
            InvalidInput,
            ("variants", "0", "sku"),
        ),
    ],
)
def test_what_cannot_stand_is_refused_by_field_and_changes_nothing(
    data: ProductInput, error: type[DomainError], field: tuple[str, ...], now: datetime
) -> None:
    taken = ProductInput(name="T", slug="taken", variants=[VariantInput(sku="TAKEN", price_minor=1, barcode="999")])
    services.create_product(data=taken, now=now)

    with pytest.raises(error) as refusal:
        services.create_product(data=data, now=now)

    assert refusal.value.field == field
    assert (Product.objects.count(), Variant.objects.count()) == (1, 1)


def test_an_unknown_product_is_named_as_such(now: datetime) -> None:
    with pytest.raises(ProductUnknown):
        services.update_product(product_id=new_id(), data=TEA, now=now)
    with pytest.raises(ProductUnknown):
        services.archive_product(product_id=new_id(), now=now)


def test_a_category_is_made_once_whatever_the_case_of_its_name() -> None:
    first = services.ensure_category(names=["Drinks", "Green Tea"])
    second = services.ensure_category(names=["drinks", "green tea"])

    assert isinstance(first, UUID)
    assert first == second
    assert sorted(Category.objects.values_list("path", flat=True)) == ["drinks", "drinks/green-tea"]
    with pytest.raises(InvalidInput):
        services.ensure_category(names=["Drinks", " "])


def test_the_doctor_finds_derived_columns_that_went_astray(now: datetime) -> None:
    services.ensure_category(names=["a", "b"])
    services.create_product(data=TEA, now=now)
    assert [*find_wrong_lowest_prices(), *find_wrong_paths(), *find_products_without_search_text()] == []

    Product.objects.update(price_from_minor=1, search_text="")
    Category.objects.filter(path="a/b").update(path="b")

    assert [*find_wrong_lowest_prices(), *find_wrong_paths(), *find_products_without_search_text()] == [
        "Product 绿茶: lowest price 1, its variants say 1800.",
        "Category b: its place in the tree is a/b.",
        "Product 绿茶: no search text.",
    ]
