"""What is live in the demo shop: three promotions and the coupon behind the join link."""

from datetime import datetime
from typing import Any

from coupons.services import create_batch
from coupons.types import BatchInput
from joining.services import create_join_link
from promotions.services import create_promotion

PROMOTIONS: list[dict[str, Any]] = [
    {
        "name": "果蔬 9 折",
        "lane": "price",
        "then": [{"type": "percent_off", "percent_bp": 1_000, "scope": {"categories": ["produce"]}}],
    },
    {
        "name": "熟食同款满 3 件 85 折",
        "lane": "item",
        "then": [
            {
                "type": "tiers",
                "measure": "quantity",
                "group_by": "product",
                "steps": [{"at": 3, "percent_bp": 1_500}],
                "scope": {"categories": ["deli"]},
            }
        ],
    },
    {
        "name": "满 50 减 5",
        "lane": "order",
        "when": {"fact": "subtotal", "op": "gte", "value": 5_000},
        "then": [{"type": "amount_off", "amount": 500}],
    },
]
WELCOME = BatchInput(
    name="新会员满 40 减 8",
    kind="amount",
    amount_minor=800,
    minimum_spend_minor=4_000,
    total=10_000,
    per_member_limit=1,
    valid_days=30,
)


def create_offers(*, join_code: str, now: datetime) -> None:
    """Create the live promotions, the welcome coupon and the join link that hands it out."""
    for document in PROMOTIONS:
        create_promotion(document=document, status="live", now=now)
    create_join_link(
        name="门店海报",
        code=join_code,
        batch_id=create_batch(data=WELCOME, now=now),
        channel="poster",
        opens_at=None,
        closes_at=None,
        now=now,
    )
