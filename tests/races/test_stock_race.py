"""Thirty-two buyers and fifty pieces: never more are sold than there are."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
from catalog.selectors import get_variants_by_sku
from catalog.services import create_product
from catalog.types import ProductInput, VariantInput
from django.db import connection, connections
from stock.checks import find_unbalanced_ledgers
from stock.errors import OutOfStock
from stock.models import Balance, Entry
from stock.selectors import get_availability
from stock.services import open_balance, take_stock

from tenants.models import Shop
from tenants.transaction import tenant_transaction

BUYERS, PIECES, TRIES = 32, 50, 4


@pytest.fixture
def pair(live_shops: tuple[Shop, Shop], now: datetime) -> list[UUID]:
    """Two variants of north with 50 pieces each."""
    with tenant_transaction(live_shops[0]):
        inputs = [VariantInput(sku=sku, price_minor=1) for sku in "AB"]
        create_product(data=ProductInput(name="Tea", variants=inputs), now=now)
        ids = [row.id for _, row in sorted(get_variants_by_sku(skus=["A", "B"]).items())]
        for variant_id in ids:
            open_balance(variant_id=variant_id, quantity=PIECES, unit_cost_minor=1, now=now)
    return ids


def race(shop: Shop, buy: Callable[[int], None]) -> Counter[str]:
    """Let every buyer buy TRIES times from the same moment on; count how the calls ended."""
    barrier = threading.Barrier(BUYERS)
    ends: Counter[str] = Counter()
    lock = threading.Lock()

    def run(number: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=60)
            for _ in range(TRIES):
                try:
                    with tenant_transaction(shop):
                        buy(number)
                    end = "sold"
                except OutOfStock:
                    end = "out of stock"
                except Exception as error:  # a deadlock must be seen, not lost with its thread
                    end = repr(error)
                with lock:
                    ends[end] += 1
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(BUYERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return ends


def test_no_more_is_sold_than_there_is_and_every_answer_is_true(
    live_shops: tuple[Shop, Shop], pair: list[UUID], now: datetime
) -> None:
    def buy(number: int) -> None:
        take_stock(items={pair[0]: 1}, reference=str(number), actor="race", now=now)

    ends = race(live_shops[0], buy)

    assert ends == {"sold": PIECES, "out of stock": BUYERS * TRIES - PIECES}
    with tenant_transaction(live_shops[0]):
        assert get_availability(variant_ids=pair) == {pair[0]: 0, pair[1]: PIECES}
        assert Entry.objects.filter(kind="sale").count() == PIECES
        assert list(find_unbalanced_ledgers()) == []


def test_baskets_with_the_same_goods_in_either_order_never_block_each_other(
    live_shops: tuple[Shop, Shop], pair: list[UUID], now: datetime
) -> None:
    def buy(number: int) -> None:
        goods = pair if number % 2 else pair[::-1]
        take_stock(items=dict.fromkeys(goods, 1), reference=str(number), actor="race", now=now)

    ends = race(live_shops[0], buy)

    assert ends == {"sold": PIECES, "out of stock": BUYERS * TRIES - PIECES}
    with tenant_transaction(live_shops[0]):
        assert get_availability(variant_ids=pair) == dict.fromkeys(pair, 0)


def test_negative_control_reading_first_and_writing_later_sells_too_much(
    live_shops: tuple[Shop, Shop], pair: list[UUID], now: datetime
) -> None:
    """The same race with the guard taken away must oversell, else the tests above prove nothing."""
    shop = live_shops[0]
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{shop.schema_name}".stock_balance DROP CONSTRAINT balance_covers_reserved')

    def buy(number: int) -> None:
        balance = Balance.objects.get(variant_id=pair[0])
        if balance.on_hand - balance.reserved < 1:
            raise OutOfStock("sold out", shortages={pair[0]: 0})
        Entry.objects.create(balance=balance, quantity=-1, kind=Entry.Kind.SALE, created_at=now)

    ends = race(shop, buy)

    assert ends["sold"] > PIECES, ends
