"""Batches, coupons, their history, and who may see which."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from kernel.ids import new_id
from kernel.times import in_range

MAX_VALID_DAYS = 3_650


class Batch(models.Model):
    """What a merchant defines once and members claim: `total` coupons of one promotion."""

    class Status(models.TextChoices):
        """Whether it can be claimed; coupons already issued stay valid either way."""

        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=100)
    promotion = models.OneToOneField("promotions.Promotion", on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    total = models.PositiveIntegerField()
    issued = models.PositiveIntegerField(default=0, db_default=0)
    per_member_limit = models.PositiveSmallIntegerField(default=1, db_default=1)
    claim_from = models.DateTimeField(null=True)
    claim_until = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    valid_days = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(issued__lte=F("total")), name="batch_never_over_issued"),
            models.CheckConstraint(condition=Q(total__gte=1, per_member_limit__gte=1), name="batch_counts_positive"),
            models.CheckConstraint(
                condition=Q(valid_until=None, valid_days__gte=1) | Q(valid_until__isnull=False, valid_days=None),
                name="batch_validity_fixed_or_days",
            ),
            models.CheckConstraint(
                condition=Q(claim_from=None) | Q(claim_until=None) | Q(claim_from__lt=F("claim_until")),
                name="batch_claim_window_in_order",
            ),
            models.CheckConstraint(condition=Q(status__in=["active", "paused"]), name="batch_status_known"),
            models.CheckConstraint(
                condition=in_range("claim_from", "claim_until", "valid_until"), name="batch_instants_in_range"
            ),
            models.CheckConstraint(condition=Q(valid_days__lte=MAX_VALID_DAYS), name="batch_valid_days_in_range"),
        ]
        indexes = [models.Index(fields=["created_at", "id"], name="batch_by_created")]

    def __str__(self) -> str:
        return self.name


class Coupon(models.Model):
    """One coupon of a member. `slot` counts a member's coupons of a batch from 1, which enforces the limit."""

    class Status(models.TextChoices):
        """Issued, locked by a checkout, used up, past its date, or taken back."""

        ISSUED = "issued", _("Usable")
        LOCKED = "locked", _("In checkout")
        REDEEMED = "redeemed", _("Used")
        EXPIRED = "expired", _("Expired")
        VOID = "void", _("Withdrawn")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="coupons")
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="+")
    slot = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=16, unique=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.ISSUED)
    issued_at = models.DateTimeField()
    valid_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "batch", "slot"], name="coupon_slot_once"),
            models.CheckConstraint(condition=Q(slot__gte=1), name="coupon_slot_positive"),
            models.CheckConstraint(
                condition=Q(status__in=["issued", "locked", "redeemed", "expired", "void"]), name="coupon_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["batch", "issued_at", "id"], name="coupon_of_batch"),
            models.Index(fields=["valid_until"], condition=Q(status="issued"), name="coupon_to_expire"),
            models.Index(fields=["batch"], condition=Q(status="redeemed"), name="coupon_redeemed_of_batch"),
        ]

    def __str__(self) -> str:
        return self.code


class CouponEvent(models.Model):
    """One change of a coupon's state; append-only. `status` is the state entered."""

    id = models.BigAutoField(primary_key=True)
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="events")
    status = models.CharField(max_length=10, choices=Coupon.Status)
    reference = models.TextField(default="", db_default="")
    actor = models.TextField(default="", db_default="")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.coupon_id} {self.status}"


class CouponAccess(models.Model):
    """A coupon that an unverified token may see and use, because that token claimed it or joined by its link."""

    id = models.BigAutoField(primary_key=True)
    token = models.ForeignKey("members.MemberToken", on_delete=models.CASCADE, related_name="+")
    coupon = models.ForeignKey(Coupon, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "coupon"], name="coupon_access_once")]

    def __str__(self) -> str:
        return f"{self.token_id} sees {self.coupon_id}"
