"""Appointments without a request: planned directly, as a draft, or ad hoc for a report. Domain §§3, 5."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.http.appointments import (
    AppointmentView,
    Overrides,
    made,
    named,
    require_overriding,
    step,
)
from api.http.calls import Call
from api.http.declaring import Routes
from api.http.policies import by_right
from api.http.shapes import Given, Instant, Text
from models.appointments import Appointment
from models.audit import Act
from models.consultations import Modality
from models.organisation import ContactPerson, Establishment
from models.people import Employee
from models.requests import Case
from scheduler import appointments, booking
from scheduler.access import Right

routes = Routes("appointments")

PLAN = step("plan", Act.CREATE)
REPORT = by_right(Right.REPORT_AD_HOC, of=Appointment, act=Act.CREATE)

Minutes = Annotated[int, Field(strict=True, ge=0, le=24 * 60, examples=[30])]


class WithoutRequest(Given):
    """For whom and for what. Duration, buffer and modality: the type's, unless others are given."""

    employee_id: UUID
    consultation_type_id: UUID
    establishment_id: UUID
    case_id: UUID | None = None
    contact_person_id: UUID | None = None
    duration: Minutes | None = None
    buffer: Minutes | None = None
    modality: Modality | None = None
    remarks: Text | None = None
    starts_at: Instant

    def as_choice(self) -> appointments.Choice:
        return appointments.Choice(**self.model_dump(include=set(_CHOICE)))


_CHOICE = appointments.Choice.__dataclass_fields__


class InAnAvailability(WithoutRequest):
    """And in which availability. `overrides`: rules set aside by hand, each with the reason."""

    availability_id: UUID
    overrides: Overrides = Field(default_factory=dict)

    def as_target(self) -> booking.Target:
        return booking.Target(self.availability_id, self.starts_at, named(self.overrides))


class Report(WithoutRequest):
    """And with whom and where, in no availability."""

    practitioner_id: UUID
    location_id: UUID

    def as_target(self) -> booking.Spot:
        return booking.Spot(self.practitioner_id, self.location_id, self.starts_at)


@routes.post("/appointments", PLAN, status=201)
def plan_appointment_directly(call: Call, given: InAnAvailability) -> AppointmentView:
    """Plan an appointment without a request; all rules are asked as for one."""
    _require_seen(call, given)
    require_overriding(call, given.overrides)
    key = appointments.plan_directly(
        call.session,
        given.as_choice(),
        given.as_target(),
        by=call.by,
        now=call.now,
        not_before=call.now,
    )
    return made(call, key)


@routes.post("/appointments/drafts", PLAN, status=201)
def draft_appointment(call: Call, given: InAnAvailability) -> AppointmentView:
    """The same as a draft: it occupies its time, and nobody is told."""
    _require_seen(call, given)
    require_overriding(call, given.overrides)
    key = appointments.draft(
        call.session,
        given.as_choice(),
        given.as_target(),
        by=call.by,
        now=call.now,
        not_before=call.now,
    )
    return made(call, key)


@routes.post("/appointments/ad-hoc", REPORT, status=201)
def report_appointment_ad_hoc(call: Call, given: Report) -> AppointmentView:
    """Add an appointment for a report: at any time, past ones too, in no availability, of any type."""
    _require_seen(call, given)
    key = appointments.report_ad_hoc(
        call.session, given.as_choice(), given.as_target(), by=call.by, now=call.now
    )
    return made(call, key)


def _require_seen(call: Call, given: WithoutRequest) -> None:
    """Raises NotFoundError where it names what the caller may not see."""
    call.another(Employee, given.employee_id)
    call.another(Establishment, given.establishment_id)
    if given.case_id is not None:
        call.another(Case, given.case_id)
    if given.contact_person_id is not None:
        call.another(ContactPerson, given.contact_person_id)
