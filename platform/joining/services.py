"""Joining in one step: member, coupon and channel in the caller's one transaction."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from coupons.errors import ClaimClosed, SoldOut
from coupons.selectors import get_batch_offer
from coupons.services import claim_coupon
from coupons.types import ClaimedCoupon
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from kernel.errors import InvalidInput
from kernel.ids import new_code, new_id
from kernel.outbox import publish
from kernel.times import check_instant
from members.errors import InvalidPhone
from members.selectors import get_token
from members.services import get_or_create_member, issue_token, normalize_phone

from joining.errors import CodeTaken, LinkClosed, LinkNotFound, ShopFull
from joining.models import JoinLink
from joining.selectors import CODE, get_link
from joining.types import JoinResult, LinkRow, MissingReason
from tenants.errors import PlanLimitReached, ShopClosed
from tenants.models import Shop
from tenants.transaction import current_shop

CODE_LENGTH = 8


@dataclass(frozen=True, slots=True)
class _Person:
    member_id: UUID
    is_new: bool
    token_id: int
    token_secret: str


def join_member(
    *, code: str, phone: str | None, region: str, token_secret: str | None, consent_version: str, now: datetime
) -> JoinResult:
    """Make whoever typed `phone` a member by the link `code`, with its coupon. At most 9 statements.

    `region` is the shop's phone region. A `token_secret` that is valid is kept when it belongs to that member, and
    stands for the member when `phone` is None; otherwise a new unverified token is made, which opens the coupon of this
    link and nothing that the member had before.

    Every repetition, from whichever device, returns the same member and the same coupon: the member's row is locked
    first, so that two at once come one after the other. A batch that is sold out or closed does not spoil the join;
    a later repetition tries again.

    Raises `LinkNotFound`, `LinkClosed`, `ShopFull`, `members.errors.InvalidPhone`, `tenants.errors.ShopClosed`.
    """
    link = _check_open(code=code, now=now)
    person = _find_person(phone=phone, region=region, token_secret=token_secret, now=now)
    coupon, reason = _claim(link=link, person=person, now=now)
    is_first = _record_join(link=link, person=person, coupon=coupon, consent_version=consent_version, now=now)
    if is_first:
        publish(
            topic="member.joined",
            payload={
                "member_id": str(person.member_id),
                "link_id": str(link.id),
                "channel": link.channel,
                "coupon_id": str(coupon.id) if coupon else None,
                "is_new_member": person.is_new,
            },
        )
    return JoinResult(
        member_id=person.member_id,
        is_new_member=person.is_new,
        token_id=person.token_id,
        token_secret=person.token_secret,
        coupon=coupon,
        coupon_missing_reason=reason,
        link=link,
    )


def create_join_link(
    *,
    name: str,
    code: str | None,
    batch_id: UUID | None,
    channel: str,
    opens_at: datetime | None,
    closes_at: datetime | None,
    now: datetime,
    on_front_page: bool | None = None,
) -> UUID:
    """Create what a printed code points at, `/j/<code>`; without `code` a random one is made. Returns the link's id.

    Whoever opens the shop's address is shown it, in place of another one, where it is `on_front_page`; not said, the
    shop's first link is.

    Raises `CodeTaken`, `InvalidInput` with the field at fault.
    """
    code = new_code(CODE_LENGTH).lower() if code is None else code.strip().lower()
    if not CODE.fullmatch(code):
        raise InvalidInput(
            _("Use 1 to 40 small letters, digits and hyphens, with no hyphen at either end."), field=["code"]
        )
    if not 1 <= len(name.strip()) <= 100:
        raise InvalidInput(_("Give the link a name of 1 to 100 characters."), field=["name"])
    if len(channel) > 40:
        raise InvalidInput(_("Describe the channel in at most 40 characters."), field=["channel"])
    check_instant(opens_at, field=["opens_at"])
    check_instant(closes_at, field=["closes_at"])
    if closes_at and (closes_at <= now or (opens_at and opens_at >= closes_at)):
        raise InvalidInput(_("The link must close after it opens, and in the future."), field=["closes_at"])
    if batch_id is not None and get_batch_offer(batch_id=batch_id, now=now) is None:
        raise InvalidInput(_("This coupon offer is not known here."), field=["batch"])
    link_id = new_id()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO joining_joinlink (id, code, name, batch_id, channel, status, opens_at, closes_at, created_at,
                                          on_front_page)
            VALUES (%s, %s, %s, %s, %s, 'open', %s, %s, %s,
                    coalesce(%s::boolean, NOT EXISTS (SELECT FROM joining_joinlink)))
            ON CONFLICT (code) DO NOTHING
            """,
            [link_id, code, name.strip(), batch_id, channel.strip(), opens_at, closes_at, now, on_front_page],
        )
        if not cursor.rowcount:
            raise CodeTaken(_("Another link has this code. Choose another one."), field=["code"])
    if on_front_page:
        _take_others_off(link_id)
    return link_id


