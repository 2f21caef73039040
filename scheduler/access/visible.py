"""What a caller may see, for each kind of thing: the one condition that every query of it carries. Domain §8.

What is not visible is not there: nobody can tell it from what does not exist (`require_visible`). A
kind that is not listed here cannot be asked for, by anybody.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import Session

from models.access import Account, Group
from models.agreements import ServiceAgreement
from models.appointments import Appointment
from models.base import Keyed
from models.billing import Performance
from models.organisation import ContactPerson, Department, Employer, Establishment
from models.people import Employee, Employment, Exclusion
from models.requests import AppointmentRequest, Case
from scheduler.access.caller import Caller
from scheduler.access.denied import NotFoundError
from scheduler.access.parts import Part, day_of
from scheduler.access.scope import Scope

Thing = TypeVar("Thing", bound=Keyed)
Condition = Callable[[Part], ColumnElement[bool]]


def _case(part: Part) -> ColumnElement[bool]:
    return part.subject(Case.employee_id, Case.establishment_id, Case.opened_on)


def _request(part: Part) -> ColumnElement[bool]:
    one = AppointmentRequest
    return part.subject(one.employee_id, one.establishment_id, one.requested_on)


def _appointment(part: Part) -> ColumnElement[bool]:
    one = Appointment
    return part.subject(one.employee_id, one.establishment_id, day_of(one.starts_at))


def _performance(part: Part) -> ColumnElement[bool]:
    """As its appointment is, or its case."""
    in_appointment = select(Appointment.id).where(_appointment(part))
    in_case = select(Case.id).where(_case(part))
    return or_(
        and_(
            Performance.appointment_id.is_not(None),
            Performance.appointment_id.in_(in_appointment.correlate(None)),
        ),
        and_(
            Performance.appointment_id.is_(None),
            Performance.case_id.is_not(None),
            Performance.case_id.in_(in_case.correlate(None)),
        ),
    )


CONDITIONS: Mapping[type[Keyed], Condition] = MappingProxyType(
    {
        Employee: lambda part: part.employee(Employee.id),
        Employment: lambda part: part.employment(),
        Exclusion: lambda part: part.employee(Exclusion.employee_id),
        Case: _case,
        AppointmentRequest: _request,
        Appointment: _appointment,
        Performance: _performance,
        Employer: lambda part: Employer.id.in_(part.employers),
        ServiceAgreement: lambda part: ServiceAgreement.employer_id.in_(part.employers),
        Establishment: lambda part: part.establishment(Establishment.id, Establishment.employer_id),
        Department: lambda part: part.department(),
        ContactPerson: lambda part: part.establishment(
            ContactPerson.establishment_id, ContactPerson.employer_id
        ),
        Group: lambda part: part.group(Group.id),
        Account: lambda part: part.group(Account.group_id),
    }
)


def visible(kind: type[Keyed], caller: Caller) -> ColumnElement[bool]:
    """The condition that a row of this kind lies in the caller's part of the organisation."""
    return visible_in(kind, caller.scope)


def visible_in(kind: type[Keyed], scope: Scope) -> ColumnElement[bool]:
    condition = CONDITIONS.get(kind)
    if condition is None:
        raise TypeError(f"{kind.__name__} is in nobody's part of the organisation")
    if scope.everybody:
        return true()
    return and_(*(condition(Part(group, scope.day)) for group in sorted(scope.groups)))


def require_visible(session: Session, caller: Caller, kind: type[Thing], key: UUID) -> Thing:
    """The row by this key, where the caller may see it.

    Raises:
        NotFoundError: he may not, or there is none.
    """
    found = session.scalars(select(kind).where(kind.id == key, visible(kind, caller))).one_or_none()
    if found is None:
        raise NotFoundError
    return found
