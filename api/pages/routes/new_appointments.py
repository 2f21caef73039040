"""An appointment without a request: planned directly, as a draft, or ad hoc for a report. Domain §§3, 5."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field

from api.http.appointments import AppointmentView, Overrides
from api.http.calls import Call
from api.http.openings import Start
from api.http.policies import by_right
from api.http.replies import Reply
from api.http.routes import new_appointments as api
from api.http.shapes import Day, Given, Text
from api.pages import belonging
from api.pages.answers import go_to
from api.pages.appointments import RULES
from api.pages.declaring import Pages
from api.pages.forms import shaped
from api.pages.names import choices, names
from api.pages.rendering import render
from api.pages.words import MODALITY
from models.agenda import Location
from models.appointments import Appointment
from models.consultations import ConsultationType, Modality
from models.people import Employee, Practitioner
from scheduler.access import Right
from scheduler.agenda import dropping
from scheduler.agenda.dropping import Dropped
from scheduler.agenda.placing import local_time

pages = Pages("appointments")

LOOK = by_right(Right.PLAN_APPOINTMENTS, Right.REPORT_AD_HOC, of=Appointment)


class Which(Given):
    """For a report, or to be held; for whom, where that is known."""

    report: bool = False
    employee_id: UUID | None = None


class NewForm(Given):
    """For whom, for what, with whom and when."""

    employee_id: UUID
    consultation_type_id: UUID
    establishment_id: UUID
    case_id: UUID | None = None
    contact_person_id: UUID | None = None
    duration: api.Minutes | None = None
    buffer: api.Minutes | None = None
    modality: Modality | None = None
    remarks: Text | None = None
    practitioner_id: UUID
    day: Day
    start: Start

    @property
    def choice(self) -> dict[str, Any]:
        """What the API takes as it is."""
        return self.model_dump(include=set(api.WithoutRequest.model_fields))


class PlanForm(NewForm):
    """The availability is that of the practitioner then. `overrides`: rules set aside, each with the reason."""

    overrides: Overrides = Field(default_factory=dict)


class ReportForm(NewForm):
    """In no availability."""

    location_id: UUID


@pages.get("/appointments/new", LOOK)
def new_appointment_page(call: Call, which: Annotated[Which, Query()]) -> Reply:
    """The form."""
    call.seen(Appointment)
    may_plan = call.caller.may(Right.PLAN_APPOINTMENTS)
    may_report = call.caller.may(Right.REPORT_AD_HOC)
    report = may_report and (which.report or not may_plan)
    kinds = [ConsultationType.archived_at.is_(None)]
    if not report:
        kinds.append(ConsultationType.is_no_show.is_(False))
    chosen = names(call, Employee, [which.employee_id])
    return render(
        call,
        "appointments/new.html",
        report=report,
        both=may_plan and may_report,
        employee=next(iter(chosen.items()), None),
        types=choices(call, ConsultationType, *kinds),
        practitioners=choices(call, Practitioner, Practitioner.archived_at.is_(None)),
        locations=choices(call, Location, Location.archived_at.is_(None)),
        modalities=MODALITY,
        rules=RULES,
        may_override=call.caller.may(Right.OVERRIDE_RULES),
        **(_belonging(call, which.employee_id) if chosen else {}),
    )


class Whose(Given):
    """Who was chosen."""

    employee_id: UUID


@pages.get("/appointments/new/belonging", LOOK)
def belonging_of_new(call: Call, whose: Annotated[Whose, Query()]) -> Reply:
    """Where the chosen employee works, and his cases."""
    call.another(Employee, whose.employee_id)
    return render(call, "appointments/belonging.html", **_belonging(call, whose.employee_id))


def _belonging(call: Call, employee: UUID | None) -> dict[str, Any]:
    if employee is None:
        return {}
    works = belonging.establishments_of(call, employee)
    return {
        "establishments": works,
        "contact_persons": belonging.contact_persons_of(call, [key for key, _ in works]),
        "cases": belonging.cases_of(call, employee),
    }


@pages.post("/appointments", api.PLAN)
def plan_directly_at_page(call: Call, given: PlanForm) -> Reply:
    """Plan it."""
    return _shown(api.plan_appointment_directly(call, _placed(call, given)))


@pages.post("/appointments/drafts", api.PLAN)
def draft_at_page(call: Call, given: PlanForm) -> Reply:
    """Enter it as a draft."""
    return _shown(api.draft_appointment(call, _placed(call, given)))


@pages.post("/appointments/reports", api.REPORT)
def report_at_page(call: Call, given: ReportForm) -> Reply:
    """Add it for a report."""
    location = call.another(Location, given.location_id)
    at = local_time(location.time_zone, given.day, given.start)
    where = {"location_id": location.id, "practitioner_id": given.practitioner_id}
    told = {**given.choice, **where, "starts_at": at.isoformat()}
    return _shown(api.report_appointment_ad_hoc(call, shaped(api.Report, told)))


def _placed(call: Call, given: PlanForm) -> api.InAnAvailability:
    dropped = Dropped(given.practitioner_id, given.day, given.start)
    availability, at = dropping.place(call.session, dropped, near=None)
    told = {
        **given.choice,
        "overrides": given.overrides,
        "availability_id": availability,
        "starts_at": at.isoformat(),
    }
    return shaped(api.InAnAvailability, told)


def _shown(made: AppointmentView) -> Reply:
    return go_to(f"/appointments/{made.id}")
