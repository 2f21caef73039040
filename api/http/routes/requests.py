"""Requests: which there are, what may be done with one, what is possible for it, and booking one of those. Domain §§3-5."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field
from pydantic_core import to_jsonable_python
from sqlalchemy import ColumnElement, select

from api.http.appointments import (
    AppointmentView,
    Overrides,
    named,
    require_overriding,
    shown,
)
from api.http.calls import Call
from api.http.declaring import PREFIX, Routes
from api.http.histories import HistoryView, history_of
from api.http.pages import Paging
from api.http.policies import by_right
from api.http.requests import PLAN, RequestDetails, RequestView, details, views
from api.http.shapes import Day, Given, Instant, Line, Page, View
from models.agenda import Availability, Location
from models.appointments import Appointment
from models.audit import Act
from models.requests import AppointmentRequest, RequestState
from models.settings import Criterion
from scheduler.access import Right
from scheduler.booking import Place, book_one
from scheduler.intake.known import today
from scheduler.intake.overdue import overdue
from scheduler.lifecycles import REQUESTS
from scheduler.loading import next_day, zones_in_use
from scheduler.options import options
from scheduler.parameters import NOTICE_NEXT_DAY, value

routes = Routes("requests")

LOOK = by_right(Right.VIEW_REQUESTS, of=AppointmentRequest)
FRESH = 5
"""Options that a refusal comes with."""


class How(StrEnum):
    """By hand, or as automatic planning would: by default for the next day at the soonest (`notice`). Domain §3."""

    BY_HAND = "by_hand"
    AUTOMATICALLY = "automatically"


class LikedView(View):
    """What a criterion of preference adds to the points of an option, and the most that it can add."""

    criterion: Criterion
    points: int
    most: int


class OptionView(View):
    """A place that the rules allow as things stand. `points`: of preference; `liked`: what they are made of.

    The criteria that count are the administrator's, the most important first; one that adds nothing is not told.
    """

    availability_id: UUID
    practitioner_id: UUID
    location_id: UUID
    starts_at: datetime
    points: int
    liked: list[LikedView]


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

    def as_place_of(self, request_id: UUID) -> Place:
        return Place(request_id, self.availability_id, self.starts_at, named(self.overrides))


class RequestFilters(Paging):
    """Which requests."""

    state: RequestState | None = None
    overdue: bool | None = Field(
        default=None, description="only those whose window has passed, or none of them"
    )
    employee_id: UUID | None = None
    consultation_type_id: UUID | None = None
    establishment_id: UUID | None = None
    case_id: UUID | None = None
    reference: Line | None = None
    from_day: Day | None = Field(default=None, description="with a window that ends after this day")
    until_day: Day | None = Field(
        default=None, description="with a window that begins before this day"
    )
    requested_from: Day | None = Field(
        default=None, description="with a formal request date on this day or later"
    )
    requested_until: Day | None = Field(
        default=None, description="with a formal request date before this day"
    )


EQUAL = (
    "state", "employee_id", "consultation_type_id", "establishment_id", "case_id", "reference",
)  # fmt: skip
"""Filters by a column of the same name."""


@routes.get("/requests", LOOK)
def list_requests(call: Call, filters: Annotated[RequestFilters, Query()]) -> Page[RequestView]:
    """Requests, the oldest first."""
    found, following = call.rows(AppointmentRequest, filters, *_conditions(call, filters))
    return Page(items=views(call, found), next=following)


@routes.get("/requests/{request_id}", LOOK)
def read_request(call: Call, request_id: UUID) -> RequestDetails:
    """One of them, what you may do with it now, and why it is not planned yet."""
    return details(call, call.one(AppointmentRequest, request_id))


@routes.get("/requests/{request_id}/history", LOOK)
def read_request_history(call: Call, request_id: UUID) -> HistoryView:
    """What happened to it, step by step: who, when, why, and what changed."""
    row = call.one(AppointmentRequest, request_id)
    return history_of(call, REQUESTS, row.id)


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
    place, not_before = given.as_place_of(request_id), soonest(call, given)
    key = book_one(call.session, place, by=call.by, now=call.now, not_before=not_before)
    made = call.session.get_one(Appointment, key)
    call.note(made)
    return shown(call, made)


def _conditions(call: Call, filters: RequestFilters) -> list[ColumnElement[bool]]:
    one = AppointmentRequest
    wanted = {name: getattr(filters, name) for name in EQUAL}
    conditions: list[ColumnElement[bool]] = [
        getattr(one, name) == value for name, value in wanted.items() if value is not None
    ]
    if filters.overdue is not None:
        late = overdue(one, today(call.session, call.now))
        conditions.append(late if filters.overdue else ~late)
    if filters.from_day is not None:
        conditions.append(one.until_day > filters.from_day)
    if filters.until_day is not None:
        conditions.append(one.from_day < filters.until_day)
    if filters.requested_from is not None:
        conditions.append(one.requested_on >= filters.requested_from)
    if filters.requested_until is not None:
        conditions.append(one.requested_on < filters.requested_until)
    return conditions


def _possible(call: Call, request_id: UUID, how: How, most: int) -> list[OptionView]:
    later = soonest_anywhere(call, how)
    found = options(call.session, request_id, now=call.now, not_before=later, most=most)
    return [OptionView.model_validate(one) for one in found]


def soonest_anywhere(call: Call, how: How) -> datetime:
    """For what may be planned this way, wherever it is.

    Raises:
        ForbiddenError: it may not, by this caller.
    """
    _require(call, how)
    somewhere = zones_in_use(call.session)
    return max((_not_before(call, how, zone) for zone in somewhere), default=call.now)


def soonest(call: Call, given: Booking) -> datetime:
    """For what may be booked this way.

    Raises:
        ForbiddenError: it may not, by this caller.
    """
    _require(call, given.how)
    require_overriding(call, given.overrides)
    there = (
        select(Location.time_zone)
        .join(Availability, Availability.location_id == Location.id)
        .where(Availability.id == given.availability_id)
    )
    return _not_before(call, given.how, call.session.scalar(there))


def _require(call: Call, how: How) -> None:
    by_hand = how is How.BY_HAND
    call.caller.require(Right.PLAN_APPOINTMENTS if by_hand else Right.PLAN_AUTOMATICALLY)


def _not_before(call: Call, how: How, zone: str | None) -> datetime:
    """Automatic planning plans for the next day at the soonest, by default (`notice`, domain §3)."""
    if how is How.BY_HAND or zone is None or not value(call.session, NOTICE_NEXT_DAY):
        return call.now
    return next_day(call.now, zone)
