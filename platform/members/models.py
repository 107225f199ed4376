"""Members and their tokens."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from kernel.ids import new_id


class Member(models.Model):
    """A customer known to the shop. `orders` and `spent_minor` are counters written in each order's transaction."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    phone = models.CharField(max_length=16, null=True, unique=True)  # noqa: DJ001 - members without one are not equal
    external_ref = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 - as above
    name = models.CharField(max_length=100, blank=True, default="", db_default="")
    tier = models.CharField(max_length=40, blank=True, default="", db_default="")
    tags = ArrayField(models.CharField(max_length=50), default=list, db_default=[])
    birthday = models.CharField(max_length=5, blank=True, default="", db_default="", help_text="MM-DD")
    joined_at = models.DateTimeField(db_default=Now())
    orders = models.PositiveIntegerField(default=0, db_default=0)
    spent_minor = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(phone=None) | Q(phone__regex=r"^\+[1-9][0-9]{6,14}$"), name="member_phone_e164"
            ),
            models.CheckConstraint(condition=Q(spent_minor__gte=0), name="member_spent_not_negative"),
        ]
        indexes = [models.Index(fields=["joined_at", "id"], name="member_by_joined")]

    def __str__(self) -> str:
        return str(self.id)


class MemberToken(models.Model):
    """A bearer token. An unverified one (typed phone number, no proof) opens only what was done with it."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="tokens")
    token_hash = models.CharField(max_length=64, unique=True)
    is_verified = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="member_token_by_expiry")]

    def __str__(self) -> str:
        return f"token {self.id} of {self.member_id}"
