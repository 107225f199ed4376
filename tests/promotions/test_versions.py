"""A promotion's versions: draft, scheduled, live, ended; never changed once live; told apart and taken back."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, transaction
from promotions.errors import NothingToPublish, NotLive, PromotionInvalid, PromotionUnknown
from promotions.models import Promotion, PromotionVersion, RulesetChange, RulesetVersion
from promotions.selectors import diff_versions, get_live_rules, get_rules_of_version, list_versions
from promotions.services import (
    change_promotion,
    create_promotion,
    discard_draft,
    end_promotion,
    publish_promotion,
    restore_version,
    save_draft,
    set_policy,
)
from promotions.types import LiveRules

from tenants.models import Shop
from tests.support.statements import statements

FACTS: dict[str, Any] = {
    "currency": "CNY",
    "now": "2026-03-04T12:00:00+08:00",
    "channel": "online",
    "lines": [{"id": "l1", "sku": "TEA", "quantity": 1, "unit_price": 1000}],
}


def off(percent: int, **changes: Any) -> dict[str, Any]:
    then = [{"type": "percent_off", "percent_bp": percent * 100}]
    return {"name": f"{percent} % off", "lane": "order", "then": then, **changes}


def total(rules: LiveRules | None = None) -> int:
    return (rules or get_live_rules()).ruleset.price(FACTS).total


def history(promotion_id: UUID, now: datetime) -> list[tuple[int, str, str]]:
    rows = list_versions(promotion_id=promotion_id, now=now)
    return [(row.number, row.stage, row.document["name"]) for row in rows]


def test_a_change_of_what_is_live_is_a_new_version_and_ends_the_one_before(shop: Shop, now: datetime) -> None:
    promotion_id = create_promotion(document=off(10), status="live", now=now, actor="ann")
    later = now + timedelta(hours=1)

    number = change_promotion(promotion_id=promotion_id, document=off(20), now=later, actor="bob")

    assert (number, total()) == (2, 800)
    second, first = list_versions(promotion_id=promotion_id, now=later)
    assert (first.stage, first.actor, first.live_at, first.ended_at) == ("ended", "ann", now, later)
    assert (second.stage, second.actor, second.live_at, second.ended_at) == ("live", "bob", later, None)
    assert (first.document["id"], second.document["id"]) == (str(promotion_id), str(promotion_id))
    assert Promotion.objects.values_list("name", "version").get() == ("20 % off", 2)


def test_a_draft_beside_a_live_version_is_seen_by_nobody_until_it_is_published(shop: Shop, now: datetime) -> None:
    promotion_id = create_promotion(document=off(10), status="live", now=now)

    assert save_draft(promotion_id=promotion_id, document=off(30), now=now) == 2
    assert save_draft(promotion_id=promotion_id, document=off(40), now=now) == 2

    assert total() == 900
    assert history(promotion_id, now) == [(2, "draft", "40 % off"), (1, "live", "10 % off")]
    assert Promotion.objects.values_list("name", "version").get() == ("10 % off", 1)
    publish_promotion(promotion_id=promotion_id, now=now)
    assert total() == 600
    assert history(promotion_id, now) == [(2, "live", "40 % off"), (1, "ended", "10 % off")]


def test_a_draft_can_be_thrown_away_but_not_the_only_version(shop: Shop, now: datetime) -> None:
    promotion_id = create_promotion(document=off(10), status="draft", now=now)
    with pytest.raises(NothingToPublish):
        discard_draft(promotion_id=promotion_id)
    publish_promotion(promotion_id=promotion_id, now=now)
    save_draft(promotion_id=promotion_id, document=off(40), now=now)

    discard_draft(promotion_id=promotion_id)

    assert history(promotion_id, now) == [(1, "live", "10 % off")]


def test_a_schedule_ahead_is_scheduled_and_one_behind_is_ended(shop: Shop, now: datetime) -> None:
    hour = timedelta(hours=1)
    schedule = {"from": (now + hour).isoformat(), "until": (now + 2 * hour).isoformat()}
    promotion_id = create_promotion(document=off(10, schedule=schedule), status="live", now=now)

    stages = [list_versions(promotion_id=promotion_id, now=now + hours * hour)[0].stage for hours in range(3)]

    assert stages == ["scheduled", "live", "ended"]


@pytest.mark.parametrize("change", [{"document": {}}, {"status": "draft"}, {"since_version": 0}, {"actor": "me"}])
@pytest.mark.parametrize("number", [1, 2])
def test_the_database_keeps_what_is_or_was_live(shop: Shop, now: datetime, change: dict[str, Any], number: int) -> None:
    promotion_id = create_promotion(document=off(10), status="live", now=now)
    change_promotion(promotion_id=promotion_id, document=off(20), now=now)
    version = PromotionVersion.objects.filter(number=number)

    with pytest.raises(DatabaseError, match="is or was live"), transaction.atomic():
        version.update(**change)
    with pytest.raises(DatabaseError, match="is or was live"), transaction.atomic():
        version.delete()

    assert history(promotion_id, now) == [(2, "live", "20 % off"), (1, "ended", "10 % off")]


def test_a_draft_may_change_in_place(shop: Shop, now: datetime) -> None:
    create_promotion(document=off(10), status="draft", now=now)

    assert PromotionVersion.objects.update(document={}) == 1


def test_undo_is_a_new_version_with_the_old_document(shop: Shop, now: datetime) -> None:
    promotion_id = create_promotion(document=off(10), status="live", now=now)
    change_promotion(promotion_id=promotion_id, document=off(20), now=now)

    assert restore_version(promotion_id=promotion_id, number=1, now=now, actor="ann") == 3

    assert total() == 900
    assert history(promotion_id, now) == [(3, "live", "10 % off"), (2, "ended", "20 % off"), (1, "ended", "10 % off")]
    assert diff_versions(promotion_id=promotion_id, before=1, after=3) == []
    end_promotion(promotion_id=promotion_id, now=now)
    assert restore_version(promotion_id=promotion_id, number=2, now=now) == 4
    assert history(promotion_id, now)[0] == (4, "draft", "20 % off")
    assert total() == 1000


def test_an_ended_promotion_goes_live_again_as_a_new_version(shop: Shop, now: datetime) -> None:
    promotion_id = create_promotion(document=off(10), status="live", now=now)
    end_promotion(promotion_id=promotion_id, now=now)
    assert total() == 1000

    assert publish_promotion(promotion_id=promotion_id, now=now) == 2

    assert total() == 900
    assert history(promotion_id, now) == [(2, "live", "10 % off"), (1, "ended", "10 % off")]


def test_versions_differ_in_these_places(shop: Shop, now: datetime) -> None:
    promotion_id = create_promotion(document=off(10, priority=5), status="live", now=now)
    change_promotion(promotion_id=promotion_id, document=off(20, limits={"total": 3}), now=now)

    changes = [change.to_json() for change in diff_versions(promotion_id=promotion_id, before=1, after=2)]

    assert changes == [
        {"op": "add", "path": "/limits", "value": {"total": 3}},
        {"op": "replace", "path": "/name", "from_value": "10 % off", "value": "20 % off"},
        {"op": "remove", "path": "/priority", "from_value": 5},
        {"op": "replace", "path": "/then/0/percent_bp", "from_value": 1000, "value": 2000},
    ]


def test_what_cannot_be_done_changes_nothing(shop: Shop, now: datetime) -> None:
    promotion_id = create_promotion(document=off(10), status="live", now=now)
    draft_id = create_promotion(document=off(5), status="draft", now=now)
    version = RulesetVersion.objects.get().version

    with pytest.raises(NothingToPublish):
        publish_promotion(promotion_id=promotion_id, now=now)
    with pytest.raises(NotLive):
        end_promotion(promotion_id=draft_id, now=now)
    with pytest.raises(PromotionInvalid):
        change_promotion(promotion_id=promotion_id, document=off(101), now=now)
    for number in (0, 2):
        with pytest.raises(PromotionUnknown):
            restore_version(promotion_id=promotion_id, number=number, now=now)
        with pytest.raises(PromotionUnknown):
            diff_versions(promotion_id=promotion_id, before=1, after=number)
    with pytest.raises(PromotionUnknown):
        save_draft(promotion_id=uuid4(), document=off(10), now=now)
    with pytest.raises(PromotionUnknown):
        list_versions(promotion_id=uuid4(), now=now)

    assert RulesetVersion.objects.get().version == version
    assert PromotionVersion.objects.count() == 2


def test_every_rule_set_that_there_was_can_be_priced_with_again(shop: Shop, now: datetime) -> None:
    versions = [get_live_rules().version]
    promotion_id = create_promotion(document=off(10), status="live", now=now)
    versions.append(get_live_rules().version)
    change_promotion(promotion_id=promotion_id, document=off(20), now=now)
    versions.append(get_live_rules().version)
    versions.append(set_policy(policy={"lanes": [{"lane": "price", "mode": "best"}]}, now=now, actor="ann"))
    end_promotion(promotion_id=promotion_id, now=now)
    set_policy(policy=None, now=now)

    assert [total(get_rules_of_version(version=version)) for version in versions] == [1000, 900, 800, 1000]
    assert total() == 1000
    with statements() as found:
        get_rules_of_version(version=versions[1])
    assert len(found) == 1
    assert RulesetChange.objects.get(version=versions[3]).actor == "ann"
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        RulesetChange.objects.update(policy={})
