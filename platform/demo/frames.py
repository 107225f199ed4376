"""From the data's tables to rows of the shop's: one frame a table, its columns named as the table's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import repeat

import pandas as pd
from catalog.text import build_search_text, make_slug
from kernel.ids import new_id

from demo.clock import to_instants
from demo.copy import to_array
from demo.dataset import Dataset
from demo.wording import cost_of, name_product, title

LINES_AT_ONCE = 200_000
CURRENCY = "CNY"
DEMOGRAPHICS = {
    "age": "age",
    "income": "income",
    "home_ownership": "home",
    "marital_status": "marital",
    "household_size": "persons",
    "kids_count": "kids",
}


@dataclass(frozen=True)
class CatalogFrames:
    """Rows of the catalog. `goods` has one row a product of the data, with what orders and stock need of it."""

    categories: pd.DataFrame
    products: pd.DataFrame
    variants: pd.DataFrame
    goods: pd.DataFrame


def make_catalog(dataset: Dataset, *, shift: timedelta, now: datetime) -> CatalogFrames:
    """Each product of the data becomes a product with one variant, its number the SKU."""
    source = dataset.products
    categories, category_of = _make_categories(source)
    goods = pd.DataFrame(
        {
            "product_id": source["product_id"],
            "id": _new_ids(len(source)),
            "variant_id": _new_ids(len(source)),
            "sku": source["product_id"].astype(str),
            "name": [
                name_product(
                    department=row.department, category=row.category, kind=row.kind, size=row.size, brand=row.brand
                )
                for row in source[["department", "category", "kind", "size", "brand"]].itertuples(name="Source")
            ],
            "price_minor": source["price_minor"],
            "cost_minor": [
                cost_of(price, department) if price else None
                for price, department in zip(source["price_minor"], source["department"], strict=True)
            ],
            "sold_lately": source["sold_lately"],
        }
    ).astype({"cost_minor": "Int64"})
    products = pd.DataFrame(
        {
            "id": goods["id"],
            "category_id": category_of,
            "name": goods["name"],
            "slug": [
                f"{make_slug(name, limit=280)}-{sku}" for name, sku in zip(goods["name"], goods["sku"], strict=True)
            ],
            "brand": source["brand"].astype(str),
            "status": ["active" if sold else "archived" for sold in source["sold"]],
            "price_from_minor": goods["price_minor"],
            "search_text": [
                build_search_text(name=name, brand=brand, skus=[sku], barcodes=[])
                for name, brand, sku in zip(goods["name"], source["brand"], goods["sku"], strict=True)
            ],
            "created_at": to_instants(source["first_sold"], shift),
            "updated_at": now,
        }
    )
    variants = pd.DataFrame(
        {
            "id": goods["variant_id"],
            "product_id": goods["id"],
            "sku": goods["sku"],
            "price_minor": goods["price_minor"],
        }
    )
    return CatalogFrames(categories=categories, products=products, variants=variants, goods=goods)


def _make_categories(products: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Department → category → type, as deep as the data go; names with one slug are one category."""
    rows: dict[str, dict[str, str | None]] = {}
    ids: dict[tuple[str | None, ...], str] = {}
    category_of = []
    for names in products[["department", "category", "kind"]].itertuples(index=False, name=None):
        if names not in ids:
            ids[names] = _add_category(rows, [name for name in names if name])
        category_of.append(ids[names])
    return pd.DataFrame(list(rows.values())), category_of


def _add_category(rows: dict[str, dict[str, str | None]], names: list[str]) -> str:
    parent_id: str | None = None
    path = ""
    for name in names:
        slug = make_slug(name, limit=200)
        path = f"{path}/{slug}" if path else slug
        row = rows.setdefault(
            path, {"id": str(new_id()), "parent_id": parent_id, "name": title(name), "slug": slug, "path": path}
        )
        parent_id = row["id"]
    assert parent_id is not None
    return parent_id


