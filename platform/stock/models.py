"""Locations, balances and the ledger."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Location(models.Model):
    """A place that holds stock; every shop has `main`."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.code


class Balance(models.Model):
    """Stock of one variant at one location. `on_hand` is written by the ledger's trigger only."""

    id = models.BigAutoField(primary_key=True)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    variant = models.ForeignKey("catalog.Variant", on_delete=models.PROTECT, related_name="+")
    on_hand = models.IntegerField(default=0, db_default=0)
    reserved = models.IntegerField(default=0, db_default=0)
    unit_cost_minor = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["variant", "location"], name="balance_once"),
            models.CheckConstraint(condition=Q(reserved__gte=0), name="balance_reserved_not_negative"),
            models.CheckConstraint(condition=Q(on_hand__gte=F("reserved")), name="balance_covers_reserved"),
            models.CheckConstraint(
                condition=Q(unit_cost_minor=None) | Q(unit_cost_minor__gte=0), name="balance_cost_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} at {self.location_id}"


class Entry(models.Model):
    """One movement; append-only. `reference` names what caused it, e.g. an order's number."""

    class Kind(models.TextChoices):
        """Why stock moved."""

        OPENING = "opening", _("Opening stock")
        SALE = "sale", _("Sale")
        RETURN = "return", _("Return")
        ADJUSTMENT = "adjustment", _("Adjustment")

    id = models.BigAutoField(primary_key=True)
    balance = models.ForeignKey(Balance, on_delete=models.PROTECT, related_name="entries")
    quantity = models.IntegerField()
    kind = models.CharField(max_length=12, choices=Kind)
    reference = models.TextField(default="", db_default="")
    actor = models.TextField(default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(quantity=0), name="entry_moves_something"),
            models.CheckConstraint(
                condition=Q(kind__in=["opening", "sale", "return", "adjustment"]), name="entry_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity:+d} {self.kind}"
