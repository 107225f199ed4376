"""From cart to order by HTTP, with members and coupons."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from catalog.models import Variant
from catalog.selectors import get_variants_by_sku
from catalog.services import archive_product
from checkout.models import Cart, Order, OrderLine, Payment
from coupons.models import Batch, Coupon, CouponEvent
from django.core.cache import cache
from django.db.models import F
from kernel.ids import from_global_id, to_global_id
from kernel.models import IdempotencyKey, OutboxEvent
from members.models import Member
from members.services import issue_token
from stock.models import Entry
from stock.selectors import get_availability

from tenants.models import Shop
from tenants.selectors import cache_key
from tests.storefront_api.documents import (
    CART_COUPONS_SET,
    CART_CREATE,
    CART_LINES_SET,
    CART_QUERY,
    CHECKOUT,
    CLAIM,
    JOIN,
)
from tests.support.coupons import make_batch, make_link, make_member
from tests.support.shops import ShopClient
from tests.support.statements import statements
from tests.support.storefront import Storefront, make_product, make_promotion

ORDER_NODE = "query($id: ID!) { node(id: $id) { ... on Order { number status } } }"


@pytest.fixture(autouse=True)
def _shop(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        make_product(now, skus={"TEA": 2500}, quantity=10)
        make_link(now, make_batch(now))


def join(storefront: Storefront, phone: str = "13800138000", key: str = "join") -> tuple[Storefront, dict[str, Any]]:
    joined = storefront.mutate(JOIN, joinCode="welcome", phone=phone, idempotencyKey=key)
    assert joined["userErrors"] == []
    return storefront.as_member(joined["token"]), joined


def create(storefront: Storefront, **quantities: int) -> str:
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()]
    cart_id: str = storefront.mutate(CART_CREATE, lines=lines)["cart"]["id"]
    return cart_id


def checkout(storefront: Storefront, cart_id: str, key: str = "k") -> dict[str, Any]:
    return storefront.mutate(CHECKOUT, cartId=cart_id, idempotencyKey=key, payment={"method": "OFFLINE"})


def refuse_checkout(storefront: Storefront, cart_id: str, key: str = "k") -> list[Any]:
    return storefront.refuse(CHECKOUT, cartId=cart_id, idempotencyKey=key, payment={"method": "OFFLINE"})


def available(storefront: Storefront, sku: str = "TEA") -> int:
    with storefront.inside():
        variant_id = get_variants_by_sku(skus=[sku])[sku].id
        return get_availability(variant_ids=[variant_id])[variant_id]


def test_an_order_takes_stock_redeems_the_coupon_and_counts_for_the_member(
    storefront: Storefront, now: datetime
) -> None:
    member, joined = join(storefront)
    cart_id = create(member, TEA=2)
    shown = member.mutate(CART_COUPONS_SET, cartId=cart_id, codes=[joined["coupon"]["code"].lower()])["cart"]
    assert shown["coupons"] == [{"code": joined["coupon"]["code"], "applied": True, "reason": None}]
    assert shown["applied"][0]["code"] == joined["coupon"]["code"]

    payload = checkout(member, cart_id)

    assert payload["userErrors"] == []
    order = payload["order"]
    assert {key: order[key] for key in ("status", "subtotal", "discount", "total", "lines")} == {
        "status": "PLACED",
        "subtotal": {"amount": "50.00"},
        "discount": {"amount": "8.00"},
        "total": {"amount": "42.00", "currencyCode": "CNY"},
        "lines": [
            {
                "sku": "TEA",
                "name": "Green Tea",
                "quantity": 2,
                "unitPrice": {"amount": "25.00"},
                "total": {"amount": "42.00"},
            }
        ],
    }
    assert order["createdAt"].endswith("+00:00")
    assert available(storefront) == 8
    with storefront.inside():
        assert Entry.objects.values_list("quantity", "reference").get(kind="sale") == (-2, order["number"])
        coupon = Coupon.objects.get()
        assert coupon.status == "redeemed"
        assert list(CouponEvent.objects.order_by("id").values_list("status", "reference")) == [
            ("issued", ""),
            ("redeemed", order["number"]),
        ]
        assert Member.objects.values_list("orders", "spent_minor").get() == (1, 4200)
        assert Payment.objects.values_list("method", "status", "amount_minor").get() == ("offline", "pending", 4200)
        assert OrderLine.objects.values_list("unit_cost_minor", flat=True).get() == 500
        stored = Order.objects.get()
        assert stored.quote is not None
        assert stored.quote["total"] == 4200
        event = OutboxEvent.objects.get(topic="order.placed").payload
        assert (event["order"], event["total"], event["lines"][0]["sku"]) == (str(stored.id), 4200, "TEA")
    assert member.run(ORDER_NODE, id=order["id"])["node"] == {"number": order["number"], "status": "PLACED"}


def test_the_same_key_gives_the_same_order_and_another_body_a_mismatch(storefront: Storefront) -> None:
    cart_id = create(storefront, TEA=2)
    first = checkout(storefront, cart_id)
    other_cart = create(storefront, TEA=1)

    assert checkout(storefront, cart_id) == first
    assert available(storefront) == 8
    member, _ = join(storefront)
    bound = create(member, TEA=1)
    checkout(member, bound, key="m")
    another = create(member, TEA=1)
    assert refuse_checkout(member, another, key="m") == [("IDEMPOTENCY_MISMATCH", ["idempotencyKey"])]
    # Without a member a key belongs to its cart.
    assert checkout(storefront, other_cart)["order"]["number"] != first["order"]["number"]


def test_a_cart_becomes_one_order(storefront: Storefront) -> None:
    cart_id = create(storefront, TEA=2)
    checkout(storefront, cart_id)

    assert refuse_checkout(storefront, cart_id, key="other") == [("INVALID", ["cartId"])]

    assert storefront.refuse(CART_LINES_SET, cartId=cart_id, lines=[]) == [("INVALID", ["cartId"])]
    assert storefront.refuse(CART_COUPONS_SET, cartId=cart_id, codes=[]) == [("INVALID", ["cartId"])]
    assert available(storefront) == 8


def assert_nothing_was_ordered(storefront: Storefront) -> None:
    assert available(storefront) == 10
    with storefront.inside():
        assert not Order.objects.exists()
        assert not Payment.objects.exists()
        assert not OutboxEvent.objects.filter(topic="order.placed").exists()
        assert not IdempotencyKey.objects.filter(mutation="checkoutComplete").exists()
        assert set(Coupon.objects.values_list("status", flat=True)) <= {"issued"}
        assert set(Member.objects.values_list("orders", "spent_minor")) <= {(0, 0)}


def test_more_than_there_is_cannot_be_ordered(storefront: Storefront) -> None:
    member, joined = join(storefront)
    cart_id = create(member, TEA=11)
    member.mutate(CART_COUPONS_SET, cartId=cart_id, codes=[joined["coupon"]["code"]])

    payload = checkout(member, cart_id)

    assert payload["order"] is None
    (error,) = payload["userErrors"]
    assert (error["code"], error["field"]) == ("OUT_OF_STOCK", ["cartId"])
    assert "TEA (10)" in error["message"]
    assert_nothing_was_ordered(storefront)


def test_a_price_that_changed_is_shown_before_it_is_charged(storefront: Storefront, now: datetime) -> None:
    cart_id = create(storefront, TEA=2)
    with storefront.inside():
        make_promotion(now)
        expire_quotes()

    assert refuse_checkout(storefront, cart_id) == [("PRICE_CHANGED", ["cartId"])]
    assert_nothing_was_ordered(storefront)
    assert refuse_checkout(storefront, cart_id) == [("PRICE_CHANGED", ["cartId"])]

    assert storefront.run(CART_QUERY, id=cart_id)["cart"]["total"]["amount"] == "45.00"
    assert checkout(storefront, cart_id)["order"]["total"]["amount"] == "45.00"


LOOKS_WITHOUT_A_TOTAL = [
    "query($id: ID!) { cart(id: $id) { id } }",
    "query($id: ID!) { node(id: $id) { id } }",
    "query($id: ID!) { cart(id: $id) { lines { quantity variant { name } } coupons { code } } }",
    "query($id: ID!) { cart(id: $id) { id total @skip(if: true) { amount } } }",
]
LOOKS_AT_THE_TOTAL = [
    "query($id: ID!) { cart(id: $id) { total { amount } } }",
    "query($id: ID!) { node(id: $id) { ... on Cart { sum: total { amount } again: total { amount } } } }",
    "query($id: ID!) { cart(id: $id) { ...shown } } fragment shown on Cart { total { amount } }",
]


def test_who_was_not_shown_the_new_total_is_not_charged_it(storefront: Storefront, now: datetime) -> None:
    carts = [create(storefront, TEA=2) for _ in LOOKS_AT_THE_TOTAL]
    with storefront.inside():
        make_promotion(now)
        expire_quotes()
        before = list(Cart.objects.order_by("id").values())

    for cart_id in carts:
        for document in LOOKS_WITHOUT_A_TOTAL:
            assert storefront.run(document, id=cart_id)
        assert refuse_checkout(storefront, cart_id) == [("PRICE_CHANGED", ["cartId"])]
    with storefront.inside():
        assert list(Cart.objects.order_by("id").values()) == before

    for place, (cart_id, document) in enumerate(zip(carts, LOOKS_AT_THE_TOTAL, strict=True)):
        assert storefront.run(document, id=cart_id)
        assert checkout(storefront, cart_id, key=str(place))["order"]["total"]["amount"] == "45.00"


def test_a_cart_that_became_an_order_keeps_the_orders_prices(storefront: Storefront, now: datetime) -> None:
    member, joined = join(storefront)
    cart_id = create(member, TEA=2)
    code = joined["coupon"]["code"]
    before = member.mutate(CART_COUPONS_SET, cartId=cart_id, codes=[code, "nope"])["cart"]
    order = checkout(member, cart_id)["order"]
    with storefront.inside():
        make_promotion(now, lane="price")
        Variant.objects.update(price_minor=9900)
        expire_quotes()
        kept = list(Cart.objects.values())

    after = member.run(CART_QUERY, id=cart_id)["cart"]

    assert before["applied"][0]["code"] == code
    assert after["total"]["amount"] == order["total"]["amount"] == "42.00"
    assert after == {
        **before,
        "coupons": [
            {"code": code, "applied": True, "reason": None},
            {"code": "nope", "applied": False, "reason": None},
        ],
    }
    skipped = "query($id: ID!) { cart(id: $id) { skipped { name } } }"
    assert member.run(skipped, id=cart_id)["cart"]["skipped"] == []
    with storefront.inside():
        assert list(Cart.objects.values()) == kept


def test_a_total_that_is_remembered_already_is_not_written_again(storefront: Storefront) -> None:
    cart_id = create(storefront, TEA=2)

    with statements() as found:
        storefront.run(CART_QUERY, id=cart_id)

    assert [sql for sql in found if sql.startswith("UPDATE")] == []


def test_a_cart_keeps_the_price_that_it_was_shown_until_its_quote_expires(
    storefront: Storefront, now: datetime
) -> None:
    cart_id = create(storefront, TEA=2)
    with storefront.inside():
        make_promotion(now)

    assert storefront.run(CART_QUERY, id=cart_id)["cart"]["total"]["amount"] == "50.00"
    assert checkout(storefront, cart_id)["order"]["total"]["amount"] == "50.00"
    assert checkout(storefront, create(storefront, TEA=2), key="2")["order"]["total"]["amount"] == "45.00"


def expire_quotes() -> None:
    """As if the carts had been shown sixteen minutes ago."""
    Cart.objects.update(shown_at=F("shown_at") - timedelta(minutes=16))


def test_a_coupon_that_expired_meanwhile_changes_the_price(storefront: Storefront, now: datetime) -> None:
    member, joined = join(storefront)
    cart_id = create(member, TEA=2)
    member.mutate(CART_COUPONS_SET, cartId=cart_id, codes=[joined["coupon"]["code"]])
    with storefront.inside():
        Coupon.objects.update(valid_until=now)

    assert refuse_checkout(member, cart_id) == [("PRICE_CHANGED", ["cartId"])]

    coupons = member.run(CART_QUERY, id=cart_id)["cart"]["coupons"]
    assert coupons == [{"code": joined["coupon"]["code"], "applied": False, "reason": "SCHEDULE"}]


def test_an_empty_cart_cannot_be_ordered(storefront: Storefront) -> None:
    assert refuse_checkout(storefront, create(storefront)) == [("INVALID", ["cartId"])]


def test_what_is_no_longer_sold_cannot_be_ordered(storefront: Storefront, now: datetime) -> None:
    cart_id = create(storefront, TEA=1)
    with storefront.inside():
        archive_product(product_id=get_variants_by_sku(skus=["TEA"])["TEA"].product_id, now=now)

    assert refuse_checkout(storefront, cart_id) == [("NOT_FOUND", ["cartId"])]
    assert storefront.refuse(CART_CREATE, lines=[{"sku": "TEA", "quantity": 1}]) == [
        ("NOT_FOUND", ["lines", "0", "sku"])
    ]
    emptied = storefront.mutate(CART_LINES_SET, cartId=cart_id, lines=[{"sku": "TEA", "quantity": 0}])
    assert emptied["cart"]["lines"] == []


def test_a_coupon_below_its_minimum_stays_unused(storefront: Storefront) -> None:
    member, joined = join(storefront)
    cart_id = create(member, TEA=1)
    shown = member.mutate(CART_COUPONS_SET, cartId=cart_id, codes=[joined["coupon"]["code"]])["cart"]
    assert shown["coupons"] == [{"code": joined["coupon"]["code"], "applied": False, "reason": "NOT_MET"}]

    assert checkout(member, cart_id)["order"]["total"]["amount"] == "25.00"

    with storefront.inside():
        assert Coupon.objects.get().status == "issued"


def test_the_second_coupon_of_a_batch_is_outbid_and_kept(storefront: Storefront, now: datetime) -> None:
    member, joined = join(storefront)
    with storefront.inside():
        batch_id = Coupon.objects.get().batch_id
        Batch.objects.update(per_member_limit=2)
    batch = storefront.run('query { joinLink(code: "WELCOME") { batch } }')["joinLink"]["batch"]
    assert from_global_id(batch, "Batch") == batch_id
    second = member.mutate(CLAIM, batch=batch, idempotencyKey="c")["coupon"]["code"]
    cart_id = create(member, TEA=2)

    cart = member.mutate(CART_COUPONS_SET, cartId=cart_id, codes=[second, joined["coupon"]["code"]])["cart"]

    assert cart["coupons"] == [
        {"code": second, "applied": True, "reason": None},
        {"code": joined["coupon"]["code"], "applied": False, "reason": "OUTBID"},
    ]
    checkout(member, cart_id)
    with storefront.inside():
        assert dict(Coupon.objects.values_list("code", "status")) == {
            second: "redeemed",
            joined["coupon"]["code"]: "issued",
        }


def test_a_coupon_works_only_in_its_members_cart(storefront: Storefront) -> None:
    member, joined = join(storefront)
    other, _ = join(storefront, phone="13900139000", key="other")
    code = joined["coupon"]["code"]
    refused = [{"code": code, "applied": False, "reason": "NO_COUPON"}]

    for stranger in (storefront, other):
        cart_id = create(stranger, TEA=2)
        assert stranger.mutate(CART_COUPONS_SET, cartId=cart_id, codes=[code])["cart"]["coupons"] == refused
        assert checkout(stranger, cart_id)["order"]["total"]["amount"] == "50.00"
    with storefront.inside():
        assert Coupon.objects.get(code=code).status == "issued"
    assert member.token


def test_the_first_request_with_a_token_binds_the_cart_to_its_member(storefront: Storefront) -> None:
    member, _ = join(storefront)
    other, _ = join(storefront, phone="13900139000", key="other")
    cart_id = create(storefront, TEA=2)
    assert storefront.run(CART_QUERY, id=cart_id)["cart"]

    assert member.run(CART_QUERY, id=cart_id)["cart"]

    for stranger in (storefront, other):
        assert stranger.run(CART_QUERY, id=cart_id) == {"cart": None}
        assert stranger.refuse(CART_LINES_SET, cartId=cart_id, lines=[]) == [("NOT_FOUND", ["cartId"])]
        assert refuse_checkout(stranger, cart_id) == [("NOT_FOUND", ["cartId"])]
    assert member.run(CART_QUERY, id=cart_id)["cart"]


def test_a_typed_phone_number_opens_neither_the_cart_nor_the_order_of_its_member(
    storefront: Storefront, now: datetime
) -> None:
    member, joined = join(storefront)
    cart_id = create(member, TEA=2)
    # Someone else types the same number: the same member, another unverified token.
    intruder, intruded = join(storefront, key="intruder")
    assert intruded["member"]["id"] == joined["member"]["id"]
    assert intruder.token != member.token

    assert intruder.run(CART_QUERY, id=cart_id) == {"cart": None}
    order_id = checkout(member, cart_id)["order"]["id"]
    assert intruder.run(ORDER_NODE, id=order_id) == {"node": None}
    assert refuse_checkout(intruder, cart_id) == [("NOT_FOUND", ["cartId"])]

    with storefront.inside():
        member_id = from_global_id(joined["member"]["id"], "Member")
        assert isinstance(member_id, UUID)
        _, secret = issue_token(member_id=member_id, is_verified=True, now=now)
    verified = storefront.as_member(secret)
    assert verified.run(CART_QUERY, id=cart_id)["cart"]["id"] == cart_id
    assert verified.run(ORDER_NODE, id=order_id)["node"]["status"] == "PLACED"


def test_an_order_without_a_member_opens_by_its_id_alone(storefront: Storefront) -> None:
    order = checkout(storefront, create(storefront, TEA=1))["order"]

    assert storefront.run(ORDER_NODE, id=order["id"])["node"]["number"] == order["number"]


def test_an_unverified_token_gets_no_price_of_its_members_standing(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        make_promotion(now, name="VIP", when={"fact": "member.tier", "op": "eq", "value": "gold"})
        spent = {"fact": "member.spent", "op": "gte", "value": 100_000}
        make_promotion(now, name="Loyal", when=spent, then=[{"type": "percent_off", "percent_bp": 500}])
    member, _ = join(storefront)
    with storefront.inside():
        Member.objects.update(tier="gold", spent_minor=70_000)
        member_id = Member.objects.get().id
        _, secret = issue_token(member_id=member_id, is_verified=True, now=now)
    skipped = "query($id: ID!) { cart(id: $id) { total { amount } skipped { name reason gap { fact missing } } } }"

    unverified = member.run(skipped, id=create(member, TEA=2))["cart"]
    verified_member = storefront.as_member(secret)
    verified = verified_member.run(skipped, id=create(verified_member, TEA=2))["cart"]

    assert unverified["total"]["amount"] == "50.00"
    assert [entry for entry in unverified["skipped"] if entry["name"] == "Loyal"] == [
        {"name": "Loyal", "reason": "NOT_MET", "gap": None}
    ]
    assert verified["total"]["amount"] == "45.00"
    assert [entry for entry in verified["skipped"] if entry["name"] == "Loyal"] == [
        {"name": "Loyal", "reason": "NOT_MET", "gap": {"fact": "member.spent", "missing": 30_000}}
    ]


def test_a_shop_that_is_read_only_shows_but_takes_no_orders_and_no_joins(storefront: Storefront) -> None:
    cart_id = create(storefront, TEA=1)
    set_access_now(storefront.shop, Shop.Access.READ_ONLY)

    assert storefront.run(CART_QUERY, id=cart_id)["cart"]
    assert refuse_checkout(storefront, cart_id) == [("SHOP_CLOSED", None)]
    refused = storefront.refuse(JOIN, joinCode="welcome", phone="13800138000", idempotencyKey="j")
    assert refused == [("SHOP_CLOSED", None)]


def test_a_shop_that_is_read_only_gives_no_coupons_away(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        batch = to_global_id("Batch", make_batch(now, name="Other"))
        _, secret = issue_token(member_id=make_member(now), is_verified=False, now=now)
    member = storefront.as_member(secret)
    set_access_now(storefront.shop, Shop.Access.READ_ONLY)

    assert member.refuse(CLAIM, batch=batch, idempotencyKey="c") == [("SHOP_CLOSED", None)]
    with storefront.inside():
        assert not Coupon.objects.exists()


def test_a_suspended_shop_answers_nothing(storefront: Storefront) -> None:
    set_access_now(storefront.shop, Shop.Access.SUSPENDED)

    response = ShopClient(storefront.shop).post("/graphql/", headers={"X-Storefront-Key": storefront.key})

    assert response.status_code == 403


def set_access_now(shop: Shop, access: Shop.Access) -> None:
    """Without waiting for a commit that never comes here."""
    Shop.objects.filter(pk=shop.pk).update(access=access)
    cache.delete(cache_key(shop.slug))


@pytest.mark.parametrize("promotions", [0, 100])
def test_a_purchase_in_four_requests_costs_at_most_40_statements(
    storefront: Storefront, now: datetime, promotions: int
) -> None:
    with storefront.inside():
        make_product(now, "Cup", skus={"CUP": 18000}, category=("Home",))
        for _number in range(promotions):
            make_promotion(now, limits={"total": 10, "per_member": 1, "discount_total": 100_000, "per_day": 5})
    member, joined = join(storefront)
    member.run("{ shop { name } }")  # the key is remembered from now on
    create(member, TEA=1)  # and so are the rules

    with statements() as found:
        cart_id = create(member, TEA=2)
        member.mutate(CART_LINES_SET, cartId=cart_id, lines=[{"sku": "CUP", "quantity": 1}])
        member.mutate(CART_COUPONS_SET, cartId=cart_id, codes=[joined["coupon"]["code"]])
        assert checkout(member, cart_id)["order"]

    assert len(found) <= 40, found
    print(f"{promotions} promotions: {len(found)} statements")
