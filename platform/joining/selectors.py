"""Reads of join links and joins. Every one is a single statement."""
# ruff: noqa: S608 - what is put together are constants of this module and of kernel.pages; values are parameters

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from kernel.pages import Column, Keyset, Kind, Page
from members.selectors import mask_phone

from joining.types import JoinRow, LinkCounts, LinkRow

CODE = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")  # of a link, in lower case
LINKS = Keyset("links", (Column("l.created_at", Kind.INSTANT), Column("l.id", Kind.UUID)), descending=True)

_STATE = """
    CASE WHEN l.status = 'closed' THEN 'closed'
         WHEN l.opens_at > %(now)s THEN 'not_yet'
         WHEN l.closes_at <= %(now)s THEN 'over'
         ELSE 'open' END
"""
_LINK = f"""
    SELECT l.id, l.code, l.name, l.channel, {_STATE}, l.opens_at, l.closes_at, l.created_at, l.batch_id, b.name
      FROM joining_joinlink l LEFT JOIN coupons_batch b ON b.id = l.batch_id
"""
_COUNTS = f"""
    SELECT l.id, l.code, l.name, l.channel, {_STATE}, b.name, j.joins, j.new_members, j.coupons, l.created_at,
           l.on_front_page
      FROM joining_joinlink l LEFT JOIN coupons_batch b ON b.id = l.batch_id
      CROSS JOIN LATERAL (
          SELECT count(*) AS joins, count(*) FILTER (WHERE is_new_member) AS new_members, count(coupon_id) AS coupons
            FROM joining_join WHERE link_id = l.id) j
"""


def get_link(*, code: str, now: datetime) -> LinkRow | None:
    """Return the link with this code, however it is capitalized, or None."""
    code = code.lower()
    if not CODE.fullmatch(code):  # a NUL, say, which the database would refuse
        return None
    rows = _fetch(f"{_LINK} WHERE l.code = %(code)s", {"code": code, "now": now})
    return LinkRow(*rows[0]) if rows else None


def find_front_page_link(*, now: datetime) -> LinkRow | None:
    """Return the link of the shop's front page if people can join by it now, else None."""
    rows = _fetch(
        f"{_LINK} WHERE l.on_front_page AND {_STATE} = 'open' ORDER BY l.created_at DESC, l.id DESC LIMIT 1",
        {"now": now},
    )
    return LinkRow(*rows[0]) if rows else None


def get_link_by_id(*, link_id: UUID, now: datetime) -> LinkRow | None:
    """Return the link with this id, or None."""
    rows = _fetch(f"{_LINK} WHERE l.id = %(id)s", {"id": link_id, "now": now})
    return LinkRow(*rows[0]) if rows else None


def get_link_counts(*, link_id: UUID, now: datetime) -> LinkCounts | None:
    """Return what came of a link, or None."""
    rows = _fetch(f"{_COUNTS} WHERE l.id = %(id)s", {"id": link_id, "now": now})
    return LinkCounts(*rows[0]) if rows else None


def list_links(
    *,
    now: datetime,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Page[LinkCounts]:
    """Return a page of the links with what came of them, the newest first."""
    window = LINKS.read(first=first, after=after, last=last, before=before)
    rows = _fetch(
        f"{_COUNTS} WHERE {window.where} ORDER BY {window.order_by} LIMIT {window.limit}",
        {"now": now, **window.params},
    )
    return window.page(rows, key=lambda row: (row[9], row[0]), item=lambda row: LinkCounts(*row))


def list_recent_joins(*, link_id: UUID, limit: int = 20) -> list[JoinRow]:
    """Return the latest joins of a link, the newest first."""
    rows = _fetch(
        """
        SELECT j.id, m.phone, j.is_new_member, c.code, j.joined_at
          FROM joining_join j JOIN members_member m ON m.id = j.member_id
          LEFT JOIN coupons_coupon c ON c.id = j.coupon_id
         WHERE j.link_id = %(link)s ORDER BY j.joined_at DESC, j.id DESC LIMIT %(limit)s
        """,
        {"link": link_id, "limit": limit},
    )
    return [JoinRow(row[0], mask_phone(row[1]) if row[1] else None, *row[2:]) for row in rows]


def get_latest_joins_mark(*, link_id: UUID, limit: int = 20) -> int | None:
    """Return `mark_of` the latest joins of a link, None for an unknown link. Reads as many entries of an index."""
    rows = _fetch(
        """
        SELECT (SELECT coalesce(sum(id), 0)
                  FROM (SELECT id FROM joining_join WHERE link_id = l.id
                         ORDER BY joined_at DESC, id DESC LIMIT %(limit)s) latest)
          FROM joining_joinlink l WHERE l.id = %(link)s
        """,
        {"link": link_id, "limit": limit},
    )
    return int(rows[0][0]) if rows else None


def mark_of(joins: Iterable[JoinRow]) -> int:
    """Return a number that is another one as soon as the latest joins are others.

    That of the last join alone would not do: of two at once the one with the lower number may be committed later.
    """
    return sum(join.id for join in joins)


def has_joined(*, link_id: UUID, member_id: UUID) -> bool:
    """Tell whether the member has joined by this link."""
    return bool(
        _fetch(
            "SELECT FROM joining_join WHERE link_id = %(link)s AND member_id = %(member)s",
            {"link": link_id, "member": member_id},
        )
    )


def _fetch(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
