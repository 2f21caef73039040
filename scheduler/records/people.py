"""Employees, and where they work. Domain §1. An employment is ended by `scheduler.agenda.employments`."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.appointments import AHEAD, Appointment
from models.base import Versioned
from models.people import Employee, Employment
from scheduler.agenda.bounds import out_of_range
from scheduler.agenda.employments import PERIOD
from scheduler.booking.locks import Concerned, lock
from scheduler.records.keeping import add
from scheduler.records.record import Draft, Record, Values
from scheduler.refusals import Refusal

RESTS_ON_IT = "employment_in_use"


def period(draft: Draft) -> Iterable[Refusal]:
    """It lies in our time, and ends after it begins."""
    begin, until = draft.after["from_day"], draft.after.get("until_day")
    yield from out_of_range(from_day=begin, until_day=until)
    if until is not None and until <= begin:
        yield Refusal(PERIOD, {"field": "until_day", "from_day": begin, "until_day": until})


def nothing_rests_on_it(draft: Draft) -> Iterable[Refusal]:
    """Where he works, and since when, is corrected only while nothing is planned on it: else it is ended, and another begins.

    `establishment`, domain §3.
    """
    if not draft.changes("establishment_id", "from_day"):
        return
    lock(draft.session, Concerned(employees=[draft.before["employee_id"]]))
    planned = (
        select(func.count())
        .select_from(Appointment)
        .where(
            Appointment.employee_id == draft.before["employee_id"],
            Appointment.establishment_id == draft.before["establishment_id"],
            Appointment.state.in_(AHEAD),
        )
    )
    count = draft.session.scalar(planned)
    if count:
        yield Refusal(RESTS_ON_IT, {"count": count})


EMPLOYEE = Record(table=Employee, locked=lambda key: Concerned(employees=[key]))
EMPLOYMENT = Record(table=Employment, checks=(period, nothing_rests_on_it))


def take_on(
    session: Session, person: Values, work: Values, *, now: datetime
) -> tuple[Versioned, Versioned]:
    """A new employee with the first employment, so that he is in somebody's part of the organisation.

    Raises:
        RefusedError: something in either is wrong, or his reference is taken.
    """
    employee = add(session, EMPLOYEE, person, now=now)
    return employee, add(session, EMPLOYMENT, {**work, "employee_id": employee.id}, now=now)
