"""The file of a calendar, divided into what is read by itself: its events, and the time zones that they name."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from models.base import Code


class Unreadable(Code):
    """Why a whole calendar says nothing."""

    NO_CALENDAR = "no_calendar"
    CUT_SHORT = "cut_short"
    TOO_MUCH = "too_much"


class UnreadableError(Exception):
    """The whole of it is none."""

    def __init__(self, why: Unreadable) -> None:
        super().__init__(why.value)
        self.why = why


Line = tuple[int, str]


def lines_of(content: bytes) -> Iterator[Line]:
    """Unfolded, each with the number of the line on which it begins."""
    # a byte that is none of UTF-8 is in a text, which nobody reads
    text = content.decode("utf-8-sig", errors="replace")
    begins, whole = 0, ""
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if line[:1] in {" ", "\t"}:
            whole += line[1:]
            continue
        if whole.strip():
            yield begins, whole.strip()
        begins, whole = number, line
    if whole.strip():
        yield begins, whole.strip()


Zones = Mapping[str, Sequence[str]]
"""The lines of each time zone that is told of, by its name."""


def divided(lines: Iterable[Line]) -> tuple[Zones, list[tuple[int, list[str]]]]:
    """The lines of its time zones, and of each event."""
    zones: list[list[str]] = []
    events: list[tuple[int, list[str]]] = []
    depth: list[str] = []
    is_calendar = False
    for number, line in lines:
        name, _, value = (part.strip().upper() for part in line.partition(":"))
        is_calendar = is_calendar or (name, value) == ("BEGIN", "VCALENDAR")
        if name == "BEGIN":
            depth.append(value)
            if value == "VEVENT" and "VEVENT" not in depth[:-1]:
                events.append((number, []))
            elif value == "VTIMEZONE":
                zones.append([])
        if "VEVENT" in depth:
            events[-1][1].append(line)
        elif "VTIMEZONE" in depth:
            zones[-1].append(line)
        if name == "END" and value in depth:
            # what was left open inside is closed with it
            del depth[len(depth) - 1 - depth[::-1].index(value) :]
    if not is_calendar:
        raise UnreadableError(Unreadable.NO_CALENDAR)
    if "VCALENDAR" in depth:
        # as much of it as came would take the place of all that was known
        raise UnreadableError(Unreadable.CUT_SHORT)
    return {zone_name(one): one for one in zones}, events


def zone_name(lines: Sequence[str]) -> str:
    named = (line.partition(":")[2].strip() for line in lines if name_of(line) == "TZID")
    return next(named, "")


def name_of(line: str) -> str:
    return re.split(r"[:;]", line, maxsplit=1)[0].strip().upper()
