"""Writes of coupons: batches, and each coupon's way from claim to use or expiry.

Every change of state is one statement that flips the row only from the state it must be in and writes the history row
beside it; nothing is read first and written after.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NoReturn
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from kernel.errors import InvalidInput
from kernel.ids import new_code, new_id
from kernel.money import BASIS_POINTS
from kernel.times import LAST, check_instant
from members.services import lock_member
from promotions.services import create_promotion, end_promotion

from coupons.errors import BatchNotFound, ClaimClosed, CouponNotUsable, MemberLimit, SoldOut
from coupons.models import MAX_VALID_DAYS, Batch, CouponAccess
from coupons.offers import make_document
from coupons.types import BatchInput, ClaimedCoupon
from tenants.access import check_takes_business
from tenants.transaction import current_shop

MAX_TOTAL = 10_000_000
MAX_PER_MEMBER = 100


def create_batch(*, data: BatchInput, now: datetime) -> UUID:
    """Create a batch and the live promotion behind it; return the batch's id.

    Raises `InvalidInput` with the field at fault.
    """
    _check_batch(data=data, now=now)
    batch_id = new_id()
    promotion_id = create_promotion(document=make_document(data=data, batch_id=batch_id), status="live", now=now)
    Batch.objects.create(
        id=batch_id,
        name=data.name,
        promotion_id=promotion_id,
        total=data.total,
        per_member_limit=data.per_member_limit,
        claim_from=data.claim_from,
        claim_until=data.claim_until,
        valid_until=data.valid_until,
        valid_days=data.valid_days,
        created_at=now,
    )
    return batch_id


def set_batch_status(*, batch_id: UUID, active: bool) -> None:
    """Pause or resume the claims of a batch; coupons already claimed stay usable. Raises `BatchNotFound`."""
    status = Batch.Status.ACTIVE if active else Batch.Status.PAUSED
    if not Batch.objects.filter(pk=batch_id).update(status=status):
        raise _batch_not_found()


def delete_unused_batch(*, batch_id: UUID, now: datetime) -> bool:
    """Delete a batch that was never claimed and that no join link hands out, and end its promotion.

    False, and nothing is changed, where that is not so.
    """
    promotion_id = Batch.objects.filter(pk=batch_id).values_list("promotion_id", flat=True).first()
    if promotion_id is None:
        return False
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM coupons_batch WHERE id = %s AND issued = 0", [batch_id])
            if not cursor.rowcount:
                return False
            connection.check_constraints()  # of a link that hands it out; they would speak up only at the commit
    except IntegrityError:
        return False
    end_promotion(promotion_id=promotion_id, now=now)
    return True


def claim_coupon(
    *, batch_id: UUID, member_id: UUID, token_id: int | None, now: datetime, keep_held: bool = False
) -> ClaimedCoupon:
    """Give the member a coupon of the batch and let the token see it.

    With `keep_held` a member who has had one of the batch gets that one back, in whatever state it is, and nothing is
    issued. Two statements: the member's row is locked first, so that two claims of one member are counted one after
    the other; then the batch's counter, the coupon, its history and the token's access are written at once. The batch
    row stays locked until the commit: claim late in the transaction.

    Raises `BatchNotFound`, `SoldOut`, `MemberLimit`, `ClaimClosed`, `members.errors.MemberNotFound`,
    `tenants.errors.ShopClosed`.
    """
    check_takes_business(current_shop())
    lock_member(member_id=member_id)
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "batch": batch_id,
                "member": member_id,
                "token": token_id,
                "now": now,
                "keep": keep_held,
                "coupon": new_id(),
                "code": new_code(),
            },
        )
        row = cursor.fetchone()
    if row is None:
        raise _batch_not_found()
    name, coupon_id, code, status, valid_until, already_held, count, limit, is_open = row
    if coupon_id is None:
        _refuse_claim(at_limit=count >= limit, is_open=is_open)
    return ClaimedCoupon(
        id=coupon_id, code=code, name=name, status=status, valid_until=valid_until, already_held=already_held
    )


_OPEN = """status = 'active' AND (claim_from IS NULL OR claim_from <= %(now)s)
       AND (claim_until IS NULL OR claim_until > %(now)s) AND (valid_until IS NULL OR valid_until > %(now)s)"""

# `held` is read from the statement's snapshot, which is newer than the lock on the member: it is complete.
_CLAIM = """
WITH wanted AS (
    SELECT id, name, per_member_limit,
           {open} AS is_open
      FROM coupons_batch WHERE id = %(batch)s
), held AS MATERIALIZED (
    SELECT id, code, status, valid_until, slot, max(slot) OVER () AS last_slot
      FROM coupons_coupon WHERE member_id = %(member)s AND batch_id = %(batch)s
), kept AS (
    SELECT id, code, CASE WHEN status = 'issued' AND valid_until <= %(now)s THEN 'expired' ELSE status END AS status,
           valid_until
      FROM held WHERE %(keep)s ORDER BY slot LIMIT 1
), counted AS (
    UPDATE coupons_batch SET issued = issued + 1
     WHERE id = %(batch)s AND issued < total AND {open}
       AND NOT EXISTS (SELECT FROM kept) AND (SELECT count(*) FROM held) < per_member_limit
    RETURNING coalesce(valid_until, %(now)s + valid_days * interval '1 day') AS valid_until
), made AS (
    INSERT INTO coupons_coupon (id, batch_id, member_id, slot, code, status, issued_at, valid_until)
    SELECT %(coupon)s, %(batch)s, %(member)s, 1 + coalesce((SELECT max(last_slot) FROM held), 0), %(code)s, 'issued',
           %(now)s, valid_until
      FROM counted
    RETURNING id, code, status, valid_until
), logged AS (
    INSERT INTO coupons_couponevent (coupon_id, status, actor, created_at)
    SELECT id, status, 'member:' || %(member)s::uuid, %(now)s FROM made
), given AS (
    SELECT id, code, status, valid_until, FALSE AS already_held FROM made
    UNION ALL SELECT id, code, status, valid_until, TRUE FROM kept
), shown AS (
    INSERT INTO coupons_couponaccess (token_id, coupon_id)
    SELECT %(token)s::bigint, id FROM given WHERE %(token)s::bigint IS NOT NULL
    ON CONFLICT (token_id, coupon_id) DO NOTHING
)
SELECT wanted.name, given.id, given.code, given.status, given.valid_until, given.already_held,
       (SELECT count(*) FROM held), wanted.per_member_limit, wanted.is_open
  FROM wanted LEFT JOIN given ON TRUE
