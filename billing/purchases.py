"""What may be bought beside what, so that nobody pays for two things at a time of which one is of no use. Pure.

The one place that knows: services refuse what it refuses, and the page of the plan offers nothing else.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from billing.errors import AlreadySubscribed, BillingError, NotSubscribed, PaymentDue
from billing.plans import INTERVALS, get_plan, is_upgrade, name_of_plan, rank_of
from billing.standing import PAID, PREPAID_WARNING
from billing.types import AccountRow

type Way = Literal["month", "year", "prepay"]

CHANGEABLE = frozenset({"active", "trialing", "past_due"})


@dataclass(frozen=True, slots=True)
class Sale:
    """How a plan is sold to a shop now. `refusal`: why not, where it is sold in no way."""

    intervals: tuple[str, ...]  # to subscribe to, or to change a running subscription to
    is_prepay: bool  # a year by a single payment
    credit_minor: int = 0  # what is deducted from that payment, which then counts at once
    refusal: str = ""


def describe_sale(account: AccountRow | None, *, plan: str, now: datetime) -> Sale:
    """Return the ways in which `plan` is sold; in every way to a shop without an account."""
    if account is None:
        return Sale(INTERVALS, is_prepay=True)
    held = {(account.plan, account.interval), (account.pending_plan, account.pending_interval)}
    refusals: dict[Way, BillingError | None] = {
        interval: refuse_change(account, plan=plan, interval=interval)
        if account.is_subscribed
        else refuse_purchase(account, plan=plan, way=interval, now=now)
        for interval in INTERVALS
        if not account.is_subscribed or (plan, interval) not in held
    }
    refusals["prepay"] = refuse_purchase(account, plan=plan, way="prepay", now=now)
    sold = [way for way, refusal in refusals.items() if refusal is None]
    return Sale(
        intervals=tuple(way for way in sold if way != "prepay"),
        is_prepay="prepay" in sold,
        credit_minor=find_credit(account, plan=plan, now=now),
        refusal="" if sold else next((one.message for way, one in refusals.items() if one and way != "prepay"), ""),
    )


def refuse_purchase(account: AccountRow, *, plan: str, way: Way, now: datetime) -> BillingError | None:
    """Return why a payment page for this is refused, None where it is not."""
    if account.is_subscribed:
        if way != "prepay":
            return AlreadySubscribed(_("This shop has a subscription. Change its plan instead of buying a second one."))
        if account.ends_at is None:
            return AlreadySubscribed(_("This shop has a subscription. Cancel it before you pay for a year in advance."))
    free_from = find_free_from(account)
    if free_from is None or free_from <= now:
        return None  # near its end the next thing may be bought
    last = account.terms[-1]
    if way == "prepay" and find_credit(account, plan=plan, now=now):
        return None  # a larger year instead of what is left of this one
    if plan == last.plan if way == "prepay" else rank_of(plan) > rank_of(last.plan):
        return None  # a further year of the same follows on; a subscription to a larger plan counts at once
    return AlreadySubscribed(
        _("This shop has paid for the plan %(plan)s until %(date)s. Pay for something else in the last %(days)s days.")
        % {"plan": name_of_plan(last.plan), "date": _day(last.ends_at), "days": PREPAID_WARNING.days}
    )


def refuse_change(account: AccountRow, *, plan: str, interval: str) -> BillingError | None:
    """Return why the running subscription is not changed to this, None where it is."""
    if account.status not in CHANGEABLE:
        return NotSubscribed(_("The subscription rests. Pay what is open, or resume it, and then change the plan."))
    if refusal := refuse_going_on(account):
        return refusal
    upgrade = is_upgrade(plan=account.plan, interval=account.interval, to_plan=plan, to_interval=interval)
    if upgrade and account.status not in PAID:  # Stripe would credit the rest of a period that was never paid
        return PaymentDue(_("The last payment failed. Pay what is open first, then change to the larger plan."))
    return None


def refuse_going_on(account: AccountRow) -> BillingError | None:
    """Return why a cancelled subscription has to end: a year is paid that begins then.

    Years that run beside the subscription, and those that follow on them, were not paid in its stead.
    """
    ends_at = account.ends_at
    if ends_at is None or any(term.starts_at < ends_at < term.ends_at for term in account.terms):
        return None
    if any(term.starts_at >= ends_at for term in account.terms):
        return AlreadySubscribed(
            _("A year is paid in advance that begins on %(date)s, when this subscription ends.")
            % {"date": _day(ends_at)}
        )
    return None


def find_credit(account: AccountRow, *, plan: str, now: datetime) -> int:
    """What is deducted from a year of a larger plan for the days that are left of the one that runs, in minor units.

    0 where it would not begin at once: another paid year follows, a subscription runs, or in the last days.
    """
    free_from = find_free_from(account)
    if free_from is None or free_from <= now or account.is_subscribed:
        return 0
    last = account.terms[-1]
    if rank_of(plan) <= rank_of(last.plan) or any(now < term.starts_at for term in account.terms):
        return 0
    credit = last.value_minor * (last.ends_at - now).days // (last.ends_at - last.starts_at).days
    return credit if credit < get_plan(plan).get_price("year", account.currency) else 0


def find_free_from(account: AccountRow) -> datetime | None:
    """Since when everything is sold beside the year that is paid; None where none was ever paid."""
    return account.terms[-1].ends_at - PREPAID_WARNING if account.terms else None


def find_promised_begin(account: AccountRow) -> datetime | None:
    """When a year begins that is paid in the stead of a cancelled subscription: when its period ends, if that is paid.

    What is cancelled and not paid ends with the payment of the year, which begins at once.
    """
    return account.ends_at if account.status in PAID else None


def begin_of_year(account: AccountRow | None, *, now: datetime) -> datetime:
    """When a year begins that is paid now: after everything that is paid already."""
    if account is None:
        return now
    ends = [*(term.ends_at for term in account.terms[-1:]), find_promised_begin(account)]
    return max([now, *filter(None, ends)])


def _day(instant: datetime) -> str:
    return f"{localtime(instant):%Y-%m-%d}"
