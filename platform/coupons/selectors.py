"""Reads of coupons. Every one is a single statement.

Ownership is decided here: a verified token sees all coupons of its member, an unverified one only those that
`CouponAccess` names for it.
"""
# ruff: noqa: S608 - what is put together are constants of this module and of kernel.pages; values are parameters

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson
from django.db import connection
from kernel.ids import normalize_code
from kernel.pages import Column, Keyset, Kind, Page
from members.selectors import mask_phone

from coupons.offers import read_offer
from coupons.types import (
    BatchCouponRow,
    BatchOffer,
    BatchRow,
    CouponCheck,
    CouponRow,
    UsableCoupon,
)

BATCHES = Keyset("batches", (Column("b.created_at", Kind.INSTANT), Column("b.id", Kind.UUID)), descending=True)
MEMBER_COUPONS = Keyset("coupons", (Column("c.id", Kind.UUID),), descending=True)
BATCH_COUPONS = Keyset(
    "batch-coupons", (Column("c.issued_at", Kind.INSTANT), Column("c.id", Kind.UUID)), descending=True
)

# A coupon past its date is expired for everybody, whether the task has marked it or not.
_STATUS = "CASE WHEN c.status = 'issued' AND c.valid_until <= %(now)s THEN 'expired' ELSE c.status END"
_STATE = """
    CASE WHEN b.status = 'paused' THEN 'paused'
         WHEN b.claim_from > %(now)s THEN 'not_yet'
         WHEN b.claim_until <= %(now)s OR b.valid_until <= %(now)s THEN 'over'
         WHEN b.issued >= b.total THEN 'sold_out'
         ELSE 'open' END
"""
_MINE = """
    c.member_id = %(member)s
    AND (%(verified)s OR EXISTS (
        SELECT FROM coupons_couponaccess a WHERE a.token_id = %(token)s AND a.coupon_id = c.id))
"""
# The version that stands is the live one, or the last that was.
_WITH_RULE = """
    coupons_batch b JOIN promotions_promotion r ON r.id = b.promotion_id
    JOIN promotions_promotionversion p ON p.promotion_id = r.id AND p.number = r.version
"""
_COUPON = f"c.id, c.batch_id, c.code, b.name, p.document, {_STATUS}, c.issued_at, c.valid_until"
_BATCH = f"""
    b.id, b.name, p.document, {_STATE}, b.total, b.issued,
    (SELECT count(*) FROM coupons_coupon c WHERE c.batch_id = b.id AND c.status = 'redeemed'),
    b.per_member_limit, b.claim_from, b.claim_until, b.valid_until, b.valid_days, b.created_at
"""


def get_batch_offer(*, batch_id: UUID, now: datetime) -> BatchOffer | None:
    """Return what a batch offers to someone who has not claimed yet, or None."""
    rows = _fetch(
        f"""
        SELECT b.id, b.name, p.document, {_STATE}, b.valid_until, b.valid_days
          FROM {_WITH_RULE} WHERE b.id = %(batch)s
        """,
        {"batch": batch_id, "now": now},
    )
    if not rows:
        return None
    key, name, document, state, valid_until, valid_days = rows[0]
    return BatchOffer(key, read_offer(name=name, document=_json(document)), state, valid_until, valid_days)


def get_batch(*, batch_id: UUID, now: datetime) -> BatchRow | None:
    """Return a batch with its counts, or None."""
    rows = _fetch(f"SELECT {_BATCH} FROM {_WITH_RULE} WHERE b.id = %(id)s", {"id": batch_id, "now": now})
    return _batch_row(rows[0]) if rows else None


