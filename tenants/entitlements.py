"""What a shop may use: the one place that reads the plan's limits and features; billing writes them.

A limit stops new things only: a shop above its limit (after a change to a smaller plan) keeps working with what it has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from kernel.usage import get_used

from tenants.errors import FeatureMissing, PlanLimitReached
from tenants.models import Shop
from tenants.transaction import current_shop

RESOURCES = {
    "members": gettext_lazy("members"),
    "skus": gettext_lazy("SKUs"),
    "staff": gettext_lazy("staff accounts"),
    "locations": gettext_lazy("locations"),
    "api_cost_per_second": gettext_lazy("API cost per second"),
    "sms_per_month": gettext_lazy("text messages a month"),
}

_AMOUNTS = {
    "members": ngettext_lazy("%(allowed)d member", "%(allowed)d members", "allowed"),
    "skus": ngettext_lazy("%(allowed)d SKU", "%(allowed)d SKUs", "allowed"),
    "staff": ngettext_lazy("%(allowed)d staff account", "%(allowed)d staff accounts", "allowed"),
    "locations": ngettext_lazy("%(allowed)d location", "%(allowed)d locations", "allowed"),
    "api_cost_per_second": ngettext_lazy(
        "an API cost of %(allowed)d a second", "an API cost of %(allowed)d a second", "allowed"
    ),
    "sms_per_month": ngettext_lazy("%(allowed)d text message a month", "%(allowed)d text messages a month", "allowed"),
}

NEAR = 0.8  # of a limit: time to think of more

FEATURES = {
    "custom_domains": gettext_lazy("domains of your own"),
    "custom_roles": gettext_lazy("roles of your own"),
    "audit_export": gettext_lazy("export of the audit log"),
}


@dataclass(frozen=True, slots=True)
class Entitlements:
    """Of one shop. No plan ("") is a shop that an operator made by hand: no limits, every feature."""

    plan: str
    limits: Mapping[str, int]
    features: frozenset[str]

    def find_limit(self, resource: str) -> int | None:
        """How many of `resource` (a key of RESOURCES) are allowed, None for any number."""
        assert resource in RESOURCES, resource
        return self.limits.get(resource)

    def has_feature(self, feature: str) -> bool:
        """Tell whether the plan contains `feature`, a key of FEATURES."""
        assert feature in FEATURES, feature
        return not self.plan or feature in self.features


def get_entitlements(shop: Shop) -> Entitlements:
    """Return what `shop` may use; from the row in hand, without a statement."""
    return Entitlements(plan=shop.plan, limits=dict(shop.limits), features=frozenset(shop.features))


def check_feature(shop: Shop, feature: str) -> None:
    """Raise FeatureMissing unless the plan contains `feature`."""
    if not get_entitlements(shop).has_feature(feature):
        raise FeatureMissing(
            _("Your plan does not contain %(feature)s. Choose a larger plan on the page Billing.")
            % {"feature": FEATURES[feature]},
            feature=feature,
        )


def check_limit(shop: Shop, resource: str, *, used: int, remark: str = "") -> None:
    """Raise PlanLimitReached where `used`, the new ones included, is more than the plan allows.

    `remark` is a sentence that the message ends with.
    """
    allowed = get_entitlements(shop).find_limit(resource)
    if allowed is not None and used > allowed:
        text = _(
            "Your plan allows %(amount)s. Choose a larger plan on the page Billing, or remove what you no longer need."
        ) % {"amount": _AMOUNTS[resource] % {"allowed": allowed}}
        raise PlanLimitReached(
            f"{text} {remark}".rstrip(),
            resource=resource,
            used=used,
            allowed=allowed,
        )


def judge_room(*, used: int, allowed: int) -> Literal["free", "near", "full"]:
    """Tell how much room a limit leaves. Full: nothing can be added any more."""
    return "full" if used >= allowed else "near" if used >= NEAR * allowed else "free"


def check_allowance(*, resource: str) -> int | None:
    """Raise PlanLimitReached where the current shop has more of a counted `resource` than its plan allows.

    Returns how much there is now, None where there is no limit. Called after something was added, in the transaction
    that adds it: the count is exact then, because it includes the addition and holds back all others (see
    `kernel.usage`), and whoever catches the error takes the addition back. One statement, none where there is no limit.
    """
    shop = current_shop()
    if get_entitlements(shop).find_limit(resource) is None:
        return None
    used = get_used(resource=resource)
    check_limit(shop, resource, used=used)
    return used
