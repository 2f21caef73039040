"""Calendars that practitioners keep elsewhere: what is read of them, what is refused, and that nothing is planned then. Domain §6, T8, T18, P9."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from notifications.own_calendars import child, reading
from notifications.own_calendars.child import read_apart
from notifications.own_calendars.dividing import Unreadable, UnreadableError
from notifications.own_calendars.reading import Busy, Period, read

SHARED = Path(__file__).parents[2] / "shared" / "data" / "ics"
NOW = datetime(2027, 3, 1, tzinfo=UTC)
PERIOD = Period(NOW, "Europe/Amsterdam", "spreekuur.test")
KEY = "0190f3c8-5d5a-7c1e-9b1a-2f3a4b5c6d7e"


def calendar(*events: str, more: str = "") -> bytes:
    """Of events, each a few lines."""
    each = "".join(f"BEGIN:VEVENT\n{lines.strip()}\nEND:VEVENT\n" for lines in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{more}{each}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def times(content: bytes) -> list[str]:
    """In UTC, to the minute."""
    busy = read(content, PERIOD)
    assert not busy.skipped
    return told(busy)


def told(busy: Busy) -> list[str]:
    return [f"{begins:%m-%d %H:%M}-{ends:%m-%d %H:%M}" for begins, ends in busy.times]


def why(content: bytes) -> list[tuple[int, str]]:
    return [(one.line, one.why.value) for one in read(content, PERIOD).skipped]


ZONE = "DTSTART;TZID=Europe/Amsterdam"
MEETING = f"UID:m\n{ZONE}:20270303T090000\nDTEND;TZID=Europe/Amsterdam:20270303T100000"
SERIES = f"""UID:r
{ZONE}:20270317T090000
DURATION:PT1H
RRULE:FREQ=WEEKLY;COUNT=3
EXDATE;TZID=Europe/Amsterdam:20270324T090000"""


@pytest.mark.parametrize(
    ("event", "found"),
    [
        (MEETING, ["03-03 08:00-03-03 09:00"]),
        (f"{MEETING}\nTRANSP:TRANSPARENT", []),
        (f"{MEETING}\nSTATUS:CANCELLED", []),
        (f"{MEETING}\nX-MICROSOFT-CDO-BUSYSTATUS:FREE", []),
        # without a zone: on the clocks there
        ("UID:f\nDTSTART:20270303T090000\nDURATION:PT30M", ["03-03 08:00-03-03 08:30"]),
        ("UID:z\nDTSTART:20270303T090000Z\nDURATION:PT30M", ["03-03 09:00-03-03 09:30"]),
        # whole days, on the one of which the clocks are set forward
        (
            "UID:d\nDTSTART;VALUE=DATE:20270328\nDTEND;VALUE=DATE:20270329",
            ["03-27 23:00-03-28 22:00"],
        ),
        ("UID:d\nDTSTART;VALUE=DATE:20270303", ["03-02 23:00-03-03 23:00"]),
        # as Outlook calls it
        (
            "UID:w\nDTSTART;TZID=W. Europe Standard Time:20270303T090000\nDURATION:PT1H",
            ["03-03 08:00-03-03 09:00"],
        ),
        # every week, across the change of the clocks
        (
            SERIES,
            ["03-17 08:00-03-17 09:00", "03-31 07:00-03-31 08:00"],
        ),
        ("UID:o\nDTSTART:20200303T090000Z\nDURATION:PT30M", []),
        (f"UID:appt-{KEY}@spreekuur.test\nDTSTART:20270303T090000Z\nDURATION:PT30M", []),
        (
            f"UID:appt-{KEY}@elsewhere.test\nDTSTART:20270303T090000Z\nDURATION:PT30M",
            ["03-03 09:00-03-03 09:30"],
        ),
    ],
)
def test_when_somebody_is_busy(event: str, found: list[str]) -> None:
    assert times(calendar(event)) == found


def test_one_of_a_series_may_be_elsewhere_and_what_touches_is_one() -> None:
    series = f"UID:s\n{ZONE}:20270303T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2"
    moved = (
        "UID:s\nRECURRENCE-ID;TZID=Europe/Amsterdam:20270304T090000\n"
        "DTSTART;TZID=Europe/Amsterdam:20270303T100000\nDURATION:PT1H"
    )
    assert times(calendar(series, moved)) == ["03-03 08:00-03-03 10:00"]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ("UID:b\nDTSTART:yesterday\nDURATION:PT1H", "broken"),
        ("UID:b\nSUMMARY:secret", "no_start"),
        ("UID:b\nDTSTART;TZID=Middle Earth:20270303T090000\nDURATION:PT1H", "unknown_zone"),
        ("UID:b\nDTSTART:20270303T090000Z\nRRULE:FREQ=SECONDLY", "too_often"),
        ("UID:b\nDTSTART:20270303T090000Z\nRRULE:FREQ=HOURLY;BYMINUTE=1,2,3", "too_often"),
        ("UID:b\nDTSTART:20270303T090000Z\nRRULE:FREQ=NEVER", "broken"),
        ("UID:b\nDTSTART:20270303T090000Z\nDTEND:20290303T090000Z", "too_long"),
        (
            "UID:b\nDTSTART:00010101T000000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;BYMONTHDAY=31;BYMONTH=2",
            None,
        ),
    ],
)
def test_what_is_broken_is_told_by_its_line_and_the_rest_is_kept(
    event: str, code: str | None
) -> None:
    busy = read(calendar(MEETING, event), PERIOD)
    assert told(busy) == ["03-03 08:00-03-03 09:00"]
    assert [one.why.value for one in busy.skipped] == ([] if code is None else [code])
    assert {one.line for one in busy.skipped} <= {9}
    assert "secret" not in repr(busy)


@pytest.mark.parametrize(
    "content", [b"", b"<html>Log in</html>", b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", b"\x00\xff" * 100]
)
def test_what_is_no_calendar_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableError) as refused:
        read(content, PERIOD)
    assert refused.value.why is Unreadable.NO_CALENDAR


def test_half_a_calendar_is_none() -> None:
    with pytest.raises(UnreadableError) as refused:
        read(calendar(MEETING)[:-20], PERIOD)
    assert refused.value.why is Unreadable.CUT_SHORT


def test_more_than_is_kept_is_cut_and_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_TIMES", 3)
    busy = read(
        calendar("UID:r\nDTSTART:20270303T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY"), PERIOD
    )
    assert (len(busy.times), busy.cut) == (3, True)
    monkeypatch.setattr(reading, "MOST_EVENTS", 1)
    assert read(calendar(MEETING, MEETING), PERIOD).cut


def test_every_file_of_public_parsers_is_read_or_refused() -> None:
    files = sorted(SHARED.rglob("*.ics"))
    if not files:
        pytest.skip(f"there are no calendars of public parsers in {SHARED}: nothing was tried")
    refused = 0
    for file in files:
        try:
            busy = read(file.read_bytes(), PERIOD)
        except UnreadableError:
            refused += 1
        else:
            assert len(busy.times) <= reading.MOST_TIMES
            assert all(begins < ends for begins, ends in busy.times)
    assert refused < len(files) / 3


def test_a_child_reads_the_same() -> None:
    content = calendar(MEETING, "UID:b\nSUMMARY:secret")
    assert read_apart(content, PERIOD) == read(content, PERIOD)
    with pytest.raises(UnreadableError):
        read_apart(b"nothing", PERIOD)


def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "SECONDS", 0.001)
    with pytest.raises(UnreadableError) as refused:
        read_apart(calendar(MEETING), PERIOD)
    assert refused.value.why is Unreadable.TOO_MUCH


def test_a_rule_that_never_ends_takes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SECONDS_EACH", 0.05)
    never = "UID:n\nDTSTART:19000101T000000Z\nDURATION:PT1M\nRRULE:FREQ=HOURLY"
    busy = read(calendar(never, MEETING), PERIOD)
    assert told(busy) == ["03-03 08:00-03-03 09:00"]
    assert [one.why.value for one in busy.skipped] == ["too_often"]


def test_hours_ahead_are_bounded() -> None:
    busy = read(
        calendar("UID:d\nDTSTART:20270301T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY"), PERIOD
    )
    assert busy.times[-1][1] <= NOW + reading.AHEAD + timedelta(hours=1)
