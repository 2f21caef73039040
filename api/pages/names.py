"""What the keys on a page are called: a query for each kind, and of what lies in a part of the organisation only his own."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from api.http.calls import Call
from api.languages import Language
from api.pages.rendering import reader
from models.access import Account, Group, Role
from models.agenda import Location
from models.agreements import PerformanceType
from models.audit import Act
from models.base import Keyed
from models.consultations import CaseKind, ConsultationType, ConsultationTypeName
from models.messages import Template
from models.organisation import ContactPerson, Department, Employer, Establishment
from models.people import Employee, Function, Practitioner
from models.triggers import Trigger
from scheduler.access import Right
from scheduler.announcing import in_portions

BY_COLUMN: Mapping[type[Keyed], InstrumentedAttribute[Any]] = MappingProxyType(
    {
        Account: Account.name,
        CaseKind: CaseKind.name,
        ContactPerson: ContactPerson.name,
        Department: Department.name,
        Employer: Employer.name,
        Establishment: Establishment.name,
        Function: Function.name,
        Group: Group.name,
        Location: Location.name,
        PerformanceType: PerformanceType.name,
        Practitioner: Practitioner.name,
        Role: Role.name,
        Template: Template.name,
        Trigger: Trigger.name,
    }
)
PEOPLE = (Right.VIEW_EMPLOYEES, Right.MANAGE_EMPLOYEES)
"""With one of these, employees are his to know by name."""
NAMELESS = "…"
"""Of what is not the reader's to see."""


def names(call: Call, kind: type[Keyed], keys: Iterable[UUID | None]) -> Mapping[UUID, str]:
    """Of these keys; one that the reader may not see has no name here."""
    wanted = sorted({key for key in keys if key is not None})
    found: dict[UUID, str] = {}
    for portion in in_portions(wanted):
        rows = call.session.execute(named(call, kind).where(kind.id.in_(portion)))
        found |= {key: name for key, name in rows}  # noqa: C416 (rows of two)
    if kind is Employee:
        for key in found.keys() - call.employees:
            call.entry(Employee.__tablename__, key, key, Act.READ)
    return found


def choices(
    call: Call, kind: type[Keyed], *conditions: ColumnElement[bool]
) -> list[tuple[UUID, str]]:
    """All of a kind of which there are few, by their names."""
    query = named(call, kind).where(*conditions)
    return sorted(
        ((key, name) for key, name in call.session.execute(query)),
        key=lambda one: (one[1].casefold(), one[0]),
    )


def named(call: Call, kind: type[Keyed]) -> Select[UUID, str]:
    """Key and name of what the reader may see."""
    if kind is ConsultationType:
        return types_in(reader(call).language).where(call.seen(kind))
    if kind is Employee:
        known = any(call.caller.may(right) for right in PEOPLE)
        return select(kind.id, of_employees()).where(call.seen(kind) if known else false())
    return select(kind.id, BY_COLUMN[kind]).where(call.seen(kind))


def of_employees() -> ColumnElement[str]:
    """Last name first: lists are in that order."""
    first = func.coalesce(literal(", ") + Employee.first_name, "")
    return (Employee.last_name + first).label("name")


def types_in(spoken: Language) -> Select[UUID, str]:
    """Consultation types by the name in this language, or else their own. Domain §5 [000 §3.1.6]."""
    other = ConsultationTypeName
    in_it = and_(other.consultation_type_id == ConsultationType.id, other.language == spoken.code)
    name = func.coalesce(other.name, ConsultationType.name).label("name")
    return select(ConsultationType.id, name).outerjoin(other, in_it)


def called(known: Mapping[UUID, str], keys: Sequence[UUID]) -> str:
    """Several in a line."""
    return ", ".join(sorted(known.get(key, NAMELESS) for key in keys))
