"""What the page of the plan shows: how much is used, what happens at the limit, and what is offered at which price."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from billing.plans import PLANS, TRIAL_LIKE, Plan, rank_of
from billing.prepaid import add_year
from billing.purchases import Sale, begin_of_year, describe_sale, find_free_from
from billing.standing import Term
from billing.types import AccountRow
from tenants.entitlements import FEATURES, NEAR, RESOURCES, get_entitlements
from tenants.models import Shop

# What happens when the limit is reached; nothing that exists is ever taken away. A limit that is not named here is of
# something that cannot be had yet: further places, text messages.
_AT_LIMIT: dict[str, Promise] = {
    "members": _("At the limit nobody new can join. Members get in and use their coupons as ever."),
    "skus": _("At the limit no further product can be put on sale. Archived products do not count."),
    "staff": _("At the limit nobody else can be invited. Closed accounts do not count."),
    "api_cost_per_second": _("Storefronts that ask for more at once are told to wait a moment."),
}


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One resource. `used` is None where nothing is counted, `allowed` where there is no limit.

    `waiting` comes on top of `used`: who is invited.
    """

    key: str
    label: str
    used: int | None
    allowed: int | None
    state: Literal["free", "near", "full", "over"]
    at_limit: Promise
    waiting: int = 0

    @property
    def taken(self) -> int:
        """Of what is allowed."""
        return (self.used or 0) + self.waiting


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as it is offered to this shop; prices in minor units. `action`: what the buttons of its intervals do."""

    plan: Plan
    monthly: int
    yearly: int
    limits: list[tuple[str, int]]
    features: list[str]
    is_current: bool
    planned_at: datetime | None  # when the subscription changes to it
    sale: Sale
    action: Literal["subscribe", "change"]
    is_recommended: bool

    @property
    def year_minor(self) -> int:
        """What a year costs by a single payment now."""
        return self.yearly - self.sale.credit_minor


@dataclass(frozen=True, slots=True)
class PaidYears:
    """What is paid in advance: the years that are not over, and what they mean for what is bought now."""

    terms: list[tuple[Term, bool]]  # and whether it runs
    free_from: datetime | None  # everything is offered from then on; None where it is already
    next_begins_at: datetime  # of a year that is paid now
    next_ends_at: datetime
    begins_later: bool


def list_usage_rows(shop: Shop, usage: Mapping[str, int], *, invited: int) -> list[UsageRow]:
    """A row for each resource, counted ones first. `usage` as `kernel.usage.list_usage` returns it."""
    entitlements = get_entitlements(shop)
    rows = []
    for key, at_limit in _AT_LIMIT.items():
        allowed, used = entitlements.find_limit(key), usage.get(key)
        if used is None and allowed is None:
            continue
        waiting = invited if key == "staff" else 0
        text, state = capfirst(str(RESOURCES[key])), _judge(used, allowed, waiting)
        rows.append(UsageRow(key, text, used, allowed, state, at_limit, waiting))
    return sorted(rows, key=lambda row: row.used is None)


def list_offers(shop: Shop, account: AccountRow | None, *, now: datetime) -> list[Offer]:
    """Every plan that is sold in the shop's currency, the smallest first."""
    currency = account.currency if account else shop.currency.lower()
    subscribed = account is not None and account.is_subscribed
    in_force = shop.plan if subscribed or shop.access == Shop.Access.OPEN else ""
    # What the trial was like, or the next larger one than what is paid.
    recommended = PLANS[in_force].rank + 1 if in_force in PLANS else PLANS[TRIAL_LIKE].rank
    offers = []
    for plan in sorted(PLANS.values(), key=lambda plan: plan.rank):
        if currency not in plan.monthly:
            continue
        offers.append(
            Offer(
                plan=plan,
                monthly=plan.get_price("month", currency),
                yearly=plan.get_price("year", currency),
                limits=[(capfirst(str(RESOURCES[key])), plan.limits[key]) for key in _AT_LIMIT if key in plan.limits],
                features=[capfirst(str(FEATURES[key])) for key in plan.features],
                is_current=plan.key == in_force,
                planned_at=account.period_ends_at if account and account.pending_plan == plan.key else None,
                sale=describe_sale(account, plan=plan.key, now=now),
                action="change" if subscribed else "subscribe",
                is_recommended=plan.rank == recommended,
            )
        )
    return offers


def describe_paid_years(account: AccountRow | None, *, now: datetime) -> PaidYears:
    """What is paid in advance, in order; without a smaller year beneath a larger one, for its rest was deducted."""
    ahead = [term for term in (account.terms if account else ()) if now < term.ends_at]
    begins = begin_of_year(account, now=now)
    free_from = find_free_from(account) if account else None
    return PaidYears(
        terms=[(term, term.starts_at <= now) for term in ahead if not any(_covers(one, term) for one in ahead)],
        free_from=free_from if free_from and now < free_from else None,
        next_begins_at=begins,
        next_ends_at=add_year(begins),
        begins_later=begins > now,
    )


def _covers(larger: Term, term: Term) -> bool:
    is_larger = rank_of(larger.plan) > rank_of(term.plan)
    return is_larger and larger.starts_at <= term.ends_at <= larger.ends_at and term.starts_at <= larger.starts_at


def _judge(used: int | None, allowed: int | None, waiting: int) -> Literal["free", "near", "full", "over"]:
    """`waiting` fills the limit, and never goes above it."""
    if used is None or allowed is None or used + waiting < NEAR * allowed:
        return "free"
    return "over" if used > allowed else "near" if used + waiting < allowed else "full"
