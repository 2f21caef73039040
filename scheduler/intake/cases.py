"""Cases: opened, closed, and found for a request where nobody chooses one. Domain §§1, 4 [000 §2.1.7]."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.orm import Session

from models.access import Account
from models.base import Keyed, new_id
from models.consultations import CaseKind, ConsultationType
from models.organisation import Establishment
from models.people import Employee, Employment, Practitioner
from models.requests import Case
from scheduler.agenda.bounds import out_of_range
from scheduler.agenda.missing import NotThereError
from scheduler.agenda.offers import UNKNOWN
from scheduler.announcing import News, announce, in_portions
from scheduler.intake.wishes import Sees, everything
from scheduler.lifecycles import OutdatedError
from scheduler.refusals import Refusal, RefusedError
from scheduler.topics import Topic

NO_WORK = "establishment"
"""As of a request: its sentence is that of the rule of intake."""
ARCHIVED = "archived_practitioner"
CLOSED_ALREADY = "case_closed_already"
CLOSED_FIRST = "case_closed_first"
RECOVERED_ALREADY = "case_recovered_already"
RECOVERED_FIRST = "case_recovered_first"

MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        CLOSED_ALREADY: "this case is closed since {closed_on}",
        CLOSED_FIRST: "this case was opened on {opened_on}; it is closed on that day or later",
        RECOVERED_ALREADY: "the employee of this case works again in part since {recovered_in_part_on}",
        RECOVERED_FIRST: "this case was opened on {opened_on}; nobody recovers before that day",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """What a case begins with."""

    employee_id: UUID
    establishment_id: UUID
    kind_id: UUID
    opened_on: date
    practitioner_id: UUID | None = None
    """Continuity with him is a criterion of preference. Domain §4."""
    manager_id: UUID | None = None


def open_case(session: Session, new: NewCase, *, now: datetime) -> UUID:
    """Open a case: its key.

    Raises:
        RefusedError: it names what is not there, or an establishment where the employee does not work.
    """
    against = [*out_of_range(opened_on=new.opened_on), *_unknown(session, new)]
    if not against:
        against = [*_without_work(session, new), *_archived(session, new)]
    if against:
        raise RefusedError(against)
    key = new_id()
    session.execute(insert(Case).values(id=key, version=1, **asdict(new)))
    _tell(session, Topic.CASE_OPENED, key, now)
    return key


def recover_in_part(
    session: Session, case_id: UUID, version: int, since: date, *, now: datetime
) -> None:
    """The employee works again, in part; the case stays open.

    Raises:
        NotThereError: there is none.
        OutdatedError: it has another version by now.
        RefusedError: it is closed, or was opened later, or this is known already.
    """
    case = _seen(session, case_id, version)
    against = [*out_of_range(recovered_in_part_on=since), *_closed(case)]
    if case.recovered_in_part_on is not None:
        known = {"recovered_in_part_on": case.recovered_in_part_on}
        against.append(Refusal(RECOVERED_ALREADY, known))
    elif since < case.opened_on:
        against.append(Refusal(RECOVERED_FIRST, {"opened_on": case.opened_on}))
    if against:
        raise RefusedError(against)
    case.recovered_in_part_on = since
    session.flush()
    _tell(session, Topic.CASE_PARTIALLY_RECOVERED, case_id, now)


def close_case(
    session: Session, case_id: UUID, version: int, closed_on: date, *, now: datetime
) -> None:
    """Close it: from that day on no request is made in it.

    Raises:
        NotThereError: there is none.
        OutdatedError: it has another version by now.
        RefusedError: it is closed already, or was opened later.
    """
    case = _seen(session, case_id, version)
    against = [*out_of_range(closed_on=closed_on), *_closed(case)]
    if case.closed_on is None and closed_on < case.opened_on:
        against.append(Refusal(CLOSED_FIRST, {"opened_on": case.opened_on}))
    if against:
        raise RefusedError(against)
    case.closed_on = closed_on
    session.flush()
    _tell(session, Topic.CASE_CLOSED, case_id, now)


def _seen(session: Session, case_id: UUID, version: int) -> Case:
    case = session.get(Case, case_id, populate_existing=True)
    if case is None:
        raise NotThereError("case", case_id)
    if case.version != version:
        raise OutdatedError("case", [case_id])
    return case


def _closed(case: Case) -> list[Refusal]:
    if case.closed_on is None:
        return []
    return [Refusal(CLOSED_ALREADY, {"closed_on": case.closed_on})]


def _tell(session: Session, topic: Topic, case_id: UUID, now: datetime) -> None:
    announce(session, [News(topic, Case.__tablename__, case_id)], at=now)


def is_open(day: date) -> ColumnElement[bool]:
    """The condition that a case is open on the day."""
    return Case.closed_on.is_(None) | (Case.closed_on > day)


def preferred(
    session: Session,
    consultation_type_id: UUID,
    employees: Collection[UUID],
    day: date,
    sees: Sees = everything,
) -> Mapping[tuple[UUID, UUID], UUID]:
    """Of the kind that the type prefers, the case that each has open on the day, by employee and employer.

    Of several that somebody sees the youngest; of a type that prefers no kind none.
    """
    kind = ConsultationType.preferred_case_kind_id
    query = (
        select(Case.employee_id, Establishment.employer_id, Case.id)
        .join(Establishment, Establishment.id == Case.establishment_id)
        .join(ConsultationType, kind == Case.kind_id)
        .where(ConsultationType.id == consultation_type_id, is_open(day), sees(Case))
        .order_by(Case.opened_on, Case.id)
    )
    found: dict[tuple[UUID, UUID], UUID] = {}
    for portion in in_portions(employees):
        those = session.execute(query.where(Case.employee_id.in_(portion)))
        found.update(((employee, employer), key) for employee, employer, key in those)
    return found


def _unknown(session: Session, new: NewCase) -> Iterable[Refusal]:
    named: tuple[tuple[str, type[Keyed], UUID | None], ...] = (
        ("employee_id", Employee, new.employee_id),
        ("establishment_id", Establishment, new.establishment_id),
        ("kind_id", CaseKind, new.kind_id),
        ("practitioner_id", Practitioner, new.practitioner_id),
        ("manager_id", Account, new.manager_id),
    )
    for field, table, key in named:
        if key is not None and session.scalar(select(table.id).where(table.id == key)) is None:
            yield Refusal(UNKNOWN, {"field": field, "id": key})


def _without_work(session: Session, new: NewCase) -> Iterable[Refusal]:
    w, day = Employment, new.opened_on
    there = select(w.id).where(
        w.employee_id == new.employee_id,
        w.establishment_id == new.establishment_id,
        w.from_day <= day,
        w.until_day.is_(None) | (w.until_day > day),
    )
    if session.scalar(there.limit(1)) is None:
        yield Refusal(NO_WORK, {"from_day": day, "until_day": day + timedelta(days=1)})


def _archived(session: Session, new: NewCase) -> Iterable[Refusal]:
    gone = Practitioner.id == new.practitioner_id, Practitioner.archived_at.is_not(None)
    if session.scalar(select(Practitioner.id).where(*gone)) is not None:
        yield Refusal(ARCHIVED, {"field": "practitioner_id", "id": new.practitioner_id})
