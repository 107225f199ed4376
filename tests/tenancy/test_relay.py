"""The outbox relay: at least once, in order, with back-off; one bad event stops no other."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from kernel.models import OutboxEvent
from kernel.outbox import publish

from tenants import relay
from tenants.doctor import find_broken
from tenants.models import Shop
from tenants.relay import find_schemas_with_news, relay_events
from tenants.transaction import tenant_transaction

SECOND = timedelta(seconds=1)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers that a listener of `test.number` heard; it writes an event of its own and fails for numbers below 0."""
    numbers: list[int] = []

    def listen(payload: Mapping[str, Any]) -> None:
        publish(topic="test.echo", payload=payload)
        if payload["number"] < 0:
            raise ValueError("below zero")
        numbers.append(payload["number"])

    monkeypatch.setattr(relay, "subscribers", lambda: {"test.number": (listen,)})
    return numbers


@pytest.fixture
def soon() -> datetime:
    """A moment when all that was published in the test is due."""
    return timezone.now() + SECOND


def send(*numbers: int) -> None:
    for number in numbers:
        publish(topic="test.number", payload={"number": number})


def test_events_are_delivered_once_and_in_order(shop: Shop, heard: list[int], soon: datetime) -> None:
    send(3, 1, 2)
    assert relay_events(now=soon) == 3
    assert heard == [3, 1, 2]
    assert relay_events(now=soon) == 3  # the echoes, which nobody listens to
    assert relay_events(now=soon) == 0
    assert heard == [3, 1, 2]


def test_an_event_that_fails_is_tried_again_later_and_stops_no_other(
    shop: Shop, heard: list[int], soon: datetime
) -> None:
    send(-1, 2)
    assert relay_events(now=soon) == 1
    assert heard == [2]
    failed = OutboxEvent.objects.get(topic="test.number", payload__number=-1)
    assert (failed.attempts, failed.delivered_at) == (1, None)
    assert failed.available_at == soon + 2 * SECOND
    assert failed.last_error == "ValueError('below zero')"
    assert OutboxEvent.objects.filter(topic="test.echo").count() == 1  # what the failed listener wrote is gone


def test_the_waits_grow_to_an_hour(shop: Shop, heard: list[int], soon: datetime) -> None:
    send(-1)
    moment, waits = soon, []
    for _ in range(13):
        relay_events(now=moment)
        due = OutboxEvent.objects.get(topic="test.number").available_at
        waits.append(int((due - moment).total_seconds()))
        moment = due
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600]


def test_an_event_is_not_delivered_before_it_is_due(shop: Shop, heard: list[int]) -> None:
    send(1)
    assert relay_events(now=datetime(2026, 1, 1, tzinfo=UTC)) == 0
    assert heard == []


def test_a_limit_leaves_the_rest_for_the_next_round(shop: Shop, heard: list[int], soon: datetime) -> None:
    send(1, 2, 3)
    assert relay_events(now=soon, limit=2) == 2
    assert heard == [1, 2]


def test_shops_with_news_are_named_by_one_query(shops: tuple[Shop, Shop], soon: datetime) -> None:
    assert find_schemas_with_news(now=soon) == []
    with tenant_transaction(shops[1]):
        send(1)
    assert find_schemas_with_news(now=soon) == [shops[1].schema_name]
    assert find_schemas_with_news(now=datetime(2026, 1, 1, tzinfo=UTC)) == []


def test_the_doctor_names_an_event_that_fails_again_and_again(shops: tuple[Shop, Shop]) -> None:
    with tenant_transaction(shops[0]):
        OutboxEvent.objects.create(topic="test.stuck", payload={}, attempts=8, last_error="no")
    findings = [finding for finding in find_broken(shops) if finding.invariant.startswith("tenants.")]
    assert [(finding.shop, finding.invariant) for finding in findings] == [
        ("north", "tenants.outbox_events_are_delivered")
    ]
    assert "test.stuck" in findings[0].detail
