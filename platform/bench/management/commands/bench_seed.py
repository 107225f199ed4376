"""`laxin bench_seed`: fill a throwaway installation for `laxin bench` and print what its clients need, as JSON."""

import json
from datetime import UTC, datetime
from typing import Any

from catalog.selectors import get_variants_by_sku
from catalog.services import create_product, ensure_category
from catalog.types import ProductInput, VariantInput
from coupons.services import create_batch
from coupons.types import BatchInput
from django.core.management.base import BaseCommand, CommandParser
from joining.services import create_join_link
from kernel.ids import new_secret
from promotions.services import create_promotion
from staff.services import create_api_key, open_shop
from stock.services import open_balances
from stock.types import OpeningStock

from tenants.transaction import tenant_transaction

VARIANTS = 3
CATEGORIES = 20
STOCK = 1_000_000
COUPON_AMOUNT = 800


class Command(BaseCommand):
    """One shop with products, stock, promotions, and a join link whose coupon never sells out."""

    help = __doc__
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The size of the shop."""
        parser.add_argument("--products", type=int, default=1_000)
        parser.add_argument("--product-promotions", type=int, default=0)
        parser.add_argument("--order-promotions", type=int, default=0)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Fill and print."""
        now = datetime.now(UTC)
        opened = open_shop(
            slug="bench", name="Bench", email="bench@example.com", password=new_secret(), language="zh-hans", now=now
        )
        with tenant_transaction(opened.shop):
            prices = _fill_catalog(options["products"], now)
            _open_stock(list(prices), now)
            documents = [
                *(_product_promotion(number) for number in range(options["product_promotions"])),
                *(_order_promotion(number) for number in range(options["order_promotions"])),
            ]
            for document in documents:
                create_promotion(document=document, status="live", now=now)
            batch_id = create_batch(
                data=BatchInput(
                    name="满40减8",
                    kind="amount",
                    amount_minor=COUPON_AMOUNT,
                    minimum_spend_minor=4000,
                    total=10_000_000,
                    per_member_limit=1,
                    valid_days=30,
                ),
                now=now,
            )
            # Of a server: with a public key a network's joins are limited.
            key = create_api_key(name="Bench", kind="secret", origins=[], now=now)
            link_id = create_join_link(
                name="bench", code="bench", batch_id=batch_id, channel="", opens_at=None, closes_at=None, now=now
            )
        skus = list(prices)[:VARIANTS]
        seed = {
            "slug": "bench",
            "schema": opened.shop.schema_name,
            "storefront_key": key.secret,
            "batch_id": str(batch_id),
            "link_id": str(link_id),
            "join_code": "bench",
            "coupon_amount": COUPON_AMOUNT,
            "cart_skus": skus,
            "prices": {sku: prices[sku] for sku in skus},
        }
        self.stdout.write(json.dumps(seed))


def _fill_catalog(products: int, now: datetime) -> dict[str, int]:
    """Make the products and return the price of each SKU."""
    for number in range(CATEGORIES):
        ensure_category(names=["food", f"kind-{number}"])
    prices: dict[str, int] = {}
    for number in range(products):
        variants = [
            VariantInput(
                sku=f"P{number:05}-{size}",
                name=f"规格{size}",
                price_minor=2000 + number % 700 * 10 + size,
                compare_at_minor=9999 + size if number % 2 else None,
                barcode=f"69{number:010}{size}",
            )
            for size in range(VARIANTS)
        ]
        category = f"food/kind-{number % CATEGORIES}"
        create_product(data=ProductInput(name=f"商品 {number:05}", category_path=category, variants=variants), now=now)
        prices.update((variant.sku, variant.price_minor) for variant in variants)
    return prices


def _open_stock(skus: list[str], now: datetime) -> None:
    opening = [
        OpeningStock(variant_id=variant.id, quantity=STOCK, unit_cost_minor=1000)
        for variant in get_variants_by_sku(skus=skus).values()
    ]
    open_balances(items=opening, reference="bench", actor="bench", now=now)


def _product_promotion(number: int) -> dict[str, Any]:
    """A price promotion of one product, one for each from the first on: the first page shows 20 of them."""
    return {
        "name": f"9折 {number}",
        "lane": "price",
        "then": [
            {
                "type": "percent_off",
                "percent_bp": 1000,
                "scope": {"skus": [f"P{number:05}-{size}" for size in range(VARIANTS)]},
            }
        ],
    }


def _order_promotion(number: int) -> dict[str, Any]:
    """An order promotion that the bench's carts are far from: its cost is being looked at, not being applied."""
    threshold = 10_000_000 + number
    return {
        "name": f"满{threshold // 100}减10",
        "lane": "order",
        "when": {"fact": "subtotal", "op": "gte", "value": threshold},
        "then": [{"type": "amount_off", "amount": 1000}],
    }
