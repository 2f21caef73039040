"""Some days in a row, in one time zone, as the solver counts them: a number from the first, and a minute of the day."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.instants import MICROSECOND
from scheduler.loading.clock import DayClock
from solver.minutes import MINUTES_PER_DAY


@dataclass(frozen=True, slots=True)
class Piece:
    """What of an interval lies on one day; `start` and `end` in minutes of that day."""

    day: int
    start: int
    end: int


class Days:
    """The days from `first` on, `count` of them. Domain §2.

    `starts`: of the availabilities among them; on the day with 25 hours the clock is set so that the
    earliest can be told (`DayClock`).
    """

    def __init__(self, zone: str, first: date, count: int, starts: Iterable[datetime] = ()) -> None:
        self.zone = zone
        self.first = first
        self.count = count
        self._midnights = [midnight(zone, self.date_of(day)) for day in range(count + 1)]
        sooner = sorted(starts)
        self._clocks = [
            DayClock.of(zone, self.date_of(day), _from(sooner, begins))
            for day, begins in enumerate(self._midnights[:-1])
        ]

    @property
    def begin(self) -> datetime:
        return self._midnights[0]

    @property
    def end(self) -> datetime:
        return self._midnights[-1]

    def number(self, day: date) -> int:
        """Of a day that need not be among them."""
        return (day - self.first).days

    def date_of(self, day: int) -> date:
        return self.first + timedelta(days=day)

    def instant(self, day: int, minute: int) -> datetime:
        return self._clocks[day].instant(minute)

    def day_of(self, instant: datetime) -> int:
        """The number of the day in which an instant lies: -1 before the first, `count` after the last."""
        return bisect_right(self._midnights, instant) - 1

    def minute(self, day: int, instant: datetime) -> int:
        """The minute of that day at which something starts; beyond 0..1440 where it is not on it."""
        return self._clocks[day].minute(instant)

    def minute_of_end(self, day: int, instant: datetime) -> int:
        """The same for an end: a minute that has begun is used up."""
        return self._clocks[day].minute(instant - MICROSECOND) + 1

    def pieces(self, start: datetime, end: datetime) -> Iterator[Piece]:
        """The interval, day by day, as far as it lies on these days."""
        first, last = self.day_of(start), self.day_of(end - MICROSECOND)
        for day in range(max(0, first), min(self.count - 1, last) + 1):
            opens = self.minute(day, start) if day == first else 0
            closes = self.minute_of_end(day, end) if day == last else MINUTES_PER_DAY
            piece = Piece(day, max(0, opens), min(MINUTES_PER_DAY, closes))
            if piece.start < piece.end:
                yield piece

    def earliest(self, instant: datetime) -> int:
        """`Request.earliest` of the solver's facts: minutes since the first day began."""
        day = self.day_of(instant)
        if day < 0:
            return 0
        if day >= self.count:
            return MINUTES_PER_DAY * self.count
        since = self.minute_of_end(day, instant)
        return MINUTES_PER_DAY * day + min(max(0, since), MINUTES_PER_DAY)


def midnight(zone: str, day: date) -> datetime:
    """When a local day begins; where the clocks change at midnight, that is when they do."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def next_day(now: datetime, zone: str) -> datetime:
    """The midnight after `now`: sooner than that automatic planning plans nothing (`notice`, domain §3)."""
    return midnight(zone, now.astimezone(ZoneInfo(zone)).date() + timedelta(days=1))


def _from(in_order: Sequence[datetime], moment: datetime) -> datetime | None:
    place = bisect_left(in_order, moment)
    return in_order[place] if place < len(in_order) else None
