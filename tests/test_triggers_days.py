"""What a day brings, told once whoever asks how often; and triggers tried on last month. Domain §4."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import ColumnElement, Engine, false, true

from models.base import Keyed
from models.database import reading
from models.organisation import Establishment
from scheduler.topics import Topic
from scheduler.triggers import rehearsing, tell_days
from scheduler.triggers.rehearsing import Rehearsal
from tests.desks import NOW, Desk
from tests.firings import Bench
from tests.http_client import copied, on_both

TASK = {"action": "add_task", "title": "Call"}
TODAY = NOW.date()
DAY = timedelta(days=1)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def bench(engine: Engine) -> Bench:
    return Bench(Desk(engine))


def since(bench: Bench, trigger: UUID, days: int) -> None:
    """It was set up so many days ago."""
    bench.desk.set("triggers", trigger, since=NOW - days * DAY)


def days(bench: Bench) -> list[tuple[UUID, int]]:
    return [(one.subject_id, one.facts["day"]) for one in bench.events(Topic.CASE_DAY_REACHED)]


def a_case(bench: Bench, days_ago: int, **values: object) -> UUID:
    world = bench.desk.world
    return bench.desk.add(
        "cases",
        employee_id=world.employee,
        establishment_id=world.establishment,
        kind_id=bench.kind,
        opened_on=TODAY - days_ago * DAY,
        **values,
    )


# --- Days of a case ---------------------------------------------------------------------------------------


@on_both
def test_a_case_reaches_its_day_once_however_often_it_is_asked(bench: Bench) -> None:
    trigger = bench.trigger(Topic.CASE_DAY_REACHED, TASK, ("day", [8]))
    on_its_eighth = a_case(bench, 7)
    a_case(bench, 6)

    assert tell_days(bench.engine, NOW) == 1
    assert tell_days(bench.engine, NOW) == 0
    bench.relayed()
    assert days(bench) == [(on_its_eighth, 8)]
    assert bench.firing(trigger).employee_id == bench.desk.world.employee

    assert tell_days(bench.engine, NOW + DAY) == 1  # the other one's
    assert tell_days(bench.engine, NOW + DAY) == 0


def test_the_day_on_which_a_case_is_opened_is_its_first(bench: Bench) -> None:
    bench.trigger(Topic.CASE_DAY_REACHED, TASK, ("day", [1]))
    today = a_case(bench, 0)

    tell_days(bench.engine, NOW)

    assert days(bench) == [(today, 1)]


def test_days_that_nobody_asked_are_caught_up_a_fortnight_at_most(bench: Bench) -> None:
    trigger = bench.trigger(Topic.CASE_DAY_REACHED, TASK, ("day", [1]))
    since(bench, trigger, 60)
    missed = [a_case(bench, ago) for ago in (0, 5, 13)]
    a_case(bench, 14)

    tell_days(bench.engine, NOW)

    assert {key for key, _ in days(bench)} == set(missed)


def test_what_came_to_pass_before_a_trigger_was_set_up_is_past(bench: Bench) -> None:
    bench.trigger(Topic.CASE_DAY_REACHED, TASK, ("day", [1]))
    a_case(bench, 1)

    assert tell_days(bench.engine, NOW) == 0


def test_a_case_that_was_closed_by_then_reaches_no_day(bench: Bench) -> None:
    bench.trigger(Topic.CASE_DAY_REACHED, TASK, ("day", [8]))
    a_case(bench, 7, closed_on=TODAY)
    open_that_day = a_case(bench, 7, closed_on=TODAY + DAY)

    tell_days(bench.engine, NOW)

    assert days(bench) == [(open_that_day, 8)]


def test_of_days_that_no_trigger_waits_for_nothing_is_told(bench: Bench) -> None:
    a_case(bench, 7)

    assert tell_days(bench.engine, NOW) == 0


# --- Overdue ----------------------------------------------------------------------------------------------


@on_both
def test_a_request_is_overdue_once_and_once_more_where_its_window_was_moved(bench: Bench) -> None:
    request = bench.desk.create(from_day=TODAY, until_day=TODAY + DAY)

    assert tell_days(bench.engine, NOW) == 0
    assert tell_days(bench.engine, NOW + DAY) == 1
    assert tell_days(bench.engine, NOW + 2 * DAY) == 0
    bench.desk.set("requests", request, until_day=TODAY + 5 * DAY)
    assert tell_days(bench.engine, NOW + 4 * DAY) == 0
    assert tell_days(bench.engine, NOW + 5 * DAY) == 1
    assert bench.desk.news(request) == ["RequestOpened", "RequestOverdue", "RequestOverdue"]


def test_what_is_planned_is_not_overdue(bench: Bench) -> None:
    bench.desk.add(
        "requests",
        **bench.desk.world.request(state="planned", until_day=TODAY, from_day=date(2027, 1, 1)),
    )

    assert tell_days(bench.engine, NOW) == 0


# --- Rehearsed --------------------------------------------------------------------------------------------


def rehearsed(
    bench: Bench, topic: Topic, does: dict[str, Any], *those: tuple[str, list[Any]]
) -> Rehearsal:
    """Of a trigger that nobody has set up."""
    before = bench.rows()
    with reading(bench.engine) as session:
        wanted = bench.wanted(topic, does, *those)
        found = rehearsing.rehearse(session, wanted.armed, now=bench.now)
    assert bench.rows() == before
    return found


@on_both
def test_a_trigger_is_tried_on_last_month_and_nothing_is_written(bench: Bench) -> None:
    bench.opens()
    bench.opens(kind_id=bench.desk.add("case_kinds"), employee_id=bench.desk.somebody())
    bench.relayed()

    found = rehearsed(bench, Topic.CASE_OPENED, bench.request())

    assert (found.looked_at, found.fires) == (2, 2)
    assert [[one.code for one in each.refusals] for each in found.firings] == [
        ["no_case_of_kind"],
        [],
    ]
    only = ("case_kind", [str(bench.kind)])
    assert rehearsed(bench, Topic.CASE_OPENED, bench.request(), only).fires == 1
    bench.later(days=32)
    assert rehearsed(bench, Topic.CASE_OPENED, bench.request()).looked_at == 0


def test_days_are_tried_though_nobody_told_of_them(bench: Bench) -> None:
    reached = a_case(bench, 20)
    a_case(bench, 60)

    found = rehearsed(bench, Topic.CASE_DAY_REACHED, TASK, ("day", [8]))

    assert [one.about.case_id for one in found.firings] == [reached]


def test_each_action_can_be_tried(bench: Bench) -> None:
    request = bench.desk.create(from_day=TODAY - 3 * DAY, until_day=TODAY - DAY)
    for does in (TASK, {"action": "announce"}, {"action": "withdraw_request", "reason": "-"}):
        (one,) = rehearsed(bench, Topic.REQUEST_OPENED, does).firings
        assert (one.about.request_id, one.refusals) == (request, ())
        (late,) = rehearsed(bench, Topic.REQUEST_OVERDUE, does).firings
        assert late.about.request_id == request
    bench.withdraws(request)
    withdraws = {"action": "withdraw_request", "reason": "-"}
    (one,) = rehearsed(bench, Topic.REQUEST_OPENED, withdraws).firings
    assert [each.code for each in one.refusals] == ["not_allowed"]


def test_what_he_does_not_see_who_asks_is_not_there(bench: Bench) -> None:
    bench.opens()

    def sees(kind: type[Keyed]) -> ColumnElement[bool]:
        return false() if kind is Establishment else true()

    with reading(bench.engine) as session:
        wanted = bench.wanted(Topic.CASE_OPENED, TASK)
        found = rehearsing.rehearse(session, wanted.armed, now=NOW, sees=sees)
    assert found == Rehearsal(0, 0, [])
