"""Carts and what is done with them before they become orders."""

from typing import Any
from uuid import UUID

import graphene
from checkout.errors import CartNotFound
from checkout.pricing import PricedCart
from checkout.selectors import get_cart_id_of_line
from checkout.services import create_cart, quote_cart, remember_shown, set_coupons, set_lines
from checkout.types import Applied, LineInput, PricedLine, Skipped
from django.utils.translation import gettext as _
from graphene import ResolveInfo
from graphene.types.resolver import attr_resolver
from kernel.ids import from_global_id, to_global_id

from storefront_api.mutations import mutate, mutate_once
from storefront_api.schema.base import Money, MoneyAmount, Node, register_node, show_money, user_errors
from storefront_api.schema.catalog import ShownVariant, Stock, Variant
from storefront_api.schema.context import Context, get_context


class ShownLine:
    """A cart's line with the stock of the cart."""

    __slots__ = ("row", "stock")

    def __init__(self, row: PricedLine, stock: Stock) -> None:
        self.row = row
        self.stock = stock


class SkipReason(graphene.Enum):
    """Why a promotion gave nothing."""

    SCHEDULE = "SCHEDULE"
    NO_COUPON = "NO_COUPON"
    NOT_MET = "NOT_MET"
    LIMIT = "LIMIT"
    OUTBID = "OUTBID"
    EXCLUDED = "EXCLUDED"
    NO_UNITS = "NO_UNITS"
    NO_EFFECT = "NO_EFFECT"
    FLOOR = "FLOOR"
    CAP = "CAP"


class Gap(graphene.ObjectType):
    """What is missing: minor units of money for `subtotal` and `member.spent`, else a number."""

    class Meta:
        default_resolver = attr_resolver

    fact = graphene.String(required=True)
    missing = graphene.Int(required=True)

    def resolve_missing(root: Any, info: ResolveInfo) -> int:
        """Held to what GraphQL's Int can say."""
        missing: int = root.missing
        return min(missing, 2**31 - 1)


@register_node(ShownLine)
class CartLine(graphene.ObjectType):
    """One variant in a cart; `total` is after every discount."""

    class Meta:
        interfaces = (Node,)

    variant = graphene.NonNull(Variant)
    quantity = graphene.Int(required=True)
    unit_price = graphene.NonNull(Money)
    subtotal = graphene.NonNull(Money)
    total = graphene.NonNull(Money)

    def resolve_id(root: ShownLine, info: ResolveInfo) -> str:
        """Global id."""
        return to_global_id("CartLine", root.row.id)

    def resolve_variant(root: ShownLine, info: ResolveInfo) -> ShownVariant:
        """What it holds."""
        return ShownVariant(root.row.variant, root.row.variant.product_name, root.stock)

    def resolve_quantity(root: ShownLine, info: ResolveInfo) -> int:
        """How many."""
        return root.row.quantity

    def resolve_unit_price(root: ShownLine, info: ResolveInfo) -> MoneyAmount:
        """Before discounts."""
        return show_money(info, root.row.unit_price_minor)

    def resolve_subtotal(root: ShownLine, info: ResolveInfo) -> MoneyAmount:
        """Before discounts."""
        return show_money(info, root.row.subtotal_minor)

    def resolve_total(root: ShownLine, info: ResolveInfo) -> MoneyAmount:
        """After discounts."""
        return show_money(info, root.row.total_minor)


class AppliedPromotion(graphene.ObjectType):
    """A promotion that gave something; `code` is the coupon that opened it."""

    promotion_id = graphene.ID(required=True)
    name = graphene.String(required=True)
    amount = graphene.NonNull(Money)
    times = graphene.Int(required=True)
    code = graphene.String()

    def resolve_promotion_id(root: Applied, info: ResolveInfo) -> str:
        """Global id."""
        return to_global_id("Promotion", root.promotion_id)

    def resolve_amount(root: Applied, info: ResolveInfo) -> MoneyAmount:
        """What it took off."""
        return show_money(info, root.amount_minor)


class SkippedPromotion(graphene.ObjectType):
    """A live promotion that gave nothing. One that a code opens is named only where the code was presented."""

    promotion_id = graphene.ID(required=True)
    name = graphene.String(required=True)
    reason = graphene.NonNull(SkipReason)
    gap = graphene.Field(Gap)

    def resolve_promotion_id(root: Skipped, info: ResolveInfo) -> str:
        """Global id."""
        return to_global_id("Promotion", root.promotion_id)


class CartCoupon(graphene.ObjectType):
    """A code that was presented."""

    code = graphene.String(required=True)
    applied = graphene.Boolean(required=True)
    reason = graphene.Field(SkipReason)


@register_node(PricedCart)
class Cart(graphene.ObjectType):
    """A cart at the present prices and promotions."""

    class Meta:
        interfaces = (Node,)

    lines = graphene.List(graphene.NonNull(CartLine), required=True)
    subtotal = graphene.NonNull(Money)
    discount = graphene.NonNull(Money)
    total = graphene.NonNull(Money)
    applied = graphene.List(graphene.NonNull(AppliedPromotion), required=True)
    skipped = graphene.List(graphene.NonNull(SkippedPromotion), required=True)
    coupons = graphene.List(graphene.NonNull(CartCoupon), required=True)

    def resolve_id(root: PricedCart, info: ResolveInfo) -> str:
        """Global id, and the capability that opens a cart without a member."""
        return to_global_id("Cart", root.id)

    def resolve_lines(root: PricedCart, info: ResolveInfo) -> list[ShownLine]:
        """The oldest first."""
        stock = Stock(line.variant.id for line in root.lines)
        return [ShownLine(line, stock) for line in root.lines]

    def resolve_subtotal(root: PricedCart, info: ResolveInfo) -> MoneyAmount:
        """Before discounts."""
        return show_money(info, root.subtotal_minor)

    def resolve_discount(root: PricedCart, info: ResolveInfo) -> MoneyAmount:
        """All discounts together."""
        return show_money(info, root.discount_minor)

    def resolve_total(root: PricedCart, info: ResolveInfo) -> MoneyAmount:
        """What is to be paid; from now on what the customer has seen."""
        remember_shown(priced=root, now=get_context(info).now)
        return show_money(info, root.total_minor)


