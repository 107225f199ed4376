"""What came with the samples, and the checklist."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SampleRow(models.Model):
    """A row that putting the samples in made, so that taking them out finds exactly those."""

    class Kind(models.TextChoices):
        """Whose row it is."""

        PRODUCT = "product", _("Product")
        BATCH = "batch", _("Coupon")
        LINK = "link", _("Join link")

    kind = models.CharField(max_length=10, choices=Kind)
    object_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "object_id"], name="sample_row_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["product", "batch", "link"]), name="sample_row_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class Checklist(models.Model):
    """The one checklist of the shop; without a row it is shown."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    hidden_at = models.DateTimeField(null=True)
    sampled_at = models.DateTimeField(null=True)  # when samples were put in last; they may be out again

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="checklist_is_one")]

    def __str__(self) -> str:
        return "checklist"
