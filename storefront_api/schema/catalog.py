"""Products and their variants."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import graphene
from catalog.selectors import get_product, get_variants, list_products
from catalog.types import CategoryRow, ProductRow, ProductVariant, Sort, VariantRow
from django.utils.translation import gettext as _
from graphene import ResolveInfo
from graphene.types.resolver import attr_resolver
from kernel.errors import InvalidInput
from kernel.ids import from_global_id, to_global_id
from stock.selectors import get_levels
from stock.types import NO_STOCK, Level

from storefront_api.schema.badges import Badge, PromotionBadge, get_badges
from storefront_api.schema.base import (
    Money,
    MoneyAmount,
    Node,
    make_connection,
    register_node,
    show_money,
    to_connection,
)
from storefront_api.schema.context import get_context

MAX_SEARCH_LENGTH = 100
MAX_SLUG_LENGTH = 300
MAX_PATH_LENGTH = 2_000


class Stock:
    """Levels of all variants of an answer, read together when the first of them is asked for."""

    def __init__(self, variant_ids: Iterable[UUID]) -> None:
        self._variant_ids = list(variant_ids)
        self._levels: Mapping[UUID, Level] | None = None

    def get(self, variant_id: UUID) -> Level:
        """The level of one of the variants."""
        if self._levels is None:
            self._levels = get_levels(variant_ids=self._variant_ids)
        return self._levels.get(variant_id, NO_STOCK)


@dataclass(frozen=True, slots=True)
class ShownVariant:
    """A variant with the stock of the answer it is part of."""

    row: ProductVariant | VariantRow
    product_name: str
    stock: Stock


@dataclass(frozen=True, slots=True)
class ShownProduct:
    """A product with the stock of the answer it is part of."""

    row: ProductRow
    stock: Stock


def show_products(rows: Sequence[ProductRow]) -> list[ShownProduct]:
    """Products of one answer."""
    stock = Stock(variant.id for row in rows for variant in row.variants)
    return [ShownProduct(row, stock) for row in rows]


class Category(graphene.ObjectType):
    """A category; `path` joins the slugs from the root."""

    class Meta:
        default_resolver = attr_resolver

    id = graphene.ID(required=True)
    name = graphene.String(required=True)
    slug = graphene.String(required=True)
    path = graphene.String(required=True)

    def resolve_id(root: CategoryRow, info: ResolveInfo) -> str:
        """Global id."""
        return to_global_id("Category", root.id)


@register_node(ShownVariant)
class Variant(graphene.ObjectType):
    """What is priced, stocked and bought. `price` is before promotions."""

    class Meta:
        interfaces = (Node,)

    sku = graphene.String(required=True)
    name = graphene.String(required=True, description="Its own name, or the product's where it has none.")
    product_name = graphene.String(required=True)
    barcode = graphene.String()
    price = graphene.NonNull(Money)
    compare_at_price = graphene.Field(Money)
    available = graphene.Boolean(required=True)
    available_quantity = graphene.Int()

    def resolve_id(root: ShownVariant, info: ResolveInfo) -> str:
        """Global id."""
        return to_global_id("Variant", root.row.id)

    def resolve_sku(root: ShownVariant, info: ResolveInfo) -> str:
        """Unique in the shop."""
        return root.row.sku

    def resolve_name(root: ShownVariant, info: ResolveInfo) -> str:
        """Never empty."""
        return root.row.name or root.product_name

    def resolve_product_name(root: ShownVariant, info: ResolveInfo) -> str:
        """For carts, which show variants without their products."""
        return root.product_name

    def resolve_barcode(root: ShownVariant, info: ResolveInfo) -> str | None:
        """As printed."""
        return root.row.barcode

    def resolve_price(root: ShownVariant, info: ResolveInfo) -> MoneyAmount:
        """Before promotions."""
        return show_money(info, root.row.price_minor)

    def resolve_compare_at_price(root: ShownVariant, info: ResolveInfo) -> MoneyAmount | None:
        """The crossed-out price."""
        minor = root.row.compare_at_minor
        return None if minor is None else show_money(info, minor)

    def resolve_available(root: ShownVariant, info: ResolveInfo) -> bool:
        """Whether it can be bought now."""
        return root.row.is_active and root.stock.get(root.row.id).available > 0

    def resolve_available_quantity(root: ShownVariant, info: ResolveInfo) -> int:
        """How many can be bought now."""
        return max(root.stock.get(root.row.id).available, 0) if root.row.is_active else 0


@register_node(ShownProduct)
class Product(graphene.ObjectType):
    """Something sold in one or more variants."""

    class Meta:
        interfaces = (Node,)

    name = graphene.String(required=True)
    slug = graphene.String(required=True)
    category = graphene.Field(Category)
    variants = graphene.List(graphene.NonNull(Variant), required=True)
    badges = graphene.List(graphene.NonNull(PromotionBadge), required=True)

    def resolve_id(root: ShownProduct, info: ResolveInfo) -> str:
        """Global id."""
        return to_global_id("Product", root.row.id)

    def resolve_name(root: ShownProduct, info: ResolveInfo) -> str:
        """As the merchant wrote it."""
        return root.row.name

    def resolve_slug(root: ShownProduct, info: ResolveInfo) -> str:
        """For addresses."""
        return root.row.slug

    def resolve_category(root: ShownProduct, info: ResolveInfo) -> CategoryRow | None:
        """Where it stands."""
        return root.row.category

    def resolve_variants(root: ShownProduct, info: ResolveInfo) -> list[ShownVariant]:
        """In the merchant's order."""
        return [ShownVariant(variant, root.row.name, root.stock) for variant in root.row.variants]

    def resolve_badges(root: ShownProduct, info: ResolveInfo) -> list[Badge]:
        """The live promotions that concern it."""
        return get_badges(get_context(info), root.row, root.stock.get)


