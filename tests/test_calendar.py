"""The holidays of locations: the library's, the organisation's own, and what is not known."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from scheduler.loading.calendar import UnknownCalendarError, days_off, names
from tests.records import DATABASES, add, fresh

GOOD_FRIDAY = date(2027, 3, 26)
EASTER = (date(2027, 3, 28), date(2027, 3, 29))
LIBERATION_DAY = date(2027, 5, 5)


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def records(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection
        connection.rollback()


class There(NamedTuple):
    id: UUID
    name: str = "Utrecht"
    country: str = "NL"
    subdivision: str | None = None


def a_place(country: str = "NL", subdivision: str | None = None) -> There:
    return There(uuid4(), country=country, subdivision=subdivision)


def found(records: Connection, place: There, from_: str, until: str) -> set[date]:
    with Session(records) as session:
        window = date.fromisoformat(from_), date.fromisoformat(until)
        return set(days_off(session, [place], *window)[place.id])


def named(
    records: Connection, place: There, from_: str, until: str, language: str = "nl"
) -> dict[str, str]:
    with Session(records) as session:
        window = date.fromisoformat(from_), date.fromisoformat(until)
        days = names(session, [place], *window, language)[place.id]
    return {day.isoformat(): name for day, name in days.items()}


# --- The library's ------------------------------------------------------------------------------------


def test_the_dutch_year(records: Connection) -> None:
    days = {(day.month, day.day) for day in found(records, a_place(), "2027-01-01", "2028-01-01")}

    easter, whitsun = {(3, 28), (3, 29)}, {(5, 16), (5, 17)}
    king_s_day, ascension = (4, 27), (5, 6)
    # the library counts Good Friday as well
    assert days == easter | whitsun | {(1, 1), (3, 26), king_s_day, ascension, (12, 25), (12, 26)}


def test_liberation_day_is_a_holiday_once_in_five_years(records: Connection) -> None:
    in_may = {
        year: date(year, 5, 5) in found(records, a_place(), f"{year}-05-01", f"{year}-06-01")
        for year in range(2025, 2032)
    }

    assert {year for year, is_one in in_may.items() if is_one} == {2025, 2030}


def test_belgium_next_to_the_netherlands(records: Connection) -> None:
    here, over_there = a_place(), a_place("BE")

    with Session(records) as session:
        off = days_off(session, [here, over_there], date(2027, 4, 1), date(2027, 12, 1))

    assert off[here.id] - off[over_there.id] == {date(2027, 4, 27)}
    assert {date(2027, 5, 1), date(2027, 7, 21)} < off[over_there.id] - off[here.id]


def test_a_german_land_has_holidays_of_its_own(records: Connection) -> None:
    corpus_christi = date(2027, 5, 27)

    assert corpus_christi in found(records, a_place("DE", "BY"), "2027-05-01", "2027-06-01")
    assert corpus_christi not in found(records, a_place("DE", "BE"), "2027-05-01", "2027-06-01")
    assert corpus_christi not in found(records, a_place("DE"), "2027-05-01", "2027-06-01")


def test_locations_in_two_time_zones_have_each_the_days_of_their_own_country(
    records: Connection,
) -> None:
    willemstad = a_place("CW")

    assert "2027-07-02" in named(records, willemstad, "2027-07-01", "2027-08-01")
    assert named(records, a_place(), "2027-07-01", "2027-08-01") == {}
    # Labour Day, a Saturday: a day that both facts of an availability speak of
    assert found(records, willemstad, "2027-05-01", "2027-05-02") == {date(2027, 5, 1)}


def test_a_window_over_the_end_of_a_year_has_the_days_of_both(records: Connection) -> None:
    assert found(records, a_place(), "2027-12-26", "2028-01-02") == {
        date(2027, 12, 26),
        date(2028, 1, 1),
    }


def test_the_last_day_of_a_window_is_not_in_it(records: Connection) -> None:
    assert found(records, a_place(), "2027-03-28", "2027-03-29") == {EASTER[0]}


def test_a_dutch_province_has_the_country_s_holidays(records: Connection) -> None:
    """The library knows the Netherlands by the regions of its school holidays only."""
    window = "2027-01-01", "2028-01-01"

    assert named(records, a_place("NL", "LI"), *window) == named(records, a_place(), *window)


# --- The organisation's own ---------------------------------------------------------------------------


def test_good_friday_is_dropped_where_the_organisation_works(records: Connection) -> None:
    add(records, "own_holidays", day=GOOD_FRIDAY, country="NL", is_holiday=False)

    assert found(records, a_place(), "2027-03-22", "2027-04-12") == set(EASTER)
    assert GOOD_FRIDAY in found(records, a_place("CW"), "2027-03-22", "2027-04-12")


def test_a_day_of_our_own_has_our_name(records: Connection) -> None:
    add(records, "own_holidays", day=LIBERATION_DAY, country="NL", name="Bevrijdingsdag")
    add(records, "own_holidays", day=date(2027, 5, 6), country="NL", name="Vrij")

    assert named(records, a_place(), "2027-05-04", "2027-05-08", "en") == {
        "2027-05-05": "Bevrijdingsdag",
        "2027-05-06": "Vrij",
    }


def test_the_29th_of_february_can_be_a_day_off(records: Connection) -> None:
    add(records, "own_holidays", day=date(2028, 2, 29), country="NL")

    assert found(records, a_place(), "2028-02-28", "2028-03-02") == {date(2028, 2, 29)}
    assert found(records, a_place(), "2028-02-29", "2028-03-01") == {date(2028, 2, 29)}
    assert found(records, a_place(), "2028-02-28", "2028-02-29") == set()
    assert found(records, a_place(), "2028-03-01", "2028-03-02") == set()


def test_what_is_nearest_to_a_location_counts(records: Connection) -> None:
    maastricht = There(add(records, "locations"), subdivision="LI")
    venlo = There(add(records, "locations"), subdivision="LI")
    carnival = {"day": date(2027, 2, 8), "country": "NL"}
    # the nearest first: the order in which they were entered is of no matter
    add(records, "own_holidays", **carnival, location_id=venlo.id, is_holiday=False)
    add(records, "own_holidays", **carnival, subdivision="LI", is_holiday=True)
    add(records, "own_holidays", **carnival, is_holiday=False)
    window = "2027-02-01", "2027-03-01"

    assert found(records, maastricht, *window) == {date(2027, 2, 8)}
    assert found(records, venlo, *window) == set()
    assert found(records, a_place("NL", "NB"), *window) == set()


def test_one_building_is_closed_and_another_open_whatever_their_country_does(
    records: Connection,
) -> None:
    closed, usual, open_ = (There(add(records, "locations")) for _ in range(3))
    add(records, "own_holidays", day=date(2027, 3, 30), country="NL", location_id=closed.id)
    monday = {"day": EASTER[1], "country": "NL", "is_holiday": False}
    add(records, "own_holidays", **monday, location_id=open_.id)
    window = "2027-03-29", "2027-04-01"

    assert found(records, closed, *window) == {EASTER[1], date(2027, 3, 30)}
    assert found(records, usual, *window) == {EASTER[1]}
    assert found(records, open_, *window) == set()


# --- Names, whatever the machine's own language -------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "name"),
    [
        ("nl", "Tweede paasdag"),
        ("nl-BE", "Tweede paasdag"),
        ("en", "Easter Monday"),
        ("en_US", "Easter Monday"),
        ("xx", "Tweede paasdag"),
    ],
)
def test_names_are_in_the_language_asked_for(
    records: Connection, monkeypatch: pytest.MonkeyPatch, language: str, name: str
) -> None:
    monkeypatch.setenv("LANGUAGE", "uk")

    assert named(records, a_place(), "2027-03-29", "2027-03-30", language) == {"2027-03-29": name}


# --- What is not known --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "subdivision", "problem"),
    [
        ("XX", None, "'XX' is no country; give the two capital letters of ISO 3166-1"),
        ("nl", None, "'nl' is no country; give the two capital letters of ISO 3166-1"),
        (
            "GB",
            "LND",
            (
                "GB has no subdivision 'LND'; leave it empty or take one that has holidays of its own: "
                "ENG, NIR, SCT, WLS"
            ),
        ),
        (
            "CW",
            "Banda Abou",
            (
                "CW has no subdivision 'Banda Abou'; "
                "leave it empty or take one that has holidays of its own: none"
            ),
        ),
    ],
)
def test_a_place_that_the_library_does_not_know_is_named_with_the_remedy(
    records: Connection, country: str, subdivision: str | None, problem: str
) -> None:
    with pytest.raises(UnknownCalendarError) as refused:
        found(records, a_place(country, subdivision), "2027-01-01", "2027-02-01")

    assert str(refused.value) == f"the holidays of location 'Utrecht' are not known: {problem}"
