"""Tasks keep their shop through every way of sending them; run by a real worker over a real broker."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import chain, chord, group
from kernel.models import OutboxEvent
from kernel.outbox import publish
from pytest_django import DjangoDbBlocker

from tenants.errors import TenancyError
from tenants.models import Shop
from tenants.selectors import get_shop
from tenants.tasks import HEADER, enqueue_on_commit, relay_all_outboxes
from tenants.transaction import tenant_transaction
from tests.support.database import TestServer
from tests.support.live import fresh_database, live_worker
from tests.support.shops import NORTH, SOUTH
from tests.support.tasks import collect, fail_once, hand_out, mark, send_on

WAIT_SECONDS = 30


@pytest.fixture(scope="module")
def worker(
    django_db_setup: None,
    database_server: TestServer,
    django_db_blocker: DjangoDbBlocker,
    valkey: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Path]:
    """A worker for all tests of this module, with a database of its own. Its log."""
    home = tmp_path_factory.mktemp("worker")
    with (
        django_db_blocker.unblock(),
        fresh_database(database_server),
        live_worker(database_server, home, valkey, include="tests.support.tasks") as log,
    ):
        yield log


@pytest.fixture
def north(worker: Path) -> Shop:
    return get_shop(slug=NORTH)


@pytest.fixture
def south(worker: Path) -> Shop:
    return get_shop(slug=SOUTH)


def count(shop: Shop, label: str) -> int:
    with tenant_transaction(shop):
        return OutboxEvent.objects.filter(topic=f"test.{label}").count()


def wait_for(shop: Shop, label: str, times: int = 1) -> None:
    """Wait until a mark was left as often as expected in a shop."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (found := count(shop, label)) < times and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found == times


def wait_for_line(log: Path, text: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while text not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert text in log.read_text()


def test_a_task_runs_in_the_shop_that_sent_it(north: Shop, south: Shop) -> None:
    with tenant_transaction(north):
        answer = mark.delay("plain")
    assert answer.get(timeout=WAIT_SECONDS) == "north"
    assert (count(north, "plain"), count(south, "plain")) == (1, 0)


def test_groups_chains_and_chords_keep_the_shop(north: Shop, south: Shop) -> None:
    with tenant_transaction(south):
        results = [
            group(mark.s("group"), mark.s("group")).delay(),
            chain(mark.si("link"), mark.si("link"), collect.si([], "end")).delay(),
            chord([mark.s("header"), mark.s("header")], collect.s("body")).delay(),
        ]
    assert [result.get(timeout=WAIT_SECONDS) for result in results] == [["south", "south"], [], ["south", "south"]]
    labels = ["group", "link", "end", "header", "body"]
    assert [count(south, label) for label in labels] == [2, 2, 1, 2, 1]
    assert [count(north, label) for label in labels] == [0, 0, 0, 0, 0]


def test_a_retry_keeps_the_shop_and_the_failed_attempt_wrote_nothing(north: Shop, south: Shop) -> None:
    with tenant_transaction(north):
        fail_once.delay("retry")
    wait_for(north, "retry.1")
    assert [count(shop, f"retry.{attempt}") for shop in (north, south) for attempt in (0, 1)] == [0, 1, 0, 0]


def test_a_task_with_an_eta_keeps_the_shop(north: Shop, south: Shop) -> None:
    with tenant_transaction(south):
        mark.apply_async(("later",), countdown=0.2)
    wait_for(south, "later")
    assert count(north, "later") == 0


def test_a_task_sent_by_a_task_keeps_the_shop(north: Shop, south: Shop) -> None:
    with tenant_transaction(south):
        send_on.delay("relayed")
    wait_for(south, "relayed")
    assert count(north, "relayed") == 0


def test_a_task_enqueued_on_commit_is_sent_after_the_commit_only(north: Shop) -> None:
    with pytest.raises(ZeroDivisionError), tenant_transaction(north):
        enqueue_on_commit(mark, "rolled_back")
        raise ZeroDivisionError
    with tenant_transaction(north):
        enqueue_on_commit(mark, "committed")
    wait_for(north, "committed")
    assert count(north, "rolled_back") == 0


def test_a_public_task_hands_out_work_to_every_shop(north: Shop, south: Shop) -> None:
    hand_out.delay("everywhere")
    wait_for(north, "everywhere")
    wait_for(south, "everywhere")


def test_the_periodic_relay_finds_events_whose_wake_up_was_lost(north: Shop) -> None:
    with tenant_transaction(north):
        OutboxEvent.objects.create(topic="test.forgotten", payload={})
    relay_all_outboxes.delay()
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        with tenant_transaction(north):
            event = OutboxEvent.objects.get(topic="test.forgotten")
        if event.delivered_at:
            break
        time.sleep(0.05)
    assert event.delivered_at is not None


def test_a_published_event_is_delivered_right_after_the_commit(north: Shop) -> None:
    with tenant_transaction(north):
        publish(topic="test.woken", payload={})
        publish(topic="test.woken", payload={})
    deadline = time.monotonic() + WAIT_SECONDS
    delivered = 0
    while delivered < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
        with tenant_transaction(north):
            delivered = OutboxEvent.objects.filter(topic="test.woken").exclude(delivered_at=None).count()
    assert delivered == 2


def test_a_task_of_a_deleted_shop_refuses(north: Shop, worker: Path) -> None:
    gone = Shop(schema_name="t_00000000deadbeef", slug="gone")
    mark.apply_async(("deleted",), headers={"laxin_shop": gone.schema_name})
    wait_for_line(worker, "There is no shop 't_00000000deadbeef'")
    assert count(north, "deleted") == 0


def test_a_task_without_a_shop_is_neither_sent_nor_run(north: Shop, worker: Path) -> None:
    with pytest.raises(TenancyError, match="sent without a shop"):
        mark.delay("nowhere")
    mark.app.send_task("tests.support.tasks.mark", ["nowhere"])  # past the task class
    wait_for_line(worker, "arrived without a shop and was not run")
    assert count(north, "nowhere") == 0


@pytest.mark.django_db
def test_a_direct_call_is_a_function_of_the_open_transaction(shops: tuple[Shop, Shop]) -> None:
    with pytest.raises(TenancyError):
        mark("direct")
    with tenant_transaction(shops[0]):
        assert mark("direct") == "north"


@pytest.mark.django_db
def test_a_task_run_in_this_process_joins_the_open_transaction_of_its_shop_alone(shops: tuple[Shop, Shop]) -> None:
    north, south = shops
    with tenant_transaction(north):
        assert mark.apply(("eager",), headers={HEADER: north.schema_name}).get() == "north"
        with pytest.raises(TenancyError, match="cannot run inside"):
            mark.apply(("stray",), headers={HEADER: south.schema_name}).get()
        assert list(OutboxEvent.objects.values_list("topic", flat=True)) == ["test.eager"]


@pytest.mark.django_db
def test_a_public_task_does_not_run_inside_a_shop(shop: Shop) -> None:
    with pytest.raises(TenancyError, match="cannot run inside"):
        hand_out("inside")