class ProductSort(graphene.Enum):
    """Orders of a product list. Without one: by relevance where something is searched for, else by name."""

    NAME = "NAME"
    PRICE_ASC = "PRICE_ASC"
    PRICE_DESC = "PRICE_DESC"
    NEWEST = "NEWEST"


ProductConnection = make_connection(Product)


class CatalogQueries(graphene.ObjectType):
    """Root fields of the catalog."""

    products = graphene.NonNull(
        ProductConnection,
        first=graphene.Int(),
        after=graphene.String(),
        last=graphene.Int(),
        before=graphene.String(),
        search=graphene.String(),
        category=graphene.String(description="A category's path; what lies below it is included."),
        sort=ProductSort(),
    )
    product = graphene.Field(Product, id=graphene.ID(), slug=graphene.String())

    def resolve_products(root: Any, info: ResolveInfo, sort: Any = None, **arguments: Any) -> Any:
        """A page of products, at most 100."""
        _check_length("search", arguments.get("search"), MAX_SEARCH_LENGTH)
        _check_length("category", arguments.get("category"), MAX_PATH_LENGTH)
        page = list_products(**arguments, sort=Sort(sort.value) if sort else None)
        shown = iter(show_products(page.items))
        return to_connection(page, lambda _row: next(shown))

    def resolve_product(root: Any, info: ResolveInfo, id: str | None = None, slug: str | None = None) -> Any:
        """One product by id or by slug."""
        if (id is None) == (slug is None):
            raise InvalidInput(_("Give either an id or a slug."), field=["id"])
        if id is None:
            _check_length("slug", slug, MAX_SLUG_LENGTH)
            return _show_product(get_product(slug=slug))
        product_id = from_global_id(id, "Product")
        return find_product(product_id) if product_id else None


def find_product(product_id: UUID) -> ShownProduct | None:
    """A product on sale by its key."""
    return _show_product(get_product(product_id=product_id))


def find_variant(variant_id: UUID) -> ShownVariant | None:
    """A variant on sale by its key."""
    row = get_variants(ids=[variant_id]).get(variant_id)
    return ShownVariant(row, row.product_name, Stock([variant_id])) if row and row.is_active else None


def _check_length(argument: str, text: str | None, most: int) -> None:
    """Refuse what nothing can match before anything has to read it."""
    if text and len(text) > most:
        raise InvalidInput(_("Give at most %(count)d characters.") % {"count": most}, field=[argument])


def _show_product(row: ProductRow | None) -> ShownProduct | None:
    return show_products([row])[0] if row else None
