"""A clinic with more requests than places, runs over it, and the invariants that hold whatever happens."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, Table, func, select, update

from models import Base, guards
from models.agenda import Availability, Location
from models.appointments import OCCUPYING, Appointment
from models.database import reading, writing
from models.requests import AppointmentRequest, RequestState
from models.runs import JobRun, RunOutcome
from scheduler.actor import NOBODY
from scheduler.planning.lease import Busy
from scheduler.planning.night import RunSettings
from scheduler.planning.run import RunResult, plan_open_requests
from scheduler.planning.watch import OnProgress
from solver.agenda import Agenda
from solver.facts import Assignment, Instance
from solver.minutes import first
from solver.options import Options, Progress
from solver.process import Solved
from solver.score import score
from tests.races import Span, most_at_once
from tests.records import add, at, drop, small_world

NOW = at("12:00", day=-1)  # the Sunday before
MONDAY = date(2027, 3, 1)
WEEK = RunSettings(from_day=MONDAY, days=7, iterations=0)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Clinic:
    """Two practitioners with two mornings each at one location, and those who ask for them."""

    engine: Engine
    type: UUID
    location: UUID
    establishment: UUID
    account: UUID
    practitioners: tuple[UUID, ...]
    availabilities: tuple[UUID, ...]
    requests: tuple[UUID, ...]

    def ask(self, connection: Connection, **others: Any) -> UUID:
        """A new employee's request."""
        values = {
            "employee_id": add(connection, "employees"),
            "consultation_type_id": self.type,
            "establishment_id": self.establishment,
        }
        return add(connection, "requests", **(values | others))

    def morning(self, connection: Connection, location: UUID, practitioner: UUID, day: int) -> UUID:
        """Three hours and a half, which six appointments fill."""
        key = add(
            connection,
            "availabilities",
            practitioner_id=practitioner,
            location_id=location,
            starts_at=at("08:00", day),
            ends_at=at("11:30", day),
            day=MONDAY + timedelta(days=day),
            start_minute=540,
            end_minute=750,
        )
        admits = {"availability_id": key, "consultation_type_id": self.type}
        connection.execute(self.table("availability_types").insert(), admits)
        return key

    def table(self, name: str) -> Table:
        return Base.metadata.tables[name]


def emptied(engine: Engine) -> Engine:
    """The same database without a row: quicker by far than a new one."""
    with engine.begin() as connection:
        guards.remove(connection)
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
        guards.install(connection)
    return engine


def clinic(engine: Engine, requests: int = 26, day: int = 0) -> Clinic:
    """Six fit in a morning: of 26 requests two are left out. `day`: its first, counted from `MONDAY`."""
    from_day = MONDAY + timedelta(days=day)
    week = {
        "from_day": from_day,
        "until_day": from_day + timedelta(days=7),
        # some weeks have a holiday
        "allow_sunday_holiday": day > 0,
    }
    with engine.begin() as connection:
        world = small_world(connection, capacity=2)
        drop(connection, "availabilities", world.availability)
        practitioners = (world.practitioner, add(connection, "practitioners"))
        empty = Clinic(
            engine,
            world.type,
            world.location,
            world.establishment,
            world.account,
            practitioners,
            (),
            (),
        )
        availabilities = [
            empty.morning(connection, world.location, who, day + second)
            for who in practitioners
            for second in range(2)
        ]
        asked = [
            empty.ask(
                connection,
                priority=1 + n % 3,
                requested_on=MONDAY - timedelta(days=30 - n),
                **week,
            )
            for n in range(requests)
        ]
    return replace(empty, availabilities=tuple(availabilities), requests=tuple(asked))


# --- Runs ---------------------------------------------------------------------------------------------


def first_come(instance: Instance, _: Options, on_progress: OnProgress) -> Solved:
    """Planned at once and in this process, where the test is not about how well."""
    agenda = Agenda(instance)
    order = sorted(range(len(instance.requests)), key=lambda r: -instance.requests[r].priority)
    for step, r in enumerate(order):
        for a, block in enumerate(instance.availabilities):
            starts = agenda.admits(instance.requests[r], block)
            if starts:
                agenda.place(Assignment(r, a, first(starts)))
                break
        if step % 10 == 0:
            on_progress(Progress("first come", len(agenda.planned), 0, None, 0.0))
    plan = agenda.plan()
    return Solved(plan, score(instance, plan), None, {}, 0)


