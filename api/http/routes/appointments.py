"""Appointments, looked at: what is planned, one of them with all that may be done with it, and its history. Domain §5."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import exists, select

from api.http.appointment_details import (
    AnswerView,
    AppointmentDetails,
    answers,
    details,
)
from api.http.appointments import NOT_DELETED, AppointmentView, views
from api.http.calls import Call
from api.http.declaring import Routes
from api.http.histories import HistoryView, history_of
from api.http.pages import Paging
from api.http.policies import by_right
from api.http.shapes import Instant, Page
from models.appointments import Appointment, AppointmentState, NoShow
from models.organisation import Establishment
from scheduler.access import Right
from scheduler.lifecycles import APPOINTMENTS

routes = Routes("appointments")

LOOK = by_right(Right.VIEW_APPOINTMENTS, of=Appointment)
IS_NO_SHOW = exists().where(NoShow.appointment_id == Appointment.id)


class AppointmentFilters(Paging):
    """Which appointments."""

    state: AppointmentState | None = None
    no_show: bool | None = Field(default=None, description="only no-shows, or none of them")
    ad_hoc: bool | None = Field(default=None, description="only reports, or none of them")
    employee_id: UUID | None = None
    practitioner_id: UUID | None = None
    location_id: UUID | None = None
    request_id: UUID | None = None
    consultation_type_id: UUID | None = None
    case_id: UUID | None = None
    employer_id: UUID | None = None
    establishment_id: UUID | None = None
    starts_after: Instant | None = Field(default=None, description="from this instant on")
    starts_before: Instant | None = None


class AppointmentHistory(HistoryView):
    """All steps, and all answers, the first ones first."""

    answers: list[AnswerView]


EQUAL = (
    "state", "ad_hoc", "employee_id", "practitioner_id", "location_id", "request_id",
    "consultation_type_id", "case_id", "establishment_id",
)  # fmt: skip
"""Filters by a column of the same name."""


@routes.get("/appointments", LOOK)
def list_appointments(
    call: Call, filters: Annotated[AppointmentFilters, Query()]
) -> Page[AppointmentView]:
    """Appointments, by their time."""
    one = Appointment
    wanted = {name: getattr(filters, name) for name in EQUAL}
    conditions = [
        getattr(one, name) == value for name, value in wanted.items() if value is not None
    ]
    if filters.no_show is not None:
        conditions.append(IS_NO_SHOW if filters.no_show else ~IS_NO_SHOW)
    if filters.employer_id is not None:
        theirs = select(Establishment.id).where(Establishment.employer_id == filters.employer_id)
        conditions.append(one.establishment_id.in_(theirs))
    if filters.starts_after is not None:
        conditions.append(one.starts_at >= filters.starts_after)
    if filters.starts_before is not None:
        conditions.append(one.starts_at < filters.starts_before)
    found, following = call.rows(one, filters, NOT_DELETED, *conditions, by=(one.starts_at,))
    return Page(items=views(call, found), next=following)


@routes.get("/appointments/{appointment_id}", LOOK)
def read_appointment(call: Call, appointment_id: UUID) -> AppointmentDetails:
    """One of them, and what you may do with it now."""
    return details(call, call.one(Appointment, appointment_id, NOT_DELETED))


@routes.get("/appointments/{appointment_id}/history", LOOK)
def read_appointment_history(call: Call, appointment_id: UUID) -> AppointmentHistory:
    """All that happened to it, of one that was deleted too; and what was answered to its invitations."""
    call.one(Appointment, appointment_id)
    steps = history_of(call, APPOINTMENTS, appointment_id)
    return AppointmentHistory(items=steps.items, answers=answers(call, appointment_id))
