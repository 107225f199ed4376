"""Query, Mutation and the schema in force."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import graphene
from checkout.selectors import get_order_for_customer
from graphene import ResolveInfo
from graphql import print_schema
from kernel.ids import split_global_id

from storefront_api.schema.base import Node
from storefront_api.schema.cart import CartMutations, CartQueries, find_cart, find_cart_line
from storefront_api.schema.catalog import CatalogQueries, find_product, find_variant
from storefront_api.schema.context import Context, get_context
from storefront_api.schema.member import MemberMutations, MemberQueries, find_coupon, find_me
from storefront_api.schema.order import OrderMutations
from storefront_api.schema.shop import ShopQueries


def _find_member(context: Context, member_id: UUID) -> Any:
    me = find_me(context)
    return me if me and me.row.id == member_id else None


# Every finder checks that the caller may see what it finds.
_FINDERS: dict[str, Callable[[Context, UUID], Any]] = {
    "Product": lambda _context, key: find_product(key),
    "Variant": lambda _context, key: find_variant(key),
    "Cart": find_cart,
    "CartLine": find_cart_line,
    "Order": lambda context, key: get_order_for_customer(order_id=key, token=context.caller.token),
    "Member": _find_member,
    "Coupon": find_coupon,
}


class Query(ShopQueries, CatalogQueries, CartQueries, MemberQueries):
    """What a storefront can read."""

    node = graphene.Field(Node, id=graphene.ID(required=True))

    def resolve_node(root: Any, info: ResolveInfo, id: str) -> Any:
        """Null for an id that is unknown here, of another shop, or not the caller's."""
        split = split_global_id(id)
        find = _FINDERS.get(split[0]) if split else None
        return find(get_context(info), split[1]) if split and find else None


class Mutation(CartMutations, OrderMutations, MemberMutations):
    """What a storefront can do. Every payload has its object, null where refused, and `userErrors`."""


SCHEMA = graphene.Schema(query=Query, mutation=Mutation).graphql_schema


def print_sdl() -> str:
    """The schema in SDL, as committed in `schema.graphql`."""
    return print_schema(SCHEMA) + "\n"
