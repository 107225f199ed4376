"""Periods of subscriptions, in UTC seconds."""

from calendar import monthrange
from datetime import UTC, datetime

DAY = 86400
FIXED = {"day": DAY, "week": 7 * DAY}
MONTHS = {"month": 1, "year": 12}


def add_months(moment: int, months: int) -> int:
    """The same day of the month so many months later, or that month's last day."""
    start = datetime.fromtimestamp(moment, UTC)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


def period_end(anchor: int, start: int, interval: str, count: int = 1) -> int:
    """The end of the period that begins at `start`, where periods are counted from `anchor`."""
    if interval in FIXED:
        length = FIXED[interval] * count
        return anchor + ((start - anchor) // length + 1) * length
    months = MONTHS[interval] * count
    steps = 1
    while (end := add_months(anchor, steps * months)) <= start:
        steps += 1
    return end
