"""Load the demo shop in one transaction: it is there whole, or an interruption leaves nothing of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from django.db import connection
from stock.services import open_balances
from stock.types import OpeningStock

from demo.campaigns import load_campaigns
from demo.clock import find_shift
from demo.copy import copy_frame, vacuum
from demo.credentials import JOIN_CODE
from demo.dataset import read_campaigns, read_dataset
from demo.frames import iterate_order_lines, make_catalog, make_members, make_orders, make_payments
from demo.offers import create_offers
from demo.sizes import Size
from demo.state import ACTOR, find_loaded_size, make_reference
from tenants.models import Shop
from tenants.transaction import tenant_transaction

BALANCES_AT_ONCE = 5_000
# Opening stock: what was sold in the data's last four weeks, at least two dozen, in whole dozens.
DOZEN, LEAST_DOZENS = 12, 2

# `step(title, total)` begins a step of the progress and returns what to call with the number of rows done.
type Advance = Callable[[int], None]
type Step = Callable[[str, int | None], Advance]


@dataclass(frozen=True, slots=True)
class Report:
    """What was loaded and what was left out, in rows."""

    shift_weeks: int
    categories: int
    products: int
    archived: int
    members: int
    orders: int
    lines: int
    lines_of_the_year: int
    left_out: dict[str, int]
    batches: int
    coupons: int


def load_demo(shop: Shop, size: Size, *, now: datetime, step: Step) -> Report | None:
    """Fill the shop; None where another process has done it meanwhile."""
    step("Reading the data", None)
    dataset = read_dataset(size)
    campaigns = read_campaigns(dataset.households)
    shift = find_shift(now)
    with tenant_transaction(shop):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{shop.schema_name} demo"])
        if find_loaded_size() is not None:
            return None
        step("Products", None)
        catalog = make_catalog(dataset, shift=shift, now=now)
        advance = step("Products", 2 * len(catalog.products) + len(catalog.categories))
        copy_frame("catalog_category", catalog.categories, advance=advance)
        copy_frame("catalog_product", catalog.products, advance=advance)
        copy_frame("catalog_variant", catalog.variants, advance=advance)
        _open_stock(catalog.goods, size, now=now, advance=step("Stock", len(catalog.goods)))

        members = make_members(dataset, shift=shift)
        copy_frame("members_member", members, advance=step("Members", len(members)))
        orders = make_orders(dataset, members, shift=shift)
        advance = step("Past orders", 2 * len(orders))
        copy_frame("checkout_order", orders, advance=advance)
        copy_frame("checkout_payment", make_payments(orders), advance=advance)
        advance = step("Lines of past orders", len(dataset.lines))
        for part in iterate_order_lines(dataset, orders, catalog.goods):
            copy_frame("checkout_orderline", part, advance=advance)

        step("Coupons and promotions", None)
        coupons = load_campaigns(campaigns, members, orders, shift=shift, now=now)
        create_offers(join_code=JOIN_CODE, now=now)
    step("Vacuum and statistics", None)
    vacuum(shop.schema_name)
    return Report(
        shift_weeks=shift.days // 7,
        categories=len(catalog.categories),
        products=len(catalog.products),
        archived=int((catalog.products["status"] == "archived").sum()),
        members=len(members),
        orders=len(orders),
        lines=len(dataset.lines),
        lines_of_the_year=dataset.lines_of_the_year,
        left_out=dataset.left_out,
        batches=sum(1 for campaign in campaigns if len(campaign.coupons)),
        coupons=coupons,
    )


def _open_stock(goods: pd.DataFrame, size: Size, *, now: datetime, advance: Advance) -> None:
    items: Sequence[OpeningStock] = [
        OpeningStock(
            variant_id=variant_id,
            quantity=DOZEN * max(-(-sold // DOZEN), LEAST_DOZENS),
            unit_cost_minor=None if pd.isna(cost) else int(cost),
        )
        for variant_id, sold, cost in zip(goods["variant_id"], goods["sold_lately"], goods["cost_minor"], strict=True)
    ]
    for start in range(0, len(items), BALANCES_AT_ONCE):
        part = items[start : start + BALANCES_AT_ONCE]
        open_balances(items=part, reference=make_reference(size.name), actor=ACTOR, now=now)
        advance(len(part))
