"""`book`, `move`, `swap`, `cancel`, `delete`: asked again under locks, on both databases. Domain §§3-5."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select

from models import Base
from models.appointments import Appointment, AppointmentState, Override, Party
from models.base import new_id
from models.database import reading, writing
from models.outbox import Event
from models.requests import AppointmentRequest, RequestState
from scheduler.actor import NOBODY, Actor
from scheduler.booking import Booked, Place, Target, book, book_one, cancel, delete, move, swap
from scheduler.booking.standing import NoSuchAppointmentError
from scheduler.lifecycles import OutdatedError
from scheduler.refusals import RefusedError
from tests.records import (
    DATABASES,
    add,
    another_practitioner,
    at,
    change,
    fresh,
    small_world,
)

NOW = at("12:00", day=-3)  # the Friday before
TABLES = Base.metadata.tables


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


class Service:
    """A small world, its type admitted, with the commands at hand."""

    def __init__(self, engine: Engine, **location: Any) -> None:
        self.engine = engine
        with engine.begin() as connection:
            self.world = small_world(connection, **location)
            self.admit(connection, self.world.availability)

    def admit(self, connection: Any, availability: UUID, type_: UUID | None = None) -> None:
        connection.execute(
            TABLES["availability_types"].insert(),
            {
                "availability_id": availability,
                "consultation_type_id": type_ or self.world.type,
            },
        )

    def add(self, table: str, **values: Any) -> UUID:
        with self.engine.begin() as connection:
            return add(connection, table, **values)

    def request(self, **values: Any) -> UUID:
        return self.add("requests", **self.world.request(**values))

    def somebody_asks(self, **values: Any) -> UUID:
        return self.request(employee_id=self.add("employees"), **values)

    def another_practitioner(self) -> dict[str, Any]:
        with self.engine.begin() as connection:
            those = another_practitioner(connection, self.world)
            self.admit(connection, those["availability_id"])
            return those

    def place(self, request: UUID, clock: str, **values: Any) -> Place:
        return Place(
            request, values.pop("availability", self.world.availability), at(clock), **values
        )

    def book(self, *places: Place, **how: Any) -> Booked:
        with writing(self.engine) as session:
            return book(session, places, **self.how(**how))

    def how(self, **others: Any) -> dict[str, Any]:
        return {"by": Actor(self.world.account), "now": NOW, "not_before": NOW} | others

    def refusals(self, place: Place, **how: Any) -> list[str]:
        refused = self.book(place, **how).refused
        return [refusal.code for refusal in refused.get(place.request_id, ())]

    def appointment(self, key: UUID) -> Appointment:
        with reading(self.engine) as session:
            return session.get_one(Appointment, key)

    def state(self, request: UUID) -> RequestState:
        with reading(self.engine) as session:
            return session.get_one(AppointmentRequest, request).state

    def booked(self, clock: str) -> tuple[UUID, UUID]:
        """A new employee's request and its appointment."""
        request = self.somebody_asks()
        return request, self.book(self.place(request, clock)).appointments[request]

    def news(self, subject: UUID) -> list[str]:
        with reading(self.engine) as session:
            query = select(Event.topic).where(Event.subject_id == subject).order_by(Event.sequence)
            return list(session.scalars(query))


@pytest.fixture
def service(engine: Engine) -> Service:
    return Service(engine)


# --- Booking --------------------------------------------------------------------------------------------


def test_a_booking_makes_the_appointment_with_its_buffer_and_plans_the_request(
    service: Service,
) -> None:
    request = service.request(duration=30, buffer=5)
    booked = service.book(service.place(request, "09:00"))
    appointment = service.appointment(booked.appointments[request])
    assert (appointment.starts_at, appointment.ends_at, appointment.occupied_until) == (
        at("09:00"),
        at("09:30"),
        at("09:35"),
    )
    assert appointment.state == AppointmentState.PLANNED
    assert appointment.employee_id == service.world.employee
    assert service.state(request) == RequestState.PLANNED
    assert service.news(appointment.id) == ["AppointmentPlanned"]


def test_many_are_booked_together_and_those_in_the_way_of_each_other_are_told(
    service: Service,
) -> None:
    first, second, third = (service.somebody_asks() for _ in range(3))
    booked = service.book(
        service.place(first, "09:00"), service.place(second, "09:15"), service.place(third, "10:00")
    )
    assert set(booked.appointments) == {first, third}
    assert [refusal.code for refusal in booked.refused[second]] == ["practitioner_free"]
    assert service.state(second) == RequestState.OPEN


