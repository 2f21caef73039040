"""Performances: what there are, and those that are written by hand. Domain §§5, 7."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import ColumnElement, select

from api.http.appointments import NOT_DELETED
from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging
from api.http.policies import by_right
from api.http.shapes import Day, Given, Page, View
from models.agreements import PerformanceType
from models.appointments import Appointment
from models.audit import Act
from models.billing import Performance, PerformanceState
from models.organisation import Establishment
from models.requests import Case
from scheduler.access import Right
from scheduler.billing import loose
from scheduler.billing.loose import NewPerformance

routes = Routes("billing")


class BillablePerformance(View):
    """A billable service performed. `refund_of_id`: the one whose money goes back."""

    id: UUID
    version: int
    state: PerformanceState
    appointment_id: UUID | None
    case_id: UUID | None
    performance_type_id: UUID
    establishment_id: UUID
    account_id: UUID
    performed_on: date
    refund_of_id: UUID | None


class PerformanceOnCase(Given):
    """A loose performance. Without an establishment: at that of the case."""

    performance_type_id: UUID
    establishment_id: UUID | None = None
    performed_on: Day


class PerformanceOnAppointment(Given):
    """Beside what completing writes. Without an establishment: at that of the appointment."""

    performance_type_id: UUID
    establishment_id: UUID | None = None


class PerformanceFilters(Paging):
    """Which performances; `until_day` is not included."""

    employer_id: UUID | None = None
    establishment_id: UUID | None = None
    account_id: UUID | None = None
    performance_type_id: UUID | None = None
    state: PerformanceState | None = None
    from_day: Day | None = None
    until_day: Day | None = None


LOOK = by_right(Right.VIEW_BILLING, Right.WRITE_PERFORMANCES, of=Performance)
ON_CASE = by_right(Right.WRITE_PERFORMANCES, of=Case, act=Act.UPDATE)
ON_APPOINTMENT = by_right(Right.WRITE_PERFORMANCES, of=Appointment, act=Act.UPDATE)
CHANGE = by_right(Right.WRITE_PERFORMANCES, of=Performance, act=Act.UPDATE)
REFUND = by_right(Right.MARK_LAPSED, of=Performance, act=Act.UPDATE)


@routes.get("/performances", LOOK)
def list_performances(
    call: Call, filters: Annotated[PerformanceFilters, Query()]
) -> Page[BillablePerformance]:
    """What was performed for employees in your part of the organisation."""
    found, following = call.rows(Performance, filters, *_conditions(filters))
    return Page(items=[_shown(one) for one in found], next=following)


@routes.get("/performances/{performance_id}", LOOK)
def read_performance(call: Call, performance_id: UUID) -> BillablePerformance:
    """One of them."""
    return _shown(call.one(Performance, performance_id))


@routes.post("/cases/{case_id}/performances", ON_CASE, status=201)
def write_performance_on_case(
    call: Call, case_id: UUID, given: PerformanceOnCase
) -> BillablePerformance:
    """Write a loose performance: it is released, and gets onto the next invoice."""
    case = call.one(Case, case_id)
    new = _new(call, given.performance_type_id, given.establishment_id)
    key = loose.write_on_case(call.session, case, new, given.performed_on, by=call.by, now=call.now)
    return _written(call, key)


@routes.post("/appointments/{appointment_id}/performances", ON_APPOINTMENT, status=201)
def write_performance_on_appointment(
    call: Call, appointment_id: UUID, given: PerformanceOnAppointment
) -> BillablePerformance:
    """Write another performance on an appointment: held until that is completed."""
    appointment = call.one(Appointment, appointment_id, NOT_DELETED)
    new = _new(call, given.performance_type_id, given.establishment_id)
    key = loose.write_on_appointment(call.session, appointment, new, by=call.by, now=call.now)
    return _written(call, key)


@routes.post("/performances/{performance_id}/hold", CHANGE, if_match=True)
def hold_performance(call: Call, performance_id: UUID) -> BillablePerformance:
    """Hold a loose performance that was released: it gets onto no invoice."""
    one = call.one(Performance, performance_id)
    loose.hold(call.session, one, by=call.by, now=call.now)
    return _shown(one)


@routes.post("/performances/{performance_id}/release", CHANGE, if_match=True)
def release_performance(call: Call, performance_id: UUID) -> BillablePerformance:
    """Release a loose performance that is held: it gets onto the next invoice."""
    one = call.one(Performance, performance_id)
    loose.release(call.session, one, by=call.by, now=call.now)
    return _shown(one)


@routes.post("/performances/{performance_id}/refund", REFUND, if_match=True, status=201)
def refund_performance(call: Call, performance_id: UUID) -> BillablePerformance:
    """Give the money of a loose performance back whose invoice was sent: the next invoice takes it off."""
    one = call.one(Performance, performance_id)
    key = loose.refund(call.session, one, by=call.by, now=call.now)
    return _written(call, key)


def _new(call: Call, kind: UUID, establishment: UUID | None) -> NewPerformance:
    call.another(PerformanceType, kind)
    if establishment is not None:
        call.another(Establishment, establishment)
    return NewPerformance(performance_type_id=kind, establishment_id=establishment)


def _written(call: Call, key: UUID) -> BillablePerformance:
    made = call.session.get_one(Performance, key)
    call.note(made, Act.CREATE)
    return _shown(made)


def _shown(one: Performance) -> BillablePerformance:
    return BillablePerformance.model_validate(one)


def _conditions(filters: PerformanceFilters) -> list[ColumnElement[bool]]:
    p = Performance
    wanted: list[ColumnElement[bool]] = [
        getattr(p, name) == value
        for name in ("establishment_id", "account_id", "performance_type_id", "state")
        if (value := getattr(filters, name)) is not None
    ]
    if filters.employer_id is not None:
        theirs = select(Establishment.id).where(Establishment.employer_id == filters.employer_id)
        wanted.append(p.establishment_id.in_(theirs))
    if filters.from_day is not None:
        wanted.append(p.performed_on >= filters.from_day)
    if filters.until_day is not None:
        wanted.append(p.performed_on < filters.until_day)
    return wanted
