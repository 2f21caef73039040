"""Fifty clients after one thing, on both databases: one gets it. Without the guards, all do (reliability §1, P1-P4)."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.exc import DBAPIError

from models import Base, guards
from models.base import new_id
from tests.races import CLIENTS, most_at_once, race
from tests.records import (
    DATABASES,
    MIDNIGHT,
    World,
    ad_hoc,
    add,
    another_practitioner,
    at,
    change,
    drop,
    fresh,
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


def contest_for_a_practitioner(engine: Engine) -> Counter[str]:
    with engine.begin() as connection:
        world = small_world(connection)
        employees = [add(connection, "employees") for _ in range(CLIENTS)]
    return race(
        engine,
        nothing_in("appointments", practitioner_id=world.practitioner),
        [
            lambda connection, who=who: add(
                connection, "appointments", **world.appointment("09:00", "09:30", employee_id=who)
            )
            for who in employees
        ],
    )


def contest_for_an_employee(engine: Engine) -> Counter[str]:
    with engine.begin() as connection:
        world = small_world(connection)
        others = [another_practitioner(connection, world) for _ in range(CLIENTS)]
    return race(
        engine,
        nothing_in("appointments", employee_id=world.employee),
        [
            lambda connection, other=other: add(
                connection, "appointments", **world.appointment("09:00", "09:30", **other)
            )
            for other in others
        ],
    )


def contest_for_a_practitioner_by_holding_and_booking(engine: Engine) -> Counter[str]:
    with engine.begin() as connection:
        world = small_world(connection)
        employees = [add(connection, "employees") for _ in range(CLIENTS)]
        holds = [
            world.hold(connection, "09:00", "09:30", employee_id=who) for who in employees[::2]
        ]
    appointments = [world.appointment("09:10", "09:40", employee_id=who) for who in employees[1::2]]
    return race(
        engine,
        nothing_in("appointments", practitioner_id=world.practitioner),
        [lambda c, hold=hold: add(c, "holds", **hold) for hold in holds]
        + [lambda c, booked=booked: add(c, "appointments", **booked) for booked in appointments],
    )


def contest_for_a_room(engine: Engine) -> Counter[str]:
    with engine.begin() as connection:
        world = small_world(connection, capacity=1)
        others = [ad_hoc(connection) for _ in range(CLIENTS)]
    return race(
        engine,
        nothing_in("appointments", location_id=world.location),
        [
            lambda connection, other=other: add(
                connection, "appointments", **world.appointment("09:00", "09:30", **other)
            )
            for other in others
        ],
    )


def contest_for_a_place_for_an_availability(engine: Engine) -> Counter[str]:
    with engine.begin() as connection:
        location = add(connection, "locations", capacity=1)
        practitioners = [add(connection, "practitioners") for _ in range(CLIENTS)]
    return race(
        engine,
        nothing_in("availabilities", location_id=location),
        [
            lambda connection, who=who: add(
                connection, "availabilities", practitioner_id=who, location_id=location
            )
            for who in practitioners
        ],
    )


def contest_for_the_one_request(engine: Engine) -> Counter[str]:
    with engine.begin() as connection:
        world = small_world(connection)
        change(connection, "consultation_types", world.type, refuses_duplicates=True)
    return race(
        engine,
        nothing_in("requests", employee_id=world.employee),
        [lambda connection: add(connection, "requests", **world.request())] * CLIENTS,
    )


def contest_for_the_one_run(engine: Engine) -> Counter[str]:
    kind = new_id().hex
    return race(
        engine,
        nothing_in("job_runs", kind=kind),
        [lambda connection: add(connection, "job_runs", kind=kind)] * CLIENTS,
    )


def booking_against(
    taking: Callable[[World, int], Callable[[Connection], object]],
) -> Contest:
    """Half of the clients book with one practitioner; the other half does what a booking must prevent."""

    def contest(engine: Engine) -> Counter[str]:
        with engine.begin() as connection:
            world = small_world(connection)
        booked = world.appointment("09:00", "09:30")
        return race(
            engine,
            nothing_in("appointments", practitioner_id=world.practitioner),
            [lambda connection: add(connection, "appointments", **booked), taking(world, 0)],
        )

    return contest


def removal(world: World, _: int) -> Callable[[Connection], object]:
    return lambda c: change(c, "availabilities", world.availability, removed_at=at("08:00"))


def deletion(world: World, _: int) -> Callable[[Connection], object]:
    return lambda c: drop(c, "availabilities", world.availability)


def absence(world: World, _: int) -> Callable[[Connection], object]:
    away = {"starts_at": at("08:00"), "ends_at": at("12:00")}
    return lambda c: add(c, "absences", practitioner_id=world.practitioner, **away)


def exclusion(world: World, _: int) -> Callable[[Connection], object]:
    pair = {"employee_id": world.employee, "practitioner_id": world.practitioner}
    return lambda c: add(c, "exclusions", **pair)


CONTESTS: list[tuple[Contest, set[str]]] = [
    (contest_for_a_practitioner, {"practitioner_free"}),
    (contest_for_an_employee, {"employee_free"}),
    (contest_for_a_practitioner_by_holding_and_booking, {"practitioner_free"}),
    (contest_for_a_room, {"location_capacity"}),
    (contest_for_a_place_for_an_availability, {"availability_capacity"}),
    (contest_for_the_one_request, {"duplicate"}),
    (booking_against(removal), {"disturbs_appointments", "fits"}),
    (booking_against(absence), {"disturbs_appointments", "practitioner_free"}),
    (booking_against(exclusion), {"disturbs_appointments", "exclusion"}),
]


@pytest.mark.parametrize(("contest", "rules"), CONTESTS)
def test_one_of_all_gets_it(guarded: Engine, contest: Contest, rules: set[str]) -> None:
    outcome = contest(guarded)

    assert outcome["done"] == 1, outcome
    assert set(outcome) <= {"done", *rules}


@pytest.mark.parametrize(("contest", "rules"), CONTESTS)
def test_control_without_the_guards_all_of_them_get_it(
    unguarded: Engine, contest: Contest, rules: set[str]
) -> None:
    outcome = contest(unguarded)

    assert set(outcome) == {"done"}, outcome
    assert outcome["done"] >= 2
