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
Asked = Mapping[str, tuple[str, datetime | None]]
ENDED = ("canceled", "incomplete_expired")
NEVER = ("", "incomplete", "incomplete_expired")
FAR = datetime.max.replace(tzinfo=UTC)
DAYS_OF_GRACE = 14
DAYS_READ_ONLY_AFTER_GRACE = 14
DAYS_READ_ONLY = 30


@dataclass(frozen=True)
class Truth:
    """`account`: fields of AccountRow as they must be. `years`: prepaid, (plan, from, until)."""

    account: Mapping[str, Any]
    years: list[tuple[str, datetime, datetime]]
    trial_ends_at: datetime | None
    last_end: datetime | None
    debt_since: datetime | None

    def standing(self, now: datetime) -> tuple[str, str]:
        """Access and plan of the shop."""
        status, plan = self.account["status"], self.account["plan"]
        open_plans = [each for each, begin, end in self.years if begin <= now < end]
        if status in {"active", "trialing"}:
            open_plans.append(plan)
        if open_plans:
            return "open", max(open_plans, key=SIZE.__getitem__)
        if status in NEVER and self.last_end is None and self.trial_ends_at and now < self.trial_ends_at:
            return "open", "trial"
        year_ends = [end for _, _, end in self.years if end <= now]
        if status == "past_due":
            assert self.debt_since is not None
            since = max([self.debt_since, *year_ends])
            if now < since + timedelta(days=DAYS_OF_GRACE):
                return "open", plan
            since += timedelta(days=DAYS_OF_GRACE)
            return _closing(now - since, DAYS_READ_ONLY_AFTER_GRACE), plan
        if status == "paused" or (status and status not in RANKS):
            return "read_only", plan
        ends = [(end, each) for each, _, end in self.years if end <= now]
        if self.last_end:
            ends.append((self.last_end, plan))
        if status == "unpaid" and self.debt_since:
            ends.append((self.debt_since, plan))
        # A subscription that was never paid takes no trial away.
        if not (self.last_end or status in {"canceled", "unpaid"}) or not ends:
            ends.append((self.trial_ends_at or now, "trial"))
        end, last_plan = max(ends, key=lambda each: (each[0], SIZE[each[1]]))
        return _closing(now - end, DAYS_READ_ONLY), last_plan


def _closing(passed: timedelta, read_only_days: int) -> str:
    return "read_only" if passed < timedelta(days=read_only_days) else "suspended"


def read_truth(fake: FakeStripe, *, customer: str | None, trial_ends_at: datetime | None, asked: Asked) -> Truth:
    """Read it; `asked`: plan and promised begin of each page of ours for a prepaid year, by its session's id."""
    own = [each for each in fake.all("subscription") if each["customer"] == customer]
    ended = [each for each in own if each["status"] == "canceled"]
    last_end = max((_at(each["ended_at"]) for each in ended), default=None)
    # The best status counts, active and trialing alike; of equal ones the newest.
    own.sort(key=lambda each: (-RANKS.get(each["status"], UNKNOWN_RANK), each["created"], each["id"]))
    chosen: Any = own[-1] if own else None
    years = _years(fake, customer, asked)
    if chosen is None:
        account = dict.fromkeys(("period_ends_at", "ends_at", "past_due_since"))
        account |= {"status": "", "plan": "", "interval": "", "subscription_id": "", "pending_plan": ""}
        return Truth(_with_years(account, years), years, trial_ends_at, last_end, None)
    item = chosen["items"]["data"][0]
    alive = chosen["status"] not in {*ENDED, "incomplete"}
    issued = [
        each
        for each in fake.all("invoice")
        if (each["parent"] or {}).get("subscription_details", {}).get("subscription") == chosen["id"]
    ]
    last_paid = max((at for at, each in enumerate(issued) if each["status"] == "paid"), default=-1)
    debt = [
        each["status_transitions"]["finalized_at"] or each["created"]
        for each in issued[last_paid + 1 :]
        if each["status"] in {"open", "draft"}
    ]
    owes = chosen["status"] in {"past_due", "unpaid"}
    debt_since = _at(min(debt)) if owes and debt else None
    pending = _pending(fake, chosen)
    account = {
        "status": chosen["status"],
        "plan": _plan(item["price"]["product"]),
        "interval": item["price"]["recurring"]["interval"],
        "subscription_id": chosen["id"],
        "period_ends_at": _at(item["current_period_end"]) if alive else None,
        "ends_at": _at(chosen["cancel_at"]) if chosen["cancel_at"] and chosen["status"] not in ENDED else None,
        "pending_plan": pending,
        "past_due_since": debt_since,
    }
    return Truth(_with_years(account, years), years, trial_ends_at, last_end, debt_since)


def _with_years(account: dict[str, Any], years: list[tuple[str, datetime, datetime]]) -> dict[str, Any]:
    return {**account, "paid_until": years[-1][2] if years else None}


def _years(fake: FakeStripe, customer: str | None, asked: Asked) -> list[tuple[str, datetime, datetime]]:
    paid = []
    for session in fake.all("checkout.session"):
        if session["mode"] == "payment" and session["payment_status"] == "paid" and session["customer"] == customer:
            paid.append((_at(fake.get(session["invoice"])["status_transitions"]["paid_at"]), session["id"]))
    years: list[tuple[str, datetime, datetime]] = []
    for paid_at, session_id in sorted(paid):
        plan, promised = asked[session_id]
        begin = max(paid_at, promised or paid_at, years[-1][2] if years else paid_at)
        end = min(_year_later(begin), _given_back(fake, fake.get(session_id)["payment_intent"]) or FAR)
        if begin < end:
            years.append((plan, begin, end))
    return years


def _given_back(fake: FakeStripe, payment: str) -> datetime | None:
    """When the last of a payment's money was gone: by refunds that did not come back, and what banks took for good."""
    gone = [
        (each["created"], each["amount"])
        for each in [*fake.all("refund"), *fake.all("dispute")]
        if each["payment_intent"] == payment and each["status"] in {"pending", "succeeded", "lost"}
    ]
    if sum(amount for _, amount in gone) < fake.get(payment)["amount"]:
        return None
    return _at(max(created for created, _ in gone))


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


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _year_later(begin: datetime) -> datetime:
    day = 28 if (begin.month, begin.day) == (2, 29) else begin.day
    return begin.replace(year=begin.year + 1, day=day)
