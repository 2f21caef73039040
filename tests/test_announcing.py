"""News is numbered per subject, and carries nobody's data."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.appointments import Party
from models.base import new_id
from models.outbox import Event
from scheduler.announcing import News, announce
from scheduler.topics import Topic
from tests.records import DATABASES, add, at, fresh

NOW = at("08:00")
FAILED = Topic.APPOINTMENT_REMINDERS_FAILED


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session  # and never commit


def subject(session: Session) -> UUID:
    """Something that things may happen to: here an employee, who needs nothing else to be there."""
    return add(session.connection(), "employees")


def news(key: UUID, **facts: Any) -> News:
    return News(FAILED, "employees", key, facts)


def sequences(session: Session, key: UUID) -> list[int]:
    numbers = select(Event.sequence).where(Event.subject_id == key).order_by(Event.sequence)
    return list(session.scalars(numbers))


def test_the_numbers_of_each_subject_rise_by_one(session: Session) -> None:
    often, once, later = (subject(session) for _ in range(3))

    announce(session, [news(often), news(once), news(often)], at=NOW)
    announce(session, [news(later), news(often)], at=NOW)
    announce(session, [], at=NOW)

    assert sequences(session, often) == [1, 2, 3]
    assert sequences(session, once) == [1]
    assert sequences(session, later) == [1]


def test_news_is_kept_in_the_order_in_which_it_was_told(session: Session) -> None:
    key = subject(session)

    announce(session, [news(key, version=version) for version in (2, 3, 4)], at=NOW)

    told = select(Event).where(Event.subject_id == key).order_by(Event.sequence)
    rows = session.scalars(told).all()
    assert [row.facts for row in rows] == [{"version": 2}, {"version": 3}, {"version": 4}]
    assert {(row.topic, row.subject, row.at, row.relayed_at, row.token) for row in rows} == {
        ("AppointmentRemindersFailed", "employees", NOW, None, 0)
    }


def test_facts_are_kept_as_json(session: Session) -> None:
    key, rule = subject(session), new_id()

    announce(session, [news(key, rule_id=rule, by=Party.EMPLOYEE, minutes=-30)], at=NOW)

    (facts,) = session.scalars(select(Event.facts).where(Event.subject_id == key))
    assert facts == {"rule_id": str(rule), "by": "employee", "minutes": -30}


@pytest.mark.parametrize(
    "fact",
    [
        "Employee 1",
        "employee",  # a word, but whose?
        "01a20432-fe94-715c-8da9-b0cbee009317",
        123456782,  # passes the elfproef
        31612345678,
        -31612345678,
        1.5,
        None,
        NOW,
        {"name": "Employee 1"},
        ["Employee 1"],
        b"Employee 2",
    ],
)
def test_nothing_that_may_be_somebodys_gets_out(session: Session, fact: Any) -> None:
    key = subject(session)

    with pytest.raises(ValueError, match="somebody's data"):
        announce(session, [news(key), news(key, fact=fact)], at=NOW)

    assert session.scalars(select(Event).where(Event.subject_id == key)).all() == []


@pytest.mark.parametrize("name", ["Employee 1", "", "a" * 51, "e-mail"])
def test_nor_does_it_get_out_as_the_name_of_a_fact(session: Session, name: str) -> None:
    with pytest.raises(ValueError, match="no name for a fact"):
        announce(session, [news(subject(session), **{name: 1})], at=NOW)


def test_what_happens_to_nothing_is_no_news(session: Session) -> None:
    with pytest.raises(KeyError):
        announce(session, [News(FAILED, "people", subject(session))], at=NOW)
    with pytest.raises(KeyError):
        announce(session, [news(new_id())], at=NOW)


def test_a_number_that_somebody_else_gave_meanwhile_is_not_given_twice(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = subject(session)
    announce(session, [news(key)], at=NOW)
    # what one sees who looked before the other committed
    monkeypatch.setattr("scheduler.announcing._last", lambda *_: {key: 0})

    with pytest.raises(IntegrityError), session.begin_nested():
        announce(session, [news(key)], at=NOW)

    assert sequences(session, key) == [1]


def test_every_topic_is_a_word_that_fits_and_has_a_sentence() -> None:
    assert all(topic.isalpha() and len(topic) <= 100 for topic in Topic)
    assert all(topic.sentence and topic.sentence[-1] != "." for topic in Topic)
    assert len({topic.sentence for topic in Topic}) == len(Topic)
