"""What the catalog takes from and hands to its callers. Money is in minor units of the shop's currency, with tax."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Literal
from uuid import UUID

ProductStatus = Literal["active", "archived"]


class Sort(Enum):
    """Orders of a product list. RELEVANCE, the default of a search, puts the best match first."""

    NAME = "NAME"
    PRICE_ASC = "PRICE_ASC"
    PRICE_DESC = "PRICE_DESC"
    NEWEST = "NEWEST"
    RELEVANCE = "RELEVANCE"


@dataclass(frozen=True, slots=True)
class VariantInput:
    """A variant as a merchant gives it. `compare_at_minor` is the crossed-out price, above `price_minor`."""

    sku: str
    price_minor: int
    name: str = ""
    compare_at_minor: int | None = None
    barcode: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProductInput:
    """A product as a merchant gives it, with every variant it is sold in.

    Without `slug` one is made from the name. `category_path` names an existing category.
    """

    name: str
    variants: Sequence[VariantInput]
    slug: str | None = None
    category_path: str | None = None
    brand: str = ""
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """A category; `path` joins the slugs from the root with `/`."""

    id: UUID
    name: str
    slug: str
    path: str


@dataclass(frozen=True, slots=True)
class ProductVariant:
    """A variant as part of its product."""

    id: UUID
    sku: str
    name: str
    barcode: str | None
    price_minor: int
    compare_at_minor: int | None
    options: Mapping[str, str]
    is_active: bool


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product with its variants in order. `categories` holds the paths of its category and of every ancestor."""

    id: UUID
    name: str
    slug: str
    brand: str
    tags: Sequence[str]
    status: ProductStatus
    price_from_minor: int
    created_at: datetime
    category: CategoryRow | None
    categories: Sequence[str]
    variants: Sequence[ProductVariant]


@dataclass(frozen=True, slots=True)
class VariantRow:
    """A variant with what carts and promotions need of its product. `is_active`: both can be sold."""

    id: UUID
    sku: str
    name: str
    barcode: str | None
    price_minor: int
    compare_at_minor: int | None
    product_id: UUID
    product_name: str
    product_slug: str
    categories: Sequence[str]
    brand: str
    tags: Sequence[str]
    is_active: bool