def test_a_long_appointment_beside_two_places_takes_one_room(engine: Engine) -> None:
    service = Service(engine, capacity=2)
    beside = service.another_practitioner()
    long = service.somebody_asks(duration=120, required_practitioner_id=beside["practitioner_id"])
    there = Place(long, beside["availability_id"], at("09:00"))
    assert service.book(there).appointments

    first, second = service.somebody_asks(), service.somebody_asks()
    booked = service.book(service.place(first, "09:00"), service.place(second, "10:00"))

    assert set(booked.appointments) == {first, second}


def test_a_request_is_planned_once(service: Service) -> None:
    request = service.request()
    booked = service.book(service.place(request, "09:00"), service.place(request, "10:00"))
    assert len(booked.appointments) == 1
    assert service.refusals(service.place(request, "11:00")) == ["not_allowed"]


@pytest.mark.parametrize(
    ("wish", "clock", "code"),
    [
        ({"until_day": date(2027, 3, 1), "from_day": date(2027, 2, 1)}, "09:00", "date_window"),
        ({"duration": 600}, "09:00", "fits"),
        ({}, "09:02", "fits"),
        ({}, "16:40", "fits"),
        ({"modality": "video"}, "09:00", "modality"),
    ],
)
def test_each_rule_is_asked_again(
    service: Service, wish: dict[str, Any], clock: str, code: str
) -> None:
    if code == "modality":
        with service.engine.begin() as connection:
            change(connection, "availabilities", service.world.availability, by_video=False)
    assert code in service.refusals(service.place(service.request(**wish), clock))


def test_an_excluded_practitioner_a_foreign_type_and_a_missing_function_are_refused(
    service: Service,
) -> None:
    world = service.world
    service.add("exclusions", employee_id=world.employee, practitioner_id=world.practitioner)
    assert service.refusals(service.place(service.request(), "09:00")) == ["exclusion"]
    other = service.add("consultation_types")
    foreign = service.somebody_asks(consultation_type_id=other)
    assert service.refusals(service.place(foreign, "09:00")) == ["type_admitted"]
    function = new_id()
    with service.engine.begin() as connection:
        doctor = {"id": function, "version": 1, "code": "doctor", "name": "Doctor"}
        connection.execute(TABLES["functions"].insert(), doctor)
        connection.execute(
            TABLES["consultation_type_functions"].insert(),
            {"consultation_type_id": world.type, "function_id": function},
        )
    assert service.refusals(service.place(service.somebody_asks(), "09:00")) == ["type_admitted"]
    with service.engine.begin() as connection:
        connection.execute(
            TABLES["practitioner_functions"].insert(),
            {"practitioner_id": world.practitioner, "function_id": function},
        )
    assert service.refusals(service.place(service.somebody_asks(), "09:00")) == []


def test_absence_and_notice_and_the_past_are_refused(service: Service) -> None:
    service.add(
        "absences",
        practitioner_id=service.world.practitioner,
        starts_at=at("09:20"),
        ends_at=at("12:00"),
    )
    request = service.request()
    assert service.refusals(service.place(request, "09:00")) == ["practitioner_free"]
    late = {"now": at("13:00"), "not_before": at("13:00")}
    assert service.refusals(service.place(request, "12:30"), **late) == ["notice"]
    assert service.refusals(service.place(request, "13:00"), **late) == []


def test_a_draft_a_rejected_and_an_unknown_request_are_refused(service: Service) -> None:
    for state in ("draft", "for_approval", "rejected", "withdrawn"):
        request = service.somebody_asks(state=state)
        assert service.refusals(service.place(request, "09:00")) == ["not_allowed"]
    assert service.refusals(service.place(new_id(), "09:00")) == ["no_such_request"]
    gone = replace(service.place(service.request(), "09:00"), availability_id=new_id())
    assert service.refusals(gone) == ["no_such_availability"]


def test_a_second_appointment_of_a_type_that_refuses_duplicates_is_refused(
    service: Service,
) -> None:
    kind = service.add("consultation_types", refuses_duplicates=True)
    with service.engine.begin() as connection:
        service.admit(connection, service.world.availability, kind)
    first = service.request(consultation_type_id=kind)
    assert service.refusals(service.place(first, "09:00")) == []
    with service.engine.begin() as connection:
        # past the guard of the requests, as from a time before the type refused them
        change(connection, "consultation_types", kind, refuses_duplicates=False)
        again = add(connection, "requests", **service.world.request(consultation_type_id=kind))
        change(connection, "consultation_types", kind, refuses_duplicates=True)
    assert service.refusals(service.place(again, "10:00")) == ["duplicate"]


