"""Options, hold, book: a place kept for five minutes under the same rules and guards. Domain §4; reliability P1.

In the control run nobody locks, the guards are down, and on SQLite the engine is the usual one (§0, E1).
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from models import database, guards
from models.base import new_id
from models.database import writing
from scheduler.actor import NOBODY, Actor
from scheduler.agenda import NotThereError, absences, availabilities, holds
from scheduler.agenda.absences import Away
from scheduler.agenda.holds import KEPT_FOR, Held
from scheduler.booking import Place, book, book_one
from scheduler.booking.places import judge
from scheduler.intake import May
from scheduler.options import options
from scheduler.refusals import RefusedError
from tests.desks import NOW, TABLES, Desk, looking_first
from tests.races import BEFORE_COMMIT, CLIENTS
from tests.records import DATABASES, at, fresh, unguard
from tests.waiting import insisting

FEWER = 20
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
KEPT = ["practitioner_free", "place_kept"]


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


def asks(desk: Desk, **values: Any) -> UUID:
    return desk.create(employee_id=desk.somebody(), **values)


def place(desk: Desk, request: UUID, clock: str = "09:00", **values: Any) -> Place:
    return Place(request, desk.world.availability, at(clock), **values)


def held(desk: Desk, at_: Place, **how: Any) -> Held:
    return desk.do(lambda s: holds.hold(s, at_, **({"not_before": NOW} | desk.how | how)))


def codes(desk: Desk, at_: Place, **how: Any) -> list[str]:
    return desk.codes(lambda s: holds.hold(s, at_, **({"not_before": NOW} | desk.how | how)))


def booking(desk: Desk, at_: Place) -> list[str]:
    """The refusals of a booking; none, and it is made."""
    with writing(desk.engine) as session:
        answer = book(session, [at_], not_before=NOW, **desk.how)
    return [one.code for one in answer.refused.get(at_.request_id, ())]


def let_expire(desk: Desk, key: UUID) -> None:
    table = TABLES["holds"]
    with desk.engine.begin() as connection:
        connection.execute(update(table).where(table.c.id == key).values(expires_at=LONG_AGO))


def test_a_place_is_kept_for_five_minutes_and_then_booked(desk: Desk) -> None:
    mine, other = asks(desk), asks(desk)
    kept = held(desk, place(desk, mine))
    ahead = kept.expires_at - datetime.now(UTC)
    assert timedelta(minutes=4) < ahead <= KEPT_FOR
    assert codes(desk, place(desk, other)) == KEPT
    assert booking(desk, place(desk, other, "09:20")) == KEPT
    assert booking(desk, place(desk, mine)) == []
    assert desk.count("holds", request_id=mine) == 0
    assert desk.state(mine) == "planned"


def test_what_is_offered_can_be_held_and_is_offered_to_nobody_else(desk: Desk) -> None:
    mine, other = asks(desk), asks(desk)

    def first(request: UUID) -> Place:
        with desk.reading() as session:
            (option,) = options(session, request, now=NOW, not_before=NOW)
        return Place(request, option.availability_id, option.starts_at)

    chosen = first(mine)
    held(desk, chosen)
    assert first(mine) == chosen
    assert first(other).starts_at == chosen.starts_at + timedelta(minutes=35)


def test_a_request_has_one_hold_and_another_takes_its_place(desk: Desk) -> None:
    mine, other = asks(desk), asks(desk)
    first = held(desk, place(desk, mine))
    second = held(desk, place(desk, mine, "09:10"))
    assert first.id != second.id
    assert desk.count("holds", request_id=mine) == 1
    assert booking(desk, place(desk, other, "09:45")) == []
    # a place that it cannot have leaves the one that it has
    assert codes(desk, place(desk, mine, "09:45")) == ["practitioner_free"]
    assert desk.count("holds", id=second.id) == 1


def test_what_somebody_keeps_a_place_for_is_left_to_him(desk: Desk) -> None:
    mine = asks(desk)
    kept = held(desk, place(desk, mine))
    colleague = Actor(desk.another())
    # neither the same place nor another one
    for clock in ("09:00", "11:00"):
        one = place(desk, mine, clock)
        assert codes(desk, one, by=colleague) == ["request_kept"]
        (refusal,) = desk.refusals(
            partial(book_one, place=one, not_before=NOW, by=colleague, now=NOW)
        )
        assert (refusal.code, refusal.params["until"]) == ("request_kept", kept.expires_at)
    let_expire(desk, kept.id)
    assert held(desk, place(desk, mine, "11:00"), by=colleague).id != kept.id


def test_a_run_waits_for_nobody(desk: Desk) -> None:
    mine = asks(desk)
    held(desk, place(desk, mine))
    run = desk.add("job_runs")
    with writing(desk.engine) as session:
        answer = book(session, [place(desk, mine)], not_before=NOW, by=NOBODY, now=NOW, run_id=run)
    assert list(answer.appointments) == [mine]
    assert desk.count("holds", request_id=mine) == 0


def test_only_what_is_in_the_way_is_told_as_kept(desk: Desk) -> None:
    taken = asks(desk)
    assert booking(desk, place(desk, taken)) == []
    held(desk, place(desk, asks(desk), "10:00"))
    assert codes(desk, place(desk, asks(desk))) == ["practitioner_free"]
    employee = desk.request(taken).employee_id
    assert codes(desk, place(desk, asks(desk), "10:10")) == KEPT
    same = desk.create(employee_id=employee)
    assert codes(desk, place(desk, same)) == ["practitioner_free", "employee_free"]


def test_a_refused_hold_leaves_the_one_before_within_a_transaction_that_goes_on(
    desk: Desk,
) -> None:
    mine = asks(desk)
    first = held(desk, place(desk, mine))

    def act(session: Any) -> None:
        with pytest.raises(RefusedError):
            holds.hold(session, place(desk, mine, "03:00"), not_before=NOW, **desk.how)

    desk.do(act)
    assert desk.count("holds", id=first.id) == 1


def test_the_rules_are_those_of_booking(desk: Desk) -> None:
    request = asks(desk)
    assert codes(desk, place(desk, request, "09:02")) == ["fits"]
    assert codes(desk, place(desk, request, "16:40")) == ["fits"]
    late = {"now": at("13:00"), "not_before": at("13:00")}
    assert codes(desk, place(desk, request, "12:30"), **late) == ["notice"]
    draft = desk.create(may=May())
    assert codes(desk, place(desk, draft)) == ["not_allowed"]
    assert codes(desk, place(desk, new_id())) == ["no_such_request"]
    assert codes(desk, Place(request, new_id(), at("09:00"))) == ["no_such_availability"]
    desk.add(
        "absences",
        practitioner_id=desk.world.practitioner,
        starts_at=at("09:00"),
        ends_at=at("10:00"),
    )
    assert codes(desk, place(desk, request)) == ["practitioner_free"]


def test_what_is_set_aside_by_hand_is_asked_no_more(desk: Desk) -> None:
    later = {"from_day": at("00:00", day=1).date(), "until_day": at("00:00", day=2).date()}
    request = asks(desk, **later)
    assert codes(desk, place(desk, request)) == ["date_window"]
    by_hand = place(desk, request, overrides={"date_window": "asked by telephone"})
    held(desk, by_hand)
    assert booking(desk, by_hand) == []


def test_the_guard_has_the_last_word(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    held(desk, place(desk, asks(desk)))
    monkeypatch.setattr("scheduler.booking.places.Agenda.broken", lambda *_: ())
    assert codes(desk, place(desk, asks(desk))) == ["practitioner_free"]
    assert codes(desk, place(desk, asks(desk), "03:00")) == ["fits"]


def test_a_hold_is_somebodys(desk: Desk) -> None:
    with pytest.raises(ValueError, match="name the account"):
        held(desk, place(desk, asks(desk)), by=NOBODY)


def test_renewed_it_lasts_five_minutes_from_now(desk: Desk) -> None:
    kept = held(desk, place(desk, asks(desk)))
    table = TABLES["holds"]
    soon = datetime.now(UTC) + timedelta(minutes=1)
    with desk.engine.begin() as connection:
        connection.execute(update(table).where(table.c.id == kept.id).values(expires_at=soon))
    again = desk.do(lambda s: holds.renew(s, kept.id, by=desk.by))
    assert again.id == kept.id
    assert again.expires_at > soon + timedelta(minutes=3)


def test_nobody_renews_what_has_expired_or_is_anothers(desk: Desk) -> None:
    kept = held(desk, place(desk, asks(desk)))
    stranger = Actor(new_id())
    with pytest.raises(NotThereError):
        desk.do(lambda s: holds.renew(s, kept.id, by=stranger))
    desk.do(lambda s: holds.release(s, kept.id, by=stranger))
    assert desk.count("holds", id=kept.id) == 1
    let_expire(desk, kept.id)
    with pytest.raises(NotThereError):
        desk.do(lambda s: holds.renew(s, kept.id, by=desk.by))


def test_released_it_is_free_and_twice_is_no_trouble(desk: Desk) -> None:
    kept = held(desk, place(desk, asks(desk)))
    for _ in range(2):
        desk.do(lambda s: holds.release(s, kept.id, by=desk.by))
    assert booking(desk, place(desk, asks(desk))) == []


def test_an_expired_one_stands_in_nobodys_way_and_is_tidied_up(desk: Desk) -> None:
    desk.do(holds.expire)
    first, second = (held(desk, place(desk, asks(desk), clock)) for clock in ("09:00", "11:00"))
    let_expire(desk, first.id)
    assert booking(desk, place(desk, asks(desk))) == []
    third = held(desk, place(desk, asks(desk), "14:00"))
    let_expire(desk, third.id)
    assert desk.do(holds.expire) == 1
    assert desk.count("holds", id=second.id) == 1
    assert desk.do(holds.expire) == 0


def test_what_was_kept_goes_with_its_availability_and_with_an_absence(desk: Desk) -> None:
    request = asks(desk)
    kept = held(desk, place(desk, request))
    who = desk.world.practitioner
    absent = Away(who, at("09:00"), at("10:00"))
    desk.do(lambda s: absences.add(s, absent, **desk.asking()))
    with pytest.raises(NotThereError):
        desk.do(lambda s: holds.renew(s, kept.id, by=desk.by))
    kept = held(desk, place(desk, request, "10:00"))
    desk.do(lambda s: availabilities.remove(s, desk.world.availability, 1, **desk.asking()))
    assert desk.count("holds", id=kept.id) == 0
    one = place(desk, request, "10:00")
    assert desk.codes(lambda s: book_one(s, one, not_before=NOW, **desk.how)) == [
        "no_such_availability"
    ]


# --- Two after one place --------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=DATABASES)
def bare(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Without guards, and opened as a beginner would."""
    for engine in fresh(request):
        unguard(engine)
        url = engine.url.render_as_string(hide_password=False)
        own = create_engine(url, poolclass=NullPool)
        yield own
        own.dispose()


