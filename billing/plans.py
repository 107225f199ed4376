"""The plans that are sold, reviewed as code: prices in minor units, limits and features of `tenants.entitlements`.

`laxin billing sync` makes Stripe's products and prices of this table. A price that was sold is never changed: give it
another amount here and the next sync makes a new price; subscriptions keep theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.errors import PlanUnknown

type Interval = Literal["month", "year"]

INTERVALS: tuple[Interval, ...] = ("month", "year")
CURRENCIES = ("cny", "usd")
PAID_MONTHS_OF_A_YEAR = 10  # two are free
TRIAL = "trial"
TRIAL_LIKE = "growth"


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan: `monthly` by currency, limits by resource, features by name. `rank` orders them by size."""

    key: str
    name: Promise
    rank: int
    monthly: Mapping[str, int]
    limits: Mapping[str, int]
    features: tuple[str, ...]

    def get_price(self, interval: str, currency: str) -> int:
        """Return what one interval costs, in minor units. Raises PlanUnknown."""
        if interval not in INTERVALS or currency not in self.monthly:
            raise _unknown()
        return self.monthly[currency] * (PAID_MONTHS_OF_A_YEAR if interval == "year" else 1)


_ALL = (
    Plan(
        key="starter",
        name=gettext_lazy("Starter"),
        rank=1,
        monthly={"cny": 99_00, "usd": 15_00},
        limits={
            "members": 2_000,
            "skus": 500,
            "staff": 3,
            "locations": 1,
            "api_cost_per_second": 2_000,
            "sms_per_month": 200,
        },
        features=(),
    ),
    Plan(
        key="growth",
        name=gettext_lazy("Growth"),
        rank=2,
        monthly={"cny": 299_00, "usd": 45_00},
        limits={
            "members": 20_000,
            "skus": 5_000,
            "staff": 15,
            "locations": 5,
            "api_cost_per_second": 10_000,
            "sms_per_month": 2_000,
        },
        features=("custom_domains", "custom_roles"),
    ),
    Plan(
        key="scale",
        name=gettext_lazy("Scale"),
        rank=3,
        monthly={"cny": 899_00, "usd": 129_00},
        limits={
            "members": 500_000,
            "skus": 100_000,
            "staff": 100,
            "locations": 50,
            "api_cost_per_second": 50_000,
            "sms_per_month": 20_000,
        },
        features=("custom_domains", "custom_roles", "audit_export"),
    ),
)
PLANS: Mapping[str, Plan] = MappingProxyType({plan.key: plan for plan in _ALL})


def get_plan(key: str) -> Plan:
    """Return a plan that is sold. Raises PlanUnknown."""
    if key not in PLANS:
        raise _unknown()
    return PLANS[key]


def get_allowance(key: str) -> Plan:
    """Return what holds for a plan; a trial and a plan no longer sold have Growth's limits and every feature."""
    return PLANS.get(key) or replace(PLANS[TRIAL_LIKE], features=_ALL[-1].features)


def name_of_plan(key: str) -> str:
    """The plan as people read it, in the language that is on; also `trial` and plans that are no longer sold."""
    if key == TRIAL:
        return _("Trial")
    return str(PLANS[key].name) if key in PLANS else key.title()


def lookup_key(plan: str, kind: Literal["month", "year", "prepay"], currency: str) -> str:
    """The name by which Stripe finds the price that is sold now."""
    return f"laxin_{plan}_{kind}_{currency}"


def product_id(plan: str) -> str:
    """Stripe's id of the plan's product, chosen by us: by it we tell what a subscription is for."""
    return f"laxin_{plan}"


def plan_of_product(product: str) -> str:
    """The plan that a product of Stripe's stands for, also one that is no longer sold; "" where it is none of ours."""
    key = product.removeprefix("laxin_")
    return key if product == product_id(key) else ""


def rank_of(plan: str) -> int:
    """Its size among the plans; 0 of one that is no longer sold."""
    return PLANS[plan].rank if plan in PLANS else 0


def is_upgrade(*, plan: str, interval: str, to_plan: str, to_interval: str) -> bool:
    """Tell whether a change takes effect at once: to a larger plan, or to longer terms of the same."""
    if (plan, interval) == (to_plan, to_interval):
        return False
    before, after = rank_of(plan), get_plan(to_plan).rank
    return after > before or (after == before and interval == "month" and to_interval == "year")


def _unknown() -> PlanUnknown:
    return PlanUnknown(_("This plan is not sold. Choose one on the page of prices."))