def list_batches(
    *,
    now: datetime,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Page[BatchRow]:
    """Return a page of the batches with their counts, the newest first."""
    window = BATCHES.read(first=first, after=after, last=last, before=before)
    rows = _fetch(
        f"""
        SELECT {_BATCH} FROM {_WITH_RULE}
         WHERE {window.where} ORDER BY {window.order_by} LIMIT {window.limit}
        """,
        {"now": now, **window.params},
    )
    return window.page(rows, key=lambda row: (row[12], row[0]), item=_batch_row)


def list_batch_coupons(
    *,
    batch_id: UUID,
    now: datetime,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Page[BatchCouponRow]:
    """Return a page of the coupons claimed from a batch, the newest first."""
    window = BATCH_COUPONS.read(first=first, after=after, last=last, before=before)
    rows = _fetch(
        f"""
        SELECT c.id, c.code, {_STATUS}, m.phone, c.issued_at, c.valid_until
          FROM coupons_coupon c JOIN members_member m ON m.id = c.member_id
         WHERE c.batch_id = %(batch)s AND {window.where} ORDER BY {window.order_by} LIMIT {window.limit}
        """,
        {"batch": batch_id, "now": now, **window.params},
    )
    return window.page(rows, key=lambda row: (row[4], row[0]), item=_batch_coupon_row)


def list_member_coupons(
    *,
    member_id: UUID,
    token_id: int | None,
    token_is_verified: bool,
    now: datetime,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Page[CouponRow]:
    """Return a page of the member's coupons that this token may see, the newest first."""
    window = MEMBER_COUPONS.read(first=first, after=after, last=last, before=before)
    rows = _fetch(
        f"""
        SELECT {_COUPON} FROM {_WITH_RULE} JOIN coupons_coupon c ON c.batch_id = b.id
         WHERE {_MINE} AND {window.where} ORDER BY {window.order_by} LIMIT {window.limit}
        """,
        {"member": member_id, "token": token_id, "verified": token_is_verified, "now": now, **window.params},
    )
    return window.page(rows, key=lambda row: (row[0],), item=_coupon_row)


def get_coupon_of_batch(
    *, batch_id: UUID, member_id: UUID, token_id: int | None, token_is_verified: bool, now: datetime
) -> CouponRow | None:
    """Return the member's first coupon of a batch if this token may see it."""
    rows = _fetch(
        f"""
        SELECT {_COUPON} FROM {_WITH_RULE} JOIN coupons_coupon c ON c.batch_id = b.id
         WHERE c.batch_id = %(batch)s AND {_MINE} ORDER BY c.slot LIMIT 1
        """,
        {"batch": batch_id, "member": member_id, "token": token_id, "verified": token_is_verified, "now": now},
    )
    return _coupon_row(rows[0]) if rows else None


def get_coupon(
    *, coupon_id: UUID, member_id: UUID, token_id: int | None, token_is_verified: bool, now: datetime
) -> CouponRow | None:
    """Return one of the member's coupons if this token may see it."""
    rows = _fetch(
        f"""
        SELECT {_COUPON} FROM {_WITH_RULE} JOIN coupons_coupon c ON c.batch_id = b.id
         WHERE c.id = %(id)s AND {_MINE}
        """,
        {"id": coupon_id, "member": member_id, "token": token_id, "verified": token_is_verified, "now": now},
    )
    return _coupon_row(rows[0]) if rows else None


def get_usable_coupons(
    *, codes: Sequence[str], member_id: UUID | None, token_id: int | None, token_is_verified: bool, now: datetime
) -> CouponCheck:
    """Tell which of the codes, as typed, this token may use now; for every other one, why not.

    A code counts once, however often and in whatever spelling it is given.
    """
    typed_by_code: dict[str, str] = {}
    for typed in codes:
        typed_by_code.setdefault(normalize_code(typed), typed)
    found: dict[str, tuple[Any, ...]] = {}
    if member_id is not None and typed_by_code:
        rows = _fetch(
            f"""
            SELECT c.code, c.id, c.batch_id, {_STATUS} FROM coupons_coupon c
             WHERE c.code = ANY(%(codes)s) AND {_MINE}
            """,
            {
                "codes": list(typed_by_code),
                "member": member_id,
                "token": token_id,
                "verified": token_is_verified,
                "now": now,
            },
        )
        found = {row[0]: row[1:] for row in rows}
    usable: list[UsableCoupon] = []
    refused: dict[str, Literal["NO_COUPON", "SCHEDULE", "LIMIT"]] = {}
    for code, typed in typed_by_code.items():
        if code not in found:
            refused[typed] = "NO_COUPON"
            continue
        coupon_id, batch_id, status = found[code]
        if status == "issued":
            usable.append(UsableCoupon(id=coupon_id, code=code, batch_id=batch_id))
        else:
            refused[typed] = "SCHEDULE" if status == "expired" else "LIMIT"
    return CouponCheck(usable=usable, refused=refused)


def get_redeemed_coupons(*, codes: Sequence[str], reference: str) -> list[UsableCoupon]:
    """Return those of the codes, as typed, that `reference` (an order) has used up."""
    rows = _fetch(
        """
        SELECT c.id, c.code, c.batch_id FROM coupons_coupon c
         WHERE c.code = ANY(%(codes)s) AND EXISTS (
            SELECT FROM coupons_couponevent e
             WHERE e.coupon_id = c.id AND e.status = 'redeemed' AND e.reference = %(reference)s)
        """,
        {"codes": [normalize_code(code) for code in codes], "reference": reference},
    )
    return [UsableCoupon(*row) for row in rows]


def _fetch(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _json(value: Any) -> Any:
    """Django leaves jsonb of a raw cursor as text."""
    return orjson.loads(value) if isinstance(value, str | bytes) else value


def _batch_row(row: tuple[Any, ...]) -> BatchRow:
    key, name, document, *rest = row
    return BatchRow(key, name, read_offer(name=name, document=_json(document)), *rest)


def _coupon_row(row: tuple[Any, ...]) -> CouponRow:
    key, batch_id, code, name, document, status, issued_at, valid_until = row
    offer = read_offer(name=name, document=_json(document))
    return CouponRow(key, batch_id, code, offer, status, issued_at, valid_until)


def _batch_coupon_row(row: tuple[Any, ...]) -> BatchCouponRow:
    key, code, status, phone, issued_at, valid_until = row
    return BatchCouponRow(key, code, status, mask_phone(phone) if phone else None, issued_at, valid_until)
