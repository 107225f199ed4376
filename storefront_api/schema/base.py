"""Types that every noun uses: nodes, money, pages, errors."""

from collections.abc import Callable
from typing import Any, NamedTuple

import graphene
from graphene import ResolveInfo
from graphene.types.resolver import attr_resolver
from kernel.money import format_minor
from kernel.pages import Page

from storefront_api.errors import ErrorCode as ErrorCodes
from storefront_api.schema.context import get_context

ErrorCode = graphene.Enum.from_enum(
    ErrorCodes, description=lambda value: None if value else "Stable codes; the message is for people."
)

# Python class of a node -> its GraphQL type; `register_node` fills it.
_node_types: dict[type, Any] = {}


def register_node(*python_types: type) -> Callable[[Any], Any]:
    """Say which Python objects a GraphQL type stands for, wherever a `Node` is asked for."""

    def register(graphql_type: Any) -> Any:
        _node_types.update(dict.fromkeys(python_types, graphql_type))
        return graphql_type

    return register


class Node(graphene.Interface):
    """Something with a global id."""

    id = graphene.ID(required=True)

    @classmethod
    def resolve_type(cls, instance: Any, info: ResolveInfo) -> Any:
        """The GraphQL type of a node."""
        return _node_types[type(instance)]


class MoneyAmount(NamedTuple):
    """An amount ready to be shown."""

    amount: str
    currency_code: str


class Money(graphene.ObjectType):
    """An amount of money as a decimal text, tax included."""

    class Meta:
        default_resolver = attr_resolver

    amount = graphene.String(required=True)
    currency_code = graphene.String(required=True)


def show_money(info: ResolveInfo, minor: int) -> MoneyAmount:
    """An amount of minor units in the shop's currency."""
    currency = get_context(info).shop.currency
    return MoneyAmount(format_minor(minor, currency), currency)


class UserError(graphene.ObjectType):
    """Why a mutation was refused; `field` is the path of the input at fault."""

    field = graphene.List(graphene.NonNull(graphene.String))
    code = graphene.NonNull(ErrorCode)
    message = graphene.String(required=True)


def user_errors() -> Any:
    """The field that every payload has."""
    return graphene.List(graphene.NonNull(UserError), required=True)


class PageInfo(graphene.ObjectType):
    """Where a page lies in its list."""

    class Meta:
        default_resolver = attr_resolver

    has_next_page = graphene.Boolean(required=True)
    has_previous_page = graphene.Boolean(required=True)
    start_cursor = graphene.String()
    end_cursor = graphene.String()


class _PageInfo(NamedTuple):
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class _Edge(NamedTuple):
    cursor: str
    node: Any


class ConnectionPage(NamedTuple):
    """A page in Relay's form."""

    edges: list[_Edge]
    page_info: _PageInfo


def make_connection(node_type: Any) -> Any:
    """The connection type of a node type."""
    name = node_type._meta.name
    meta = type("Meta", (), {"name": f"{name}Edge", "default_resolver": attr_resolver})
    edge = type(
        f"{name}Edge",
        (graphene.ObjectType,),
        {
            "__doc__": f"A {name} in a list.",
            "Meta": meta,
            "cursor": graphene.String(required=True),
            "node": graphene.NonNull(node_type),
        },
    )
    meta = type("Meta", (), {"name": f"{name}Connection", "default_resolver": attr_resolver})
    return type(
        f"{name}Connection",
        (graphene.ObjectType,),
        {
            "__doc__": f"A page of a list of {name}.",
            "Meta": meta,
            "edges": graphene.List(graphene.NonNull(edge), required=True),
            "page_info": graphene.NonNull(PageInfo),
        },
    )


def to_connection[T](page: Page[T], show: Callable[[T], Any]) -> ConnectionPage:
    """A page of rows as a connection of what they are shown as."""
    return ConnectionPage(
        edges=[_Edge(cursor, show(item)) for cursor, item in zip(page.cursors, page.items, strict=True)],
        page_info=_PageInfo(page.has_next, page.has_previous, page.start_cursor, page.end_cursor),
    )
