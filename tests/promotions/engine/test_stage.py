"""Days to birthdays, over leap years, centuries and the last day that there is."""

from datetime import date

import pytest
from promotions.engine.stage import _days_to, _kept_on


@pytest.mark.parametrize(
    ("year", "day"), [(2023, 28), (2024, 29), (2000, 29), (2100, 28), (2101, 28), (2104, 29), (2400, 29), (2401, 28)]
)
def test_the_leap_day_is_kept_on_the_last_day_of_february(year: int, day: int) -> None:
    assert _kept_on((2, 29), year) == date(year, 2, day)


@pytest.mark.parametrize(
    ("birthday", "today", "days"),
    [
        ((5, 12), date(2026, 5, 12), 0),
        ((5, 12), date(2026, 5, 11), 1),
        ((5, 12), date(2026, 5, 13), 364),
        ((5, 12), date(2027, 5, 13), 365),
        ((2, 29), date(2026, 2, 28), 0),
        ((2, 29), date(2027, 3, 1), 365),
        ((2, 29), date(2028, 2, 28), 1),
        ((2, 29), date(2100, 2, 27), 1),
        ((2, 28), date(2028, 2, 29), 365),
        ((1, 1), date(9999, 12, 31), 1),
        ((12, 31), date(9999, 12, 31), 0),
    ],
)
def test_days_to_a_birthday(birthday: tuple[int, int], today: date, days: int) -> None:
    assert _days_to(birthday, today) == days
