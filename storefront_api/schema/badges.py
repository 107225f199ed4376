"""What a listing says about promotions beside a product."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import graphene
from catalog.types import ProductRow
from graphene import ResolveInfo
from kernel.ids import to_global_id
from promotions.selectors import list_badges
from promotions.types import BadgeLine
from stock.types import Level

from storefront_api.schema.base import Money, MoneyAmount, show_money
from storefront_api.schema.context import Context

CHANNEL = "online"


class Badge(NamedTuple):
    """A promotion on a product; `price_minor` is the lowest that lane `price` gives one of its variants."""

    promotion_id: str
    name: str
    price_minor: int | None


class PromotionBadge(graphene.ObjectType):
    """A live promotion that concerns a product; `price` where it settles the price of one unit by itself."""

    promotion_id = graphene.ID(required=True)
    name = graphene.String(required=True)
    price = graphene.Field(Money)

    def resolve_promotion_id(root: Badge, info: ResolveInfo) -> str:
        """Global id."""
        return to_global_id("Promotion", UUID(root.promotion_id))

    def resolve_name(root: Badge, info: ResolveInfo) -> str:
        """What customers read."""
        return root.name

    def resolve_price(root: Badge, info: ResolveInfo) -> MoneyAmount | None:
        """The lowest of the variants'."""
        return None if root.price_minor is None else show_money(info, root.price_minor)


def get_badges(context: Context, product: ProductRow, get_level: Callable[[UUID], Level]) -> list[Badge]:
    """The badges of a product: those of its variants, each once. Costs look at stock only where a margin is kept."""
    rules = context.rules
    if not rules.names:
        return []
    now = context.now.astimezone(ZoneInfo(context.shop.time_zone))
    found: dict[str, int | None] = {}
    for variant in product.variants:
        line = BadgeLine(
            sku=variant.sku,
            product=product.slug,
            categories=tuple(product.categories),
            brand=product.brand or None,
            tags=tuple(product.tags),
            unit_price_minor=variant.price_minor,
            unit_cost_minor=get_level(variant.id).unit_cost_minor if rules.needs_costs else None,
        )
        for badge in list_badges(rules=rules, line=line, now=now, channel=CHANNEL, currency=context.shop.currency):
            prices = [price for price in (found.get(badge.promotion), badge.unit_price) if price is not None]
            found[badge.promotion] = min(prices, default=None)
    return [Badge(promotion, rules.names[promotion], price) for promotion, price in found.items()]
