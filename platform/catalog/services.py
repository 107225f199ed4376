"""Writes of the catalog. A product's lowest price and search text follow its variants in the same transaction."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django.utils.translation import gettext as _
from kernel.errors import InvalidInput
from kernel.ids import new_id

from catalog.errors import BarcodeTaken, CategoryUnknown, ProductUnknown, SkuTaken, SlugTaken
from catalog.models import Category, Product, Variant
from catalog.text import build_search_text, make_slug
from catalog.types import ProductInput, VariantInput
from tenants.entitlements import check_allowance

NAME_LENGTH, SLUG_LENGTH, BRAND_LENGTH, TAG_LENGTH = 300, 300, 100, 50
SKU_LENGTH, VARIANT_NAME_LENGTH, CATEGORY_NAME_LENGTH = 64, 200, 200
MAX_PRICE_MINOR = 10**12
MAX_VARIANTS = 200


def create_product(*, data: ProductInput, now: datetime) -> UUID:
    """Add an active product with its variants and return its key.

    Raises `InvalidInput` (its field names the value), `SkuTaken`, `BarcodeTaken`, `SlugTaken`, `CategoryUnknown`, and
    `tenants.errors.PlanLimitReached` for more SKUs on sale than the plan allows.
    """
    _check_product(data)
    _check_codes_are_free(data, product_id=None)
    product = Product(id=new_id(), created_at=now)
    _fill_product(product, data, now=now)
    with _taken_meanwhile():
        Product.objects.bulk_create([product])
        Variant.objects.bulk_create(
            [_fill_variant(Variant(id=new_id()), item, product.id, index) for index, item in enumerate(data.variants)]
        )
    check_allowance(resource="skus")
    return product.id


def update_product(*, product_id: UUID, data: ProductInput, now: datetime) -> None:
    """Make a product what `data` says. Variants are matched by SKU; those not named are no longer sold, never deleted.

    Without `data.slug` the slug stays. Raises as `create_product` does, and `ProductUnknown`. The plan's limit is held
    against a product on sale that gets more SKUs than it had: a shop above its limit can still be kept up to date.
    """
    _check_product(data)
    product = _lock_product(product_id)
    _check_codes_are_free(data, product_id=product_id)
    _fill_product(product, data, now=now)
    held = {variant.sku: variant for variant in Variant.objects.filter(product_id=product_id)}
    had = sum(variant.is_active for variant in held.values())
    with _taken_meanwhile():
        product.save(force_update=True)
        Variant.objects.filter(product_id=product_id).exclude(sku__in=[item.sku for item in data.variants]).update(
            is_active=False
        )
        rows = [
            _fill_variant(held.get(item.sku) or Variant(id=new_id()), item, product_id, index)
            for index, item in enumerate(data.variants)
        ]
        fields = ["name", "barcode", "options", "price_minor", "compare_at_minor", "position", "is_active"]
        # Barcodes may change places: first nobody has them.
        Variant.objects.filter(pk__in=[row.pk for row in rows if row.sku in held]).update(barcode=None)
        Variant.objects.bulk_update([row for row in rows if row.sku in held], fields)
        Variant.objects.bulk_create([row for row in rows if row.sku not in held])
    if product.status == Product.Status.ACTIVE and len(rows) > had:
        check_allowance(resource="skus")


def archive_product(*, product_id: UUID, now: datetime) -> None:
    """Take a product out of sale; orders keep it. Doing so again changes nothing. Raises `ProductUnknown`."""
    product = Product.objects.filter(pk=product_id)
    if not product.update(status=Product.Status.ARCHIVED, updated_at=now):
        raise _product_unknown()


def restore_product(*, product_id: UUID, now: datetime) -> None:
    """Put an archived product back on sale. Raises `ProductUnknown`, `tenants.errors.PlanLimitReached`."""
    product = Product.objects.filter(pk=product_id)
    if product.filter(status=Product.Status.ARCHIVED).update(status=Product.Status.ACTIVE, updated_at=now):
        check_allowance(resource="skus")
    elif not product.exists():
        raise _product_unknown()


def ensure_category(*, names: Sequence[str]) -> UUID:
    """Return the key of the category with these names from the root down, made where it is missing.

    Categories are told apart by slug, so `Green Tea` and `green tea` are one. Two statements a level at most.
    Raises `InvalidInput` for a missing or overlong name.
    """
    if not names or not all(1 <= len(name.strip()) <= CATEGORY_NAME_LENGTH for name in names):
        raise InvalidInput(
            _("Give every category a name of 1 to %(length)d characters.") % {"length": CATEGORY_NAME_LENGTH},
            field=["category"],
        )
    parent_id: UUID | None = None
    path = ""
    for name in names:
        slug = make_slug(name, limit=CATEGORY_NAME_LENGTH)
        path = f"{path}/{slug}" if path else slug
        known = Category.objects.filter(path=path).values_list("id", flat=True).first()
        if known is None:
            made = Category(id=new_id(), parent_id=parent_id, name=name.strip(), slug=slug, path=path)
            Category.objects.bulk_create([made], ignore_conflicts=True)
            known = Category.objects.values_list("id", flat=True).get(path=path)
        parent_id = known
    assert parent_id is not None
    return parent_id


def _lock_product(product_id: UUID) -> Product:
    product = Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()
    if product is None:
        raise _product_unknown()
    return product


def _product_unknown() -> ProductUnknown:
    return ProductUnknown(_("There is no such product."))


def _fill_product(product: Product, data: ProductInput, *, now: datetime) -> None:
    product.name = data.name.strip()
    product.brand = data.brand.strip()
    product.tags = list(dict.fromkeys(data.tags))
    product.category_id = _get_category_id(data.category_path)
    if data.slug:
        product.slug = data.slug
    elif not product.slug:
        product.slug = _find_free_slug(data.name)
    product.price_from_minor = min(item.price_minor for item in data.variants)
    product.search_text = build_search_text(
        name=data.name,
        brand=data.brand,
        skus=[item.sku for item in data.variants],
        barcodes=[item.barcode for item in data.variants],
    )
    product.updated_at = now


def _fill_variant(variant: Variant, item: VariantInput, product_id: UUID, position: int) -> Variant:
    variant.product_id = product_id
    variant.sku = item.sku
    variant.name = item.name.strip()
    variant.barcode = item.barcode or None
    variant.options = dict(item.options)
    variant.price_minor = item.price_minor
    variant.compare_at_minor = item.compare_at_minor
    variant.position = position
    variant.is_active = True
    return variant


def _get_category_id(path: str | None) -> UUID | None:
    if not path:
        return None
    category_id = Category.objects.filter(path=path.strip("/")).values_list("id", flat=True).first()
    if category_id is None:
        raise CategoryUnknown(_("There is no category “%(path)s”.") % {"path": path}, field=["categoryPath"])
    return category_id


def _find_free_slug(name: str) -> str:
    base = make_slug(name, limit=SLUG_LENGTH - 8)
    taken = set(Product.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    if base not in taken:
        return base
    return next(slug for number in range(2, len(taken) + 3) if (slug := f"{base}-{number}") not in taken)


def _check_product(data: ProductInput) -> None:
    _check_length(data.name, 1, NAME_LENGTH, ["name"])
    _check_length(data.brand, 0, BRAND_LENGTH, ["brand"])
    if data.slug is not None and data.slug != make_slug(data.slug, limit=SLUG_LENGTH):
        raise InvalidInput(_("A slug is made of lower-case letters, digits and hyphens."), field=["slug"])
    for tag in data.tags:
        _check_length(tag, 1, TAG_LENGTH, ["tags"])
    if not 1 <= len(data.variants) <= MAX_VARIANTS:
        raise InvalidInput(_("Give a product 1 to %(most)d variants.") % {"most": MAX_VARIANTS}, field=["variants"])
    for index, item in enumerate(data.variants):
        _check_variant(item, ["variants", str(index)])
    for attribute, values in (
        ("sku", [item.sku for item in data.variants]),
        ("barcode", [item.barcode for item in data.variants if item.barcode]),
    ):
        for index, value in enumerate(values):
            if Counter(values)[value] > 1:
                message = _("“%(value)s” stands at two variants.") % {"value": value}
                raise InvalidInput(message, field=["variants", str(index), attribute])


def _check_variant(item: VariantInput, field: Sequence[str]) -> None:
    _check_length(item.sku, 1, SKU_LENGTH, [*field, "sku"])
    _check_length(item.name, 0, VARIANT_NAME_LENGTH, [*field, "name"])
    _check_length(item.barcode or "", 0, SKU_LENGTH, [*field, "barcode"])
    if not 0 <= item.price_minor <= MAX_PRICE_MINOR:
        raise InvalidInput(_("Give a price from 0 to 10,000,000,000."), field=[*field, "priceMinor"])
    if item.compare_at_minor is not None and not item.price_minor < item.compare_at_minor <= MAX_PRICE_MINOR:
        raise InvalidInput(_("The crossed-out price is above the price."), field=[*field, "compareAtMinor"])


def _check_length(text: str, least: int, most: int, field: Sequence[str]) -> None:
    if not text.isprintable() or text != text.strip() or not least <= len(text) <= most:
        raise InvalidInput(
            _("Give %(least)d to %(most)d characters on one line, without spaces at the ends.")
            % {"least": least, "most": most},
            field=field,
        )


def _check_codes_are_free(data: ProductInput, *, product_id: UUID | None) -> None:
    others = Variant.objects.exclude(product_id=product_id) if product_id else Variant.objects.all()
    indexes = {item.sku: index for index, item in enumerate(data.variants)}
    taken = others.filter(sku__in=indexes).values_list("sku", flat=True).first()
    if taken is not None:
        message = _("Another product has the SKU “%(sku)s”.") % {"sku": taken}
        raise SkuTaken(message, field=["variants", str(indexes[taken]), "sku"])
    barcodes: Mapping[str, int] = {item.barcode: i for i, item in enumerate(data.variants) if item.barcode}
    # A variant of this product that is no longer named may still have the barcode.
    named = Variant.objects.exclude(product_id=product_id, sku__in=indexes) if product_id else others
    taken = named.filter(barcode__in=barcodes).values_list("barcode", flat=True).first() if barcodes else None
    if taken is not None:
        message = _("Another variant has the barcode “%(barcode)s”.") % {"barcode": taken}
        raise BarcodeTaken(message, field=["variants", str(barcodes[taken]), "barcode"])
    if data.slug:
        slugs = Product.objects.exclude(pk=product_id) if product_id else Product.objects.all()
        if slugs.filter(slug=data.slug).exists():
            message = _("Another product has the slug “%(slug)s”.") % {"slug": data.slug}
            raise SlugTaken(message, field=["slug"])


@contextmanager
def _taken_meanwhile() -> Iterator[None]:
    """Name what another transaction took between our check and our write; this one is lost either way."""
    try:
        yield
    except IntegrityError as error:
        detail = str(error)
        if "(sku)" in detail:
            raise SkuTaken(_("Another product has one of these SKUs."), field=["variants"]) from error
        if "(barcode)" in detail:
            raise BarcodeTaken(_("Another variant has one of these barcodes."), field=["variants"]) from error
        if "(slug)" in detail:
            raise SlugTaken(_("Another product has this slug. Save again."), field=["slug"]) from error
        raise
