"""Any retry has one effect and the same answer."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from kernel.errors import InvalidInput
from kernel.idempotency import IdempotencyMismatch, Outcome, delete_expired_keys, run_once
from kernel.models import IdempotencyKey

from tenants.models import Shop
from tenants.transaction import tenant_transaction


class Work:
    """Counts how often it was done."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self) -> dict[str, Any]:
        self.done += 1
        return {"id": self.done}


def call(work: Callable[[], dict[str, Any]], now: datetime, **changes: Any) -> Outcome:
    arguments: dict[str, Any] = {"mutation": "join", "caller": "pk:1", "key": "k", "body": {"phone": "1"}}
    return run_once(**{**arguments, **changes}, now=now, work=work)


@pytest.mark.usefixtures("shop")
def test_a_repeated_call_returns_the_first_answer_without_doing_the_work_again(now: datetime) -> None:
    work = Work()

    first, second = call(work, now), call(work, now + timedelta(hours=23))

    assert (first, second) == (Outcome({"id": 1}, replayed=False), Outcome({"id": 1}, replayed=True))
    assert work.done == 1


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("changes", [{"mutation": "checkout"}, {"caller": "pk:2"}, {"key": "other"}])
def test_another_mutation_caller_or_key_is_another_call(changes: dict[str, str], now: datetime) -> None:
    work = Work()

    call(work, now)
    outcome = call(work, now, **changes)

    assert outcome == Outcome({"id": 2}, replayed=False)


@pytest.mark.usefixtures("shop")
def test_another_body_under_the_same_key_is_refused(now: datetime) -> None:
    work = Work()
    call(work, now)

    with pytest.raises(IdempotencyMismatch) as refusal:
        call(work, now, body={"phone": "2"})

    assert refusal.value.code == "IDEMPOTENCY_MISMATCH"
    assert work.done == 1


@pytest.mark.usefixtures("shop")
def test_the_order_of_keys_in_the_body_does_not_matter(now: datetime) -> None:
    work = Work()
    call(work, now, body={"a": 1, "b": 2})

    assert call(work, now, body={"b": 2, "a": 1}).replayed


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("key", ["", "k" * 65])
def test_a_key_of_the_wrong_length_is_refused_before_anything_is_done(key: str, now: datetime) -> None:
    work = Work()

    with pytest.raises(InvalidInput):
        call(work, now, key=key)

    assert work.done == 0
    assert IdempotencyKey.objects.count() == 0


@pytest.mark.usefixtures("shop")
def test_work_that_is_refused_leaves_no_key(now: datetime) -> None:
    def refuse() -> dict[str, Any]:
        raise InvalidInput("no")

    with pytest.raises(InvalidInput), transaction.atomic():
        call(refuse, now)

    assert call(Work(), now) == Outcome({"id": 1}, replayed=False)


@pytest.mark.usefixtures("shop")
def test_a_key_is_forgotten_after_a_day(now: datetime) -> None:
    work = Work()
    call(work, now)

    assert call(work, now + timedelta(hours=24), body={"phone": "2"}) == Outcome({"id": 2}, replayed=False)


@pytest.mark.usefixtures("shop")
def test_expired_keys_are_deleted_and_fresh_ones_kept(now: datetime) -> None:
    call(Work(), now, key="old")
    call(Work(), now + timedelta(hours=1), key="new")

    assert delete_expired_keys(now=now + timedelta(hours=24), limit=10) == 1
    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["new"]


def test_simultaneous_calls_with_one_key_do_the_work_once(live_shops: tuple[Shop, Shop], now: datetime) -> None:
    callers = 16
    work = Work()
    barrier = threading.Barrier(callers)
    outcomes: list[Outcome] = []

    def run() -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=60)
            with tenant_transaction(live_shops[0]):
                outcomes.append(call(work, now))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert work.done == 1
    assert [outcome.answer for outcome in outcomes] == [{"id": 1}] * callers
    assert sorted(outcome.replayed for outcome in outcomes) == [False] + [True] * (callers - 1)
