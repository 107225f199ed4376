"""Public tables: no shop's table refers to them, they refer to no shop's table."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Shop(models.Model):
    """A merchant's shop. `schema_name` is also the name of its role; it is opaque and never changes."""

    class Access(models.TextChoices):
        """What the shop's people and customers may do; billing writes it, interfaces read it."""

        OPEN = "open", _("Open")
        READ_ONLY = "read_only", _("Read only")  # staff read and export, the storefront shows, no join or checkout
        SUSPENDED = "suspended", _("Suspended")  # the storefront is closed

    schema_name = models.CharField(max_length=63, unique=True)
    slug = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    access = models.CharField(max_length=10, choices=Access, default=Access.OPEN)
    language = models.CharField(max_length=10)
    currency = models.CharField(max_length=3)
    time_zone = models.CharField(max_length=50)
    phone_region = models.CharField(max_length=2)
    # Set by an operator's hand (`laxin shop suspend`): billing opens no shop that is closed so.
    closed_by_operator = models.CharField(max_length=10, choices=Access, default="", db_default="", blank=True)
    industry = models.CharField(max_length=20, default="", db_default="")
    # What the shop may use, written by billing alone and read through `tenants.entitlements`. No plan, no limits: shops
    # that an operator made by hand.
    plan = models.CharField(max_length=20, default="", db_default="")
    limits = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))  # of a resource: how many
    features = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    notice = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))  # for the console
    migration_error = models.TextField(default="", db_default="", blank=True)  # of `laxin migrate`, where it failed
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(schema_name__regex=r"^t_[0-9a-f]{16}$"), name="shop_schema_name_is_opaque"
            ),
            models.CheckConstraint(
                condition=models.Q(slug__regex=r"^[a-z0-9]([a-z0-9-]{1,38})[a-z0-9]$"), name="shop_slug_is_a_host_label"
            ),
            models.CheckConstraint(
                condition=models.Q(access__in=["open", "read_only", "suspended"]), name="shop_access_known"
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class ShopTemplate(models.Model):
    """The SQL script that makes a new shop's schema and the migrations that are in it; the newest row counts."""

    migrations = models.JSONField()  # a list of "app.name"
    script = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"template {self.pk}"


class ReadySchema(models.Model):
    """A schema with its role that waits for a shop; whoever deletes the row has it."""

    schema_name = models.CharField(max_length=63, unique=True)
    template = models.ForeignKey(ShopTemplate, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(schema_name__regex=r"^t_[0-9a-f]{16}$"), name="ready_schema_name_is_opaque"
            ),
        ]

    def __str__(self) -> str:
        return self.schema_name


class DeletedShop(models.Model):
    """What is left of a deleted shop: its address is not given to others for a while."""

    slug = models.CharField(max_length=40)
    schema_name = models.CharField(max_length=63, unique=True)
    deleted_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["slug"], name="deleted_shop_slug")]

    def __str__(self) -> str:
        return self.slug


class Domain(models.Model):
    """A host name of a shop's own. Several shops may ask for one, a single one proves that it is theirs."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="domains")
    host = models.CharField(max_length=253)
    token = models.CharField(max_length=64)  # what the DNS record or the file must contain
    verified_at = models.DateTimeField(null=True)
    is_primary = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(host__regex=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$"),
                name="domain_host_is_a_host",
            ),
            models.UniqueConstraint(fields=["shop", "host"], name="domain_once_a_shop"),
            models.UniqueConstraint(
                fields=["host"], condition=models.Q(verified_at__isnull=False), name="domain_of_one_shop"
            ),
            models.UniqueConstraint(fields=["shop"], condition=models.Q(is_primary=True), name="domain_primary_once"),
            models.CheckConstraint(
                condition=models.Q(is_primary=False) | models.Q(verified_at__isnull=False),
                name="domain_primary_is_verified",
            ),
        ]

    def __str__(self) -> str:
        return self.host
