"""One appointment, as an event of a calendar."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

PRODUCT = "-//Spreekuur//Spreekuur//EN"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
CONTROL_BUT_LINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Happening:
    """What is told of it, in somebody's language. `told_at`: when it became what it is."""

    key: UUID
    sequence: int
    starts_at: datetime
    ends_at: datetime
    zone: str
    summary: str
    place: str
    told_at: datetime
    description: str = ""

    def event(self, host: str) -> Event:
        """`host`: whose appointments these are; with the key it makes the name that never changes."""
        made = Event()
        made.add("uid", f"appt-{self.key}@{host}")
        made.add("sequence", self.sequence)
        made.add("dtstamp", self.told_at.astimezone(UTC))
        for name, at in zip(("dtstart", "dtend"), self._clocks(), strict=True):
            made.add(name, at)
        made.add("summary", one_line(self.summary))
        if self.place:
            made.add("location", one_line(self.place))
        if self.description:
            made.add("description", CONTROL_BUT_LINES.sub(" ", self.description))
        return made

    @property
    def is_told_in_utc(self) -> bool:
        """An hour that comes twice: on local clocks the second one cannot be told from the first (RFC 5545 §3.3.5)."""
        return any(at.fold for at in self._local())

    def _local(self) -> tuple[datetime, datetime]:
        there = ZoneInfo(self.zone)
        return self.starts_at.astimezone(there), self.ends_at.astimezone(there)

    def _clocks(self) -> tuple[datetime, datetime]:
        """Both alike: a calendar wants the end to be told as the beginning is."""
        if self.is_told_in_utc:
            return self.starts_at.astimezone(UTC), self.ends_at.astimezone(UTC)
        return self._local()


def calendar() -> Calendar:
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    return made


def one_line(value: str) -> str:
    """Whatever old data may hold: icalendar escapes what would begin another line, and leaves the rest (T18)."""
    return CONTROL.sub(" ", value).strip()
