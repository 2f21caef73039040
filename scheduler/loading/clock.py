"""One local day as the solver's minutes, and times as people type them. Domain §2.

The solver knows days of 1440 minutes that all last as long as they say. A day on which the clocks
change has 23 or 25 hours, so its minutes are counted on the clock that holds at noon: from the change
on they are what the clocks show.

| Europe/Amsterdam | minutes by the noon clock |
| --- | --- |
| spring, 00:00-02:00 (CET) | 60..180: an hour later than the clocks show |
| autumn, 00:00-01:00 (CEST) | -60..0: before the solver's day |
| autumn, 01:00-03:00 (CEST) | 0..120: an hour earlier than the clocks show |

A day whose first hour is wanted counts on the clock that holds at midnight instead; then it is the 25th
hour that lies behind minute 1440. In a zone that puts its clocks back late in the evening (Beirut, Nuuk)
both are one clock, and the last hour always lies behind it. Whoever asks clips to 0..1440.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import ClassVar, Self
from zoneinfo import ZoneInfo

from solver.minutes import MINUTES_PER_DAY

MINUTE = timedelta(minutes=1)
MIDNIGHT = time()
NOON = time(12)


@dataclass(frozen=True, slots=True)
class DayClock:
    """The minutes of one local day. `zero`: the instant of minute 0, in UTC.

    Made once for a day; after that an instant costs one subtraction and one division of whole numbers.
    """

    zero: datetime

    @classmethod
    def of(cls, zone: str, day: date, first: datetime | None = None) -> Self:
        """The noon clock; the midnight clock where the noon clock has `first` before minute 0.

        `first`: the earliest instant of the day that somebody wants to tell.
        """
        clock = cls._set_at(NOON, zone, day)
        if first is not None and clock.minute(first) < 0:
            return cls._set_at(MIDNIGHT, zone, day)
        return clock

    @classmethod
    def _set_at(cls, moment: time, zone: str, day: date) -> Self:
        local = datetime.combine(day, moment, ZoneInfo(zone))
        since_zero = timedelta(hours=moment.hour)
        return cls(local.astimezone(UTC) - since_zero)

    def minute(self, instant: datetime) -> int:
        """The minute in which an instant lies; below 0 or above 1440 where it is not on this day."""
        return (instant - self.zero) // MINUTE

    def instant(self, minute: int) -> datetime:
        """When a minute begins, in UTC."""
        return self.zero + minute * MINUTE


class LocalTimeError(ValueError):
    """A time that the clocks of a zone do not show once, on that day."""

    code: ClassVar[str]

    def __init__(self, zone: str, day: date, minute: int, problem: str) -> None:
        clock = f"{minute // 60:02}:{minute % 60:02}"
        super().__init__(f"{day} {clock} {problem}")
        self.zone = zone
        self.day = day
        self.minute = minute


class NonexistentTimeError(LocalTimeError):
    """The clocks skip this time in spring."""

    code = "nonexistent_local_time"

    def __init__(self, zone: str, day: date, minute: int) -> None:
        super().__init__(
            zone,
            day,
            minute,
            f"does not exist in {zone}: the clocks are put forward past it; choose a later time",
        )


class AmbiguousTimeError(LocalTimeError):
    """The clocks show this time twice in autumn. `offsets`: from UTC, of the first and the second."""

    code = "ambiguous_local_time"

    def __init__(
        self, zone: str, day: date, minute: int, offsets: tuple[timedelta, timedelta]
    ) -> None:
        earlier, later = map(offset_text, offsets)
        super().__init__(
            zone,
            day,
            minute,
            f"happens twice in {zone}: first at {earlier}, then at {later}; say which",
        )
        self.offsets = offsets


class WrongOffsetError(LocalTimeError):
    """The clocks show this time, but not at that offset from UTC. `offsets`: at which they do."""

    code = "wrong_offset"

    def __init__(self, zone: str, day: date, minute: int, offsets: tuple[timedelta, ...]) -> None:
        shown = " and ".join(map(offset_text, offsets))
        super().__init__(zone, day, minute, f"is shown in {zone} at {shown}; say that, or nothing")
        self.offsets = offsets


def local_instant(zone: str, day: date, minute: int, fold: int | None = None) -> datetime:
    """The instant at which the clocks show this minute of the day, in UTC; 1440 is the day's end.

    `fold`: of a time that the clocks show twice the first (0) or the second (1). The end of a day
    always exists, and comes once, even where the clocks change at midnight.

    Raises:
        NonexistentTimeError: the clocks skip it.
        AmbiguousTimeError: the clocks show it twice, and nobody said which is meant.
    """
    if not 0 <= minute <= MINUTES_PER_DAY:
        raise ValueError(f"minute {minute} is not on a day: give 0 to {MINUTES_PER_DAY}")
    local = _local(zone, day, minute)
    if minute == MINUTES_PER_DAY:
        return local.astimezone(UTC)
    first, second = _offsets(local)
    # PEP 495: in a gap it is the first that has the smaller offset, in a repeated hour the greater
    if first < second:
        raise NonexistentTimeError(zone, day, minute)
    if first > second and fold is None:
        raise AmbiguousTimeError(zone, day, minute, (first, second))
    return local.replace(fold=fold or 0).astimezone(UTC)


def fold_of(zone: str, day: date, minute: int, offset: timedelta) -> int:
    """Which of the two it is that the clocks show at this offset from UTC; 0 where there is but one, or none.

    Raises:
        WrongOffsetError: they show the time, at another offset.
    """
    local = _local(zone, day, minute)
    first, second = _offsets(local)
    if minute == MINUTES_PER_DAY:
        second = first
    if first < second:
        return 0  # skipped: no offset makes it a time
    if offset not in {first, second}:
        offsets = (first,) if first == second else (first, second)
        raise WrongOffsetError(zone, day, minute, offsets)
    return (first, second).index(offset)


def _local(zone: str, day: date, minute: int) -> datetime:
    whole_days, rest = divmod(minute, MINUTES_PER_DAY)
    clock = time(rest // 60, rest % 60)
    return datetime.combine(day + timedelta(days=whole_days), clock, ZoneInfo(zone))


def _offsets(local: datetime) -> tuple[timedelta, timedelta]:
    """The first time that the clocks show it, and the second."""
    return _offset(local.replace(fold=0)), _offset(local.replace(fold=1))


def _offset(local: datetime) -> timedelta:
    offset = local.utcoffset()
    if offset is None:
        raise ValueError(f"{local} names no instant: give it a time zone")
    return offset


def offset_text(offset: timedelta) -> str:
    """An offset from UTC as ISO 8601 has it: +02:00."""
    return datetime(2000, 1, 1, tzinfo=timezone(offset)).isoformat()[19:]
