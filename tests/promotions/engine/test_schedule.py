"""Schedules to the second, and to the microsecond where they begin and end."""

from datetime import datetime
from typing import Any

import pytest
from promotions.engine import Ruleset

from tests.promotions.engine.builders import amount, facts


def is_open(now: str, **schedule: Any) -> bool:
    assert datetime.fromisoformat(now)
    quote = Ruleset.compile([amount("p", 1, schedule=schedule)]).price(facts("A @1000", now=now), explain=True)
    return [applied.promotion for applied in quote.applied] == ["p"]


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-21T18:29:59+08:00", False),
        ("2026-11-21T18:29:59.999999+08:00", False),
        ("2026-11-21T18:30:00+08:00", True),
        ("2026-11-21T10:30:00Z", True),
        ("2026-11-21T18:30:59.999999+08:00", True),
        ("2026-11-21T18:31:00+08:00", False),
    ],
)
def test_a_period_begins_and_ends_to_the_microsecond_in_any_zone(now: str, opens: bool) -> None:
    assert is_open(now, **{"from": "2026-11-21T18:30:00+08:00", "until": "2026-11-21T18:31:00+08:00"}) is opens


@pytest.mark.parametrize(
    ("clock", "opens"),
    [
        ("18:29:59", False),
        ("18:30:00", True),
        ("18:30:30", True),
        ("21:14:59", True),
        ("21:15:00", False),
    ],
)
def test_hours_are_open_from_their_first_second_to_before_their_last(clock: str, opens: bool) -> None:
    assert is_open(f"2026-11-21T{clock}+08:00", hours=[["18:30", "21:15"]]) is opens


@pytest.mark.parametrize(
    ("day", "clock", "opens"),
    [
        (21, "22:29:59", False),
        (21, "22:30:00", True),
        (21, "23:59:59", True),
        (22, "00:00:00", True),
        (22, "01:44:59", True),
        (22, "01:45:00", False),
        (22, "22:30:00", False),
        (21, "01:00:00", False),
    ],
)
def test_a_slot_over_midnight_belongs_to_the_day_on_which_it_starts(day: int, clock: str, opens: bool) -> None:
    assert is_open(f"2026-11-{day}T{clock}+08:00", weekdays=[6], hours=[["22:30", "01:45"]]) is opens


def test_a_slot_over_midnight_of_a_sunday_goes_on_into_monday() -> None:
    assert is_open("2026-11-23T00:30:00+08:00", weekdays=[7], hours=[["22:00", "01:00"]])
    assert not is_open("2026-11-22T00:30:00+08:00", weekdays=[7], hours=[["22:00", "01:00"]])


@pytest.mark.parametrize(("clock", "opens"), [("00:00:00", False), ("12:00:00", True), ("23:59:59", True)])
def test_a_slot_may_end_with_the_day(clock: str, opens: bool) -> None:
    assert is_open(f"2026-11-21T{clock}+08:00", hours=[["12:00", "24:00"]]) is opens


def test_hours_are_a_choice() -> None:
    hours = [["08:00", "09:00"], ["18:00", "19:00"]]

    assert [is_open(f"2026-11-21T{clock}:00+08:00", hours=hours) for clock in ("08:59", "09:00", "18:00")] == [
        True,
        False,
        True,
    ]
