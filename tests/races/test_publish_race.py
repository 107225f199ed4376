"""Changes of one promotion, and of a shop's rules, that come at once."""

from datetime import UTC, datetime

from promotions.checks import find_promotions_that_show_the_wrong_version, find_rule_sets_without_a_number
from promotions.models import PromotionVersion, RulesetVersion
from promotions.selectors import get_live_rules
from promotions.services import change_promotion, create_promotion

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.races.test_checkout_race import BUYERS, at_once


def test_32_changes_at_once_are_32_versions_of_which_one_is_live(live_shops: tuple[Shop, Shop]) -> None:
    shop, now = live_shops[0], datetime.now(UTC)
    then = [{"type": "percent_off", "percent_bp": 1000}]
    with tenant_transaction(shop):
        before = RulesetVersion.objects.get().version
        promotion_id = create_promotion(
            document={"name": "first", "lane": "order", "then": then}, status="live", now=now
        )

    def change(number: int) -> str:
        with tenant_transaction(shop):
            document = {"name": f"{number}", "lane": "order", "then": then}
            if number % 2:
                change_promotion(promotion_id=promotion_id, document=document, now=now)
            else:
                create_promotion(document=document, status="live", now=now)
        return "changed"

    assert at_once(change) == {"changed": BUYERS}

    with tenant_transaction(shop):
        versions = PromotionVersion.objects.filter(promotion_id=promotion_id).order_by("number")
        assert [version.number for version in versions] == list(range(1, BUYERS // 2 + 2))
        assert [version.status for version in versions] == ["ended"] * (BUYERS // 2) + ["live"]
        # One follows the other without a gap.
        assert [one.until_version for one in versions][:-1] == [one.since_version for one in versions][1:]
        assert get_live_rules().version == before + BUYERS + 1
        assert len(get_live_rules().names) == BUYERS // 2 + 1
        assert list(find_promotions_that_show_the_wrong_version()) == list(find_rule_sets_without_a_number()) == []
