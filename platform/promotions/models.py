"""Rule storage: promotions, the versions of their documents, the numbered rule sets these make up, and their use."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from kernel.ids import new_id


class Promotion(models.Model):
    """A rule that lives through its versions. `version` is the number of the one that stands: the live one, else the
    last one that was live, else the draft."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=100)
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class PromotionVersion(models.Model):
    """A document of a promotion, as the engine reads it; its `id` is the promotion's key as text.

    Part of the rule sets numbered `since_version` up to, not including, `until_version`. Only a draft may change: a
    trigger keeps what is or was live as it is.
    """

    class Status(models.TextChoices):
        """Whether carts are priced with it. Scheduled is live with a schedule that has not begun."""

        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")
        ENDED = "ended", _("Ended")

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status)
    document = models.JSONField()
    is_limited = models.BooleanField()
    since_version = models.BigIntegerField(null=True)
    until_version = models.BigIntegerField(null=True)
    actor = models.TextField(default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())
    live_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["promotion", "number"], name="promotion_version_once"),
            models.UniqueConstraint(fields=["promotion"], condition=Q(status="live"), name="promotion_one_live"),
            models.UniqueConstraint(fields=["promotion"], condition=Q(status="draft"), name="promotion_one_draft"),
            models.CheckConstraint(
                condition=Q(status="draft", since_version=None, until_version=None)
                | Q(status="live", since_version__isnull=False, until_version=None)
                | Q(status="ended", since_version=None, until_version=None)  # stored as ended, for the record
                | Q(status="ended", since_version__lt=F("until_version")),
                name="promotion_version_in_its_rule_sets",
            ),
        ]
        indexes = [
            models.Index(fields=["since_version", "until_version"], name="promotion_version_in_rules"),
            models.Index(fields=["since_version"], condition=Q(is_limited=True), name="promotion_version_limited"),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id} #{self.number}"


class PromotionUse(models.Model):
    """How often a promotion was given and how much it took off: in all (scope ""), for a member (`member:<id>`), on
    a local day (`day:<date>`). `max_…` are the limits that held at the last use."""

    id = models.BigAutoField(primary_key=True)
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="+")
    scope = models.CharField(max_length=50)
    orders = models.PositiveIntegerField()
    discount_minor = models.BigIntegerField()
    max_orders = models.BigIntegerField(null=True)
    max_discount_minor = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["promotion", "scope"], name="promotion_use_once"),
            models.CheckConstraint(
                condition=Q(max_orders=None) | Q(orders__lte=F("max_orders")), name="promotion_use_within_orders"
            ),
            models.CheckConstraint(
                condition=Q(max_discount_minor=None) | Q(discount_minor__lte=F("max_discount_minor")),
                name="promotion_use_within_budget",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id} {self.scope}: {self.orders}"


class RulesetVersion(models.Model):
    """One row a shop: the number that rises with every change of what is live, and the shop's conflict policy."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    version = models.BigIntegerField(default=0, db_default=0)
    policy = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="ruleset_version_one_row"),
        ]

    def __str__(self) -> str:
        return str(self.version)


class RulesetChange(models.Model):
    """A number that the rule set has had, and the policy then: with the promotions' versions, every rule set that any
    cart was priced with. Append-only."""

    version = models.BigIntegerField(primary_key=True)
    policy = models.JSONField(null=True)
    actor = models.TextField(default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.version)
