"""What must hold of joins, for `laxin doctor`."""

from collections.abc import Iterator

from django.db import connection

from tenants.doctor import invariant

SHOWN = 20


@invariant("joining.a_join_shows_its_own_members_coupon")
def find_joins_with_a_foreign_coupon() -> Iterator[str]:
    """The coupon that a join names belongs to the member who joined, and to the batch of the link."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT j.id, j.member_id, c.id FROM joining_join j
              JOIN coupons_coupon c ON c.id = j.coupon_id JOIN joining_joinlink l ON l.id = j.link_id
             WHERE c.member_id <> j.member_id OR c.batch_id IS DISTINCT FROM l.batch_id ORDER BY j.id LIMIT %s
            """,
            [SHOWN],
        )
        for join_id, member_id, coupon_id in cursor.fetchall():
            yield f"Join {join_id} of member {member_id} names coupon {coupon_id}: not theirs, or not the link's."
