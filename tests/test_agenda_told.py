"""What a change of the agenda tells: to who asks, of the appointments that he may see; and to who listens, in the news. Domain §§3, 6, 8."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, false
from sqlalchemy.orm import Session

from models.appointments import Appointment
from scheduler.agenda import (
    MESSAGES,
    OF_WHAT_WAS_SENT,
    absences,
    availabilities,
    series,
    series_changes,
)
from scheduler.agenda.absences import Away
from scheduler.agenda.availabilities import Opened
from scheduler.agenda.disturbed import Leave
from scheduler.agenda.series import Repeated
from scheduler.agenda.series_parts import Reach
from scheduler.lifecycles import OutdatedError
from scheduler.loading.clock import WrongOffsetError, fold_of
from tests.desks import MONDAY, NOW, Desk
from tests.records import DATABASES, at, fresh

SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
SUMMER, WINTER = timedelta(hours=2), timedelta(hours=1)
AMSTERDAM = "Europe/Amsterdam"


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


# --- Who may see what is in the way ---------------------------------------------------------------------


def test_only_what_is_seen_is_told_and_only_if_all_is_seen_it_goes(desk: Desk) -> None:
    early, late = desk.booked(at("08:00")), desk.booked(at("15:00"))
    seen = Appointment.id == late[1]

    def away(leave: Leave) -> list[tuple[str, object]]:
        def act(session: Session) -> object:
            period = Away(desk.world.practitioner, at("07:00"), at("17:00"))
            return absences.add(session, period, leave=leave, **desk.how)

        return [(one.code, dict(one.params)) for one in desk.refusals(act)]

    told = {"appointments": (late[1],), "count": 2, "others": 1}
    assert away(Leave(confirmed=False, seen=seen)) == [("disturbs_appointments", told)]
    assert away(Leave(confirmed=True, seen=seen)) == [("disturbs_others", {"others": 1})]
    assert away(Leave(confirmed=True, seen=false())) == [("disturbs_others", {"others": 2})]
    desk.stand(early, late)


def test_what_went_is_told_for_the_record(desk: Desk) -> None:
    pair = desk.booked(at("08:00"))
    how = desk.asking(confirm=True)

    desk.do(lambda s: availabilities.remove(s, desk.world.availability, 1, **how))

    assert how["leave"].gone == [pair[1]]


def test_what_speaks_of_what_was_sent_has_a_sentence() -> None:
    assert MESSAGES.keys() >= OF_WHAT_WAS_SENT


# --- The news -------------------------------------------------------------------------------------------


def test_a_series_is_told_of_one_by_one(desk: Desk) -> None:
    repeated = Repeated(offer=desk.offer(), first_day=MONDAY, rule="FREQ=WEEKLY;COUNT=3")
    first, second, third = desk.do(lambda s: series.add(s, repeated, now=NOW)).availabilities

    desk.do(lambda s: series_changes.remove(s, second, 1, Reach.FOLLOWING, **desk.asking()))

    assert desk.news(first) == ["AvailabilityAdded"]
    assert desk.news(second) == desk.news(third) == ["AvailabilityAdded", "AvailabilityRemoved"]


def test_what_is_refused_is_no_news(desk: Desk) -> None:
    key = desk.world.availability
    desk.booked(at("08:00"))
    later = Opened(offer=desk.offer(start_minute=600), day=MONDAY)

    desk.codes(lambda s: availabilities.change(s, key, 1, later, **desk.asking()))

    assert desk.news(key) == []


def test_an_absence_that_somebody_changed_meanwhile_is_not_taken_back(desk: Desk) -> None:
    period = Away(desk.world.practitioner, at("07:00"), at("17:00"))
    key = desk.do(lambda s: absences.add(s, period, **desk.asking()))

    with pytest.raises(OutdatedError):
        desk.do(lambda s: absences.remove(s, key, 2, now=NOW))

    assert desk.news(key) == ["AbsenceAdded"]


# --- Offsets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "minute", "offset", "fold"),
    [
        (MONDAY, 540, WINTER, 0),
        (AUTUMN, 150, SUMMER, 0),
        (AUTUMN, 150, WINTER, 1),
        (SPRING, 150, WINTER, 0),
        (SPRING, 150, timedelta(), 0),
        (SPRING, 1440, SUMMER, 0),
        (AUTUMN, 1440, WINTER, 0),
    ],
)
def test_an_offset_says_which_of_two_is_meant(
    day: date, minute: int, offset: timedelta, fold: int
) -> None:
    assert fold_of(AMSTERDAM, day, minute, offset) == fold


@pytest.mark.parametrize(
    ("day", "minute", "offset", "offsets"),
    [
        (MONDAY, 540, SUMMER, (WINTER,)),
        (AUTUMN, 150, timedelta(), (SUMMER, WINTER)),
        (AUTUMN, 1440, SUMMER, (WINTER,)),
    ],
)
def test_an_offset_that_is_not_that_of_the_time_is_refused(
    day: date, minute: int, offset: timedelta, offsets: tuple[timedelta, ...]
) -> None:
    with pytest.raises(WrongOffsetError, match="say that, or nothing") as error:
        fold_of(AMSTERDAM, day, minute, offset)
    assert error.value.offsets == offsets
