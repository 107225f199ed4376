"""The shop."""

from typing import Any

import graphene
from graphene import ResolveInfo
from graphene.types.resolver import attr_resolver

from storefront_api.schema.context import get_context


class Shop(graphene.ObjectType):
    """The shop that the address belongs to."""

    class Meta:
        default_resolver = attr_resolver

    name = graphene.String(required=True)
    currency_code = graphene.String(required=True)
    time_zone = graphene.String(required=True)
    language = graphene.String(required=True)

    def resolve_currency_code(root: Any, info: ResolveInfo) -> str:
        """ISO 4217."""
        currency: str = root.currency
        return currency


class ShopQueries(graphene.ObjectType):
    """Root field of the shop."""

    shop = graphene.NonNull(Shop)

    def resolve_shop(root: Any, info: ResolveInfo) -> Any:
        """The shop of this host."""
        return get_context(info).shop
