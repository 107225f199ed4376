"""The doctor finds a ledger that does not add up, in a database whose own guards were taken away."""

from datetime import datetime

from catalog.selectors import get_variants_by_sku
from catalog.services import create_product
from catalog.types import ProductInput, VariantInput
from django.db import connections
from stock.checks import find_impossible_reservations, find_unbalanced_ledgers
from stock.models import Balance
from stock.services import open_balance

from tenants.models import Shop
from tenants.transaction import tenant_transaction


def test_a_balance_changed_behind_the_ledger_is_found(live_shops: tuple[Shop, Shop], now: datetime) -> None:
    shop = live_shops[0]
    with tenant_transaction(shop):
        create_product(data=ProductInput(name="Tea", variants=[VariantInput(sku="A", price_minor=1)]), now=now)
        variant_id = get_variants_by_sku(skus=["A"])["A"].id
        open_balance(variant_id=variant_id, quantity=10, unit_cost_minor=1, now=now)
        assert [*find_unbalanced_ledgers(), *find_impossible_reservations()] == []

    with connections["owner"].cursor() as cursor:
        cursor.execute(f'SET search_path = "{shop.schema_name}", extensions')
        cursor.execute("ALTER TABLE stock_balance DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE stock_balance DROP CONSTRAINT balance_covers_reserved")
        cursor.execute("UPDATE stock_balance SET on_hand = 9, reserved = 12")
        cursor.execute("RESET search_path")

    with tenant_transaction(shop):
        balance_id = Balance.objects.values_list("id", flat=True).get()
        assert list(find_unbalanced_ledgers()) == [
            f"Balance {balance_id} of variant {variant_id}: 9 on hand, the entries sum to 10."
        ]
        assert list(find_impossible_reservations()) == [
            f"Balance {balance_id} of variant {variant_id}: 12 reserved of 9 on hand."
        ]
