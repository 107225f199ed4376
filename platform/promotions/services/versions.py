"""Writes of promotions' versions: draft, live, ended, and never changed once live.

A change of what is live is a new version; the one before ends with the commit that makes the new one live. Every write
of an existing promotion holds its row first, then the rule set's number.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connection
from django.utils.translation import gettext as _
from kernel.ids import new_id

from promotions.errors import NothingToPublish, NotLive, PromotionInvalid, PromotionUnknown
from promotions.limits import UNLIMITED, UseLimits, find_faults
from promotions.models import Promotion, PromotionVersion
from promotions.services.faults import summarize
from promotions.services.rules import bump_version

NAME_LENGTH = 100
DRAFT, LIVE, ENDED = PromotionVersion.Status.DRAFT, PromotionVersion.Status.LIVE, PromotionVersion.Status.ENDED

_CREATE = """
    WITH promotion AS (
        INSERT INTO promotions_promotion (id, name, version, created_at, updated_at)
        VALUES (%(id)s, %(name)s, 1, %(now)s, %(now)s)
        RETURNING id
    )
    INSERT INTO promotions_promotionversion (promotion_id, number, status, document, is_limited, since_version, actor,
                                             created_at, live_at, ended_at)
    SELECT id, 1, %(status)s, %(document)s::jsonb, %(is_limited)s, %(since)s, %(actor)s, %(now)s, %(live_at)s,
           %(ended_at)s
      FROM promotion
