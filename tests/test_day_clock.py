"""The solver's minutes of a local day and times as people type them, against zoneinfo quarter by quarter."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from scheduler.loading.clock import (
    AmbiguousTimeError,
    DayClock,
    NonexistentTimeError,
    local_instant,
)
from solver.minutes import MINUTES_PER_DAY
from tests.builders import clock

AMSTERDAM = "Europe/Amsterdam"
HAVANA = "America/Havana"  # changes its clocks at midnight: in spring 00:00 does not exist
BEIRUT = "Asia/Beirut"  # in autumn from midnight back to 23:00 of the day before
ZONES = (
    AMSTERDAM,
    "America/Curacao",  # never changes
    "Australia/Lord_Howe",  # changes by half an hour
    "Asia/Kathmandu",  # +05:45
    HAVANA,
    BEIRUT,
)

SPRING = date(2027, 3, 28)
AUTUMN = date(2027, 10, 31)

DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)
YEARS = range(2026, 2036)


# --- The oracle: zoneinfo, asked for every quarter of an hour -------------------------------------------


@cache
def quarters(zone: str, day: date) -> list[datetime]:
    """Every quarter of an hour that has this date there, in order."""
    there = ZoneInfo(zone)
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - DAY
    around = (begin + n * QUARTER for n in range(3 * 96))
    return [instant for instant in around if instant.astimezone(there).date() == day]


def offset(zone: str, instant: datetime) -> timedelta:
    there = instant.astimezone(ZoneInfo(zone)).utcoffset()
    assert there is not None
    return there


def wall_clock(zone: str, instant: datetime) -> int:
    there = instant.astimezone(ZoneInfo(zone))
    return 60 * there.hour + there.minute


def days_of(years: range) -> Iterator[date]:
    day = date(years[0], 1, 1)
    while day.year in years:
        yield day
        day += DAY


def changes(zone: str) -> list[date]:
    """The days on which the clocks change, and in a zone without them a few others."""
    there = ZoneInfo(zone)
    noons = [datetime(day.year, day.month, day.day, 12, tzinfo=there) for day in days_of(YEARS)]
    # from one noon to the next the clock is another: both days, whichever of them the change is on
    changed = [
        noon.date()
        for before, after in pairwise(noons)
        if before.utcoffset() != after.utcoffset()
        for noon in (before, after)
    ]
    return changed or [SPRING, AUTUMN]


LEAP_DAYS = [date(year, 2, 29) for year in range(2028, 2100, 4)]
DAYS = {zone: changes(zone) + LEAP_DAYS for zone in ZONES}


def test_the_oracle_looks_at_both_changes_of_every_year() -> None:
    lengths = [len(quarters(AMSTERDAM, day)) for day in changes(AMSTERDAM)]

    assert lengths.count(92) == len(YEARS)
    assert lengths.count(100) == len(YEARS)
    assert [len(quarters(HAVANA, date(2027, 3, day))) for day in (13, 14)] == [96, 92]
    assert [len(quarters(BEIRUT, date(2027, 10, day))) for day in (30, 31)] == [100, 96]


# --- The solver's minutes -------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
def test_every_quarter_of_an_hour_comes_back_the_same(zone: str) -> None:
    for day in DAYS[zone]:
        day_clock = DayClock.of(zone, day)
        for instant in quarters(zone, day):
            minute = day_clock.minute(instant)
            assert day_clock.instant(minute) == instant
            assert day_clock.instant(minute).tzinfo is UTC
            assert day_clock.minute(instant.astimezone(ZoneInfo(zone))) == minute


@pytest.mark.parametrize("zone", ZONES)
def test_minutes_last_as_long_as_they_say_from_one_end_of_the_day_to_the_other(zone: str) -> None:
    for day in DAYS[zone]:
        minutes = [DayClock.of(zone, day).minute(each) for each in quarters(zone, day)]
        assert all(later - earlier == 15 for earlier, later in pairwise(minutes))


@pytest.mark.parametrize("zone", ZONES)
def test_minutes_are_what_the_clocks_show_but_for_the_change(zone: str) -> None:
    for day in DAYS[zone]:
        instants = quarters(zone, day)
        at_noon = next(
            offset(zone, each) for each in instants if wall_clock(zone, each) == clock("12:00")
        )
        for instant in instants:
            ahead = (at_noon - offset(zone, instant)) // timedelta(minutes=1)
            assert DayClock.of(zone, day).minute(instant) == wall_clock(zone, instant) + ahead


@pytest.mark.parametrize(
    ("day", "instant", "minute"),
    [
        (SPRING, "2027-03-27T23:00", 60),  # 00:00 CET, when the day begins
        (SPRING, "2027-03-28T00:45", 165),  # 01:45 CET
        (SPRING, "2027-03-28T01:00", clock("03:00")),
        (SPRING, "2027-03-28T22:00", clock("24:00")),
        (AUTUMN, "2027-10-30T22:00", -60),  # 00:00 CEST, when the day begins
        (AUTUMN, "2027-10-30T23:00", 0),  # 01:00 CEST
        (AUTUMN, "2027-10-31T00:30", 90),  # 02:30, the first
        (AUTUMN, "2027-10-31T01:30", clock("02:30")),  # 02:30, the second
        (AUTUMN, "2027-10-31T23:00", clock("24:00")),
    ],
)
def test_the_days_on_which_the_clocks_change(day: date, instant: str, minute: int) -> None:
    assert DayClock.of(AMSTERDAM, day).minute(datetime.fromisoformat(f"{instant}Z")) == minute


def test_a_day_whose_first_hour_is_wanted_counts_on_the_clock_of_midnight() -> None:
    half_past_midnight = datetime(2027, 10, 30, 22, 30, tzinfo=UTC)
    one_o_clock = datetime(2027, 10, 30, 23, tzinfo=UTC)

    by_midnight = DayClock.of(AMSTERDAM, AUTUMN, half_past_midnight)

    assert by_midnight.minute(half_past_midnight) == 30
    assert by_midnight.minute(datetime(2027, 10, 31, 23, tzinfo=UTC)) == MINUTES_PER_DAY + 60
    assert DayClock.of(AMSTERDAM, AUTUMN, one_o_clock) == DayClock.of(AMSTERDAM, AUTUMN)


@pytest.mark.parametrize("zone", ZONES)
def test_whatever_is_wanted_first_can_be_told(zone: str) -> None:
    for day in DAYS[zone]:
        for first in quarters(zone, day):
            assert DayClock.of(zone, day, first).minute(first) >= 0


def test_of_other_days_nothing_is_on_the_solvers_day() -> None:
    day_clock = DayClock.of(AMSTERDAM, date(2027, 3, 2))

    assert day_clock.minute(datetime(2027, 3, 1, 22, 59, tzinfo=UTC)) == -1
    assert day_clock.minute(datetime(2027, 3, 2, 23, 1, tzinfo=UTC)) == MINUTES_PER_DAY + 1


def test_a_minute_has_begun_until_the_next_one_does() -> None:
    day_clock = DayClock.of(AMSTERDAM, date(2027, 3, 2))
    nine = datetime(2027, 3, 2, 8, tzinfo=UTC)

    assert day_clock.minute(nine - timedelta(microseconds=1)) == clock("08:59")
    assert day_clock.minute(nine + timedelta(seconds=59)) == clock("09:00")


def test_an_instant_without_a_zone_is_none() -> None:
    with pytest.raises(TypeError, match="naive"):
        DayClock.of(AMSTERDAM, SPRING).minute(datetime(2027, 3, 28, 9))  # noqa: DTZ001 (the point)


# --- Times as people type them --------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
def test_each_quarter_that_the_clocks_show_is_found_and_no_other(zone: str) -> None:
    for day in DAYS[zone]:
        shown: dict[int, list[datetime]] = {}
        for instant in quarters(zone, day):
            shown.setdefault(wall_clock(zone, instant), []).append(instant)
        for minute in range(0, MINUTES_PER_DAY, 15):
            meant = shown.get(minute, [])
            if not meant:
                with pytest.raises(NonexistentTimeError):
                    local_instant(zone, day, minute)
            elif len(meant) == 1:
                assert [
                    local_instant(zone, day, minute, fold) for fold in (None, 0, 1)
                ] == meant * 3
            else:
                assert [local_instant(zone, day, minute, fold) for fold in (0, 1)] == meant
                with pytest.raises(AmbiguousTimeError) as refused:
                    local_instant(zone, day, minute)
                assert refused.value.offsets == tuple(offset(zone, each) for each in meant)


@pytest.mark.parametrize("zone", ZONES)
def test_every_day_ends_once_when_the_next_one_begins(zone: str) -> None:
    for day in DAYS[zone]:
        end = local_instant(zone, day, MINUTES_PER_DAY)
        assert end == quarters(zone, day)[-1] + QUARTER == quarters(zone, day + DAY)[0]


def test_a_time_that_does_not_exist_is_told_with_the_remedy() -> None:
    with pytest.raises(NonexistentTimeError) as refused:
        local_instant(AMSTERDAM, SPRING, clock("02:30"))

    assert str(refused.value) == (
        "2027-03-28 02:30 does not exist in Europe/Amsterdam: "
        "the clocks are put forward past it; choose a later time"
    )
    assert (refused.value.code, refused.value.minute) == ("nonexistent_local_time", clock("02:30"))


def test_a_time_that_comes_twice_is_told_with_both_offsets() -> None:
    with pytest.raises(AmbiguousTimeError) as refused:
        local_instant(AMSTERDAM, AUTUMN, clock("02:30"))

    assert str(refused.value) == (
        "2027-10-31 02:30 happens twice in Europe/Amsterdam: "
        "first at +02:00, then at +01:00; say which"
    )
    assert refused.value.code == "ambiguous_local_time"


@pytest.mark.parametrize("fold", [0, 1])
def test_saying_which_does_not_make_a_time_exist(fold: int) -> None:
    with pytest.raises(NonexistentTimeError):
        local_instant(AMSTERDAM, SPRING, clock("02:30"), fold)


@pytest.mark.parametrize("minute", [-1, MINUTES_PER_DAY + 1])
def test_a_minute_that_is_on_no_day_is_refused(minute: int) -> None:
    with pytest.raises(ValueError, match=f"minute {minute} is not on a day"):
        local_instant(AMSTERDAM, SPRING, minute)
