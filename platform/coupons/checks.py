"""What must hold of a shop's coupons, for `laxin doctor`. The writes keep it; this proves that they do."""

from collections.abc import Iterator

from django.db import connection

from tenants.doctor import invariant

SHOWN = 20


@invariant("coupons.issued_is_the_number_of_coupons")
def find_miscounted_batches() -> Iterator[str]:
    """The batch's counter, which guards its total, counts the coupons that there are."""
    yield from _sentences(
        """
        SELECT format('Batch %%s: counted %%s, has %%s coupons.', b.id, b.issued, count(c.id))
          FROM coupons_batch b LEFT JOIN coupons_coupon c ON c.batch_id = b.id
         GROUP BY b.id HAVING b.issued <> count(c.id) ORDER BY b.id LIMIT %s
        """
    )


@invariant("coupons.nobody_has_more_than_allowed")
def find_members_above_the_limit() -> Iterator[str]:
    """Slots run from 1 to at most the batch's limit per member."""
    yield from _sentences(
        """
        SELECT format('Coupon %%s of batch %%s is number %%s of its member; %%s are allowed.',
                      c.id, c.batch_id, c.slot, b.per_member_limit)
          FROM coupons_coupon c JOIN coupons_batch b ON b.id = c.batch_id
         WHERE c.slot > b.per_member_limit ORDER BY c.id LIMIT %s
        """
    )


@invariant("coupons.history_ends_in_the_state")
def find_histories_that_tell_another_state() -> Iterator[str]:
    """The latest row of a coupon's history is the state that it is in."""
    yield from _sentences(
        """
        SELECT format('Coupon %%s is %%s, its history ends in %%s.', c.id, c.status, coalesce(e.status, 'nothing'))
          FROM coupons_coupon c
          LEFT JOIN (SELECT DISTINCT ON (coupon_id) coupon_id, status FROM coupons_couponevent
                      ORDER BY coupon_id, id DESC) e ON e.coupon_id = c.id
         WHERE c.status IS DISTINCT FROM e.status ORDER BY c.id LIMIT %s
        """
    )


@invariant("coupons.used_once")
def find_coupons_used_twice() -> Iterator[str]:
    """No history says twice that the coupon was used."""
    yield from _sentences(
        """
        SELECT format('Coupon %%s was used %%s times.', coupon_id, count(*)) FROM coupons_couponevent
         WHERE status = 'redeemed' GROUP BY coupon_id HAVING count(*) > 1 ORDER BY coupon_id LIMIT %s
        """
    )


@invariant("coupons.batch_is_the_only_code_of_its_promotion")
def find_batches_without_their_promotion() -> Iterator[str]:
    """The engine prices a batch's coupons by the batch's id."""
    yield from _sentences(
        """
        SELECT format('Batch %%s: its promotion asks for %%s.', b.id, coalesce(p.document->>'coupon', 'no code'))
          FROM coupons_batch b JOIN promotions_promotion r ON r.id = b.promotion_id
          JOIN promotions_promotionversion p ON p.promotion_id = r.id AND p.number = r.version
         WHERE p.document->'coupon'->'codes' IS DISTINCT FROM jsonb_build_array(b.id::text) ORDER BY b.id LIMIT %s
        """
    )


def _sentences(sql: str) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [SHOWN])
        yield from (row[0] for row in cursor.fetchall())
