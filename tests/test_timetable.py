"""The night's run is asked for when its hour has come, once a day, whatever the clocks do; and the news of who was left out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, func, select

from models.database import reading, writing
from models.outbox import Event
from models.runs import JobRun, RunState
from scheduler.parameters import NIGHTLY_RUN_AT, ParameterError, put
from scheduler.planning.timetable import ask_when_due
from scheduler.topics import Topic
from tests.nights import MONDAY, WEEK, clinic, emptied, night
from tests.records import DATABASES, fresh

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.fixture(scope="module", params=DATABASES)
def records(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def engine(records: Engine) -> Engine:
    emptied(records)
    clinic(records)
    return records


def asked(engine: Engine, hour: str, since: datetime, until: datetime) -> list[datetime]:
    """When it was asked for, by whoever looks every ten minutes."""
    with writing(engine) as session:
        put(session, NIGHTLY_RUN_AT, hour)
    found = []
    now = since
    while now < until:
        if (run_id := ask_when_due(engine, now)) is not None:
            found.append(now)
            with writing(engine) as session:
                session.get_one(JobRun, run_id).state = RunState.DONE
        now += timedelta(minutes=10)
    return found


def utc(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2027, month, day, hour, minute, tzinfo=UTC)


def test_it_is_asked_for_once_a_night(engine: Engine) -> None:
    found = asked(engine, "02:00", utc(1, 12), utc(4, 12))

    assert found == [utc(2, 1), utc(3, 1), utc(4, 1)]


def test_an_hour_that_does_not_exist_has_come_when_the_clocks_are_past_it(engine: Engine) -> None:
    assert asked(engine, "02:30", utc(27, 12), utc(28, 12)) == [utc(28, 1, 30)]


def test_of_an_hour_that_comes_twice_the_first_one_asks(engine: Engine) -> None:
    found = asked(engine, "02:30", utc(30, 12, month=10), utc(31, 12, month=10))

    assert found == [utc(31, 0, 30, month=10)]
    assert found[0].astimezone(AMSTERDAM).strftime("%H:%M") == "02:30"


def test_an_hour_just_before_midnight_is_caught_up_after_it(engine: Engine) -> None:
    assert asked(engine, "23:50", utc(2, 0), utc(2, 4)) == [utc(2, 0)]


def test_by_day_it_is_too_late_for_it(engine: Engine) -> None:
    assert asked(engine, "02:00", utc(2, 8), utc(2, 23)) == []


def test_without_an_hour_it_is_never_asked_for(engine: Engine) -> None:
    assert asked(engine, "", utc(1, 12), utc(2, 12)) == []


@pytest.mark.parametrize("hour", ["24:00", "2:00", "02:60", "noon", "02:00:00"])
def test_an_hour_is_one_of_the_clock(engine: Engine, hour: str) -> None:
    with writing(engine) as session, pytest.raises(ParameterError, match="00:00 to 23:59"):
        put(session, NIGHTLY_RUN_AT, hour)


def test_while_one_waits_another_night_asks_for_none(engine: Engine) -> None:
    with writing(engine) as session:
        put(session, NIGHTLY_RUN_AT, "02:00")

    first = ask_when_due(engine, utc(2, 1))
    second = ask_when_due(engine, utc(3, 1))

    assert first is not None
    assert second is None


# --- Who was left out ---------------------------------------------------------------------------------------


def told(engine: Engine) -> int:
    with reading(engine) as session:
        those = select(func.count()).where(Event.topic == Topic.REQUEST_UNPLANNED)
        return session.scalar(those) or 0


def test_who_is_left_out_is_told_of_once(engine: Engine) -> None:
    preview = night(engine, WEEK.__class__(from_day=MONDAY, days=7, iterations=0, preview=True))
    assert preview.report["left_out"] == 2
    assert told(engine) == 0

    first = night(engine)
    assert first.report["left_out"] == 2
    assert told(engine) == 2

    night(engine)
    assert told(engine) == 2
