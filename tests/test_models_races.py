"""Fifty clients after one thing, on both databases: one gets it. Without the guards, all do (reliability §1, P1-P4)."""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import NullPool

from models import Base, database, migrations
from models.base import new_id
from tests.effort import searched
from tests.races import (
    CLIENTS,
    Span,
    Taking,
    most_at_once,
    most_within,
    race,
    race_of_processes,
    within,
)
from tests.records import (
    DATABASES,
    World,
    ad_hoc,
    add,
    another_practitioner,
    at,
    change,
    drop,
    fresh,
    refusal,
    row,
    small_world,
    unguard,
)

TABLES = Base.metadata.tables


@pytest.fixture(scope="module", params=DATABASES)
def guarded(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture(scope="module", params=DATABASES)
def unguarded(request: pytest.FixtureRequest) -> Iterator[Engine]:
    for engine in fresh(request):
        unguard(engine)
        yield engine


# --- What they are after ------------------------------------------------------------------------------

Contest = Callable[[Engine], Counter[str]]


def all_rows(connection: Connection, table: str, **values: Any) -> int:
    those = TABLES[table]
    where = [those.c[name] == value for name, value in values.items()]
    return connection.scalar(select(func.count()).select_from(those).where(*where)) or 0


def nothing_in(table: str, **values: Any) -> Callable[[Connection], bool]:
    return lambda connection: all_rows(connection, table, **values) == 0


def adding(table: str, **values: Any) -> Taking:
    return lambda connection: add(connection, table, **values)


def contest_for_a_practitioner(engine: Engine) -> Counter[str]:
    with engine.begin() as connection:
        world = small_world(connection)
        employees = [add(connection, "employees") for _ in range(CLIENTS)]
    booked = [world.appointment("09:00", "09:30", employee_id=who) for who in employees]
    free = nothing_in("appointments", practitioner_id=world.practitioner)
    return race(engine, free, [adding("appointments", **values) for values in booked])


def contest_for_an_employee(engine: Engine) -> Counter[str]:
    with engine.begin() as connection:
        world = small_world(connection)
        others = [another_practitioner(connection, world) for _ in range(CLIENTS)]
    booked = [world.appointment("09:00", "09:30", **other) for other in others]
    free = nothing_in("appointments", employee_id=world.employee)
    return race(engine, free, [adding("appointments", **values) for values in booked])


def contest_between_holds_and_bookings(engine: Engine) -> Counter[str]:
    with engine.begin() as connection:
        world = small_world(connection)
        employees = [add(connection, "employees") for _ in range(CLIENTS)]
        held = [world.hold(connection, "09:00", "09:30", employee_id=who) for who in employees[::2]]
    booked = [world.appointment("09:10", "09:40", employee_id=who) for who in employees[1::2]]
    free = nothing_in("appointments", practitioner_id=world.practitioner)
    takings = [adding("holds", **values) for values in held]
    return race(engine, free, takings + [adding("appointments", **values) for values in booked])


def contest_for_a_room(engine: Engine) -> Counter[str]:
    with engine.begin() as connection:
        world = small_world(connection, capacity=1)
        others = [ad_hoc(connection) for _ in range(CLIENTS)]
    booked = [world.appointment("09:00", "09:30", **other) for other in others]
    free = nothing_in("appointments", location_id=world.location)
    return race(engine, free, [adding("appointments", **values) for values in booked])


def contest_for_a_place_for_an_availability(engine: Engine) -> Counter[str]:
    with engine.begin() as connection:
        location = add(connection, "locations", capacity=1)
        practitioners = [add(connection, "practitioners") for _ in range(CLIENTS)]
    takings = [
        adding("availabilities", practitioner_id=who, location_id=location) for who in practitioners
    ]
    return race(engine, nothing_in("availabilities", location_id=location), takings)


def contest_for_the_one_request(engine: Engine) -> Counter[str]:
    with engine.begin() as connection:
        world = small_world(connection)
        change(connection, "consultation_types", world.type, refuses_duplicates=True)
    free = nothing_in("requests", employee_id=world.employee)
    return race(engine, free, [adding("requests", **world.request())] * CLIENTS)


def contest_for_the_one_run(engine: Engine) -> Counter[str]:
    kind = new_id().hex
    return race(
        engine, nothing_in("job_runs", kind=kind), [adding("job_runs", kind=kind)] * CLIENTS
    )


def contest_with(disturbance: Callable[[World], Taking]) -> Contest:
    """A booking, and at the same time what it must prevent or be prevented by."""

    def contest(engine: Engine) -> Counter[str]:
        with engine.begin() as connection:
            world = small_world(connection)
        booking = adding("appointments", **world.appointment("09:00", "09:30"))
        free = nothing_in("appointments", practitioner_id=world.practitioner)
        return race(engine, free, [booking, disturbance(world)])

    return contest


def removal(world: World) -> Taking:
    return lambda c: change(c, "availabilities", world.availability, removed_at=at("08:00"))


def absence(world: World) -> Taking:
    away = {"starts_at": at("08:00"), "ends_at": at("12:00")}
    return adding("absences", practitioner_id=world.practitioner, **away)


def exclusion(world: World) -> Taking:
    pair = {"employee_id": world.employee, "practitioner_id": world.practitioner}
    return adding("exclusions", **pair)


CONTESTS = {
    "practitioner": (contest_for_a_practitioner, {"practitioner_free"}),
    "employee": (contest_for_an_employee, {"employee_free"}),
    "hold": (contest_between_holds_and_bookings, {"practitioner_free"}),
    "room": (contest_for_a_room, {"location_capacity"}),
    "availability": (contest_for_a_place_for_an_availability, {"availability_capacity"}),
    "request": (contest_for_the_one_request, {"duplicate"}),
    # typed by hand, a removal locks the availability before the location, a booking after it: one
    # of the two may be told of a deadlock
    "removal": (contest_with(removal), {"disturbs_appointments", "fits", "deadlock"}),
    "absence": (contest_with(absence), {"disturbs_appointments", "practitioner_free"}),
    "exclusion": (contest_with(exclusion), {"disturbs_appointments", "exclusion"}),
}


@pytest.mark.parametrize("about", CONTESTS)
def test_one_of_all_gets_it(guarded: Engine, about: str) -> None:
    contest, rules = CONTESTS[about]
    outcome = contest(guarded)

    assert outcome["done"] == 1, outcome
    assert set(outcome) <= {"done", *rules}


@pytest.mark.parametrize("about", CONTESTS)
def test_control_without_the_guards_all_of_them_get_it(unguarded: Engine, about: str) -> None:
    contest, _ = CONTESTS[about]
    outcome = contest(unguarded)

    assert set(outcome) == {"done"}, outcome
    assert outcome["done"] >= 2


PROCESSES = 3
PLACES = 15
HALF_AN_HOUR = timedelta(minutes=30)


def processes_after_one_practitioner(engine: Engine) -> list[Counter[str]]:
    with engine.begin() as connection:
        world = small_world(connection)
        employees = [add(connection, "employees") for _ in range(PROCESSES)]
    starts = [at("08:00") + place * HALF_AN_HOUR for place in range(PLACES)]
    places = [
        [
            row("appointments", **world.appointment("08:00", "08:00", employee_id=who))
            | {"starts_at": start, "ends_at": start + HALF_AN_HOUR}
            | {"occupied_until": start + HALF_AN_HOUR}
            for who in employees
        ]
        for start in starts
    ]
    return race_of_processes(engine, "appointments", places)


def test_one_of_the_processes_gets_it(guarded: Engine) -> None:
    for outcome in processes_after_one_practitioner(guarded):
        assert outcome == {"done": 1, "practitioner_free": PROCESSES - 1}


def test_control_without_the_guards_all_of_the_processes_get_it(unguarded: Engine) -> None:
    for outcome in processes_after_one_practitioner(unguarded):
        assert outcome == {"done": PROCESSES}


def test_there_is_one_run_of_a_kind(guarded: Engine) -> None:
    outcome = contest_for_the_one_run(guarded)

    assert outcome == {"done": 1, "one_running": CLIENTS - 1}


def test_control_without_its_locks_postgresql_lets_several_have_the_room(
    postgres_url: str,
) -> None:
    """The condition alone is not enough: who does not wait does not see what others are about to commit."""
    engine = database.engine(postgres_url, poolclass=NullPool)
    migrations.upgrade(engine)
    with engine.begin() as connection:
        lockless = connection.scalar(
            text("SELECT pg_get_functiondef('guard_appointments_insert_update'::regproc)")
        )
        assert lockless is not None
        connection.exec_driver_sql(re.sub(r"PERFORM [^;]+;", "", lockless))

    outcome = contest_for_a_room(engine)

    assert outcome["done"] > 1, outcome


# --- The two limits, against a sweep over all starts and ends -------------------------------------------

LIMIT = 3
EACH = 6  # intervals per client
OPERATIONS = min(searched(5).max_examples, 20_000)

Who = dict[str, Any]
LIMITED = ("availabilities", "appointments")


def values_of(table: str, world: World, who: Who, span: Span) -> dict[str, Any]:
    start, end = span
    if table == "availabilities":
        whose = {"practitioner_id": who["practitioner_id"], "location_id": world.location}
        return whose | {"starts_at": start, "ends_at": end}
    times = {"starts_at": start, "ends_at": end, "occupied_until": end}
    return world.appointment("08:00", "08:00", **who) | times


def some_span(chance: random.Random) -> Span:
    start = at("08:00") + timedelta(minutes=chance.randrange(0, 480, 5))
    return start, start + timedelta(minutes=chance.randrange(5, 90, 5))


def limited_world(connection: Connection, people: int) -> tuple[World, list[Who]]:
    world = small_world(connection, capacity=LIMIT)
    drop(connection, "availabilities", world.availability)
    return world, [ad_hoc(connection) for _ in range(people)]


def standing_after_a_crowd(engine: Engine, table: str) -> list[Span]:
    """Let every client put up spans at random; give those that stand."""
    with engine.begin() as connection:
        world, people = limited_world(connection, CLIENTS)

    def client(who: Who) -> None:
        own = database.engine(engine.url.render_as_string(hide_password=False), poolclass=NullPool)
        chance = random.Random(who["employee_id"].int)
        for _ in range(EACH):
            values = values_of(table, world, who, some_span(chance))
            with suppress(IntegrityError):
                database.retried(partial(one, own, values))
        own.dispose()

    def one(own: Engine, values: dict[str, Any]) -> None:
        with own.begin() as connection:
            add(connection, table, **values)

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(client, people))
    those = TABLES[table].c
    here = select(those.starts_at, those.ends_at).where(those.location_id == world.location)
    with engine.connect() as connection:
        return [(start, end) for start, end in connection.execute(here)]


