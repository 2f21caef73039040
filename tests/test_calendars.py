"""What a calendar is told: right on the day the clocks change, escaped, and stored by a real CalDAV server. Reliability §3.8, P20, T18."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from wsgiref.simple_server import WSGIRequestHandler, make_server
from zoneinfo import ZoneInfo

import httpx2
import pytest
import radicale.config
import vobject
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from radicale.app import Application

from models.messages import Method
from notifications.calendars import Happening, Invited, Party, feed, invitation
from notifications.calendars.zones import clocks
from tests.effort import searched, sized

HOST = "spreekuur.test"
US = Party("Planning", "planning@example.org")
HIM = Party("Employee One", "employee-1@example.org")
QUARTER = timedelta(minutes=15)
ZONES = ("Europe/Amsterdam", "America/New_York")


def happening(starts: datetime, zone: str = ZONES[0], **changes: Any) -> Happening:
    plain: dict[str, Any] = {
        "key": uuid4(),
        "sequence": 1,
        "ends_at": starts + timedelta(minutes=30),
        "summary": "Afspraak",
        "place": "Location",
        "told_at": datetime(2027, 1, 1, tzinfo=UTC),
        "description": "https://spreekuur.test/answer/x",
    }
    return Happening(starts_at=starts, zone=zone, **{**plain, **changes})


def event_in(told: bytes) -> Any:
    """The only one."""
    (found,) = Calendar.from_ical(told).walk("VEVENT")
    return found


# --- Times ----------------------------------------------------------------------------------------------


def changing(zone: str, year: int) -> Iterator[date]:
    """The days of that year on which the clocks change there."""
    day = date(year, 1, 1)
    there = ZoneInfo(zone)
    while day.year == year:
        midnights = [datetime.combine(one, time(), there) for one in (day, day + timedelta(days=1))]
        if midnights[0].utcoffset() != midnights[1].utcoffset():
            yield day
        day += timedelta(days=1)


@pytest.mark.hypothesis
@pytest.mark.parametrize("zone", ZONES)
def test_every_quarter_of_an_hour_of_a_day_with_a_change_comes_back_as_it_was(zone: str) -> None:
    """By vobject, to which the zone is what the feed says of it; once more as a mail has it, by icalendar."""
    for year in range(2027, 2027 + sized(1, 9)):
        days = list(changing(zone, year))
        assert len(days) == 2
        for day in days:
            begins = datetime.combine(day, time(), UTC) - timedelta(hours=14)
            starts = [begins + number * QUARTER for number in range(4 * 52)]
            told = feed("Agenda", [happening(one, zone) for one in starts], HOST)

            found = vobject.readOne(told.decode()).vevent_list

            assert [one.dtstart.value.astimezone(UTC) for one in found] == starts
            ends = [one.dtend.value.astimezone(UTC) for one in found]
            assert ends == [one + timedelta(minutes=30) for one in starts]
            for one in starts[:: sized(8, 1)]:
                told = invitation(Invited(Method.REQUEST, happening(one, zone)), US, HIM, HOST)
                event = event_in(told)
                assert event["DTSTART"].dt.astimezone(UTC) == one


def test_summer_time_begins_when_the_clocks_before_it_say_two() -> None:
    """RFC 5545 §3.6.5, as its own example of New York has it; icalendar 7.3 says three."""
    made = clocks("America/New_York", 2027, 2027)
    told = {str(part["TZNAME"]): part["DTSTART"].to_ical() for part in made.subcomponents}
    assert told == {"EDT": b"20270314T020000", "EST": b"20271107T020000"}


def test_a_zone_without_a_change_is_told_too() -> None:
    told = feed("Agenda", [happening(datetime(2027, 3, 1, 9, tzinfo=UTC), "Asia/Tokyo")], HOST)
    assert told.count(b"BEGIN:STANDARD") == 1
    event = event_in(told)
    assert event["DTSTART"].to_ical() == b"20270301T180000"


# --- Values ---------------------------------------------------------------------------------------------


@searched(0.5)
@given(name=st.text(max_size=80), place=st.text(max_size=80), about=st.text(max_size=80))
def test_no_value_makes_another_line(name: str, place: str, about: str) -> None:
    """T18, for whatever there is in a name."""
    what = happening(
        datetime(2027, 3, 1, 9, tzinfo=UTC), summary=name, place=place, description=about
    )
    party = Party(name, "a@example.org")

    told = invitation(Invited(Method.REQUEST, what), party, party, HOST)

    lines = told.replace(b"\r\n ", b"").split(b"\r\n")
    assert lines.pop() == b""
    plain = happening(datetime(2027, 3, 1, 9, tzinfo=UTC))
    usual = invitation(Invited(Method.REQUEST, plain), US, HIM, HOST)
    usual_names = [_name(one) for one in usual.replace(b"\r\n ", b"").split(b"\r\n")[:-1]]
    names = [_name(one) for one in lines]
    assert names == [one for one in usual_names if one in names]
    assert set(usual_names) - set(names) <= {b"LOCATION", b"DESCRIPTION"}
    assert all(len(one) <= 75 for one in told.split(b"\r\n"))
    assert b"\n" not in told.replace(b"\r\n", b"")


def _name(line: bytes) -> bytes:
    return line.replace(b";", b":").split(b":")[0]


# --- A real CalDAV server -------------------------------------------------------------------------------


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def caldav(tmp_path: Path) -> Iterator[httpx2.Client]:
    """Radicale, on a port of its own; a calendar in it."""
    settings = radicale.config.load()
    settings.update(
        {
            "auth": {"type": "none"},
            "storage": {"filesystem_folder": str(tmp_path)},
            "rights": {"type": "authenticated"},
            "logging": {"level": "critical"},
        },
        "tests",
        privileged=True,
    )
    server = make_server("127.0.0.1", 0, Application(settings), handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}/employee/"
    try:
        with httpx2.Client(base_url=base, auth=("employee", "-")) as client:
            made = client.request("MKCALENDAR", "agenda/")
            assert made.status_code == 201, made.text
            yield client
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def stored(client: httpx2.Client, told: bytes) -> Any:
    """As a calendar program stores what came by mail: without its METHOD (RFC 4791 §4.1); what the server gives back."""
    parsed = Calendar.from_ical(told)
    assert isinstance(parsed, Calendar)
    del parsed["METHOD"]
    (event,) = parsed.walk("VEVENT")
    path = f"agenda/{event['UID']}.ics"
    put = client.put(path, content=parsed.to_ical(), headers={"Content-Type": "text/calendar"})
    assert put.status_code in {201, 204}, put.text
    return event_in(client.get(path).content)


def test_a_caldav_server_keeps_the_invitation_its_update_and_that_it_is_off(
    caldav: httpx2.Client,
) -> None:
    starts = datetime(2027, 3, 28, 7, tzinfo=UTC)
    key = uuid4()
    later = starts + timedelta(hours=2)
    changes = [(Method.REQUEST, starts), (Method.REQUEST, later), (Method.CANCEL, later)]
    for sequence, (method, at) in enumerate(changes, 1):
        what = happening(at, key=key, sequence=sequence)

        event = stored(caldav, invitation(Invited(method, what), US, HIM, HOST))

        assert str(event["UID"]) == f"appt-{key}@{HOST}"
        assert int(event["SEQUENCE"]) == what.sequence
        assert event["DTSTART"].dt.astimezone(UTC) == at
        assert str(event["STATUS"]) == ("CANCELLED" if method is Method.CANCEL else "CONFIRMED")
    listed = caldav.request("PROPFIND", "agenda/", headers={"Depth": "1"})
    assert len(re.findall(r"\.ics</(?:\w+:)?href>", listed.text)) == 1


def test_it_refuses_what_is_no_calendar(caldav: httpx2.Client) -> None:
    """A control: it looks at what it stores."""
    put = caldav.put("agenda/x.ics", content=b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n")
    assert put.status_code == 400
