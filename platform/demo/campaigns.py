"""Past campaigns as coupon batches that are over: who got a coupon, who used it, in which order.

The data do not say what a coupon was worth, so a batch takes off what its used coupons took off a product in the
median. A household that used several coupons of a campaign has as many; one that used none has one, expired.
A campaign that outlives the data ends with them: nothing of it is live.
"""

from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
from catalog.text import make_slug
from django.db import connection
from kernel.ids import new_code, new_id
from promotions.services import create_promotion

from demo.clock import DATA_END, to_instant
from demo.copy import copy_frame
from demo.dataset import Campaign

ACTOR = "demo"


def load_campaigns(
    campaigns: list[Campaign], members: pd.DataFrame, orders: pd.DataFrame, *, shift: timedelta, now: datetime
) -> int:
    """Write promotions, batches, coupons and their history; return the number of coupons."""
    member_of = dict(zip(members["external_ref"].astype(int), members["id"], strict=True))
    placed = _find_orders(campaigns, orders)
    batches, coupons, issues, ends = [], [], [], []
    for campaign in (campaign for campaign in campaigns if len(campaign.coupons)):
        starts_at = to_instant(campaign.starts_on, shift)
        ends_at = min(to_instant(campaign.ends_on + timedelta(days=1), shift), to_instant(DATA_END.date(), shift))
        batch_id = new_id()
        name = f"营销活动 {campaign.number}（{campaign.kind}）"
        document = _make_document(campaign, name=name, code=str(batch_id), starts_at=starts_at, ends_at=ends_at)
        promotion_id = create_promotion(document=document, status="ended", now=now)
        slots = campaign.coupons.groupby("household_id").cumcount() + 1
        batches.append(
            {
                "id": str(batch_id),
                "name": name,
                "promotion_id": str(promotion_id),
                "status": "paused",
                "total": len(slots),
                "issued": len(slots),
                "per_member_limit": slots.max(),
                "claim_from": starts_at,
                "claim_until": ends_at,
                "valid_until": ends_at,
                "created_at": starts_at,
            }
        )
        for row, slot in zip(campaign.coupons.itertuples(), slots, strict=True):
            coupon = {
                "id": str(new_id()),
                "batch_id": str(batch_id),
                "member_id": member_of[row.household_id],
                "slot": slot,
                "code": new_code(),
                "status": "expired" if pd.isna(row.redemption_date) else "redeemed",
                "issued_at": starts_at,
                "valid_until": ends_at,
            }
            coupons.append(coupon)
            issues.append(_event(coupon, "issued", starts_at))
            if pd.isna(row.redemption_date):
                ends.append(_event(coupon, "expired", ends_at))
            else:
                number, used_at = placed.get(row.basket_id, ("", _noon(row.redemption_date.date(), shift)))
                ends.append(_event(coupon, "redeemed", used_at, reference=number))
    for table, rows in (
        ("coupons_batch", batches),
        ("coupons_coupon", coupons),
        ("coupons_couponevent", issues + ends),
    ):
        copy_frame(table, pd.DataFrame(rows), advance=lambda count: None)
    return len(coupons)


def _make_document(
    campaign: Campaign, *, name: str, code: str, starts_at: datetime, ends_at: datetime
) -> dict[str, Any]:
    """One product of the campaign's departments was reduced by a coupon."""
    return {
        "name": name,
        "lane": "coupon",
        "coupon": {"codes": [code]},
        "schedule": {"from": starts_at.isoformat(), "until": ends_at.isoformat()},
        "then": [
            {
                "type": "amount_off",
                "amount": campaign.amount_minor,
                "per": "unit",
                "max_units": 1,
                "scope": {"categories": [make_slug(department, limit=200) for department in campaign.departments]},
            }
        ],
    }


def _event(coupon: dict[str, Any], status: str, at: datetime, *, reference: str = "") -> dict[str, Any]:
    return {"coupon_id": coupon["id"], "status": status, "reference": reference, "actor": ACTOR, "created_at": at}


def _noon(day: date, shift: timedelta) -> datetime:
    return to_instant(day, shift) + timedelta(hours=12)


def _find_orders(campaigns: list[Campaign], orders: pd.DataFrame) -> dict[int, tuple[str, datetime]]:
    """Return number and time of the loaded orders in which coupons were used, by basket."""
    baskets = {str(basket) for campaign in campaigns for basket in campaign.coupons["basket_id"].dropna()}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT external_ref, number, placed_at FROM checkout_order WHERE external_ref = ANY (%s)", [list(baskets)]
        )
        return {int(reference): (str(number), placed_at) for reference, number, placed_at in cursor.fetchall()}
