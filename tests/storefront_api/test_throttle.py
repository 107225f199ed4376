"""A shop's storefronts may ask for so much in a second; who asks for more is told when to come back."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from django.core.cache import cache, caches
from kernel.ids import new_secret
from members.models import Member

from storefront_api.documents import get_document
from storefront_api.errors import RequestRefused
from storefront_api.schema.root import SCHEMA
from storefront_api.throttle import BURST_SECONDS, check_rate
from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.storefront_api.documents import JOIN
from tests.support.coupons import make_batch, make_link
from tests.support.storefront import Answer, Storefront, make_key

ONE_FIELD = "{ __typename }"


@pytest.fixture
def cached(valkey: str, settings: Any) -> Iterator[redis.Redis]:
    """Django's cache in Valkey; a connection to look at it."""
    backend = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": valkey}
    settings.CACHES = {"default": {**settings.CACHES["default"], **backend}}
    cache.clear()
    with redis.Redis.from_url(valkey) as client:
        yield client
    cache.clear()
    caches["default"].close()


def limit(shop: Shop, **limits: int) -> Shop:
    """The shop as billing would leave it; not saved."""
    shop.limits = limits
    return shop


def take(shop: Shop, cost: int) -> str:
    try:
        check_rate(shop, cost=cost)
    except RequestRefused as refusal:
        return refusal.code
    return "taken"


@pytest.mark.parametrize(
    ("text", "operation", "cost"),
    [
        ("{ shop { name } }", None, 2),
        ("query A { shop { name } } query B { shop { name language currencyCode } }", "B", 4),
        ("query A { shop { name } } query B { shop { name language currencyCode } }", "A", 2),
        ("query A { shop { name } } query B { shop { name language currencyCode } }", "C", 4),
        ("{ a: shop { ...f } b: shop { ...f } } fragment f on Shop { name language }", None, 6),
    ],
)
def test_a_request_costs_the_fields_of_its_operation(text: str, operation: str | None, cost: int) -> None:
    assert get_document(SCHEMA, text).get_cost(operation) == cost


def test_what_five_seconds_bring_may_be_asked_for_at_once_and_no_more(cached: redis.Redis, shop: Shop) -> None:
    limit(shop, api_cost_per_second=1)

    ends = [take(shop, 1) for _ in range(BURST_SECONDS + 2)]

    # A second may pass meanwhile on a busy machine.
    assert ends[:BURST_SECONDS] == ["taken"] * BURST_SECONDS
    assert "THROTTLED" in ends[BURST_SECONDS:]


def test_the_refusal_says_when_to_come_back_and_then_it_works(
    cached: redis.Redis, storefront: Storefront, shops: tuple[Shop, Shop]
) -> None:
    Shop.objects.filter(pk=shops[0].pk).update(limits={"api_cost_per_second": 1})
    cache.clear()
    wanted = "{ " + " ".join(f"f{number}: __typename" for number in range(BURST_SECONDS)) + " }"
    assert storefront.post(wanted, None).status == 200

    refused = storefront.post(ONE_FIELD, None, Origin="https://tea.example")

    assert (refused.status, refused.codes) == (429, ["THROTTLED"])
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["Access-Control-Allow-Origin"] == "https://tea.example"
    cost = refused.body["errors"][0]["extensions"]["cost"]
    assert cost == {"requested": 1, "left": 0, "perSecond": 1, "most": 5}
    time.sleep(1.1)
    assert storefront.post(ONE_FIELD, None).status == 200


def test_each_shop_has_its_own_bucket(cached: redis.Redis, shops: tuple[Shop, Shop]) -> None:
    north, south = (limit(shop, api_cost_per_second=1) for shop in shops)
    with tenant_transaction(north):
        assert [take(north, BURST_SECONDS), take(north, BURST_SECONDS)] == ["taken", "THROTTLED"]
    with tenant_transaction(south):
        assert take(south, BURST_SECONDS) == "taken"


def test_a_document_dearer_than_a_whole_bucket_runs_when_it_is_full(cached: redis.Redis, shop: Shop) -> None:
    limit(shop, api_cost_per_second=1)

    assert [take(shop, 100), take(shop, 100)] == ["taken", "THROTTLED"]


def test_of_32_at_once_as_many_pass_as_the_bucket_holds(cached: redis.Redis, shops: tuple[Shop, Shop]) -> None:
    shop, most = limit(shops[0], api_cost_per_second=2), 2 * BURST_SECONDS
    barrier, ends = threading.Barrier(32), Counter[str]()

    def run() -> None:
        barrier.wait(timeout=60)
        ends[take(shop, 1)] += 1

    started = time.monotonic()
    threads = [threading.Thread(target=run) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    came_in = 2 * int(time.monotonic() - started + 1)
    assert most <= ends["taken"] <= most + came_in < 32
    assert sum(ends.values()) == 32


def test_it_is_one_round_trip_and_none_without_a_limit(cached: redis.Redis, shop: Shop) -> None:
    def commands() -> int:
        return int(cached.info("stats")["total_commands_processed"])

    check_rate(limit(shop, api_cost_per_second=100), cost=1)  # connects, and leaves the script there
    own = -(commands() - commands())
    before = commands()
    check_rate(shop, cost=1)
    in_script = 4  # TIME, HMGET, HSET, PEXPIRE are counted too
    assert commands() - before == 1 + in_script + own

    before = commands()
    check_rate(limit(shop), cost=1)
    assert commands() - before == own


def test_while_the_cache_is_down_nobody_is_throttled(shop: Shop, settings: Any) -> None:
    backend = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": {**settings.CACHES["default"], **backend}}

    assert take(limit(shop, api_cost_per_second=1), 1000) == "taken"


def test_without_valkey_nobody_is_throttled(shop: Shop) -> None:
    assert {take(limit(shop, api_cost_per_second=1), 1000) for _ in range(3)} == {"taken"}


def test_joins_of_a_network_are_limited_but_not_those_of_a_server(
    cached: redis.Redis, storefront: Storefront, shops: tuple[Shop, Shop], settings: Any
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"join": "1/d/ip"}
    now = datetime.now(UTC)
    with storefront.inside():
        make_link(now, make_batch(now))
        secret = make_key(now, kind="secret")
    number = itertools.count(13800138000)

    def join(asking: Storefront) -> Answer:
        wanted = {"joinCode": "welcome", "phone": str(next(number)), "idempotencyKey": new_secret()}
        return asking.post(JOIN, {"input": wanted}, Origin="https://tea.example")

    first, refused = join(storefront), join(storefront)

    assert first.data["memberJoin"]["userErrors"] == []
    assert (refused.status, refused.codes, "data" in refused.body) == (429, ["THROTTLED"], False)
    assert 0 < int(refused.headers["Retry-After"]) <= 24 * 3600
    assert refused.headers["Access-Control-Allow-Origin"] == "https://tea.example"
    server = Storefront(shops[0], secret)
    assert [join(server).status, join(server).status] == [200, 200]
    with storefront.inside():
        assert Member.objects.count() == 3
