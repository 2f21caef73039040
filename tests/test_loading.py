"""From rows to facts: the same as the builders', whether for a horizon or beside one request; clock changes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from models import appointments as records
from scheduler.actor import NOBODY
from scheduler.booking import Place, book
from scheduler.loading import Loaded, beside, horizon, next_day, rows, zones, zones_in_use
from scheduler.loading.occupation import Span
from scheduler.loading.rows import AvailabilityRow, RequestRow
from scheduler.options import options
from solver.agenda import Agenda as Standing
from solver.facts import NONE, Appointment, Assignment, Instance, Modality
from solver.minutes import MINUTES_PER_DAY
from tests.agendas import AMSTERDAM, CURACAO, DAY, FRIDAY_BEFORE, MONDAY, Agenda, made_up, there
from tests.builders import (
    a_location,
    a_request,
    a_type,
    an_appointment,
    an_availability,
    an_instance,
    clock,
)
from tests.effort import searched
from tests.records import DATABASES, change, fresh

NINE, NOON = clock("09:00"), clock("12:00")
QUARTER = timedelta(minutes=15)
DAYS = 14
Admitted = dict[tuple[UUID, UUID], list[datetime]]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


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


def a_fortnight(connection: Connection, zone: str = AMSTERDAM, **how: Any) -> Loaded:
    when = {"now": FRIDAY_BEFORE, "not_before": FRIDAY_BEFORE} | how
    with session_on(connection) as session:
        return horizon(session, zone, MONDAY, MONDAY + DAYS * DAY, **when)


# --- The same world through SQL and through the builders ------------------------------------------------


@dataclass
class Town:
    """The rows of `facts_of_the_town`."""

    agenda: Agenda
    hold: UUID = field(init=False)
    absence: UUID = field(init=False)

    def __post_init__(self) -> None:
        self.places_and_people()
        self.types()
        self.days_off()
        self.blocks()
        self.requests()
        self.standing()
        # from now on; what is there stays
        change(self.agenda.connection, "consultation_types", self.t3, refuses_duplicates=True)

    def places_and_people(self) -> None:
        agenda = self.agenda
        self.l1, self.p1 = agenda.world.location, agenda.world.practitioner
        change(agenda.connection, "locations", self.l1, reference="L1")
        change(agenda.connection, "practitioners", self.p1, reference="P1")
        self.l2 = agenda.location(reference="L2", capacity=2)
        self.island = agenda.location(CURACAO, reference="L3", country="CW")
        self.p2, self.p3 = (agenda.add("practitioners", reference=name) for name in ("P2", "P3"))
        self.w1, self.w2, self.w3, self.w4 = (
            agenda.add("employees", reference=f"W{n}") for n in (1, 2, 3, 4)
        )

    def types(self) -> None:
        """The second asks for a doctor or a nurse; the first practitioner is a doctor."""
        agenda = self.agenda
        self.t1 = agenda.world.type
        change(agenda.connection, "consultation_types", self.t1, code="T1")
        self.t2 = agenda.type(code="T2", duration=45, buffer=10, minimum_notice=4 * 24 * 60)
        self.t3 = agenda.type(code="T3", duration=20, buffer=0)
        doctor, nurse = agenda.function(), agenda.function()
        for one in (doctor, nurse):
            asks = {"consultation_type_id": self.t2, "function_id": one}
            agenda.link("consultation_type_functions", **asks)
        agenda.link("practitioner_functions", practitioner_id=self.p1, function_id=doctor)

    def days_off(self) -> None:
        """Ascension is none at the second location; the second Monday is one at the first."""
        for day, here, is_one in ((3, self.l2, False), (7, self.l1, True)):
            when = {"day": MONDAY + day * DAY, "country": "NL"}
            self.agenda.add("own_holidays", **when, location_id=here, is_holiday=is_one)

    def blocks(self) -> None:
        nine, block, both = self.nine, self.agenda.block, [self.t1, self.t2]
        by_room: dict[str, Any] = {"by_video": False, "by_telephone": False}
        self.a1 = block(nine(0), 180, both, reference="A1")
        block(nine(3), 180, both, reference="A2", practitioner_id=self.p2, **by_room)
        remote: dict[str, Any] = {"location_id": self.l2, "at_location": False}
        block(nine(3), 180, [self.t3], reference="A3", practitioner_id=self.p3, **remote)
        block(nine(5), 180, reference="A4")
        block(nine(7), 180, reference="A5", practitioner_id=self.p2)
        block(nine(8), 180, reference="A6", removed_at=FRIDAY_BEFORE)
        there_ = there(CURACAO, MONDAY, NINE)
        block(there_, 180, reference="A7", location_id=self.island)
        block(nine(DAYS), 180, reference="A8")

    def requests(self) -> None:
        ask = self.agenda.request
        self.agenda.add("exclusions", employee_id=self.w1, practitioner_id=self.p2)
        liked: dict[str, Any] = {
            "preferred_practitioner_id": self.p1,
            "preferred_location_id": self.l2,
        }
        ask(reference="Q1", employee_id=self.w1, **liked)
        self.q2 = ask(
            reference="Q2",
            employee_id=self.w2,
            consultation_type_id=self.t2,
            duration=45,
            buffer=10,
            locations=[self.l2],
            modality="video",
            required_practitioner_id=self.p3,
            from_day=MONDAY + 2 * DAY,
            until_day=MONDAY + 20 * DAY,
            requested_on=MONDAY - 10 * DAY,
            allow_saturday=True,
            allow_sunday_holiday=True,
            priority=3,
        )
        ask(reference="Q3", employee_id=self.w3, locations=[self.island])
        ask(reference="Q4", employee_id=self.w3, state="draft")
        ask(
            reference="Q5",
            employee_id=self.w4,
            consultation_type_id=self.t3,
            locations=[self.l2, self.island],
        )

    def standing(self) -> None:
        nine, agenda = self.nine, self.agenda
        self.stands("E1", nine(0), employee_id=self.w4, consultation_type_id=self.t3)
        self.stands("E2", nine(1), employee_id=self.w4, state="draft", practitioner_id=self.p2)
        telephone = {"state": "completed", "modality": "telephone"}
        self.stands("E3", nine(2), employee_id=self.w4, **telephone)
        self.stands("E4", nine(4), employee_id=self.w4, state="deleted")
        # until midnight in Amsterdam, its buffer beyond
        far = there(CURACAO, MONDAY + DAY, clock("17:30"))
        self.stands("E5", far, employee_id=self.w1, location_id=self.island)
        self.hold = agenda.hold(nine(0) + timedelta(hours=1), 20, self.q2, self.a1)
        agenda.hold(nine(0) + timedelta(hours=2), 20, self.q2, self.a1, expires_at=LONG_AGO)
        self.absence = agenda.add(
            "absences",
            practitioner_id=self.p3,
            starts_at=nine(5) + timedelta(hours=3),
            ends_at=nine(7),
        )

    def nine(self, day: int) -> datetime:
        return there(AMSTERDAM, MONDAY + day * DAY, NINE)

    def stands(self, name: str, begin: datetime, **values: Any) -> None:
        buffer = {"occupied_until": begin.astimezone(UTC) + timedelta(minutes=35)}
        self.agenda.add(
            "appointments", **self.agenda.standing(begin, 30, **values) | buffer, reference=name
        )


def facts_of_the_town(town: Town) -> Instance:
    """The same, by hand: P1..P3 are 0..2, L1 and L2 are 0 and 1, W1, W2 and W4 are 0..2."""
    remote = int(Modality.REMOTE)
    block = partial(an_availability, start=NINE, end=NOON)
    nobody: dict[str, Any] = {"id": str(town.absence), "location": NONE, "employee": NONE}
    nobody |= {"type": NONE, "takes_room": False}

    def away(start: int, end: int, day: int) -> Appointment:
        return an_appointment(start, end - start, practitioner=2, day=day, **nobody)

    ask = partial(a_request, locations=[0, 1], until_day=DAYS, requested_on=MONDAY)
    return an_instance(
        name=f"{MONDAY} {AMSTERDAM}",
        start_date=MONDAY,
        days=DAYS,
        grid=10,
        types=[
            a_type(id="T1", buffer=5),
            a_type(id="T2", duration=45, buffer=10),
            a_type(id="T3", duration=20, refuse_duplicates=True),
        ],
        # where there is no limit, one more than the two who are there
        locations=[
            a_location(id="L1", region="", capacity=3),
            a_location(id="L2", region="", capacity=2),
        ],
        practitioners=["P1", "P2", "P3"],
        employees=["W1", "W2", "W4"],
        availabilities=[
            block([0, 1], id="A1"),
            block([0], id="A2", practitioner=1, day=3, modalities=1, on_day_off=True),
            block([2], id="A3", practitioner=2, location=1, day=3, modalities=remote),
            block([0], id="A4", day=5, on_saturday=True),
            block([0], id="A5", practitioner=1, day=7, on_day_off=True),
        ],
        appointments=[
            an_appointment(id="E1", buffer=5, employee=2, type=2),
            an_appointment(id="E2", buffer=5, employee=2, practitioner=1, day=1),
            an_appointment(id="E3", buffer=5, employee=2, day=2, takes_room=False),
            an_appointment(
                clock("23:30"), id="E5", employee=0, day=1, type=0, location=NONE, takes_room=False
            ),
            an_appointment(
                0, 0, 5, id="E5", employee=0, day=2, type=0, location=NONE, takes_room=False
            ),
            an_appointment(clock("10:00"), 20, id=str(town.hold), employee=1),
            away(NOON, MINUTES_PER_DAY, day=5),
            away(0, MINUTES_PER_DAY, day=6),
            away(0, NINE, day=7),
        ],
        requests=[
            ask(id="Q1", excluded=[1], preferred_practitioner=0, preferred_location=1),
            ask(
                id="Q2",
                employee=1,
                type=1,
                duration=45,
                buffer=10,
                locations=[1],
                modalities=int(Modality.VIDEO),
                required_practitioner=2,
                from_day=2,
                until_day=20,
                requested_on=MONDAY - 10 * DAY,
                age=10,
                allow_saturday=True,
                allow_day_off=True,
                priority=3,
                earliest=MINUTES_PER_DAY + NOON,
            ),
            ask(id="Q5", employee=2, type=2, locations=[1], already_has_one=True),
        ],
    )


def test_sql_and_the_builders_give_the_same_facts(agenda: Agenda) -> None:
    agenda.parameter("Planning", "Grid", 10)
    town = Town(agenda)

    found, expected = a_fortnight(agenda.connection).instance, facts_of_the_town(town)

    for each in fields(Instance):
        assert getattr(found, each.name) == getattr(expected, each.name), each.name


def test_nothing_starts_before_it_is_said(agenda: Agenda) -> None:
    Town(agenda)
    tuesday = next_day(FRIDAY_BEFORE + 3 * DAY, AMSTERDAM)

    found = a_fortnight(agenda.connection, not_before=tuesday).instance

    assert [request.earliest for request in found.requests] == [
        MINUTES_PER_DAY,
        MINUTES_PER_DAY + NOON,
        MINUTES_PER_DAY,
    ]


def test_a_zone_has_its_own_and_occupies_people_elsewhere(agenda: Agenda) -> None:
    Town(agenda)

    found = a_fortnight(agenda.connection, CURACAO).instance

    assert [block.id for block in found.availabilities] == ["A7"]
    # those that may go there; and what stands in Amsterdam is six hours earlier here
    assert [request.id for request in found.requests] == ["Q1", "Q3", "Q5"]
    first = found.appointments[0]
    assert (first.id, first.start, first.location) == ("E1", clock("03:00"), NONE)
    with session_on(agenda.connection) as session:
        assert zones(session) == [AMSTERDAM, CURACAO]
        assert sorted(zones_in_use(session)) == sorted(zones(session))


def test_a_zone_without_availabilities_is_not_in_use(agenda: Agenda) -> None:
    elsewhere = agenda.location(CURACAO, country="CW")
    agenda.block(there(AMSTERDAM, MONDAY, NINE), 60)
    nine = there(CURACAO, MONDAY, NINE)
    agenda.block(nine, 60, location_id=elsewhere, removed_at=FRIDAY_BEFORE)

    with session_on(agenda.connection) as session:
        assert zones(session) == zones_in_use(session) == [AMSTERDAM]


def test_what_may_not_be_planned_says_so_where_it_is_asked_about(agenda: Agenda) -> None:
    agenda.block(there(AMSTERDAM, MONDAY, NINE), 60)
    agenda.request(state="draft")
    agenda.request(state="for_approval")
    agenda.request()
    with session_on(agenda.connection) as session:
        found = near(session, rows.requests(session), rows.availabilities(session)).instance

    assert [(one.draft, one.awaits_approval) for one in found.requests] == [
        (True, False),
        (False, True),
        (False, False),
    ]


# --- For a horizon, and beside one request ---------------------------------------------------------------

WORLDS = searched(0.03).max_examples


def near(
    session: Session, wanted: Sequence[RequestRow], blocks: Sequence[AvailabilityRow], **how: Any
) -> Loaded:
    spans = [Span(b.practitioner_id, b.location_id, b.starts_at, b.ends_at) for b in blocks]
    when = {"now": FRIDAY_BEFORE, "not_before": FRIDAY_BEFORE} | how
    return beside(session, wanted, blocks, spans, **when)


def admitted(facts: Loaded) -> Admitted:
    """The instants at which each request may start in each availability."""
    agenda = Standing(facts.instance)
    return {
        (facts.requests[r].id, facts.availabilities[a].id): [
            facts.starts_at(Assignment(r, a, minute))
            for minute in range(MINUTES_PER_DAY)
            if agenda.admits(wish, block) >> minute & 1
        ]
        for r, wish in enumerate(facts.instance.requests)
        for a, block in enumerate(facts.instance.availabilities)
    }


@pytest.mark.hypothesis  # so that a soak looks longer
def test_a_horizon_and_what_is_read_beside_one_request_say_the_same(engine: Engine) -> None:
    starts = 0
    for seed in range(WORLDS):
        with engine.connect() as connection:
            made_up(connection, seed)
            for zone in (AMSTERDAM, CURACAO):
                expected = a_fortnight(connection, zone)
                at_once, one_by_one = _beside(connection, expected)
                assert at_once == admitted(expected), seed
                assert one_by_one == admitted(expected), seed
                starts += sum(map(len, at_once.values()))
            connection.rollback()
    assert starts


def _beside(connection: Connection, expected: Loaded) -> tuple[Admitted, Admitted]:
    """The requests with all the availabilities, and with each alone."""
    at_once: Admitted = {}
    one_by_one: Admitted = {}
    with session_on(connection) as session:
        for request in expected.requests:
            if expected.availabilities:
                at_once |= admitted(near(session, [request], expected.availabilities))
            for block in expected.availabilities:
                one_by_one |= admitted(near(session, [request], [block]))
    return at_once, one_by_one


# --- Clock changes, and other days that are not as the rest --------------------------------------------

HAVANA = "America/Havana"  # at midnight: in spring 00:00 does not exist, in autumn it comes twice
CHANGES = [
    (AMSTERDAM, date(2027, 3, 28)),
    (AMSTERDAM, date(2027, 10, 31)),
    (HAVANA, date(2027, 3, 14)),
    (HAVANA, date(2027, 11, 7)),
]


def quarters(zone: str, day: date) -> list[datetime]:
    """Every quarter of an hour that the clocks there give this date, by zoneinfo."""
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC) - DAY
    around = (begin + n * QUARTER for n in range(3 * 96))
    return [moment for moment in around if moment.astimezone(ZoneInfo(zone)).date() == day]


def on(day: date, **values: Any) -> dict[str, Any]:
    """A request for that day alone, whatever day it is."""
    window = {"from_day": day, "until_day": day + DAY, "duration": 15}
    return window | {"allow_saturday": True, "allow_sunday_holiday": True} | values


def planned(connection: Connection, request: UUID, now: datetime) -> records.Appointment:
    """On the one place that there is for it."""
    with session_on(connection) as session:
        (only,) = options(session, request, now=now, not_before=now)
        place = Place(request, only.availability_id, only.starts_at)
        booked = book(session, [place], by=NOBODY, now=now, not_before=now)
        session.commit()
        found = session.get_one(records.Appointment, booked.appointments[request])
        session.expunge(found)
        return found


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_every_quarter_of_an_hour_of_a_clock_change_is_planned_when_it_is(
    agenda: Agenda, zone: str, day: date
) -> None:
    place = agenda.location(zone)
    moments = quarters(zone, day)
    assert len(moments) in {92, 100}
    for hour in zip(*[iter(moments)] * 4, strict=True):
        an_hour_is_planned(agenda, {moment: a_quarter(agenda, moment, place) for moment in hour})


@dataclass(frozen=True)
class Quarter:
    """Somebody's availability, and requests for him: on that day, on the day before, on the day after."""

    block: UUID
    request: UUID
    others: tuple[UUID, UUID]


