"""What the stand-in's objects mean for a shop, read from them alone.

Written from the decisions on billing and not from its code: the same meaning twice, so that a fault in one shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.stripe.app import FakeStripe

UNKNOWN_RANK = 3.5  # fails closed, and is not mistaken for an end
RANKS = {
    "active": 0, "trialing": 0, "past_due": 1, "unpaid": 2, "paused": 3, "incomplete": 4, "canceled": 5,
    "incomplete_expired": 6,
}  # fmt: skip
SIZE = {"trial": 0, "starter": 1, "growth": 2, "scale": 3}
Promise = tuple[str, datetime]  # a cancelled subscription, and when it would end
Asked = Mapping[str, tuple[str, Promise | None]]
ENDED = ("canceled", "incomplete_expired")
FREEDOM = ("suspended", "read_only", "open")
NEVER = ("", "incomplete", "incomplete_expired")
FAR = datetime.max.replace(tzinfo=UTC)
DAYS_OF_GRACE = 14
DAYS_TO_PAY = 28
DAYS_READ_ONLY = 30
DAYS_ON_THE_WAY = 14


@dataclass(frozen=True)
class Truth:
    """`account`: fields of AccountRow as they must be. `years`: prepaid, (plan, from, until)."""

    account: Mapping[str, Any]
    years: list[tuple[str, datetime, datetime]]
    trial_ends_at: datetime | None
    last_end: datetime | None
    debt_since: datetime | None
    awaited: list[tuple[datetime, datetime]]  # by bank: since the page was opened, until it has failed

    def standing(self, now: datetime) -> tuple[str, str]:
        """Access and plan of the shop. While money is on its way nothing is lost of what there was."""
        now_due = self._due(now)
        for since, until in self.awaited:
            if since <= now < until:
                return max(now_due, self._due(since), key=lambda each: FREEDOM.index(each[0]))
        return now_due

    def _due(self, now: datetime) -> tuple[str, str]:
        status, plan = self.account["status"], self.account["plan"]
        open_plans = [each for each, begin, end in self.years if begin <= now < end]
        if status in {"active", "trialing"}:
            open_plans.append(plan)
        if open_plans:
            return "open", max(open_plans, key=SIZE.__getitem__)
        if status in NEVER and self.last_end is None and self.trial_ends_at and now < self.trial_ends_at:
            return "open", "trial"
        year_ends = [end for _, _, end in self.years if end <= now]
        is_paid_ahead = any(now < begin for _, begin, _ in self.years)
        if status == "past_due":
            assert self.debt_since is not None
            since = max([self.debt_since, *year_ends])
            if now < since + timedelta(days=DAYS_OF_GRACE):
                return "open", plan
            return _closing(now - since, DAYS_TO_PAY, is_paid_ahead), plan
        if status == "paused" or (status and status not in RANKS):
            return "read_only", plan
        # Each with the days until suspension.
        ends: list[tuple[datetime, str, float]] = [
            (end, each, DAYS_READ_ONLY) for each, _, end in self.years if end <= now
        ]
        debt = self.debt_since
        if status == "unpaid" and debt:
            ends.append((debt, plan, DAYS_TO_PAY))
        if self.last_end and debt:
            # It is read-only since its end or the end of grace, and suspended when any debtor is.
            since = min(self.last_end, debt + timedelta(days=DAYS_OF_GRACE))
            last = min(self.last_end + timedelta(days=DAYS_READ_ONLY), debt + timedelta(days=DAYS_TO_PAY))
            ends.append((since, plan, (last - since) / timedelta(days=1)))
        elif self.last_end:
            ends.append((self.last_end, plan, DAYS_READ_ONLY))
        # A subscription that was never paid takes no trial away.
        if not (self.last_end or status in {"canceled", "unpaid"}) or not ends:
            ends.append((self.trial_ends_at or now, "trial", DAYS_READ_ONLY))
        end, last_plan, days = max(ends, key=lambda each: (each[0], SIZE[each[1]]))
        return _closing(now - end, days, is_paid_ahead), last_plan


def _closing(passed: timedelta, days: float, is_paid_ahead: bool) -> str:
    return "read_only" if is_paid_ahead or passed < timedelta(days=days) else "suspended"


def read_truth(fake: FakeStripe, *, customer: str | None, trial_ends_at: datetime | None, asked: Asked) -> Truth:
    """Read it; `asked`: of each page for a prepaid year, by its session's id, the plan and what it would follow."""
    own = [each for each in fake.all("subscription") if each["customer"] == customer]
    ended = [each for each in own if each["status"] == "canceled"]
    last_end = max((at(each["ended_at"]) for each in ended), default=None)
    # The best status counts, active and trialing alike; of equal ones the newest.
    own.sort(key=lambda each: (-RANKS.get(each["status"], UNKNOWN_RANK), each["created"], each["id"]))
    chosen: Any = own[-1] if own else None
    years = _years(fake, customer, asked)
    if chosen is None:
        account = dict.fromkeys(("period_ends_at", "ends_at", "past_due_since"))
        account |= {"status": "", "plan": "", "interval": "", "subscription_id": "", "pending_plan": ""}
        return Truth(_with_years(account, years), years, trial_ends_at, last_end, None, _awaited(fake, customer))
    item = chosen["items"]["data"][0]
    alive = chosen["status"] not in {*ENDED, "incomplete"}
    owes = chosen["status"] in {"past_due", "unpaid"}
    debtor = (
        chosen if owes else max(ended, key=lambda each: (each["ended_at"], each["created"], each["id"]), default=None)
    )
    debt_since = None if chosen["status"] in {"active", "trialing"} or not debtor else _debt(fake, debtor["id"])
    pending = _pending(fake, chosen)
    account = {
        "status": chosen["status"],
        "plan": _plan(item["price"]["product"]),
        "interval": item["price"]["recurring"]["interval"],
        "subscription_id": chosen["id"],
        "period_ends_at": at(item["current_period_end"]) if alive else None,
        "ends_at": at(chosen["cancel_at"]) if chosen["cancel_at"] and chosen["status"] not in ENDED else None,
        "pending_plan": pending,
        "past_due_since": debt_since,
    }
    awaited = _awaited(fake, customer)
    return Truth(_with_years(account, years), years, trial_ends_at, last_end, debt_since, awaited)


