"""The tenant transaction and its guard."""

from django.contrib.auth import get_user_model
from kernel.models import OutboxEvent
from kernel.outbox import publish

from tenants.models import Shop


def test_a_shop_sees_its_own_rows_only(shop: Shop) -> None:
    assert [user.email for user in get_user_model().objects.all()] == ["owner@north.example"]
    publish(topic="a.b", payload={})
    assert OutboxEvent.objects.count() == 1
