"""A network joins a shop so often and no more; others, and other shops, are not concerned."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import RequestFactory
from joining.errors import JoinsTooOften
from joining.throttle import check_may_join

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.support.statements import statements

HOUR = 1_800_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Ten seconds after a full hour."""
    clock = SimpleNamespace(now=HOUR + 10)
    monkeypatch.setattr("joining.throttle.time", SimpleNamespace(time=lambda: clock.now))
    return clock


def wait(address: str = "203.0.113.1") -> int:
    """The seconds to wait after an attempt; 0 where it is taken."""
    try:
        check_may_join(RequestFactory(REMOTE_ADDR=address).post("/j/welcome"))
    except JoinsTooOften as error:
        return error.retry_after
    return 0


def test_sixty_join_in_a_minute_and_six_hundred_in_an_hour(shop: Shop, clock: SimpleNamespace) -> None:
    taken = [[wait() for _ in range(61)]]
    for minute in range(1, 10):
        clock.now = HOUR + 60 * minute
        taken.append([wait() for _ in range(59)])

    assert taken[0] == [0] * 60 + [50]
    assert taken[1:] == [[0] * 59] * 9
    # 61 attempts and 531 are 592.
    clock.now = HOUR + 600
    assert [wait() for _ in range(9)] == [0] * 8 + [3000]
    clock.now = HOUR + 3600
    assert wait() == 0


def test_other_networks_and_other_shops_are_not_concerned(
    shops: tuple[Shop, Shop], clock: SimpleNamespace, settings: Any
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"join": "1/m/ip"}

    with tenant_transaction(shops[0]):
        assert [wait(), wait(), wait("203.0.113.2")] == [0, 50, 0]
        assert [wait("2001:db8:1:2::1"), wait("2001:db8:1:2::2"), wait("2001:db8:1:3::1")] == [0, 50, 0]
    with tenant_transaction(shops[1]):
        assert wait() == 0


def test_counting_asks_the_database_for_nothing(shop: Shop, clock: SimpleNamespace) -> None:
    with statements() as found:
        wait()

    assert found == []


def test_what_a_full_cache_threw_out_is_counted_no_more(
    shop: Shop, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joining.throttle.cache.add", lambda *_others: True)

    assert wait() == 0


def test_while_the_cache_is_down_people_join(shop: Shop, clock: SimpleNamespace, settings: Any) -> None:
    backend = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": {**settings.CACHES["default"], **backend}}
    settings.ACCOUNT_RATE_LIMITS = {"join": "0/m/ip"}

    assert wait() == 0