def _debt(fake: FakeStripe, subscription: str) -> datetime | None:
    """When the oldest invoice was issued that is open after the last one that was paid."""
    issued = [
        each
        for each in fake.all("invoice")
        if (each["parent"] or {}).get("subscription_details", {}).get("subscription") == subscription
    ]
    last_paid = max((number for number, each in enumerate(issued) if each["status"] == "paid"), default=None)
    if last_paid is None:  # it never began
        return None
    debt = [
        each["status_transitions"]["finalized_at"] or each["created"]
        for each in issued[last_paid + 1 :]
        if each["status"] in {"open", "draft"}
    ]
    return at(min(debt)) if debt else None


def _with_years(account: dict[str, Any], years: list[tuple[str, datetime, datetime]]) -> dict[str, Any]:
    return {**account, "paid_until": max((end for _, _, end in years), default=None)}


def _years(fake: FakeStripe, customer: str | None, asked: Asked) -> list[tuple[str, datetime, datetime]]:
    paid = []
    for session in fake.all("checkout.session"):
        if session["mode"] == "payment" and session["payment_status"] == "paid" and session["customer"] == customer:
            paid.append((at(fake.get(session["invoice"])["status_transitions"]["paid_at"]), session["id"]))
    years: list[tuple[str, datetime, datetime]] = []
    for paid_at, session_id in sorted(paid):
        plan, promise = asked[session_id]
        begin = max(paid_at, _promised(fake, promise) or paid_at, *(until for _, _, until in years))
        price = fake.state.objects[session_id]["_line_items"]["data"][0]["price"]
        if not price["lookup_key"]:  # one of its own: what was left of a smaller year was deducted
            begin = paid_at
        end = min(_year_later(begin), _given_back(fake, fake.get(session_id)["payment_intent"]) or FAR)
        if begin < end:
            years.append((plan, begin, end))
    return years


def _awaited(fake: FakeStripe, customer: str | None) -> list[tuple[datetime, datetime]]:
    """Pages that were filled in and are not paid, the oldest first."""
    return sorted(
        (at(each["created"]), at(each["expires_at"]) + timedelta(days=DAYS_ON_THE_WAY))
        for each in fake.all("checkout.session")
        if each["customer"] == customer and each["mode"] == "payment"
        if each["status"] == "complete" and fake.get(each["payment_intent"])["status"] == "processing"
    )


def _promised(fake: FakeStripe, promise: Promise | None) -> datetime | None:
    """Not before this is over; it may be so earlier than it was to be."""
    if promise is None:
        return None
    ended_at = fake.get(promise[0])["ended_at"]
    return min(promise[1], at(ended_at)) if ended_at else promise[1]


def _given_back(fake: FakeStripe, payment: str) -> datetime | None:
    """When the last of a payment's money was gone: by refunds that did not come back, and what banks took for good."""
    gone = [
        (each["created"], each["amount"])
        for each in [*fake.all("refund"), *fake.all("dispute")]
        if each["payment_intent"] == payment and each["status"] in {"pending", "succeeded", "lost"}
    ]
    if sum(amount for _, amount in gone) < fake.get(payment)["amount"]:
        return None
    return at(max(created for created, _ in gone))


def _pending(fake: FakeStripe, subscription: Mapping[str, Any]) -> str:
    if not subscription["schedule"]:
        return ""
    schedule = fake.get(subscription["schedule"])
    if schedule["status"] != "active":
        return ""
    later = [each for each in schedule["phases"] if each["start_date"] > schedule["current_phase"]["start_date"]]
    return _plan(fake.get(later[-1]["items"][0]["price"])["product"]) if later else ""


def _plan(product: str) -> str:
    return product.removeprefix("laxin_")


def at(seconds: int) -> datetime:
    """Stripe's seconds as an instant."""
    return datetime.fromtimestamp(seconds, UTC)


def _year_later(begin: datetime) -> datetime:
    day = 28 if (begin.month, begin.day) == (2, 29) else begin.day
    return begin.replace(year=begin.year + 1, day=day)
