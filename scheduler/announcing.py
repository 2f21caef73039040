"""News for whoever listens, written in the transaction of what it tells of. Reliability §3.6."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from models import Base
from models.outbox import Event
from scheduler.topics import Topic

Fact = UUID | int | StrEnum
"""Nobody's data: a key, a small number, a word of a closed set."""

EVENTS = Base.metadata.tables[Event.__tablename__]

MOST = 9_999_999
"""A larger number may be somebody's: a telephone number, a citizen's number."""
NAME = re.compile(r"[a-z][a-z_]{0,49}")
AT_ONCE = 5_000
"""Keys in one statement: SQLite takes 32,766 variables."""


@dataclass(frozen=True, slots=True)
class News:
    """What happened to the row `subject_id` of the table `subject`."""

    topic: Topic
    subject: str
    subject_id: UUID
    facts: Mapping[str, Fact] = field(default_factory=dict)
    caused_by_id: UUID | None = None
    """The firing of a trigger whose action this is."""


def announce(session: Session, news: Sequence[News], *, at: datetime) -> None:
    """Put the news into the outbox, each with the next number of its subject.

    Whoever announces has just changed the subject, and so keeps others from announcing beside him. If
    somebody does all the same, the second one is refused by the database: no number is given twice.
    """
    last = _last(session, news)
    rows = []
    for one in news:
        last[one.subject_id] += 1
        rows.append(_row(one, last[one.subject_id], at))
    if rows:
        session.execute(insert(EVENTS), rows)


def in_portions(keys: Iterable[UUID]) -> Iterable[list[UUID]]:
    """The keys, in as many lists as SQLite wants."""
    those = list(keys)
    return (those[start : start + AT_ONCE] for start in range(0, len(those), AT_ONCE))


def _row(one: News, sequence: int, at: datetime) -> dict[str, object]:
    return {
        "topic": one.topic.value,
        "subject": one.subject,
        "subject_id": one.subject_id,
        "sequence": sequence,
        "at": at,
        "facts": {_name(name): _plain(fact) for name, fact in one.facts.items()},
        "caused_by_id": one.caused_by_id,
    }


def _last(session: Session, news: Iterable[News]) -> dict[UUID, int]:
    """The last number of each subject; 0 where there was no news of it."""
    subjects: defaultdict[str, set[UUID]] = defaultdict(set)
    for one in news:
        subjects[one.subject].add(one.subject_id)
    last: dict[UUID, int] = {}
    for subject, keys in subjects.items():
        table = Base.metadata.tables[subject]
        # subject by subject: for a GROUP BY, PostgreSQL would read the whole outbox
        highest = select(func.max(EVENTS.c.sequence)).where(EVENTS.c.subject_id == table.c.id)
        numbers = select(table.c.id, func.coalesce(highest.scalar_subquery(), 0))
        for portion in in_portions(keys):
            found = session.execute(numbers.where(table.c.id.in_(portion)))
            last.update((key, number) for key, number in found)
    return last


def _name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a fact: use lower case and underscores")
    return name


def _plain(fact: Fact) -> str | int:
    match fact:
        case UUID():
            return str(fact)
        case int() if abs(fact) <= MOST:
            return fact
        case StrEnum():
            return fact.value
    raise ValueError(
        f"a fact of the kind {type(fact).__name__} may be somebody's data:"
        f" give a UUID, a number up to {MOST} or a member of a StrEnum"
    )
