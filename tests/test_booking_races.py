"""Many clients book, move and cancel at once, on both databases: every promise holds, and fails without its guards.

Reliability §1, P1, P3 and P4. In the control runs nobody locks, the guards are down, and on SQLite the
engine is the usual one (§0, E1): what the clients look at may be outdated by the time they write.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    Engine,
    and_,
    create_engine,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy import delete as sql_delete
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from models import database, guards
from models.agenda import Availability
from models.appointments import Appointment, AppointmentState, Override, Party
from models.base import new_id
from models.database import reading, writing
from models.people import Absence, Exclusion
from models.requests import AppointmentRequest
from scheduler.actor import NOBODY, Actor
from scheduler.booking import Place, Target, book, cancel, delete, move, swap
from scheduler.booking.locks import Concerned, lock
from scheduler.lifecycles import REQUESTS, OutdatedError, begin
from scheduler.refusals import RefusedError
from tests.effort import searched
from tests.races import BEFORE_COMMIT, CLIENTS
from tests.records import DATABASES, World, add, at, change, fresh, row, unguard
from tests.towns import NOW, TABLES, Town, deadlocks, most_in, overlaps, rows, torn, town
from tests.waiting import insisting

FEWER = 20
"""Clients of the mixes, which do several things each."""
DONE = "done"


@pytest.fixture(scope="module", params=DATABASES)
def guarded(request: pytest.FixtureRequest) -> Iterator[Engine]:
    for engine in fresh(request):
        yield from _own_connections(database.engine(_url(engine), poolclass=NullPool))


@pytest.fixture(scope="module", params=DATABASES)
def bare(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Without guards, and opened as a beginner would."""
    for engine in fresh(request):
        unguard(engine)
        yield from _own_connections(create_engine(_url(engine), poolclass=NullPool))


