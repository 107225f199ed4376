"""Schedules: half-open periods, weekdays and hours, read in the zone of `now`."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from promotions.engine.faults import Fault, Path, Reader

SCHEDULE_KEYS = frozenset({"from", "until", "weekdays", "hours"})
DAY = 24 * 60 * 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_MICROSECOND = timedelta(microseconds=1)


def instant_of(moment: datetime) -> int:
    """Microseconds since 1970, so that instants compare as integers."""
    return (moment - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class Clock:
    """`now` as schedules need it."""

    instant: int
    weekday: int  # ISO, 1 to 7
    second: int  # of the day

    @classmethod
    def at(cls, now: datetime) -> "Clock":
        return cls(instant_of(now), now.isoweekday(), now.hour * 3600 + now.minute * 60 + now.second)


@dataclass(frozen=True, slots=True)
class Schedule:
    start: int | None = None
    end: int | None = None
    weekdays: frozenset[int] = frozenset()  # empty: every day
    slots: tuple[tuple[int, int], ...] = ()  # seconds of the day; an end before its start lies on the next day

    def is_open(self, clock: Clock) -> bool:
        if self.start is not None and clock.instant < self.start:
            return False
        if self.end is not None and clock.instant >= self.end:
            return False
        if not self.slots:
            return not self.weekdays or clock.weekday in self.weekdays
        return any(self._within(clock, start, end) for start, end in self.slots)

    def _within(self, clock: Clock, start: int, end: int) -> bool:
        today = not self.weekdays or clock.weekday in self.weekdays
        if start < end:
            return today and start <= clock.second < end
        yesterday = not self.weekdays or (clock.weekday - 2) % 7 + 1 in self.weekdays
        return (today and clock.second >= start) or (yesterday and clock.second < end)


ALWAYS = Schedule()


def parse_schedule(document: object, path: Path, faults: list[Fault]) -> Schedule:
    reader = Reader(document, path, faults, SCHEDULE_KEYS)
    start, end = reader.instant("from"), reader.instant("until")
    opens = None if start is None else instant_of(start)
    closes = None if end is None else instant_of(end)
    if opens is not None and closes is not None and opens >= closes:
        reader.fault("until", "CONFLICT", "must be after from: the schedule never opens")
    weekdays = frozenset(
        reader.checked_integer(entry, place, 1, 7)
        for place, entry in (reader.items("weekdays") if reader.has("weekdays") else ())
    )
    slots = tuple(
        _parse_slot(reader, entry, place) for place, entry in (reader.items("hours") if reader.has("hours") else ())
    )
    return Schedule(opens, closes, weekdays, slots)


def _parse_slot(reader: Reader, entry: object, path: Path) -> tuple[int, int]:
    if not isinstance(entry, list):
        reader.faults.append(Fault(str(path), "TYPE", 'must be a pair like ["18:00", "21:00"]'))
        return 0, DAY
    if len(entry) != 2:
        reader.faults.append(Fault(str(path), "FORMAT", 'must be a pair like ["18:00", "21:00"]'))
        return 0, DAY
    ends = []
    for place, text in enumerate(entry):
        if not isinstance(text, str):
            reader.faults.append(Fault(str(Path(path, place)), "TYPE", 'must be a text like "18:00"'))
        elif not _CLOCK.fullmatch(text) or (text == "24:00" and place == 0):
            reader.faults.append(
                Fault(str(Path(path, place)), "FORMAT", 'must be a time like "18:00"; "24:00" only ends')
            )
        else:
            ends.append(int(text[:2]) * 3600 + int(text[3:]) * 60)
    if len(ends) < 2:
        return 0, DAY
    if ends[0] == ends[1]:
        reader.faults.append(Fault(str(path), "CONFLICT", "starts and ends at the same time"))
    return ends[0], ends[1]
