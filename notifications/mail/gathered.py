"""What a batch of mails is about, read at once: each by itself would ask the database thirty times."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from models.access import Account
from models.agenda import Location
from models.appointments import Appointment
from models.base import Base
from models.consultations import ConsultationType, ConsultationTypeName
from models.messages import (
    AddressLanguage,
    DefaultReminder,
    Message,
    Reminder,
    Template,
    TemplateText,
)
from models.organisation import ContactPerson, Employer, Establishment
from models.people import Employee, Practitioner
from models.requests import Case

Thing = TypeVar("Thing", bound=Base)
Row = Reminder | Message
GATHERED = "mail gathered"


class Gathered:
    """Rows by their keys, those that are not there too; kept for as long as its transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[tuple[type[Base], Any], Base | None] = {}
        self._whole: set[tuple[type[Base], Any]] = set()
        """Of which all that begins with this key was read."""
        self._replaced: set[UUID] = set()

    def knows(self, kind: type[Base], key: Any) -> bool:  # noqa: ANN401 (of whatever columns)
        return (kind, key) in self._known or self._is_whole(kind, key)

    def get(self, kind: type[Thing], key: Any) -> Thing | None:  # noqa: ANN401 (of whatever columns)
        return self._known.get((kind, key))  # type: ignore[return-value]

    def is_replaced(self, row: Reminder) -> bool:
        """The appointment was moved, and reminds of where it stands now."""
        return row.id in self._replaced

    def gather(self, rows: Sequence[Row]) -> None:
        """Read what these are about."""
        reminders = [row for row in rows if isinstance(row, Reminder)]
        rules = self._read(DefaultReminder, _named("default_reminder_id", rows))
        templates = _named("template_id", rules, rows)
        self._read(Template, templates)
        self._read_by(TemplateText, "template_id", templates)
        appointments = self._read(Appointment, _named("appointment_id", rows))
        cases = self._read(Case, _named("case_id", appointments, rows))
        people = self._people(appointments, cases, rows)
        sites = self._read(Establishment, _named("establishment_id", appointments, cases))
        self._read(Employer, _named("employer_id", sites))
        self._read(Location, _named("location_id", appointments))
        types = _named("consultation_type_id", appointments)
        self._read(ConsultationType, types)
        self._read_by(ConsultationTypeName, "consultation_type_id", types)
        self._read(AddressLanguage, {one.lower() for one in people if one}, "address")
        self._note_replaced(reminders)

    def _people(
        self, appointments: Sequence[Appointment], cases: Sequence[Case], rows: Sequence[Row]
    ) -> Iterator[str | None]:
        """Read who they are; gives their addresses."""
        for one in self._read(Employee, _named("employee_id", appointments, cases, rows)):
            yield one.private_email or one.work_email
        contacts = self._read(ContactPerson, _named("contact_person_id", appointments))
        who = self._read(Practitioner, _named("practitioner_id", appointments, cases))
        accounts = _named("account_id", who) | _named("manager_id", cases)
        yield from (one.email for one in contacts)
        yield from (one.email for one in self._read(Account, accounts))

    def _note_replaced(self, rows: Sequence[Reminder]) -> None:
        newer = aliased(Reminder)
        theirs = (
            select(Reminder.id)
            .join(
                newer,
                (newer.appointment_id == Reminder.appointment_id)
                & (newer.default_reminder_id == Reminder.default_reminder_id)
                & (newer.sequence > Reminder.sequence),
            )
            .where(Reminder.id.in_([row.id for row in rows]))
        )
        if rows:
            self._replaced.update(self._session.scalars(theirs))

    def _read(self, kind: type[Thing], keys: set[Any], by: str = "id") -> list[Thing]:
        new = [key for key in keys if (kind, key) not in self._known]
        if new:
            column = getattr(kind, by)
            self._known.update(((kind, key), None) for key in new)
            for row in self._session.scalars(select(kind).where(column.in_(new))):
                self._known[kind, getattr(row, by)] = row
        return [one for key in keys if (one := self.get(kind, key)) is not None]

    def _read_by(self, kind: type[Base], by: str, keys: Iterable[UUID]) -> None:
        """All that belong to these; the rest of their key is a language."""
        new = [key for key in keys if (kind, key) not in self._whole]
        if not new:
            return
        self._whole.update((kind, key) for key in new)
        for one in self._session.scalars(select(kind).where(getattr(kind, by).in_(new))):
            self._known[kind, (getattr(one, by), getattr(one, "language"))] = one  # noqa: B009

    def _is_whole(self, kind: type[Base], key: Any) -> bool:  # noqa: ANN401 (of whatever columns)
        return isinstance(key, tuple) and (kind, key[0]) in self._whole


def _named(column: str, *rows: Iterable[Base]) -> set[UUID]:
    """The keys in a column of rows, some of which may not have it."""
    keys = (getattr(row, column, None) for some in rows for row in some)
    return {key for key in keys if key is not None}


def gathered(session: Session) -> Gathered:
    """This transaction's."""
    known: Gathered = session.info.setdefault(GATHERED, Gathered(session))
    return known


def found(session: Session, kind: type[Thing], key: Any) -> Thing | None:  # noqa: ANN401 (of whatever columns)
    """A row: one that was gathered, or one by itself."""
    known: Gathered | None = session.info.get(GATHERED)
    if known is not None and known.knows(kind, key):
        return known.get(kind, key)
    return session.get(kind, key)