def test_a_rule_set_aside_by_hand_is_recorded_with_its_reason(service: Service) -> None:
    request = service.request(from_day=date(2027, 3, 2), until_day=date(2027, 3, 3))
    place = service.place(request, "09:00", overrides={"date_window": "asked by telephone"})
    appointment = service.book(place).appointments[request]
    with reading(service.engine) as session:
        (override,) = session.scalars(select(Override))
    assert (override.appointment_id, override.rule) == (appointment, "date_window")
    assert override.account_id == service.world.account
    with pytest.raises(ValueError, match="nobody may set aside exclusion"):
        service.place(request, "09:00", overrides={"exclusion": "he did not mind"})


def test_the_hold_of_the_request_makes_way_and_that_of_another_does_not(service: Service) -> None:
    with service.engine.begin() as connection:
        held = add(connection, "holds", **service.world.hold(connection, "09:00", "09:30"))
        mine = connection.scalar(
            select(TABLES["holds"].c.request_id).where(TABLES["holds"].c.id == held)
        )
    other = service.somebody_asks()
    assert service.refusals(service.place(other, "09:00")) == ["practitioner_free", "place_kept"]
    assert mine is not None
    assert service.refusals(service.place(mine, "09:00")) == []
    with reading(service.engine) as session:
        assert session.scalar(select(func.count()).select_from(TABLES["holds"])) == 0


def test_a_request_that_is_refused_keeps_its_hold(service: Service) -> None:
    with service.engine.begin() as connection:
        held = add(connection, "holds", **service.world.hold(connection, "09:00", "09:30"))
        holds = TABLES["holds"].c
        mine = connection.scalar(select(holds.request_id).where(holds.id == held))
    assert mine is not None
    assert service.refusals(service.place(mine, "16:50")) == ["fits"]
    with reading(service.engine) as session:
        assert session.scalars(select(TABLES["holds"].c.id)).all() == [held]


def test_an_expired_hold_is_nobodys(service: Service) -> None:
    with service.engine.begin() as connection:
        expired = datetime(2020, 1, 1, tzinfo=UTC)
        add(
            connection,
            "holds",
            **service.world.hold(connection, "09:00", "09:30", expires_at=expired),
        )
    assert service.refusals(service.place(service.somebody_asks(), "09:00")) == []


def test_one_alone_is_told_every_reason_at_once(service: Service) -> None:
    service.add(
        "exclusions",
        employee_id=service.world.employee,
        practitioner_id=service.world.practitioner,
    )
    request = service.request(from_day=date(2027, 3, 2), until_day=date(2027, 3, 3))
    with pytest.raises(RefusedError) as refused, writing(service.engine) as session:
        book_one(session, service.place(request, "07:00"), **service.how())
    assert [one.code for one in refused.value.refusals] == ["date_window", "exclusion", "fits"]