def open_join_link(*, link_id: UUID) -> None:
    """Let people join by a closed link again, within its window. Raises `LinkNotFound`."""
    if not JoinLink.objects.filter(pk=link_id).update(status=JoinLink.Status.OPEN):
        raise _link_not_found()


def close_join_link(*, link_id: UUID) -> None:
    """Let nobody join by the link any more; who has joined keeps what they have. Raises `LinkNotFound`."""
    if not JoinLink.objects.filter(pk=link_id).update(status=JoinLink.Status.CLOSED):
        raise _link_not_found()


def set_on_front_page(*, link_id: UUID, shown: bool) -> None:
    """Show the link to whoever opens the shop's address, in place of another one, or to nobody who was not told of it.

    Raises `LinkNotFound`.
    """
    if not JoinLink.objects.filter(pk=link_id).update(on_front_page=shown):
        raise _link_not_found()
    if shown:
        _take_others_off(link_id)


def delete_unused_link(*, link_id: UUID) -> bool:
    """Delete a link that nobody has joined by; False, and nothing is changed, where somebody has."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM joining_joinlink AS l WHERE id = %s"
                " AND NOT EXISTS (SELECT FROM joining_join WHERE link_id = l.id)",
                [link_id],
            )
            deleted = bool(cursor.rowcount)
            connection.check_constraints()  # they would speak up only at the commit
    except IntegrityError:  # somebody joined at this moment
        return False
    return deleted


def _take_others_off(link_id: UUID) -> None:
    JoinLink.objects.filter(on_front_page=True).exclude(pk=link_id).update(on_front_page=False)


def _check_open(*, code: str, now: datetime) -> LinkRow:
    shop = current_shop()
    if shop.access != Shop.Access.OPEN:
        raise ShopClosed(_("This shop takes no new members at the moment."))
    link = get_link(code=code, now=now)
    if link is None:
        raise _link_not_found()
    if link.state == "not_yet":
        raise LinkClosed(_("This offer has not begun yet. Please come back later."), field=["joinCode"])
    if link.state != "open":
        raise LinkClosed(_("This offer is over. Ask the shop for the next one."), field=["joinCode"])
    return link


def _find_person(*, phone: str | None, region: str, token_secret: str | None, now: datetime) -> _Person:
    """The member by token or number, with a token that is theirs. Locks the member."""
    number = normalize_phone(phone, region) if phone is not None else None
    token = get_token(secret=token_secret, now=now) if token_secret else None
    if number is None:
        if token is None or token_secret is None:
            raise InvalidPhone(_("Enter your mobile number."), field=["phone"])
        return _Person(token.member_id, False, token.id, token_secret)
    try:
        member_id, is_new = get_or_create_member(phone_e164=number, now=now)
    except PlanLimitReached as limit:
        raise ShopFull(
            _("This shop cannot take new members right now. Please ask at the counter, or try again later.")
        ) from limit
    if token is not None and token_secret is not None and token.member_id == member_id:
        return _Person(member_id, is_new, token.id, token_secret)
    token_id, secret = issue_token(member_id=member_id, is_verified=False, now=now)
    return _Person(member_id, is_new, token_id, secret)


def _claim(*, link: LinkRow, person: _Person, now: datetime) -> tuple[ClaimedCoupon | None, MissingReason | None]:
    if link.batch_id is None:
        return None, "NONE_OFFERED"
    try:
        coupon = claim_coupon(
            batch_id=link.batch_id, member_id=person.member_id, token_id=person.token_id, now=now, keep_held=True
        )
    except SoldOut:
        return None, "SOLD_OUT"
    except ClaimClosed:
        return None, "CLAIM_CLOSED"
    return coupon, None


def _record_join(
    *, link: LinkRow, person: _Person, coupon: ClaimedCoupon | None, consent_version: str, now: datetime
) -> bool:
    """Write the channel's row unless this member has joined by this link before; tell whether it was written."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO joining_join (link_id, member_id, coupon_id, is_new_member, consent_version, joined_at)
            VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT (link_id, member_id) DO NOTHING
            """,
            [link.id, person.member_id, coupon.id if coupon else None, person.is_new, consent_version, now],
        )
        return bool(cursor.rowcount)


def _link_not_found() -> LinkNotFound:
    return LinkNotFound(_("This code is not known here. Please scan it again."), field=["joinCode"])
