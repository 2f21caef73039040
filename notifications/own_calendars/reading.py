"""A calendar as somebody else wrote it, read as the times at which its owner is busy.

Each event is read by itself: one that is broken is told by its line and a word of a closed set, never by what it
says, and the rest is kept. What comes again and again is followed for a bounded time, and so often at most.
"""

import re
import signal
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Event

from models.base import Code
from notifications.own_calendars.dividing import (
    Zones,
    divided,
    lines_of,
    name_of,
)

AHEAD = timedelta(days=182)
BEHIND = timedelta(days=1)
MOST_EVENTS = 5_000
"""Of a file; what is beyond is left out, and that is told."""
MOST_TIMES = 5_000
MOST_SKIPPED = 50
MOST_A_DAY = 48
SECONDS_EACH = 1.0
"""For all that has one UID."""
LONGEST = timedelta(days=366)
WIDER = timedelta(days=2)
"""Asked for beyond the period on both sides, as zones differ."""


class Unread(Code):
    """Why an event says nothing."""

    BROKEN = "broken"
    NO_START = "no_start"
    UNKNOWN_ZONE = "unknown_zone"
    TOO_OFTEN = "too_often"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Period:
    """What is asked about. `zone`: of times that name none. `ours`: the host in the UIDs of our own appointments."""

    now: datetime
    zone: str
    ours: str

    @property
    def begins(self) -> datetime:
        return self.now - BEHIND

    @property
    def ends(self) -> datetime:
        return self.now + AHEAD


@dataclass(frozen=True, slots=True)
class Skipped:
    """An event that could not be read: the line on which it begins, and why."""

    line: int
    why: Unread


@dataclass(frozen=True, slots=True)
class Busy:
    """The times, in order and apart from each other; `cut`: there was more than is kept."""

    times: Sequence[tuple[datetime, datetime]]
    skipped: Sequence[Skipped]
    cut: bool


@dataclass(frozen=True, slots=True)
class _Block:
    """An event as it stands in the file."""

    line: int
    event: Event


class _RefusedError(Exception):
    def __init__(self, why: Unread) -> None:
        super().__init__(why.value)
        self.why = why


def read(content: bytes, period: Period) -> Busy:
    """Raises UnreadableError where it is no calendar."""
    zones, found = divided(lines_of(content))
    events = [one for one in found if not _is_over(one[1], period)]
    cut = len(events) > MOST_EVENTS
    skipped: list[Skipped] = []
    by_uid: dict[str, list[_Block]] = defaultdict(list)
    for line, text in events[:MOST_EVENTS]:
        try:
            with _in_time():
                event = _event(zones, text)
            _require_fit(event)
        except _RefusedError as refused:
            skipped.append(Skipped(line, refused.why))
            continue
        uid = str(event.get("UID") or f"line {line}")
        if not _is_ours(uid, period.ours):
            by_uid[uid].append(_Block(line, event))
    times: list[tuple[datetime, datetime]] = []
    for blocks in by_uid.values():
        try:
            with _in_time():
                times += _times(blocks, period)
        except _RefusedError as refused:
            skipped.append(Skipped(min(one.line for one in blocks), refused.why))
    apart = _apart(times)
    cut = cut or len(apart) > MOST_TIMES
    skipped.sort(key=lambda one: one.line)
    return Busy(apart[:MOST_TIMES], skipped[:MOST_SKIPPED], cut)


def _is_over(lines: Sequence[str], period: Period) -> bool:
    """Long past, and never again: it need not be read. What is not certain is no such event."""
    if any(name_of(line) in {"RRULE", "RDATE", "RECURRENCE-ID"} for line in lines):
        return False
    starts = next((line for line in lines if name_of(line) == "DTSTART"), "")
    day = re.search(r":\s*(\d{8})(T|$)", starts)
    return day is not None and day[1] < f"{period.begins - LONGEST - WIDER:%Y%m%d}"


def _event(zones: Zones, lines: Sequence[str]) -> Event:
    # of alarms and of words nothing is needed
    wanted = [line for line in _without_parts(lines) if name_of(line) in WANTED]
    named = [line for name, zone in zones.items() if name and _says(wanted, name) for line in zone]
    text = "\r\n".join([*OPEN, *named, *wanted, *CLOSE])
    try:
        found = Calendar.from_ical(text).walk("VEVENT")
    except _RefusedError:
        raise
    except Exception:  # noqa: BLE001 (whatever the library makes of it)
        if not named:
            raise _RefusedError(Unread.BROKEN) from None
        # a zone that is none need not be asked where the name of it is known
        return _event({}, lines)
    if len(found) != 1 or not isinstance(found[0], Event):
        raise _RefusedError(Unread.BROKEN)
    return found[0]


def _says(lines: Sequence[str], zone: str) -> bool:
    return any(zone in line for line in lines)


