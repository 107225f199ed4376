"""Every page shows what is there, with a number of statements that does not grow."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from catalog.services import archive_product
from coupons.services import create_batch
from coupons.types import BatchInput
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from joining.services import create_join_link
from stock.models import Entry

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.shops import ShopClient

MakeProduct = Callable[..., UUID]


def read(client: ShopClient, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, response
    return response.content.decode()


def count_statements(client: ShopClient, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        read(client, address)
    return len(queries)


@pytest.mark.parametrize(
    ("address", "next_step"),
    [
        ("/console/", "/console/coupons/new/"),
        ("/console/products/", "/console/products/new/"),
        ("/console/stock/", "/console/products/new/"),
        ("/console/coupons/", "/console/coupons/new/"),
        ("/console/join-links/", "/console/join-links/new/"),
        ("/console/orders/", "/console/keys/"),
    ],
)
def test_an_empty_page_says_what_to_do_next(client: ShopClient, address: str, next_step: str) -> None:
    assert f'href="{next_step}"' in read(client, address)


@pytest.mark.parametrize("path", ["products", "coupons", "join-links", "orders"])
def test_what_does_not_exist_is_a_friendly_404(client: ShopClient, path: str) -> None:
    client.raise_request_exception = False

    assert "404" in read(client, f"/console/{path}/{uuid4()}/", status=404)


@pytest.mark.parametrize("path", ["products", "stock", "coupons", "join-links", "orders"])
def test_an_edited_cursor_starts_the_list_again(client: ShopClient, path: str) -> None:
    response = client.get(f"/console/{path}/?after=nonsense")

    assert (response.status_code, response["Location"]) == (302, f"/console/{path}/")


def test_products_are_found_by_name_and_paged_by_keys(client: ShopClient, make_product: MakeProduct) -> None:
    for number in range(27):
        make_product(f"Apple{number:02}")
    make_product("Pear")

    first = read(client, "/console/products/")
    after = first.split("after=")[1].split('"')[0]
    second = read(client, f"/console/products/?after={after}")
    found = read(client, "/console/products/?q=pear")

    assert [f"Apple{number:02}" in first for number in (0, 24, 25)] == [True, True, False]
    assert [name in second for name in ("Apple24", "Apple25", "Pear")] == [False, True, True]
    assert [name in found for name in ("Pear", "Apple00")] == [True, False]
    assert "¥5.00" in found


def test_archived_products_are_shown_on_demand(client: ShopClient, north: Shop, make_product: MakeProduct) -> None:
    product_id = make_product("Apple")
    with tenant_transaction(north):
        archive_product(product_id=product_id, now=timezone.now())

    assert "Apple" not in read(client, "/console/products/")
    assert "Apple" in read(client, "/console/products/?all=1")
    assert "Apple" in read(client, f"/console/products/{product_id}/")


def test_adding_a_product_puts_it_on_sale_with_its_stock(client: ShopClient) -> None:
    response = client.post(
        "/console/products/new/",
        {
            "name": "苹果",
            "sku": "A-1",
            "price": "￥1,012.50",
            "quantity": "12",
            "category": "食品 / 水果",
            "barcode": "",
        },
        follow=True,
    )

    page = response.content.decode()
    assert response.redirect_chain
    assert all(text in page for text in ("苹果", "A-1", "¥1,012.50", "食品/水果", "+12"))


def test_a_product_with_faults_is_not_added_and_keeps_what_was_typed(
    client: ShopClient, north: Shop, make_product: MakeProduct
) -> None:
    make_product("Apple")
    data = {"name": "Pear", "sku": "APPLE", "price": "5", "quantity": "1"}

    taken = client.post("/console/products/new/", data)
    malformed = client.post("/console/products/new/", data | {"price": "12,5x", "quantity": "-1", "name": ""})
    signs_alone = [
        client.post("/console/products/new/", data | {"sku": "P", "price": sign}) for sign in ("¥", "元", ",")
    ]

    assert list(taken.context["form"].errors) == ["sku"]
    assert [list(response.context["form"].errors) for response in signs_alone] == [["price"]] * 3
    assert set(malformed.context["form"].errors) == {"name", "price", "quantity"}
    assert 'value="12,5x"' in malformed.content.decode()
    assert "Pear" not in read(client, "/console/products/")


def test_stock_is_corrected_with_a_reason(client: ShopClient, north: Shop, make_product: MakeProduct) -> None:
    product_id = make_product("Apple", stock=7)
    variant = _variant_of(client, product_id)

    response = client.post(
        f"/console/products/{product_id}/stock/", {"variant": variant, "quantity": "-3", "reason": "坏了"}
    )

    assert response.status_code == 302
    page = read(client, f"/console/products/{product_id}/")
    assert "−3" in page
    assert "坏了" in page
    with tenant_transaction(north):
        entry = Entry.objects.latest("pk")
    assert (entry.quantity, entry.kind, entry.actor.split(":")[0]) == (-3, "adjustment", "staff")


@pytest.mark.parametrize(
    ("correction", "field"),
    [
        ({"quantity": "-8", "reason": "坏了"}, "__all__"),
        ({"quantity": "0", "reason": "坏了"}, "quantity"),
        ({"quantity": "1", "reason": " "}, "reason"),
    ],
)
def test_a_correction_that_cannot_be_changes_nothing(
    client: ShopClient, north: Shop, make_product: MakeProduct, correction: dict[str, str], field: str
) -> None:
    product_id = make_product("Apple", stock=7)
    variant = _variant_of(client, product_id)

    response = client.post(f"/console/products/{product_id}/stock/", {"variant": str(variant), **correction})

    assert list(response.context["form"].errors) == [field]
    with tenant_transaction(north):
        assert Entry.objects.count() == 1


def test_another_products_variant_cannot_be_corrected_here(client: ShopClient, make_product: MakeProduct) -> None:
    apple, pear = make_product("Apple"), make_product("Pear")
    client.raise_request_exception = False

    response = client.post(
        f"/console/products/{apple}/stock/", {"variant": _variant_of(client, pear), "quantity": "1", "reason": "x"}
    )

    assert response.status_code == 404


def _variant_of(client: ShopClient, product_id: UUID) -> Any:
    return client.get(f"/console/products/{product_id}/").context["rows"][0][0].id


def test_lists_need_the_same_number_of_statements_however_long(
    client: ShopClient, north: Shop, make_product: MakeProduct, batch_id: UUID, link_id: UUID
) -> None:
    make_product("Apple")
    addresses = ["products", "stock", "coupons", "join-links", "orders"]
    client.get("/console/")  # the first page after a minute asks for the shop's logo too
    before = [count_statements(client, f"/console/{path}/") for path in addresses]

    now = timezone.now()
    for number in range(10):
        make_product(f"Pear{number}")
        with tenant_transaction(north):
            data = BatchInput(name=f"{number}", kind="percent", percent_bp=1500, total=5, valid_days=3)
            batch = create_batch(data=data, now=now)
            create_join_link(
                name=f"{number}", code=None, batch_id=batch, channel="", opens_at=None, closes_at=None, now=now
            )

    assert [count_statements(client, f"/console/{path}/") for path in addresses] == before
    assert max(before) <= 8  # session, user, savepoint and release, and the page's own


def test_the_facts_of_the_shop_are_shown(client: ShopClient) -> None:
    page = read(client, "/console/settings/")

    assert all(fact in page for fact in ("North", "http://north.localhost", "CNY", "Asia/Shanghai"))


def test_pages_speak_english_too(client: ShopClient) -> None:
    client.cookies["laxin_language"] = "en"

    assert "Make a coupon" in read(client, "/console/coupons/")
