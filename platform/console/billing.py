"""What the page of the plan shows: how much is used, what happens at the limit, and what is offered at which price."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from billing.plans import INTERVALS, PLANS, TRIAL_LIKE, Plan
from billing.types import AccountRow
from tenants.entitlements import FEATURES, RESOURCES, get_entitlements
from tenants.models import Shop

NEAR = 0.8  # of a limit: time to think of more

# What happens when the limit is reached; nothing that exists is ever taken away.
_AT_LIMIT: dict[str, Promise] = {
    "members": _("At the limit nobody new can join. Members get in and use their coupons as ever."),
    "skus": _("At the limit no further product can be put on sale. Archived products do not count."),
    "staff": _("At the limit nobody else can be invited. Closed accounts do not count."),
    "locations": _("At the limit no further place that holds stock can be added."),
    "sms_per_month": _("At the limit text messages wait for the next month."),
    "api_cost_per_second": _("Storefronts that ask for more at once are told to wait a moment."),
}


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One resource. `used` is None where nothing is counted, `allowed` where there is no limit."""

    key: str
    label: str
    used: int | None
    allowed: int | None
    state: Literal["free", "near", "full", "over"]
    at_limit: Promise


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan as it is offered to this shop; prices in minor units. `action`: what its buttons do."""

    plan: Plan
    monthly: int
    yearly: int
    limits: list[tuple[str, int]]
    features: list[str]
    is_current: bool
    intervals: tuple[str, ...]  # that can be subscribed to or changed to
    action: Literal["subscribe", "change"]
    is_recommended: bool


def list_usage_rows(shop: Shop, usage: Mapping[str, int]) -> list[UsageRow]:
    """A row for each resource, counted ones first. `usage` as `kernel.usage.list_usage` returns it."""
    entitlements = get_entitlements(shop)
    rows = []
    for key, label in RESOURCES.items():
        allowed, used = entitlements.find_limit(key), usage.get(key)
        if key == "sms_per_month" and allowed is not None:
            used = 0  # nothing sends text messages yet
        if used is None and allowed is None:
            continue
        rows.append(UsageRow(key, capfirst(str(label)), used, allowed, _judge(used, allowed), _AT_LIMIT[key]))
    return sorted(rows, key=lambda row: row.used is None)


def list_offers(shop: Shop, account: AccountRow | None) -> list[Offer]:
    """Every plan that is sold in the shop's currency, the smallest first."""
    currency = account.currency if account else shop.currency.lower()
    subscribed = account is not None and account.is_subscribed
    # What the trial was like, or the next larger one than what is paid.
    paid_plan = PLANS.get(account.plan) if account and subscribed else None
    recommended = paid_plan.rank + 1 if paid_plan else PLANS[TRIAL_LIKE].rank
    offers = []
    for plan in sorted(PLANS.values(), key=lambda plan: plan.rank):
        if currency not in plan.monthly:
            continue
        paid = account.interval if account and subscribed and account.plan == plan.key else ""
        offers.append(
            Offer(
                plan=plan,
                monthly=plan.get_price("month", currency),
                yearly=plan.get_price("year", currency),
                limits=[(capfirst(str(RESOURCES[key])), most) for key, most in plan.limits.items()],
                features=[capfirst(str(FEATURES[key])) for key in plan.features],
                is_current=bool(paid),
                intervals=tuple(interval for interval in INTERVALS if interval != paid),
                action="change" if subscribed else "subscribe",
                is_recommended=plan.rank == recommended,
            )
        )
    return offers


def _judge(used: int | None, allowed: int | None) -> Literal["free", "near", "full", "over"]:
    if used is None or allowed is None or used < NEAR * allowed:
        return "free"
    return "near" if used < allowed else "full" if used == allowed else "over"
