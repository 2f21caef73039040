"""The part of the organisation that one group reaches, as conditions in SQL. Domain §8 [000 §2.1.8].

An employee belongs to it who is named in it, or who works (or will) for one of its employers or in
one of its departments, or those below. Whoever has left is no longer one of theirs.

A request, an appointment, a case belongs to it through an employment with the employer of its
establishment: so an employer does not see what another one asks for somebody who works for both. It
stays theirs after the employee has left; what came later than that is not theirs.

Each subquery says what it correlates with, so that a condition means the same in every query,
whatever else that query joins.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Select, SQLColumnExpression, and_, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.functions import FunctionElement

from models.access import Group, GroupScope
from models.organisation import Department, Establishment
from models.people import Employment


class day_of(FunctionElement[date]):  # noqa: N801 (reads as SQL's functions do)
    """The calendar day, in UTC, of an instant in a statement."""

    type = Date()
    inherit_cache = True


@compiles(day_of, "sqlite")
def _day_of_microseconds(element: day_of, compiler: Any, **how: Any) -> str:  # noqa: ANN401 (the face of @compiles)
    return f"date({compiler.process(element.clauses, **how)} / 1000000, 'unixepoch')"


@compiles(day_of, "postgresql")
def _day_of_timestamp(element: day_of, compiler: Any, **how: Any) -> str:  # noqa: ANN401 (the face of @compiles)
    return f"(({compiler.process(element.clauses, **how)}) AT TIME ZONE 'UTC')::date"


Key = InstrumentedAttribute[UUID]


@dataclass(frozen=True)
class Part:
    """What the group reaches on the day."""

    group_id: UUID
    day: date

    # --- what the group names ---------------------------------------------------------------------

    @cached_property
    def employers(self) -> Select[Any]:
        return self._named(GroupScope.employer_id)

    @cached_property
    def named_employees(self) -> Select[Any]:
        return self._named(GroupScope.employee_id)

    @cached_property
    def departments(self) -> Select[Any]:
        """Those that it names, and all below."""
        below = self._named(GroupScope.department_id).cte(recursive=True)
        # UNION and not UNION ALL: departments that lie within each other come to an end
        inside = select(Department.id).join(below, Department.parent_id == below.c.id)
        return select(below.union(inside)).correlate(None)

    def _named(self, column: InstrumentedAttribute[UUID | None]) -> Select[Any]:
        mine = GroupScope.group_id == self.group_id
        named = select(column.label("id")).where(mine, column.is_not(None))
        return named.correlate(None)

    # --- what belongs to it -----------------------------------------------------------------------

    def employee(self, employee_id: Key) -> ColumnElement[bool]:
        works_here = select(Employment.employee_id).where(self._in_part, self._not_ended)
        by_work = employee_id.in_(works_here.correlate(None))
        return or_(employee_id.in_(self.named_employees), by_work)

    def employment(self) -> ColumnElement[bool]:
        """Of an employee who belongs to it: those in it, or all where he is named himself."""
        return or_(
            Employment.employee_id.in_(self.named_employees),
            and_(self._in_part, self.employee(Employment.employee_id)),
        )

    def subject(
        self, employee_id: Key, establishment_id: Key, day: SQLColumnExpression[date]
    ) -> ColumnElement[bool]:
        """Something about an employee, at an establishment, that began on a day."""
        of_the_employer = Establishment.employer_id == Employment.employer_id
        through = (
            select(Employment.id)
            .join(Establishment, of_the_employer)
            .where(
                Employment.employee_id == employee_id,
                Establishment.id == establishment_id,
                self._in_part,
                or_(self._not_ended, Employment.until_day > day),
            )
        )
        return or_(
            employee_id.in_(self.named_employees), through.correlate(employee_id.class_).exists()
        )

    def department(self) -> ColumnElement[bool]:
        return or_(Department.employer_id.in_(self.employers), Department.id.in_(self.departments))

    def establishment(
        self, establishment_id: InstrumentedAttribute[Any], employer_id: Key
    ) -> ColumnElement[bool]:
        """Those of its employers, and those where its employees work."""
        works_there = select(Employment.establishment_id).where(
            self._not_ended,
            or_(self._in_part, Employment.employee_id.in_(self.named_employees)),
        )
        there = establishment_id.in_(works_there.correlate(None))
        at_one = and_(establishment_id.is_not(None), there)
        return or_(employer_id.in_(self.employers), at_one)

    def group(self, group_id: Key) -> ColumnElement[bool]:
        """A group that reaches nothing beyond this part."""
        beyond = select(GroupScope.group_id).where(~self._within())
        everybody = select(Group.id).where(Group.everybody)
        return and_(
            group_id.not_in(beyond.correlate(None)), group_id.not_in(everybody.correlate(None))
        )

    def _within(self) -> ColumnElement[bool]:
        """Of what a group names: that it belongs to this part.

        An employee only where he is named here too: to name him reaches what other employers ask for
        him as well, now and later, which one employer's part does not.
        """
        departments = select(Department.id).where(self.department())
        names = (
            (GroupScope.employer_id, self.employers),
            (GroupScope.department_id, departments.correlate(None)),
            (GroupScope.employee_id, self.named_employees),
        )
        return or_(*(and_(column.is_not(None), column.in_(those)) for column, those in names))

    @property
    def _in_part(self) -> ColumnElement[bool]:
        department = Employment.department_id
        return or_(
            Employment.employer_id.in_(self.employers),
            and_(department.is_not(None), department.in_(self.departments)),
        )

    @property
    def _not_ended(self) -> ColumnElement[bool]:
        return or_(Employment.until_day.is_(None), Employment.until_day > self.day)
