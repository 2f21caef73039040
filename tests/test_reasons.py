"""Why a request has no place, and what would give it one: against what booking says, and against brute force. Domain §4; peers A1."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, delete, insert, select
from sqlalchemy.orm import Session

from models.agenda import Availability
from scheduler import reasons as module
from scheduler.actor import NOBODY
from scheduler.booking import Place, book
from scheduler.options import NoSuchRequestError, options
from scheduler.reasons import Reasons, Relaxation, reasons
from scheduler.refusals import RefusedError
from solver.obstacles import NO_COMMON_START
from tests.agendas import (
    AMSTERDAM,
    CURACAO,
    DAY,
    FRIDAY_BEFORE,
    GRID,
    MONDAY,
    TABLES,
    Agenda,
    MadeUp,
    made_up,
    there,
)
from tests.effort import searched
from tests.records import DATABASES, change, fresh

MINUTE = timedelta(minutes=1)
NINE = 540
WORLDS = searched(0.03).max_examples


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def agenda(connection: Connection) -> Agenda:
    return Agenda(connection)


def session_on(connection: Connection) -> Session:
    return Session(connection, join_transaction_mode="create_savepoint")


def why(connection: Connection, request: UUID) -> Reasons:
    with session_on(connection) as session:
        return reasons(session, request, now=FRIDAY_BEFORE, not_before=FRIDAY_BEFORE)


def places(connection: Connection, request: UUID) -> set[tuple[UUID, Any]]:
    with session_on(connection) as session:
        found = options(session, request, now=FRIDAY_BEFORE, not_before=FRIDAY_BEFORE, most=10_000)
        return {(one.availability_id, one.starts_at) for one in found}


def morning(day: int, minute: int = NINE) -> Any:
    return there(AMSTERDAM, MONDAY + day * DAY, minute)


def changed(connection: Connection, request: UUID, changes: Mapping[str, Any]) -> None:
    """As an edit writes it."""
    columns = {name: value for name, value in changes.items() if name != "location_ids"}
    if columns:
        change(connection, "requests", request, **columns)
    if "location_ids" in changes:
        table = TABLES["request_locations"]
        connection.execute(delete(table).where(table.c.request_id == request))
        for place in changes["location_ids"]:
            connection.execute(insert(table).values(request_id=request, location_id=place))


# --- Against booking, and against brute force ---------------------------------------------------------

EASED: Mapping[str, Mapping[str, Any]] = {
    "date_window": {"from_day": MONDAY - 30 * DAY, "until_day": MONDAY + 60 * DAY},
    "saturday": {"allow_saturday": True},
    "sunday_holiday": {"allow_sunday_holiday": True},
    "location_wish": {"location_ids": ()},
    "practitioner_wish": {"required_practitioner_id": None},
}
"""Each rule set aside as far as it goes."""


def helped(connection: Connection, request: UUID, rules: Iterable[str]) -> bool:
    """Whether there is a place once these are set aside altogether: found by the search of `options`, not by the reasons."""
    with connection.begin_nested() as step:
        for rule in rules:
            changed(connection, request, EASED[rule])
        found = bool(places(connection, request))
        step.rollback()
    return found


@pytest.mark.hypothesis  # so that a soak looks longer
def test_the_changes_are_all_the_smallest_that_help_and_each_of_them_does(engine: Engine) -> None:
    offered = 0
    for seed in range(WORLDS):
        with engine.connect() as connection:
            made = made_up(connection, seed)
            for request in made.requests:
                told = why(connection, request)
                assert told.complete
                assert told.possible == bool(places(connection, request)), seed
                _require_smallest(connection, request, told, seed)
                offered += len(told.relaxations)
            connection.rollback()
    assert offered


def _require_smallest(connection: Connection, request: UUID, told: Reasons, seed: int) -> None:
    for one in told.relaxations:
        with connection.begin_nested() as step:
            changed(connection, request, one.changes)
            found = places(connection, request)
            step.rollback()
        assert (one.availability_id, one.starts_at) in found, (seed, one)
    if told.possible:
        assert not told.relaxations
        return
    sets = {frozenset(one.rules) for one in told.relaxations if "fits" not in one.rules}
    helping = [
        frozenset(some)
        for size in range(1, len(EASED) + 1)
        for some in combinations(EASED, size)
        if helped(connection, request, some)
    ]
    smallest = {one for one in helping if not any(other < one for other in helping)}
    assert sets == smallest, seed


@pytest.mark.hypothesis
def test_whatever_is_not_offered_fails_with_a_reason_that_is_told(engine: Engine) -> None:
    failed = 0
    for seed in range(WORLDS):
        with engine.connect() as connection:
            made = made_up(connection, seed)
            blocks = _blocks(connection)
            for request in made.requests:
                told = why(connection, request)
                possible = {key for key, _ in places(connection, request)}
                for block in blocks:
                    if block.id not in possible:
                        against = _against(connection, made, request, block)
                        always = set.intersection(*against)
                        assert (always or {NO_COMMON_START}) & set(told.excluded), (seed, against)
                        failed += 1
            connection.rollback()
    assert failed


def _blocks(connection: Connection) -> list[Availability]:
    with session_on(connection) as session:
        return list(session.scalars(select(Availability)))


def _against(
    connection: Connection, made: MadeUp, request: UUID, block: Availability
) -> list[set[str]]:
    """What booking says of each start there."""
    midnight = there(made.agenda.zones[block.location_id], block.day, 0)
    starts = [midnight + n * GRID * MINUTE for n in range(24 * 60 // GRID)]
    found = []
    for start in starts:
        if block.starts_at <= start < block.ends_at:
            with session_on(connection) as session:
                place = Place(request, block.id, start)
                told = book(
                    session, [place], by=NOBODY, now=FRIDAY_BEFORE, not_before=FRIDAY_BEFORE
                )
            assert request in told.refused
            found.append({one.code for one in told.refused[request]})
    return found or [{"fits"}]


# --- The case that was worked out by hand -------------------------------------------------------------


def test_each_way_out_is_told_once_with_what_to_change(agenda: Agenda) -> None:
    """The Thursday is Ascension."""
    elsewhere, excluded = agenda.location(), agenda.add("practitioners")
    employee = agenda.add("employees")
    agenda.add("exclusions", employee_id=employee, practitioner_id=excluded)
    request = agenda.request(
        [agenda.world.location],
        employee_id=employee,
        from_day=MONDAY,
        until_day=MONDAY + 4 * DAY,
        duration=30,
    )
    agenda.block(morning(0), 60, practitioner_id=excluded)
    holiday = agenda.block(morning(3), 60)
    after = agenda.block(morning(4), 60)
    there_ = agenda.block(morning(1), 60, location_id=elsewhere)
    short = agenda.block(morning(2), 20)

    told = why(agenda.connection, request)

    assert not told.possible
    assert (told.looked_at, told.complete) == (5, True)
    assert told.excluded == {
        "exclusion": 1,
        "sunday_holiday": 1,
        "date_window": 1,
        "location_wish": 1,
        "fits": 1,
    }
    assert told.alone == told.excluded
    found = {one.rules: one for one in told.relaxations}
    assert {rules: (one.availability_id, one.changes) for rules, one in found.items()} == {
        ("sunday_holiday",): (holiday, {"allow_sunday_holiday": True}),
        ("date_window",): (after, {"until_day": MONDAY + 5 * DAY}),
        ("location_wish",): (
            there_,
            {"location_ids": sorted([agenda.world.location, elsewhere])},
        ),
        ("fits",): (short, {"duration": 20}),
    }


def test_several_rules_are_eased_together_where_nothing_less_helps(agenda: Agenda) -> None:
    elsewhere, wanted = agenda.location(), agenda.add("practitioners")
    request = agenda.request(
        [agenda.world.location],
        from_day=MONDAY,
        until_day=MONDAY + DAY,
        required_practitioner_id=wanted,
    )
    block = agenda.block(morning(5), 60, location_id=elsewhere)  # a Saturday

    (only,) = why(agenda.connection, request).relaxations

    assert only.rules == ("date_window", "location_wish", "practitioner_wish", "saturday")
    assert only.availability_id == block
    assert only.changes == {
        "until_day": MONDAY + 6 * DAY,
        "allow_saturday": True,
        "location_ids": sorted([agenda.world.location, elsewhere]),
        "required_practitioner_id": None,
    }


def test_who_has_the_places_that_would_suit_is_told(agenda: Agenda) -> None:
    block = agenda.block(morning(0), 60)
    standing = agenda.add("appointments", **agenda.standing(morning(0), 60))
    other = agenda.request()
    agenda.add("appointments", **agenda.standing(morning(0, NINE + 60), 30))  # behind it
    request = agenda.request(until_day=MONDAY + DAY)

    told = why(agenda.connection, request)

    assert told.excluded == {"practitioner_free": 1}
    assert told.held_by == [standing]
    drop_it = TABLES["appointments"]
    agenda.connection.execute(delete(drop_it).where(drop_it.c.id == standing))
    held = agenda.hold(morning(0), 60, other, block)
    assert why(agenda.connection, request).held_by == [held]
    assert why(agenda.connection, other).possible, "its own hold is not in its way"


def test_of_two_time_zones_the_nearest_is_told(agenda: Agenda) -> None:
    far = agenda.location(CURACAO, country="CW")
    request = agenda.request(from_day=MONDAY, until_day=MONDAY + DAY)
    agenda.block(morning(2), 60)
    nearest = agenda.block(there(CURACAO, MONDAY + DAY, NINE), 60, location_id=far)

    (only,) = why(agenda.connection, request).relaxations

    assert (only.availability_id, only.changes) == (nearest, {"until_day": MONDAY + 2 * DAY})


@pytest.mark.parametrize(("state", "code"), [("draft", "draft"), ("for_approval", "approval")])
def test_what_is_not_open_yet_says_so(agenda: Agenda, state: str, code: str) -> None:
    agenda.block(morning(0), 60)
    told = why(agenda.connection, agenda.request(state=state))

    assert told.excluded == {code: 1}
    assert not told.possible
    assert not told.relaxations


@pytest.mark.parametrize("state", ["rejected", "planned", "fulfilled", "withdrawn"])
def test_of_what_is_planned_or_not_wanted_nothing_is_asked(agenda: Agenda, state: str) -> None:
    with pytest.raises(RefusedError) as refused:
        why(agenda.connection, agenda.request(state=state))
    assert [one.code for one in refused.value.refusals] == ["not_allowed"]


def test_without_any_availability_there_is_nothing_to_tell(agenda: Agenda) -> None:
    told = why(agenda.connection, agenda.request())

    assert told == Reasons(0, True, {}, {}, [], possible=False, held_by=[])
    with pytest.raises(NoSuchRequestError):
        why(agenda.connection, UUID(int=1))


# --- In a large agenda --------------------------------------------------------------------------------


def test_of_many_those_that_are_nearest_of_each_sort_are_looked_at(
    agenda: Agenda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOKED_AT", 2)
    monkeypatch.setattr(module, "SUITABLE_TIMES", 1)
    agenda.blocks([morning(n) for n in (7, 8, 9)], 60)
    agenda.blocks([morning(0, NINE + 60 * n) for n in range(3)], 60)
    for n in range(3):
        agenda.add("appointments", **agenda.standing(morning(0, NINE + 60 * n), 60))

    told = why(agenda.connection, agenda.request(until_day=MONDAY + DAY))
    later = why(agenda.connection, agenda.request(until_day=MONDAY + 8 * DAY))

    assert (told.looked_at, told.complete) == (4, False)
    assert told.excluded == {"practitioner_free": 2, "date_window": 2}
    assert [one.changes for one in told.relaxations] == [{"until_day": MONDAY + 8 * DAY}]
    # the free one was not looked at, and is there all the same
    assert later.possible
    assert not later.relaxations


def test_of_many_the_nearest_are_read(agenda: Agenda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ", 2)
    agenda.blocks([morning(n) for n in (-4, 7, 8, 9)], 60)
    window: dict[str, Any] = {"from_day": MONDAY, "until_day": MONDAY + DAY}

    told = why(agenda.connection, agenda.request(**window))

    assert (told.looked_at, told.complete) == (2, False)  # he is asked for no sooner than now
    assert [one.changes for one in told.relaxations] == [{"until_day": MONDAY + 8 * DAY}]


def test_a_window_without_an_end_is_looked_at(agenda: Agenda) -> None:
    far = MONDAY.replace(year=9999)
    agenda.block(morning(5), 60)
    request = agenda.request(until_day=far)

    told: Relaxation = why(agenda.connection, request).relaxations[0]

    assert told.changes == {"allow_saturday": True}
