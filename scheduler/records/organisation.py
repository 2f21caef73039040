"""Employers, their establishments, departments and contact persons. Domain §1."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.organisation import ContactPerson, Department, Employer, Establishment
from scheduler.records import places
from scheduler.records.lists import Listed
from scheduler.records.record import Draft, Record
from scheduler.refusals import Refusal

HOURS = "preferred_hours_order"
WITHIN_ITSELF = "within_itself"


def hours(draft: Draft) -> Iterable[Refusal]:
    """Each ends after it starts."""
    for one in draft.after.get("preferred_hours", ()):
        if one["start_minute"] >= one["end_minute"]:
            yield Refusal(HOURS, {"field": "preferred_hours", **one})


def above(draft: Draft) -> Iterable[Refusal]:
    """A department lies not within itself, nor within one that lies in it."""
    parent = draft.after.get("parent_id")
    if not draft.changes("parent_id") or parent is None:
        return
    # of two who put departments into each other at once, the second waits here for the first
    employer = select(Employer.id).where(Employer.id == draft.after["employer_id"])
    draft.session.execute(employer.with_for_update(key_share=True))
    if draft.key in _path(draft.session, parent):
        yield Refusal(WITHIN_ITSELF, {"field": "parent_id"})


def _path(session: Session, lowest: UUID) -> set[UUID]:
    """The department, and those above it."""
    passed: set[UUID] = set()
    one: UUID | None = lowest
    while one is not None and one not in passed:
        passed.add(one)
        one = session.scalar(select(Department.parent_id).where(Department.id == one))
    return passed


EMPLOYER = Record(
    table=Employer,
    lists=(
        Listed(
            "preferred_hours",
            "preferred_hours",
            "employer_id",
            ("weekday", "start_minute", "end_minute"),
        ),
    ),
    checks=(hours,),
)
ESTABLISHMENT = Record(table=Establishment, checks=(places.country, places.point))
DEPARTMENT = Record(table=Department, checks=(above,))
CONTACT_PERSON = Record(table=ContactPerson)
