"""Writes of promotions. Each one raises the rule set's version in the same transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext as _
from kernel.ids import new_id

from promotions.engine import Fault, InvalidInput, Ruleset, validate_promotion
from promotions.errors import PromotionInvalid, PromotionUnknown
from promotions.models import Promotion, RulesetVersion

NAME_LENGTH = 100
# Uses and money given are not counted yet; a promotion limited by them would never end.
USAGE_LIMITS = ("per_member", "total", "discount_total")


def create_promotion(*, document: Mapping[str, Any], status: str, now: datetime) -> UUID:
    """Store a promotion and return its key, which also becomes the `id` in its document. Two statements.

    Raises `PromotionInvalid` with every fault of the document.
    """
    promotion_id = new_id()
    document = {**document, "id": str(promotion_id)}
    check_document(document=document)
    Promotion.objects.bulk_create(
        [
            Promotion(
                id=promotion_id,
                name=document["name"],
                status=Promotion.Status(status),
                document=document,
                created_at=now,
                updated_at=now,
            )
        ]
    )
    bump_version()
    return promotion_id


def set_promotion_status(*, promotion_id: UUID, status: str, now: datetime) -> None:
    """Make a promotion draft, live or ended. Carts are priced without it from the commit on unless it is live.

    Raises `PromotionUnknown`.
    """
    changed = Promotion.objects.filter(pk=promotion_id).update(status=Promotion.Status(status), updated_at=now)
    if not changed:
        raise PromotionUnknown(_("There is no such promotion."))
    bump_version()


def set_policy(*, policy: Mapping[str, Any] | None) -> None:
    """Set how the shop's promotions compete; None is the engine's default. Raises `PromotionInvalid`."""
    try:
        Ruleset.compile([], policy)
    except InvalidInput as error:
        message = _("The policy has faults: %(faults)s") % {"faults": _summary(error.faults)}
        raise PromotionInvalid(message, faults=error.faults) from error
    RulesetVersion.objects.update(version=F("version") + 1, policy=policy)


def bump_version() -> None:
    """Make every process compile the rule set anew once this transaction is committed. One statement."""
    RulesetVersion.objects.update(version=F("version") + 1)


def check_document(*, document: Mapping[str, Any]) -> None:
    """Raise `PromotionInvalid` unless the engine accepts the document and the shop can keep what it asks for."""
    faults = validate_promotion(document)
    if faults:
        raise PromotionInvalid(_("The promotion has faults: %(faults)s") % {"faults": _summary(faults)}, faults=faults)
    name = document.get("name")
    if not name or len(name) > NAME_LENGTH:
        raise PromotionInvalid(
            _("Give the promotion a name of 1 to %(length)d characters.") % {"length": NAME_LENGTH}, field=["name"]
        )
    if any((document.get("limits") or {}).get(key) is not None for key in USAGE_LIMITS):
        raise PromotionInvalid(
            _("Limits on the number of uses of a promotion are not kept yet. Use a coupon with a total instead."),
            field=["limits"],
        )


def _summary(faults: Sequence[Fault]) -> str:
    return "; ".join(f"{fault.path} {fault.message}" for fault in faults[:5])
