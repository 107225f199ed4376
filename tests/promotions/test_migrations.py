"""Promotions survive the way to versions and back."""

from datetime import UTC, datetime
from typing import Any

from django.db.migrations.executor import MigrationExecutor
from promotions.checks import find_promotions_that_show_the_wrong_version, find_rule_sets_without_a_number
from promotions.selectors import get_live_rules
from promotions.services import change_promotion, create_promotion, publish_promotion, save_draft, set_policy

from tenants.models import Shop
from tenants.schemas import owner, owner_cursor
from tenants.transaction import tenant_transaction

POLICY = {"lanes": [{"lane": "order", "mode": "stack"}]}


def off(percent: int) -> dict[str, Any]:
    return {"name": f"{percent}", "lane": "order", "then": [{"type": "percent_off", "percent_bp": percent * 100}]}


def migrate(shop: Shop, name: str) -> None:
    connection = owner()
    with connection.migrating_in(shop.schema_name):
        MigrationExecutor(connection).migrate([("promotions", name)])


def test_documents_move_into_versions_and_back(live_shops: tuple[Shop, Shop]) -> None:
    shop, now = live_shops[0], datetime.now(UTC)
    with tenant_transaction(shop):
        set_policy(policy=POLICY, now=now)
        live_id = create_promotion(document=off(10), status="live", now=now)
        change_promotion(promotion_id=live_id, document=off(20), now=now)
        save_draft(promotion_id=live_id, document=off(30), now=now)
        draft_id = create_promotion(document=off(40), status="draft", now=now)
        create_promotion(document=off(50), status="ended", now=now)

    migrate(shop, "0002_ruleset_version")
    with owner_cursor() as cursor:
        cursor.execute(f"SELECT document->>'name', status FROM \"{shop.schema_name}\".promotions_promotion ORDER BY 1")
        assert cursor.fetchall() == [("20", "live"), ("40", "draft"), ("50", "ended")]

    migrate(shop, "0005_version_rules")
    with tenant_transaction(shop):
        rules = get_live_rules()
        assert rules.names == {str(live_id): "20"}
        assert [(lane.name, lane.mode) for lane in rules.ruleset.policy.lanes] == [("order", "stack")]
        assert publish_promotion(promotion_id=draft_id, now=now) == 1
        assert len(get_live_rules().names) == 2
        assert list(find_promotions_that_show_the_wrong_version()) == list(find_rule_sets_without_a_number()) == []
