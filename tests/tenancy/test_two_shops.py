"""Two shops see nothing of each other, over every address, field and mutation there is.

`north` is full, `south` has an owner and a key alone. What is added to the addresses or to the schema must be added
here: a test fails until it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from catalog.models import Product
from checkout.models import Cart, Order
from coupons.models import Batch, Coupon
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from joining.models import JoinLink
from joining.services import join_member
from kernel.ids import to_global_id
from members.models import Member
from staff.models import ApiKey, User

from storefront_api.schema.root import SCHEMA
from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.storefront_api.documents import (
    CART_COUPONS_SET,
    CART_CREATE,
    CART_LINES_SET,
    CHECKOUT,
    CLAIM,
    JOIN,
)
from tests.support.full_shop import PRODUCTS, fill_shop
from tests.support.shops import ShopClient
from tests.support.storefront import Storefront, make_key

SIGN_IN = "/console/sign-in/"
OPEN_TO_ALL = frozenset(
    """console/sign-in/ console/sign-out/ console/inactive/ console/password/ console/password/sent/
    console/password/changed/ graphql/ i18n/setlang/ wallet/ wallet/leave""".split()  # noqa: SIM905
)
STAFF_PAGES = frozenset(
    """console/ console/settings/ console/products/ console/products/new/ console/stock/ console/coupons/
    console/coupons/new/ console/coupons/example/ console/join-links/ console/join-links/new/ console/orders/
    console/keys/""".split()  # noqa: SIM905
)
WITH_NORTHS_IDS = {
    "console/enter/<str:secret>/": "console/enter/not-a-secret/",
    "console/products/<uuid:product_id>/": "console/products/{product}/",
    "console/products/<uuid:product_id>/stock/": "console/products/{product}/stock/",
    "console/coupons/<uuid:batch_id>/": "console/coupons/{batch}/",
    "console/coupons/<uuid:batch_id>/status/": "console/coupons/{batch}/status/",
    "console/join-links/<uuid:link_id>/": "console/join-links/{link}/",
    "console/join-links/<uuid:link_id>/news/": "console/join-links/{link}/news/",
    "console/join-links/<uuid:link_id>/status/": "console/join-links/{link}/status/",
    "console/^join-links/(?P<link_id>[0-9a-f-]{36})/(?P<kind>qr\\.svg|qr\\.png|poster\\.pdf|poster\\.png)$": (
        "console/join-links/{link}/qr.svg"
    ),
    "console/orders/<uuid:order_id>/": "console/orders/{order}/",
    "console/orders/<uuid:order_id>/paid/": "console/orders/{order}/paid/",
    "console/keys/<int:key_id>/revoke/": "console/keys/{key}/revoke/",
    "console/^password/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "console/password/1-1/",
    "j/<str:code>": "j/till",
    "j/<str:code>/": "j/till/",
}
# Their own answer to what they do not know is a page or a redirect, not a 404.
FRIENDLY = frozenset({"console/enter/<str:secret>/", "console/^password/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$"})


@dataclass(frozen=True)
class Scene:
    """The two shops, north's ids by name, and what must never be read in south."""

    north: Shop
    south: Shop
    ids: dict[str, Any]
    token: str
    markers: tuple[str, ...]

    def staff_of(self, shop: Shop) -> ShopClient:
        """The owner's browser."""
        client = ShopClient(shop)
        with tenant_transaction(shop):
            client.force_login(User.objects.get())
        return client

    def assert_nothing_of_north(self, content: bytes) -> None:
        """No name, SKU or number of north's."""
        text = content.decode(errors="replace")
        assert [marker for marker in self.markers if marker in text] == []


@pytest.fixture
def scene(shops: tuple[Shop, Shop]) -> Scene:
    north, south = shops
    fill_shop(north)
    now = timezone.now()
    with tenant_transaction(north):
        joined = join_member(
            code="till", phone="13811112222", region="CN", token_secret=None, consent_version="1", now=now
        )
        ids = {
            "product": Product.objects.first(),
            "batch": Batch.objects.get(name="新人券"),
            "link": JoinLink.objects.get(code="till"),
            "order": Order.objects.first(),
            "key": ApiKey.objects.filter(revoked_at=None).first(),
            "cart": Cart.objects.first(),
            "member": Member.objects.first(),
            "coupon": Coupon.objects.first(),
        }
        keys = {name: row.pk for name, row in ids.items() if row is not None}
        order = ids["order"]
        assert isinstance(order, Order)
        # Names that stand in no text of our own, such as the examples in empty fields.
        markers = (*PRODUCTS, "SKU-0", "周末折扣", "Old ERP", str(order.number))
    assert len(keys) == len(ids)
    return Scene(north, south, keys, joined.token_secret or "", markers)


