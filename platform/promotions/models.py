"""Rule storage: one JSON document of the engine per promotion, and the version of the live rule set."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from kernel.ids import new_id


class Promotion(models.Model):
    """A rule. `document` is what the engine reads; its `id` is this row's key as text."""

    class Status(models.TextChoices):
        """Whether carts are priced with it."""

        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")
        ENDED = "ended", _("Ended")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    document = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=["draft", "live", "ended"]), name="promotion_status_known"),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(status="live"), name="promotion_live")]

    def __str__(self) -> str:
        return self.name


class RulesetVersion(models.Model):
    """One row a shop: the number that rises with every change of what is live, and the shop's conflict policy."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    version = models.BigIntegerField(default=0, db_default=0)
    policy = models.JSONField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="ruleset_version_one_row")]

    def __str__(self) -> str:
        return str(self.version)
