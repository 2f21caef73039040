"""What a caller may see, for each kind of thing: the one condition that every query of it carries. Domain §8.

What is not visible is not there: nobody can tell it from what does not exist (`require_visible`). A
kind that is not listed here cannot be asked for, by anybody.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.access import Account, Group
from models.agreements import ServiceAgreement
from models.appointments import Appointment
from models.base import Keyed
from models.billing import InvoiceBasis, Performance
from models.messages import Feed, Message, Reminder
from models.organisation import ContactPerson, Department, Employer, Establishment
from models.outbox import Delivery, Receiver
from models.people import Employee, Employment, Exclusion
from models.requests import AppointmentRequest, Case
from models.triggers import Task, TriggerFiring
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


def _accounts(part: Part) -> Select[UUID]:
    return select(Account.id).where(part.group(Account.group_id)).correlate(None)


def _receivers(part: Part) -> Select[UUID]:
    """Those whose account belongs to it: they hear of no more."""
    return select(Receiver.id).where(Receiver.account_id.in_(_accounts(part))).correlate(None)


def _task(part: Part) -> ColumnElement[bool]:
    """Of nobody it is everybody's; else all that it names lies in his part."""
    one: Any = Task
    return and_(
        or_(one.employee_id.is_(None), part.employee(one.employee_id)),
        _named(one.case_id, select(Case.id).where(_case(part))),
        _named(one.appointment_id, select(Appointment.id).where(_appointment(part))),
    )


def _firing(part: Part) -> ColumnElement[bool]:
    one: Any = TriggerFiring
    return and_(
        or_(one.employee_id.is_(None), part.employee(one.employee_id)),
        _named(one.request_id, select(AppointmentRequest.id).where(_request(part))),
        _named(one.appointment_id, select(Appointment.id).where(_appointment(part))),
        _named(one.task_id, select(Task.id).where(_task(part))),
    )


def _message(part: Part) -> ColumnElement[bool]:
    """All that it names lies in his part; one that names nobody is about the service itself."""
    one: Any = Message
    return and_(
        or_(one.employee_id.is_(None), part.employee(one.employee_id)),
        _named(one.account_id, _accounts(part)),
        _named(one.case_id, select(Case.id).where(_case(part))),
        _named(one.request_id, select(AppointmentRequest.id).where(_request(part))),
        _named(one.appointment_id, select(Appointment.id).where(_appointment(part))),
    )


def _named(key: InstrumentedAttribute[Any], seen: Select[UUID]) -> ColumnElement[bool]:
    """It names none, or one that he sees."""
    return or_(key.is_(None), key.in_(seen.correlate(None)))


CONDITIONS: Mapping[type[Keyed], Condition] = MappingProxyType(
    {
        Employee: lambda part: part.employee(Employee.id),
        Employment: lambda part: part.employment(),
        Exclusion: lambda part: part.employee(Exclusion.employee_id),
        Case: _case,
        AppointmentRequest: _request,
        Appointment: _appointment,
        Task: _task,
        TriggerFiring: _firing,
        Performance: _performance,
        Employer: lambda part: Employer.id.in_(part.employers),
        ServiceAgreement: lambda part: ServiceAgreement.employer_id.in_(part.employers),
        InvoiceBasis: lambda part: InvoiceBasis.employer_id.in_(part.employers),
        Establishment: lambda part: part.establishment(Establishment.id, Establishment.employer_id),
        Department: lambda part: part.department(),
        ContactPerson: lambda part: part.establishment(
            ContactPerson.establishment_id, ContactPerson.employer_id
        ),
        Group: lambda part: part.group(Group.id),
        Account: lambda part: part.group(Account.group_id),
        Receiver: lambda part: Receiver.account_id.in_(_accounts(part)),
        Reminder: lambda part: Reminder.appointment_id.in_(
            select(Appointment.id).where(_appointment(part)).correlate(None)
        ),
        Message: _message,
        Feed: lambda part: Feed.account_id.in_(_accounts(part)),
        Delivery: lambda part: Delivery.receiver_id.in_(_receivers(part)),
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
