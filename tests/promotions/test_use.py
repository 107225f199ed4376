"""What promotions have given is counted, limited, and told."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, transaction
from kernel.models import OutboxEvent
from promotions import checks
from promotions.diff import diff_documents
from promotions.errors import PromotionUsedUp
from promotions.limits import Use, UseLimits, to_engine
from promotions.models import Promotion, PromotionUse
from promotions.selectors import get_live_rules, get_use, list_badges, list_daily_use
from promotions.services import change_promotion, create_promotion, record_use, set_policy
from promotions.types import GivenDiscount

from tenants.models import Shop
from tests.promotions.test_storage import LINE
from tests.support.statements import statements

TODAY = date(2026, 3, 4)
MEMBER = UUID(int=7)
FACTS: dict[str, Any] = {
    "currency": "CNY",
    "now": "2026-03-04T12:00:00+08:00",
    "channel": "online",
    "member": {"id": str(MEMBER)},
    "lines": [{"id": "l1", "sku": "TEA", "quantity": 1, "unit_price": 1000}],
}


def make(now: datetime, **limits: int) -> UUID:
    then = [{"type": "percent_off", "percent_bp": 1000}]
    document = {"name": "Ten off", "lane": "price", "then": then, "limits": limits}
    return create_promotion(document=document, status="live", now=now)


def order(*, today: date = TODAY, member: UUID | None = MEMBER) -> int:
    """Price the cart and use what it was given, as checkout does. The discount."""
    rules = get_live_rules(today=today, member_id=member)
    facts = {**FACTS, "usage": rules.usage, "member": {"id": str(member)} if member else None}
    quote = rules.ruleset.price(facts)
    given = [GivenDiscount(UUID(one.promotion), one.amount, rules.limits_of(one.promotion)) for one in quote.applied]
    record_use(given=given, member_id=member, today=today)
    return quote.discount


def uses() -> dict[str, tuple[int, int]]:
    return {row.scope: (row.orders, row.discount_minor) for row in PromotionUse.objects.all()}


def findings() -> list[str]:
    found = (
        checks.find_faulty_documents,
        checks.find_promotions_that_show_the_wrong_version,
        checks.find_rule_sets_without_a_number,
        checks.find_uses_that_do_not_add_up,
        checks.find_versions_that_can_change,
    )
    return [finding for check in found for finding in check()]


def test_every_use_is_counted_in_all_for_the_member_and_on_the_day(shop: Shop, now: datetime) -> None:
    promotion_id = make(now)

    order()
    order(member=None)
    order(today=TODAY + timedelta(days=1))

    assert uses() == {
        "": (3, 300),
        "day:2026-03-04": (2, 200),
        "day:2026-03-05": (1, 100),
        f"member:{MEMBER}": (2, 200),
    }
    assert get_use(promotion_id=promotion_id) == Use(3, 300)
    assert [(row.day, row.orders) for row in list_daily_use(promotion_id=promotion_id, first=TODAY, last=TODAY)] == [
        ("2026-03-04", 2)
    ]
    assert get_use(promotion_id=uuid4()) == Use(0, 0)
    assert findings() == []


@pytest.mark.parametrize(
    ("limits", "discounts"),
    [
        ({"total": 2}, [100, 100, 0, 0]),
        ({"discount_total": 250}, [100, 100, 50, 0]),
        ({"per_day": 1}, [100, 0, 100, 0]),
        ({"discount_per_day": 150}, [100, 50, 100, 50]),
        ({"per_day": 1, "total": 1}, [100, 0, 0, 0]),
        ({"per_day": 3, "total": 2}, [100, 100, 0, 0]),
        ({"discount_per_day": 150, "discount_total": 210}, [100, 50, 60, 0]),
        ({"discount_per_day": 50, "discount_total": 1000}, [50, 0, 50, 0]),
        ({"per_member": 3}, [100, 100, 100, 0]),
    ],
)
def test_a_limit_gives_what_is_left_and_then_nothing(
    shop: Shop, now: datetime, limits: dict[str, int], discounts: list[int]
) -> None:
    make(now, **limits)
    tomorrow = TODAY + timedelta(days=1)

    assert [order(), order(), order(today=tomorrow), order(today=tomorrow)] == discounts
    assert findings() == []


def test_a_limit_per_member_is_each_members_own(shop: Shop, now: datetime) -> None:
    make(now, per_member=1)

    assert [order(), order(), order(member=UUID(int=8)), order(member=None)] == [100, 0, 100, 0]


def test_a_limit_added_later_counts_what_was_given_before(shop: Shop, now: datetime) -> None:
    promotion_id = make(now)
    order()
    order()
    document = {"name": "x", "lane": "price", "then": [{"type": "percent_off", "percent_bp": 1000}]}
    change_promotion(promotion_id=promotion_id, document={**document, "limits": {"total": 3}}, now=now)

    assert [order(), order()] == [100, 0]
    change_promotion(promotion_id=promotion_id, document={**document, "limits": {"total": 2}}, now=now)
    assert order() == 0


def test_a_use_that_no_longer_fits_is_refused_whichever_limit_it_is(shop: Shop, now: datetime) -> None:
    for limits, discount in [
        (UseLimits(total=1), 1),
        (UseLimits(per_member=1), 1),
        (UseLimits(per_day=1), 1),
        (UseLimits(discount_total=10), 6),
        (UseLimits(discount_per_day=10), 6),
        (UseLimits(discount_total=10), 11),  # the first use is too much already
    ]:
        given = [GivenDiscount(make(now), discount, limits)]
        with transaction.atomic():
            if discount <= 10:
                record_use(given=given, member_id=MEMBER, today=TODAY)
            before = uses()
        with pytest.raises(PromotionUsedUp), transaction.atomic():
            record_use(given=given, member_id=MEMBER, today=TODAY)
        assert uses() == before


def test_the_database_itself_allows_no_use_above_a_limit(shop: Shop, now: datetime) -> None:
    make(now, total=2, discount_total=200)
    order()

    for change in ({"orders": 3}, {"discount_minor": 201}):
        with pytest.raises(DatabaseError, match="promotion_use_within"), transaction.atomic():
            PromotionUse.objects.filter(scope="").update(**change)


def test_reaching_80_and_100_percent_is_told_once_each(shop: Shop, now: datetime) -> None:
    promotion_id = make(now, total=5, discount_total=430)

    assert [order() for _ in range(6)] == [100, 100, 100, 100, 30, 0]

    events = [event.payload for event in OutboxEvent.objects.filter(topic="promotion.budget_reached").order_by("id")]
    assert {event["promotion"] for event in events} == {str(promotion_id)}
    assert [(event["limit"], event["percent"], event["used"], event["of"]) for event in events] == [
        ("total", 80, 4, 5),
        ("discount_total", 80, 400, 430),
        ("total", 100, 5, 5),
        ("discount_total", 100, 430, 430),
    ]


def test_limits_cost_no_statement_to_read_and_one_to_count(shop: Shop, now: datetime) -> None:
    for _number in range(20):
        make(now, total=100, per_member=50, per_day=70)
    order()

    with statements() as reading:
        get_live_rules(today=TODAY, member_id=MEMBER)
    with statements() as both:
        order()

    assert (len(reading), len(both)) == (1, 2)


def test_a_badge_is_gone_when_the_promotion_is_used_up(shop: Shop, now: datetime) -> None:
    make(now, total=2)

    def badges() -> list[int | None]:
        rules = get_live_rules(today=TODAY)
        return [
            one.unit_price for one in list_badges(rules=rules, line=LINE, now=now, channel="online", currency="CNY")
        ]

    assert badges() == [2250]
    order()
    assert badges() == [2250]
    order()
    assert badges() == []


def test_the_engine_reads_the_larger_of_two_budgets_and_no_days() -> None:
    document = {"limits": {"per_day": 3, "total": 10, "discount_per_day": 500, "per_member": 1}}

    assert to_engine(document) == {"limits": {"total": 10, "discount_total": 500, "per_member": 1}}
    assert to_engine({"limits": {"total": 1}}) == {"limits": {"total": 1}}


def test_a_diff_reads_lists_of_values_whole_and_lists_of_objects_by_entry() -> None:
    before = {"codes": ["A", "B"], "then": [{"n": 1}, {"n": 2}], "a/b": 1, "yes": 1}
    after = {"codes": ["A"], "then": [{"n": 3}], "a/b": 2, "yes": True}

    assert [(change.op, change.path, change.before, change.after) for change in diff_documents(before, after)] == [
        ("replace", "/a~1b", 1, 2),
        ("replace", "/codes", ["A", "B"], ["A"]),
        ("replace", "/then/0/n", 1, 3),
        ("remove", "/then/1", {"n": 2}, None),
        ("replace", "/yes", 1, True),
    ]
    assert diff_documents(after, {**after, "then": [{"n": 3}, {"n": 4}]})[0].to_json() == {
        "op": "add",
        "path": "/then/1",
        "value": {"n": 4},
    }
    assert diff_documents(after, after) == []


@pytest.mark.parametrize(
    ("harm", "check"),
    [
        (lambda: PromotionUse.objects.filter(scope="").update(orders=9), checks.find_uses_that_do_not_add_up),
        (lambda: Promotion.objects.update(version=4), checks.find_promotions_that_show_the_wrong_version),
        (lambda: Promotion.objects.update(name="other"), checks.find_promotions_that_show_the_wrong_version),
    ],
)
def test_each_harm_is_found_by_its_check_alone(shop: Shop, now: datetime, harm: Any, check: Any) -> None:
    make(now, total=10)
    set_policy(policy=None, now=now)
    order()
    assert findings() == []

    harm()

    assert len(findings()) == len(list(check())) == 1