@pytest.mark.parametrize("table", LIMITED)
def test_a_crowd_reaches_the_limit_and_never_exceeds_it(guarded: Engine, table: str) -> None:
    assert most_at_once(standing_after_a_crowd(guarded, table)) == LIMIT


@pytest.mark.parametrize("table", LIMITED)
def test_control_without_the_guards_a_crowd_exceeds_it(unguarded: Engine, table: str) -> None:
    assert most_at_once(standing_after_a_crowd(unguarded, table)) > LIMIT


@pytest.mark.hypothesis  # so that a soak looks longer
@pytest.mark.parametrize("table", LIMITED)
def test_the_limit_refuses_exactly_what_exceeds_it(guarded: Engine, table: str) -> None:
    """Put up, moved, taken away, one after another at random: each time the oracle agrees."""
    chance = random.Random(5)
    standing: dict[UUID, Span] = {}
    with guarded.connect() as connection:  # and never commit
        world, people = limited_world(connection, 100)
        whose: dict[UUID, Who] = {}
        for _ in range(OPERATIONS):
            key = chance.choice([*standing, new_id()])
            if key in standing and chance.random() < 0.5:
                drop(connection, table, key)
                del standing[key]
                people.append(whose.pop(key))
                continue
            span = some_span(chance)
            others = [held for one, held in standing.items() if one != key]
            shrinks = key in standing and within(span, standing[key])
            # nobody has two, so that the limit alone can refuse
            who = whose.get(key) or people[-1]
            values = values_of(table, world, who, span)
            if key in standing:
                refused = refusal(connection, change, table, key, **values)
            else:
                refused = refusal(connection, add, table, id=key, **values)
            assert (refused is None) == (shrinks or most_within(span, others) < LIMIT)
            if refused is None:
                standing[key] = span
                if key not in whose:
                    whose[key] = people.pop()
