"""Ready schemas: made ahead by a periodic task, so that a sign-up takes one instead of waiting for sixty tables.

A ready schema is a schema, a role and a public row; nobody can address it. Claiming deletes the row in the transaction
that writes the shop, so a sign-up that fails gives it back. Only those made from the newest template are given out;
`laxin migrate` drops the others.
"""

import secrets

from django.db import connection, transaction

from tenants.models import ReadySchema, ShopTemplate
from tenants.schemas import drop_schema, owner

_REFILLING = 0x6C617870  # "laxp"

_CLAIM = """
DELETE FROM tenants_readyschema WHERE id = (
    SELECT id FROM tenants_readyschema WHERE template_id = (SELECT max(id) FROM tenants_shoptemplate)
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING schema_name
"""


def take_schema() -> str:
    """Return a new shop's schema, from the pool or made on the spot; part of the caller's public transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM)
        row = cursor.fetchone()
    return row[0] if row else make_schema()


def make_schema() -> str:
    """Make a schema and its role from the template and return the opaque name of both."""
    name = f"t_{secrets.token_hex(8)}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenants_create_schema(%s)", [name])
    return name


def refill_pool(*, size: int) -> int:
    """Make ready schemas until there are `size`, each in a transaction of its own; return how many were made.

    Of several calls at once one works and the others return 0.
    """
    made = 0
    while _add_one(size):
        made += 1
    return made


def _add_one(size: int) -> bool:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_REFILLING])
            if cursor.fetchone() != (True,):
                return False
        template = ShopTemplate.objects.order_by("-id").values_list("id", flat=True).first()
        if template is None or ReadySchema.objects.filter(template_id=template).count() >= size:
            return False
        ReadySchema.objects.create(schema_name=make_schema(), template_id=template)
    return True


def drop_stale_schemas() -> int:
    """Drop ready schemas that lack migrations, under the owner's login, and return how many."""
    stale = ReadySchema.objects.using("owner").exclude(
        template_id=ShopTemplate.objects.using("owner").order_by("-id").values("id")[:1]
    )
    dropped = 0
    for ready in stale:
        with transaction.atomic(using="owner"):
            # A sign-up that read the template before it was renewed may be taking it.
            if ReadySchema.objects.using("owner").filter(pk=ready.pk).delete()[0]:
                with owner().cursor() as cursor:
                    drop_schema(cursor, ready.schema_name)
                dropped += 1
    return dropped
