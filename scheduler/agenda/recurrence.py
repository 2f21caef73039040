"""Rules of recurrence (RFC 5545): the few that an agenda needs, so that each comes to an end, and soon.

| | may have beside INTERVAL and one of COUNT and UNTIL |
| --- | --- |
| daily | BYDAY, every day (INTERVAL=1) |
| weekly | BYDAY, WKST |
| monthly | BYMONTHDAY; or BYDAY, with numbers (1MO) or with BYSETPOS |

A rule outside the table is refused. Every rule in it has its next day within months, or years at the
most, so that nobody can keep the service busy by one that never has any.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from dateutil.rrule import rrulestr

from scheduler.refusals import Refusal, RefusedError

MALFORMED = "rule_malformed"
FREQUENCY = "rule_frequency"
PART = "rule_part"
NO_END = "rule_without_end"
TWO_ENDS = "rule_with_two_ends"

LONGEST_RULE = 200
MOST_APART = 366
MOST = 750

_DAY = "(MO|TU|WE|TH|FR|SA|SU)"
_DAYS = rf"{_DAY}(,{_DAY})*"
_NUMBERED = rf"[+-]?[1-5]{_DAY}(,[+-]?[1-5]{_DAY})*"
_MONTH_DAY = r"[+-]?([1-9]|[12]\d|3[01])"

SHAPES: Mapping[str, str] = {
    "FREQ": "[A-Z]+",
    "INTERVAL": r"[1-9]\d{0,2}",
    "COUNT": r"[1-9]\d{0,3}",
    "UNTIL": r"\d{8}(T\d{6}Z)?",
    "BYDAY": f"{_DAYS}|{_NUMBERED}",
    "BYMONTHDAY": f"{_MONTH_DAY}(,{_MONTH_DAY})*",
    # every month has four of each day of the week
    "BYSETPOS": "[+-]?[1-4]",
    "WKST": _DAY,
}
ALWAYS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL"})
ALLOWED: Mapping[str, frozenset[str]] = {
    "DAILY": ALWAYS | {"BYDAY"},
    "WEEKLY": ALWAYS | {"BYDAY", "WKST"},
    "MONTHLY": ALWAYS | {"BYDAY", "BYMONTHDAY", "BYSETPOS"},
}


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule that was understood, and ends by a number of times, on a day, or at an instant."""

    parts: Mapping[str, str]
    count: int | None
    until_day: date | None
    """Among them."""
    until_at: datetime | None

    def __str__(self) -> str:
        return ";".join(f"{name}={value}" for name, value in self.parts.items())

    def days(self, first_day: date) -> Iterator[date]:
        """The days, from the first on, without an end: whoever asks knows it."""
        endless = {k: v for k, v in self.parts.items() if k not in {"COUNT", "UNTIL"}}
        text = ";".join(f"{name}={value}" for name, value in endless.items())
        start = datetime(first_day.year, first_day.month, first_day.day)  # noqa: DTZ001 (a day)
        moments: Any = rrulestr(text, dtstart=start)
        return (moment.date() for moment in moments)

    def ends_before(self, day: date, starts_at: datetime) -> bool:
        if self.until_day is not None:
            return day > self.until_day
        return self.until_at is not None and starts_at > self.until_at

    def until(self, day: date) -> "Recurrence":
        """The same, with that day as the last it may have."""
        kept = {k: v for k, v in self.parts.items() if k not in {"COUNT", "UNTIL"}}
        return Recurrence(kept | {"UNTIL": f"{day:%Y%m%d}"}, None, day, None)

    def times(self, count: int) -> "Recurrence":
        """The same, that many times."""
        return Recurrence({**self.parts, "COUNT": str(count)}, count, None, None)


def parsed(rule: str) -> Recurrence:
    """What an RRULE says.

    Raises:
        RefusedError: it cannot be read, has no end, or is none of those in the table.
    """
    text = rule.strip().upper().removeprefix("RRULE:")
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        if name in found or not re.fullmatch(SHAPES.get(name, "(?!)"), value, re.ASCII):
            raise _refused(MALFORMED, part=part[:LONGEST_RULE], parts=tuple(SHAPES))
        found[name] = value
    if len(text) > LONGEST_RULE:
        raise _refused(MALFORMED, part=text[:LONGEST_RULE], parts=tuple(SHAPES))
    frequency = found.get("FREQ", "")
    if frequency not in ALLOWED:
        raise _refused(FREQUENCY, frequency=frequency, only=tuple(ALLOWED))
    _check_parts(frequency, found)
    return _with_end(found)


def _check_parts(frequency: str, found: Mapping[str, str]) -> None:
    numbered = bool(re.search(r"\d", found.get("BYDAY", "")))
    wrong: Mapping[str, Callable[[], bool]] = {
        "INTERVAL": lambda: int(found["INTERVAL"]) > MOST_APART,
        "BYDAY": lambda: (
            (numbered and frequency != "MONTHLY")
            or (frequency == "DAILY" and found.get("INTERVAL", "1") != "1")
            or "BYMONTHDAY" in found
        ),
        "BYSETPOS": lambda: "BYDAY" not in found or numbered,
    }
    for name in found:
        if name not in ALLOWED[frequency] or (name in wrong and wrong[name]()):
            raise _refused(PART, part=f"{name}={found[name]}", frequency=frequency)


def _with_end(found: Mapping[str, str]) -> Recurrence:
    count, until = found.get("COUNT"), found.get("UNTIL")
    if count is None and until is None:
        raise _refused(NO_END)
    if count is not None and until is not None:
        raise _refused(TWO_ENDS)
    if until is None:
        return Recurrence(found, int(count or 0), None, None)
    try:
        if len(until) == len("20270328"):
            day = datetime.strptime(until, "%Y%m%d").date()  # noqa: DTZ007 (a day)
            return Recurrence(found, None, day, None)
        at = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise _refused(MALFORMED, part=f"UNTIL={until}", parts=tuple(SHAPES)) from None
    return Recurrence(found, None, None, at)


def _refused(code: str, **params: object) -> RefusedError:
    return RefusedError([Refusal(code, params)])
