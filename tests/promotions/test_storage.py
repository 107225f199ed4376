"""Stored promotions and the compiled rule set of a process."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from promotions import selectors
from promotions.engine import Ruleset
from promotions.errors import PromotionInvalid, PromotionUnknown
from promotions.models import Promotion, PromotionVersion, RulesetVersion
from promotions.selectors import get_live_rules, get_ruleset, list_badges
from promotions.services import create_promotion, end_promotion, publish_promotion, set_policy
from promotions.types import BadgeLine

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.statements import statements

DOCUMENT: dict[str, Any] = {"name": "Ten off", "lane": "order", "then": [{"type": "percent_off", "percent_bp": 1000}]}
FACTS: dict[str, Any] = {
    "currency": "CNY",
    "now": "2026-03-04T12:00:00+08:00",
    "channel": "online",
    "lines": [{"id": "l1", "sku": "TEA", "quantity": 1, "unit_price": 1000}],
}


@pytest.fixture(autouse=True)
def _nothing_compiled() -> None:
    selectors._cache.clear()


def total() -> int:
    return get_ruleset().price(FACTS).total


def test_a_live_promotion_prices_the_next_cart_and_carries_its_key(shop: Shop, now: datetime) -> None:
    assert total() == 1000

    promotion_id = create_promotion(document=DOCUMENT, status="live", now=now)

    assert total() == 900
    stored = PromotionVersion.objects.get()
    assert stored.document["id"] == str(promotion_id) == str(stored.promotion_id)
    assert get_live_rules().names == {str(promotion_id): "Ten off"}
    assert "id" not in DOCUMENT


def test_only_live_promotions_count(shop: Shop, now: datetime) -> None:
    promotion_id = create_promotion(document=DOCUMENT, status="draft", now=now)
    assert total() == 1000

    publish_promotion(promotion_id=promotion_id, now=now)
    assert total() == 900

    end_promotion(promotion_id=promotion_id, now=now)
    assert total() == 1000


def test_a_compiled_rule_set_costs_one_statement(shop: Shop, now: datetime) -> None:
    create_promotion(document=DOCUMENT, status="live", now=now)
    with statements() as first:
        rules = get_live_rules()
    with statements() as second:
        assert get_live_rules() is rules

    assert (len(first), len(second)) == (2, 1)


def test_a_version_that_was_rolled_back_and_used_again_does_not_serve_the_old_rules(shop: Shop, now: datetime) -> None:
    with transaction.atomic():
        create_promotion(document=DOCUMENT, status="live", now=now)
        assert total() == 900  # compiled and kept by this process
        rolled_back = RulesetVersion.objects.get().version
        transaction.set_rollback(True)

    with transaction.atomic():
        half = {**DOCUMENT, "then": [{"type": "percent_off", "percent_bp": 5000}]}
        create_promotion(document=half, status="live", now=now)

    assert RulesetVersion.objects.get().version == rolled_back
    assert total() == 500


def test_shops_do_not_share_rules(shops: tuple[Shop, Shop], now: datetime) -> None:
    with tenant_transaction(shops[0]):
        create_promotion(document=DOCUMENT, status="live", now=now)
        assert total() == 900
    with tenant_transaction(shops[1]):
        set_policy(policy=None, now=now)  # the same version number
        assert total() == 1000


def test_the_policy_is_part_of_the_rules(shop: Shop, now: datetime) -> None:
    create_promotion(document=DOCUMENT, status="live", now=now)

    set_policy(policy={"lanes": [{"lane": "price", "mode": "best"}]}, now=now)

    assert total() == 1000  # a lane that the policy does not list never applies


@pytest.mark.parametrize(
    "changes",
    [
        {"lane": "nowhere"},
        {"then": []},
        {"unknown": 1},
        {"name": None},
        {"name": ""},
        {"name": "x" * 101},
        {"limits": {"total": 0}},
        {"limits": {"per_day": 0}},
        {"limits": {"per_day": "5"}},
        {"limits": {"discount_per_day": True}},
        {"limits": {"per_year": 5}},
        {"limits": 5},
    ],
)
def test_a_promotion_that_cannot_be_kept_is_refused_whole(shop: Shop, now: datetime, changes: dict[str, Any]) -> None:
    version = RulesetVersion.objects.get().version

    with pytest.raises(PromotionInvalid):
        create_promotion(document={**DOCUMENT, **changes}, status="live", now=now)

    assert not Promotion.objects.exists()
    assert RulesetVersion.objects.get().version == version


def test_faults_name_every_place(shop: Shop, now: datetime) -> None:
    with pytest.raises(PromotionInvalid) as caught:
        create_promotion(document={"name": "x", "lane": "nowhere", "then": [{"type": "none"}]}, status="live", now=now)

    assert {fault.path for fault in caught.value.faults} == {"/lane", "/then/0/type"}


def test_a_faulty_policy_is_refused(shop: Shop, now: datetime) -> None:
    with pytest.raises(PromotionInvalid):
        set_policy(policy={"lanes": []}, now=now)


def test_an_unknown_promotion_cannot_be_ended(shop: Shop, now: datetime) -> None:
    with pytest.raises(PromotionUnknown):
        end_promotion(promotion_id=uuid4(), now=now)


def test_the_rules_of_a_process_are_bounded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "MAX_CACHED_RULES", 0)

    get_live_rules()

    assert not selectors._cache


LINE = BadgeLine(
    sku="TEA",
    product="tea",
    categories=("drinks",),
    brand=None,
    tags=(),
    unit_price_minor=2500,
    unit_cost_minor=None,
)
PRICE = {**DOCUMENT, "lane": "price"}


def badge_prices(now: datetime, line: BadgeLine = LINE) -> list[tuple[str | None, int | None]]:
    badges = list_badges(rules=get_live_rules(), line=line, now=now, channel="online", currency="CNY")
    return [(badge.name, badge.unit_price) for badge in badges]


def test_badges_are_remembered_until_the_rules_or_the_variant_change(
    shop: Shop, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    badges = Ruleset.badges

    def spy(self: Ruleset, line: object, **arguments: Any) -> Any:
        asked.append(1)
        return badges(self, line, **arguments)

    monkeypatch.setattr(Ruleset, "badges", spy)
    promotion_id = create_promotion(document=PRICE, status="live", now=now)

    assert [badge_prices(now), badge_prices(now)] == [[("Ten off", 2250)]] * 2
    assert len(asked) == 1
    assert badge_prices(now, replace(LINE, unit_price_minor=5000)) == [("Ten off", 4500)]
    end_promotion(promotion_id=promotion_id, now=now)
    assert badge_prices(now) == []


def test_badges_with_a_schedule_follow_the_clock(shop: Shop, now: datetime) -> None:
    until = now + timedelta(hours=1)
    schedule = {"from": now.isoformat(), "until": until.isoformat()}
    create_promotion(document={**PRICE, "schedule": schedule}, status="live", now=now)

    assert badge_prices(until - timedelta(seconds=1)) == [("Ten off", 2250)]
    assert badge_prices(until) == []


def test_the_badges_that_are_remembered_are_bounded(shop: Shop, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "MAX_KNOWN_BADGES", 3)
    create_promotion(document=PRICE, status="live", now=now)

    for number in range(10):
        badge_prices(now, replace(LINE, sku=f"S{number}"))

    assert len(get_live_rules().known_badges) <= 3
