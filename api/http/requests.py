"""What the routes about requests share: how one is shown, who may make one, and what may be done with it. Domain §§3, 5."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import select

from api.http.calls import Call
from api.http.menus import Action, action
from api.http.shapes import View
from api.http.why_not import for_caller
from models.consultations import Modality
from models.requests import AppointmentRequest, RequestLocation, RequestState
from scheduler.access import Right
from scheduler.intake import May
from scheduler.intake.known import today
from scheduler.intake.overdue import overdue
from scheduler.intake.requests import against_editing
from scheduler.lifecycles import REQUESTS, Situation, reasons_against
from scheduler.planning.latest import left_out_by

MAKE = (Right.CREATE_REQUESTS, Right.PLACE_REQUESTS)
PLAN = (Right.PLAN_APPOINTMENTS, Right.PLAN_AUTOMATICALLY)

ACTIONS: Mapping[str, tuple[str, Sequence[Right]]] = {
    "edit": ("edit", MAKE),
    "place": ("open", MAKE),
    "approve": ("approve", (Right.APPROVE_REQUESTS,)),
    "reject": ("reject", (Right.APPROVE_REQUESTS,)),
    "offer_again": ("offer_again", MAKE),
    "withdraw": ("withdraw", (Right.WITHDRAW_REQUESTS,)),
    "plan": ("plan", PLAN),
}
"""Each with its event in the lifecycle, and the rights of which it needs one; the rest follows the appointment."""


class RequestView(View):
    """A request, as it stands. `overdue`: it is open, and its window has passed."""

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
    location_ids: list[UUID] = Field(default_factory=list)
    overdue: bool = False


class Unplanned(View):
    """Why it is still to be planned, as the last run has it. `at`: when that run began."""

    run_id: UUID
    at: datetime
    why_not: dict[str, Any] = Field(examples=[{"reasons": {"practitioner_free": 12}}])


class RequestDetails(RequestView):
    """With all that you may do with it now, each with why not where it is not, and why it is not planned."""

    actions: dict[str, Action] = Field(default_factory=dict)
    unplanned: Unplanned | None = None


def may_of(call: Call) -> May:
    """What the caller may, in the words of intake."""
    return May(
        place=call.caller.may(Right.PLACE_REQUESTS),
        set_request_date=call.caller.may(Right.CHANGE_FORMAL_REQUEST_DATE),
    )


def views(call: Call, found: Sequence[AppointmentRequest]) -> list[RequestView]:
    day = today(call.session, call.now)
    made = {one.id: RequestView.model_validate(one) for one in found}
    for one in found:
        made[one.id].overdue = overdue(one, day)
    those = select(RequestLocation.request_id, RequestLocation.location_id)
    for request_id, location_id in call.session.execute(
        those.where(RequestLocation.request_id.in_(made)).order_by(RequestLocation.location_id)
    ):
        made[request_id].location_ids.append(location_id)
    return list(made.values())


def shown(call: Call, row: AppointmentRequest) -> RequestView:
    """As it stands after a command."""
    call.session.flush()
    call.session.refresh(row)
    return views(call, [row])[0]


def details(call: Call, row: AppointmentRequest) -> RequestDetails:
    return RequestDetails(
        **views(call, [row])[0].model_dump(),
        actions=_actions(call, row.state),
        unplanned=_unplanned(call, row),
    )


def _actions(call: Call, state: RequestState) -> dict[str, Action]:
    may = may_of(call)
    found: dict[str, Action] = {}
    for name, (event, rights) in ACTIONS.items():
        against = reasons_against(REQUESTS, event, Situation(state))
        if name == "edit":
            against += against_editing(state, may)
        found[name] = action(call, against, *rights)
    return found


def _unplanned(call: Call, row: AppointmentRequest) -> Unplanned | None:
    found = left_out_by(call.session, row.id) if row.state == RequestState.OPEN else None
    if found is None:
        return None
    return Unplanned(run_id=found.run_id, at=found.at, why_not=for_caller(call, found.why_not))