def test_what_only_a_guard_sees_is_refused_for_that_one_alone(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when somebody gets past the locks: the database has the last word, and the others are booked."""
    first, second = service.somebody_asks(), service.somebody_asks()
    service.booked("09:00")
    monkeypatch.setattr("scheduler.booking.places.Agenda.broken", lambda *_: ())
    booked = service.book(service.place(first, "09:00"), service.place(second, "10:00"))
    assert set(booked.appointments) == {second}
    assert [refusal.code for refusal in booked.refused[first]] == ["practitioner_free"]
    assert service.state(first) == RequestState.OPEN


# --- Moving and swapping --------------------------------------------------------------------------------


def test_a_move_keeps_the_request_planned_and_tells_where_it_was(service: Service) -> None:
    request, appointment = service.booked("09:00")
    other = service.another_practitioner()
    with writing(service.engine) as session:
        move(
            session,
            appointment,
            Target(other["availability_id"], at("09:15")),
            **service.how(),
        )
    moved = service.appointment(appointment)
    assert (moved.starts_at, moved.occupied_until) == (at("09:15"), at("09:50"))
    assert moved.practitioner_id == other["practitioner_id"]
    assert moved.version == 2
    assert service.state(request) == RequestState.PLANNED
    assert service.news(appointment) == ["AppointmentPlanned", "AppointmentMoved"]
    history = TABLES["history"]
    with reading(service.engine) as session:
        before = session.scalar(
            select(history.c.before).where(
                history.c.appointment_id == appointment, history.c.event == "reschedule"
            )
        )
    assert before is not None
    assert before["practitioner_id"] == str(service.world.practitioner)


def test_a_move_may_overlap_its_own_old_place_and_nobody_elses(service: Service) -> None:
    _, appointment = service.booked("09:00")
    service.booked("10:00")

    def moved_to(clock: str) -> None:
        with writing(service.engine) as session:
            target = Target(service.world.availability, at(clock))
            move(session, appointment, target, **service.how())

    moved_to("09:10")
    with pytest.raises(RefusedError, match="practitioner_free"):
        moved_to("09:50")
    assert service.appointment(appointment).starts_at == at("09:10")


def test_a_move_of_one_that_is_cancelled_or_not_there_is_refused(service: Service) -> None:
    _, appointment = service.booked("09:00")
    target = Target(service.world.availability, at("11:00"))
    with writing(service.engine) as session:
        cancel(session, appointment, party=Party.EMPLOYEE, reason="ill", by=NOBODY, now=NOW)
    with pytest.raises(RefusedError, match="not_allowed"), writing(service.engine) as session:
        move(session, appointment, target, **service.how())
    with pytest.raises(NoSuchAppointmentError), writing(service.engine) as session:
        move(session, new_id(), target, **service.how())


def test_two_change_places(service: Service) -> None:
    requests, appointments = zip(
        *(service.booked(clock) for clock in ("09:00", "10:00")), strict=True
    )
    with writing(service.engine) as session:
        swap(session, *appointments, **service.how())
    assert [service.appointment(key).starts_at for key in appointments] == [
        at("10:00"),
        at("09:00"),
    ]
    assert all(service.state(request) == RequestState.PLANNED for request in requests)
    assert [service.news(key)[-1] for key in appointments] == ["AppointmentMoved"] * 2


def test_a_swap_that_breaks_a_rule_changes_nothing(service: Service) -> None:
    _, first = service.booked("09:00")
    long = service.somebody_asks(duration=60)
    appointment = service.book(service.place(long, "10:00")).appointments[long]
    short = service.somebody_asks(duration=20)
    assert service.book(service.place(short, "09:35")).appointments
    with pytest.raises(RefusedError, match="practitioner_free"), writing(service.engine) as session:
        swap(session, first, appointment, **service.how())
    assert service.appointment(first).starts_at == at("09:00")
    assert service.appointment(appointment).state == AppointmentState.PLANNED


# --- Ending ---------------------------------------------------------------------------------------------


def test_a_cancelled_appointment_frees_its_time_and_its_request_is_open_again(
    service: Service,
) -> None:
    request, appointment = service.booked("09:00")
    with writing(service.engine) as session:
        cancel(session, appointment, party=Party.EMPLOYER, reason="strike", by=NOBODY, now=NOW)
    ended = service.appointment(appointment)
    assert (ended.state, ended.cancelled_by, ended.cancelled_at) == ("cancelled", "employer", NOW)
    assert service.state(request) == RequestState.OPEN
    assert service.refusals(service.place(request, "09:00")) == []


def test_deleted_ones_are_kept_in_history_and_their_requests_open(service: Service) -> None:
    pairs = [service.booked(clock) for clock in ("09:00", "10:00")]
    with writing(service.engine) as session:
        delete(session, [key for _, key in pairs], by=NOBODY, now=NOW, reason="taken back")
    assert {service.appointment(key).state for _, key in pairs} == {AppointmentState.DELETED}
    assert {service.state(request) for request, _ in pairs} == {RequestState.OPEN}
    assert [service.news(key) for _, key in pairs] == [
        ["AppointmentPlanned", "AppointmentDeleted"]
    ] * 2


def test_one_that_changed_meanwhile_is_not_deleted_unseen(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, appointment = service.booked("09:00")
    monkeypatch.setattr(
        "scheduler.booking.ending.locked",
        lambda session, keys: [_outdated(session.get_one(Appointment, key)) for key in keys],
    )

    def _outdated(one: Appointment) -> Any:
        return type(
            "Seen",
            (),
            {name: getattr(one, name) for name in ("id", "state", "request_id")}
            | {"version": one.version + 1},
        )

    with pytest.raises(OutdatedError), writing(service.engine) as session:
        delete(session, [appointment], by=NOBODY, now=NOW, reason="-")
    assert service.appointment(appointment).state == AppointmentState.PLANNED


def test_a_place_beyond_midnight_or_not_on_a_minute_is_refused(service: Service) -> None:
    request = service.request()
    odd = replace(service.place(request, "09:00"), starts_at=at("09:00") + timedelta(seconds=30))
    assert "fits" in service.refusals(odd)
    tomorrow = replace(odd, starts_at=at("09:00", day=1))
    assert "fits" in service.refusals(tomorrow)


def test_an_appointment_elsewhere_with_a_practitioner_who_is_asked_too_is_seen(
    service: Service,
) -> None:
    """Of the employee, at a time at which only somebody else was asked for."""
    other = service.another_practitioner()
    busy = service.request(duration=60)
    assert service.book(service.place(busy, "09:00")).appointments
    again = service.request()
    elsewhere = service.somebody_asks()

    booked = service.book(
        Place(again, other["availability_id"], at("09:30")), service.place(elsewhere, "14:00")
    )

    assert [refusal.code for refusal in booked.refused[again]] == ["employee_free"]
    assert elsewhere in booked.appointments
