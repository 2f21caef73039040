"""What is possible for one request: all that is offered can be booked, and nothing else. Domain §4."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, select
from sqlalchemy.orm import Session

from models.agenda import Availability
from models.base import new_id
from models.settings import Criterion
from scheduler.actor import Actor
from scheduler.booking import Booked, Place, book
from scheduler.loading.in_turn import AT_ONCE
from scheduler.options import Liked, NoSuchRequestError, Option, options
from tests.agendas import (
    AMSTERDAM,
    CURACAO,
    DAY,
    FRIDAY_BEFORE,
    GRID,
    MONDAY,
    Agenda,
    made_up,
    there,
)
from tests.effort import searched
from tests.records import DATABASES, fresh

MINUTE = timedelta(minutes=1)
ALL = 10_000
NINE, TEN = 540, 600


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


def offered(
    connection: Connection, request: UUID, most: int = ALL, now: datetime = FRIDAY_BEFORE
) -> list[Option]:
    with session_on(connection) as session:
        return options(session, request, now=now, not_before=now, most=most)


def tried(
    connection: Connection,
    request: UUID,
    availability: UUID,
    start: datetime,
    now: datetime = FRIDAY_BEFORE,
    *,
    by: UUID | None = None,
) -> Booked:
    """What `book` makes of it, in a transaction that is rolled back."""
    with session_on(connection) as session:
        place = Place(request, availability, start)
        return book(session, [place], by=Actor(by), now=now, not_before=now)


def morning(day: int, zone: str = AMSTERDAM, minute: int = NINE) -> datetime:
    return there(zone, MONDAY + day * DAY, minute)


# --- All that can be booked, and nothing else ----------------------------------------------------------

WORLDS = searched(0.03).max_examples


def starts_of(block: Availability, zone: str) -> Iterator[datetime]:
    """The starts on the grid, which counts from local midnight: the clocks change on none of these days."""
    midnight = there(zone, block.day, 0).astimezone(UTC)
    moment = midnight
    while moment < block.ends_at:
        if moment >= block.starts_at:
            yield moment
        moment += GRID * MINUTE


@pytest.mark.hypothesis  # so that a soak looks longer
def test_what_is_offered_can_be_booked_and_what_is_not_is_refused(engine: Engine) -> None:
    found = refused = 0
    for seed in range(WORLDS):
        with engine.connect() as connection:
            made = made_up(connection, seed)
            with session_on(connection) as session:
                blocks = list(session.scalars(select(Availability)))
            for request in made.requests:
                first = {one.availability_id: one for one in offered(connection, request)}
                assert all(
                    one.points == sum(it.points for it in one.liked) for one in first.values()
                )
                for block in blocks:
                    offer = first.get(block.id)
                    for start in starts_of(block, made.agenda.zones[block.location_id]):
                        answer = tried(connection, request, block.id, start)
                        at_offer = offer is not None and start == offer.starts_at
                        assert (request in answer.appointments) == at_offer, (seed, answer)
                        assert at_offer or answer.refused[request]
                        found += at_offer
                        refused += not at_offer
                        if at_offer:
                            break  # later ones may be possible as well
                    else:
                        assert offer is None, (seed, offer)
            connection.rollback()
    assert found
    assert refused


# --- The order -----------------------------------------------------------------------------------------


def test_the_preferred_come_first_and_of_equals_the_earliest(agenda: Agenda) -> None:
    him, there_ = agenda.add("practitioners"), agenda.location()
    blocks = {
        "late": agenda.block(morning(4), 60),
        "his, late": agenda.block(morning(8), 60, practitioner_id=him),
        "there": agenda.block(morning(7), 60, location_id=there_),
        "early": agenda.block(morning(0), 60),
        "his": agenda.block(morning(2), 60, practitioner_id=him),
        "his, there": agenda.block(morning(9), 60, practitioner_id=him, location_id=there_),
    }
    request = agenda.request(preferred_practitioner_id=him, preferred_location_id=there_)

    found = offered(agenda.connection, request)

    names = {key: name for name, key in blocks.items()}
    assert [(names[one.availability_id], one.points) for one in found] == [
        ("his, there", 3),
        ("his", 2),
        ("his, late", 2),
        ("there", 1),
        ("early", 0),
        ("late", 0),
    ]
    # and as many as asked
    for most in range(7):
        assert offered(agenda.connection, request, most) == found[:most]


def test_the_administrators_order_decides_what_comes_first(agenda: Agenda) -> None:
    """The practitioner of the case, late in the window, before the crowd at the preferred location."""
    him, there_ = agenda.add("practitioners"), agenda.location()
    many = [morning(0, minute=n) for n in range(480, 1020, 10)]
    agenda.blocks(many, 10, location_id=there_)
    his = agenda.block(morning(9), 30, practitioner_id=him)
    kind = new_id()
    agenda.link("case_kinds", id=kind, version=1, code=kind.hex, name="Absence")
    employee, case = agenda.add("employees"), new_id()
    agenda.link(
        "cases",
        id=case,
        version=1,
        employee_id=employee,
        establishment_id=agenda.world.establishment,
        kind_id=kind,
        practitioner_id=him,
        opened_on=MONDAY,
    )
    request = agenda.request(
        employee_id=employee, case_id=case, preferred_location_id=there_, duration=10
    )
    assert [one.points for one in offered(agenda.connection, request, 3)] == [1, 1, 1]

    for rank, criterion in enumerate(("continuity", "preferred_location"), start=1):
        agenda.link("preferences", criterion=criterion, rank=rank)

    best, *others = offered(agenda.connection, request, 3)
    assert (best.availability_id, best.points) == (his, 2)
    assert best.liked == (Liked(Criterion.CONTINUITY, 2, 2),)
    assert [one.points for one in others] == [1, 1]


def test_the_preferred_practitioner_is_found_late_in_the_window_and_behind_all_others(
    agenda: Agenda,
) -> None:
    """Neither the crowd at the preferred location nor the days on which he has no time left hide him."""
    him = agenda.add("practitioners")
    for day in (0, 1):
        agenda.blocks([morning(day, minute=n) for n in range(480, 1020, 20)], 20)
    full = [morning(day, minute=n) for day in (2, 3, 4) for n in range(480, 960, 30)]
    agenda.blocks(full, 30, practitioner_id=him)
    assert len(full) > AT_ONCE
    away = {"starts_at": morning(2), "ends_at": morning(5)}
    for begin in full[:3]:
        agenda.add("appointments", **agenda.standing(begin, 30, practitioner_id=him))
    agenda.add("absences", practitioner_id=him, **(away | {"starts_at": full[3]}))
    last = agenda.block(morning(11), 30, practitioner_id=him)
    request = agenda.request(
        duration=20,
        preferred_practitioner_id=him,
        preferred_location_id=agenda.world.location,
    )

    best, *others = offered(agenda.connection, request, 5)

    assert best.availability_id == last
    assert {one.points for one in others} == {1}


def test_more_than_are_asked_at_once_are_all_found(agenda: Agenda) -> None:
    begins = [morning(day, minute=n) for day in (0, 1, 2) for n in range(480, 1020, 20)]
    blocks = agenda.blocks(begins, 20)
    request = agenda.request(duration=20)

    found = offered(agenda.connection, request)

    assert len(begins) > 2 * AT_ONCE
    assert [one.availability_id for one in found] == blocks
    assert [one.starts_at for one in found] == begins


# --- Time zones ----------------------------------------------------------------------------------------


def test_the_earliest_comes_first_wherever_it_is(agenda: Agenda) -> None:
    island = agenda.location(CURACAO, country="CW")
    many = [morning(1, minute=n) for n in range(480, 1020, 10)]
    agenda.blocks(many, 10)
    first = agenda.block(morning(0, CURACAO), 30, location_id=island)
    request = agenda.request(duration=10)

    found = offered(agenda.connection, request, 5)

    assert found[0].availability_id == first
    assert found[0].starts_at == datetime(2027, 5, 3, 13, tzinfo=UTC)


def test_each_place_has_days_of_its_own(agenda: Agenda) -> None:
    """At 23:00 on Monday in Curaçao it is Tuesday in Amsterdam."""
    island = agenda.location(CURACAO, country="CW")
    monday = agenda.block(morning(0, CURACAO, 1380), 30, location_id=island)
    agenda.block(morning(1, minute=0), 30)
    request = agenda.request(until_day=MONDAY + DAY)

    assert [one.availability_id for one in offered(agenda.connection, request)] == [monday]


# --- What stands, and what time it is --------------------------------------------------------------------


def test_a_block_that_has_begun_is_offered_as_far_as_it_lasts(agenda: Agenda) -> None:
    block = agenda.block(morning(0), 240)
    request = agenda.request()
    now = morning(0, minute=TEN + 2).astimezone(UTC)

    (only,) = offered(agenda.connection, request, now=now)

    assert only.starts_at == morning(0, minute=TEN + 5)
    assert tried(agenda.connection, request, block, only.starts_at, now).appointments
    assert offered(agenda.connection, request, now=now + timedelta(hours=3)) == []


def test_its_own_hold_is_not_in_the_way_and_that_of_another_is(agenda: Agenda) -> None:
    block = agenda.block(morning(0), 30)
    mine, other = agenda.request(), agenda.request()
    agenda.hold(morning(0), 30, mine, block)

    assert [one.availability_id for one in offered(agenda.connection, mine)] == [block]
    assert tried(agenda.connection, mine, block, morning(0), by=agenda.world.account).appointments
    assert offered(agenda.connection, other) == []


@pytest.mark.parametrize(
    "state", ["draft", "for_approval", "rejected", "planned", "fulfilled", "withdrawn"]
)
def test_for_what_is_not_open_nothing_is_offered(agenda: Agenda, state: str) -> None:
    agenda.block(morning(0), 60)

    assert offered(agenda.connection, agenda.request()) != []
    assert offered(agenda.connection, agenda.request(state=state)) == []


def test_without_any_availability_or_place_nothing_is_offered(agenda: Agenda) -> None:
    assert offered(agenda.connection, agenda.request()) == []


def test_a_request_that_is_not_there(connection: Connection) -> None:
    with pytest.raises(NoSuchRequestError, match="no request"):
        offered(connection, new_id())


def test_an_open_end_is_far_away(agenda: Agenda) -> None:
    block = agenda.block(morning(0), 60)
    request = agenda.request(until_day=date(9999, 12, 31))

    assert [one.availability_id for one in offered(agenda.connection, request)] == [block]