def routes(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


def test_every_address_of_a_shop_is_covered() -> None:
    covered = OPEN_TO_ALL | STAFF_PAGES | set(WITH_NORTHS_IDS)
    assert set(routes(get_resolver("config.urls_shop").url_patterns)) == covered


@pytest.mark.parametrize("method", ["get", "post"])
def test_anothers_ids_are_unknown(scene: Scene, method: str) -> None:
    client = scene.staff_of(scene.south)
    for route, address in WITH_NORTHS_IDS.items():
        response = getattr(client, method)("/" + address.format(**scene.ids))
        scene.assert_nothing_of_north(response.content)
        if route not in FRIENDLY:
            assert response.status_code in {404, 405}, route


def test_each_address_with_ids_answers_the_shop_that_has_them(scene: Scene) -> None:
    """Control: the same addresses exist in north, so the 404 above is about the shop."""
    client = scene.staff_of(scene.north)
    statuses = {
        route: [getattr(client, method)("/" + address.format(**scene.ids)).status_code for method in ("get", "post")]
        for route, address in WITH_NORTHS_IDS.items()
        if route not in FRIENDLY
    }
    assert {route: found for route, found in statuses.items() if not set(found) & {200, 302, 410, 422}} == {}


def test_no_page_shows_what_another_shop_has(scene: Scene) -> None:
    assert PRODUCTS[0] in scene.staff_of(scene.north).get("/console/products/").content.decode()
    client = scene.staff_of(scene.south)
    for route in sorted(STAFF_PAGES | OPEN_TO_ALL):
        scene.assert_nothing_of_north(client.get("/" + route).content)


def test_without_signing_in_the_console_sends_to_the_sign_in(scene: Scene) -> None:
    client = ShopClient(scene.north)
    addresses = [
        *STAFF_PAGES,
        *(a for r, a in WITH_NORTHS_IDS.items() if r.startswith("console/") and r not in FRIENDLY),
    ]
    for address in addresses:
        for method in ("get", "post"):
            response = getattr(client, method)("/" + address.format(**scene.ids))
            if response.status_code != 405:
                assert response.status_code == 302, (method, address)
                assert response.headers["Location"].startswith(SIGN_IN)


def test_a_session_of_another_shop_is_no_sign_in(scene: Scene) -> None:
    client = ShopClient(scene.north)
    client.cookies = scene.staff_of(scene.south).cookies
    assert client.get("/console/").headers["Location"].startswith(SIGN_IN)


def test_a_members_cookie_of_another_shop_opens_no_wallet(scene: Scene) -> None:
    for shop, coupons in ((scene.north, 1), (scene.south, 0)):
        client = ShopClient(shop)
        client.cookies["laxin_member"] = scene.token
        content = client.get("/wallet/").content.decode()
        assert content.count("新人券") >= coupons
        assert coupons or "新人券" not in content


@pytest.fixture
def south_api(scene: Scene) -> Storefront:
    with tenant_transaction(scene.south):
        return Storefront(scene.south, make_key(timezone.now()))


def test_every_field_and_mutation_of_the_api_is_covered() -> None:
    query, mutation = SCHEMA.query_type, SCHEMA.mutation_type
    assert query is not None
    assert mutation is not None
    assert set(query.fields) == {"me", "joinLink", "cart", "products", "product", "shop", "node"}
    assert set(mutation.fields) == {
        "memberJoin", "couponClaim", "checkoutComplete", "cartCreate", "cartLinesSet", "cartCouponsSet",
    }  # fmt: skip


def test_every_query_of_the_api_finds_nothing_of_another_shop(scene: Scene, south_api: Storefront) -> None:
    data = south_api.run(
        """query($product: ID!, $cart: ID!) {
             me { id } joinLink(code: "till") { code } cart(id: $cart) { id } shop { name }
             products(first: 10) { edges { node { id } } }
             found: products(first: 10, search: "SKU") { edges { node { id } } }
             product(id: $product) { id }
           }""",
        product=to_global_id("Product", scene.ids["product"]),
        cart=to_global_id("Cart", scene.ids["cart"]),
    )
    assert data == {
        "me": None, "joinLink": None, "cart": None, "shop": {"name": "South"},
        "products": {"edges": []}, "found": {"edges": []}, "product": None,
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["Product", "Cart", "Order", "Member", "Coupon"])
def test_no_node_of_another_shop_is_found(scene: Scene, south_api: Storefront, kind: str) -> None:
    node = to_global_id(kind, scene.ids[kind.lower()])
    assert south_api.run("query($id: ID!) { node(id: $id) { id } }", id=node) == {"node": None}


def test_every_mutation_of_the_api_refuses_anothers_ids(scene: Scene, south_api: Storefront) -> None:
    cart = to_global_id("Cart", scene.ids["cart"])
    line = {"sku": "SKU-1", "quantity": 1}
    key = {"idempotencyKey": "1"}
    refused = {
        "memberJoin": south_api.refuse(JOIN, joinCode="till", phone="13800138000", **key),
        "cartCreate": south_api.refuse(CART_CREATE, lines=[line]),
        "cartLinesSet": south_api.refuse(CART_LINES_SET, cartId=cart, lines=[line]),
        "cartCouponsSet": south_api.refuse(CART_COUPONS_SET, cartId=cart, codes=[]),
        "checkoutComplete": south_api.refuse(CHECKOUT, cartId=cart, payment={"method": "OFFLINE"}, **key),
    }
    assert {name: errors[0][0] for name, errors in refused.items()} == dict.fromkeys(refused, "NOT_FOUND")
    answer = south_api.post(CLAIM, {"input": {"batch": to_global_id("Batch", scene.ids["batch"]), **key}})
    assert answer.body.get("data", {}).get("couponClaim", {}).get("coupon") is None


def test_keys_and_tokens_of_another_shop_are_refused(scene: Scene, south_api: Storefront) -> None:
    assert Storefront(scene.north, south_api.key).post("{ shop { name } }").status == 401
    answer = south_api.as_member(scene.token).post("{ me { id } }")
    assert (answer.status, answer.codes) == (401, ["TOKEN_INVALID"])
