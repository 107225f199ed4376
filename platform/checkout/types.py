"""What checkout takes from and hands to its callers. Money is in minor units of the shop's currency."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from catalog.types import VariantRow


class ShopSettings(Protocol):
    """What checkout needs to know of the shop."""

    @property
    def currency(self) -> str: ...

    @property
    def time_zone(self) -> str: ...


@dataclass(frozen=True, slots=True)
class LineInput:
    """How many of a SKU a cart shall hold; 0 takes it out where lines are set."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class CartRow:
    """A cart that its caller may open."""

    id: UUID
    member_id: UUID | None
    token_id: int | None
    channel: str
    coupon_codes: list[str]
    shown_total_minor: int | None
    shown_at: datetime | None
    shown_version: int | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class CartLineRow:
    """A line before pricing."""

    id: UUID
    variant_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line of a priced cart; `total_minor` is after every discount."""

    id: UUID
    variant: VariantRow
    quantity: int
    unit_price_minor: int
    subtotal_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class Applied:
    """A promotion that the quote applied; `code` is the member's coupon that opened it."""

    promotion_id: UUID
    name: str
    amount_minor: int
    times: int
    code: str | None


@dataclass(frozen=True, slots=True)
class Gap:
    """How much of a fact is missing, in the unit of the fact."""

    fact: str
    missing: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A live promotion that the quote did not apply: the engine's reason, and how far the cart is from it."""

    promotion_id: UUID
    name: str
    reason: str
    gap: Gap | None


@dataclass(frozen=True, slots=True)
class CouponUse:
    """A code that the customer presented; `reason` is the engine's, where it is not applied."""

    code: str
    applied: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class OrderLineRow:
    """A line of an order; `total_minor` is after every discount."""

    sku: str
    name: str
    quantity: int
    unit_price_minor: int
    subtotal_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order with its lines."""

    id: UUID
    number: int
    status: str
    member_id: UUID | None
    currency: str
    subtotal_minor: int
    discount_minor: int
    shipping_minor: int
    total_minor: int
    placed_at: datetime
    lines: tuple[OrderLineRow, ...]


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """An order in a list."""

    id: UUID
    number: int
    status: str
    channel: str
    currency: str
    total_minor: int
    placed_at: datetime
    line_count: int
