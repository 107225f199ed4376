"""Join links and joins."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from kernel.ids import new_id
from kernel.times import in_range


class JoinLink(models.Model):
    """What a printed code points at: `/j/<code>`. It may carry a coupon, and says from where people came.

    Only one that is `on_front_page` is shown to whoever opens the shop's address; others are for those who were told.
    """

    class Status(models.TextChoices):
        """Whether people can join by it."""

        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    batch = models.ForeignKey("coupons.Batch", on_delete=models.PROTECT, null=True, related_name="+")
    channel = models.CharField(max_length=40, blank=True, default="", db_default="")
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    opens_at = models.DateTimeField(null=True)
    closes_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    on_front_page = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(opens_at=None) | Q(closes_at=None) | Q(opens_at__lt=F("closes_at")),
                name="join_link_window_in_order",
            ),
            models.CheckConstraint(condition=Q(status__in=["open", "closed"]), name="join_link_status_known"),
            models.CheckConstraint(condition=in_range("opens_at", "closes_at"), name="join_link_instants_in_range"),
        ]
        indexes = [models.Index(fields=["created_at", "id"], name="join_link_by_created")]

    def __str__(self) -> str:
        return self.code


class Join(models.Model):
    """A member came by a link: the channel count is a row, not a hot counter. Append-only."""

    id = models.BigAutoField(primary_key=True)
    link = models.ForeignKey(JoinLink, on_delete=models.PROTECT, related_name="joins")
    member = models.ForeignKey("members.Member", on_delete=models.PROTECT, related_name="+")
    coupon = models.ForeignKey("coupons.Coupon", on_delete=models.PROTECT, null=True, related_name="+")
    is_new_member = models.BooleanField()
    consent_version = models.CharField(max_length=20)
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "member"], name="join_once")]
        indexes = [models.Index(fields=["link", "joined_at", "id"], name="join_of_link")]

    def __str__(self) -> str:
        return f"{self.member_id} by {self.link_id}"
