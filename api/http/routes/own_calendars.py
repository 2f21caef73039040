"""Calendars that practitioners keep elsewhere: nothing is planned while they are busy there. Domain §6."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging
from api.http.policies import by_right, everywhere
from api.http.shapes import Given, Page, Url, View
from models.appointments import Appointment
from models.audit import Act
from models.own_calendars import OwnCalendar
from models.people import Practitioner
from scheduler.access import Right
from scheduler.agenda import own_calendars

routes = Routes("own-calendars")

LOOK = everywhere(Right.MANAGE_ABSENCES, of=OwnCalendar)
ADD = everywhere(Right.MANAGE_ABSENCES, of=OwnCalendar, act=Act.CREATE)
CHANGE = everywhere(Right.MANAGE_ABSENCES, of=OwnCalendar, act=Act.UPDATE)
REMOVE = everywhere(Right.MANAGE_ABSENCES, of=OwnCalendar, act=Act.DELETE)
COLLIDING = by_right(Right.VIEW_APPOINTMENTS, of=Appointment)


class OwnCalendarFilters(Paging):
    """Whose."""

    practitioner_id: UUID | None = None


class SkippedEvent(View):
    """An event that could not be read: the line on which it begins, and why."""

    line: int = Field(examples=[120])
    why: str = Field(examples=["unknown_zone"])


class OwnCalendarView(View):
    """Where it is kept, of which only the host is told; when it was last read; what is wrong with it.

    `trouble`: why it cannot be read, `failing_since`: for how long; the times of before stay. `cut`: there is more in it
    than is kept.
    """

    id: UUID
    version: int
    practitioner_id: UUID
    host: str = Field(examples=["calendar.example.org"])
    tried_at: datetime | None
    read_at: datetime | None
    failing_since: datetime | None
    trouble: str | None = Field(examples=["timeout"])
    skipped: list[SkippedEvent]
    cut: bool


class NewOwnCalendar(Given):
    """`url`: of an iCalendar file, under https."""

    practitioner_id: UUID
    url: Url


class Colliding(View):
    """An appointment at a time at which the practitioner is busy elsewhere."""

    id: UUID
    employee_id: UUID
    location_id: UUID
    starts_at: datetime
    ends_at: datetime


@routes.get("/own-calendars", LOOK)
def list_own_calendars(
    call: Call, filters: Annotated[OwnCalendarFilters, Query()]
) -> Page[OwnCalendarView]:
    """Those that are read, and how that goes."""
    whose = filters.practitioner_id
    conditions = () if whose is None else (OwnCalendar.practitioner_id == whose,)
    found, following = call.rows(OwnCalendar, filters, *conditions)
    return Page(items=[_view(one) for one in found], next=following)


@routes.get("/own-calendars/{own_calendar_id}", LOOK)
def read_own_calendar(call: Call, own_calendar_id: UUID) -> OwnCalendarView:
    """One of them."""
    return _view(call.one(OwnCalendar, own_calendar_id))


@routes.get("/own-calendars/{own_calendar_id}/colliding-appointments", COLLIDING)
def list_colliding_appointments(
    call: Call, own_calendar_id: UUID, paging: Annotated[Paging, Query()]
) -> Page[Colliding]:
    """To look at: what is planned while he is busy elsewhere. Nothing happens to it by itself."""
    one, calendar = Appointment, call.another(OwnCalendar, own_calendar_id)
    collides = own_calendars.collides(calendar.id)
    return call.page(one, Colliding, paging, collides, by=(one.starts_at,))


@routes.post("/own-calendars", ADD, status=201)
def add_own_calendar(call: Call, given: NewOwnCalendar) -> OwnCalendarView:
    """Read a calendar of a practitioner from now on; only when he is busy is kept, and not with what.

    Its address is a secret, and shown to nobody any more. Events that are free, transparent or cancelled do not count.
    """
    call.another(Practitioner, given.practitioner_id)
    made = own_calendars.add(
        call.session,
        call.service.vault,
        given.practitioner_id,
        given.url,
        allows=call.service.settings.egress.allows,
    )
    call.afterwards.append(call.service.ring_importer)
    return _view(made)


@routes.post("/own-calendars/{own_calendar_id}/read-again", CHANGE, if_match=True)
def read_own_calendar_again(call: Call, own_calendar_id: UUID) -> OwnCalendarView:
    """Now, and not only in a quarter of an hour."""
    row = call.one(OwnCalendar, own_calendar_id)
    own_calendars.read_again(call.session, row)
    call.afterwards.append(call.service.ring_importer)
    return _view(row)


@routes.delete("/own-calendars/{own_calendar_id}", REMOVE, if_match=True, status=204)
def remove_own_calendar(call: Call, own_calendar_id: UUID) -> None:
    """Read it no more; the times that were read are free again."""
    own_calendars.remove(call.session, call.one(OwnCalendar, own_calendar_id))


def _view(row: OwnCalendar) -> OwnCalendarView:
    told: dict[str, Any] = row.skipped or {}
    return OwnCalendarView(
        id=row.id,
        version=row.version,
        practitioner_id=row.practitioner_id,
        host=row.host,
        tried_at=row.tried_at,
        read_at=row.read_at,
        failing_since=row.failing_since,
        trouble=row.trouble,
        skipped=[SkippedEvent.model_validate(one) for one in told.get("events", ())],
        cut=bool(told.get("cut", False)),
    )