""".replace("{open}", _OPEN)


def grant_access(*, coupon_id: UUID, token_id: int) -> None:
    """Let a token see and use a coupon, for an answer that is given again with a fresh token. One statement."""
    CouponAccess.objects.bulk_create([CouponAccess(coupon_id=coupon_id, token_id=token_id)], ignore_conflicts=True)


def redeem_coupons(*, coupon_ids: Sequence[UUID], reference: str, actor: str, now: datetime) -> None:
    """Use up coupons for what `reference` names (an order), all or none. One statement; rows are locked in key order.

    Raises `CouponNotUsable` if one of them is unknown, used, expired or withdrawn; the caller rolls back.
    """
    wanted = sorted(set(coupon_ids))
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH free AS (
                SELECT id FROM coupons_coupon
                 WHERE id = ANY(%(ids)s) AND status = 'issued' AND valid_until > %(now)s
                 ORDER BY id FOR NO KEY UPDATE
            ), used AS (
                UPDATE coupons_coupon SET status = 'redeemed' FROM free WHERE coupons_coupon.id = free.id
                RETURNING coupons_coupon.id
            )
            INSERT INTO coupons_couponevent (coupon_id, status, reference, actor, created_at)
            SELECT id, 'redeemed', %(reference)s, %(actor)s, %(now)s FROM used
            """,
            {"ids": wanted, "reference": reference, "actor": actor, "now": now},
        )
        redeemed = cursor.rowcount
    if redeemed != len(wanted):
        raise CouponNotUsable(
            _("A coupon has just been used or has expired. Take it out of the cart and try again."), field=["codes"]
        )