OPEN = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Spreekuur//")
CLOSE = ("END:VCALENDAR", "")
WANTED = frozenset(
    [
        "BEGIN",
        "END",
        "UID",
        "DTSTART",
        "DTEND",
        "DURATION",
        "RRULE",
        "RDATE",
        "EXDATE",
        "EXRULE",
        "RECURRENCE-ID",
        "SEQUENCE",
        "STATUS",
        "TRANSP",
        "X-MICROSOFT-CDO-BUSYSTATUS",
    ]
)


def _without_parts(lines: Sequence[str]) -> Iterator[str]:
    """Without alarms and the like; and closed, whatever the file leaves open."""
    yield "BEGIN:VEVENT"
    depth = 0
    for line in lines:
        depth += name_of(line) == "BEGIN"
        if depth == 1 and name_of(line) not in {"BEGIN", "END"}:
            yield line
        depth -= name_of(line) == "END"
    yield "END:VEVENT"


# --- An event ---------------------------------------------------------------------------------------------

FREE = {"TRANSP": "TRANSPARENT", "STATUS": "CANCELLED", "X-MICROSOFT-CDO-BUSYSTATUS": "FREE"}
PER_DAY = {"SECONDLY": 86_400, "MINUTELY": 1_440, "HOURLY": 24}


def _is_ours(uid: str, host: str) -> bool:
    """One of our own appointments, which has come back: nobody is busy with it twice."""
    return re.fullmatch(rf"appt-[0-9a-f-]{{36}}@{re.escape(host)}", uid) is not None


def _is_free(event: Event) -> bool:
    return any(str(event.get(name, "")).strip().upper() == value for name, value in FREE.items())


def _require_fit(event: Event) -> None:
    if event.errors:
        # a rule that cannot be read may make it any time
        raise _RefusedError(Unread.BROKEN)
    start = getattr(event.get("DTSTART"), "dt", None)
    if not isinstance(start, date):
        raise _RefusedError(Unread.NO_START)
    for name in ("DTSTART", "DTEND"):
        said = event.get(name)
        at = getattr(said, "dt", None)
        if said is not None and not isinstance(at, date):
            raise _RefusedError(Unread.BROKEN)
        zone = "" if said is None else said.params.get("TZID", "")
        if zone and isinstance(at, datetime) and at.tzinfo is None:
            raise _RefusedError(Unread.UNKNOWN_ZONE)
    if sum(map(_a_day, _rules(event))) > MOST_A_DAY:
        raise _RefusedError(Unread.TOO_OFTEN)


def _rules(event: Event) -> Iterator[Mapping[str, Any]]:
    for name in ("RRULE", "EXRULE"):
        rules = event.get(name, [])
        yield from rules if isinstance(rules, list) else [rules]


def _a_day(rule: Mapping[str, Any]) -> int:
    """How often on one day, at most."""
    often = PER_DAY.get(str((rule.get("FREQ") or [""])[0]).upper(), 1)
    for name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        often *= max(1, len(rule.get(name) or ()))
    return often


def _times(blocks: Sequence[_Block], period: Period) -> list[tuple[datetime, datetime]]:
    """When it occurs, and he is busy with it."""
    calendar = Calendar()
    for one in blocks:
        calendar.add_component(one.event)
    try:
        query = recurring_ical_events.of(calendar, skip_bad_series=False)
        found = query.between(period.begins - WIDER, period.ends + WIDER)
    except _RefusedError:
        raise
    except Exception as error:  # as above
        raise _RefusedError(Unread.BROKEN) from error
    spans = (_span(one, period) for one in found if not _is_free(one))
    return [span for span in spans if span[0] < span[1]]


def _span(event: Any, period: Period) -> tuple[datetime, datetime]:  # noqa: ANN401 (the library's)
    zone = ZoneInfo(period.zone)
    try:
        starts, ends = event.start, event.end
        begins, until = _instant(starts, zone), _instant(ends, zone)
        if until - begins > LONGEST:
            raise _RefusedError(Unread.TOO_LONG)
    except (ValueError, TypeError, OverflowError, AttributeError) as error:
        raise _RefusedError(Unread.BROKEN) from error
    return max(begins, period.begins), min(until, period.ends)


def _instant(at: date, zone: ZoneInfo) -> datetime:
    """A day begins at its midnight, and a time without a zone is one of the clocks there."""
    moment = at if isinstance(at, datetime) else datetime.combine(at, time())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def _apart(times: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Those that touch are one."""
    apart: list[tuple[datetime, datetime]] = []
    for begins, ends in sorted(times):
        if apart and begins <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(ends, apart[-1][1]))
        else:
            apart.append((begins, ends))
    return apart


@contextmanager
def _in_time() -> Iterator[None]:
    """Of one that takes for ever, the rest is none the worse."""

    def over(*_: object) -> None:
        raise _RefusedError(Unread.TOO_OFTEN)

    before = signal.signal(signal.SIGPROF, over)
    others = signal.setitimer(signal.ITIMER_PROF, SECONDS_EACH)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        signal.setitimer(signal.ITIMER_PROF, *others)
