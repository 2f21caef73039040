"""The demo's cases, and the triggers that call their employees: the day of a case on which somebody is to be seen."""

from datetime import date, timedelta
from itertools import islice
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from models.base import new_id
from models.consultations import CaseKind, ConsultationType
from models.people import Employment
from scheduler.demo.passing import Passing
from scheduler.intake.cases import NewCase, open_case
from scheduler.topics import Topic
from scheduler.triggers.conditions import Condition, Of
from scheduler.triggers.setting_up import Wanted, set_up
from scheduler.triggers.settings import AddTask, CreateRequest

CASES = 24
FIRST_CALL = 42
"""The day of a case by which the law wants an analysis of it."""
AGES = (1, 6, 13, 20, 27, 34, 40, 41, 41, 90)
"""Days since a case was opened, by turns: in a night or two some reach the day on which they are called."""


def take_care(passing: Passing) -> None:
    """Open cases of some employees, and set up what happens by itself."""
    session = passing.session
    kind = _kind(session)
    calls = update(ConsultationType).where(ConsultationType.is_no_show.is_(False))
    session.execute(calls.values(preferred_case_kind_id=kind))
    employed = select(Employment.employee_id, Employment.establishment_id).where(_works(passing))
    rows = session.execute(employed.order_by(Employment.employee_id)).all()
    for number, (employee, establishment) in enumerate(
        islice(rows, 0, None, max(1, len(rows) // CASES))
    ):
        opened = passing.now.date() - timedelta(days=AGES[number % len(AGES)])
        case = NewCase(
            employee_id=employee, establishment_id=establishment, kind_id=kind, opened_on=opened
        )
        open_case(session, case, now=passing.now)
    _set_up(passing, kind)


def _set_up(passing: Passing, kind: UUID) -> None:
    called = CreateRequest(action="create_request", consultation_type_id=_called(passing.session))
    on_the_day = (
        Condition(field=Of.CASE_KIND, values=(str(kind),)),
        Condition(field=Of.DAY, values=(FIRST_CALL,)),
    )
    missed = AddTask(action="add_task", title="Bel wie niet verschenen is", due_in_days=1)
    for wanted in (
        Wanted(f"Oproep op dag {FIRST_CALL}", Topic.CASE_DAY_REACHED, on_the_day, called),
        Wanted("Bellen na niet verschijnen", Topic.APPOINTMENT_MISSED, (), missed),
    ):
        set_up(passing.session, wanted, enabled=True, now=passing.now)


def _kind(session: Session) -> UUID:
    made = CaseKind(id=new_id(), code="absence", name="Verzuim")
    session.add(made)
    session.flush()
    return made.id


def _called(session: Session) -> UUID:
    """The kind of consultation that most can give: any first call will do."""
    query = select(ConsultationType.id).where(ConsultationType.is_no_show.is_(False))
    return session.scalars(query.order_by(ConsultationType.code).limit(1)).one()


def _works(passing: Passing) -> ColumnElement[bool]:
    today: date = passing.now.date()
    goes_on = or_(Employment.until_day.is_(None), Employment.until_day > today)
    return (Employment.from_day <= today) & goes_on
