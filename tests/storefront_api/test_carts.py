"""Carts by HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from checkout.models import Cart, CartLine
from kernel.ids import from_global_id, to_global_id
from kernel.models import IdempotencyKey
from promotions.engine import Ruleset

from tests.storefront_api.documents import CART_COUPONS_SET, CART_CREATE, CART_LINES_SET, CART_QUERY
from tests.support.statements import statements
from tests.support.storefront import Storefront, make_product, make_promotion

NODE = "query($id: ID!) { node(id: $id) { __typename id ... on CartLine { quantity variant { sku } } } }"
NOTHING_HAS_IT = UUID(int=0x5EED << 64, version=4)


@pytest.fixture(autouse=True)
def _catalog(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        make_product(now, skus={"TEA": 2500})
        make_product(now, "Cup", skus={"CUP": 18000}, category=("Home",))


def to_lines(**quantities: int) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()]


def create(storefront: Storefront, **quantities: int) -> dict[str, Any]:
    payload = storefront.mutate(CART_CREATE, lines=to_lines(**quantities), channel="ONLINE")
    assert payload["userErrors"] == []
    cart: dict[str, Any] = payload["cart"]
    return cart


def quantities(cart: dict[str, Any]) -> dict[str, int]:
    return {line["variant"]["sku"]: line["quantity"] for line in cart["lines"]}


def test_a_new_cart_has_its_lines_in_the_order_given_with_prices(storefront: Storefront) -> None:
    cart = create(storefront, TEA=2, CUP=1)

    assert [(line["variant"]["sku"], line["quantity"], line["total"]["amount"]) for line in cart["lines"]] == [
        ("TEA", 2, "50.00"),
        ("CUP", 1, "180.00"),
    ]
    assert cart["subtotal"] == {"amount": "230.00", "currencyCode": "CNY"}
    assert (cart["discount"]["amount"], cart["total"]["amount"]) == ("0.00", "230.00")
    assert storefront.run(CART_QUERY, id=cart["id"])["cart"] == cart


def test_live_promotions_are_applied_and_shared_over_the_lines(storefront: Storefront, now: datetime) -> None:
    when = {"fact": "subtotal", "op": "gte", "value": 20000}
    with storefront.inside():
        make_promotion(now, name="满200减30", when=when, then=[{"type": "amount_off", "amount": 3000}])

    cart = create(storefront, TEA=2, CUP=1)

    assert [line["total"]["amount"] for line in cart["lines"]] == ["43.48", "156.52"]
    assert cart["applied"] == [{"name": "满200减30", "amount": {"amount": "30.00"}, "times": 1, "code": None}]
    assert (cart["discount"]["amount"], cart["total"]["amount"]) == ("30.00", "200.00")


def test_a_promotion_by_category_reaches_what_lies_below_it(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        scope = {"categories": ["drinks"]}
        make_promotion(now, lane="price", then=[{"type": "percent_off", "percent_bp": 1000, "scope": scope}])

    cart = create(storefront, TEA=1, CUP=1)

    assert [line["total"]["amount"] for line in cart["lines"]] == ["22.50", "180.00"]


def test_why_a_promotion_is_skipped_is_worked_out_only_when_asked_for(
    storefront: Storefront, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with storefront.inside():
        when = {"fact": "subtotal", "op": "gte", "value": 20000}
        make_promotion(now, name="满200减30", when=when, then=[{"type": "amount_off", "amount": 3000}])
    explained: list[bool] = []
    price = Ruleset.price

    def spy(self: Ruleset, facts: object, *, explain: bool = False) -> Any:
        explained.append(explain)
        return price(self, facts, explain=explain)

    monkeypatch.setattr(Ruleset, "price", spy)
    cart = create(storefront, TEA=2)
    assert explained == [False]

    skipped = storefront.run(
        "query($id: ID!) { cart(id: $id) { skipped { promotionId name reason gap { fact missing } } } }", id=cart["id"]
    )["cart"]["skipped"]

    assert explained == [False, False, True]
    promotion_id = skipped[0].pop("promotionId")
    assert skipped == [{"name": "满200减30", "reason": "NOT_MET", "gap": {"fact": "subtotal", "missing": 15000}}]
    assert from_global_id(promotion_id, "Promotion")


@pytest.mark.parametrize("schedule", [{}, {"schedule": {"from": "2096-01-01T00:00:00+08:00"}}])
def test_a_promotion_that_a_code_opens_is_named_to_nobody_without_the_code(
    storefront: Storefront, now: datetime, schedule: dict[str, str]
) -> None:
    with storefront.inside():
        make_promotion(now, name="Staff 50 %", coupon={"codes": ["STAFF"]}, **schedule)
        make_promotion(now, name="Much", when={"fact": "subtotal", "op": "gte", "value": 10**6})

    cart = create(storefront, TEA=2)

    skipped = storefront.run("query($id: ID!) { cart(id: $id) { skipped { name reason } } }", id=cart["id"])
    assert skipped["cart"]["skipped"] == [{"name": "Much", "reason": "NOT_MET"}]


@pytest.mark.parametrize(
    ("lines", "refusal"),
    [
        ([("TEA", 1), ("NONE", 1)], ("NOT_FOUND", ["lines", "1", "sku"])),
        ([("TEA", 0)], ("INVALID", ["lines", "0", "quantity"])),
        ([("TEA", -1)], ("INVALID", ["lines", "0", "quantity"])),
        ([("CUP", 1), ("TEA", 100_001)], ("INVALID", ["lines", "1", "quantity"])),
        ([("TEA", 1), ("TEA", 1)], ("INVALID", ["lines", "1", "sku"])),
        ([(f"T{number}", 1) for number in range(201)], ("LIMIT_REACHED", ["lines"])),
    ],
)
def test_bad_lines_are_refused_with_their_place_and_make_no_cart(
    storefront: Storefront, lines: list[tuple[str, int]], refusal: tuple[str, list[str]]
) -> None:
    refused = storefront.refuse(CART_CREATE, lines=[{"sku": sku, "quantity": number} for sku, number in lines])

    assert refused == [refusal]
    with storefront.inside():
        assert not Cart.objects.exists()


def test_setting_lines_adds_changes_and_removes_what_is_named_and_keeps_the_rest(
    storefront: Storefront, now: datetime
) -> None:
    with storefront.inside():
        make_product(now, "Pot", skus={"POT": 9000}, category=("Home",))
    cart = create(storefront, TEA=2, CUP=1)

    payload = storefront.mutate(CART_LINES_SET, cartId=cart["id"], lines=to_lines(TEA=5, CUP=0, POT=1))

    assert payload["userErrors"] == []
    assert quantities(payload["cart"]) == {"TEA": 5, "POT": 1}
    assert payload["cart"]["total"]["amount"] == "215.00"
    again = storefront.mutate(CART_LINES_SET, cartId=cart["id"], lines=to_lines(POT=2))
    assert quantities(again["cart"]) == {"TEA": 5, "POT": 2}
    assert storefront.run(CART_QUERY, id=cart["id"])["cart"] == again["cart"]
    assert payload["cart"]["lines"][0]["id"] == cart["lines"][0]["id"]


def test_setting_bad_lines_changes_nothing(storefront: Storefront) -> None:
    cart = create(storefront, TEA=2)

    refused = storefront.refuse(CART_LINES_SET, cartId=cart["id"], lines=to_lines(TEA=3, NONE=1))

    assert refused == [("NOT_FOUND", ["lines", "1", "sku"])]
    assert storefront.run(CART_QUERY, id=cart["id"])["cart"] == cart


@pytest.mark.parametrize(
    "cart_id", ["nonsense", to_global_id("Cart", NOTHING_HAS_IT), to_global_id("Product", NOTHING_HAS_IT), ""]
)
def test_an_unknown_cart_is_not_found(storefront: Storefront, cart_id: str) -> None:
    assert storefront.run(CART_QUERY, id=cart_id) == {"cart": None}
    assert storefront.refuse(CART_LINES_SET, cartId=cart_id, lines=[]) == [("NOT_FOUND", ["cartId"])]
    assert storefront.refuse(CART_COUPONS_SET, cartId=cart_id, codes=[]) == [("NOT_FOUND", ["cartId"])]


def test_codes_that_are_not_coupons_stay_in_the_cart_and_say_so(storefront: Storefront) -> None:
    cart = create(storefront, TEA=2)

    payload = storefront.mutate(CART_COUPONS_SET, cartId=cart["id"], codes=[" nothing", "NOTHING ", "nope"])

    assert payload["userErrors"] == []
    assert payload["cart"]["coupons"] == [
        {"code": "nothing", "applied": False, "reason": "NO_COUPON"},
        {"code": "nope", "applied": False, "reason": "NO_COUPON"},
    ]
    assert storefront.run(CART_QUERY, id=cart["id"])["cart"] == payload["cart"]
    replaced = storefront.mutate(CART_COUPONS_SET, cartId=cart["id"], codes=[])
    assert replaced["cart"]["coupons"] == []


@pytest.mark.parametrize(
    ("codes", "refusal"),
    [
        (["OK", ""], ("INVALID", ["codes", "1"])),
        ([" - "], ("INVALID", ["codes", "0"])),
        (["A" + "-" * 64], ("INVALID", ["codes", "0"])),
        (["X" * 65], ("INVALID", ["codes", "0"])),
        ([f"C{number}" for number in range(11)], ("LIMIT_REACHED", ["codes"])),
    ],
)
def test_bad_codes_are_refused(storefront: Storefront, codes: list[str], refusal: tuple[str, list[str]]) -> None:
    cart = create(storefront, TEA=1)

    assert storefront.refuse(CART_COUPONS_SET, cartId=cart["id"], codes=codes) == [refusal]

    assert storefront.run(CART_QUERY, id=cart["id"])["cart"]["coupons"] == []


def test_an_idempotency_key_makes_one_cart(storefront: Storefront) -> None:
    first = storefront.mutate(CART_CREATE, lines=to_lines(TEA=1), idempotencyKey="k1")
    again = storefront.mutate(CART_CREATE, lines=to_lines(TEA=1), idempotencyKey="k1")

    assert again == first
    with storefront.inside():
        assert CartLine.objects.count() == 1
    assert storefront.refuse(CART_CREATE, lines=to_lines(TEA=2), idempotencyKey="k1") == [
        ("IDEMPOTENCY_MISMATCH", ["idempotencyKey"])
    ]


@pytest.mark.parametrize("key", ["", "k" * 65])
def test_an_idempotency_key_has_1_to_64_characters(storefront: Storefront, key: str) -> None:
    refused = storefront.refuse(CART_CREATE, lines=to_lines(TEA=1), idempotencyKey=key)

    assert refused == [("INVALID", ["idempotencyKey"])]


def test_a_refused_call_leaves_its_key_free(storefront: Storefront) -> None:
    assert storefront.refuse(CART_CREATE, lines=to_lines(NONE=1), idempotencyKey="k1")

    with storefront.inside():
        assert not IdempotencyKey.objects.exists()
    assert storefront.mutate(CART_CREATE, lines=to_lines(TEA=1), idempotencyKey="k1")["cart"]


def test_a_line_is_a_node_of_its_cart(storefront: Storefront) -> None:
    cart = create(storefront, TEA=2, CUP=1)

    line = storefront.run(NODE, id=cart["lines"][1]["id"])["node"]

    assert line == {
        "__typename": "CartLine",
        "id": cart["lines"][1]["id"],
        "quantity": 1,
        "variant": {"sku": "CUP"},
    }
    assert storefront.run(NODE, id=cart["id"])["node"]["__typename"] == "Cart"
    assert storefront.run(NODE, id=to_global_id("CartLine", NOTHING_HAS_IT)) == {"node": None}


def test_showing_an_unchanged_cart_writes_nothing(storefront: Storefront) -> None:
    cart = create(storefront, TEA=2, CUP=1)

    with statements() as found:
        storefront.run(CART_QUERY, id=cart["id"])

    assert len(found) == 4, found  # cart, lines, variants, rules
    assert not [statement for statement in found if "UPDATE" in statement]


def test_a_cart_that_is_worth_more_than_can_be_told_is_refused(storefront: Storefront, now: datetime) -> None:
    with storefront.inside():
        make_product(now, "Gold", skus={f"GOLD-{number}": 10**12 for number in range(100)}, quantity=0)
    lines = to_lines(**{f"GOLD-{number}": 100_000 for number in range(100)})

    assert storefront.refuse(CART_CREATE, lines=lines) == [("INVALID", ["lines"])]
    with storefront.inside():
        assert not Cart.objects.exists()
