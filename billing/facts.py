"""What Stripe answered, cut down to what we use, and what it means for an account. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from billing.plans import plan_of_product
from billing.standing import OWING, PAID

NOT_LIVING = frozenset({"", "incomplete", "canceled", "incomplete_expired"})


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription at Stripe; `plan` is "" where its product is none of ours."""

    id: str
    customer_id: str
    status: str
    plan: str
    interval: str
    item_id: str
    price_id: str
    amount_minor: int
    currency: str
    quantity: int
    period_starts_at: datetime | None
    period_ends_at: datetime | None
    ends_at: datetime | None  # a cancellation that is planned
    ends_with_period: bool
    ended_at: datetime | None
    schedule_id: str
    created_at: datetime

    @property
    def is_living(self) -> bool:
        """See the function."""
        return is_living(self.status)


@dataclass(frozen=True, slots=True)
class Session:
    """A payment page at Stripe."""

    id: str
    url: str
    status: str  # open, complete, expired
    is_paid: bool
    amount_minor: int
    currency: str
    customer_id: str
    expires_at: datetime
    paid_at: datetime
    payment_intent_id: str = ""  # of a page for a single payment, once it is filled in
    has_failed: bool = False  # the money that was on its way does not come


@dataclass(frozen=True, slots=True)
class Schedule:
    """A planned change; `plan` and `interval` are those of its last phase."""

    id: str
    plan: str
    interval: str


@dataclass(frozen=True, slots=True)
class Event:
    """What a webhook said; only identifiers, everything else is fetched."""

    id: str
    type: str
    created_at: datetime
    is_live: bool
    stripe_account: str
    object_id: str
    customer_id: str
    subscription_id: str
    payment_intent_id: str  # disputes and refunds have nothing else that we know


@dataclass(frozen=True, slots=True)
class Truth:
    """All that Stripe knows about a customer, fetched within one sync."""

    customer_exists: bool
    subscriptions: Sequence[Subscription]
    past_due_since: datetime | None  # of the debtor
    schedule: Schedule | None  # of the chosen subscription


def is_living(status: str) -> bool:
    """Whether a subscription is there to be charged, changed or ended; of a status that we do not know it is."""
    return status not in NOT_LIVING


def read_subscription(document: Mapping[str, Any]) -> Subscription:
    """Take what we use from Stripe's object. The plan is told by the product, which keeps its id when prices change."""
    items = document["items"]["data"]
    item = next((one for one in items if _plan_of(one)), items[0] if items else None)
    price = item["price"] if item else {}
    ends_at = document.get("cancel_at")
    if ends_at is None and document.get("cancel_at_period_end") and item:
        ends_at = item["current_period_end"]
    ended_at = document.get("ended_at") or document.get("canceled_at")
    has_ended = document["status"] in {"canceled", "incomplete_expired"}
    return Subscription(
        id=document["id"],
        customer_id=id_of(document["customer"]),
        status=document["status"],
        plan=_plan_of(item) if item else "",
        interval=(price.get("recurring") or {}).get("interval", ""),
        item_id=item["id"] if item else "",
        price_id=price.get("id", ""),
        amount_minor=price.get("unit_amount") or 0,
        currency=document["currency"],
        quantity=item.get("quantity", 1) if item else 0,
        period_starts_at=_instant(item["current_period_start"]) if item else None,
        period_ends_at=_instant(item["current_period_end"]) if item else None,
        ends_at=None if has_ended else _instant(ends_at),
        ends_with_period=bool(document.get("cancel_at_period_end")),
        ended_at=_instant(ended_at or document["created"]) if has_ended else None,
        schedule_id=id_of(document.get("schedule")),
        created_at=instant(document["created"]),
    )


def read_session(document: Mapping[str, Any]) -> Session:
    """Take what we use. Paid is when its invoice says so, the making of the page where there is none."""
    invoice = document.get("invoice")
    paid_at = None
    if isinstance(invoice, Mapping):
        paid_at = (invoice.get("status_transitions") or {}).get("paid_at")
    payment = document.get("payment_intent")
    return Session(
        id=document["id"],
        url=document.get("url") or "",
        status=document["status"],
        is_paid=document["payment_status"] == "paid",
        amount_minor=document.get("amount_total") or 0,
        currency=document.get("currency") or "",
        customer_id=id_of(document.get("customer")),
        expires_at=instant(document["expires_at"]),
        paid_at=instant(paid_at or document["created"]),
        payment_intent_id=id_of(payment),
        has_failed=isinstance(payment, Mapping) and payment["status"] in {"requires_payment_method", "canceled"},
    )


