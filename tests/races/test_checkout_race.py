"""Thirty-two checkouts at once: ten pieces make ten orders, a coupon one discount, a cart one order."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from catalog.selectors import get_variants_by_sku
from checkout.checks import check_carts, check_members, check_payments, check_stock, check_totals
from checkout.models import Order
from checkout.services import complete_checkout, create_cart, orders, set_coupons
from checkout.types import LineInput
from coupons.models import Coupon
from coupons.services import claim_coupon
from django.db import connection, connections
from kernel.errors import DomainError
from kernel.ids import to_global_id
from kernel.models import IdempotencyKey
from members.services import issue_token
from members.types import TokenRow
from stock.errors import OutOfStock
from stock.models import Balance, Entry
from stock.selectors import get_availability

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.storefront_api.documents import CHECKOUT
from tests.support.coupons import make_batch, make_member
from tests.support.storefront import Storefront, make_key, make_product, make_promotion

BUYERS, PIECES = 32, 10


@pytest.fixture
def now() -> datetime:
    """The present: some of these go through the API."""
    return datetime.now(UTC)


@pytest.fixture
def shop(live_shops: tuple[Shop, Shop], now: datetime) -> Iterator[Shop]:
    """North with ten TEA and plenty of CUP, where everything commits."""
    with tenant_transaction(live_shops[0]):
        make_product(now, skus={"TEA": 2500}, quantity=PIECES)
        make_product(now, "Cup", skus={"CUP": 18000}, quantity=1_000)
    yield live_shops[0]
    with tenant_transaction(live_shops[0]):
        assert [finding for check in (check_carts, check_totals, check_payments) for finding in check()] == []


def at_once(work: Callable[[int], str]) -> Counter[str]:
    """Call `work` in 32 threads from the same moment on; count what they returned."""
    barrier = threading.Barrier(BUYERS)
    ends: list[str] = []

    def run(number: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=60)
            ends.append(work(number))
        except DomainError as error:
            ends.append(error.code)
        except Exception as error:  # a deadlock must be seen, not lost with its thread
            ends.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(BUYERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return Counter(ends)


def make_carts(shop: Shop, baskets: Sequence[Mapping[str, int]], now: datetime, **options: Any) -> list[UUID]:
    with tenant_transaction(shop):
        return [
            create_cart(
                lines=[LineInput(sku, quantity) for sku, quantity in basket.items()],
                channel="online",
                token=options.get("token"),
                shop=shop,
                now=now,
            ).id
            for basket in baskets
        ]


def order(shop: Shop, cart_id: UUID, now: datetime, token: TokenRow | None = None) -> str:
    with tenant_transaction(shop):
        complete_checkout(cart_id=cart_id, token=token, payment_method="offline", shop=shop, now=now)
    return "ordered"


def tea_left(shop: Shop) -> int:
    with tenant_transaction(shop):
        variant_id = get_variants_by_sku(skus=["TEA"])["TEA"].id
        return get_availability(variant_ids=[variant_id])[variant_id]


# Carts that share one SKU with others, alone or beside another one, in either order.
BASKETS: list[dict[str, int]] = [[{"TEA": 1}, {"TEA": 1, "CUP": 2}, {"CUP": 2, "TEA": 1}][n % 3] for n in range(BUYERS)]


def test_the_last_ten_pieces_make_ten_orders(shop: Shop, now: datetime) -> None:
    carts = make_carts(shop, BASKETS, now)

    ends = at_once(lambda number: order(shop, carts[number], now))

    assert ends == {"ordered": PIECES, "OUT_OF_STOCK": BUYERS - PIECES}
    assert tea_left(shop) == 0
    with tenant_transaction(shop):
        assert Order.objects.count() == PIECES
        assert list(check_stock()) == []


def test_negative_control_stock_that_is_read_first_and_written_later_is_oversold(
    shop: Shop, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same race with the guard taken away must oversell, else the test above proves nothing."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{shop.schema_name}".stock_balance DROP CONSTRAINT balance_covers_reserved')

    def take_stock(*, items: Mapping[UUID, int], reference: str, now: datetime, **_others: Any) -> None:
        balances = Balance.objects.filter(variant_id__in=items)
        if any(balance.on_hand < items[balance.variant_id] for balance in balances):
            raise OutOfStock("sold out", shortages=dict.fromkeys(items, 0))
        for balance in balances.order_by("pk"):
            quantity = -items[balance.variant_id]
            Entry.objects.create(balance=balance, quantity=quantity, kind="sale", reference=reference, created_at=now)

    monkeypatch.setattr(orders, "take_stock", take_stock)
    carts = make_carts(shop, BASKETS, now)

    ends = at_once(lambda number: order(shop, carts[number], now))

    assert ends["ordered"] > PIECES, ends
    assert tea_left(shop) < 0


def make_coupon_carts(shop: Shop, now: datetime) -> tuple[TokenRow, list[UUID]]:
    """32 carts of one member, each priced with the same coupon."""
    with tenant_transaction(shop):
        member_id = make_member(now)
        token_id, _ = issue_token(member_id=member_id, is_verified=False, now=now)
        token = TokenRow(token_id, member_id, is_verified=False)
        coupon = claim_coupon(batch_id=make_batch(now), member_id=member_id, token_id=token_id, now=now)
    carts = make_carts(shop, [{"CUP": 1}] * BUYERS, now, token=token)
    with tenant_transaction(shop):
        for cart_id in carts:
            set_coupons(cart_id=cart_id, codes=[coupon.code], token=token, shop=shop, now=now)
    return token, carts


def test_a_coupon_in_32_checkouts_at_once_is_redeemed_once(shop: Shop, now: datetime) -> None:
    token, carts = make_coupon_carts(shop, now)

    ends = at_once(lambda number: order(shop, carts[number], now, token))

    # Who came too late was refused either as it was priced or as it was redeemed; nobody was charged another price.
    assert ends["ordered"] == 1, ends
    assert ends["PRICE_CHANGED"] + ends["EXPIRED"] == BUYERS - 1, ends
    with tenant_transaction(shop):
        assert Order.objects.values_list("total_minor", flat=True).get() == 17200
        assert Coupon.objects.get().status == "redeemed"
        assert list(check_members()) == []


def test_negative_control_a_coupon_that_is_not_flipped_conditionally_is_redeemed_often(
    shop: Shop, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def redeem_coupons(*, coupon_ids: Sequence[UUID], **_others: Any) -> None:
        Coupon.objects.filter(id__in=coupon_ids).update(status="redeemed")

    monkeypatch.setattr(orders, "redeem_coupons", redeem_coupons)
    token, carts = make_coupon_carts(shop, now)

    ends = at_once(lambda number: order(shop, carts[number], now, token))

    assert ends["ordered"] > 1, ends


def test_32_carts_of_a_new_member_at_once_get_the_newcomers_price_once(shop: Shop, now: datetime) -> None:
    with tenant_transaction(shop):
        when = {"fact": "member.orders", "op": "eq", "value": 0}
        make_promotion(now, name="Newcomer", when=when, then=[{"type": "percent_off", "percent_bp": 5000}])
        member_id = make_member(now)
        token_id, _ = issue_token(member_id=member_id, is_verified=False, now=now)
    token = TokenRow(token_id, member_id, is_verified=False)
    carts = make_carts(shop, [{"CUP": 1}] * BUYERS, now, token=token)

    ends = at_once(lambda number: order(shop, carts[number], now, token))

    assert ends == {"ordered": 1, "PRICE_CHANGED": BUYERS - 1}
    with tenant_transaction(shop):
        assert Order.objects.values_list("total_minor", flat=True).get() == 9000
        assert list(check_members()) == []


def test_one_cart_in_32_checkouts_at_once_becomes_one_order(shop: Shop, now: datetime) -> None:
    (cart_id,) = make_carts(shop, [{"TEA": 1}], now)

    ends = at_once(lambda _number: order(shop, cart_id, now))

    assert ends == {"ordered": 1, "INVALID": BUYERS - 1}
    assert tea_left(shop) == PIECES - 1


def test_32_retries_at_once_of_one_key_get_the_same_order(shop: Shop, now: datetime) -> None:
    with tenant_transaction(shop):
        key = make_key(now)
    (cart_id,) = make_carts(shop, [{"TEA": 1}], now)
    sent = {
        "cartId": to_global_id("Cart", cart_id),
        "idempotencyKey": "retry",
        "payment": {"method": "OFFLINE"},
    }

    ends = at_once(lambda _number: str(Storefront(shop, key).mutate(CHECKOUT, **sent)))

    ((answer, count),) = ends.items()
    assert count == BUYERS
    assert "'userErrors': []" in answer
    assert tea_left(shop) == PIECES - 1
    with tenant_transaction(shop):
        assert Order.objects.count() == IdempotencyKey.objects.count() == 1