class Channel(graphene.Enum):
    """Where the customer buys."""

    ONLINE = "online"


class CartLineInput(graphene.InputObjectType):
    """How many of a SKU."""

    sku = graphene.String(required=True)
    quantity = graphene.Int(required=True)


class CartCreateInput(graphene.InputObjectType):
    """A new cart."""

    lines = graphene.List(graphene.NonNull(CartLineInput), required=True, default_value=[])
    channel = Channel(default_value="online")
    idempotency_key = graphene.String()


class CartLinesSetInput(graphene.InputObjectType):
    """Quantities of SKUs; 0 takes a SKU out, SKUs not named stay."""

    cart_id = graphene.ID(required=True)
    lines = graphene.List(graphene.NonNull(CartLineInput), required=True)


class CartCouponsSetInput(graphene.InputObjectType):
    """The codes to present, in place of those before."""

    cart_id = graphene.ID(required=True)
    codes = graphene.List(graphene.NonNull(graphene.String), required=True)


class CartPayload(graphene.ObjectType):
    """The cart after a mutation; null where it was refused."""

    cart = graphene.Field(Cart)
    user_errors = user_errors()


def read_cart_id(global_id: str) -> UUID:
    """The key of a cart. Raises `CartNotFound`."""
    cart_id = from_global_id(global_id, "Cart")
    if cart_id is None:
        raise CartNotFound(_("There is no such cart."), field=["cartId"])
    return cart_id


def find_cart(context: Context, cart_id: UUID) -> PricedCart | None:
    """The cart at the present price if the caller may open it."""
    try:
        return quote_cart(
            cart_id=cart_id, token=context.caller.token, shop=context.shop, now=context.now, is_shown=False
        )
    except CartNotFound:
        return None


def find_cart_line(context: Context, line_id: UUID) -> ShownLine | None:
    """A line of a cart that the caller may open."""
    cart_id = get_cart_id_of_line(line_id=line_id)
    cart = find_cart(context, cart_id) if cart_id else None
    if cart is None:
        return None
    stock = Stock(line.variant.id for line in cart.lines)
    return next((ShownLine(line, stock) for line in cart.lines if line.id == line_id), None)


class CartQueries(graphene.ObjectType):
    """Root field of carts."""

    cart = graphene.Field(Cart, id=graphene.ID(required=True))

    def resolve_cart(root: Any, info: ResolveInfo, id: str) -> PricedCart | None:
        """A cart that the caller may open."""
        cart_id = from_global_id(id, "Cart")
        return find_cart(get_context(info), cart_id) if cart_id else None


class CartMutations(graphene.ObjectType):
    """What is done with carts."""

    cart_create = graphene.NonNull(CartPayload, input=CartCreateInput(required=True))
    cart_lines_set = graphene.NonNull(CartPayload, input=CartLinesSetInput(required=True))
    cart_coupons_set = graphene.NonNull(CartPayload, input=CartCouponsSetInput(required=True))

    def resolve_cart_create(root: Any, info: ResolveInfo, input: Any) -> dict[str, Any]:
        """Make a cart."""
        context = get_context(info)
        caller = context.caller

        def again(answer: dict[str, Any]) -> PricedCart:
            cart_id = UUID(answer["cart"])
            return quote_cart(cart_id=cart_id, token=caller.token, shop=context.shop, now=context.now)

        return mutate_once(
            "cart",
            context,
            input,
            mutation="cartCreate",
            scope=caller.idempotency_scope(),
            work=lambda: create_cart(
                lines=_read_lines(input),
                channel=_value(input.channel or Channel.ONLINE),
                token=caller.token,
                shop=context.shop,
                now=context.now,
            ),
            remember=lambda cart: {"cart": str(cart.id)},
            again=again,
        )

    def resolve_cart_lines_set(root: Any, info: ResolveInfo, input: Any) -> dict[str, Any]:
        """Set quantities."""
        context = get_context(info)
        return mutate(
            "cart",
            lambda: set_lines(
                cart_id=read_cart_id(input.cart_id),
                lines=_read_lines(input),
                token=context.caller.token,
                shop=context.shop,
                now=context.now,
            ),
        )

    def resolve_cart_coupons_set(root: Any, info: ResolveInfo, input: Any) -> dict[str, Any]:
        """Present codes."""
        context = get_context(info)
        return mutate(
            "cart",
            lambda: set_coupons(
                cart_id=read_cart_id(input.cart_id),
                codes=input.codes,
                token=context.caller.token,
                shop=context.shop,
                now=context.now,
            ),
        )


def _read_lines(input: Any) -> list[LineInput]:
    return [LineInput(line.sku, line.quantity) for line in input.lines]


def _value(choice: Any) -> str:
    value: str = getattr(choice, "value", choice)
    return value
