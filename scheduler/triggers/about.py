"""What an event is about: whom it concerns, and what conditions can ask of it."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.appointments import Appointment, NoShow
from models.organisation import Establishment
from models.requests import AppointmentRequest, Case
from scheduler.announcing import in_portions
from scheduler.relay import Heard
from scheduler.triggers.conditions import Of, Value


@dataclass(frozen=True, slots=True)
class About:
    """Of one event; what is nobody's, names nobody."""

    employee_id: UUID | None = None
    employer_id: UUID | None = None
    establishment_id: UUID | None = None
    case_id: UUID | None = None
    request_id: UUID | None = None
    appointment_id: UUID | None = None
    fields: Mapping[Of, Value] = field(default_factory=dict)


def about(session: Session, events: Sequence[Heard]) -> Mapping[UUID, About]:
    """By the key of the event; what is gone is not among them."""
    subjects: defaultdict[str, set[UUID]] = defaultdict(set)
    for event in events:
        subjects[event.subject].add(event.subject_id)
    found: dict[tuple[str, UUID], About] = {}
    for subject, keys in subjects.items():
        for portion in in_portions(sorted(keys)) if subject in READINGS else ():
            rows = READINGS[subject](session, portion)
            found.update({(subject, key): one for key, one in rows.items()})
    return {
        event.id: _with_facts(event, found.get((event.subject, event.subject_id), About()))
        for event in events
        if event.subject not in READINGS or (event.subject, event.subject_id) in found
    }


FACTS = {Of.PRACTITIONER: "practitioner_id", Of.LOCATION: "location_id", Of.DAY: "day"}
"""Fields that the event itself may say something of."""


def _with_facts(event: Heard, known: About) -> About:
    told = {of: event.facts[name] for of, name in FACTS.items() if name in event.facts}
    return replace(known, fields={**told, **known.fields})


def _fields(**values: Any) -> dict[Of, Value]:  # noqa: ANN401 (keys, words and numbers)
    """Those that are known; keys as conditions write them."""
    return {
        Of(name): str(value) if isinstance(value, UUID) else value
        for name, value in values.items()
        if value is not None
    }


def _requests(session: Session, keys: list[UUID]) -> dict[UUID, About]:
    r = AppointmentRequest
    query = (
        select(r, Establishment.employer_id, Case.kind_id)
        .join(Establishment, Establishment.id == r.establishment_id)
        .outerjoin(Case, Case.id == r.case_id)
        .where(r.id.in_(keys))
    )
    return {
        one.id: About(
            employee_id=one.employee_id,
            employer_id=employer,
            establishment_id=one.establishment_id,
            case_id=one.case_id,
            request_id=one.id,
            fields=_fields(
                consultation_type=one.consultation_type_id,
                employer=employer,
                establishment=one.establishment_id,
                case_kind=kind,
                modality=one.modality.value,
                priority=one.priority,
            ),
        )
        for one, employer, kind in session.execute(query)
    }


def _appointments(session: Session, keys: list[UUID]) -> dict[UUID, About]:
    a = Appointment
    query = (
        select(a, Establishment.employer_id, Case.kind_id, NoShow.original)
        .join(Establishment, Establishment.id == a.establishment_id)
        .outerjoin(Case, Case.id == a.case_id)
        .outerjoin(NoShow, NoShow.appointment_id == a.id)
        .where(a.id.in_(keys))
    )
    found = {}
    for one, employer, kind, original in session.execute(query):
        # a no-show has another type than what was missed
        missed = original and UUID(original["appointment"]["consultation_type_id"])
        found[one.id] = About(
            employee_id=one.employee_id,
            employer_id=employer,
            establishment_id=one.establishment_id,
            case_id=one.case_id,
            request_id=one.request_id,
            appointment_id=one.id,
            fields=_fields(
                consultation_type=missed or one.consultation_type_id,
                no_show_type=one.consultation_type_id if missed else None,
                employer=employer,
                establishment=one.establishment_id,
                case_kind=kind,
                location=one.location_id,
                practitioner=one.practitioner_id,
                modality=one.modality.value,
            ),
        )
    return found


def _cases(session: Session, keys: list[UUID]) -> dict[UUID, About]:
    query = (
        select(Case, Establishment.employer_id)
        .join(Establishment, Establishment.id == Case.establishment_id)
        .where(Case.id.in_(keys))
    )
    return {
        one.id: About(
            employee_id=one.employee_id,
            employer_id=employer,
            establishment_id=one.establishment_id,
            case_id=one.id,
            fields=_fields(
                employer=employer,
                establishment=one.establishment_id,
                case_kind=one.kind_id,
                practitioner=one.practitioner_id,
            ),
        )
        for one, employer in session.execute(query)
    }


READINGS: Mapping[str, Callable[[Session, list[UUID]], dict[UUID, About]]] = {
    AppointmentRequest.__tablename__: _requests,
    Appointment.__tablename__: _appointments,
    Case.__tablename__: _cases,
}
