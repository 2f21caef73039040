"""Availabilities, absences, exclusions, own holidays, ended employments. Domain §§1-3; reliability P2, P3, T23, F6."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from models import database
from models.appointments import Override
from models.base import new_id
from models.consultations import Modality
from models.database import writing
from models.requests import RequestState
from scheduler.agenda import (
    MESSAGES,
    NotThereError,
    absences,
    availabilities,
    employments,
    exclusions,
    holds,
    own_days,
)
from scheduler.agenda.absences import Away
from scheduler.agenda.availabilities import Opened
from scheduler.agenda.own_days import OwnDay
from scheduler.booking import Place, book_one
from scheduler.lifecycles import OutdatedError
from scheduler.options import options
from scheduler.refusals import RefusedError
from tests.desks import MONDAY, NOW, TABLES, Desk
from tests.races import BEFORE_COMMIT, CLIENTS
from tests.records import DATABASES, at, fresh
from tests.towns import deadlocks
from tests.waiting import insisting

SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
SUMMER, WINTER = timedelta(hours=2), timedelta(hours=1)
OFFSETS = frozenset({"start_offset", "end_offset"})
AT_LOCATION = frozenset({Modality.AT_LOCATION})


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


def adding(desk: Desk, day: date = MONDAY, **values: Any) -> Callable[[Session], UUID]:
    offsets = {name: values.pop(name) for name in OFFSETS & values.keys()}
    opened = Opened(offer=desk.offer(**values), day=day, **offsets)
    return lambda session: availabilities.add(session, opened, now=NOW)


def changing(
    desk: Desk,
    key: UUID,
    day: date = MONDAY,
    *,
    version: int = 1,
    confirm: bool = False,
    **values: Any,
) -> Callable[[Session], None]:
    offsets = {name: values.pop(name) for name in OFFSETS & values.keys()}
    opened = Opened(offer=desk.offer(**values), day=day, **offsets)
    return lambda session: availabilities.change(
        session, key, version, opened, **desk.asking(confirm=confirm)
    )


def removing(desk: Desk, key: UUID, **how: Any) -> Callable[[Session], None]:
    version = how.pop("version", 1)
    return lambda s: availabilities.remove(s, key, version, **desk.asking(**how))


# --- One availability -----------------------------------------------------------------------------------


def test_an_availability_has_its_instants_and_its_local_hours(desk: Desk) -> None:
    key = desk.do(adding(desk, modalities=AT_LOCATION))
    made = desk.availability(key)
    assert (made.starts_at, made.ends_at) == (at("08:00"), at("16:00"))
    assert (made.day, made.start_minute, made.end_minute) == (MONDAY, 540, 1020)
    assert (made.at_location, made.by_telephone, made.by_video) == (True, False, False)
    assert desk.count("availability_types", availability_id=key) == 1


def test_one_that_was_added_can_be_booked(desk: Desk) -> None:
    key = desk.do(adding(desk))
    request, _ = desk.booked(at("09:00"), key)
    assert desk.state(request) == RequestState.PLANNED


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"start_minute": 600, "end_minute": 600}, "availability_period"),
        ({"start_minute": 600, "end_minute": 540}, "availability_period"),
        ({"start_minute": -1}, "hours"),
        ({"end_minute": 1441}, "hours"),
        ({"start_minute": 10**18}, "hours"),
        ({"types": frozenset()}, "no_type"),
        ({"modalities": frozenset()}, "some_modality"),
        ({"types": frozenset({new_id()})}, "unknown"),
        ({"practitioner_id": new_id()}, "unknown"),
        ({"location_id": new_id()}, "unknown"),
        ({"day": date(9999, 12, 31)}, "day_out_of_range"),
    ],
)
def test_what_is_wrong_is_refused(desk: Desk, values: dict[str, Any], code: str) -> None:
    assert desk.codes(adding(desk, **values)) == [code]
    assert code in MESSAGES


@pytest.mark.parametrize("table", ["practitioners", "locations", "consultation_types"])
def test_what_is_archived_is_not_chosen_but_may_stay(desk: Desk, table: str) -> None:
    key = desk.do(adding(desk))
    its = {
        "practitioners": desk.world.practitioner,
        "locations": desk.world.location,
        "consultation_types": desk.world.type,
    }
    desk.set(table, its[table], archived_at=NOW)
    assert desk.codes(adding(desk)) == ["archived"]
    desk.do(changing(desk, key, start_minute=600))


def test_until_midnight_is_within_the_day(desk: Desk) -> None:
    key = desk.do(adding(desk, start_minute=1380, end_minute=1440))
    assert desk.availability(key).ends_at == datetime(2027, 3, 1, 23, tzinfo=UTC)


# --- Clocks: T23 ----------------------------------------------------------------------------------------


def test_a_time_that_the_clocks_skip_is_refused(desk: Desk) -> None:
    (refusal,) = desk.refusals(adding(desk, SPRING, start_minute=150, end_minute=300))
    assert (refusal.code, refusal.params["time"]) == ("nonexistent_local_time", "02:30")
    assert "Europe/Amsterdam" in MESSAGES[refusal.code].format(**refusal.params)
    both = desk.codes(adding(desk, SPRING, start_minute=130, end_minute=150))
    assert both == ["nonexistent_local_time"] * 2


def test_a_time_that_comes_twice_is_refused_with_both_offsets_unless_it_is_said_which(
    desk: Desk,
) -> None:
    twice = {"start_minute": 150, "end_minute": 300}
    (refusal,) = desk.refusals(adding(desk, AUTUMN, **twice))
    assert refusal.code == "ambiguous_local_time"
    assert refusal.params["offsets"] == ("+02:00", "+01:00")
    first = desk.availability(desk.do(adding(desk, AUTUMN, start_offset=SUMMER, **twice)))
    second = desk.availability(desk.do(adding(desk, AUTUMN, start_offset=WINTER, **twice)))
    assert second.starts_at - first.starts_at == timedelta(hours=1)
    assert first.ends_at == second.ends_at == datetime(2027, 10, 31, 4, tzinfo=UTC)


def test_within_the_hour_that_comes_twice_the_instants_decide(desk: Desk) -> None:
    back = {"start_minute": 165, "end_minute": 135, "start_offset": SUMMER, "end_offset": WINTER}
    made = desk.availability(desk.do(adding(desk, AUTUMN, **back)))
    assert made.ends_at - made.starts_at == timedelta(minutes=30)
    back |= {"end_offset": SUMMER}
    assert desk.codes(adding(desk, AUTUMN, **back)) == ["availability_period"]


def test_over_a_change_of_the_clocks_it_lasts_as_long_as_it_does(desk: Desk) -> None:
    night = {"start_minute": 60, "end_minute": 300}
    for day, hours in ((SPRING, 3), (AUTUMN, 5)):
        made = desk.availability(desk.do(adding(desk, day, **night)))
        assert made.ends_at - made.starts_at == timedelta(hours=hours)
    whole = desk.availability(desk.do(adding(desk, AUTUMN, start_minute=0, end_minute=1440)))
    assert whole.ends_at - whole.starts_at == timedelta(hours=25)


def test_unchanged_hours_that_come_twice_need_not_be_said_again(desk: Desk) -> None:
    hours: dict[str, Any] = {"start_minute": 150, "end_minute": 300}
    key = desk.do(adding(desk, AUTUMN, start_offset=WINTER, **hours))
    before = desk.availability(key).starts_at
    desk.do(changing(desk, key, AUTUMN, modalities=AT_LOCATION, **hours))
    assert desk.availability(key).starts_at == before


def test_29_february_is_a_day_and_the_last_of_the_year_too(desk: Desk) -> None:
    for day in (date(2028, 2, 29), date(2027, 12, 31)):
        made = desk.availability(desk.do(adding(desk, day, end_minute=1440)))
        assert made.day == day


# --- The limit of a location ----------------------------------------------------------------------------


def small(engine: Engine, capacity: int) -> Desk:
    """A location with a limit, and an availability from eight to five (UTC) on the Monday."""
    return Desk(engine, capacity=capacity)


def test_one_too_many_is_refused_with_the_limit_and_when(engine: Engine) -> None:
    desk = small(engine, 1)
    (refusal,) = desk.refusals(adding(desk, start_minute=1050, end_minute=1140))
    assert refusal.code == "availability_capacity"
    assert refusal.params == {
        "location": "Location",
        "limit": 1,
        "day": MONDAY,
        "start": "17:30",
        "end": "18:00",
    }
    said = MESSAGES[refusal.code].format(**refusal.params)
    assert "takes 1 availabilities at once, and has them on 2027-03-01 from 17:30 to 18:00" in said
    desk.do(adding(desk, start_minute=1080, end_minute=1140))
    # by telephone and video it takes no room
    desk.do(adding(desk, modalities=frozenset({Modality.VIDEO})))


def test_a_change_is_counted_and_one_that_grows_no_larger_stays(engine: Engine) -> None:
    desk = small(engine, 2)
    one = desk.do(adding(desk))
    desk.set("locations", desk.world.location, capacity=1)
    desk.do(changing(desk, one, start_minute=600))
    assert desk.codes(changing(desk, one, version=2, start_minute=540)) == ["availability_capacity"]
    desk.do(changing(desk, one, date(2027, 3, 2), version=2))
    assert desk.codes(changing(desk, one, version=3)) == ["availability_capacity"]


def test_the_guard_has_the_last_word_about_the_limit(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = small(engine, 1)
    monkeypatch.setattr(availabilities, "_crowded", lambda *_: [])
    assert desk.codes(adding(desk)) == ["availability_capacity"]


# --- Changing and removing ------------------------------------------------------------------------------


def test_a_change_is_written_with_its_version(desk: Desk) -> None:
    key = desk.do(adding(desk))
    kind = desk.add("consultation_types")
    desk.do(changing(desk, key, start_minute=600, types=frozenset({kind})))
    changed = desk.availability(key)
    assert (changed.version, changed.start_minute, changed.starts_at) == (2, 600, at("09:00"))
    assert desk.count("availability_types", availability_id=key, consultation_type_id=kind) == 1
    with pytest.raises(OutdatedError):
        desk.do(changing(desk, key, version=1))
    with pytest.raises(NotThereError):
        desk.do(changing(desk, new_id()))


def test_a_change_that_leaves_appointments_without_a_place_lists_them(desk: Desk) -> None:
    key = desk.do(adding(desk))
    early, late = desk.booked(at("08:00"), key), desk.booked(at("15:00"), key)
    shorter: dict[str, Any] = {"start_minute": 600}
    (refusal,) = desk.refusals(changing(desk, key, **shorter))
    assert refusal.code == "disturbs_appointments"
    assert refusal.params == {"appointments": (early[1],), "count": 1, "others": 0}
    desk.stand(early, late)
    desk.do(changing(desk, key, confirm=True, **shorter))
    desk.went(early)
    desk.stand(late)
    assert desk.availability(key).start_minute == 600


@pytest.mark.parametrize("what", ["day", "practitioner", "location", "type", "modality"])
def test_each_change_that_an_appointment_would_not_survive_is_one(desk: Desk, what: str) -> None:
    key = desk.do(adding(desk))
    pair = desk.booked(at("09:00"), key)
    every: dict[str, dict[str, Any]] = {
        "day": {"day": date(2027, 3, 2)},
        "practitioner": {"practitioner_id": desk.add("practitioners")},
        "location": {"location_id": desk.add("locations")},
        "type": {"types": frozenset({desk.add("consultation_types")})},
        "modality": {"modalities": frozenset({Modality.VIDEO})},
    }
    values = every[what]
    assert desk.codes(changing(desk, key, **values)) == ["disturbs_appointments"]
    desk.do(changing(desk, key, confirm=True, **values))
    desk.went(pair)


def test_a_removed_one_stays_for_what_was_held_and_is_offered_no_more(desk: Desk) -> None:
    key = desk.do(adding(desk))
    pair = desk.booked(at("09:00"), key)
    assert desk.codes(removing(desk, key)) == ["disturbs_appointments"]
    desk.do(removing(desk, key, confirm=True))
    desk.went(pair)
    assert desk.availability(key).removed_at == NOW
    with pytest.raises(NotThereError):
        desk.do(removing(desk, key, version=2))
    with desk.reading() as session:
        found = options(session, pair[0], now=NOW, not_before=NOW)
    assert key not in {one.availability_id for one in found}


def test_an_empty_one_goes_without_a_word_and_by_its_version(desk: Desk) -> None:
    key = desk.do(adding(desk))
    with pytest.raises(OutdatedError):
        desk.do(removing(desk, key, version=2))
    desk.do(removing(desk, key))


def test_what_cannot_be_cancelled_stays_in_the_way_though_confirmed(desk: Desk) -> None:
    key = desk.do(adding(desk))
    pair = desk.booked(at("09:00"), key)
    desk.link("no_shows", appointment_id=pair[1], original={})
    assert desk.codes(removing(desk, key)) == ["disturbs_appointments"]
    (refusal,) = desk.refusals(removing(desk, key, confirm=True))
    assert (refusal.code, refusal.params["id"]) == ("is_no_show", pair[1])
    desk.stand(pair)


def test_the_guard_has_the_last_word_about_appointments(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = desk.do(adding(desk))
    desk.booked(at("09:00"), key)
    monkeypatch.setattr("scheduler.agenda.blocks.disturbed", lambda *_: [])
    assert desk.codes(removing(desk, key)) == ["disturbs_appointments"]


def test_a_place_kept_in_it_is_given_back(desk: Desk) -> None:
    key = desk.do(adding(desk))
    request = desk.create()
    place = Place(request, key, at("09:00"))
    desk.do(lambda s: holds.hold(s, place, not_before=NOW, **desk.how))
    desk.do(removing(desk, key))
    assert desk.count("holds", availability_id=key) == 0


# --- Absences -------------------------------------------------------------------------------------------


def away(desk: Desk, start: str = "09:00", end: str = "12:00") -> Away:
    return Away(desk.world.practitioner, at(start), at(end), "course")


def test_an_absence_sends_away_what_is_planned_in_it_once_confirmed(desk: Desk) -> None:
    pairs = [desk.booked(at(clock)) for clock in ("08:30", "11:55", "12:30")]
    (refusal,) = desk.refusals(lambda s: absences.add(s, away(desk), **desk.asking()))
    assert refusal.code == "disturbs_appointments"
    # with its buffer the first one lasts until 09:05
    assert refusal.params["appointments"] == (pairs[0][1], pairs[1][1])
    desk.do(lambda s: absences.add(s, away(desk), **desk.asking(confirm=True)))
    desk.went(*pairs[:2])
    desk.stand(pairs[2])


def test_an_absence_is_changed_and_removed_by_its_version(desk: Desk) -> None:
    key = desk.do(lambda s: absences.add(s, away(desk), **desk.asking()))
    pair = desk.booked(at("13:00"))
    longer = away(desk, end="14:00")

    def change(version: int, **how: Any) -> Callable[[Session], None]:
        return lambda s: absences.change(s, key, version, longer, **desk.asking(**how))

    assert desk.codes(change(1)) == ["disturbs_appointments"]
    with pytest.raises(OutdatedError):
        desk.do(change(9, confirm=True))
    desk.stand(pair)
    desk.do(change(1, confirm=True))
    desk.went(pair)
    with pytest.raises(OutdatedError):
        desk.do(lambda s: absences.remove(s, key, 1, now=NOW))
    desk.do(lambda s: absences.remove(s, key, 2, now=NOW))
    with pytest.raises(NotThereError):
        desk.do(lambda s: absences.remove(s, key, 2, now=NOW))
    desk.booked(at("09:30"))


def test_an_absence_that_is_none_is_refused(desk: Desk) -> None:
    backwards = away(desk, "12:00", "09:00")
    assert desk.codes(lambda s: absences.add(s, backwards, **desk.asking())) == ["absence_period"]
    nobody = Away(new_id(), at("09:00"), at("12:00"))
    assert desk.codes(lambda s: absences.add(s, nobody, **desk.asking())) == ["unknown"]
    late = Away(desk.world.practitioner, at("09:00"), datetime(9999, 12, 31, tzinfo=UTC))
    assert desk.codes(lambda s: absences.add(s, late, **desk.asking())) == ["day_out_of_range"]


# --- Exclusions -----------------------------------------------------------------------------------------


def test_an_exclusion_sends_away_what_the_two_have_planned(desk: Desk) -> None:
    employee = desk.somebody()
    pair = desk.booked(at("09:00"), employee_id=employee)
    other = desk.booked(at("10:00"))
    who = employee, desk.world.practitioner
    (refusal,) = desk.refusals(lambda s: exclusions.add(s, *who, **desk.asking()))
    assert refusal.params["appointments"] == (pair[1],)
    key = desk.do(lambda s: exclusions.add(s, *who, reason="conflict", **desk.asking(confirm=True)))
    desk.went(pair)
    desk.stand(other)
    assert desk.codes(lambda s: exclusions.add(s, *who, **desk.asking())) == ["one_exclusion"]
    place = Place(pair[0], desk.world.availability, at("09:00"))

    def book(session: Session) -> UUID:
        return book_one(session, place, not_before=NOW, **desk.how)

    assert desk.codes(book) == ["exclusion"]
    desk.do(lambda s: exclusions.remove(s, key))
    desk.do(book)
    with pytest.raises(NotThereError):
        desk.do(lambda s: exclusions.remove(s, key))
    unknown = desk.codes(lambda s: exclusions.add(s, new_id(), new_id(), **desk.asking()))
    assert unknown == ["unknown", "unknown"]


# --- Own holidays ---------------------------------------------------------------------------------------


def there(desk: Desk, day: date = MONDAY, **values: Any) -> OwnDay:
    those: dict[str, Any] = {
        "day": day,
        "name": "Bridge day",
        "is_holiday": True,
        "country": "NL",
        "location_id": desk.world.location,
    }
    return OwnDay(**those | values)


def closing(desk: Desk, own: OwnDay, **how: Any) -> Callable[[Session], UUID]:
    return lambda session: own_days.add(session, own, **desk.asking(**how))


def test_a_day_added_sends_away_what_may_not_be_held_on_it(desk: Desk) -> None:
    pair = desk.booked(at("09:00"))
    willing = desk.booked(at("10:00"), allow_sunday_holiday=True)
    request, by_hand = desk.booked(at("11:00"))
    with desk.engine.begin() as connection:
        connection.execute(
            TABLES[Override.__tablename__].insert(),
            {
                "appointment_id": by_hand,
                "rule": "sunday_holiday",
                "account_id": desk.world.account,
                "reason": "he asked for it",
            },
        )
    (refusal,) = desk.refusals(closing(desk, there(desk)))
    assert refusal.params["appointments"] == (pair[1],)
    assert desk.count("own_holidays", location_id=desk.world.location) == 0
    desk.do(closing(desk, there(desk), confirm=True))
    desk.went(pair)
    desk.stand(willing, (request, by_hand))
    assert desk.codes(closing(desk, there(desk))) == ["one_own_holiday_there"]


def test_a_dropped_holiday_that_is_taken_back_is_one_again(desk: Desk) -> None:
    """Easter Monday 2027: the location works, somebody is planned, and then it does not."""
    easter = date(2027, 3, 29)
    key = desk.do(closing(desk, there(desk, easter, is_holiday=False)))
    block = desk.do(adding(desk, easter))
    wish = {"from_day": easter, "until_day": date(2027, 3, 30)}
    pair = desk.booked(at("09:00", day=28), block, **wish)
    assert desk.codes(lambda s: own_days.drop(s, key, **desk.asking())) == ["disturbs_appointments"]
    desk.do(lambda s: own_days.drop(s, key, **desk.asking(confirm=True)))
    desk.went(pair)
    with pytest.raises(NotThereError):
        desk.do(lambda s: own_days.drop(s, key, **desk.asking()))


def test_a_day_for_a_country_reaches_its_locations_and_no_others(desk: Desk) -> None:
    desk.set("locations", desk.world.location, country="DE", subdivision="BY")
    pair = desk.booked(at("09:00"))
    for country, subdivision in (("BE", ""), ("DE", "SN")):
        day = there(desk, country=country, subdivision=subdivision, location_id=None)
        desk.do(closing(desk, day))
    desk.stand(pair)
    day = there(desk, country="DE", subdivision="BY", location_id=None)
    assert desk.codes(closing(desk, day)) == ["disturbs_appointments"]
    desk.do(closing(desk, day, confirm=True))
    desk.went(pair)


def test_an_unknown_calendar_place_or_day_is_refused(desk: Desk) -> None:
    for values, code in (
        ({"country": "XX", "location_id": None}, "unknown_calendar"),
        ({"country": "DE", "subdivision": "Q", "location_id": None}, "unknown_calendar"),
        ({"location_id": new_id()}, "unknown"),
        ({"day": date(1, 1, 1)}, "day_out_of_range"),
        ({"day": date(2200, 1, 1)}, "day_out_of_range"),
    ):
        own = there(desk, **values)
        assert desk.codes(closing(desk, own)) == [code]


# --- An employment ended --------------------------------------------------------------------------------


def ending(
    desk: Desk, key: UUID, until: date | None, version: int = 1, **how: Any
) -> Callable[[Session], None]:
    return lambda s: employments.end(s, key, version, until, **desk.asking(**how))


def test_an_ended_employment_sends_away_what_comes_after_it(desk: Desk) -> None:
    employee = desk.world.employee
    before = desk.booked(at("09:00"), employee_id=employee)
    block = desk.do(adding(desk, date(2027, 3, 2)))
    after = desk.booked(at("09:00", day=1), block, employee_id=employee)
    act = ending(desk, desk.employment, date(2027, 3, 2))
    (refusal,) = desk.refusals(act)
    assert refusal.params["appointments"] == (after[1],)
    desk.do(ending(desk, desk.employment, date(2027, 3, 2), confirm=True))
    desk.went(after)
    desk.stand(before)
    ended = desk.employment_row()
    assert (ended.until_day, ended.version) == (date(2027, 3, 2), 2)
    desk.do(ending(desk, desk.employment, None, version=2))
    assert desk.employment_row().until_day is None


def test_where_he_works_by_another_employment_nothing_goes(desk: Desk) -> None:
    pair = desk.booked(at("09:00"), employee_id=desk.world.employee)
    desk.works(desk.world.employee, from_day=MONDAY)
    desk.do(ending(desk, desk.employment, date(2027, 2, 1)))
    desk.stand(pair)


def test_an_employment_ends_after_it_began_and_by_its_version(desk: Desk) -> None:
    began = date(2020, 1, 1)
    assert desk.codes(ending(desk, desk.employment, began)) == ["employment_period"]
    with pytest.raises(OutdatedError):
        desk.do(ending(desk, desk.employment, MONDAY, version=2))
    with pytest.raises(NotThereError):
        desk.do(ending(desk, new_id(), MONDAY))


# --- Many at once ---------------------------------------------------------------------------------------


def at_once(desk: Desk, acts: Sequence[Callable[[Session], object]]) -> Counter[str]:
    """Each by a client of its own."""
    url = desk.engine.url.render_as_string(hide_password=False)
    own = database.engine(url, poolclass=NullPool)
    ready = threading.Barrier(len(acts))

    def transaction(act: Callable[[Session], object]) -> str:
        with writing(own) as session:
            act(session)
            time.sleep(BEFORE_COMMIT)
        return "done"

    def client(act: Callable[[Session], object]) -> str:
        ready.wait()
        try:
            return insisting(lambda: transaction(act))
        except RefusedError as error:
            return error.refusals[0].code
        except (OutdatedError, NotThereError) as error:
            return type(error).__name__

    with ThreadPoolExecutor(len(acts)) as crowd:
        found = Counter(crowd.map(client, acts))
    own.dispose()
    return found


def test_however_many_add_at_once_the_location_takes_what_it_takes(engine: Engine) -> None:
    """P2, in small: fifty clients, half an hour apart at the most."""
    desk = small(engine, 3)
    acts = [
        adding(desk, start_minute=300 + n % 4 * 10, end_minute=420 + n % 3 * 10)
        for n in range(CLIENTS)
    ]
    assert at_once(desk, acts) == {"done": 3, "availability_capacity": CLIENTS - 3}


def test_planners_who_book_and_who_take_away_at_once_leave_nothing_behind(desk: Desk) -> None:
    """P3: half of them book, the others shorten, exclude, enter absences; all confirmed."""
    key = desk.do(adding(desk))
    people = [desk.somebody() for _ in range(16)]
    requests = [desk.create(employee_id=one) for one in people]
    taking = [
        changing(desk, key, confirm=True, start_minute=660),
        changing(desk, key, confirm=True, end_minute=840),
        lambda s: absences.add(s, away(desk), **desk.asking(confirm=True)),
        *(
            lambda s, one=one: exclusions.add(
                s, one, desk.world.practitioner, **desk.asking(confirm=True)
            )
            for one in people[:3]
        ),
    ]
    booking = [
        lambda s, n=n, one=one: book_one(
            s, Place(one, key, at("08:00") + timedelta(minutes=30 * n)), not_before=NOW, **desk.how
        )
        for n, one in enumerate(requests)
    ]
    found = at_once(desk, [*booking[:8], *taking, *booking[8:]])
    assert found["done"] >= 5
    assert deadlocks(desk.engine) == 0
    away_ = TABLES["absences"].c
    a = TABLES["appointments"].c
    mine = (a.practitioner_id == desk.world.practitioner) & a.state.in_(["planned", "draft"])
    excluded = TABLES["exclusions"].c
    with desk.reading() as session:
        assert not session.execute(
            select(a.id).where(
                mine,
                away_.practitioner_id == a.practitioner_id,
                away_.starts_at < a.occupied_until,
                away_.ends_at > a.starts_at,
            )
        ).all()
        assert not session.execute(
            select(a.id).where(
                mine,
                excluded.practitioner_id == a.practitioner_id,
                excluded.employee_id == a.employee_id,
            )
        ).all()
        planned = session.scalars(select(a.request_id).where(mine)).all()
    assert {one for one in requests if desk.state(one) == RequestState.PLANNED} == set(planned)


def test_nothing_is_planned_outside_a_live_availability(desk: Desk) -> None:
    """P3, after all of the above in this database."""
    appointments, blocks = TABLES["appointments"].c, TABLES["availabilities"].c
    outside = (
        select(appointments.id)
        .join(TABLES["availabilities"], blocks.id == appointments.availability_id)
        .where(
            appointments.state.in_(["draft", "planned"]),
            blocks.removed_at.is_not(None)
            | (blocks.practitioner_id != appointments.practitioner_id)
            | (blocks.location_id != appointments.location_id)
            | (blocks.starts_at > appointments.starts_at)
            | (blocks.ends_at < appointments.occupied_until),
        )
    )
    with desk.reading() as session:
        assert session.execute(outside).all() == []
