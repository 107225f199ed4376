"""The plans of `billing.plans` as the public site shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from kernel.money import currency_symbol, format_minor

from billing.plans import INTERVALS, PLANS, Plan
from tenants.provisioning import REGIONS

__all__ = ["INTERVALS", "Offer", "list_offers", "list_rows"]

RECOMMENDED = "growth"
SUMMARIES: dict[str, Promise] = {
    "starter": _("For one shop with one counter."),
    "growth": _("For a shop that grows: more members, more staff, your own domain."),
    "scale": _("For large shops: high numbers, many hands, an audit log to export."),
}
# Of the limits that plans have: those of what can be had. No shop makes further places or sends text messages yet.
LIMITS: dict[str, Promise] = {
    "members": _("Members"),
    "skus": _("Products (SKUs)"),
    "staff": _("Staff accounts"),
    "api_cost_per_second": _("Storefront API, cost points a second"),
}
IN_EVERY_PLAN: Sequence[Promise] = (
    _("Join links with printed codes and posters"),
    _("Coupons with limits that hold"),
    _("Promotions with every cent explained"),
    _("Stock that agrees with orders"),
    _("GraphQL storefront API"),
    _("Export of all data at any time"),
)
FEATURES: dict[str, Promise] = {
    "custom_domains": _("A domain of your own"),
    "custom_roles": _("Staff roles of your own"),
    "audit_export": _("Export of the audit log"),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan at a price. `price` is for the interval, `monthly` what a month of it comes to; both as they are read."""

    plan: Plan
    summary: Promise
    price: str
    monthly: str
    recommended: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the comparison: a number or yes/no for each plan."""

    label: Promise
    values: Sequence[int | bool]


def list_offers(*, language: str, interval: str) -> list[Offer]:
    """The plans, the smallest first, in the currency that goes with a language."""
    currency = REGIONS[language].currency
    return [
        Offer(
            plan=plan,
            summary=SUMMARIES[plan.key],
            price=read_price(plan.get_price(interval, currency.lower()), currency),
            monthly=read_price(plan.get_price(interval, currency.lower()) // _months(interval), currency),
            recommended=plan.key == RECOMMENDED,
        )
        for plan in _plans()
    ]


def list_rows() -> list[Row]:
    """Limits, what every plan has, and what only some have."""
    plans = _plans()
    limits = [Row(label, [plan.limits[key] for plan in plans]) for key, label in LIMITS.items()]
    shared = [Row(label, [True] * len(plans)) for label in IN_EVERY_PLAN]
    return [
        *limits,
        *shared,
        *(Row(label, [key in plan.features for plan in plans]) for key, label in FEATURES.items()),
    ]


def read_price(amount_minor: int, currency: str) -> str:
    """`¥299`, `$4.50`: whole amounts without decimals."""
    whole, _point, part = format_minor(amount_minor, currency).partition(".")
    return f"{currency_symbol(currency)}{int(whole):,}" + (f".{part}" if part.strip("0") else "")


def _plans() -> list[Plan]:
    return sorted(PLANS.values(), key=lambda plan: plan.rank)


def _months(interval: str) -> int:
    return 12 if interval == "year" else 1
