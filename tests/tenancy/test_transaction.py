"""The tenant transaction and its guard."""

import pytest
from django.contrib.auth import get_user_model
from tenants.models import Shop
from tenants.transaction import current_shop
from kernel.outbox import publish
from kernel.models import OutboxEvent

def test_a_shop_sees_its_own_rows_only(shop: Shop) -> None:
    assert [user.email for user in get_user_model().objects.all()] == ["owner@north.example"]
    publish(topic="a.b", payload={})
    assert OutboxEvent.objects.count() == 1
