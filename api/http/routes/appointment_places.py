"""Appointments, changed before they are held: edited, draft or planned, moved, swapped, cancelled, deleted. Domain §5."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from api.http.appointments import (
    NOT_DELETED,
    AppointmentView,
    Overrides,
    named,
    require_overriding,
    shown,
    step,
)
from api.http.calls import Call
from api.http.declaring import Routes
from api.http.routes.requests import Options, OptionView
from api.http.shapes import Given, Instant, Line, Text, View
from models.appointments import Appointment, Party
from models.audit import Act
from models.organisation import ContactPerson
from models.requests import Case
from scheduler import appointments, booking
from scheduler.lifecycles import OutdatedError
from scheduler.options import options_to_move

routes = Routes("appointments")


class Edit(Given):
    """What it is to have; what is to stay is given as it is."""

    consultation_type_id: UUID
    case_id: UUID | None
    contact_person_id: UUID | None
    remarks: Text | None


class Move(Given):
    """Where it is to go. `overrides`: rules set aside by hand, each with the reason."""

    availability_id: UUID
    starts_at: Instant
    overrides: Overrides = Field(default_factory=dict)


class MoveFilters(Given):
    """How many."""

    most: int = Field(default=20, ge=1, le=50)


class Spot(Given):
    """With whom, where and when, in no availability."""

    practitioner_id: UUID
    location_id: UUID
    starts_at: Instant

    def as_target(self) -> booking.Spot:
        return booking.Spot(self.practitioner_id, self.location_id, self.starts_at)


class Swap(Given):
    """The other one, in the version that was read."""

    appointment_id: UUID
    version: int = Field(ge=1, le=2**62)


class Swapped(View):
    """Both, where they are now."""

    items: list[AppointmentView]


class Cancellation(Given):
    """Who cancels, and why; how late is known."""

    party: Party
    reason: Line


class Deletion(Given):
    """Why it goes."""

    reason: Line


@routes.put("/appointments/{appointment_id}", step("edit"), if_match=True)
def edit_appointment(call: Call, appointment_id: UUID, given: Edit) -> AppointmentView:
    """Change what it is about; it keeps its time, and another type is asked about where it stands."""
    row = call.one(Appointment, appointment_id, NOT_DELETED)
    # what stands there already, the caller need not see to keep
    if given.case_id is not None and given.case_id != row.case_id:
        call.another(Case, given.case_id)
    if given.contact_person_id not in {None, row.contact_person_id}:
        call.another(ContactPerson, given.contact_person_id)
    appointments.edit(
        call.session,
        appointment_id,
        appointments.Edited(**given.model_dump()),
        by=call.by,
        now=call.now,
        version=call.expected,
    )
    return shown(call, row)


@routes.post("/appointments/{appointment_id}/plan", step("plan"), if_match=True)
def plan_appointment(call: Call, appointment_id: UUID) -> AppointmentView:
    """A draft is planned where it stands."""
    row = call.one(Appointment, appointment_id, NOT_DELETED)
    appointments.plan(call.session, appointment_id, by=call.by, now=call.now, version=call.expected)
    return shown(call, row)


@routes.post("/appointments/{appointment_id}/mark-as-draft", step("mark_as_draft"), if_match=True)
def mark_appointment_as_draft(call: Call, appointment_id: UUID) -> AppointmentView:
    """It is a draft: it keeps its place, and nobody is reminded of it."""
    row = call.one(Appointment, appointment_id, NOT_DELETED)
    appointments.mark_as_draft(
        call.session, appointment_id, by=call.by, now=call.now, version=call.expected
    )
    return shown(call, row)


@routes.get("/appointments/{appointment_id}/options", step("reschedule", Act.READ))
def list_options_to_move(
    call: Call, appointment_id: UUID, filters: Annotated[MoveFilters, Query()]
) -> Options:
    """The places to which an appointment may move by the wish of its request, best first."""
    call.one(Appointment, appointment_id, NOT_DELETED)
    found = options_to_move(call.session, appointment_id, now=call.now, most=filters.most)
    return Options(items=[OptionView.model_validate(one) for one in found])


@routes.post("/appointments/{appointment_id}/move", step("reschedule"), if_match=True)
def move_appointment(call: Call, appointment_id: UUID, given: Move) -> AppointmentView:
    """Give it another time, place or practitioner; one that was held stays so, at the price of the new day."""
    row = call.one(Appointment, appointment_id, NOT_DELETED)
    require_overriding(call, given.overrides)
    target = booking.Target(given.availability_id, given.starts_at, named(given.overrides))
    _move(call, appointment_id, target)
    return shown(call, row)


@routes.post("/appointments/{appointment_id}/move-report", step("reschedule"), if_match=True)
def move_report(call: Call, appointment_id: UUID, given: Spot) -> AppointmentView:
    """Move what was added ad hoc, for a report, to any time: it needs no availability."""
    row = call.one(Appointment, appointment_id, NOT_DELETED)
    _move(call, appointment_id, given.as_target())
    return shown(call, row)


def _move(call: Call, appointment_id: UUID, target: booking.Target | booking.Spot) -> None:
    booking.move(
        call.session,
        appointment_id,
        target,
        by=call.by,
        now=call.now,
        not_before=call.now,
        version=call.expected,
    )


@routes.post("/appointments/{appointment_id}/swap", step("reschedule"), if_match=True)
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


@routes.post("/appointments/{appointment_id}/cancel", step("cancel"), if_match=True)
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
        version=call.expected,
    )
    return shown(call, row)


@routes.post(
    "/appointments/{appointment_id}/delete", step("delete", Act.DELETE), if_match=True, status=204
)
def delete_appointment(call: Call, appointment_id: UUID, given: Deletion) -> None:
    """Take it away for good; its request is open again."""
    call.one(Appointment, appointment_id, NOT_DELETED)
    booking.delete(
        call.session,
        [appointment_id],
        by=call.by,
        now=call.now,
        reason=given.reason,
        versions={appointment_id: call.expected},
    )
