"""Instance files into the database: what goes in comes out, and what cannot go in is told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models import Base
from models.agenda import Availability
from models.appointments import Appointment, AppointmentState, History
from models.organisation import Employer
from models.requests import AppointmentRequest, RequestState
from scheduler.demo import demo_world
from scheduler.exchange import UnwritableError, export, import_instance
from scheduler.exchange.importing import UNTYPED
from scheduler.parameters import GRID, value
from solver.facts import NONE, Instance, Modality
from solver.facts import Appointment as Standing
from solver.files.instance import read_instance
from solver.files.reading import MalformedInputError
from tests.exchanged import NOW, SHARED, exported, facts_of, imported, needs_shared, parsed
from tests.records import DATABASES, fresh
from tests.worlds import (
    Json,
    a_location,
    a_request,
    a_type,
    an_availability,
    an_employee,
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


# --- What goes in comes out ---------------------------------------------------------------------------


def expected(
    facts: Instance, back: Instance, drafts: tuple[str, ...], completed: tuple[str, ...]
) -> Instance:
    """What the documents of `importing` and `exporting` say becomes of these facts."""
    untyped = [kind for kind in back.types if kind.id == UNTYPED]

    def type_of(standing: Standing) -> int:
        if standing.id in completed:
            return NONE
        return len(facts.types) if standing.type == NONE else standing.type

    return replace(
        facts,
        name=back.name,
        types=(*facts.types, *untyped),
        locations=tuple(replace(place, region="everywhere") for place in facts.locations),
        appointments=tuple(replace(one, type=type_of(one)) for one in facts.appointments),
        requests=tuple(
            replace(
                one,
                preferences=None,
                modalities=one.modalities
                if one.modalities == Modality.AT_LOCATION
                else int(Modality.TELEPHONE),
            )
            for one in facts.requests
            if one.id not in drafts
        ),
    )


def assert_comes_back(session: Session, world: Json | Path, facts: Instance) -> None:
    done = imported(session, world)

    back = exported(session, facts)

    assert back == expected(facts, back, done.drafts, done.completed)


def test_the_demo_world_comes_back(session: Session) -> None:
    world = demo_world(requests=500).instance

    assert_comes_back(session, world, facts_of(world))


@needs_shared
@pytest.mark.parametrize("name", ["S-100", "M-100"])
def test_the_shared_instances_come_back(session: Session, name: str) -> None:
    file = SHARED / f"{name}-1.json.gz"

    assert_comes_back(session, file, read_instance(file))


def test_a_small_world_with_everything_in_it_comes_back(session: Session) -> None:
    world = an_instance(
        **EASTER,
        grid=15,
        holidays=[4, 7],
        types=[a_type(refuse_duplicates=True), a_type(id="T2", duration=45, buffer=5)],
        locations=[
            a_location(capacity=1),
            a_location(id="L2", region="R2", capacity=0, holidays=[0, 5]),
        ],
        employees=[an_employee(blacklist=["P2", "P2"]), an_employee(id="W2")],
        availabilities=[
            an_availability(modalities=["location", "video"]),
            # more in parallel than there is room for
            an_availability(id="A2", practitioner="P2", types=["T1", "T2", "T1"]),
            an_availability(id="A3", location="L2", start=at(4, "08:00"), end=at(4, "24:00")),
            an_availability(id="A4", start=at(7, "08:00"), end=at(7, "12:00")),
        ],
        existing=[
            an_existing(employee="W3", type="T1", start=at(0, "09:03"), buffer=4),
            an_existing(id="E2", employee="W4", start=at(0, "22:00"), remote=True),
        ],
        requests=[
            a_request(
                type="T1",
                window=[-3, 30],
                locations=["L2", "L1", "L2"],
                region="R2",
                required_practitioner="P1",
                preferred_practitioner="P2",
                preferred_location="L2",
                allow_saturday=True,
                priority=100,
                request_date="2026-12-24",
                # the usual points, said by hand
                preferences=[["A1", 0], ["A2", 2], ["A3", 1]],
            ),
            a_request(id="Q2", employee="W2", type="T2", allow_sunday_holiday=True, remote=True),
        ],
    )

    assert_comes_back(session, world, facts_of(world))
    assert value(session, GRID) == 15
    assert dict(session.execute(select(Appointment.reference, Appointment.ad_hoc)).all()) == {
        "E1": False,
        "E2": True,
    }


def test_requests_of_several_regions_go_to_their_own_only(session: Session) -> None:
    asked = [a_request(), a_request(id="Q2", region="R2", employee="W2")]
    places = [a_location(), a_location(id="L2", region="R2"), a_location(id="L3", region="R2")]
    world = an_instance(locations=places, requests=asked)

    imported(session, world)

    asked_again = exported(session, facts_of(world)).requests
    assert [sorted(one.locations) for one in asked_again] == [[0], [1, 2]]


@pytest.mark.parametrize(
    ("day", "clock", "utc"),
    [
        # 02:00 to 03:00 is skipped: counted from noon back, 02:30 is what the clocks call 01:30
        (6, "02:30", datetime(2027, 3, 28, 0, 30, tzinfo=UTC)),
        (6, "03:30", datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
        (5, "02:30", datetime(2027, 3, 27, 1, 30, tzinfo=UTC)),
        # 02:00 to 03:00 comes twice: it is the second
        (223, "02:30", datetime(2027, 10, 31, 1, 30, tzinfo=UTC)),
    ],
)
def test_where_the_clocks_change_the_clock_of_noon_counts(
    session: Session, day: int, clock: str, utc: datetime
) -> None:
    block = an_availability(start=at(day, clock), end=at(day, "09:00"))
    world = an_instance(**EASTER | {"days": 300}, availabilities=[block])

    imported(session, world)

    assert session.scalar(select(Availability.starts_at)) == utc
    assert exported(session, facts_of(world)).availabilities == facts_of(world).availabilities


# --- What the guards would refuse ---------------------------------------------------------------------


def test_a_request_that_its_employee_may_not_have_is_a_draft(session: Session) -> None:
    once = [a_type(refuse_duplicates=True), a_type(id="T2")]
    asked = [
        a_request(),  # W1 has one in the agenda
        a_request(id="Q2", employee="W2"),
        a_request(id="Q3", employee="W2"),  # the second
        a_request(id="Q4", employee="W2", type="T2"),
        a_request(id="Q5", employee="W2", type="T2"),
    ]
    world = an_instance(
        types=once, existing=[an_existing(employee="W1", type="T1")], requests=asked
    )

    done = imported(session, world)

    assert done.drafts == ("Q1", "Q3")
    states = select(AppointmentRequest.reference, AppointmentRequest.state)
    drafts = {key for key, state in session.execute(states) if state == RequestState.DRAFT}
    assert drafts == {"Q1", "Q3"}
    assert [one.id for one in exported(session, facts_of(world)).requests] == ["Q2", "Q4", "Q5"]


def test_an_appointment_with_an_excluded_practitioner_is_completed(session: Session) -> None:
    world = an_instance(
        employees=[an_employee(blacklist=["P1"])], existing=[an_existing(employee="W1")]
    )

    done = imported(session, world)

    assert done.completed == ("E1",)
    assert session.scalar(select(Appointment.state)) == AppointmentState.COMPLETED
    events = session.scalars(select(History.event).where(History.appointment_id.is_not(None)))
    assert list(events) == ["take_over_completed"]
    back = exported(session, facts_of(world))
    assert len(back.appointments) == 1
    assert sorted(back.requests[0].excluded) == [0]


def test_what_stands_twice_is_named_and_nothing_is_written(session: Session) -> None:
    booked = [
        an_existing(),
        an_existing(id="E2", start=at(0, "11:00")),
        an_existing(id="E3", employee="X3", start=at(0, "11:15")),
    ]

    with pytest.raises(MalformedInputError) as refused:
        imported(session, an_instance(existing=booked))

    assert str(refused.value) == (
        'test: existing[2]: "E3" cannot stand there, by the rule practitioner_free'
    )
    assert {count(session, table) for table in ("locations", "appointments", "events")} == {0}


def test_a_session_that_goes_on_after_a_refusal_keeps_nothing_of_the_file(session: Session) -> None:
    twice = an_instance(existing=[an_existing(), an_existing(id="E2", employee="X2")])
    with pytest.raises(MalformedInputError):
        import_instance(session, parsed(twice), country="NL", time_zone="Europe/Amsterdam", now=NOW)
    session.add(Employer(code="other", name="Other"))

    assert count(session, "employers") == 1
    assert count(session, "employees") == 0


# --- What is exported ---------------------------------------------------------------------------------


def test_a_file_has_one_time_zone(session: Session) -> None:
    with pytest.raises(UnwritableError, match="no availab"):
        export(session, now=NOW)
    imported(session, an_instance())
    there = an_instance(
        name="there",
        types=[a_type(id="T9")],
        availabilities=[an_availability(id="B1", practitioner="P9", location="L9", types=["T9"])],
        requests=[a_request(id="Q9", employee="W9", type="T9", locations=["L9"])],
    )
    imported(session, there, country="GB", time_zone="Europe/London")

    with pytest.raises(UnwritableError, match="choose from Europe/Amsterdam, Europe/London"):
        export(session, now=NOW)
    start = date(2026, 11, 30)
    content = export(session, now=NOW, zone="Europe/London", from_day=start, days=7)
    assert [one["id"] for one in content["availabilities"]] == ["B1"]


def test_tomorrow_and_the_usual_horizon_are_exported_where_nothing_is_said(
    session: Session,
) -> None:
    imported(session, an_instance())
    late = datetime(2026, 11, 29, 22, 30, tzinfo=UTC)
    content = export(session, now=late)
    later = export(session, now=late, from_day=date(2026, 11, 29), days=3)

    assert (content["start_date"], content["days"]) == ("2026-11-30", 42)
    assert content["requests"][0]["window"] == [0, 7]
    # today's places are not for automatic planning
    assert later["requests"][0]["window"] == [1, 8]
