"""Orders and checkout."""

from typing import Any
from uuid import UUID

import graphene
from checkout.errors import OrderNotFound
from checkout.selectors import get_order_for_customer
from checkout.services import complete_checkout
from checkout.types import OrderLineRow, OrderRow
from django.utils.translation import gettext as _
from graphene import ResolveInfo
from kernel.ids import to_global_id

from storefront_api.mutations import mutate_once
from storefront_api.schema.base import Money, MoneyAmount, Node, register_node, show_money, user_errors
from storefront_api.schema.cart import read_cart_id
from storefront_api.schema.context import get_context


class OrderStatus(graphene.Enum):
    """Where an order stands."""

    PLACED = "placed"
    PAID = "paid"
    FULFILLED = "fulfilled"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


class OrderLine(graphene.ObjectType):
    """One variant of an order, as it was; `total` is after every discount."""

    sku = graphene.String(required=True)
    name = graphene.String(required=True)
    quantity = graphene.Int(required=True)
    unit_price = graphene.NonNull(Money)
    total = graphene.NonNull(Money)

    def resolve_unit_price(root: OrderLineRow, info: ResolveInfo) -> MoneyAmount:
        """Before discounts."""
        return show_money(info, root.unit_price_minor)

    def resolve_total(root: OrderLineRow, info: ResolveInfo) -> MoneyAmount:
        """After discounts."""
        return show_money(info, root.total_minor)


@register_node(OrderRow)
class Order(graphene.ObjectType):
    """What was sold, at the prices of that moment."""

    class Meta:
        interfaces = (Node,)

    number = graphene.String(required=True)
    status = graphene.NonNull(OrderStatus)
    lines = graphene.List(graphene.NonNull(OrderLine), required=True)
    subtotal = graphene.NonNull(Money)
    discount = graphene.NonNull(Money)
    total = graphene.NonNull(Money)
    created_at = graphene.DateTime(required=True)

    def resolve_id(root: OrderRow, info: ResolveInfo) -> str:
        """Global id."""
        return to_global_id("Order", root.id)

    def resolve_subtotal(root: OrderRow, info: ResolveInfo) -> MoneyAmount:
        """Before discounts."""
        return show_money(info, root.subtotal_minor)

    def resolve_discount(root: OrderRow, info: ResolveInfo) -> MoneyAmount:
        """All discounts together."""
        return show_money(info, root.discount_minor)

    def resolve_total(root: OrderRow, info: ResolveInfo) -> MoneyAmount:
        """What is to be paid, or was."""
        return show_money(info, root.total_minor)

    def resolve_created_at(root: OrderRow, info: ResolveInfo) -> Any:
        """In UTC."""
        return root.placed_at


class PaymentMethod(graphene.Enum):
    """How the customer pays. OFFLINE: at the counter; staff marks the order paid."""

    OFFLINE = "offline"


class PaymentInput(graphene.InputObjectType):
    """How the customer pays."""

    method = PaymentMethod(required=True)


class CheckoutCompleteInput(graphene.InputObjectType):
    """A cart to be ordered at the price last shown."""

    cart_id = graphene.ID(required=True)
    idempotency_key = graphene.String(required=True)
    payment = PaymentInput(required=True)


class OrderPayload(graphene.ObjectType):
    """The order; null where checkout was refused."""

    order = graphene.Field(Order)
    user_errors = user_errors()


class OrderMutations(graphene.ObjectType):
    """Checkout."""

    checkout_complete = graphene.NonNull(OrderPayload, input=CheckoutCompleteInput(required=True))

    def resolve_checkout_complete(root: Any, info: ResolveInfo, input: Any) -> dict[str, Any]:
        """Make an order of a cart, or nothing."""
        context = get_context(info)
        caller = context.caller

        def again(answer: dict[str, Any]) -> OrderRow:
            order = get_order_for_customer(order_id=UUID(answer["order"]), token=caller.token)
            if order is None:
                raise OrderNotFound(_("There is no such order."), field=["cartId"])
            return order

        return mutate_once(
            "order",
            context,
            input,
            mutation="checkoutComplete",
            scope=lambda: caller.idempotency_scope(read_cart_id(input.cart_id)),
            work=lambda: complete_checkout(
                cart_id=read_cart_id(input.cart_id),
                token=caller.token,
                payment_method=input.payment.method.value,
                shop=context.shop,
                now=context.now,
            ),
            remember=lambda order: {"order": str(order.id)},
            again=again,
        )