"""


class _Held(NamedTuple):
    """A promotion whose row this transaction holds; its numbers of versions, where there is one."""

    last: int
    draft: int | None
    live: int | None
    standing: int


def create_promotion(*, document: Mapping[str, Any], status: str, now: datetime, actor: str = "") -> UUID:
    """Store a promotion with its first version and return its key, which also becomes the `id` in its document.

    `status` "ended" is for the record. One statement, two if it goes live. Raises `PromotionInvalid` with every fault
    of the document.
    """
    promotion_id = new_id()
    document = {**document, "id": str(promotion_id)}
    check_document(document=document)
    wanted = PromotionVersion.Status(status)
    since = bump_version(actor=actor, now=now) if wanted == LIVE else None
    with connection.cursor() as cursor:
        cursor.execute(
            _CREATE,
            {
                "id": promotion_id,
                "name": document["name"],
                "status": wanted.value,
                "document": orjson.dumps(document).decode(),
                "is_limited": _is_limited(document),
                "since": since,
                "actor": actor,
                "now": now,
                "live_at": now if wanted == LIVE else None,
                "ended_at": now if wanted == ENDED else None,
            },
        )
    return promotion_id


def save_draft(*, promotion_id: UUID, document: Mapping[str, Any], now: datetime, actor: str = "") -> int:
    """Keep a document as the promotion's draft, in place of an earlier draft; return its number. Carts do not see it.

    Raises `PromotionUnknown`, `PromotionInvalid` with every fault.
    """
    document = {**document, "id": str(promotion_id)}
    check_document(document=document)
    held = _lock_promotion(promotion_id)
    number = held.draft or held.last + 1
    PromotionVersion.objects.bulk_create(
        [
            PromotionVersion(
                promotion_id=promotion_id,
                number=number,
                status=DRAFT,
                document=document,
                is_limited=_is_limited(document),
                actor=actor,
                created_at=now,
            )
        ],
        update_conflicts=True,
        unique_fields=["promotion", "number"],
        update_fields=["document", "is_limited", "actor", "created_at"],
    )
    if held.standing == number:  # there is nothing but the draft
        Promotion.objects.filter(pk=promotion_id).update(name=document["name"], updated_at=now)
    return number


def discard_draft(*, promotion_id: UUID) -> None:
    """Throw away the draft of the next version; a promotion that is nothing but a draft keeps it.

    Raises `PromotionUnknown`, `NothingToPublish` where there is no such draft.
    """
    held = _lock_promotion(promotion_id)
    if held.draft is None or held.draft == held.standing:
        raise NothingToPublish(_("This promotion has no draft of a next version."))
    PromotionVersion.objects.filter(promotion_id=promotion_id, number=held.draft).delete()


def publish_promotion(*, promotion_id: UUID, now: datetime, actor: str = "") -> int:
    """Make the draft live from this commit on; its schedule may still lie ahead. Return its number. The version that
    was live ends. Without a draft, a promotion that has ended goes live again as a new version.

    Raises `PromotionUnknown`, `NothingToPublish`.
    """
    held = _lock_promotion(promotion_id)
    number = held.draft
    if number is None:
        if held.live is not None:
            raise NothingToPublish(_("This promotion is live already. Change it first, then publish the change."))
        document = _get_document(promotion_id, held.standing)
        number = save_draft(promotion_id=promotion_id, document=document, now=now, actor=actor)
    version = bump_version(actor=actor, now=now)
    _end_live(promotion_id, version, now)
    PromotionVersion.objects.filter(promotion_id=promotion_id, number=number).update(
        status=LIVE, since_version=version, live_at=now
    )
    name = _get_document(promotion_id, number)["name"]
    Promotion.objects.filter(pk=promotion_id).update(name=name, version=number, updated_at=now)
    return number


def change_promotion(*, promotion_id: UUID, document: Mapping[str, Any], now: datetime, actor: str = "") -> int:
    """Make a document the promotion's new live version at once; return its number.

    Raises `PromotionUnknown`, `PromotionInvalid`.
    """
    save_draft(promotion_id=promotion_id, document=document, now=now, actor=actor)
    return publish_promotion(promotion_id=promotion_id, now=now, actor=actor)


def restore_version(*, promotion_id: UUID, number: int, now: datetime, actor: str = "") -> int:
    """Undo: make a new version of what an earlier one said and return its number; live if the promotion is live, else
    a draft.

    Raises `PromotionUnknown`, `PromotionInvalid` where the rules for documents have become stricter since.
    """
    held = _lock_promotion(promotion_id)
    document = _get_document(promotion_id, number)
    if held.live is None:
        return save_draft(promotion_id=promotion_id, document=document, now=now, actor=actor)
    return change_promotion(promotion_id=promotion_id, document=document, now=now, actor=actor)


def end_promotion(*, promotion_id: UUID, now: datetime, actor: str = "") -> None:
    """End the live version: new carts are priced without it from this commit on.

    Raises `PromotionUnknown`, `NotLive`.
    """
    held = _lock_promotion(promotion_id)
    if held.live is None:
        raise NotLive(_("This promotion is not live."))
    _end_live(promotion_id, bump_version(actor=actor, now=now), now)
    Promotion.objects.filter(pk=promotion_id).update(updated_at=now)


def check_document(*, document: Mapping[str, Any]) -> None:
    """Raise `PromotionInvalid` unless the document can be stored and priced with."""
    faults = find_faults(document)
    if faults:
        message = _("The promotion has faults: %(faults)s") % {"faults": summarize(faults)}
        raise PromotionInvalid(message, faults=faults)
    name = document.get("name")
    if not name or len(name) > NAME_LENGTH:
        raise PromotionInvalid(
            _("Give the promotion a name of 1 to %(length)d characters.") % {"length": NAME_LENGTH}, field=["name"]
        )


def _lock_promotion(promotion_id: UUID) -> _Held:
    """Hold the promotion's row until the transaction ends; what is read after it is then the latest."""
    rows = Promotion.objects.select_for_update(no_key=True).filter(pk=promotion_id).values_list("version", flat=True)
    if not rows:
        raise PromotionUnknown(_("There is no such promotion."))
    by_status: dict[str, int] = {}
    last = 0
    for number, status in PromotionVersion.objects.filter(promotion_id=promotion_id).values_list("number", "status"):
        by_status[status] = number
        last = max(last, number)
    return _Held(last, by_status.get(DRAFT), by_status.get(LIVE), rows[0])


def _end_live(promotion_id: UUID, version: int, now: datetime) -> None:
    PromotionVersion.objects.filter(promotion_id=promotion_id, status=LIVE).update(
        status=ENDED, until_version=version, ended_at=now
    )


def _get_document(promotion_id: UUID, number: int) -> dict[str, Any]:
    found: dict[str, Any] | None = (
        PromotionVersion.objects.filter(promotion_id=promotion_id, number=number)
        .values_list("document", flat=True)
        .first()
    )
    if found is None:
        raise PromotionUnknown(_("This promotion has no version %(number)d.") % {"number": number})
    return found


def _is_limited(document: Mapping[str, Any]) -> bool:
    return UseLimits.of(document) != UNLIMITED