def a_quarter(agenda: Agenda, moment: datetime, place: UUID) -> Quarter:
    day = moment.astimezone(ZoneInfo(agenda.zones[place])).date()
    who = agenda.add("practitioners")
    block = agenda.block(moment, 15, practitioner_id=who, location_id=place)
    before, that, after = (
        agenda.request(**on(day + n * DAY, required_practitioner_id=who)) for n in (-1, 0, 1)
    )
    return Quarter(block, that, (before, after))


def an_hour_is_planned(agenda: Agenda, hour: Mapping[datetime, Quarter]) -> None:
    now = min(hour) - 9 * DAY
    by: dict[str, Any] = {"by": NOBODY, "now": now, "not_before": now}
    with session_on(agenda.connection) as session:
        for moment, one in hour.items():
            (only,) = options(session, one.request, now=now, not_before=now)
            assert (only.availability_id, only.starts_at) == (one.block, moment)
        places = [Place(one.request, one.block, moment) for moment, one in hour.items()]
        booked = book(session, places, **by).appointments
        for moment, one in hour.items():
            found = session.get_one(records.Appointment, booked[one.request])
            assert found.starts_at == moment
            assert found.ends_at - found.starts_at == QUARTER
        # it is of no other day
        others = [Place(r, one.block, moment) for moment, one in hour.items() for r in one.others]
        refused = book(session, others, **by).refused
        for other in others:
            assert "date_window" in {one.code for one in refused[other.request_id]}
        session.commit()


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_an_appointment_over_the_change_lasts_as_long_as_any(
    agenda: Agenda, zone: str, day: date
) -> None:
    """Three hours from an hour before it."""
    moments = quarters(zone, day)
    offsets = [moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in moments]
    change_ = next((n for n, one in enumerate(offsets) if one != offsets[0]), 0)
    begin = moments[max(0, change_ - 4)]
    agenda.block(begin, 180, location_id=agenda.location(zone))
    request = agenda.request(**on(day, duration=170, buffer=10))

    found = planned(agenda.connection, request, begin - 9 * DAY)

    assert found.starts_at == begin
    assert found.ends_at == begin + timedelta(minutes=170)
    assert found.occupied_until == begin + timedelta(minutes=180)


