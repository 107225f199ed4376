"""Shops that sign up, shops that an operator made or favours, and what entitlements answer for each."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from staff.errors import ShopRefused

from billing import services
from billing.errors import AccountUnknown, BillingError, PlanUnknown
from billing.models import Account, Alert, PlanOverride
from billing.plans import PLANS
from billing.selectors import find_account, get_account, list_alerts, list_overrides
from tenants.entitlements import FEATURES, RESOURCES, Entitlements, check_feature, check_limit, get_entitlements
from tenants.errors import FeatureMissing, PlanLimitReached
from tenants.models import Shop
from tests.billing.conftest import Merchant, put_on_trial

SIGN_UP = {
    "slug": "tea-house",
    "name": "Tea House",
    "email": "li@tea.example",
    "password": "a-long-enough-password",
    "language": "zh-hans",
    "industry": "cafe",
}


def test_who_signs_up_has_a_trial_at_once(live_shops: tuple[Shop, Shop], now: Any) -> None:
    opened = services.open_shop_on_trial(**SIGN_UP, now=now)

    shop = Shop.objects.get(slug="tea-house")
    account = get_account(shop_id=shop.pk)
    assert (shop.plan, shop.access, shop.industry) == ("trial", "open", "cafe")
    assert (opened.shop.plan, opened.shop.limits) == ("trial", dict(PLANS["growth"].limits))
    assert (account.trial_ends_at, account.currency) == (now + timedelta(days=14), "cny")
    assert account.next_review_at == now + timedelta(days=11)


def test_a_sign_up_that_fails_leaves_no_account(live_shops: tuple[Shop, Shop], now: Any) -> None:
    with pytest.raises(ShopRefused):
        services.open_shop_on_trial(**{**SIGN_UP, "slug": "north"}, now=now)
    assert not Account.objects.exists()


def test_a_shop_made_by_hand_has_no_limits_and_no_account(shops: tuple[Shop, Shop]) -> None:
    assert find_account(shop_id=shops[0].pk) is None
    with pytest.raises(AccountUnknown):
        get_account(shop_id=shops[0].pk)
    assert get_entitlements(shops[0]) == Entitlements(plan="", limits={}, features=frozenset())
    check_feature(shops[0], "audit_export")
    check_limit(shops[0], "members", used=10**9)


def test_a_limit_stops_what_is_beyond_it(shops: tuple[Shop, Shop], now: Any) -> None:
    services.give_plan(shop=shops[0], plan="starter", reason="test", operator="op", until=None, now=now)
    shop = Shop.objects.get(pk=shops[0].pk)
    check_limit(shop, "staff", used=3)
    with pytest.raises(PlanLimitReached) as refused:
        check_limit(shop, "staff", used=4)
    assert (refused.value.code, refused.value.resource, refused.value.used, refused.value.allowed) == (
        "PLAN_LIMIT", "staff", 4, 3,
    )  # fmt: skip
    with pytest.raises(FeatureMissing) as missing:
        check_feature(shop, "custom_domains")
    assert (missing.value.code, missing.value.feature) == ("PLAN_FEATURE", "custom_domains")


def test_every_plan_says_what_it_allows_of_everything() -> None:
    for plan in PLANS.values():
        assert set(plan.limits) == set(RESOURCES)
        assert set(plan.features) <= set(FEATURES)
    ordered = sorted(PLANS.values(), key=lambda plan: plan.rank)
    for smaller, larger in pairwise(ordered):
        assert all(smaller.limits[name] < larger.limits[name] for name in RESOURCES)
        assert set(smaller.features) <= set(larger.features)
    assert {key: dict(plan.monthly) for key, plan in PLANS.items()} == {
        "starter": {"cny": 9900, "usd": 1500},
        "growth": {"cny": 29900, "usd": 4500},
        "scale": {"cny": 89900, "usd": 12900},
    }
    assert PLANS["growth"].get_price("year", "cny") == 299000


def test_a_plan_given_by_an_operator_wins_until_it_ends(merchant: Merchant) -> None:
    now = merchant.fake.now
    merchant.subscribe("starter")
    until, reason = now + timedelta(days=20), " makes good an outage "
    services.give_plan(shop=merchant.shop, plan="scale", reason=reason, operator="ann", until=until, now=now)
    assert merchant.standing == ("open", "scale", {})
    merchant.deliver()
    assert merchant.standing == ("open", "scale", {})
    merchant.wait(days=20)
    assert merchant.standing == ("open", "starter", {})
    [row] = list_overrides(shop_id=merchant.shop.pk)
    assert (row.plan, row.reason, row.operator) == ("scale", "makes good an outage", "ann")


def test_a_new_override_replaces_the_former_and_can_be_ended(merchant: Merchant) -> None:
    now = merchant.fake.now
    for plan in ("growth", "scale"):
        services.give_plan(shop=merchant.shop, plan=plan, reason="friend", operator="ann", until=None, now=now)
    assert PlanOverride.objects.get(ended_at=None).plan == "scale"
    assert PlanOverride.objects.filter(ended_at=None).count() == 1
    merchant.wait(days=100)
    assert merchant.standing[2] == {}
    services.end_override(shop=merchant.shop, now=merchant.fake.now)
    assert merchant.standing[:2] == ("read_only", "scale")  # thirty days, as after any end
    merchant.wait(days=30)
    assert merchant.standing[:2] == ("suspended", "scale")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"plan": "gold"}, PlanUnknown),
        ({"reason": "  "}, BillingError),
        ({"until": timedelta(0)}, BillingError),
    ],
)
def test_an_override_needs_a_plan_a_reason_and_a_time_to_come(
    merchant: Merchant, changes: dict[str, Any], error: type[Exception]
) -> None:
    now = merchant.fake.now
    asked = {"plan": "scale", "reason": "friend", "until": None, **changes}
    if asked["until"] is not None:
        asked["until"] += now
    with pytest.raises(error):
        services.give_plan(shop=merchant.shop, operator="ann", now=now, **asked)
    assert not PlanOverride.objects.exists()
    assert merchant.standing[1] == "trial"


def test_an_alert_is_listed_until_somebody_has_looked_at_it(shops: tuple[Shop, Shop], now: Any) -> None:
    put_on_trial(shops[0], now)
    Alert.objects.create(key="k", kind="odd_price", detail="d", account=Account.objects.get(), raised_at=now)
    [row] = list_alerts()
    assert (row.kind, row.detail, row.shop_id) == ("odd_price", "d", shops[0].pk)
    services.resolve_alert(alert_id=row.id, now=now)
    assert list_alerts() == []
    assert [one.resolved_at for one in list_alerts(open_only=False)] == [now]
