"""What the benchmarks compute from what they saw."""

import os
from functools import partial
from typing import Any

import pytest
from bench.measure import Probe, Samples, Server, cpu_ms, measure_in_turn
from bench.report import compare


class QuietProbe(Probe):
    """A database that nobody uses."""

    def __init__(self) -> None:
        pass

    def statements(self) -> int:
        return 0

    def database_cpu_ms(self) -> float:
        return 0.0


def test_a_summary_is_per_operation() -> None:
    samples = Samples(
        milliseconds=[float(n) for n in range(1, 101)],
        server_cpu_ms=700,
        database_cpu_ms=300,
        statements=400,
        wall_ms=2000,
    )

    assert samples.summary() == {
        "operations": 100,
        "median_ms": 50.5,
        "p99_ms": 100.0,
        "cpu_ms": 10.0,
        "server_cpu_ms": 7.0,
        "database_cpu_ms": 3.0,
        "sql": 4.0,
        "rate": 50.0,
    }


def test_the_ratio_compares_processor_time_with_the_floors() -> None:
    floor = Samples(milliseconds=[1.0], server_cpu_ms=2, wall_ms=1)
    laxin = Samples(milliseconds=[3.0], server_cpu_ms=9, wall_ms=3)

    rows = compare("laxin", {"floor": floor, "laxin": laxin})

    assert [(row.label, row.ratio_to_floor) for row in rows] == [("floor", None), ("laxin", 4.5)]


def test_processor_time_of_a_working_process_rises() -> None:
    before = cpu_ms(os.getpid())
    while cpu_ms(os.getpid()) < before + 30:
        sum(range(100_000))

    assert cpu_ms(os.getpid()) >= before + 30


def test_every_operation_has_a_number_of_its_own_and_all_are_done() -> None:
    seen: dict[str, list[int]] = {"floor": [], "laxin": []}

    results = measure_in_turn(
        contestants=[(Server(name, os.getpid()), partial(getattr, calls, "append")) for name, calls in seen.items()],
        rounds=2,
        operations=10,
        clients=3,
        probe=QuietProbe(),
        on_progress=lambda _count: None,
    )

    assert {name: len(samples.milliseconds) for name, samples in results.items()} == {"floor": 20, "laxin": 20}
    assert sorted(seen["laxin"]) == list(range(-60, 20))


def test_a_wrong_answer_ends_the_measurement() -> None:
    def fail(_serial: int) -> Any:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        measure_in_turn(
            contestants=[(Server("laxin", os.getpid()), lambda: fail)],
            rounds=1,
            operations=1,
            clients=1,
            probe=QuietProbe(),
            on_progress=lambda _count: None,
        )
