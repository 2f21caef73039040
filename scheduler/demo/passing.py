"""What happened in the demo until now: held, missed, cancelled, asked for; by the same commands as anywhere else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from random import Random
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from models.agenda import Availability
from models.appointments import Appointment, AppointmentState, Party
from models.base import new_id
from models.consultations import ConsultationType, ConsultationTypeName, Modality
from models.people import Employment
from models.requests import AppointmentRequest, RequestState
from scheduler import appointments, booking
from scheduler.actor import Actor
from scheduler.agenda import absences
from scheduler.agenda.absences import Away
from scheduler.agenda.disturbed import Leave
from scheduler.demo.chance import stream
from scheduler.demo.people import Guests
from scheduler.intake import requests as intake
from scheduler.intake.wishes import First, May, asked
from scheduler.refusals import RefusedError

MISSED = 0.07
"""Of those who should have come: the usual share."""
AFTERWARDS = timedelta(hours=2)
"""Until then nobody has come to writing it down."""
DRAFTS, CANCELLED, FOR_APPROVAL, OVERDUE = 8, 4, 6, 10
NO_SHOW = "no-show"


@dataclass(frozen=True, slots=True)
class Passing:
    """The database, its people, and now."""

    session: Session
    guests: Guests
    now: datetime
    chance: Random

    @classmethod
    def of(cls, session: Session, guests: Guests, *, seed: int, now: datetime) -> "Passing":
        return cls(session, guests, now, stream(seed, "passing"))

    def by(self, login: str) -> Actor:
        return Actor(self.guests.accounts[login])


def let_pass(passing: Passing) -> None:
    """Bring a world that was planned a week ago to this moment."""
    _hold_what_is_over(passing)
    _unsettle_what_is_ahead(passing)
    _go_away(passing)
    _ask_for_approval(passing)
    _give_up_what_is_overdue(passing)


def _hold_what_is_over(passing: Passing) -> None:
    missed = _no_show_type(passing.session)
    by = passing.by("practitioner")
    for key in _appointments(passing, Appointment.ends_at < passing.now - AFTERWARDS):
        if passing.chance.random() < MISSED:
            appointments.no_show(passing.session, key, missed, by=by, now=passing.now)
        else:
            _if_possible(appointments.complete, passing.session, key, by=by, now=passing.now)


def _unsettle_what_is_ahead(passing: Passing) -> None:
    """Some are drafts, some were cancelled: as in any week."""
    by, now = passing.by("planner"), passing.now
    ahead = _appointments(passing, Appointment.starts_at > now + timedelta(hours=12))
    chosen = passing.chance.sample(ahead, min(len(ahead), DRAFTS + CANCELLED))
    for key in chosen[:DRAFTS]:
        _if_possible(appointments.mark_as_draft, passing.session, key, by=by, now=now)
    for key in chosen[DRAFTS:]:
        reason = "heeft die dag iets anders"
        booking.cancel(passing.session, key, party=Party.EMPLOYEE, reason=reason, by=by, now=now)


def _go_away(passing: Passing) -> None:
    """A practitioner is ill on a coming day: what was planned returns to be planned. Another is away in an hour of his own."""
    one = Availability
    query = select(one).where(one.starts_at > passing.now, one.removed_at.is_(None))
    blocks = passing.session.scalars(query.order_by(one.starts_at, one.id)).all()
    for block in islice((blocks[n] for n in (len(blocks) // 6, len(blocks) // 2) if blocks), 2):
        away = Away(block.practitioner_id, block.starts_at, block.ends_at, "verlof")
        leave = Leave(confirmed=True, seen=true())
        by = passing.by("practitioner")
        _if_possible(absences.add, passing.session, away, leave=leave, by=by, now=passing.now)


def _ask_for_approval(passing: Passing) -> None:
    """The case manager asks for colleagues of those for whom something is asked."""
    session = passing.session
    r, kind = AppointmentRequest, ConsultationType
    query = (
        select(r.id)
        .join(kind, kind.id == r.consultation_type_id)
        .where(r.state == RequestState.OPEN, r.until_day > _day(passing, 2))
        .where(kind.refuses_duplicates.is_(False))
        .order_by(r.id)
        .limit(FOR_APPROVAL)
    )
    for key in session.scalars(query).all():
        wish = asked(session, key).wish
        colleague = session.scalar(
            select(Employment.employee_id)
            .where(Employment.establishment_id == wish.establishment_id)
            .where(Employment.employee_id > wish.employee_id)
            .order_by(Employment.employee_id)
            .limit(1)
        )
        if colleague is None:
            continue
        new = replace(
            wish,
            employee_id=colleague,
            from_day=max(wish.from_day, _day(passing, 0)),
            requested_on=None,
            case_id=None,
            contact_person_id=None,
            reference=None,
        )
        may, by = May(place=False), passing.by("casemanager")
        _if_possible(intake.create, session, new, First.PLACED, may=may, by=by, now=passing.now)


def _give_up_what_is_overdue(passing: Passing) -> None:
    """Some that nobody could plan in time are still on the list; the others were withdrawn."""
    r = AppointmentRequest
    late = select(r.id, r.version).where(
        r.state == RequestState.OPEN, r.until_day <= _day(passing, 0)
    )
    rows = passing.session.execute(late.order_by(r.priority.desc(), r.id)).all()
    for key, version in rows[OVERDUE:]:
        reason, by = "niet meer nodig", passing.by("planner")
        intake.withdraw(passing.session, key, version, reason=reason, by=by, now=passing.now)


# --- What it needs ----------------------------------------------------------------------------------------


def _appointments(passing: Passing, *where: ColumnElement[bool]) -> Sequence[UUID]:
    query = select(Appointment.id).where(Appointment.state == AppointmentState.PLANNED, *where)
    return passing.session.scalars(query.order_by(Appointment.starts_at, Appointment.id)).all()


def _no_show_type(session: Session) -> UUID:
    """After which the employee is called again."""
    longest = session.scalar(select(func.min(ConsultationType.duration))) or 1
    made = ConsultationType(
        id=new_id(),
        code=NO_SHOW,
        name="Niet verschenen",
        duration=longest,
        buffer=0,
        modality=Modality.AT_LOCATION,
        is_no_show=True,
        calls_again=True,
    )
    session.add(made)
    session.flush()
    name = "Did not come"
    session.add(ConsultationTypeName(consultation_type_id=made.id, language="en", name=name))
    session.flush()
    return made.id


def _day(passing: Passing, days: int) -> date:
    return passing.now.date() + timedelta(days=days)


def _if_possible(act: Callable[..., object], *arguments: object, **more: object) -> None:
    """What a rule is against has not happened."""
    try:
        act(*arguments, **more)
    except RefusedError:
        return
