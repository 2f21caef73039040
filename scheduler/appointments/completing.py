"""Completing an appointment, which writes what was performed; and that it was none after all. Domain §5 [000 §3.1.7].

What stands on the appointment already is released: what a completion wrote that was undone, and what
somebody wrote by hand meanwhile (001: held until then). What the type performs is written where it is
not among that. So nothing is held for an appointment that was merely planned, a type that performs
nothing completes without, and what a completion wrote stays held where the type that the appointment
has by now performs nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.appointments import Appointment
from models.billing import PerformanceState
from models.consultations import ConsultationType
from models.organisation import Establishment
from scheduler.actor import Actor
from scheduler.agreements.writers import may_write, writer
from scheduler.appointments.standing import (
    fits_the_state,
    refuse,
    refuse_unless_offered,
    request_step,
    step,
    the_one,
)
from scheduler.booking.standing import days, reasons
from scheduler.guarded import guarded
from scheduler.lifecycles import APPOINTMENTS, PERFORMANCES, REQUESTS, Step, advance, begin
from scheduler.performing import (
    PerformanceRow,
    Wanted,
    follow_type,
    hold_again,
    performances,
    unpriced,
)
from scheduler.refusals import Refusal

MAY_NOT_WRITE = "may_not_write_performances"

MESSAGES: Mapping[str, str] = {MAY_NOT_WRITE: "this user may not write performances"}


def complete(
    session: Session, appointment_id: UUID, *, by: Actor, now: datetime, version: int | None = None
) -> None:
    """The appointment was held: its performances are released, that of its type is written, its request fulfilled.

    Raises:
        RefusedError: its state does not allow it, or what was performed cannot be written.
        NoSuchAppointmentError: there is none.
        OutdatedError: its version is another by now.
    """
    appointment = the_one(session, appointment_id, version)
    against = reasons(session, "complete", [appointment])
    performed = _performed(session, [appointment_id])
    if fits_the_state(against):
        against += _unwritable(session, performed, by).get(appointment_id, ())
    refuse(against)
    with guarded(session):
        advance(session, APPOINTMENTS, [step(appointment, "complete")], by=by, at=now)
        _write(session, performed[appointment_id], by=by, at=now)
        advance(session, REQUESTS, request_step(session, appointment, "fulfil"), by=by, at=now)
    session.expire_all()


def undo_completion(
    session: Session, appointment_id: UUID, *, by: Actor, now: datetime, version: int | None = None
) -> None:
    """It was not held yet: its performances are held again, its request is planned again.

    Raises:
        RefusedError: its state does not allow it, or it could not be planned now.
        NoSuchAppointmentError: there is none.
        OutdatedError: its version is another by now.
    """
    appointment = the_one(session, appointment_id, version)
    refuse_unless_offered(session, "undo_completion", appointment)
    with guarded(session):
        advance(session, APPOINTMENTS, [step(appointment, "undo_completion")], by=by, at=now)
        hold_again(session, [appointment_id], by=by, at=now)
        steps = request_step(session, appointment, "undo_fulfilment")
        advance(session, REQUESTS, steps, by=by, at=now)
    session.expire_all()


def unwritable(
    session: Session, appointments: Collection[UUID], by: Actor
) -> dict[UUID, tuple[Refusal, ...]]:
    """Of these appointments those whose performance cannot be written, by whoever asks, with why."""
    return _unwritable(session, _performed(session, appointments), by)


# --- What completing performs ---------------------------------------------------------------------------


class _Held(NamedTuple):
    """An appointment, as far as its performance needs to know."""

    id: UUID
    establishment_id: UUID
    employer_id: UUID
    case_id: UUID | None
    performance_type_id: UUID | None


@dataclass(frozen=True, slots=True)
class _Performed:
    """What completing an appointment does with its performances."""

    appointment: _Held
    day: date
    releases: Sequence[PerformanceRow]
    writes: bool
    """That of its type is not among them: it is written, or follows from what was written before."""

    @property
    def wanted(self) -> list[Wanted]:
        """What there must be a price for."""
        mine = self.appointment
        wanted = [
            Wanted(one.employer_id, one.performance_type_id, one.performed_on)
            for one in self.releases
        ]
        if self.writes and mine.performance_type_id is not None:
            wanted.append(Wanted(mine.employer_id, mine.performance_type_id, self.day))
        return wanted


def _performed(session: Session, appointments: Collection[UUID]) -> dict[UUID, _Performed]:
    a = Appointment
    query = (
        select(
            a.id, a.establishment_id, Establishment.employer_id, a.case_id,
            ConsultationType.performance_type_id, a.location_id, a.starts_at,
        )
        .join(Establishment, Establishment.id == a.establishment_id)
        .join(ConsultationType, ConsultationType.id == a.consultation_type_id)
        .where(a.id.in_(appointments))
    )  # fmt: skip
    found = list(session.execute(query))
    on = days(session, {key: (location, at) for key, *_, location, at in found})
    standing = performances(session, appointments)
    return {row[0]: _of(_Held._make(row[:5]), on[row[0]], standing[row[0]]) for row in found}


def _of(appointment: _Held, day: date, standing: Iterable[PerformanceRow]) -> _Performed:
    held = [one for one in standing if one.counts and one.state is PerformanceState.HELD]
    kind = appointment.performance_type_id
    releases = [one for one in held if one.performance_type_id == kind or not one.by_completing]
    there = any(one.performance_type_id == kind for one in held)
    return _Performed(appointment, day, releases, writes=kind is not None and not there)


def _unwritable(
    session: Session, performed: Mapping[UUID, _Performed], by: Actor
) -> dict[UUID, tuple[Refusal, ...]]:
    missing = _unpriced(session, performed.values())
    writes = may_write(session, by)
    against = {
        key: (
            *missing.get(key, ()),
            *([Refusal(MAY_NOT_WRITE)] if one.wanted and not writes else []),
        )
        for key, one in performed.items()
    }
    return {key: refusals for key, refusals in against.items() if refusals}


def _unpriced(session: Session, performed: Iterable[_Performed]) -> dict[UUID, tuple[Refusal, ...]]:
    wanted = {one.appointment.id: one.wanted for one in performed}
    missing = unpriced(session, [each for those in wanted.values() for each in those])
    refused = {
        key: tuple(missing[each] for each in dict.fromkeys(those) if each in missing)
        for key, those in wanted.items()
    }
    return {key: refusals for key, refusals in refused.items() if refusals}


def _write(session: Session, performed: _Performed, *, by: Actor, at: datetime) -> None:
    mine, releases = performed.appointment, list(performed.releases)
    if performed.writes:
        follow_type(session, mine.id, mine.performance_type_id, by=by, at=at)
        followed = [
            one
            for one in performances(session, [mine.id])[mine.id]
            if one.state is PerformanceState.HELD
            and one.counts
            and one.performance_type_id == mine.performance_type_id
        ]
        releases += followed
        if not followed:
            begin(session, PERFORMANCES, [_new(performed, by)], event="write", by=by, at=at)
    steps = [Step(one.id, one.version, one.state, "release") for one in releases]
    advance(session, PERFORMANCES, steps, by=by, at=at)


def _new(performed: _Performed, by: Actor) -> dict[str, object]:
    return {
        "appointment_id": performed.appointment.id,
        "case_id": performed.appointment.case_id,
        "performance_type_id": performed.appointment.performance_type_id,
        "establishment_id": performed.appointment.establishment_id,
        "account_id": writer(by),
        "performed_on": performed.day,
    }