def run_of(engine: Engine, settings: RunSettings = WEEK, **how: Any) -> RunResult | Busy:
    """A run by the night, in this process."""
    usual: dict[str, Any] = {"now": NOW, "by": NOBODY, "solve": first_come}
    return plan_open_requests(engine, settings, **(usual | how))


def night(engine: Engine, settings: RunSettings = WEEK, **how: Any) -> RunResult:
    """The same, where nobody else runs."""
    result = run_of(engine, settings, **how)
    assert isinstance(result, RunResult)
    return result


def abandon(engine: Engine) -> None:
    """Let every lease run out, as if its holder were long gone."""
    with writing(engine) as session:
        session.execute(update(JobRun).values(lease_until=LONG_AGO))


# --- What holds whatever happened -----------------------------------------------------------------------


def standing(engine: Engine, *where: Any) -> dict[UUID, Appointment]:
    """The appointments that occupy somebody, by key."""
    with reading(engine) as session:
        query = select(Appointment).where(Appointment.state.in_(OCCUPYING), *where)
        return {one.id: one for one in session.scalars(query)}


def outcomes_of(engine: Engine, run_id: UUID) -> dict[UUID, RunOutcome]:
    with reading(engine) as session:
        query = select(RunOutcome).where(RunOutcome.run_id == run_id)
        return {one.request_id: one for one in session.scalars(query)}


def states(engine: Engine) -> Counter[RequestState]:
    with reading(engine) as session:
        query = select(AppointmentRequest.state, func.count()).group_by(AppointmentRequest.state)
        return Counter(dict(iter(session.execute(query))))


def run(engine: Engine, run_id: UUID) -> JobRun:
    with reading(engine) as session:
        return session.get_one(JobRun, run_id)


def assert_sound(engine: Engine) -> None:
    """A request is planned at most once, and exactly where it has an appointment; no rule is broken.

    Said here once more, plainly, from domain §3: what plans and books is not asked.
    """
    booked = list(standing(engine).values())
    for_requests = [one.request_id for one in booked if one.request_id]
    assert len(for_requests) == len(set(for_requests))
    with reading(engine) as session:
        planned = AppointmentRequest.state == RequestState.PLANNED
        requests = {
            one.id: one for one in session.scalars(select(AppointmentRequest).where(planned))
        }
        blocks = {one.id: one for one in session.scalars(select(Availability))}
        rooms = dict(iter(session.execute(select(Location.id, Location.capacity))))
    assert set(requests) == set(for_requests)
    for one in booked:
        if one.request_id is not None and one.availability_id is not None:
            assert_allowed(one, requests[one.request_id], blocks[one.availability_id])
    for who, until in (("practitioner_id", "occupied_until"), ("employee_id", "ends_at")):
        assert set(_most(booked, who, until).values()) <= {1}
    for place, most in _most(booked, "location_id", "occupied_until").items():
        limit = rooms[place]
        assert limit is None or most <= limit


def assert_allowed(one: Appointment, request: AppointmentRequest, block: Availability) -> None:
    """What one appointment must keep by itself."""
    day = one.starts_at.astimezone(ZoneInfo("Europe/Amsterdam")).date()
    assert request.from_day <= day < request.until_day
    assert day.weekday() < 5
    assert block.starts_at <= one.starts_at
    assert one.occupied_until <= block.ends_at
    assert (one.practitioner_id, one.location_id) == (block.practitioner_id, block.location_id)
    assert one.employee_id == request.employee_id
    assert one.starts_at.minute % 5 == 0
    lengths = timedelta(minutes=request.duration), timedelta(minutes=request.buffer)
    assert (one.ends_at - one.starts_at, one.occupied_until - one.ends_at) == lengths


def _most(booked: Iterable[Appointment], whose: str, until: str) -> dict[UUID, int]:
    """How many each has at once, at most."""
    spans: dict[UUID, list[Span]] = {}
    for one in booked:
        spans.setdefault(getattr(one, whose), []).append((one.starts_at, getattr(one, until)))
    return {key: most_at_once(those) for key, those in spans.items()}


def assert_answered(clinic: Clinic, run_id: UUID) -> None:
    """The run's record answers for every request: by its appointment where it has one of the run's."""
    answers = outcomes_of(clinic.engine, run_id)
    assert set(answers) >= set(clinic.requests)
    mine = standing(clinic.engine, Appointment.run_id == run_id).values()
    where = {one.request_id: (one.availability_id, one.starts_at) for one in mine}
    for key, answer in answers.items():
        if answer.why_not is None:
            assert where[key] == (answer.availability_id, answer.starts_at)
        else:
            assert key not in where
