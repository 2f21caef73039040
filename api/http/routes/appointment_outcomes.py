"""What became of an appointment: held, or not after all; missed, or not after all; void. Domain §5 [000 §§3.1.3-3.1.14]."""

from uuid import UUID

from api.http.appointments import NOT_DELETED, AppointmentView, shown, step
from api.http.calls import Call
from api.http.declaring import Routes
from api.http.shapes import Flag, Given, Line
from models.appointments import Appointment
from models.audit import Act
from models.requests import AppointmentRequest
from scheduler import appointments

routes = Routes("appointments")


class Missed(Given):
    """The no-show type that it takes."""

    consultation_type_id: UUID


class MissedView(AppointmentView):
    """As it stands. `follow_up_id`: the request by which the employee is called again, where one was made."""

    follow_up_id: UUID | None


class Correction(Given):
    """`cancel_follow_up`: what has been planned by the follow-up request is cancelled."""

    cancel_follow_up: Flag = False


class CorrectedView(AppointmentView):
    """As it was; and what followed from the no-show, and is taken back."""

    withdrawn_request_id: UUID | None
    cancelled_appointments: list[UUID]


class Lapse(Given):
    """Why it is void."""

    reason: Line


@routes.post("/appointments/{appointment_id}/complete", step("complete"), if_match=True)
def complete_appointment(call: Call, appointment_id: UUID) -> AppointmentView:
    """It was held: what was performed is written, and released for billing.

    Where that cannot be written (the employer has no agreement or no price on that day, or the user may not
    write performances) it is not completed, and the answer says why.
    """
    row = call.one(Appointment, appointment_id, NOT_DELETED)
    appointments.complete(
        call.session, appointment_id, by=call.by, now=call.now, version=call.expected
    )
    return shown(call, row)


@routes.post(
    "/appointments/{appointment_id}/undo-completion", step("undo_completion"), if_match=True
)
def undo_appointment_completion(call: Call, appointment_id: UUID) -> AppointmentView:
    """It was not held yet: it is planned again, and its performances are held."""
    row = call.one(Appointment, appointment_id, NOT_DELETED)
    appointments.undo_completion(
        call.session, appointment_id, by=call.by, now=call.now, version=call.expected
    )
    return shown(call, row)


@routes.post("/appointments/{appointment_id}/no-show", step("no_show"), if_match=True)
def mark_appointment_as_no_show(call: Call, appointment_id: UUID, given: Missed) -> MissedView:
    """The employee did not come; where the type says so, a request to call him again is made."""
    row = call.one(Appointment, appointment_id, NOT_DELETED)
    missed = appointments.no_show(
        call.session,
        appointment_id,
        given.consultation_type_id,
        by=call.by,
        now=call.now,
        version=call.expected,
    )
    if missed.follow_up_id is not None:
        call.entry(_REQUESTS, missed.follow_up_id, row.employee_id, Act.CREATE)
    return MissedView(**shown(call, row).model_dump(), follow_up_id=missed.follow_up_id)


@routes.post(
    "/appointments/{appointment_id}/correct-no-show", step("correct_no_show"), if_match=True
)
def correct_appointment_no_show(
    call: Call, appointment_id: UUID, given: Correction
) -> CorrectedView:
    """It was no no-show: appointment, performances and request are what they were before.

    The follow-up request is withdrawn, if it is open. Where it has been planned the answer says so; sent
    once more with `cancel_follow_up`, that appointment is cancelled.
    """
    row = call.one(Appointment, appointment_id, NOT_DELETED)
    gone = appointments.correct_no_show(
        call.session,
        appointment_id,
        by=call.by,
        now=call.now,
        cancel_follow_up=given.cancel_follow_up,
        version=call.expected,
    )
    for key in gone.appointments:
        call.entry(Appointment.__tablename__, key, row.employee_id)
    if gone.request_id is not None:
        call.entry(_REQUESTS, gone.request_id, row.employee_id)
    return CorrectedView(
        **shown(call, row).model_dump(),
        withdrawn_request_id=gone.request_id,
        cancelled_appointments=list(gone.appointments),
    )


@routes.post("/appointments/{appointment_id}/mark-lapsed", step("mark_lapsed"), if_match=True)
def mark_appointment_lapsed(call: Call, appointment_id: UUID, given: Lapse) -> AppointmentView:
    """One that is invoiced is void: a refund is registered."""
    row = call.one(Appointment, appointment_id, NOT_DELETED)
    appointments.mark_lapsed(
        call.session,
        appointment_id,
        reason=given.reason,
        by=call.by,
        now=call.now,
        version=call.expected,
    )
    return shown(call, row)


_REQUESTS = AppointmentRequest.__tablename__
