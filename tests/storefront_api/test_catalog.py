"""Products by HTTP, and what a page of them costs."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from catalog.selectors import KEYSETS, get_product, get_variants_by_sku
from catalog.services import archive_product, create_product, ensure_category, update_product
from catalog.types import ProductInput, Sort, VariantInput
from kernel.ids import from_global_id, to_global_id
from promotions.services import create_promotion, end_promotion
from stock.services import adjust_stock, open_balance

from tests.storefront_api.documents import CATALOG_PAGE
from tests.support.statements import statements
from tests.support.storefront import Storefront, make_product, make_promotion

PRODUCT = "query($id: ID, $slug: String) { product(id: $id, slug: $slug) { id name slug } }"
NODE = "query($id: ID!) { node(id: $id) { __typename id } }"


def page(storefront: Storefront, **variables: Any) -> list[dict[str, Any]]:
    return [edge["node"] for edge in storefront.run(CATALOG_PAGE, **variables)["products"]["edges"]]


def names(storefront: Storefront, **variables: Any) -> list[str]:
    return [product["name"] for product in page(storefront, **variables)]


def test_a_product_has_its_category_variants_prices_and_stock(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        ensure_category(names=["Drinks", "Tea"])
        variants = [
            VariantInput(sku="TEA-S", name="Small", price_minor=2500, compare_at_minor=3000, barcode="6901234567892"),
            VariantInput(sku="TEA-L", name="", price_minor=4000),
        ]
        create_product(data=ProductInput(name="Green Tea", variants=variants, category_path="drinks/tea"), now=now)
        small = get_variants_by_sku(skus=["TEA-S"])["TEA-S"].id
        open_balance(variant_id=small, quantity=7, unit_cost_minor=1, now=now)

    (product,) = page(storefront)

    category_id = product["category"].pop("id")
    assert from_global_id(category_id, "Category")
    assert product["category"] == {"name": "Tea", "slug": "tea", "path": "drinks/tea"}
    assert from_global_id(product["variants"][0].pop("id"), "Variant") == small
    product["variants"][1].pop("id")
    assert product["variants"] == [
        {
            "sku": "TEA-S",
            "name": "Small",
            "barcode": "6901234567892",
            "price": {"amount": "25.00", "currencyCode": "CNY"},
            "compareAtPrice": {"amount": "30.00", "currencyCode": "CNY"},
            "available": True,
            "availableQuantity": 7,
        },
        {
            "sku": "TEA-L",
            "name": "Green Tea",
            "barcode": None,
            "price": {"amount": "40.00", "currencyCode": "CNY"},
            "compareAtPrice": None,
            "available": False,
            "availableQuantity": 0,
        },
    ]


def test_products_are_searched_filtered_sorted_and_paged(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        make_product(now, "Apple Juice", skus={"AJ": 900}, category=("Drinks", "Juice"))
        make_product(now, "Black Tea", skus={"BT": 2000})
        make_product(now, "Cup", skus={"CUP": 500}, category=("Home",))

    assert names(storefront) == ["Apple Juice", "Black Tea", "Cup"]
    assert names(storefront, sort="PRICE_ASC") == ["Cup", "Apple Juice", "Black Tea"]
    assert names(storefront, sort="PRICE_DESC") == ["Black Tea", "Apple Juice", "Cup"]
    assert names(storefront, sort="NEWEST") == ["Cup", "Black Tea", "Apple Juice"]
    assert names(storefront, category="drinks") == ["Apple Juice", "Black Tea"]
    assert names(storefront, search="juise") == ["Apple Juice"]
    assert names(storefront, search="BT") == ["Black Tea"]
    first = storefront.run(CATALOG_PAGE, first=2)["products"]
    assert first["pageInfo"]["hasNextPage"] is True
    assert names(storefront, first=2, after=first["pageInfo"]["endCursor"]) == ["Cup"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [("first: 101", "first"), ("first: -1", "first"), ('after: "nonsense"', "after"), ("first: 1, last: 1", "last")],
)
def test_wrong_pages_are_errors_with_their_argument(storefront: Storefront, arguments: str, field: str) -> None:
    answer = storefront.post(f"{{ products({arguments}) {{ edges {{ cursor }} }} }}")

    assert (answer.status, answer.codes) == (200, ["INVALID"])
    assert answer.body["errors"][0]["extensions"]["field"] == [field]


def test_a_product_is_found_by_id_or_slug_and_as_a_node(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        make_product(now)
    (listed,) = page(storefront)

    assert storefront.run(PRODUCT, slug="green-tea")["product"]["id"] == listed["id"]
    assert storefront.run(PRODUCT, id=listed["id"])["product"]["name"] == "Green Tea"
    assert storefront.run(NODE, id=listed["id"])["node"] == {"__typename": "Product", "id": listed["id"]}
    variant_id = listed["variants"][0]["id"]
    assert storefront.run(NODE, id=variant_id)["node"] == {"__typename": "Variant", "id": variant_id}
    assert storefront.run(PRODUCT, slug="nothing") == {"product": None}
    for unknown in (to_global_id("Product", uuid4()), variant_id, "nonsense"):
        assert storefront.run(PRODUCT, id=unknown) == {"product": None}
    assert storefront.post(PRODUCT, {}).codes == ["INVALID"]


def test_archived_products_are_not_shown(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        make_product(now)
    (listed,) = page(storefront)
    with storefront.inside():
        archive_product(product_id=get_variants_by_sku(skus=["TEA"])["TEA"].product_id, now=now)

    assert page(storefront) == []
    assert storefront.run(PRODUCT, slug="green-tea") == {"product": None}
    assert storefront.run(NODE, id=listed["id"]) == {"node": None}
    assert storefront.run(NODE, id=listed["variants"][0]["id"]) == {"node": None}


def test_badges_name_the_live_promotions_and_the_price_that_lane_price_settles(
    storefront: Storefront, now: datetime
) -> None:
    with storefront.inside():
        make_product(now, skus={"TEA-S": 2500, "TEA-L": 4000})
        make_product(now, "Cup", skus={"CUP": 18000}, category=("Home",))
        scope = {"categories": ["drinks"]}
        percent = [{"type": "percent_off", "percent_bp": 1000, "scope": scope}]
        price_id = make_promotion(now, name="茶9折", lane="price", then=percent)
        make_promotion(now, name="满50减5", then=[{"type": "amount_off", "amount": 500}])
        create_promotion(
            document={"name": "Draft", "lane": "price", "then": [{"type": "percent_off", "percent_bp": 5000}]},
            status="draft",
            now=now,
        )

    badges = {product["name"]: product["badges"] for product in page(storefront)}

    tea = {badge["name"]: badge for badge in badges["Green Tea"]}
    assert tea["茶9折"]["price"] == {"amount": "22.50", "currencyCode": "CNY"}
    assert str(from_global_id(tea["茶9折"]["promotionId"], "Promotion")) == price_id
    assert tea["满50减5"]["price"] is None
    assert [badge["name"] for badge in badges["Cup"]] == ["满50减5"]


def test_a_promotion_that_ended_is_gone_from_the_next_request_on(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        make_product(now)
        promotion_id = UUID(make_promotion(now))
    assert page(storefront)[0]["badges"]

    with storefront.inside():
        end_promotion(promotion_id=promotion_id, now=now)

    assert page(storefront)[0]["badges"] == []


def test_a_changed_price_changes_the_badges_at_once(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        make_product(now)
        tenth = [{"type": "percent_off", "percent_bp": 1000}]
        make_promotion(now, name="9折", lane="price", then=tenth)
    prices = [badge["price"]["amount"] for badge in page(storefront)[0]["badges"]]
    assert prices == ["22.50"]

    with storefront.inside():
        product = get_product(slug="green-tea")
        assert product is not None
        changed = ProductInput(name="Green Tea", variants=[VariantInput(sku="TEA", price_minor=5000)])
        update_product(product_id=product.id, data=changed, now=now)
    assert [badge["price"]["amount"] for badge in page(storefront)[0]["badges"]] == ["45.00"]


def test_stock_is_as_it_is_now(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        make_product(now, quantity=1)
    assert page(storefront)[0]["variants"][0]["available"] is True

    with storefront.inside():
        variant_id = get_variants_by_sku(skus=["TEA"])["TEA"].id
        adjust_stock(variant_id=variant_id, quantity=-1, reason="broken", actor="test", now=now)

    assert page(storefront)[0]["variants"][0]["available"] is False


def test_a_page_costs_three_statements_whatever_its_size_and_the_number_of_promotions(
    storefront: Storefront, now: datetime
) -> None:
    with storefront.inside():
        for number in range(3):
            make_product(now, f"Tea {number}", skus={f"T{number}-{size}": 2500 for size in "SML"})
        make_promotion(now)
    page(storefront)  # the key is remembered, the rules are compiled

    with statements() as few:
        assert len(page(storefront, first=1)) == 1
    with storefront.inside():
        for number in range(3, 20):
            make_product(now, f"Tea {number}", skus={f"T{number}-{size}": 2500 for size in "SML"})
        for number in range(50):
            scope = {"skus": [f"T{number}-S"]}
            make_promotion(
                now,
                name=f"P{number}",
                lane="price",
                floor_margin_bp=0,
                limits={"total": 100, "per_day": 10},
                then=[{"type": "percent_off", "percent_bp": 1000, "scope": scope}],
            )
    page(storefront)
    with statements() as many:
        products = page(storefront, first=20)

    assert len(products) == 20
    assert all(len(product["variants"]) == 3 and len(product["badges"]) == 2 for product in products)
    assert (len(few), len(many)) == (3, 3), many


@pytest.mark.parametrize(("argument", "most"), [("search", 100), ("category", 2_000)])
def test_a_text_that_nothing_can_match_is_refused_before_it_costs_anything(
    storefront: Storefront, argument: str, most: int
) -> None:
    document = f"query($text: String!) {{ products({argument}: $text) {{ edges {{ cursor }} }} }}"
    storefront.run("{ shop { name } }")  # the key is remembered from now on

    assert storefront.run(document, text="tea " * (most // 4))["products"]["edges"] == []
    with statements() as found:
        answer = storefront.post(document, {"text": "x" * (most + 1)})

    assert (answer.status, answer.codes, found) == (200, ["INVALID"], [])
    assert answer.body["errors"][0]["extensions"]["field"] == [argument]


def test_a_slug_longer_than_any_is_refused(storefront: Storefront) -> None:
    assert storefront.run(PRODUCT, slug="x" * 300) == {"product": None}
    assert storefront.post(PRODUCT, {"slug": "x" * 301}).codes == ["INVALID"]


@pytest.mark.parametrize(
    ("instant", "codes"),
    [
        ("2020-01-01T00:00:00+23:59:59", []),
        ("2020-01-01T00:00:00-23:59", []),
        ("0001-01-01T00:00:00+00:00", []),
        ("9999-12-31T23:59:59.999999+00:00", []),
        ("0001-01-01T00:00:00+14:00", ["INVALID"]),
        ("9999-12-31T23:59:59-14:00", ["INVALID"]),
    ],
)
def test_a_forged_cursor_never_reaches_the_limits_of_the_database(
    storefront: Storefront, instant: str, codes: list[str]
) -> None:
    cursor = KEYSETS[Sort.NEWEST].cursor([instant, str(uuid4())])

    answer = storefront.post(CATALOG_PAGE, {"sort": "NEWEST", "after": cursor})

    assert (answer.status, answer.codes) == (200, codes)