def expire_coupons(*, now: datetime, limit: int = 5_000) -> int:
    """Mark at most `limit` coupons that are past their date and return how many. One statement.

    Coupons that another transaction holds at this moment are left for the next run.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH due AS (
                SELECT id FROM coupons_coupon WHERE status = 'issued' AND valid_until <= %(now)s
                 ORDER BY valid_until LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
            ), expired AS (
                UPDATE coupons_coupon SET status = 'expired' FROM due WHERE coupons_coupon.id = due.id
                RETURNING coupons_coupon.id
            )
            INSERT INTO coupons_couponevent (coupon_id, status, actor, created_at)
            SELECT id, 'expired', 'task:expire_coupons', %(now)s FROM expired
            """,
            {"now": now, "limit": limit},
        )
        expired: int = cursor.rowcount
    return expired


def _refuse_claim(*, at_limit: bool, is_open: bool) -> NoReturn:
    if at_limit:
        raise MemberLimit(_("You already have this coupon. It is in your wallet."), field=["batch"])
    if not is_open:
        raise ClaimClosed(_("This coupon cannot be claimed now. Ask the shop for the next offer."), field=["batch"])
    raise SoldOut(_("All coupons have been claimed. Ask the shop for the next offer."), field=["batch"])


def _batch_not_found() -> BatchNotFound:
    return BatchNotFound(_("This coupon offer is not known here."), field=["batch"])


def _check_batch(*, data: BatchInput, now: datetime) -> None:
    if not 1 <= len(data.name.strip()) <= 100:
        raise InvalidInput(_("Give the coupon a name of 1 to 100 characters."), field=["name"])
    if data.kind == "amount" and (data.amount_minor is None or data.amount_minor < 1):
        raise InvalidInput(_("Say how much the coupon takes off: more than 0."), field=["amount"])
    if data.kind == "percent" and (data.percent_bp is None or not 1 <= data.percent_bp <= BASIS_POINTS):
        raise InvalidInput(_("Say what share the coupon takes off: above 0 and at most 100%."), field=["percent"])
    if data.minimum_spend_minor < 0:
        raise InvalidInput(_("The minimum spend cannot be below 0."), field=["minimum_spend"])
    if not 1 <= data.total <= MAX_TOTAL:
        raise InvalidInput(_("Give a number of coupons from 1 to 10,000,000."), field=["total"])
    if not 1 <= data.per_member_limit <= MAX_PER_MEMBER:
        raise InvalidInput(_("A member may have from 1 to 100 of them."), field=["per_member_limit"])
    for name in ("claim_from", "claim_until", "valid_until"):
        check_instant(getattr(data, name), field=[name])
    if data.claim_until and (data.claim_until <= now or (data.claim_from and data.claim_from >= data.claim_until)):
        raise InvalidInput(_("Claims must end after they begin, and in the future."), field=["claim_until"])
    if (data.valid_until is None) == (data.valid_days is None):
        raise InvalidInput(_("Give either a last day or a number of days."), field=["valid_days"])
    if data.valid_days is not None and not 1 <= data.valid_days <= MAX_VALID_DAYS:
        raise InvalidInput(_("Give from 1 to 3,650 days."), field=["valid_days"])
    last_claim = max(now, data.claim_from or now, data.claim_until or now)
    if data.valid_days is not None and last_claim + timedelta(days=data.valid_days) > LAST:
        raise InvalidInput(_("Give a date from the year 2000 to the year 2099."), field=["valid_days"])
    if data.valid_until and data.valid_until <= max(now, data.claim_from or now):
        raise InvalidInput(
            _("The coupon must be valid after it can be claimed, and in the future."), field=["valid_until"]
        )
