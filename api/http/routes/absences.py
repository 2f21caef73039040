"""Absences: a practitioner is away, and nothing of his is planned in it. Domain §3."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.leaving import Confirmed, leave
from api.http.pages import Paging
from api.http.policies import everywhere
from api.http.shapes import Instant, Line, Page, View
from models.audit import Act
from models.people import Absence
from scheduler.access import Right
from scheduler.agenda import absences
from scheduler.agenda.absences import Away

routes = Routes("absences")

LOOK = everywhere(Right.VIEW_AGENDA, Right.MANAGE_ABSENCES, of=Absence)


class AbsenceFilters(Paging):
    """Whose, and those that last at some moment between `ends_after` and `starts_before`."""

    practitioner_id: UUID | None = None
    ends_after: Instant | None = None
    starts_before: Instant | None = None


class AbsenceView(View):
    """Who is away, from when until when."""

    id: UUID
    version: int
    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    remark: str | None


class NewAbsence(Confirmed):
    """Who is away, from when until when."""

    practitioner_id: UUID
    starts_at: Instant
    ends_at: Instant
    remark: Line | None = None

    def as_away(self) -> Away:
        return Away(self.practitioner_id, self.starts_at, self.ends_at, self.remark)


@routes.get("/absences", LOOK)
def list_absences(call: Call, filters: Annotated[AbsenceFilters, Query()]) -> Page[AbsenceView]:
    """Absences, by when they begin."""
    one = Absence
    conditions = []
    if filters.practitioner_id is not None:
        conditions.append(one.practitioner_id == filters.practitioner_id)
    if filters.ends_after is not None:
        conditions.append(one.ends_at > filters.ends_after)
    if filters.starts_before is not None:
        conditions.append(one.starts_at < filters.starts_before)
    return call.page(one, AbsenceView, filters, *conditions, by=(one.starts_at,))


@routes.get("/absences/{absence_id}", LOOK)
def read_absence(call: Call, absence_id: UUID) -> AbsenceView:
    """One of them."""
    return AbsenceView.model_validate(call.one(Absence, absence_id))


@routes.post("/absences", everywhere(Right.MANAGE_ABSENCES, of=Absence, act=Act.CREATE), status=201)
def add_absence(call: Call, given: NewAbsence) -> AbsenceView:
    """Enter an absence.

    Appointments that are planned in it are listed (`disturbs_appointments`), and cancelled once that is
    confirmed. Where some of them are not yours to see, only somebody who sees them can confirm.
    """
    with leave(call, confirmed=given.confirm) as given_leave:
        key = absences.add(
            call.session, given.as_away(), leave=given_leave, by=call.by, now=call.now
        )
    return AbsenceView.model_validate(call.another(Absence, key))


@routes.put(
    "/absences/{absence_id}",
    everywhere(Right.MANAGE_ABSENCES, of=Absence, act=Act.UPDATE),
    if_match=True,
)
def change_absence(call: Call, absence_id: UUID, given: NewAbsence) -> AbsenceView:
    """Make another absence of it, as one is entered."""
    row = call.one(Absence, absence_id)
    with leave(call, confirmed=given.confirm) as given_leave:
        absences.change(
            call.session,
            row.id,
            row.version,
            given.as_away(),
            leave=given_leave,
            by=call.by,
            now=call.now,
        )
    return AbsenceView.model_validate(row)


@routes.delete(
    "/absences/{absence_id}",
    everywhere(Right.MANAGE_ABSENCES, of=Absence, act=Act.DELETE),
    if_match=True,
    status=204,
)
def remove_absence(call: Call, absence_id: UUID) -> None:
    """The practitioner is there after all."""
    row = call.one(Absence, absence_id)
    absences.remove(call.session, row.id, row.version, now=call.now)
