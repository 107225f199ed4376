"""Writes of stock: every one is an entry of the ledger, and one statement that locks balances in key order.

The quantity is judged under the row's lock, on its newest version: nothing is read first and written later.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from kernel.errors import InvalidInput

from stock.errors import BalanceUnknown, LocationUnknown, OutOfStock, StockOpened
from stock.models import Location
from stock.types import OpeningStock

MAIN = "main"
MAX_QUANTITY = 2**31 - 1

# `locked` re-reads each row that another transaction held until now, so `available` is never stale.
_LOCKED = """
    WITH wanted AS (
        SELECT * FROM unnest(%(variants)s::uuid[], %(quantities)s::int[]) AS wanted (variant_id, quantity)
    ), locked AS MATERIALIZED (
        SELECT b.id, b.variant_id, b.on_hand - b.reserved AS available, wanted.quantity
        FROM stock_balance b
        JOIN stock_location l ON l.id = b.location_id AND l.code = %(location)s
        JOIN wanted ON wanted.variant_id = b.variant_id
        ORDER BY b.id FOR NO KEY UPDATE OF b
    )
"""

_TAKE = f"""
    {_LOCKED}, short AS MATERIALIZED (
        SELECT wanted.variant_id, greatest(coalesce(locked.available, 0), 0) AS available
        FROM wanted LEFT JOIN locked USING (variant_id)
        WHERE coalesce(locked.available, 0) < wanted.quantity
    ), taken AS (
        INSERT INTO stock_entry (balance_id, quantity, kind, reference, actor, created_at)
        SELECT id, -quantity, %(kind)s, %(reference)s, %(actor)s, %(now)s FROM locked
        WHERE NOT EXISTS (SELECT FROM short)
    )
    SELECT variant_id, available FROM short
"""  # noqa: S608 - made of constants

_PUT = f"""
    {_LOCKED}, missing AS MATERIALIZED (
        SELECT variant_id FROM wanted WHERE variant_id NOT IN (SELECT variant_id FROM locked)
    ), put AS (
        INSERT INTO stock_entry (balance_id, quantity, kind, reference, actor, created_at)
        SELECT id, quantity, %(kind)s, %(reference)s, %(actor)s, %(now)s FROM locked
        WHERE NOT EXISTS (SELECT FROM missing)
    )
    SELECT variant_id FROM missing
"""  # noqa: S608 - made of constants

_OPEN = """
    WITH opened AS (
        INSERT INTO stock_balance (variant_id, location_id, unit_cost_minor)
        SELECT variant_id, %(location)s, unit_cost_minor
        FROM unnest(%(variants)s::uuid[], %(costs)s::bigint[]) AS given (variant_id, unit_cost_minor)
        ORDER BY variant_id
        ON CONFLICT (variant_id, location_id) DO NOTHING
        RETURNING id, variant_id
    ), entered AS (
        INSERT INTO stock_entry (balance_id, quantity, kind, reference, actor, created_at)
        SELECT opened.id, given.quantity, 'opening', %(reference)s, %(actor)s, %(now)s
        FROM opened JOIN unnest(%(variants)s::uuid[], %(quantities)s::int[]) AS given (variant_id, quantity)
            USING (variant_id)
        WHERE given.quantity > 0
        ORDER BY opened.id
    )
    SELECT count(*) FROM opened