def make_members(dataset: Dataset, *, shift: timedelta) -> pd.DataFrame:
    """Each household becomes a member without phone; what is known of it stands in its tags."""
    households = dataset.households
    sums = dataset.lines.merge(dataset.baskets, on="basket_id").groupby("household_id")
    totals = pd.DataFrame({"orders": sums["basket_id"].nunique(), "spent_minor": sums["total_minor"].sum()})
    counters = households[["household_id"]].join(totals, on="household_id").fillna(0).astype("int64")
    return pd.DataFrame(
        {
            "id": _new_ids(len(households)),
            "external_ref": households["household_id"].astype(str),
            "name": [f"Household {number}" for number in households["household_id"]],
            "tags": [
                to_array(f"{DEMOGRAPHICS[column]}:{row[column]}" for column in DEMOGRAPHICS if pd.notna(row[column]))
                for row in households.to_dict("records")
            ],
            "joined_at": to_instants(households["first_seen"], shift),
            "orders": counters["orders"],
            "spent_minor": counters["spent_minor"],
        }
    )


def make_orders(dataset: Dataset, members: pd.DataFrame, *, shift: timedelta) -> pd.DataFrame:
    """Each basket becomes an order that was fulfilled at a counter; `external_ref` is its number in the data."""
    sums = dataset.lines.groupby("basket_id")[["subtotal_minor", "total_minor"]].sum()
    baskets = dataset.baskets.join(sums, on="basket_id")
    member_of = members.set_index(members["external_ref"].astype("int64"))["id"]
    return pd.DataFrame(
        {
            "id": _new_ids(len(baskets)),
            "external_ref": baskets["basket_id"].astype(str),
            "member_id": baskets["household_id"].map(member_of),
            "channel": "pos",
            "status": "fulfilled",
            "currency": CURRENCY,
            "subtotal_minor": baskets["subtotal_minor"],
            "discount_minor": baskets["subtotal_minor"] - baskets["total_minor"],
            "total_minor": baskets["total_minor"],
            "placed_at": to_instants(baskets["stamp"], shift),
        }
    )


def make_payments(orders: pd.DataFrame) -> pd.DataFrame:
    """Each past order was paid at the counter."""
    return pd.DataFrame(
        {
            "order_id": orders["id"],
            "method": "offline",
            "status": "settled",
            "amount_minor": orders["total_minor"],
            "currency": CURRENCY,
            "created_at": orders["placed_at"],
            "settled_at": orders["placed_at"],
        }
    )


def iterate_order_lines(dataset: Dataset, orders: pd.DataFrame, goods: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the lines of all orders, a part at a time."""
    lines = dataset.lines
    position = lines.groupby("basket_id").cumcount() + 1
    order_of = pd.Index(dataset.baskets["basket_id"])
    product_of = pd.Index(goods["product_id"])
    for start in range(0, len(lines), LINES_AT_ONCE):
        part = lines.iloc[start : start + LINES_AT_ONCE]
        good = goods.iloc[product_of.get_indexer(part["product_id"])].reset_index(drop=True)
        order = orders["id"].iloc[order_of.get_indexer(part["basket_id"])].reset_index(drop=True)
        part = part.reset_index(drop=True)
        yield pd.DataFrame(
            {
                "order_id": order,
                "variant_id": good["variant_id"],
                "position": position.iloc[start : start + LINES_AT_ONCE].reset_index(drop=True),
                "sku": good["sku"],
                "name": good["name"],
                "quantity": part["quantity"],
                "unit_price_minor": (2 * part["subtotal_minor"] + part["quantity"]) // (2 * part["quantity"]),
                "subtotal_minor": part["subtotal_minor"],
                "total_minor": part["total_minor"],
                "unit_cost_minor": good["cost_minor"],
            }
        )


def _new_ids(count: int) -> list[str]:
    return [str(make()) for make in repeat(new_id, count)]
