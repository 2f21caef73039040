"""What becomes of an appointment, at the click of a button: each calls what the API's route calls. Domain §5."""

from uuid import UUID

from pydantic import Field

from api.http.appointments import NOT_DELETED, Overrides, step
from api.http.calls import Call
from api.http.openings import Start
from api.http.replies import Reply
from api.http.routes import appointment_outcomes as outcomes
from api.http.routes import appointment_places as places
from api.http.shapes import Day, Given, Text
from api.pages.answers import again, go_to
from api.pages.declaring import Pages
from api.pages.forms import shaped
from models.agenda import Location
from models.appointments import Appointment
from models.audit import Act
from scheduler.agenda import dropping
from scheduler.agenda.dropping import Dropped
from scheduler.agenda.placing import local_time

pages = Pages("appointments")


class EditForm(places.Edit):
    """What is left empty, it is not to have."""

    case_id: UUID | None = None
    contact_person_id: UUID | None = None
    remarks: Text | None = None


class ByHand(Given):
    """With whom and when; where, his availability says. `overrides`: rules set aside, each with the reason."""

    practitioner_id: UUID
    day: Day
    start: Start
    overrides: Overrides = Field(default_factory=dict)


class ReportMove(Given):
    """With whom, where and when, in no availability."""

    practitioner_id: UUID
    location_id: UUID
    day: Day
    start: Start


@pages.post("/appointments/{appointment_id}/edit", step("edit"), if_match=True)
def edit_at_page(call: Call, appointment_id: UUID, given: EditForm) -> Reply:
    """Change what it is about."""
    places.edit_appointment(call, appointment_id, given)
    return again()


@pages.post("/appointments/{appointment_id}/plan", step("plan"), if_match=True)
def plan_at_page(call: Call, appointment_id: UUID) -> Reply:
    """Plan a draft where it stands."""
    places.plan_appointment(call, appointment_id)
    return again()


@pages.post("/appointments/{appointment_id}/mark_as_draft", step("mark_as_draft"), if_match=True)
def mark_as_draft_at_page(call: Call, appointment_id: UUID) -> Reply:
    """Make a draft of it."""
    places.mark_appointment_as_draft(call, appointment_id)
    return again()


@pages.post("/appointments/{appointment_id}/move", step("reschedule"), if_match=True)
def move_at_page(call: Call, appointment_id: UUID, given: places.Move) -> Reply:
    """Reschedule it to one of the places that were offered."""
    places.move_appointment(call, appointment_id, given)
    return again()


@pages.post("/appointments/{appointment_id}/move-by-hand", step("reschedule"), if_match=True)
def move_by_hand(call: Call, appointment_id: UUID, given: ByHand) -> Reply:
    """Reschedule it to a time on the clock of a practitioner, where he has an availability."""
    row = call.one(Appointment, appointment_id, NOT_DELETED)
    dropped = Dropped(given.practitioner_id, given.day, given.start)
    availability, at = dropping.place(call.session, dropped, near=row.location_id)
    told = {
        "availability_id": availability,
        "starts_at": at.isoformat(),
        "overrides": given.overrides,
    }
    there = shaped(places.Move, told)
    places.move_appointment(call, appointment_id, there)
    return again()


@pages.post("/appointments/{appointment_id}/move-report", step("reschedule"), if_match=True)
def move_report_at_page(call: Call, appointment_id: UUID, given: ReportMove) -> Reply:
    """Move a report to any time."""
    call.one(Appointment, appointment_id, NOT_DELETED)
    location = call.another(Location, given.location_id)
    at = local_time(location.time_zone, given.day, given.start)
    told = {
        "practitioner_id": given.practitioner_id,
        "location_id": given.location_id,
        "starts_at": at.isoformat(),
    }
    there = shaped(places.Spot, told)
    places.move_report(call, appointment_id, there)
    return again()


@pages.post("/appointments/{appointment_id}/cancel", step("cancel"), if_match=True)
def cancel_at_page(call: Call, appointment_id: UUID, given: places.Cancellation) -> Reply:
    """It will not be held."""
    places.cancel_appointment(call, appointment_id, given)
    return again()


@pages.post("/appointments/{appointment_id}/delete", step("delete", Act.DELETE), if_match=True)
def delete_at_page(call: Call, appointment_id: UUID, given: places.Deletion) -> Reply:
    """Take it away for good: what is shown next is the list."""
    places.delete_appointment(call, appointment_id, given)
    return go_to("/appointments")


@pages.post("/appointments/{appointment_id}/complete", step("complete"), if_match=True)
def complete_at_page(call: Call, appointment_id: UUID) -> Reply:
    """It was held."""
    outcomes.complete_appointment(call, appointment_id)
    return again()


@pages.post(
    "/appointments/{appointment_id}/undo_completion", step("undo_completion"), if_match=True
)
def undo_completion_at_page(call: Call, appointment_id: UUID) -> Reply:
    """It was not held yet."""
    outcomes.undo_appointment_completion(call, appointment_id)
    return again()


@pages.post("/appointments/{appointment_id}/no_show", step("no_show"), if_match=True)
def no_show_at_page(call: Call, appointment_id: UUID, given: outcomes.Missed) -> Reply:
    """The employee did not come."""
    outcomes.mark_appointment_as_no_show(call, appointment_id, given)
    return again()


@pages.post(
    "/appointments/{appointment_id}/correct_no_show", step("correct_no_show"), if_match=True
)
def correct_no_show_at_page(call: Call, appointment_id: UUID, given: outcomes.Correction) -> Reply:
    """It was no no-show."""
    outcomes.correct_appointment_no_show(call, appointment_id, given)
    return again()


@pages.post("/appointments/{appointment_id}/mark_lapsed", step("mark_lapsed"), if_match=True)
def mark_lapsed_at_page(call: Call, appointment_id: UUID, given: outcomes.Lapse) -> Reply:
    """It is void; a refund is registered."""
    outcomes.mark_appointment_lapsed(call, appointment_id, given)
    return again()
