"""An instance file into the database, whole or nothing.

| the file | the database |
| --- | --- |
| ids | `reference`; of types, `code` |
| a minute of a day | an instant by the clock of that day at noon, as the loader counts (`DayClock`): so is one that the clocks skip, or show twice, on the day when they change |
| `region` | the locations that the request may go to; none are named where the file has one region only |
| `remote` | telephone; of several `modalities` the first of location, telephone and video |
| `holidays` | own holidays, as far as the country's calendar says otherwise |
| an existing appointment outside every availability | ad hoc |
| an existing appointment with an excluded practitioner | completed: only one that is no longer ahead stands against an exclusion |
| an existing appointment without a type | one of a type made for that, which nobody can choose |
| a request that its employee may not have (`duplicate`, domain §3) | a draft |
| `grid` | the product parameter, as long as there are no availabilities |
| `preferences` | nowhere: a file with other points than the usual is refused |

Keys rise in the order of the file, so that the facts are loaded in that order again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models import Base, guards
from models.consultations import ConsultationType, Modality
from scheduler.actor import NOBODY, Actor
from scheduler.exchange.agenda import Agenda, Booked
from scheduler.exchange.days_off import own_days
from scheduler.exchange.labels import Labels
from scheduler.exchange.records import Keys, Outline, Record, Setting, code_of
from scheduler.exchange.unfit import refuse_what_is_there, refuse_what_is_unfit, set_grid
from scheduler.lifecycles import APPOINTMENTS, REQUESTS, begin
from solver.files.instance import InstanceFile, as_facts, read_content
from solver.files.reading import MalformedInputError, shown

NO_LABELS = Labels()
UNTYPED = "existing-without-type"
"""The code of the type of appointments that have none."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was made.

    `rows`: by table. `drafts`: the ids of requests that their employees may not have. `completed`: those
    of appointments with an excluded practitioner.
    """

    rows: Mapping[str, int]
    drafts: tuple[str, ...]
    completed: tuple[str, ...]


def import_instance(  # noqa: PLR0913 (where the world lies, no file says)
    session: Session,
    source: Path | InstanceFile,
    *,
    country: str,
    time_zone: str,
    now: datetime,
    subdivision: str | None = None,
    labels: Labels = NO_LABELS,
    by: Actor = NOBODY,
) -> Imported:
    """Put the world of a file into the database; its requests are open.

    Raises:
        MalformedInputError: the file cannot be taken, or not into this database.
        UnknownCalendarError: nobody knows the holidays of that country.
        ZoneInfoNotFoundError: there is no such time zone.
    """
    content = source if isinstance(source, InstanceFile) else read_content(source)
    file = content.name if isinstance(source, InstanceFile) else source
    refuse_what_is_unfit(file, content, as_facts(content, file))
    setting = Setting(country, subdivision, time_zone, now)
    # whoever catches an error and goes on with the session keeps nothing of this
    with session.begin_nested():
        untyped = session.scalar(
            select(ConsultationType.id).where(ConsultationType.code == UNTYPED)
        )
        keys = Keys.of(content, labels, untyped)
        employers = [code_of(employer, content) for employer in keys.employers]
        refuse_what_is_there(session, file, content, employers)
        set_grid(session, file, content.grid)
        outline = Outline(content, setting, labels, keys)
        agenda = Agenda(content, setting, labels, keys, file)
        writing = _Writing(session, file, by, now)
        if untyped is None and any(one.type is None for one in content.existing):
            writing.rows("consultation_types", [_untyped(keys.untyped, now)])
        writing.outline(outline)
        writing.rows("availabilities", agenda.availabilities())
        writing.rows("availability_types", agenda.admitted_types())
        writing.limits(outline.limits())
        writing.rows("own_holidays", own_days(session, content, keys.locations, labels))
        appointments = list(agenda.appointments())
        writing.appointments(appointments)
        writing.rows("exclusions", outline.exclusions())
        drafts = agenda.doubles()
        writing.requests(agenda.requests(), drafts)
        writing.rows("request_locations", agenda.wished_locations())
        return Imported(
            writing.written,
            drafts=tuple(one.id for one in content.requests if one.id in drafts),
            completed=tuple(one.row["reference"] for one in appointments if one.against_exclusion),
        )


def _untyped(key: UUID, now: datetime) -> Record:
    return {
        "id": key,
        "code": UNTYPED,
        "name": "Without a type",
        "duration": 1,
        "buffer": 0,
        "modality": Modality.AT_LOCATION,
        "archived_at": now,
    }


class _Writing:
    """Rows on their way into the database, and how many there were of each table."""

    def __init__(self, session: Session, file: object, by: Actor, now: datetime) -> None:
        self._session = session
        self._file = file
        self._by = by
        self._now = now
        self.written: dict[str, int] = {}

    def rows(self, table: str, rows: Iterable[Record]) -> None:
        those = list(rows)
        self._count(table, len(those))
        if those:
            self._session.execute(insert(Base.metadata.tables[table]), those)

    def limits(self, limits: list[Record]) -> None:
        locations = Base.metadata.tables["locations"]
        change = (
            update(locations)
            .where(locations.c.id == bindparam("location"))
            .values(capacity=bindparam("limit"))
        )
        if limits:
            self._session.execute(change, limits)

    def requests(self, rows: Iterable[Record], drafts: frozenset[str]) -> None:
        sorted_: dict[str, list[Record]] = {"take_over": [], "take_over_draft": []}
        for row in rows:
            event = "take_over_draft" if row["reference"] in drafts else "take_over"
            sorted_[event].append(row)
        for event, those in sorted_.items():
            self._count("requests", len(those))
            begin(self._session, REQUESTS, those, event=event, by=self._by, at=self._now)

    def appointments(self, booked: list[Booked]) -> None:
        """All at once; where the database refuses that, one by one, to say which.

        Raises:
            MalformedInputError: the first that cannot stand.
        """
        self._count("appointments", len(booked))
        try:
            self._book(booked)
        except DBAPIError as refused:
            for one in booked:
                try:
                    self._book([one])
                except DBAPIError as error:
                    rule = guards.refused_by(error)
                    problem = (
                        f"{shown(one.row['reference'])} cannot stand there, by the rule {rule}"
                    )
                    raise MalformedInputError(
                        self._file, f"existing[{one.place}]", problem
                    ) from error
            raise refused from None

    def _book(self, booked: Sequence[Booked]) -> None:
        sorted_: dict[str, list[Record]] = {"take_over": [], "take_over_completed": []}
        for one in booked:
            event = "take_over_completed" if one.against_exclusion else "take_over"
            sorted_[event].append(one.row)
        with self._session.begin_nested():
            for event, those in sorted_.items():
                begin(self._session, APPOINTMENTS, those, event=event, by=self._by, at=self._now)

    def outline(self, outline: Outline) -> None:
        for table, rows in outline.tables():
            self.rows(table, rows)

    def _count(self, table: str, rows: int) -> None:
        self.written[table] = self.written.get(table, 0) + rows
