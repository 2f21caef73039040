"""Rules about who and where is wished for, and about names of things that are not there."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from scheduler.intake.known import Known
from scheduler.intake.rules.face import Params, Question, Rule
from scheduler.intake.wishes import Wish
from solver.rules.exclusion import Exclusion

PRACTITIONERS = ("required_practitioner_id", "preferred_practitioner_id")
LOCATIONS = ("preferred_location_id", "location_ids")


def _practitioners(wish: Wish) -> Iterator[tuple[str, UUID]]:
    for name in PRACTITIONERS:
        key = getattr(wish, name)
        if key is not None:
            yield name, key


def _locations(wish: Wish) -> Iterator[tuple[str, UUID]]:
    if wish.preferred_location_id is not None:
        yield "preferred_location_id", wish.preferred_location_id
    for key in sorted(wish.location_ids):
        yield "location_ids", key


def _unknown(question: Question, known: Known) -> Iterable[Params]:
    wish = question.wish
    named: list[tuple[str, UUID | None, Mapping[UUID, object]]] = [
        ("employee_id", wish.employee_id, known.employees),
        ("consultation_type_id", wish.consultation_type_id, known.types),
        ("establishment_id", wish.establishment_id, known.employers),
        ("contact_person_id", wish.contact_person_id, known.contacts),
        ("case_id", wish.case_id, known.cases),
        *((name, key, known.practitioners) for name, key in _practitioners(wish)),
        *((name, key, known.locations) for name, key in _locations(wish)),
    ]
    for name, key, there in named:
        if key is not None and key not in there:
            yield {"field": name, "id": key}


def _employee(question: Question, _: Known) -> Iterable[Params]:
    if question.before is not None:
        yield {"employee_id": question.before.employee_id}


def _chosen_now(question: Question, name: str, key: UUID) -> bool:
    """What stood there before may have been archived since, and stays."""
    before = None if question.before is None else getattr(question.before, name)
    return key not in before if isinstance(before, frozenset) else key != before


def _archived(
    question: Question, chosen: Iterable[tuple[str, UUID]], there: Mapping[UUID, datetime | None]
) -> Iterable[Params]:
    for name, key in chosen:
        if there.get(key) is not None and _chosen_now(question, name, key):
            yield {"field": name, "id": key}


def _archived_practitioner(question: Question, known: Known) -> Iterable[Params]:
    return _archived(question, _practitioners(question.wish), known.practitioners)


def _archived_location(question: Question, known: Known) -> Iterable[Params]:
    return _archived(question, _locations(question.wish), known.locations)


def _function(question: Question, known: Known) -> Iterable[Params]:
    wish = question.wish
    asked = known.asked_functions.get(wish.consultation_type_id)
    who = wish.required_practitioner_id
    kind = known.types.get(wish.consultation_type_id)
    if asked is None or kind is None or who is None or who not in known.practitioners:
        return
    if not asked & known.held_functions.get(who, frozenset()):
        yield {"type": kind.code, "functions": tuple(sorted(asked))}


def _excluded(question: Question, known: Known) -> Iterable[Params]:
    excluded = known.excluded.get(question.wish.employee_id, frozenset())
    for name, key in _practitioners(question.wish):
        if key in excluded and _chosen_now(question, name, key):
            yield {"field": name, "id": key}


RULES = (
    Rule(
        "another_employee",
        "a request stays with its employee; withdraw it, and make one for the other",
        ("employee_id",),
        _employee,
    ),
    Rule(
        "unknown",
        "{field} names nothing that is known here",
        (
            "employee_id", "consultation_type_id", "establishment_id", "contact_person_id",
            "case_id", *PRACTITIONERS, *LOCATIONS,
        ),
        _unknown,
    ),
    Rule(
        "archived_practitioner",
        "{field} names a practitioner who is no longer there; choose another",
        PRACTITIONERS,
        _archived_practitioner,
    ),
    Rule(
        "archived_location",
        "{field} names a location that is no longer in use; choose another",
        LOCATIONS,
        _archived_location,
    ),
    Rule(
        "practitioner_function",
        "the required practitioner holds none of the functions that consultation type {type} asks for;"
        " choose another, or none",
        ("required_practitioner_id", "consultation_type_id"),
        _function,
        spec="domain §3, type_admitted",
    ),
    Rule(
        Exclusion.code,
        "{field} names a practitioner who may not see this employee; choose another",
        ("employee_id", *PRACTITIONERS),
        _excluded,
        spec="domain §3; 000 §3.1.1",
    ),
)  # fmt: skip
