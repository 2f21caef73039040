"""What the routes about appointments share: how one is shown, which right each event needs, rules set aside. Domain §5."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.http.calls import Call
from api.http.policies import Policy, by_right
from api.http.shapes import Line, View
from models.appointments import Appointment, AppointmentState, Party
from models.audit import Act
from models.consultations import Modality
from scheduler.access import Right
from scheduler.lifecycles import APPOINTMENTS, situations

NOT_DELETED = Appointment.state != AppointmentState.DELETED
"""A deleted one is hidden, and kept in the history. Domain §5."""

Rule = Literal[
    "date_window",
    "saturday",
    "sunday_holiday",
    "location_wish",
    "practitioner_wish",
    "own_calendar",
]
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


def step(event: str, act: Act = Act.UPDATE) -> Policy:
    """Who may let this happen to an appointment: what the menu says, and what its route asks."""
    return by_right(RIGHT_FOR[event], of=Appointment, act=act)


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
    contact_person_id: UUID | None
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


def views(call: Call, rows: Sequence[Appointment]) -> list[AppointmentView]:
    missed = situations(call.session, APPOINTMENTS, [row.id for row in rows])
    found = [AppointmentView.model_validate(row) for row in rows]
    for view in found:
        view.is_no_show = missed[view.id].is_no_show
    return found


def shown(call: Call, row: Appointment) -> AppointmentView:
    """As it stands after a command."""
    call.session.flush()
    call.session.refresh(row)
    return views(call, [row])[0]


def made(call: Call, key: UUID) -> AppointmentView:
    """One that has just been made: whoever could not see it, has not made it."""
    return shown(call, call.another(Appointment, key))


def require_overriding(call: Call, overrides: Mapping[Rule, str]) -> None:
    """Raises ForbiddenError where rules are set aside by somebody who may not. Domain §3."""
    if overrides:
        call.caller.require(Right.PLAN_APPOINTMENTS)
        call.caller.require(Right.OVERRIDE_RULES)


def named(overrides: Mapping[Rule, str]) -> dict[str, str]:
    return {str(rule): reason for rule, reason in overrides.items()}
