"""Saying which part of the organisation a group reaches: never more than whoever says it. Domain §8."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.access import Account, Group, GroupScope
from models.base import Keyed
from models.organisation import Department, Employer
from models.people import Employee
from scheduler.access.bounds import require_group
from scheduler.access.caller import Caller
from scheduler.access.denied import forbidden, refused
from scheduler.access.parts import Part
from scheduler.access.rights import Right
from scheduler.access.visible import visible


@dataclass(frozen=True, slots=True)
class Reach:
    """Employers and departments with all that is below, and single employees; or nothing."""

    employers: frozenset[UUID] = frozenset()
    departments: frozenset[UUID] = frozenset()
    employees: frozenset[UUID] = frozenset()


def add_group(session: Session, caller: Caller, name: str, reach: Reach) -> UUID:
    """A new group.

    Raises:
        ForbiddenError: the caller may not, or does not reach all of this.
        RefusedError: there is a group of that name.
    """
    _require(session, caller, reach)
    group = Group(name=name)
    try:
        with session.begin_nested():
            session.add(group)
    except IntegrityError as error:
        raise refused("name_taken") from error
    _write(session, group.id, reach)
    return group.id


def change_group(session: Session, caller: Caller, group_id: UUID, reach: Reach) -> None:
    """Another part, for all who are in the group, at once.

    Raises:
        ForbiddenError: the caller may not, or does not reach all of it.
        NotFoundError: it reaches beyond his own part already, or there is none.
        RefusedError: it reaches everybody.
    """
    _require(session, caller, reach)  # by what the caller reaches before: it may be his own group
    group = require_group(session, caller, group_id)
    if group.everybody:
        raise refused("super_administrators_stay")
    session.execute(delete(GroupScope).where(GroupScope.group_id == group.id))
    group.renew()
    _write(session, group.id, reach)


def remove_group(session: Session, caller: Caller, group_id: UUID) -> None:
    """Take a group away that nobody is in.

    Raises:
        ForbiddenError: the caller may not.
        NotFoundError: it reaches beyond his own part, or there is none.
        RefusedError: somebody is in it, or acts for those in it.
    """
    caller.require_to_manage(Right.MANAGE_GROUPS)
    group = require_group(session, caller, group_id)
    uses = or_(Account.group_id == group.id, Account.impersonates_id == group.id)
    if session.scalar(select(Account.id).where(uses).limit(1)):
        raise refused("in_use")
    session.execute(delete(GroupScope).where(GroupScope.group_id == group.id))
    session.delete(group)
    session.flush()


def _require(session: Session, caller: Caller, reach: Reach) -> None:
    caller.require_to_manage(Right.MANAGE_GROUPS)
    named = (
        (Employer, reach.employers, visible(Employer, caller)),
        (Department, reach.departments, visible(Department, caller)),
        (Employee, reach.employees, _named(caller)),
    )
    if not all(_all_there(session, *one) for one in named):
        raise forbidden("beyond_own_part")


def _named(caller: Caller) -> ColumnElement[bool]:
    """To name an employee reaches what all of his employers ask for him (`Part.group`)."""
    if caller.scope.everybody:
        return visible(Employee, caller)
    return or_(
        *(
            Employee.id.in_(Part(group, caller.scope.day).named_employees)
            for group in caller.scope.groups
        )
    )


def _all_there(
    session: Session, kind: type[Keyed], keys: Collection[UUID], condition: ColumnElement[bool]
) -> bool:
    there = select(func.count()).select_from(kind).where(kind.id.in_(keys), condition)
    return session.scalar(there) == len(keys)


def _write(session: Session, group_id: UUID, reach: Reach) -> None:
    session.add_all(GroupScope(group_id=group_id, employer_id=key) for key in reach.employers)
    session.add_all(GroupScope(group_id=group_id, department_id=key) for key in reach.departments)
    session.add_all(GroupScope(group_id=group_id, employee_id=key) for key in reach.employees)
    session.flush()
