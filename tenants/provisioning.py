"""New shops: the public row, the role and the schema from the template's script, in one transaction."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from tenants.errors import SlugTaken
from tenants.models import Shop
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


@contextmanager
def create_shop(*, slug: str, name: str, language: str, now: datetime) -> Iterator[Shop]:
    """Make a shop and run the block inside it, all in one transaction: `with create_shop(…) as shop: …`.

    Whatever raises, in the block too, leaves nothing: no row, no schema, no role. The database makes the schema by
    a function of the owner's, so the application login needs no right to make schemas or roles.

    Raises SlugInvalid, SlugReserved, SlugTaken.
    """
    check_slug(slug)
    region = REGIONS[language]
    shop = Shop(
        schema_name=f"t_{secrets.token_hex(8)}",
        slug=slug,
        name=name,
        language=language,
        currency=region.currency,
        time_zone=region.time_zone,
        phone_region=region.phone_region,
        created_at=now,
    )
    with transaction.atomic():
        try:
            with transaction.atomic():
                shop.save(force_insert=True)
        except IntegrityError as error:
            raise SlugTaken(_("This address is taken. Please choose another one."), field=["slug"]) from error
        with connection.cursor() as cursor:
            cursor.execute("SELECT tenants_create_schema(%s)", [shop.schema_name])
        forget_cached_shop(slug)
        with tenant_transaction(shop):
            yield shop