"""


def open_balance(
    *, variant_id: UUID, quantity: int, unit_cost_minor: int | None, now: datetime, location: str = MAIN
) -> None:
    """Begin to stock a variant at a location. Raises as `open_balances`."""
    item = OpeningStock(variant_id=variant_id, quantity=quantity, unit_cost_minor=unit_cost_minor)
    open_balances(items=[item], reference="", actor="", now=now, location=location)


def open_balances(
    *, items: Sequence[OpeningStock], reference: str, actor: str, now: datetime, location: str = MAIN
) -> None:
    """Begin to stock many variants at a location, each with one opening entry (none for quantity 0). Two statements.

    Raises `InvalidInput` for a negative quantity or cost, `StockOpened` where a variant has a balance there already
    (roll back: the others are opened), `LocationUnknown`.
    """
    for item in items:
        _check_quantity(item.quantity, least=0)
        if item.unit_cost_minor is not None and item.unit_cost_minor < 0:
            raise InvalidInput(_("A cost is not negative."), field=["unitCostMinor"])
    location_id = Location.objects.filter(code=location).values_list("id", flat=True).first()
    if location_id is None:
        raise LocationUnknown(_("There is no location “%(code)s”.") % {"code": location}, field=["location"])
    with connection.cursor() as cursor:
        cursor.execute(
            _OPEN,
            {
                "location": location_id,
                "variants": [item.variant_id for item in items],
                "quantities": [item.quantity for item in items],
                "costs": [item.unit_cost_minor for item in items],
                "reference": reference,
                "actor": actor,
                "now": now,
            },
        )
        opened = cursor.fetchone()[0]
    if opened != len(items):
        raise StockOpened(_("This variant is stocked there already. Adjust its stock instead."), field=["variantId"])


def take_stock(*, items: Mapping[UUID, int], reference: str, actor: str, now: datetime, location: str = MAIN) -> None:
    """Take quantities of variants out for a sale: all of them or none. One statement.

    Raises `OutOfStock` with what is still there of each variant that is short, `InvalidInput` for a quantity below 1.
    """
    for quantity in items.values():
        _check_quantity(quantity, least=1)
    _take(items, kind="sale", reference=reference, actor=actor, now=now, location=location)


def return_stock(*, items: Mapping[UUID, int], reference: str, actor: str, now: datetime, location: str = MAIN) -> None:
    """Put quantities of variants back: all of them or none. One statement.

    Raises `BalanceUnknown` where a variant was never stocked, `InvalidInput` for a quantity below 1.
    """
    for quantity in items.values():
        _check_quantity(quantity, least=1)
    _put(items, kind="return", reference=reference, actor=actor, now=now, location=location)


def adjust_stock(
    *, variant_id: UUID, quantity: int, reason: str, actor: str, now: datetime, location: str = MAIN
) -> None:
    """Correct a variant's stock by `quantity`, which may be negative; `reason` stands in the ledger. One statement.

    Raises `OutOfStock` where less than that is there beyond what is reserved, `BalanceUnknown`, and `InvalidInput` for
    a quantity of 0 or an empty reason.
    """
    if not reason.strip():
        raise InvalidInput(_("Say why the stock is corrected."), field=["reason"])
    _check_quantity(abs(quantity), least=1)
    work = _put if quantity > 0 else _take
    work(
        {variant_id: abs(quantity)},
        kind="adjustment",
        reference=reason.strip(),
        actor=actor,
        now=now,
        location=location,
    )


def _take(items: Mapping[UUID, int], **entry: Any) -> None:
    shortages: dict[UUID, int] = dict(_run(_TAKE, items, entry))
    if shortages:
        message = _("Only %(available)s of this is left. Take less of it.") % {"available": min(shortages.values())}
        if not any(shortages.values()):
            message = _("This is sold out.")
        raise OutOfStock(message, shortages=shortages)


def _put(items: Mapping[UUID, int], **entry: Any) -> None:
    if _run(_PUT, items, entry):
        raise BalanceUnknown(_("This variant was never stocked there. Enter its opening stock."), field=["variantId"])


def _run(statement: str, items: Mapping[UUID, int], entry: Mapping[str, Any]) -> list[Any]:
    """Return the rows that stand in the way; none means that the entries are written."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {"variants": list(items), "quantities": list(items.values()), **entry})
        return list(cursor.fetchall())


def _check_quantity(quantity: int, *, least: int) -> None:
    if not least <= quantity <= MAX_QUANTITY:
        raise InvalidInput(_("Give a quantity of %(least)d or more.") % {"least": least}, field=["quantity"])
