"""The year of the data ends just before it is loaded, on the same weekdays and hours."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from demo.clock import DATA_END, SHOP_ZONE, find_shift, to_instant, to_instants


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 22, 8, 0, tzinfo=SHOP_ZONE),
        datetime(2026, 11, 23, 0, 0, tzinfo=SHOP_ZONE),
        datetime(2026, 11, 22, 23, 59, 59, tzinfo=SHOP_ZONE),
        datetime(2030, 2, 28, 16, 0, tzinfo=UTC),
    ],
)
def test_the_last_week_is_over_and_less_than_a_week_ago(now: datetime) -> None:
    shift = find_shift(now)

    end = (DATA_END + shift).replace(tzinfo=SHOP_ZONE)
    assert timedelta(0) <= now - end < timedelta(weeks=1)
    assert shift % timedelta(weeks=1) == timedelta(0)


def test_the_stores_wall_clock_becomes_the_shops() -> None:
    """The first purchase: Sunday 11:53:26 UTC, 6:53:26 in the morning at the store."""
    stamps = pd.Series(pd.to_datetime(["2017-01-01 11:53:26"]))

    instant = to_instants(stamps, timedelta(weeks=463))[0].to_pydatetime().astimezone(SHOP_ZONE)

    assert (instant.date(), instant.hour, instant.minute, instant.second) == (date(2025, 11, 16), 6, 53, 26)
    assert instant.isoweekday() == 7


def test_a_day_begins_at_midnight_in_the_shop() -> None:
    assert to_instant(date(2017, 1, 1), timedelta(weeks=1)) == datetime(2017, 1, 7, 16, 0, tzinfo=UTC)
