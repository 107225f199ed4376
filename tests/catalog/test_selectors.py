"""Reads of the catalog: orders, search, categories; the number of statements never grows."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest
from catalog import services
from catalog.selectors import (
    get_category,
    get_products,
    get_variants,
    get_variants_by_sku,
    list_categories,
    list_products,
)
from catalog.types import ProductInput, Sort, VariantInput
from kernel.errors import InvalidInput
from kernel.ids import new_id
from kernel.pages import Page

from tenants.models import Shop

type Counter = Callable[[int], AbstractContextManager[object]]

pytestmark = pytest.mark.usefixtures("shop")


def add(name: str, now: datetime, *, price: int = 100, sku: str = "", category: str | None = None) -> None:
    if category:
        services.ensure_category(names=category.split("/"))
    variant = VariantInput(sku=sku or f"sku-{name}", price_minor=price)
    services.create_product(data=ProductInput(name=name, category_path=category, variants=[variant]), now=now)


def names(page: Page[object]) -> list[str]:
    return [row.name for row in page]  # type: ignore[attr-defined]


@pytest.fixture
def shelf(shop: Shop, now: datetime) -> None:
    for index, (name, price) in enumerate([("Milk", 300), ("Bread", 200), ("Apple", 300), ("Cheese", 900)]):
        add(name, now + timedelta(minutes=index), price=price)


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (None, ["Apple", "Bread", "Cheese", "Milk"]),
        (Sort.NAME, ["Apple", "Bread", "Cheese", "Milk"]),
        (Sort.PRICE_ASC, ["Bread", "Milk", "Apple", "Cheese"]),
        (Sort.PRICE_DESC, ["Cheese", "Apple", "Milk", "Bread"]),
        (Sort.NEWEST, ["Cheese", "Apple", "Bread", "Milk"]),
    ],
)
def test_each_order_is_kept_over_pages_forward_and_back(sort: Sort | None, expected: list[str]) -> None:
    one = list_products(first=3, sort=sort)
    two = list_products(first=3, after=one.end_cursor, sort=sort)
    back = list_products(last=2, before=two.start_cursor, sort=sort)

    assert names(one) + names(two) == expected
    assert names(back) == expected[1:3]
    assert (one.has_next, one.has_previous, two.has_next, two.has_previous) == (True, False, False, True)


@pytest.mark.usefixtures("shelf")
def test_a_cursor_of_one_order_is_refused_in_another() -> None:
    cursor = list_products(first=1, sort=Sort.NAME).end_cursor

    with pytest.raises(InvalidInput):
        list_products(first=1, sort=Sort.NEWEST, after=cursor)
    with pytest.raises(InvalidInput):
        list_products(first=1, sort=Sort.NAME, after=cursor, search="milk")


def test_a_page_is_one_statement_whatever_its_size(now: datetime, django_assert_num_queries: Counter) -> None:
    for number in range(30):
        variants = [VariantInput(sku=f"{number}-{size}", price_minor=size) for size in range(3)]
        services.create_product(data=ProductInput(name=f"P{number:02}", variants=variants), now=now)

    for size in (1, 30):
        with django_assert_num_queries(1):
            page = list_products(first=size)
        assert [len(row.variants) for row in page] == [3] * size


def test_a_category_means_everything_below_it_and_nothing_beside_it(now: datetime) -> None:
    add("Loose", now)
    add("Oolong", now, category="drinks/tea")
    add("Cola", now, category="drinks")
    add("Ink", now, category="drinks-not")

    assert names(list_products(category="drinks")) == ["Cola", "Oolong"]
    assert names(list_products(category="/drinks/tea/")) == ["Oolong"]
    assert names(list_products(category="drink_")) == []
    assert names(list_products(category="%")) == []
    assert names(list_products(category="unknown")) == []
    assert [row.path for row in list_categories()] == ["drinks", "drinks-not"]
    assert [row.path for row in list_categories(parent="drinks")] == ["drinks/tea"]
    assert get_category(path="drinks/tea") == list_categories(parent="drinks")[0]
    assert get_category(path="nothing") is None


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("chocolate", ["Dark Chocolate 70%", "Milk Chocolate"]),
        ("MILK", ["Milk Chocolate", "Milk White"]),
        ("choclate", ["Dark Chocolate 70%", "Milk Chocolate"]),
        ("chesse", ["Cheese Block"]),
        ("blokc", ["Cheese Block"]),
        ("mint", []),
        ("milk choc", ["Milk Chocolate"]),
        ("milk cheese", []),
        ("茶", ["龙井绿茶"]),
        ("绿茶", ["龙井绿茶"]),
        ("茶绿", []),
        ("70", ["Dark Chocolate 70%"]),
        ("ch", ["Cheese Block", "Dark Chocolate 70%", "Milk Chocolate"]),
        ("xyzzy", []),
        ("%", []),
        ("_", []),
        ("'; --", []),
    ],
)
def test_search_forgives_typing_and_asks_for_every_term(search: str, expected: list[str], now: datetime) -> None:
    for name in ("Milk Chocolate", "Dark Chocolate 70%", "Cheese Block", "龙井绿茶", "Milk White"):
        add(name, now, sku=f"s{len(name)}")

    assert sorted(names(list_products(search=search))) == expected


@pytest.mark.parametrize("sort", [None, *Sort])
def test_a_sku_typed_in_full_comes_first_in_every_order(sort: Sort | None, now: datetime) -> None:
    for index, (name, sku) in enumerate([("A", "TEA-11"), ("M", "tea-1"), ("Z", "TEA-12")]):
        add(name, now + timedelta(minutes=index), price=100 + index, sku=sku)

    page = list_products(search="TEA-1", sort=sort)

    assert names(page)[0] == "M"
    assert len(page) == 3
    walked = list_products(search="TEA-1", sort=sort, first=1)
    rest = list_products(search="TEA-1", sort=sort, first=5, after=walked.end_cursor)
    assert names(walked) + names(rest) == names(page)


def test_a_barcode_finds_its_product_first(now: datetime) -> None:
    add("690123 lookalike", now)
    variant = VariantInput(sku="x", price_minor=1, barcode="690123")
    services.create_product(data=ProductInput(name="Zebra", variants=[variant]), now=now)

    assert names(list_products(search="690123")) == ["Zebra", "690123 lookalike"]


def test_the_best_match_comes_first(now: datetime) -> None:
    for name in ("Buttermilk", "Milk", "Almond Milky Bar"):
        add(name, now)

    assert names(list_products(search="milk"))[0] == "Milk"


def test_blank_search_is_no_search(now: datetime) -> None:
    add("Milk", now)

    assert names(list_products(search="  ")) == ["Milk"]
    assert names(list_products(search="", sort=Sort.RELEVANCE)) == ["Milk"]


def test_variants_come_with_what_pricing_needs(now: datetime, django_assert_num_queries: Counter) -> None:
    services.ensure_category(names=["drinks", "tea"])
    data = ProductInput(
        name="Oolong",
        category_path="drinks/tea",
        brand="Tan",
        tags=["vip"],
        variants=[VariantInput(sku="O1", price_minor=100), VariantInput(sku="O2", price_minor=200, name="big")],
    )
    product_id = services.create_product(data=data, now=now)

    with django_assert_num_queries(1):
        rows = get_variants_by_sku(skus=["O1", "O2", "O3"])

    assert sorted(rows) == ["O1", "O2"]
    big = rows["O2"]
    assert (big.name, big.price_minor, big.product_id, big.product_name, big.product_slug) == (
        "big",
        200,
        product_id,
        "Oolong",
        "oolong",
    )
    assert (big.categories, big.brand, big.tags, big.is_active) == (("drinks", "drinks/tea"), "Tan", ["vip"], True)
    assert get_variants(ids=[big.id, new_id()]) == {big.id: big}
    assert list(get_products(product_ids=[product_id, new_id()])) == [product_id]

    services.archive_product(product_id=product_id, now=now)

    assert get_variants_by_sku(skus=["O1"])["O1"].is_active is False
    assert get_products(product_ids=[product_id]) == {}
