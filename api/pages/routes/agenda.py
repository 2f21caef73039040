"""The agenda: a day or a week, drawn to be dragged in, and the same as a plain table. Domain §§1-5."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import Field

from api.http.appointments import step
from api.http.calls import Call
from api.http.policies import by_right
from api.http.replies import Reply
from api.http.routes import appointment_places, overview
from api.http.routes.overview import Agenda, AtOnce
from api.http.shapes import Day, Given, View
from api.languages import Language
from api.pages.declaring import Pages
from api.pages.names import choices, names
from api.pages.rendering import reader, render
from api.pages.words import APPOINTMENT, NO_SHOW, Word
from models.agenda import Location
from models.appointments import Appointment
from models.people import Practitioner
from scheduler import parameters
from scheduler.access import Right
from scheduler.agenda import dropping
from scheduler.agenda.dropping import Dropped
from scheduler.agenda.overview import SHOWN, zones

pages = Pages("agenda")

LOOK = by_right(Right.VIEW_AGENDA, of=Appointment)
MONDAY, FRIDAY = 1, 5
DAYS: Mapping[str, int] = {"day": 1, "week": 7}


class Which(Given):
    """Which days, and whose."""

    view: Literal["day", "week"] = "week"
    day: Day | None = None
    location_id: UUID | None = None
    practitioner_id: UUID | None = None


class Drop(Given):
    """Where an appointment is dropped: what the clocks show there."""

    practitioner_id: UUID
    day: Day
    minute: int = Field(ge=0, le=1439)


class Landed(View):
    """What the drawing has to know of where it is now."""

    version: int
    place: str


@pages.get("/agenda", LOOK)
def agenda_page(call: Call, which: Annotated[Which, Query()]) -> Reply:
    """The agenda, drawn by the script; it asks the API for what is in it."""
    call.seen(Appointment)
    spoken = reader(call).language
    return render(
        call,
        "agenda/drawn.html",
        **_around(call, which, _first_day(call, which)),
        words={state: word for state, word in APPOINTMENT.items() if state in SHOWN},
        states={state: _told(spoken, word) for state, word in APPOINTMENT.items()},
        missed=_told(spoken, NO_SHOW),
        grid=parameters.value(call.session, parameters.GRID),
        no_show=NO_SHOW,
        may_plan=call.caller.may(Right.PLAN_APPOINTMENTS),
    )


@pages.get("/agenda/table", LOOK)
def agenda_table(call: Call, which: Annotated[Which, Query()]) -> Reply:
    """The same as a table, for whoever reads it aloud, prints it or has no mouse."""
    first = _first_day(call, which)
    agenda = overview.read_agenda(call, _asked(call, which, first))
    clocks = {one.id: ZoneInfo(one.time_zone) for one in agenda.locations}
    stands: dict[tuple[UUID, date], list[object]] = defaultdict(list)
    open_: dict[tuple[UUID, date], list[object]] = defaultdict(list)
    for cells, rows in ((stands, agenda.appointments), (open_, agenda.availabilities)):
        for one in rows:
            cells[one.practitioner_id, _day(one.starts_at, clocks[one.location_id])].append(one)
    return render(
        call,
        "agenda/table.html",
        **_around(call, which, first),
        agenda=agenda,
        days=_days(which, first, {day for _, day in (*stands, *open_)}),
        closed=_closed(agenda),
        at_once=_at_once(agenda),
        cells=stands,
        open=open_,
        away=_away(agenda),
        places={one.id: one for one in agenda.locations},
        types={one.id: one.name for one in agenda.types},
        words=APPOINTMENT,
        no_show=NO_SHOW,
    )


@pages.post("/agenda/appointments/{appointment_id}/drop", step("reschedule"), if_match=True)
def drop_appointment(call: Call, appointment_id: UUID, given: Drop) -> Reply:
    """Reschedule an appointment to where it was dropped, if the rules allow it."""
    row = call.one(Appointment, appointment_id)
    dropped = Dropped(given.practitioner_id, given.day, given.minute)
    availability, at = dropping.place(call.session, dropped, near=row.location_id)
    there = {"availability_id": str(availability), "starts_at": at.isoformat()}
    target = appointment_places.Move.model_validate(there)
    moved = appointment_places.move_appointment(call, appointment_id, target)
    place = names(call, Location, [moved.location_id])[moved.location_id]
    landed = Landed(version=moved.version, place=place)
    return Reply(landed, headers={"Content-Type": "application/json"})


# --- What both have around them -------------------------------------------------------------------------


def _around(call: Call, which: Which, first: date) -> dict[str, Any]:
    step_ = timedelta(days=DAYS[which.view])
    return {
        "which": which,
        "first": first,
        "until": first + step_,
        "before": first - step_,
        "today": _today(call, which),
        "locations": choices(call, Location, Location.archived_at.is_(None)),
        "practitioners": choices(call, Practitioner, Practitioner.archived_at.is_(None)),
    }


def _told(spoken: Language, word: Word) -> dict[str, str]:
    """For the script, which knows no languages."""
    return {"text": spoken.text(word.text), "mark": word.mark}


def _asked(call: Call, which: Which, first: date) -> overview.AgendaFilters:
    return overview.AgendaFilters(
        first_day=first,
        days=DAYS[which.view],
        location_id=which.location_id,
        practitioner_id=which.practitioner_id,
        language=reader(call).language.code,
    )


# --- The table ------------------------------------------------------------------------------------------


def _days(which: Which, first: date, used: set[date]) -> list[date]:
    """A week without the Saturday and the Sunday on which there is nothing."""
    days = [first + timedelta(days=n) for n in range(DAYS[which.view])]
    return [day for day in days if which.view == "day" or day.isoweekday() <= FRIDAY or day in used]


def _closed(agenda: Agenda) -> dict[tuple[date, str], list[str]]:
    """By day and holiday where it is kept."""
    closed: dict[tuple[date, str], list[str]] = defaultdict(list)
    for place in agenda.locations:
        for day, name in (place.closed or {}).items():
            closed[day, name].append(place.name)
    return dict(sorted(closed.items()))


def _at_once(agenda: Agenda) -> dict[date, tuple[AtOnce, int | None]]:
    """By day of the location that is asked for; and its limit."""
    return {
        day: (one, place.capacity)
        for place in agenda.locations
        for day, one in place.at_once.items()
    }


def _away(agenda: Agenda) -> dict[UUID, list[overview.Away]]:
    away: dict[UUID, list[overview.Away]] = defaultdict(list)
    for one in agenda.absences:
        away[one.practitioner_id].append(one)
    return away


# --- Days -----------------------------------------------------------------------------------------------


def _first_day(call: Call, which: Which) -> date:
    day = which.day or _today(call, which)
    return day if which.view == "day" else day - timedelta(days=day.isoweekday() - MONDAY)


def _today(call: Call, which: Which) -> date:
    return _day(call.now, ZoneInfo(zones(call.session, which.location_id)[0]))


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()
