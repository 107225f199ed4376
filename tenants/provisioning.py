"""New shops: the public row, and a ready schema or one made from the template's script, in one transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tenants.errors import SlugTaken
from tenants.models import DeletedShop, Shop
from tenants.pool import take_schema
from tenants.services import forget_cached_shop
from tenants.slugs import check_slug
from tenants.transaction import tenant_transaction


@dataclass(frozen=True, slots=True)
class Region:
    """What a shop gets by its language unless it says otherwise."""

    currency: str
    time_zone: str
    phone_region: str


REGIONS = {
    "zh-hans": Region(currency="CNY", time_zone="Asia/Shanghai", phone_region="CN"),
    "en": Region(currency="USD", time_zone="UTC", phone_region="US"),
}

# The address of a deleted shop stands on printed codes and in bookmarks: it is not given to a stranger at once.
KEPT_AFTER_DELETION = timedelta(days=90)


@contextmanager
def create_shop(
    *,
    slug: str,
    name: str,
    language: str,
    now: datetime,
    industry: str = "",
    public_rows: Callable[[Shop], None] | None = None,
) -> Iterator[Shop]:
    """Make a shop and run the block inside it, all in one transaction: `with create_shop(…) as shop: …`.

    `public_rows` writes further public rows of the shop, which are out of reach inside it.

    Whatever raises, in the block too, leaves nothing: no row, no schema, no role; a schema of the pool is given back.
    The database makes schemas by a function of the owner's: the application login needs no right to make any.

    Raises SlugInvalid, SlugReserved, SlugTaken.
    """
    check_slug(slug)
    region = REGIONS[language]
    with transaction.atomic():
        check_not_deleted_lately(slug=slug, now=now)
        shop = Shop(
            schema_name=take_schema(),
            slug=slug,
            name=name,
            language=language,
            currency=region.currency,
            time_zone=region.time_zone,
            phone_region=region.phone_region,
            industry=industry,
            created_at=now,
        )
        save_shop(shop)
        if public_rows:
            public_rows(shop)
        with tenant_transaction(shop):
            yield shop


def save_shop(shop: Shop) -> None:
    """Write a new shop's public row. Raises SlugTaken."""
    try:
        with transaction.atomic():
            shop.save(force_insert=True)
    except IntegrityError as error:
        raise _taken() from error
    forget_cached_shop(shop.slug)


def check_not_deleted_lately(*, slug: str, now: datetime) -> None:
    """Raise SlugTaken where a shop of this address was deleted within KEPT_AFTER_DELETION."""
    if DeletedShop.objects.filter(slug=slug, deleted_at__gt=now - KEPT_AFTER_DELETION).exists():
        raise _taken()


def _taken() -> SlugTaken:
    return SlugTaken(_("This address is taken. Please choose another one."), field=["slug"])
