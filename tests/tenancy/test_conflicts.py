"""A request that the database undid for the sake of another one is run once more, whole."""

import threading
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
from checkout.models import Cart
from checkout.services import create_cart
from django.db import connection, connections
from kernel.models import OutboxEvent
from pytest_django.fixtures import Settings

from tenants.models import Shop
from tenants.transaction import tenant_transaction
from tests.storefront_api.documents import CART_CREATE
from tests.support import urls
from tests.support.shops import ShopClient
from tests.support.storefront import Storefront, make_key, make_product


@pytest.fixture
def north(live_shops: tuple[Shop, Shop], settings: Settings) -> Shop:
    settings.ROOT_URLCONF = settings.SHOP_URLCONF = "tests.support.urls"
    urls.RUNS.clear()
    return live_shops[0]


def topics(shop: Shop) -> list[str]:
    with tenant_transaction(shop):
        return list(OutboxEvent.objects.order_by("id").values_list("topic", flat=True))


@pytest.mark.parametrize("code", ["40P01", "40001"])
def test_after_one_conflict_the_same_request_is_done_as_if_nothing_had_been(north: Shop, code: str) -> None:
    answer = ShopClient(north).post(f"/collide/1?code={code}", {"said": "hello"})
    assert (answer.status_code, answer.content) == (200, b"done")
    assert urls.RUNS == ["hello", "hello"]
    assert topics(north) == ["test.run2"]


def test_after_two_conflicts_the_answer_says_that_nothing_was_saved(north: Shop) -> None:
    answer = ShopClient(north).post("/collide/9", {"said": "hello"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert "Nothing was saved" in answer.content.decode() or "没有保存" in answer.content.decode()
    assert len(urls.RUNS) == 2
    assert topics(north) == []


def test_other_faults_are_not_run_again(north: Shop) -> None:
    answer = ShopClient(north, raise_request_exception=False).post("/collide/9?code=57014")
    assert answer.status_code == 500
    assert len(urls.RUNS) == 1


def test_what_was_committed_on_the_way_is_not_done_twice(north: Shop) -> None:
    assert ShopClient(north).post("/collide/1?outside").status_code == 503
    assert topics(north) == ["test.run1"]


def test_files_that_were_read_are_not_sent_again(north: Shop) -> None:
    assert ShopClient(north).post("/collide/1", {"file": BytesIO(b"x"), "said": "a"}).status_code == 503
    assert len(urls.RUNS) == 1


def test_two_requests_that_lock_in_opposite_order_both_succeed(north: Shop) -> None:
    """A real deadlock: the database ends one of the two, and that one is run again."""
    with tenant_transaction(north):
        OutboxEvent.objects.bulk_create(OutboxEvent(topic=topic, payload={}) for topic in "ab")
    urls.BARRIER.reset()
    answers: list[int] = []

    def ask(path: str) -> None:
        try:
            answers.append(ShopClient(north).post(path).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=[path]) for path in ("/cross/ab", "/cross/ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [200, 200]
    assert len(urls.RUNS) == 3
    with tenant_transaction(north):
        assert list(OutboxEvent.objects.order_by("topic").values_list("attempts", flat=True)) == [2, 2]


@pytest.mark.parametrize(("times", "ends"), [(1, (200, [])), (9, (503, ["TRY_AGAIN"]))])
def test_a_mutation_is_run_again_and_then_answered_with_what_to_do(
    live_shops: tuple[Shop, Shop],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    times: int,
    ends: tuple[int, list[str]],
) -> None:
    north = live_shops[0]
    runs: list[int] = []
    with tenant_transaction(north):
        make_product(now, skus={"TEA": 2500})
        storefront = Storefront(north, make_key(now))

    def collide(**arguments: Any) -> Any:
        created = create_cart(**arguments)
        runs.append(1)
        if len(runs) <= times:
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$")
        return created

    monkeypatch.setattr("storefront_api.schema.cart.create_cart", collide)
    answer = storefront.post(CART_CREATE, {"input": {"lines": [{"sku": "TEA", "quantity": 1}]}})
    assert (answer.status, answer.codes) == ends
    assert len(runs) == 2
    with tenant_transaction(north):
        assert Cart.objects.count() == (ends[0] == 200)
