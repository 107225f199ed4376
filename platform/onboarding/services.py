"""Putting sample data in and taking it out, and the checklist. All run inside a tenant transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog.selectors import get_products, get_variants_by_sku
from catalog.services import archive_product, create_product, restore_product
from catalog.types import ProductInput, VariantInput, VariantRow
from coupons.services import create_batch, delete_unused_batch, set_batch_status
from coupons.types import BatchInput
from django.utils.translation import gettext as _
from joining.services import close_join_link, create_join_link, delete_unused_link
from stock.selectors import get_availability
from stock.services import adjust_stock, open_balances
from stock.types import OpeningStock

from onboarding.models import Checklist, SampleRow
from onboarding.samples import DEFAULT, SAMPLES, STOCK, Goods, Sample
from tenants.transaction import current_shop

COUPONS = 200
VALID_DAYS = 30
CHANNEL = "sample"


@dataclass(frozen=True, slots=True)
class TakenOut:
    """What became of the samples, in rows. `archived` products keep their history, `kept` has been used by people."""

    deleted: int
    archived: int
    kept: int


def put_samples_in(*, industry: str, actor: str, now: datetime) -> int:
    """Add what a shop of this trade begins with, in the shop's language; return how many rows. Once: 0 if it is there.

    Products that were taken out before come back as they were. Raises as the services of catalog, stock, coupons and
    joining do, such as `PlanLimitReached`: roll back.
    """
    _lock()
    if SampleRow.objects.exists():
        return 0
    sample = SAMPLES.get(industry, SAMPLES[DEFAULT])
    products = _put_products(sample, actor=actor, now=now)
    money = 0 if current_shop().currency == "CNY" else 1
    batch_id = create_batch(
        data=BatchInput(
            name=sample.coupon[_language()],
            kind="amount",
            amount_minor=sample.off[money],
            minimum_spend_minor=sample.minimum[money],
            total=COUPONS,
            valid_days=VALID_DAYS,
        ),
        now=now,
    )
    link_id = create_join_link(
        name=sample.link[_language()],
        code=None,
        batch_id=batch_id,
        channel=CHANNEL,
        opens_at=None,
        closes_at=None,
        now=now,
    )
    rows = [SampleRow(kind=SampleRow.Kind.PRODUCT, object_id=key) for key in products]
    rows += [SampleRow(kind=SampleRow.Kind.BATCH, object_id=batch_id)]
    rows += [SampleRow(kind=SampleRow.Kind.LINK, object_id=link_id)]
    Checklist.objects.filter(pk=1).update(sampled_at=now)
    return len(SampleRow.objects.bulk_create(rows))


def take_samples_out(*, actor: str, now: datetime) -> TakenOut:
    """Take away what `put_samples_in` added, and nothing else.

    A link or coupon that nobody used is deleted; one that people used is closed, and what they hold stays valid.
    Products leave the sale with their stock written off: the stock ledger never forgets a movement, so they are
    archived, not deleted. A product that an order has reserved keeps what is reserved.
    """
    _lock()
    rows = list(SampleRow.objects.values_list("kind", "object_id"))
    ids = {kind: [key for each, key in rows if each == kind] for kind in SampleRow.Kind.values}
    deleted = kept = 0
    for link_id in ids[SampleRow.Kind.LINK]:
        if delete_unused_link(link_id=link_id):
            deleted += 1
        else:
            close_join_link(link_id=link_id)
            kept += 1
    for batch_id in ids[SampleRow.Kind.BATCH]:
        if delete_unused_batch(batch_id=batch_id, now=now):
            deleted += 1
        else:
            set_batch_status(batch_id=batch_id, active=False)
            kept += 1
    products = get_products(product_ids=ids[SampleRow.Kind.PRODUCT], include_archived=True)
    variants = [variant.id for product in products.values() for variant in product.variants]
    for variant_id, available in get_availability(variant_ids=variants).items():
        if available > 0:
            adjust_stock(variant_id=variant_id, quantity=-available, reason=_reason(), actor=actor, now=now)
    for product_id in products:
        archive_product(product_id=product_id, now=now)
    SampleRow.objects.all().delete()
    return TakenOut(deleted=deleted, archived=len(products), kept=kept)


def hide_checklist(*, now: datetime) -> None:
    """Show the checklist no more."""
    Checklist.objects.update_or_create(pk=1, defaults={"hidden_at": now})


def show_checklist() -> None:
    """Show the checklist again."""
    Checklist.objects.filter(pk=1).update(hidden_at=None)


def _lock() -> None:
    """Of two clicks at the same moment the second finds what the first did."""
    Checklist.objects.get_or_create(pk=1)
    Checklist.objects.select_for_update(no_key=True).get(pk=1)


def _put_products(sample: Sample, *, actor: str, now: datetime) -> list[UUID]:
    known = get_variants_by_sku(skus=[goods.sku for goods in sample.goods])
    products = [
        _bring_back(known[goods.sku], now=now) if goods.sku in known else _create(goods, now=now)
        for goods in sample.goods
    ]
    stocked = get_variants_by_sku(skus=[goods.sku for goods in sample.goods])
    new = [OpeningStock(variant_id=stocked[goods.sku].id, quantity=STOCK) for goods in sample.goods
           if goods.sku not in known]  # fmt: skip
    open_balances(items=new, reference=_reason(), actor=actor, now=now)
    _refill(known, actor=actor, now=now)
    return products


def _create(goods: Goods, *, now: datetime) -> UUID:
    money = 0 if current_shop().currency == "CNY" else 1
    variant = VariantInput(sku=goods.sku, price_minor=goods.price[money])
    return create_product(data=ProductInput(name=goods.name[_language()], variants=[variant]), now=now)


def _bring_back(variant: VariantRow, *, now: datetime) -> UUID:
    restore_product(product_id=variant.product_id, now=now)
    return variant.product_id


def _refill(known: Mapping[str, VariantRow], *, actor: str, now: datetime) -> None:
    for variant_id, available in get_availability(variant_ids=[each.id for each in known.values()]).items():
        if available < STOCK:
            adjust_stock(variant_id=variant_id, quantity=STOCK - available, reason=_reason(), actor=actor, now=now)


def _language() -> int:
    return 0 if current_shop().language == "zh-hans" else 1


def _reason() -> str:
    return _("Sample data")
