"""Categories, products and variants."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from kernel.ids import new_id


class Category(models.Model):
    """A node of the category tree; `path` joins the slugs from the root with `/` and is unique."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=200, allow_unicode=True, db_index=False)
    path = models.TextField(unique=True)
    position = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        indexes = [models.Index(OpClass("path", name="text_pattern_ops"), name="category_path_prefix")]

    def __str__(self) -> str:
        return self.path


class Product(models.Model):
    """Something sold in one or more variants. `price_from_minor` and `search_text` follow the variants."""

    class Status(models.TextChoices):
        """Whether storefronts show it."""

        ACTIVE = "active", _("Active")
        ARCHIVED = "archived", _("Archived")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, related_name="products")
    name = models.CharField(max_length=300)
    slug = models.SlugField(max_length=300, allow_unicode=True, unique=True)
    brand = models.CharField(max_length=100, blank=True, default="", db_default="")
    tags = ArrayField(models.CharField(max_length=50), default=list, db_default=[])
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    price_from_minor = models.BigIntegerField(default=0, db_default=0)
    search_text = models.TextField(default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=["active", "archived"]), name="product_status_known"),
            models.CheckConstraint(condition=Q(price_from_minor__gte=0), name="product_price_from_not_negative"),
        ]
        indexes = [
            # One keyset order each; the id breaks ties. The console lists archived products too, by name.
            models.Index(fields=["name", "id"], name="product_by_name"),
            models.Index(fields=["price_from_minor", "id"], condition=Q(status="active"), name="product_by_price"),
            models.Index(fields=["created_at", "id"], condition=Q(status="active"), name="product_by_newest"),
            models.Index(fields=["category", "name", "id"], name="product_by_category"),
            GinIndex(OpClass("search_text", name="gin_trgm_ops"), name="product_search"),
        ]

    def __str__(self) -> str:
        return self.name


class Variant(models.Model):
    """What is priced, stocked and bought: one SKU. Money is in the shop's minor units, tax included."""

    class Unit(models.TextChoices):
        """How it is counted."""

        PIECE = "piece", _("Piece")
        WEIGHT = "weight", _("By weight")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="variants")
    sku = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200, blank=True, default="", db_default="")
    barcode = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 - absent barcodes are not equal
    options = models.JSONField(default=dict, db_default={})
    unit = models.CharField(max_length=10, choices=Unit, default=Unit.PIECE, db_default="piece")
    price_minor = models.BigIntegerField()
    compare_at_minor = models.BigIntegerField(null=True)
    tax_rate_bp = models.PositiveIntegerField(default=0, db_default=0)
    position = models.PositiveIntegerField(default=0, db_default=0)
    is_active = models.BooleanField(default=True, db_default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="variant_price_not_negative"),
            models.CheckConstraint(
                condition=Q(compare_at_minor=None) | Q(compare_at_minor__gt=models.F("price_minor")),
                name="variant_compare_at_above_price",
            ),
            models.CheckConstraint(condition=Q(unit__in=["piece", "weight"]), name="variant_unit_known"),
        ]
        indexes = [models.Index(fields=["product", "position", "id"], name="variant_of_product")]

    def __str__(self) -> str:
        return self.sku
