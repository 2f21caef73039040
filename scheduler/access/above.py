"""The names of the levels above an employee: shown to whoever may see him, though he sees nothing else of them.

Domain §8 [000 §2.2.2].
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.organisation import Department, Employer, Establishment
from models.people import Employment
from scheduler.access.caller import Caller
from scheduler.access.visible import visible


@dataclass(frozen=True, slots=True)
class Above:
    """Of one employment: the employer, the work site, and the departments from the top down."""

    employment_id: UUID
    employer: str
    establishment: str
    departments: tuple[str, ...]


def names_above(
    session: Session, caller: Caller, employees: Sequence[UUID]
) -> Mapping[UUID, tuple[Above, ...]]:
    """For each employee, by the employments that the caller may see; nothing of those whom he may not."""
    found = session.execute(
        select(Employment, Employer.name, Establishment.name)
        .join(Employer, Employer.id == Employment.employer_id)
        .join(Establishment, Establishment.id == Employment.establishment_id)
        .where(Employment.employee_id.in_(employees), visible(Employment, caller))
        .order_by(Employment.employee_id, Employment.from_day, Employment.id)
    ).all()
    departments = _with_those_above(session, {one.department_id for one, _, _ in found})
    names: defaultdict[UUID, tuple[Above, ...]] = defaultdict(tuple)
    for one, employer, establishment in found:
        path = _path(departments, one.department_id)
        names[one.employee_id] += (Above(one.id, employer, establishment, path),)
    return dict(names)


def _with_those_above(session: Session, keys: set[UUID | None]) -> Mapping[UUID, Department]:
    """The departments, and those above them, a level at a time."""
    known: dict[UUID, Department] = {}
    wanted = keys - {None}
    while wanted:
        level = session.scalars(select(Department).where(Department.id.in_(wanted))).all()
        known.update((one.id, one) for one in level)
        wanted = {one.parent_id for one in level} - {None, *known}
    return known


def _path(departments: Mapping[UUID, Department], lowest: UUID | None) -> tuple[str, ...]:
    names: list[str] = []
    passed: set[UUID] = set()
    while lowest is not None and lowest not in passed:
        passed.add(lowest)
        names.insert(0, departments[lowest].name)
        lowest = departments[lowest].parent_id
    return tuple(names)
