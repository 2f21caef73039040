"""Practitioners who may not see an employee: added, and taken back. Domain §3 [000 §3.1.1].

Their authorisation for the employee's file is untouched.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from models.appointments import Appointment, Hold
from models.base import new_id
from models.people import Employee, Exclusion, Practitioner
from scheduler.actor import Actor
from scheduler.agenda import disturbed
from scheduler.agenda.disturbed import Leave, Way
from scheduler.agenda.missing import NotThereError
from scheduler.agenda.offers import UNKNOWN
from scheduler.booking.locks import Concerned
from scheduler.guarded import guarded
from scheduler.refusals import Refusal, RefusedError

EXCLUDED = "the practitioner may not see this employee"
TWICE = "one_exclusion"


def add(
    session: Session,
    employee_id: UUID,
    practitioner_id: UUID,
    *,
    reason: str | None = None,
    leave: Leave,
    by: Actor,
    now: datetime,
) -> UUID:
    """Exclude a practitioner: the key. With `leave`, what the two have planned together goes.

    Raises:
        RefusedError: he is excluded already, or they have planned appointments and nobody confirmed.
    """
    _check(session, employee_id, practitioner_id)
    a = Appointment
    together = a.employee_id == employee_id, a.practitioner_id == practitioner_id
    also = Concerned(practitioners=[practitioner_id], employees=[employee_id])
    way = Way(lambda: disturbed.ahead(session, *together), also, EXCLUDED)
    disturbed.make_way(session, way, leave, by=by, now=now)
    key = new_id()
    who = {"employee_id": employee_id, "practitioner_id": practitioner_id}
    with guarded(session):
        theirs = Hold.employee_id == employee_id, Hold.practitioner_id == practitioner_id
        session.execute(delete(Hold).where(*theirs))
        session.execute(insert(Exclusion).values(id=key, reason=reason, **who))
    return key


def remove(session: Session, exclusion_id: UUID) -> None:
    """He may see the employee again.

    Raises:
        NotThereError: there is none.
    """
    gone = delete(Exclusion).where(Exclusion.id == exclusion_id).returning(Exclusion.id)
    if session.scalar(gone) is None:
        raise NotThereError("exclusion", exclusion_id)
    session.expire_all()


def _check(session: Session, employee_id: UUID, practitioner_id: UUID) -> None:
    against = [
        Refusal(UNKNOWN, {"field": field, "id": key})
        for field, table, key in (
            ("employee_id", Employee, employee_id),
            ("practitioner_id", Practitioner, practitioner_id),
        )
        if session.scalar(select(table.id).where(table.id == key)) is None
    ]
    both = Exclusion.employee_id == employee_id, Exclusion.practitioner_id == practitioner_id
    if session.scalar(select(Exclusion.id).where(*both)) is not None:
        against.append(Refusal(TWICE))
    if against:
        raise RefusedError(against)
