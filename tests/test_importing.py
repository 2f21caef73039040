"""What the database makes of an instance file: days off, names, and what it has no place for."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models import Base
from models.agenda import Location, OwnHoliday
from models.consultations import ConsultationType, ConsultationTypeName
from models.organisation import Employer, Establishment
from models.people import Employee, Employment
from models.requests import AppointmentRequest
from scheduler.demo import demo_world
from scheduler.demo.labels import labels
from scheduler.exchange import Labels
from scheduler.loading.calendar import UnknownCalendarError
from solver.files.reading import MalformedInputError
from tests.exchanged import exported, facts_of, imported
from tests.records import DATABASES, fresh
from tests.worlds import (
    Json,
    a_location,
    a_request,
    a_type,
    an_availability,
    an_existing,
    an_instance,
    at,
)

EASTER = {"start_date": "2027-03-22", "days": 21}
"""From a Monday: Good Friday is day 4, the clocks change on day 6, Easter Monday is day 7."""


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with engine.connect() as connection, Session(connection) as session:
        yield session  # and never commit


def count(session: Session, table: str) -> int:
    return session.scalar(select(func.count()).select_from(Base.metadata.tables[table])) or 0


# --- Holidays -----------------------------------------------------------------------------------------


def own_days(session: Session) -> set[tuple[Any, ...]]:
    those = (
        select(OwnHoliday.day, Location.reference, OwnHoliday.name, OwnHoliday.is_holiday)
        .outerjoin(Location, Location.id == OwnHoliday.location_id)
        .order_by(OwnHoliday.day)
    )
    return {tuple(row) for row in session.execute(those)}


FRIDAY, EASTER_MONDAY, TUESDAY = date(2027, 3, 26), date(2027, 3, 29), date(2027, 3, 30)


@pytest.mark.parametrize(
    ("of_all", "of_one", "told"),
    [
        ([4, 7], None, set()),
        # Easter Sunday is a Sunday, whoever says so
        ([4, 6, 7], None, set()),
        ([7], None, {(FRIDAY, None, "Good Friday", False)}),
        ([4, 7, 8], None, {(TUESDAY, None, "Bridge day", True)}),
        (
            [7],
            [4, 8],
            {
                (FRIDAY, "L1", "Good Friday", False),
                (EASTER_MONDAY, "L2", "Easter Monday", False),
                (TUESDAY, "L2", "Bridge day", True),
            },
        ),
    ],
)
def test_days_off_are_told_as_what_differs_from_the_calendar(
    session: Session, of_all: list[int], of_one: list[int] | None, told: set[object]
) -> None:
    blocks = [
        an_availability(
            id=f"{place}-{day}", location=place, start=at(day, "09:00"), end=at(day, "12:00")
        )
        for place in ("L1", "L2")
        for day in range(14)
    ]
    places = [a_location(), a_location(id="L2", holidays=of_one)]
    world = an_instance(**EASTER, holidays=of_all, locations=places, availabilities=blocks)

    imported(session, world, labels=Labels(holidays={8: "Bridge day"}))

    assert own_days(session) == told
    assert exported(session, facts_of(world)).availabilities == facts_of(world).availabilities


def test_other_locations_of_the_country_keep_their_days_off(session: Session) -> None:
    imported(session, an_instance(**EASTER, holidays=[4, 7]))
    block = an_availability(id="B1", practitioner="P9", location="L9")
    second = an_instance(
        **EASTER,
        name="second",
        types=[a_type(id="T9")],
        availabilities=[block | {"types": ["T9"]}],
        requests=[a_request(id="Q9", employee="W9", type="T9", locations=["L9"])],
    )

    imported(session, second)

    assert own_days(session) == {
        (FRIDAY, "L9", "Good Friday", False),
        (EASTER_MONDAY, "L9", "Easter Monday", False),
    }


# --- Names --------------------------------------------------------------------------------------------


def test_with_labels_the_demo_world_is_readable(session: Session) -> None:
    world = demo_world(requests=500)
    one = world.employees["W0001"]
    employer = world.employers[one.employer]

    imported(session, world.instance, labels=labels(world))

    employee = session.scalars(select(Employee).where(Employee.reference == one.id)).one()
    works = session.execute(
        select(Employer.name, Establishment.name, Establishment.city)
        .join(Employment, Employment.employer_id == Employer.id)
        .join(Establishment, Establishment.id == Employment.establishment_id)
        .where(Employment.employee_id == employee.id)
    ).one()
    place = session.scalars(select(Location).where(Location.reference == "L01")).one()
    kind = session.scalars(select(ConsultationType).where(ConsultationType.code == "telephone"))
    english = session.scalars(select(ConsultationTypeName.name)).all()
    assert employee.last_name == one.label
    assert tuple(works) == (employer.label, employer.label, employer.town)
    assert (place.name, place.city) == ("Alkmaar", "Alkmaar")
    assert round(place.latitude or 0) == 53
    assert kind.one().name == "Telefonisch spreekuur"
    assert "Telephone consultation" in english


def test_without_labels_everybody_works_for_one_employer(session: Session) -> None:
    imported(session, an_instance(name="N" * 200, existing=[an_existing()]))

    employer = session.scalars(select(Employer)).one()
    employments = session.scalars(select(Employment)).all()
    assert employer.name == "Imported: " + "N" * 190
    assert {one.employer_id for one in employments} == {employer.id}
    assert len(employments) == count(session, "employees") == 2


@pytest.mark.parametrize(
    ("ways", "held"),
    [
        (["video", "telephone"], "telephone"),
        (["video"], "video"),
        (["video", "location"], "at_location"),
    ],
)
def test_of_several_ways_to_be_seen_the_first_is_taken(
    session: Session, ways: list[str], held: str
) -> None:
    # the list goes before what older readers understand
    imported(session, an_instance(requests=[a_request(remote=True) | {"modalities": ways}]))

    assert session.scalar(select(AppointmentRequest.modality)) == held


# --- What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("world", "place", "problem"),
    [
        (
            an_instance(requests=[a_request(preferences=[["A1", 3]])]),
            "requests[0].preferences",
            'the points of "Q1" cannot be stored; leave them out',
        ),
        (
            an_instance(requests=[a_request(), a_request(id="Q2", locations=[])]),
            "requests[1].locations",
            'no location would do for "Q2"; name one, or leave it out',
        ),
        (
            an_instance(availabilities=[an_availability(modalities=[])]),
            "availabilities[0].modalities",
            '"A1" admits no modality; name one, or leave it out',
        ),
        (an_instance(grid=7), "grid", "a whole number from 1 to 60 that divides 1440, not '7'"),
        (
            an_instance(**EASTER, availabilities=[an_availability(start=at(6, "00:30"), end=at(6, "09:00"))]),
            "availabilities[0]",
            "the clocks change on 2027-03-28",
        ),
        (
            an_instance(existing=[an_existing(type="T1"), an_existing(id="E2", type="T1", start=at(0, "15:00"))],
                types=[a_type(refuse_duplicates=True)]),
            "existing[1]",
            '"E2" cannot stand there, by the rule duplicate',
        ),
    ],
)  # fmt: skip
def test_what_the_database_has_no_place_for_is_refused(
    session: Session, world: Json, place: str, problem: str
) -> None:
    with pytest.raises(MalformedInputError) as refused:
        imported(session, world)

    assert refused.value.place == place
    assert problem in refused.value.problem
    assert count(session, "employees") == 0


@pytest.mark.parametrize(
    ("changes", "place", "key"),
    [
        ({}, "types[0].id", "T1"),
        ({"types": [a_type(id="T2"), a_type()]}, "types[1].id", "T1"),
        ({"types": [a_type(id="T2")]}, "locations[0].id", "L1"),
    ],
)
def test_a_world_is_imported_once(session: Session, changes: Json, place: str, key: str) -> None:
    imported(session, an_instance())
    block = an_availability(types=["T2"] if "types" in changes else ["T1"])
    asked = a_request(type="T2" if "types" in changes else "T1")

    with pytest.raises(MalformedInputError) as refused:
        imported(session, an_instance(**changes, availabilities=[block], requests=[asked]))

    assert refused.value.place == place
    assert refused.value.problem.startswith(f'"{key}" is in the database already; import it into')
    assert count(session, "requests") == 1


def test_a_grid_that_is_in_use_stays(session: Session) -> None:
    imported(session, an_instance())

    with pytest.raises(MalformedInputError, match="is in the database already"):
        imported(session, an_instance(grid=15))
    other = an_instance(grid=15, types=[], locations=[], practitioners=[], employees=[],
                        availabilities=[], requests=[])  # fmt: skip
    with pytest.raises(MalformedInputError, match="15 minutes apart, and 5 in this database"):
        imported(session, other)


def test_a_country_or_a_time_zone_that_nobody_knows_is_refused(session: Session) -> None:
    with pytest.raises(UnknownCalendarError, match="no country"):
        imported(session, an_instance(), country="XX")
    with pytest.raises(ZoneInfoNotFoundError):
        imported(session, an_instance(), time_zone="Europe/Nowhere")

    assert count(session, "locations") == 0
