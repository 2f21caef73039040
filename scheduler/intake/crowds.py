"""Whom a campaign is about: named one by one, or all who work somewhere. Domain §3."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from models.organisation import Department
from models.people import Employee, Employment
from scheduler.announcing import in_portions
from scheduler.intake.bulk import MOST, TOO_MANY
from scheduler.intake.wishes import Sees
from scheduler.refusals import Refusal, RefusedError

NOBODY_CHOSEN = "nobody_chosen"

MESSAGES: Mapping[str, str] = MappingProxyType(
    {NOBODY_CHOSEN: "choose an employer, an establishment, a department, or employees"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """All who meet each of these conditions, of which there is at least one.

    Where they work is also what it is about: of an employee who works for several employers, the
    establishment of a request is one of the employer that is chosen.
    """

    employees: frozenset[UUID] | None = None
    employer_id: UUID | None = None
    establishment_id: UUID | None = None
    department_id: UUID | None = None
    """With those below it."""

    def work(self) -> Sequence[ColumnElement[bool]]:
        """What an employment must be."""
        w = Employment
        equal = {w.employer_id: self.employer_id, w.establishment_id: self.establishment_id}
        conditions = [column == key for column, key in equal.items() if key is not None]
        if self.department_id is not None:
            conditions.append(w.department_id.in_(_within(self.department_id)))
        return conditions


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open, as every window."""

    from_day: date
    until_day: date


@dataclass(frozen=True, slots=True)
class Chosen:
    """`works`: employer and establishment of each. `unknown`: keys of nobody, or of nobody whom he sees."""

    works: Mapping[UUID, tuple[UUID, UUID]]
    without_work: tuple[UUID, ...]
    """Those who work nowhere, there, in the period: nobody can be asked about them."""
    unknown: tuple[UUID, ...]


def choose(session: Session, crowd: Crowd, period: Period, sees: Sees) -> Chosen:
    """In the order of their keys.

    Raises:
        RefusedError: nobody is chosen, or too many are.
    """
    if crowd == Crowd():
        raise RefusedError([Refusal(NOBODY_CHOSEN)])
    working = _working(crowd, period, sees)
    employees = _employees(session, crowd, working, sees)
    if len(employees) > MOST:
        raise RefusedError([Refusal(TOO_MANY, {"rows": len(employees), "most": MOST})])
    works = _works(session, working, employees)
    return Chosen(
        {key: works[key] for key in employees if key in works},
        tuple(key for key in employees if key not in works),
        tuple(sorted((crowd.employees or frozenset()) - set(employees))),
    )


def _within(department_id: UUID) -> Select[UUID]:
    below = select(Department.id).where(Department.id == department_id).cte(recursive=True)
    # UNION and not UNION ALL: departments that lie within each other come to an end
    inside = select(Department.id).join(below, Department.parent_id == below.c.id)
    return select(below.union(inside).c.id)


def _working(crowd: Crowd, period: Period, sees: Sees) -> Select[UUID, UUID, UUID]:
    w = Employment
    return select(w.employee_id, w.employer_id, w.establishment_id).where(
        w.from_day < period.until_day,
        w.until_day.is_(None) | (w.until_day > period.from_day),
        sees(w),
        *crowd.work(),
    )


def _employees(
    session: Session, crowd: Crowd, working: Select[UUID, UUID, UUID], sees: Sees
) -> list[UUID]:
    seen = select(Employee.id).where(sees(Employee)).order_by(Employee.id)
    if crowd.employees is None:
        those = working.with_only_columns(Employment.employee_id)
        return list(session.scalars(seen.where(Employee.id.in_(those)).limit(MOST + 1)))
    found: list[UUID] = []
    for portion in in_portions(sorted(crowd.employees)):
        found += session.scalars(seen.where(Employee.id.in_(portion)))
    return found


def _works(
    session: Session, working: Select[UUID, UUID, UUID], employees: Iterable[UUID]
) -> dict[UUID, tuple[UUID, UUID]]:
    """Of several the one that began last."""
    w = Employment
    found: dict[UUID, tuple[UUID, UUID]] = {}
    for portion in in_portions(employees):
        those = working.where(w.employee_id.in_(portion)).order_by(w.from_day, w.id)
        found.update((key, (employer, at)) for key, employer, at in session.execute(those))
    return found
