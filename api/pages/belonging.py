"""What belongs to an employee, to choose from: where he works, whom one speaks to there, his cases. Of all of it, only what the reader may see."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select

from api.http.calls import Call
from api.pages.names import NAMELESS
from api.pages.rendering import reader
from models.consultations import CaseKind
from models.organisation import ContactPerson, Establishment
from models.people import Employment
from models.requests import Case
from scheduler.access import Right
from scheduler.intake.known import today

Options = list[tuple[UUID, str]]


def establishments_of(call: Call, employee: UUID) -> Options:
    """Where he works now, or is going to."""
    day = today(call.session, call.now)
    query = (
        select(Establishment.id, Establishment.name)
        .join(Employment, Employment.establishment_id == Establishment.id)
        .where(
            Employment.employee_id == employee,
            or_(Employment.until_day.is_(None), Employment.until_day > day),
            call.seen(Employment),
        )
        .order_by(Employment.from_day.desc(), Employment.id)
    )
    return list(dict(call.session.execute(query).all()).items())


def contact_persons_of(call: Call, establishments: Sequence[UUID]) -> Options:
    """Those of these establishments, and of their employers as a whole."""
    employers = select(Establishment.employer_id).where(Establishment.id.in_(establishments))
    query = (
        select(ContactPerson.id, ContactPerson.name)
        .where(
            ContactPerson.employer_id.in_(employers),
            or_(
                ContactPerson.establishment_id.is_(None),
                ContactPerson.establishment_id.in_(establishments),
            ),
            call.seen(ContactPerson),
        )
        .order_by(ContactPerson.name, ContactPerson.id)
    )
    return [(key, name) for key, name in call.session.execute(query)]


def cases_of(call: Call, employee: UUID) -> Options:
    """Those that are open, the latest first, by their kind and since when."""
    if not call.caller.may(Right.VIEW_CASES):
        return []
    day = reader(call).language.day
    query = (
        select(Case.id, CaseKind.name, Case.opened_on)
        .join(CaseKind, CaseKind.id == Case.kind_id)
        .where(Case.employee_id == employee, Case.closed_on.is_(None), call.seen(Case))
        .order_by(Case.opened_on.desc(), Case.id)
    )
    return [(key, f"{kind} · {day(opened)}") for key, kind, opened in call.session.execute(query)]


def with_chosen(options: Options, chosen: UUID | None, name: str | None = None) -> Options:
    """And what stands there already, which stays even where the reader may not see it."""
    if chosen is None or chosen in dict(options):
        return options
    return [(chosen, name or NAMELESS), *options]
