"""What became of money that was paid: refunds and disputes, as Stripe answers them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.facts import id_of, instant

DECIDED = frozenset({"won", "lost", "warning_closed", "prevented"})
GAVE_NOTHING = frozenset({"failed", "canceled"})


@dataclass(frozen=True, slots=True)
class Dispute:
    """A bank asks for its customer's money back; until it is lost nothing is settled."""

    id: str
    status: str
    amount_minor: int
    created_at: datetime  # when the money was taken
    answer_by: datetime | None

    @property
    def is_open(self) -> bool:
        """Also with a status that we do not know: somebody has to look."""
        return self.status not in DECIDED

    @property
    def is_lost(self) -> bool:
        """The money does not come back."""
        return self.status == "lost"


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment that brought money; `refunded_minor` counts refunds that are still on their way too."""

    id: str
    payment_intent_id: str
    amount_minor: int
    currency: str
    refunded_minor: int
    refunded_at: datetime | None  # the last refund
    disputes: tuple[Dispute, ...]

    @property
    def doubtful_minor(self) -> int:
        """What of it went back, or may have to: it is no longer worth a deduction."""
        asked_back = sum(one.amount_minor for one in self.disputes if one.is_open or one.is_lost)
        return min(self.amount_minor, self.refunded_minor + asked_back)

    @property
    def returned_at(self) -> datetime | None:
        """When the last of its money went back; None while we have any of it."""
        lost = [one for one in self.disputes if one.is_lost]
        if self.refunded_minor + sum(one.amount_minor for one in lost) < self.amount_minor:
            return None
        if self.refunded_minor >= self.amount_minor:
            return self.refunded_at
        return max(filter(None, [self.refunded_at, *(one.created_at for one in lost)]))


def read_charge(document: Mapping[str, Any], disputes: Iterable[Mapping[str, Any]]) -> Charge:
    """Take what we use of a charge with its refunds expanded."""
    refunds = (document.get("refunds") or {}).get("data", ())
    given = [one["created"] for one in refunds if one["status"] not in GAVE_NOTHING]
    refunded: int = document["amount_refunded"]
    return Charge(
        id=document["id"],
        payment_intent_id=id_of(document.get("payment_intent")),
        amount_minor=document["amount"],
        currency=document["currency"],
        refunded_minor=refunded,
        refunded_at=instant(max(given, default=document["created"])) if refunded else None,
        disputes=tuple(_read_dispute(one) for one in disputes),
    )


def _read_dispute(document: Mapping[str, Any]) -> Dispute:
    answer_by = (document.get("evidence_details") or {}).get("due_by")
    return Dispute(
        id=document["id"],
        status=document["status"],
        amount_minor=document["amount"],
        created_at=instant(document["created"]),
        answer_by=instant(answer_by) if answer_by else None,
    )