def race(desk: Desk, clients: int) -> Counter[str]:
    """Each for a request of its own, all for the same place, at the same moment."""
    wanted = [place(desk, asks(desk)) for _ in range(clients)]
    ready = threading.Barrier(clients)

    def client(at_: Place) -> str:
        def transaction() -> str:
            with writing(own) as session:
                holds.hold(session, at_, not_before=NOW, **desk.how)
                time.sleep(BEFORE_COMMIT)
            return "held"

        ready.wait()
        try:
            return insisting(transaction)
        except RefusedError as error:
            return error.refusals[0].code
        except DBAPIError as error:
            return guards.refused_by(error) or str(error.orig)

    url = desk.engine.url.render_as_string(hide_password=False)
    # a beginner's engine stays one
    own = (
        desk.engine
        if desk.engine.pool.__class__ is NullPool
        else database.engine(url, poolclass=NullPool)
    )
    with ThreadPoolExecutor(clients) as crowd:
        return Counter(crowd.map(client, wanted))


def test_of_fifty_clients_one_has_the_place(desk: Desk) -> None:
    assert race(desk, CLIENTS) == {"held": 1, "practitioner_free": CLIENTS - 1}
    assert desk.count("holds", practitioner_id=desk.world.practitioner) == 1


def test_control_without_guards_and_locks_several_have_it(
    bare: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds, "lock", lambda *_: None)
    # the first that `hold` writes, and the savepoint around it: SQLite would lock by them, by chance
    monkeypatch.setattr(holds, "_free", lambda *_: None)
    monkeypatch.setattr(holds, "guarded", nullcontext)
    monkeypatch.setattr(holds, "judge", looking_first(judge, FEWER))
    assert race(Desk(bare), FEWER)["held"] > 1
