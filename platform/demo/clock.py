"""When things happened, told so that the year of the data ends just before it is loaded.

The data's clock is UTC and the stores' wall clock five hours behind it. That wall clock becomes the shop's: what was
sold at nine in the morning was sold at nine in Shanghai. Moving by whole weeks keeps the weekdays.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

DATA_OFFSET = timedelta(hours=-5)
SHOP_ZONE = ZoneInfo("Asia/Shanghai")
SHOP_OFFSET = timedelta(hours=8)  # Shanghai keeps one offset all year, so whole columns can be moved at once
DATA_END = datetime(2018, 1, 1)  # noqa: DTZ001 - the wall-clock moment at which the data's last week (53) is over
WEEK = timedelta(weeks=1)


def find_shift(now: datetime) -> timedelta:
    """Return the whole weeks by which the data move: the most with which their last week is over before `now`."""
    wall_clock = now.astimezone(SHOP_ZONE).replace(tzinfo=None)
    return (wall_clock - DATA_END) // WEEK * WEEK


def to_wall_clock(stamps: "pd.Series[pd.Timestamp]") -> "pd.Series[pd.Timestamp]":
    """Return the stores' wall clock of the data's stamps."""
    return stamps + DATA_OFFSET


def to_instants(stamps: "pd.Series[pd.Timestamp]", shift: timedelta) -> "pd.Series[pd.Timestamp]":
    """Return the moved instants, in UTC, of the data's stamps."""
    moved = to_wall_clock(stamps) + shift - SHOP_OFFSET
    return moved.dt.as_unit("us").dt.tz_localize("UTC")


def to_instant(day: date, shift: timedelta) -> datetime:
    """Return the moved instant at which a day of the data begins in the shop."""
    return (datetime.combine(day, time()) + shift).replace(tzinfo=SHOP_ZONE)
