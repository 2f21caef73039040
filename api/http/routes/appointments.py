"""Appointments: what is planned, what may be done with each, and moving, swapping, cancelling, deleting. Domain §5."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging
from api.http.policies import by_right
from api.http.problems import Reason
from api.http.shapes import Given, Instant, Line, Page, View
from api.http.texts import told
from models.appointments import Appointment, AppointmentState, Party
from models.audit import Act
from models.consultations import Modality
from scheduler import booking
from scheduler.access import Right
from scheduler.lifecycles import APPOINTMENTS, OutdatedError, menu, situations
from scheduler.refusals import Refusal

routes = Routes("appointments")

LOOK = by_right(Right.VIEW_APPOINTMENTS, of=Appointment)
PLAN = by_right(Right.PLAN_APPOINTMENTS, of=Appointment, act=Act.UPDATE)
NOT_DELETED = Appointment.state != AppointmentState.DELETED
"""A deleted one is hidden, and kept in the history. Domain §5."""

Rule = Literal["date_window", "saturday", "sunday_holiday", "location_wish", "practitioner_wish"]
"""What may be set aside by hand, for a reason (`scheduler.booking.OVERRIDABLE`). Domain §3."""
Overrides = Annotated[
    dict[Rule, Line], Field(examples=[{"saturday": "the employee asked for it by telephone"}])
]

RIGHT_FOR: Mapping[str, Right] = {
    "edit": Right.PLAN_APPOINTMENTS,
    "plan": Right.PLAN_APPOINTMENTS,
    "mark_as_draft": Right.PLAN_APPOINTMENTS,
    "reschedule": Right.PLAN_APPOINTMENTS,
    "complete": Right.COMPLETE_APPOINTMENTS,
    "undo_completion": Right.UNDO_COMPLETION,
    "cancel": Right.CANCEL_APPOINTMENTS,
    "delete": Right.DELETE_APPOINTMENTS,
    "no_show": Right.PROCESS_NO_SHOWS,
    "correct_no_show": Right.PROCESS_NO_SHOWS,
    "mark_lapsed": Right.MARK_LAPSED,
}
"""What each event of the menu needs."""


class Action(View):
    """Something that may be done now, or the reasons why not."""

    allowed: bool
    reasons: list[Reason]


class AppointmentView(View):
    """An appointment, as it stands."""

    id: UUID
    version: int
    reference: str | None
    state: AppointmentState
    request_id: UUID | None
    employee_id: UUID
    practitioner_id: UUID
    location_id: UUID
    availability_id: UUID | None
    consultation_type_id: UUID
    case_id: UUID | None
    establishment_id: UUID
    starts_at: datetime
    ends_at: datetime
    occupied_until: datetime
    modality: Modality
    ad_hoc: bool
    cancelled_by: Party | None
    cancelled_at: datetime | None
    reason: str | None
    remarks: str | None
    is_no_show: bool = False


class AppointmentWithActions(AppointmentView):
    """With all that you may do with it now, each with why not where it is not."""

    actions: dict[str, Action] = Field(default_factory=dict)


class AppointmentFilters(Paging):
    """Which appointments."""

    state: AppointmentState | None = None
    employee_id: UUID | None = None
    practitioner_id: UUID | None = None
    location_id: UUID | None = None
    request_id: UUID | None = None
    starts_after: Instant | None = Field(default=None, description="from this instant on")
    starts_before: Instant | None = None


class Move(Given):
    """Where it is to go. `overrides`: rules set aside by hand, each with the reason."""

    availability_id: UUID
    starts_at: Instant
    overrides: Overrides = Field(default_factory=dict)


class Swap(Given):
    """The other one, in the version that was read."""

    appointment_id: UUID
    version: int = Field(ge=1, le=2**62)


class Cancellation(Given):
    """Who cancels, and why; how late is known."""

    party: Party
    reason: Line


class Deletion(Given):
    """Why it goes."""

    reason: Line


class Swapped(View):
    """Both, where they are now."""

    items: list[AppointmentView]


@routes.get("/appointments", LOOK)
def list_appointments(
    call: Call, filters: Annotated[AppointmentFilters, Query()]
) -> Page[AppointmentView]:
    """Appointments, by their time."""
    one = Appointment
    equal = {
        one.state: filters.state,
        one.employee_id: filters.employee_id,
        one.practitioner_id: filters.practitioner_id,
        one.location_id: filters.location_id,
        one.request_id: filters.request_id,
    }
    conditions = [column == wanted for column, wanted in equal.items() if wanted is not None]
    if filters.starts_after is not None:
        conditions.append(one.starts_at >= filters.starts_after)
    if filters.starts_before is not None:
        conditions.append(one.starts_at < filters.starts_before)
    found, following = call.rows(one, filters, NOT_DELETED, *conditions, by=(one.starts_at,))
    missed = situations(call.session, APPOINTMENTS, [row.id for row in found])
    views = [AppointmentView.model_validate(row) for row in found]
    for view in views:
        view.is_no_show = missed[view.id].is_no_show
    return Page(items=views, next=following)


@routes.get("/appointments/{appointment_id}", LOOK)
def read_appointment(call: Call, appointment_id: UUID) -> AppointmentWithActions:
    """One of them, and what you may do with it now."""
    row = call.one(Appointment, appointment_id, NOT_DELETED)
    situation = situations(call.session, APPOINTMENTS, [row.id])[row.id]
    view = AppointmentWithActions.model_validate(row)
    view.is_no_show = situation.is_no_show
    for event, reasons in menu(APPOINTMENTS, situation).items():
        right = RIGHT_FOR[event]
        why = reasons if call.caller.may(right) else (*reasons, _missing(right))
        view.actions[event] = Action(allowed=not why, reasons=[Reason(**one) for one in told(why)])
    return view


@routes.post("/appointments/{appointment_id}/move", PLAN, if_match=True)
def move_appointment(call: Call, appointment_id: UUID, given: Move) -> AppointmentView:
    """Give it another time, place or practitioner."""
    row = call.one(Appointment, appointment_id, NOT_DELETED)
    require_overriding(call, given.overrides)
    target = booking.Target(given.availability_id, given.starts_at, named(given.overrides))
    booking.move(
        call.session, appointment_id, target, by=call.by, now=call.now, not_before=call.now
    )
    return shown(call, row)


@routes.post("/appointments/{appointment_id}/swap", PLAN, if_match=True)
def swap_appointments(call: Call, appointment_id: UUID, given: Swap) -> Swapped:
    """Let two change places: each starts when and where the other did."""
    row = call.one(Appointment, appointment_id, NOT_DELETED)
    other = call.another(Appointment, given.appointment_id, NOT_DELETED)
    if other.version != given.version:
        raise OutdatedError("appointment", [other.id])
    booking.swap(
        call.session, appointment_id, other.id, by=call.by, now=call.now, not_before=call.now
    )
    return Swapped(items=[shown(call, row), shown(call, other)])


@routes.post(
    "/appointments/{appointment_id}/cancel",
    by_right(Right.CANCEL_APPOINTMENTS, of=Appointment, act=Act.UPDATE),
    if_match=True,
)
def cancel_appointment(call: Call, appointment_id: UUID, given: Cancellation) -> AppointmentView:
    """It will not be held; its request is open again."""
    row = call.one(Appointment, appointment_id, NOT_DELETED)
    booking.cancel(
        call.session,
        appointment_id,
        party=given.party,
        reason=given.reason,
        by=call.by,
        now=call.now,
    )
    return shown(call, row)


@routes.post(
    "/appointments/{appointment_id}/delete",
    by_right(Right.DELETE_APPOINTMENTS, of=Appointment, act=Act.DELETE),
    if_match=True,
    status=204,
)
def delete_appointment(call: Call, appointment_id: UUID, given: Deletion) -> None:
    """Take it away for good; its request is open again."""
    call.one(Appointment, appointment_id, NOT_DELETED)
    booking.delete(call.session, [appointment_id], by=call.by, now=call.now, reason=given.reason)


def shown(call: Call, row: Appointment) -> AppointmentView:
    """As it stands after a command."""
    call.session.flush()
    call.session.refresh(row)
    view = AppointmentView.model_validate(row)
    view.is_no_show = situations(call.session, APPOINTMENTS, [row.id])[row.id].is_no_show
    return view


def require_overriding(call: Call, overrides: Mapping[Rule, str]) -> None:
    """Raises ForbiddenError where rules are set aside by somebody who may not. Domain §3."""
    if overrides:
        call.caller.require(Right.PLAN_APPOINTMENTS)
        call.caller.require(Right.OVERRIDE_RULES)


def named(overrides: Mapping[Rule, str]) -> dict[str, str]:
    return {str(rule): reason for rule, reason in overrides.items()}


def _missing(right: Right) -> Refusal:
    return Refusal("right_missing", {"right": right})