@pytest.mark.parametrize(("minutes", "starts"), [(23 * 60, 23), (25 * 60, 24)])
def test_the_first_hour_of_the_long_day_is_planned_in_bulk_too(
    agenda: Agenda, minutes: int, starts: int
) -> None:
    """The night tells a whole day by one clock: from its first hour on, so that the 25th is left out."""
    day = date(2027, 10, 31)
    midnight = there(AMSTERDAM, day, 0)
    agenda.block(midnight, minutes)
    agenda.request(**on(day, duration=60))
    now = midnight - 9 * DAY
    with session_on(agenda.connection) as session:
        facts = horizon(session, AMSTERDAM, day, day + DAY, now=now, not_before=now)
    (found,) = admitted(facts).values()

    hours = {moment for moment in found if moment.minute == 0}
    assert hours == {midnight.astimezone(UTC) + timedelta(hours=n) for n in range(starts)}
    assert facts.instance.availabilities[0].end <= MINUTES_PER_DAY


def test_a_leap_day_is_a_day(agenda: Agenda) -> None:
    leap = date(2028, 2, 29)
    blocks = [agenda.block(there(AMSTERDAM, leap + n * DAY, NINE), 15) for n in (-1, 0, 1)]
    request = agenda.request(**on(leap))

    found = planned(agenda.connection, request, FRIDAY_BEFORE)

    assert found.availability_id == blocks[1]
    assert found.starts_at == datetime(2028, 2, 29, 8, tzinfo=UTC)