@pytest.fixture
def unguarded(bare: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The same, and nobody locks."""
    for module in ("book", "standing"):
        # by its full name: the package has a function `book` as well
        owner = import_module(f"scheduler.booking.{module}")
        monkeypatch.setattr(owner, "lock", lambda *_: None)
    # the first that `book` writes, before it asks the rules: SQLite would lock by chance
    monkeypatch.setattr(import_module("scheduler.booking.book"), "_free_holds", lambda *_: None)
    monkeypatch.setattr("tests.test_booking_races.lock", lambda *_: None)
    return bare


def _url(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def _own_connections(engine: Engine) -> Iterator[Engine]:
    yield engine
    engine.dispose()


# --- Clients ------------------------------------------------------------------------------------------

Act = Callable[[Session], str]
"""Something that a client does in a transaction, and how it ended: done, or the code of a refusal."""


def outcome(engine: Engine, act: Act) -> str:
    """What became of it, in a transaction of its own that others get the time to meet."""

    def transaction() -> str:
        with writing(engine) as session:
            found = act(session)
            time.sleep(BEFORE_COMMIT)
        return found

    try:
        return insisting(transaction)
    except RefusedError as error:
        return error.refusals[0].code
    except OutdatedError as error:
        return type(error).__name__
    except DBAPIError as error:
        return guards.refused_by(error) or str(error.orig)


def at_once(engine: Engine, acts: Sequence[Act]) -> Counter[str]:
    """Each by a client of its own, all at the same moment."""
    ready = threading.Barrier(len(acts))

    def client(act: Act) -> str:
        ready.wait()
        return outcome(engine, act)

    with ThreadPoolExecutor(len(acts)) as clients:
        return Counter(clients.map(client, acts))


def booking(world: World, request: UUID, availability: UUID, start: datetime, **how: Any) -> Act:
    place = Place(request, availability, start, **how)

    def act(session: Session) -> str:
        answer = book(session, [place], by=Actor(world.account), now=NOW, not_before=NOW)
        return answer.refused[request][0].code if answer.refused else DONE

    return act


# --- P1: nobody is booked twice -----------------------------------------------------------------------


def taking(here: Town, request: int, block: int, clock: str) -> Act:
    return booking(here.world, here.requests[request], here.blocks[block], at(clock))


def for_one_practitioner(engine: Engine, clients: int) -> list[Act]:
    here = town(engine, practitioners=1, employees=clients)
    # half of them only partly at the same time
    return [taking(here, n, 0, ("09:00", "09:20")[n % 2]) for n in range(clients)]


def for_one_request(engine: Engine, clients: int) -> list[Act]:
    here = town(engine, practitioners=clients, employees=1)
    return [taking(here, 0, n, "09:00") for n in range(clients)]


def for_one_employee(engine: Engine, clients: int) -> list[Act]:
    here = town(engine, practitioners=clients, employees=0)
    with engine.begin() as connection:
        here.requests += rows(connection, "requests", [here.world.request()] * clients)
    return [taking(here, n, n, "09:00") for n in range(clients)]


def for_one_room(engine: Engine, clients: int) -> list[Act]:
    here = town(engine, practitioners=clients, employees=clients, capacity=1)
    return [taking(here, n, n, "09:00") for n in range(clients)]


CONTESTS = {
    "practitioner_free": for_one_practitioner,
    "not_allowed": for_one_request,  # it is no longer open
    "employee_free": for_one_employee,
    "location_capacity": for_one_room,
}


def contested(engine: Engine, rule: str, clients: int) -> list[object]:
    """What is wrong after all clients have tried the same."""
    found = at_once(engine, CONTESTS[rule](engine, clients))
    expected = Counter({DONE: 1, rule: clients - 1})
    return [] if found == expected else [found]


@pytest.mark.parametrize("rule", CONTESTS)
def test_one_is_booked_and_the_others_are_told_the_rule(guarded: Engine, rule: str) -> None:
    assert contested(guarded, rule, CLIENTS) == []
    assert (overlaps(guarded), torn(guarded), deadlocks(guarded)) == (0, 0, 0)


@pytest.mark.parametrize("rule", CONTESTS)
def test_control_without_guards_and_locks_it_is_not_so(unguarded: Engine, rule: str) -> None:
    # on a busy machine a single try may happen one after the other
    assert any(contested(unguarded, rule, FEWER) for _ in range(5))


# --- P1: booked, moved, swapped, cancelled and deleted, all at once ------------------------------------

EACH = searched(0.05).max_examples
"""Things that a client of a mix does."""
ROOMS = 2
CLOCKS = [f"{hour:02}:{minute:02}" for hour in (9, 10) for minute in (0, 15, 30, 45)]


@dataclass
class Mix:
    """A client that does one thing after another, by chance."""

    engine: Engine
    here: Town
    chance: random.Random

    def __call__(self) -> list[tuple[str, str]]:
        """What it did, and what became of it."""
        found = []
        for _ in range(EACH):
            books = [self.books] * 3
            what = self.chance.choice([*books, self.moves, self.swaps, self.ends])
            found.append((what.__name__, outcome(self.engine, what())))
        return found

    def books(self) -> Act:
        here = self.here
        return taking(
            here,
            self.chance.randrange(len(here.requests)),
            self.chance.randrange(len(here.blocks)),
            self.chance.choice(CLOCKS),
        )

    def moves(self) -> Act:
        target = Target(self.chance.choice(self.here.blocks), at(self.chance.choice(CLOCKS)))
        return self._with_some(1, lambda session, keys: move(session, keys[0], target, **self._how))

    def swaps(self) -> Act:
        return self._with_some(
            2, lambda session, keys: swap(session, keys[0], keys[1], **self._how)
        )

    def ends(self) -> Act:
        how: dict[str, Any] = {"by": Actor(self.here.world.account), "now": NOW, "reason": "-"}
        if self.chance.random() < 0.5:
            return self._with_some(2, lambda session, keys: delete(session, keys, **how))
        how |= {"party": Party.EMPLOYEE}
        return self._with_some(1, lambda session, keys: cancel(session, keys[0], **how))

    @property
    def _how(self) -> dict[str, Any]:
        return {"by": Actor(self.here.world.account), "now": NOW, "not_before": NOW}

    def _with_some(self, count: int, does: Callable[[Session, list[UUID]], object]) -> Act:
        """Of the appointments that it sees now; by the time that it acts, they may be gone."""
        planned = select(Appointment.id).where(
            Appointment.state == AppointmentState.PLANNED,
            Appointment.location_id == self.here.world.location,
        )
        with reading(self.engine) as session:
            keys = list(session.scalars(planned.order_by(Appointment.id)))

        def act(session: Session) -> str:
            if len(keys) < count:
                return "nothing_there"
            does(session, self.chance.sample(keys, count))
            return DONE

        return act


def mixed(engine: Engine) -> tuple[Town, Counter[tuple[str, str]]]:
    here = town(engine, practitioners=3, employees=FEWER, capacity=ROOMS)
    for number, clock in enumerate(("09:00", "09:45", "10:30")):
        assert outcome(engine, taking(here, number, 0, clock)) == DONE
        assert outcome(engine, taking(here, 3 + number, 1, clock)) == DONE
    crowd = [Mix(engine, here, random.Random(number)) for number in range(FEWER)]
    with ThreadPoolExecutor(FEWER) as clients:
        found = Counter(one for each in clients.map(lambda mix: mix(), crowd) for one in each)
    return here, found


@pytest.mark.hypothesis  # so that a soak goes on for longer
def test_whatever_all_of_them_do_the_agenda_is_whole(guarded: Engine) -> None:
    here, found = mixed(guarded)

    assert (overlaps(guarded), torn(guarded), deadlocks(guarded)) == (0, 0, 0)
    assert most_in(guarded, here.world.location) <= ROOMS
    assert {what for what, how in found if how == DONE} == {"books", "moves", "swaps", "ends"}
    rules = {"practitioner_free", "employee_free", "location_capacity", "not_allowed"}
    assert {how for _, how in found} <= {DONE, "nothing_there", "fits", *rules}, found


def test_control_without_guards_and_locks_it_is_not(unguarded: Engine) -> None:
    here, _ = mixed(unguarded)

    assert overlaps(unguarded) or most_in(unguarded, here.world.location) > ROOMS


@pytest.mark.parametrize("guarded", ["postgresql"], indirect=True)  # SQLite has one writer
def test_what_is_moved_while_one_waits_is_locked_where_it_is_now(
    guarded: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the guards would lock its new place after its row: the wrong order, and a deadlock in time."""
    here = town(guarded, practitioners=2, employees=1)
    assert outcome(guarded, taking(here, 0, 0, "09:00")) == DONE
    with reading(guarded) as session:
        (key,) = session.scalars(
            select(Appointment.id).where(Appointment.request_id == here.requests[0])
        )
        block = session.get_one(Availability, here.blocks[1])
    waited: list[Concerned] = []

    def lock_late(session: Session, concerned: Concerned) -> None:
        waited.append(concerned)
        if len(waited) == 1:
            monkeypatch.setattr(standing, "lock", lock)
            with writing(guarded) as other:
                move(other, key, Target(block.id, at("10:00")), by=NOBODY, now=NOW, not_before=NOW)
            monkeypatch.setattr(standing, "lock", lock_late)
        lock(session, concerned)

    standing = import_module("scheduler.booking.standing")
    monkeypatch.setattr(standing, "lock", lock_late)
    with writing(guarded) as session:
        (found,) = standing.locked(session, [key])
        assert found.practitioner_id == block.practitioner_id
    first, last = waited
    assert (first.practitioners, last.practitioners) == (
        {here.world.practitioner},
        {block.practitioner_id},
    )


def test_a_swap_with_one_that_is_cancelled_is_not_allowed(guarded: Engine) -> None:
    here = town(guarded, practitioners=1, employees=2)
    for number, clock in enumerate(("09:00", "10:00")):
        assert outcome(guarded, taking(here, number, 0, clock)) == DONE
    those = select(Appointment.id).where(Appointment.request_id.in_(here.requests))
    with reading(guarded) as session:
        one, other = session.scalars(those.order_by(Appointment.id))
    with writing(guarded) as session:
        cancel(session, other, party=Party.EMPLOYEE, reason="-", by=NOBODY, now=NOW)
    for pair in ((one, other), (other, one)):
        with pytest.raises(RefusedError, match="not_allowed"), writing(guarded) as session:
            swap(session, *pair, by=NOBODY, now=NOW, not_before=NOW)


def test_who_books_does_not_wait_for_another_who_clears_an_expired_hold(guarded: Engine) -> None:
    """Only the holds of the practitioner that is locked anyway are cleared."""
    here, there = (town(guarded, practitioners=1, employees=1) for _ in range(2))
    expired = {"expires_at": at("08:00", day=-3000)}
    with guarded.begin() as connection:
        for each in (here, there):
            add(connection, "holds", **each.world.hold(connection, "09:00", "09:30", **expired))

    assert outcome(guarded, taking(here, 0, 0, "09:00")) == DONE

    holds = select(TABLES["holds"].c.practitioner_id)
    with reading(guarded) as session:
        assert session.scalars(holds).all() == [there.world.practitioner]


# --- P3: inside a live availability, of somebody who is there and not excluded --------------------------


def stray(engine: Engine) -> int:
    """Planned appointments for which that does not hold, or outside the days that were asked for."""
    p, a, r = Appointment, Availability, AppointmentRequest
    block = and_(a.id == p.availability_id, a.removed_at.is_(None))
    inside = and_(
        a.practitioner_id == p.practitioner_id,
        a.location_id == p.location_id,
        a.starts_at <= p.starts_at,
        p.occupied_until <= a.ends_at,
    )
    on_time = and_(r.id == p.request_id, r.from_day <= a.day, a.day < r.until_day)
    by_hand = and_(Override.appointment_id == p.id, Override.rule == "date_window")
    excluded = and_(
        Exclusion.employee_id == p.employee_id, Exclusion.practitioner_id == p.practitioner_id
    )
    away = and_(
        Absence.practitioner_id == p.practitioner_id,
        Absence.starts_at < p.occupied_until,
        p.starts_at < Absence.ends_at,
    )
    query = select(func.count()).where(
        p.state == AppointmentState.PLANNED,
        or_(
            ~exists().where(block, inside),
            ~exists().where(block, on_time) & ~exists().where(by_hand),
            exists().where(excluded),
            exists().where(away),
        ),
    )
    with reading(engine) as session:
        return session.scalar(query) or 0


@dataclass
class Disturbance:
    """A client that books, and undoes by plain SQL, under the locks, what bookings rest on."""

    engine: Engine
    here: Town
    elsewhere: UUID
    chance: random.Random

    def __call__(self) -> list[tuple[str, str, int]]:
        """What it did, what became of it, and how many appointments were astray after it."""
        found = []
        for _ in range(EACH):
            what = self.chance.choice(
                [self.books] * 3
                + [self.ends, self.removes, self.shrinks, self.sends_elsewhere]
                + [self.excludes, self.goes_away, self.relents]
            )
            became = outcome(self.engine, what())
            found.append((what.__name__, became, stray(self.engine)))
        return found

    def books(self) -> Act:
        overrides = {"date_window": "asked to"} if self.chance.random() < 0.3 else {}
        return booking(
            self.here.world,
            self.chance.choice(self.here.requests),
            self.chance.choice(self.here.blocks),
            at(self.chance.choice(CLOCKS)),
            overrides=overrides,
        )

    def ends(self) -> Act:
        return Mix(self.engine, self.here, self.chance).ends()

    def removes(self) -> Act:
        return self._changes_a_block(removed_at=NOW)

    def shrinks(self) -> Act:
        return self._changes_a_block(
            starts_at=at(self.chance.choice(["09:00", "09:15", "09:30"])),
            ends_at=at(self.chance.choice(["10:30", "11:00"])),
        )

    def sends_elsewhere(self) -> Act:
        there = self.chance.choice([self.elsewhere, self.here.world.location])
        return self._changes_a_block(location_id=there)

    def relents(self) -> Act:
        """What stood in the way goes, now and then: else nothing could be booked any more."""
        opens = self._changes_a_block(removed_at=None, starts_at=at("08:00"), ends_at=at("17:00"))
        table = self.chance.choice([Exclusion, Absence])

        def act(session: Session) -> str:
            session.execute(sql_delete(table))
            return opens(session)

        return act

    def excludes(self) -> Act:
        request, block = (
            self.chance.choice(keys) for keys in (self.here.requests, self.here.blocks)
        )

        def act(session: Session) -> str:
            employee = session.get_one(AppointmentRequest, request).employee_id
            lock(session, Concerned(employees=[employee]))
            practitioner = session.get_one(Availability, block).practitioner_id
            add(
                session.connection(),
                "exclusions",
                employee_id=employee,
                practitioner_id=practitioner,
            )
            return DONE

        return act

    def goes_away(self) -> Act:
        block = self.chance.choice(self.here.blocks)
        start = at(self.chance.choice(CLOCKS))

        def act(session: Session) -> str:
            who = session.get_one(Availability, block).practitioner_id
            lock(session, Concerned(practitioners=[who]))
            away = {"starts_at": start, "ends_at": start + timedelta(minutes=30)}
            add(session.connection(), "absences", practitioner_id=who, **away)
            return DONE

        return act

    def _changes_a_block(self, **values: Any) -> Act:
        block = self.chance.choice(self.here.blocks)

        def act(session: Session) -> str:
            places = [self.here.world.location, self.elsewhere]
            lock(session, Concerned(locations=places, availabilities=[block]))
            change(session.connection(), "availabilities", block, **values)
            return DONE

        return act


def disturbed(engine: Engine) -> list[tuple[str, str, int]]:
    here = town(engine, practitioners=6, employees=FEWER)
    with engine.begin() as connection:
        elsewhere = add(connection, "locations")
        for request in here.requests[::3]:
            tomorrow = {"from_day": date(2027, 3, 2), "until_day": date(2027, 3, 4)}
            change(connection, "requests", request, **tomorrow)
    crowd = [Disturbance(engine, here, elsewhere, random.Random(number)) for number in range(FEWER)]
    with ThreadPoolExecutor(FEWER) as clients:
        return [one for each in clients.map(lambda each: each(), crowd) for one in each]


@pytest.mark.hypothesis  # so that a soak goes on for longer
def test_no_appointment_is_ever_astray(guarded: Engine) -> None:
    found = disturbed(guarded)

    assert [one for one in found if one[2]] == []
    assert deadlocks(guarded) == 0
    done = Counter(what for what, became, _ in found if became == DONE)
    assert done.keys() >= {"books", "removes", "shrinks", "goes_away"}, done
    told = {became for _, became, _ in found}
    assert "disturbs_appointments" in told
    assert told <= {
        *(DONE, "nothing_there", "disturbs_appointments", "not_allowed", "no_such_availability"),
        *("fits", "date_window", "exclusion", "practitioner_free", "one_exclusion"),
    }


def test_control_without_guards_and_locks_many_are_astray(unguarded: Engine) -> None:
    assert any(astray for _, _, astray in disturbed(unguarded))


# --- P4: one of a type that refuses duplicates ---------------------------------------------------------


def asked_by_all(engine: Engine, clients: int) -> Counter[str]:
    """Each makes a request of the one employee, and books it with another practitioner at another time."""
    here = town(engine, practitioners=clients, employees=0)
    with engine.begin() as connection:
        change(connection, "consultation_types", here.world.type, refuses_duplicates=True)
    ready = threading.Barrier(clients)
    by = Actor(here.world.account)

    def client(number: int) -> str:
        key = new_id()
        values = row("requests", **here.world.request(id=key, duration=5, buffer=0))
        del values["state"]

        def asks(session: Session) -> str:
            lock(session, Concerned(employees=[here.world.employee]))
            begin(session, REQUESTS, [values], event="open", by=by, at=NOW)
            return DONE

        ready.wait()
        asked = outcome(engine, asks)
        start = at("08:00") + timedelta(minutes=10 * number)
        books = booking(here.world, key, here.blocks[number], start)
        return outcome(engine, books) if asked == DONE else asked

    with ThreadPoolExecutor(clients) as crowd:
        return Counter(crowd.map(client, range(clients)))


def test_one_of_a_type_is_asked_and_planned(guarded: Engine) -> None:
    assert asked_by_all(guarded, CLIENTS) == {DONE: 1, "duplicate": CLIENTS - 1}


def test_control_without_guards_and_locks_there_are_several(unguarded: Engine) -> None:
    # on a busy machine a single try may happen one after the other
    assert any(asked_by_all(unguarded, FEWER)[DONE] > 1 for _ in range(5))


def both_planned(engine: Engine) -> Counter[str]:
    """Two requests from a time before the type refused duplicates."""
    here = town(engine, practitioners=2, employees=0)
    with engine.begin() as connection:
        here.requests += rows(connection, "requests", [here.world.request()] * 2)
        change(connection, "consultation_types", here.world.type, refuses_duplicates=True)
    return at_once(engine, [taking(here, n, n, ("09:00", "10:00")[n]) for n in range(2)])


def test_two_from_before_are_never_both_planned(guarded: Engine) -> None:
    for _ in range(5):
        found = both_planned(guarded)
        assert found[DONE] <= 1
        assert set(found) <= {DONE, "duplicate"}


def test_control_without_guards_and_locks_both_are(unguarded: Engine) -> None:
    assert any(both_planned(unguarded)[DONE] == 2 for _ in range(5))
