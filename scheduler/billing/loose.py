"""Performances written by hand: loose ones on a case, and others beside what completing writes. Domain §§5, 7 [003]."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from models.appointments import Appointment, AppointmentState
from models.base import new_id
from models.billing import Performance, PerformanceState
from models.organisation import Establishment
from models.requests import Case
from scheduler.actor import Actor
from scheduler.agreements.writers import may_write, writer
from scheduler.appointments.completing import MAY_NOT_WRITE
from scheduler.appointments.standing import the_one
from scheduler.booking.standing import days
from scheduler.guarded import guarded
from scheduler.lifecycles import CREDITED, NOT_ALLOWED, PERFORMANCES, Step, advance, begin
from scheduler.performing import Wanted, unpriced
from scheduler.refusals import Refusal, RefusedError

AHEAD = "performed_ahead"
ELSEWHERE = "establishment_of_another_employer"
NOT_LOOSE = "performance_of_an_appointment"
NOT_REFUNDABLE = "performance_not_refundable"

MESSAGES: Mapping[str, str] = {
    AHEAD: "on {day} nothing has been performed yet; choose today or an earlier day",
    ELSEWHERE: "this establishment is another employer's; choose one of the same employer",
    NOT_LOOSE: "it belongs to an appointment, and follows it: complete that, undo its completion, or mark it lapsed",
    NOT_REFUNDABLE: "only what was sent is refunded, and once",
}

FARTHEST = timedelta(hours=14)
"""By which a day begins somewhere before it does in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerformance:
    """What was performed. Without an establishment: at that of the case, or of the appointment."""

    performance_type_id: UUID
    establishment_id: UUID | None = None


def write_on_case(
    session: Session, case: Case, new: NewPerformance, on: date, *, by: Actor, now: datetime
) -> UUID:
    """A loose performance, saved and released: it gets onto the next invoice.

    Raises:
        RefusedError: this user may not write performances, there is no price for it, or the day lies ahead.
    """
    if on > (now + FARTHEST).date():
        raise RefusedError([Refusal(AHEAD, {"day": on})])
    values = _values(session, new, case.establishment_id, on, by)
    _require_writable(session, values, by)
    return _begin(session, values | {"case_id": case.id}, "write", by, now)


def write_on_appointment(
    session: Session, appointment: Appointment, new: NewPerformance, *, by: Actor, now: datetime
) -> UUID:
    """Beside what completing writes: held until the appointment is completed, released where it is [001].

    Raises:
        RefusedError: this user may not write performances, or the appointment is one of which nothing is billed;
            of a completed one: there is no price for it.
    """
    kept = {AppointmentState.DRAFT, AppointmentState.PLANNED}
    appointment = the_one(session, appointment.id, None)
    if appointment.state not in {*kept, AppointmentState.COMPLETED}:
        only = (*sorted(kept), AppointmentState.COMPLETED)
        about = {"event": "write", "state": appointment.state, "only": only}
        raise RefusedError([Refusal(NOT_ALLOWED, about)])
    where = {appointment.id: (appointment.location_id, appointment.starts_at)}
    on = days(session, where)[appointment.id]
    values = _values(session, new, appointment.establishment_id, on, by)
    values |= {"appointment_id": appointment.id, "case_id": appointment.case_id}
    if appointment.state in kept:
        _require_writer(session, by)
        return _begin(session, values, "hold", by, now)
    _require_writable(session, values, by)
    return _begin(session, values, "write", by, now)


def hold(session: Session, performance: Performance, *, by: Actor, now: datetime) -> None:
    """A loose one that was released by mistake gets onto no invoice.

    Raises:
        RefusedError: it belongs to an appointment, or is not released.
    """
    _require_loose(performance)
    _step(session, performance, "hold_again", by, now)


def release(session: Session, performance: Performance, *, by: Actor, now: datetime) -> None:
    """A loose one that was held gets onto the next invoice.

    Raises:
        RefusedError: it belongs to an appointment, is not held, or there is no price for it.
    """
    _require_loose(performance)
    place = session.get_one(Establishment, performance.establishment_id)
    wanted = Wanted(place.employer_id, performance.performance_type_id, performance.performed_on)
    missing = unpriced(session, [wanted])
    if missing:
        raise RefusedError(list(missing.values()))
    _step(session, performance, "release", by, now)


def refund(session: Session, performance: Performance, *, by: Actor, now: datetime) -> UUID:
    """The money of a loose one that was sent goes back, on the next invoice; that of an appointment does as it lapses.

    Raises:
        RefusedError: it belongs to an appointment, was not sent, or was refunded already.
    """
    _require_loose(performance)
    session.refresh(performance, with_for_update={"key_share": True})
    again = aliased(Performance)
    query = select(exists().where(again.refund_of_id == performance.id), CREDITED).where(
        Performance.id == performance.id
    )
    refunded, credited = session.execute(query).one()
    sent = performance.state is PerformanceState.SUBMITTED
    if refunded or credited or not sent or performance.refund_of_id is not None:
        raise RefusedError([Refusal(NOT_REFUNDABLE)])
    same = ("case_id", "performance_type_id", "establishment_id", "account_id", "performed_on")
    values: dict[str, object] = {name: getattr(performance, name) for name in same}
    return _begin(session, values | {"refund_of_id": performance.id}, "refund", by, now)


# --- Whether ----------------------------------------------------------------------------------------------


def _require_loose(performance: Performance) -> None:
    if performance.appointment_id is not None:
        raise RefusedError([Refusal(NOT_LOOSE)])


def _require_writer(session: Session, by: Actor) -> None:
    if not may_write(session, by):
        raise RefusedError([Refusal(MAY_NOT_WRITE)])


def _require_writable(session: Session, values: Mapping[str, object], by: Actor) -> None:
    place = session.get_one(Establishment, values["establishment_id"])
    wanted = Wanted(place.employer_id, values["performance_type_id"], values["performed_on"])  # type: ignore[arg-type]
    refusals = list(unpriced(session, [wanted]).values())
    if not may_write(session, by):
        refusals.append(Refusal(MAY_NOT_WRITE))
    if refusals:
        raise RefusedError(refusals)


# --- Written ----------------------------------------------------------------------------------------------


def _values(
    session: Session, new: NewPerformance, usual: UUID, on: date, by: Actor
) -> dict[str, object]:
    chosen = new.establishment_id or usual
    employer = session.get_one(Establishment, usual).employer_id
    if session.get_one(Establishment, chosen).employer_id != employer:
        raise RefusedError([Refusal(ELSEWHERE)])
    return {
        "performance_type_id": new.performance_type_id,
        "establishment_id": chosen,
        "account_id": writer(by),
        "performed_on": on,
    }


def _begin(
    session: Session, values: Mapping[str, object], event: str, by: Actor, now: datetime
) -> UUID:
    key = new_id()
    with guarded(session):
        begin(session, PERFORMANCES, [{"id": key, **values}], event=event, by=by, at=now)
    return key


def _step(session: Session, performance: Performance, event: str, by: Actor, now: datetime) -> None:
    step = Step(performance.id, performance.version, performance.state, event)
    advance(session, PERFORMANCES, [step], by=by, at=now)
    session.expire_all()