def test_a_window_over_the_end_of_the_year(agenda: Agenda) -> None:
    """New Year's Day 2028 is a holiday and a Saturday; the Friday before and the Monday after are neither."""
    days = [date(2027, 12, 26) + n * DAY for n in range(11)]
    for day in days:
        agenda.block(there(AMSTERDAM, day, NINE), 15)
    window: dict[str, Any] = {
        "from_day": date(2027, 12, 30),
        "until_day": date(2028, 1, 5),
        "duration": 15,
    }

    def starts(**values: Any) -> list[date]:
        request = agenda.request(**window, **values)
        with session_on(agenda.connection) as session:
            found = options(session, request, now=FRIDAY_BEFORE, not_before=FRIDAY_BEFORE)
        return [one.starts_at.astimezone(ZoneInfo(AMSTERDAM)).date() for one in found]

    usual = [date(2027, 12, 30), date(2027, 12, 31), date(2028, 1, 3), date(2028, 1, 4)]
    assert starts() == usual
    assert starts(allow_saturday=True) == usual
    new_year = {"allow_saturday": True, "allow_sunday_holiday": True}
    assert starts(**new_year) == sorted([*usual, date(2028, 1, 1), date(2028, 1, 2)])
    with session_on(agenda.connection) as session:
        facts = horizon(
            session, AMSTERDAM, days[0], days[-1] + DAY, now=FRIDAY_BEFORE, not_before=FRIDAY_BEFORE
        )
    off = [days[block.day] for block in facts.instance.availabilities if block.on_day_off]
    assert off == [date(2027, 12, 26), date(2028, 1, 1), date(2028, 1, 2)]
