"""Carts, orders and payments. Money is in minor units of the row's currency."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from kernel.ids import new_id


class Cart(models.Model):
    """A basket. Its id is its capability until a member's token binds it; `shown_*` is the quote last shown: its total,
    when it was made and by which of the shop's rule sets.

    `closed_at` is set by the order made of it: who waited for the row's lock sees it there, a join would be stale.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    member = models.ForeignKey("members.Member", on_delete=models.SET_NULL, null=True, related_name="+")
    token = models.ForeignKey("members.MemberToken", on_delete=models.SET_NULL, null=True, related_name="+")
    channel = models.CharField(max_length=20, default="online", db_default="online")
    coupon_codes = ArrayField(models.CharField(max_length=64), default=list, db_default=[])
    shown_total_minor = models.BigIntegerField(null=True)
    shown_at = models.DateTimeField(null=True)
    shown_version = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        # Not by `updated_at`: every change of a cart would write the index too.
        indexes = [models.Index(fields=["created_at"], condition=Q(closed_at=None), name="cart_open_by_created")]

    def __str__(self) -> str:
        return str(self.id)


class CartLine(models.Model):
    """One variant in a cart."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey("catalog.Variant", on_delete=models.CASCADE, related_name="+")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cart", "variant"], name="cart_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="cart_line_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.variant_id}"


class Order(models.Model):
    """What was sold, at the prices of `quote` (the engine's JSON) by the rule set `rules_version`.

    Imported orders have `external_ref` and no cart.
    """

    class Status(models.TextChoices):
        """Where the order stands."""

        PLACED = "placed", _("Placed")
        PAID = "paid", _("Paid")
        FULFILLED = "fulfilled", _("Fulfilled")
        REFUNDED = "refunded", _("Refunded")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.BigIntegerField(unique=True)
    cart = models.OneToOneField(Cart, on_delete=models.PROTECT, null=True, related_name="order")
    external_ref = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 - own orders have none
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, null=True, related_name="+")
    token = models.ForeignKey("members.MemberToken", on_delete=models.SET_NULL, null=True, related_name="+")
    channel = models.CharField(max_length=20, default="online", db_default="online")
    status = models.CharField(max_length=10, choices=Status, default=Status.PLACED)
    currency = models.CharField(max_length=3)
    subtotal_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField()
    shipping_minor = models.BigIntegerField(default=0, db_default=0)
    total_minor = models.BigIntegerField()
    quote = models.JSONField(null=True)
    rules_version = models.BigIntegerField(null=True)
    placed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(subtotal_minor__gte=0, discount_minor__gte=0, shipping_minor__gte=0, total_minor__gte=0),
                name="order_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["placed", "paid", "fulfilled", "refunded", "cancelled"]),
                name="order_status_known",
            ),
        ]
        indexes = [
            models.Index(fields=["placed_at", "id"], name="order_by_placed"),
            models.Index(fields=["status", "placed_at", "id"], name="order_by_status"),
            models.Index(fields=["member", "placed_at"], name="order_of_member"),
        ]

    def __str__(self) -> str:
        return str(self.number)


class OrderLine(models.Model):
    """One variant of an order; `total_minor` is after every discount. Name and cost are kept as they were."""

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=500)
    quantity = models.PositiveIntegerField()
    unit_price_minor = models.BigIntegerField()
    subtotal_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    unit_cost_minor = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_position_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="order_line_quantity_positive"),
            models.CheckConstraint(
                condition=Q(total_minor__gte=0, total_minor__lte=F("subtotal_minor")), name="order_line_total_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"


class Payment(models.Model):
    """Money expected or received for an order. OFFLINE is settled by staff."""

    class Method(models.TextChoices):
        """How the customer pays."""

        OFFLINE = "offline", _("At the counter")

    class Status(models.TextChoices):
        """Whether the money is there."""

        PENDING = "pending", _("Pending")
        SETTLED = "settled", _("Settled")

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    method = models.CharField(max_length=10, choices=Method)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="payment_not_negative"),
            models.CheckConstraint(condition=Q(method__in=["offline"]), name="payment_method_known"),
            models.CheckConstraint(condition=Q(status__in=["pending", "settled"]), name="payment_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.amount_minor} {self.currency}"
