"""Requests for appointments: what is asked, what is possible for it, and booking one of those. Domain §§3-5."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field
from pydantic_core import to_jsonable_python
from sqlalchemy import select

from api.http.calls import Call
from api.http.declaring import PREFIX, Routes
from api.http.pages import Paging
from api.http.policies import by_right
from api.http.routes.appointments import (
    AppointmentView,
    Overrides,
    named,
    require_overriding,
    shown,
)
from api.http.shapes import Day, Given, Instant, Page, View
from models.agenda import Availability, Location
from models.appointments import Appointment
from models.audit import Act
from models.consultations import Modality
from models.requests import AppointmentRequest, RequestLocation, RequestState
from scheduler.access import Right
from scheduler.booking import Place, book_one
from scheduler.loading import next_day, zones
from scheduler.options import options
from scheduler.parameters import NOTICE_NEXT_DAY, value

routes = Routes("requests")

LOOK = by_right(Right.VIEW_REQUESTS, of=AppointmentRequest)
PLAN = (Right.PLAN_APPOINTMENTS, Right.PLAN_AUTOMATICALLY)
FRESH = 5
"""Options that a refusal comes with."""


class How(StrEnum):
    """By hand, or as automatic planning would: by default for the next day at the soonest (`notice`). Domain §3."""

    BY_HAND = "by_hand"
    AUTOMATICALLY = "automatically"


class RequestView(View):
    """A request, as it stands."""

    id: UUID
    version: int
    reference: str | None
    state: RequestState
    employee_id: UUID
    consultation_type_id: UUID
    case_id: UUID | None
    establishment_id: UUID
    contact_person_id: UUID | None
    from_day: date
    until_day: date
    duration: int
    buffer: int
    modality: Modality
    allow_saturday: bool
    allow_sunday_holiday: bool
    priority: int
    requested_on: date
    required_practitioner_id: UUID | None
    preferred_practitioner_id: UUID | None
    preferred_location_id: UUID | None
    remarks: str | None
    created_at: datetime
    locations: list[UUID] = Field(default_factory=list)


class RequestFilters(Paging):
    """Which requests."""

    state: RequestState | None = None
    employee_id: UUID | None = None
    consultation_type_id: UUID | None = None
    establishment_id: UUID | None = None
    from_day: Day | None = Field(default=None, description="with a window that ends after this day")
    until_day: Day | None = Field(
        default=None, description="with a window that begins before this day"
    )


class OptionView(View):
    """A place that the rules allow as things stand. `points`: of preference."""

    availability_id: UUID
    practitioner_id: UUID
    location_id: UUID
    starts_at: datetime
    points: int


class Options(View):
    """Best first; none where nothing is possible."""

    items: list[OptionView]


class OptionFilters(Given):
    """How many, and how they would be booked."""

    most: int = Field(default=20, ge=1, le=50)
    how: How = How.AUTOMATICALLY


class Booking(Given):
    """One of the options. `overrides`: rules set aside by hand, each with the reason."""

    availability_id: UUID
    starts_at: Instant
    how: How = How.AUTOMATICALLY
    overrides: Overrides = Field(default_factory=dict)


@routes.get("/requests", LOOK)
def list_requests(call: Call, filters: Annotated[RequestFilters, Query()]) -> Page[RequestView]:
    """Requests, the oldest first."""
    one = AppointmentRequest
    equal = {
        one.state: filters.state,
        one.employee_id: filters.employee_id,
        one.consultation_type_id: filters.consultation_type_id,
        one.establishment_id: filters.establishment_id,
    }
    conditions = [column == wanted for column, wanted in equal.items() if wanted is not None]
    if filters.from_day is not None:
        conditions.append(one.until_day > filters.from_day)
    if filters.until_day is not None:
        conditions.append(one.from_day < filters.until_day)
    found, following = call.rows(one, filters, *conditions)
    return Page(items=_views(call, found), next=following)


@routes.get("/requests/{request_id}", LOOK)
def read_request(call: Call, request_id: UUID) -> RequestView:
    """One of them."""
    return _views(call, [call.one(AppointmentRequest, request_id)])[0]


@routes.get("/requests/{request_id}/options", by_right(*PLAN, of=AppointmentRequest))
def list_options(
    call: Call, request_id: UUID, filters: Annotated[OptionFilters, Query()]
) -> Options:
    """The places that are possible for a request, best first."""
    call.one(AppointmentRequest, request_id)
    return Options(items=_possible(call, request_id, filters.how, filters.most))


def fresh_options(call: Call, request_id: UUID, given: Booking) -> Mapping[str, Any]:
    """What is possible now, where it was refused."""
    call.one(AppointmentRequest, request_id)
    possible = _possible(call, request_id, given.how, FRESH)
    return {
        "options": to_jsonable_python(possible),
        "alternatives": f"{PREFIX}/requests/{request_id}/options",
    }


@routes.post(
    "/requests/{request_id}/appointment",
    by_right(*PLAN, of=AppointmentRequest, act=Act.CREATE),
    status=201,
    refused_with=fresh_options,
)
def book_appointment(call: Call, request_id: UUID, given: Booking) -> AppointmentView:
    """Book one of the options; where it has just been taken, the answer has fresh ones."""
    call.one(AppointmentRequest, request_id)
    _require(call, given.how)
    require_overriding(call, given.overrides)
    place = Place(request_id, given.availability_id, given.starts_at, named(given.overrides))
    key = book_one(
        call.session,
        place,
        by=call.by,
        now=call.now,
        not_before=_not_before(call, given.how, _zone_of(call, given.availability_id)),
    )
    made = call.session.get_one(Appointment, key)
    call.note(made)
    return shown(call, made)


def _possible(call: Call, request_id: UUID, how: How, most: int) -> list[OptionView]:
    _require(call, how)
    later = max((_not_before(call, how, zone) for zone in zones(call.session)), default=call.now)
    found = options(call.session, request_id, now=call.now, not_before=later, most=most)
    return [OptionView.model_validate(one) for one in found]


def _require(call: Call, how: How) -> None:
    by_hand = how is How.BY_HAND
    call.caller.require(Right.PLAN_APPOINTMENTS if by_hand else Right.PLAN_AUTOMATICALLY)


def _not_before(call: Call, how: How, zone: str | None) -> datetime:
    """Automatic planning plans for the next day at the soonest, by default (`notice`, domain §3)."""
    if how is How.BY_HAND or zone is None or not value(call.session, NOTICE_NEXT_DAY):
        return call.now
    return next_day(call.now, zone)


def _zone_of(call: Call, availability_id: UUID) -> str | None:
    there = (
        select(Location.time_zone)
        .join(Availability, Availability.location_id == Location.id)
        .where(Availability.id == availability_id)
    )
    found: str | None = call.session.scalar(there)
    return found


def _views(call: Call, found: Sequence[AppointmentRequest]) -> list[RequestView]:
    views = {one.id: RequestView.model_validate(one) for one in found}
    those = select(RequestLocation.request_id, RequestLocation.location_id)
    for request_id, location_id in call.session.execute(
        those.where(RequestLocation.request_id.in_(views)).order_by(RequestLocation.location_id)
    ):
        views[request_id].locations.append(location_id)
    return list(views.values())
