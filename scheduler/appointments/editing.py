"""What may be changed of an appointment where it stands: remarks, contact person, case, type. Domain §5, edit."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.agenda import Availability
from models.appointments import Appointment, AppointmentState, NoShow, Override
from models.billing import PerformanceState
from models.consultations import ConsultationType
from models.instants import EPOCH
from scheduler.actor import Actor
from scheduler.appointments import choices
from scheduler.appointments.choices import Choice, together
from scheduler.appointments.placing import NO_SHOW_TYPE
from scheduler.appointments.standing import fits_the_state, refuse, step, the_one
from scheduler.booking import loose
from scheduler.booking.loose import Spot
from scheduler.booking.places import Asked, Place, judge
from scheduler.booking.standing import days, reasons
from scheduler.booking.wishes import wish
from scheduler.guarded import guarded
from scheduler.lifecycles import APPOINTMENTS, advance
from scheduler.loading import rows
from scheduler.performing import follow_type, performances
from scheduler.refusals import Refusal
from scheduler.reminders import remind
from solver.rules.duplicate import Duplicate

IS_NO_SHOW = "is_no_show"
PERFORMANCE_HELD = "performance_held"

MESSAGES = {
    PERFORMANCE_HELD: "a performance is held that a consultation of this type does not have",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What the appointment is to have; whoever changes one of them gives the others as they are."""

    remarks: str | None
    contact_person_id: UUID | None
    case_id: UUID | None
    consultation_type_id: UUID


def edit(
    session: Session,
    appointment_id: UUID,
    edited: Edited,
    *,
    by: Actor,
    now: datetime,
    version: int | None = None,
) -> None:
    """Change what differs. It keeps its time; another type is asked about where it stands.

    Raises:
        RefusedError: its state, or a rule, does not allow it.
        NoSuchAppointmentError: there is none.
        OutdatedError: its version is another by now.
    """
    appointment = the_one(session, appointment_id, version)
    against = reasons(session, "edit", [appointment])
    values = {
        field.name: getattr(edited, field.name)
        for field in fields(edited)
        if getattr(edited, field.name) != getattr(appointment, field.name)
    }
    if fits_the_state(against):
        against += _broken(session, appointment, edited, now)
    refuse(against)
    if not values:
        return
    with guarded(session):
        advance(session, APPOINTMENTS, [step(appointment, "edit", **values)], by=by, at=now)
        if "consultation_type_id" in values:
            performed = _performed_by(session, edited.consultation_type_id)
            follow_type(session, appointment_id, performed, by=by, at=now)
            remind(session, [appointment_id], by=by, now=now)
    session.expire_all()


def _broken(
    session: Session, appointment: Appointment, edited: Edited, now: datetime
) -> list[Refusal]:
    """Every rule against what is to change."""
    before = Choice(
        employee_id=appointment.employee_id,
        consultation_type_id=appointment.consultation_type_id,
        establishment_id=appointment.establishment_id,
        case_id=appointment.case_id,
        contact_person_id=appointment.contact_person_id,
    )
    after = replace(
        before,
        consultation_type_id=edited.consultation_type_id,
        case_id=edited.case_id,
        contact_person_id=edited.contact_person_id,
    )
    place = {appointment.id: (appointment.location_id, appointment.starts_at)}
    day = days(session, place)[appointment.id]
    found = choices.judged_anew(
        session, before, after, day, now=now, request_id=appointment.request_id
    )
    if edited.consultation_type_id != appointment.consultation_type_id:
        found = together(found, _against_type(session, appointment, edited.consultation_type_id))
    waived = set() if appointment.state is AppointmentState.PLANNED else {Duplicate.code}
    # a report is of any type; beside a draft there may be another of its type
    waived |= {NO_SHOW_TYPE} if appointment.ad_hoc else set()
    return [one for one in found if one.code not in waived]


def _against_type(session: Session, appointment: Appointment, type_id: UUID) -> list[Refusal]:
    """Another type, as if it were chosen now for the place where the appointment stands."""
    if session.get(NoShow, appointment.id) is not None:
        return [Refusal(IS_NO_SHOW, {"event": "edit"})]
    if session.get(ConsultationType, type_id) is None:
        return []
    found = _against_place(session, appointment, type_id)
    return found + _against_performance(session, appointment, type_id)


def _against_place(session: Session, appointment: Appointment, type_id: UUID) -> list[Refusal]:
    asked_for = wish(session, appointment)._replace(consultation_type_id=type_id)
    blocks = rows.availabilities(session, Availability.id == appointment.availability_id)
    if not blocks:
        spot = Spot(appointment.practitioner_id, appointment.location_id, appointment.starts_at)
        asked = loose.loosely(asked_for, spot)
        refused = loose.against(session, asked, apart_from=[appointment.id])
    else:
        set_aside = select(Override.rule, Override.reason).where(
            Override.appointment_id == appointment.id
        )
        overrides = {rule: reason for rule, reason in session.execute(set_aside)}  # noqa: C416 (rows)
        place = Place(asked_for.id, blocks[0].id, appointment.starts_at, overrides)
        asked = Asked(place, asked_for, blocks[0])
        judged = judge(session, [asked], now=EPOCH, not_before=EPOCH, apart_from=[appointment.id])
        refused = list(judged.refused.get(asked_for.id, ()))
    return refused


def _against_performance(
    session: Session, appointment: Appointment, type_id: UUID
) -> list[Refusal]:
    """What a completion wrote goes with the type; where the new one performs nothing, it has nowhere to go."""
    held = any(
        one.by_completing and one.counts and one.state is PerformanceState.HELD
        for one in performances(session, [appointment.id])[appointment.id]
    )
    nowhere = held and _performed_by(session, type_id) is None
    return [Refusal(PERFORMANCE_HELD)] if nowhere else []


def _performed_by(session: Session, type_id: UUID) -> UUID | None:
    return session.get_one(ConsultationType, type_id).performance_type_id