def read_schedule(document: Mapping[str, Any]) -> Schedule | None:
    """The change that the last phase brings; None where the schedule is over or has a single phase."""
    phases = document["phases"]
    if document["status"] not in {"active", "not_started"} or len(phases) < 2:
        return None
    if (document.get("current_phase") or {}).get("start_date") == phases[-1]["start_date"]:
        return None
    price = phases[-1]["items"][0]["price"]
    return Schedule(
        id=document["id"],
        plan=plan_of_product(id_of(price.get("product"))),
        interval=(price.get("recurring") or {}).get("interval", ""),
    )


def read_event(document: Mapping[str, Any]) -> Event:
    """Take the identifiers. Raises KeyError, TypeError or AttributeError where it is no event."""
    subject = document["data"]["object"]
    kind = subject.get("object", "")
    subscription = subject.get("subscription")
    if kind == "subscription":
        subscription = subject["id"]
    elif kind == "invoice":
        details = (subject.get("parent") or {}).get("subscription_details") or {}
        subscription = details.get("subscription")
    customer = subject.get("id") if kind == "customer" else subject.get("customer")
    return Event(
        id=str(document["id"]),
        type=str(document["type"]),
        created_at=instant(document["created"]),
        is_live=document["livemode"] is True,
        stripe_account=str(document.get("account") or ""),
        object_id=str(subject.get("id") or ""),
        customer_id=id_of(customer),
        subscription_id=id_of(subscription),
        payment_intent_id=id_of(subject.get("payment_intent")),
    )


def choose(subscriptions: Sequence[Subscription]) -> Subscription | None:
    """The one that counts: of our plans the best status, and of equals the newest."""
    ours = [one for one in subscriptions if one.plan]
    return max(ours, key=lambda one: (_QUALITY.get(one.status, _UNKNOWN_QUALITY), one.created_at, one.id), default=None)


def list_doubles(subscriptions: Sequence[Subscription]) -> list[Subscription]:
    """Further living subscriptions of our plans besides the one that counts: the shop would pay twice."""
    chosen = choose(subscriptions)
    return [one for one in subscriptions if one.plan and one.is_living and one is not chosen]


def find_debtor(subscriptions: Sequence[Subscription]) -> Subscription | None:
    """The subscription whose open invoices count: the chosen one, or the last that ended, unless something is paid.

    One that Stripe ended for want of payment, or a merchant who owed, is judged from the debt on and not anew.
    """
    chosen = choose(subscriptions)
    if chosen is None or chosen.status in PAID:
        return None
    if chosen.status in OWING:
        return chosen
    ended = [one for one in subscriptions if one.plan and one.status == "canceled" and one.ended_at]
    return max(ended, key=lambda one: (one.ended_at, one.created_at, one.id), default=None)


def find_last_end(subscriptions: Sequence[Subscription]) -> datetime | None:
    """When the last subscription that had begun ended."""
    ends = [one.ended_at for one in subscriptions if one.plan and one.status == "canceled" and one.ended_at]
    return max(ends, default=None)


def id_of(reference: Any) -> str:
    """The id of a reference, which is the id itself, the expanded object or null."""
    if isinstance(reference, Mapping):
        return str(reference["id"])
    return str(reference or "")


def instant(seconds: int) -> datetime:
    """Stripe's seconds as an aware instant."""
    return datetime.fromtimestamp(seconds, UTC)


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else instant(seconds)


def _plan_of(item: Mapping[str, Any]) -> str:
    return plan_of_product(id_of(item["price"]["product"]))


_QUALITY = {
    "active": 6, "trialing": 6, "past_due": 5, "unpaid": 4, "paused": 3, "incomplete": 1, "canceled": 0,
    "incomplete_expired": -1,
}  # fmt: skip
_UNKNOWN_QUALITY = 2
