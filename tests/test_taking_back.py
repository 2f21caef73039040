"""A run taken back: what nobody touched and nobody was told of goes, the rest stays and is named. Domain §4."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, insert, select, update

from models.agenda import Availability
from models.appointments import Appointment
from models.base import new_id
from models.consultations import ConsultationType
from models.database import reading, writing
from models.messages import DefaultReminder, Reminder, Template
from models.outbox import Delivery, Event
from models.requests import RequestState
from models.runs import JobRun, RunState
from scheduler.actor import NOBODY, Actor
from scheduler.booking import Target, move
from scheduler.planning import taking_back
from scheduler.planning.lease import Held, Job, start
from scheduler.planning.taking_back import TakenBack, take_back
from scheduler.refusals import RefusedError
from tests.nights import (
    MONDAY,
    NOW,
    WEEK,
    Clinic,
    assert_sound,
    clinic,
    emptied,
    night,
    run,
    standing,
    states,
)
from tests.records import DATABASES, at, fresh


@pytest.fixture(scope="module", params=DATABASES)
def database(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def engine(database: Engine) -> Engine:
    return emptied(database)


def taken_back(engine: Engine, run_id: UUID) -> TakenBack:
    return take_back(engine, run_id, by=NOBODY, now=NOW)


def refusals(engine: Engine, run_id: UUID) -> list[str]:
    with pytest.raises(RefusedError) as refused:
        taken_back(engine, run_id)
    return [refusal.code for refusal in refused.value.refusals]


def first_of(engine: Engine, run_id: UUID) -> Appointment:
    return min(standing(engine, Appointment.run_id == run_id).values(), key=lambda one: one.id)


# --- All of it ------------------------------------------------------------------------------------------


def test_all_that_the_run_booked_goes_and_its_requests_are_open_again(engine: Engine) -> None:
    clinic(engine)
    result = night(engine)

    taken = taken_back(engine, result.run_id)

    assert (len(taken.taken), taken.kept) == (24, {})
    assert standing(engine) == {}
    assert states(engine) == {RequestState.OPEN: 26}
    assert run(engine, result.run_id).state is RunState.TAKEN_BACK
    assert_sound(engine)


def test_the_same_run_can_then_be_made_again(engine: Engine) -> None:
    clinic(engine)
    first = night(engine)
    before = {one.request_id: one.starts_at for one in standing(engine).values()}
    taken_back(engine, first.run_id)

    again = night(engine)

    assert again.report["planned"] == 24
    assert {one.request_id: one.starts_at for one in standing(engine).values()} == before


def test_what_others_have_booked_stays(engine: Engine) -> None:
    here = clinic(engine, requests=3)
    first = night(engine)
    with engine.begin() as connection:
        here.ask(connection)
    second = night(engine)

    taken_back(engine, first.run_id)

    assert {one.run_id for one in standing(engine).values()} == {second.run_id}


def test_cancelled_it_leaves_the_rest_and_may_be_asked_for_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_back, "BATCH", 10)
    clinic(engine)
    result = night(engine)
    answers = iter([True, False])

    some = take_back(engine, result.run_id, by=NOBODY, now=NOW, go_on=lambda: next(answers))
    assert (len(some.taken), some.kept, some.left) == (10, {}, 14)
    assert len(standing(engine)) == 14
    stopped = run(engine, result.run_id)
    assert stopped.state is RunState.DONE
    assert (stopped.report or {})["taken_back"] == {"taken": 10, "kept": {}, "left": 14}

    assert len(taken_back(engine, result.run_id).taken) == 14
    assert run(engine, result.run_id).state is RunState.TAKEN_BACK
    assert_sound(engine)


def test_asked_twice_it_is_done_once(engine: Engine) -> None:
    clinic(engine)
    result = night(engine)
    taken_back(engine, result.run_id)

    assert taken_back(engine, result.run_id) == TakenBack((), {})
    assert (run(engine, result.run_id).report or {})["taken_back"] == {
        "taken": 24,
        "kept": {},
        "left": 0,
    }


# --- What stays -----------------------------------------------------------------------------------------


def moved_by_hand(here: Clinic, appointment: Appointment) -> None:
    with here.engine.begin() as connection:
        later = here.morning(connection, here.location, here.practitioners[0], day=2)
    with writing(here.engine) as session:
        move(
            session,
            appointment.id,
            Target(later, at("09:00", day=2)),
            by=Actor(here.account),
            now=NOW,
            not_before=NOW,
        )


def reminded_of(here: Clinic, appointment: Appointment, **how: Any) -> None:
    with writing(here.engine) as session:
        template, kind = new_id(), new_id()
        session.add(Template(id=template, code=template.hex, name="Call-up"))
        session.flush()
        session.add(
            DefaultReminder(
                id=kind,
                consultation_type_id=here.type,
                template_id=template,
                recipient="employee",
                channel="email",
                minutes=-60,
            )
        )
        session.flush()
        usual = {"state": "due", "due_at": NOW, "sequence": 1, "token": 0, "attempts": 0}
        row = usual | {"id": new_id(), "appointment_id": appointment.id} | how
        session.execute(insert(Reminder), [row | {"default_reminder_id": kind}])


def message_of(here: Clinic, appointment: Appointment, **how: Any) -> None:
    with writing(here.engine) as session:
        event = session.scalar(select(Event.id).where(Event.subject_id == appointment.id))
        usual = {"state": "due", "due_at": NOW, "token": 0, "attempts": 0}
        row = usual | {"id": new_id(), "event_id": event, "account_id": here.account} | how
        session.execute(insert(Delivery), [row])


HAPPENED: dict[str, Any] = {
    "moved": (moved_by_hand, {}, "touched"),
    "reminded": (reminded_of, {"state": "sent"}, "told"),
    "perhaps reminded": (reminded_of, {"attempts": 1}, "told"),
    "being reminded": (reminded_of, {"claimed_until": at("00:00", day=99999)}, "told"),
    "message sent": (message_of, {"state": "sent"}, "told"),
    "message perhaps sent": (message_of, {"state": "failed", "attempts": 5}, "told"),
}


@pytest.mark.parametrize("about", HAPPENED)
def test_what_somebody_touched_or_was_told_of_stays_and_is_named(
    engine: Engine, about: str
) -> None:
    happens, how, why = HAPPENED[about]
    here = clinic(engine)
    result = night(engine)
    one = first_of(engine, result.run_id)
    happens(here, one, **how)

    taken = taken_back(engine, result.run_id)

    assert (len(taken.taken), taken.kept) == (23, {one.id: why})
    assert set(standing(engine)) == {one.id}
    told = run(engine, result.run_id)
    assert told.state is RunState.DONE
    assert (told.report or {})["taken_back"] == {
        "taken": 23,
        "kept": {str(one.id): why},
        "left": 0,
    }
    assert_sound(engine)


@pytest.mark.parametrize("about", [reminded_of, message_of])
def test_what_is_only_about_to_be_told_goes(engine: Engine, about: Any) -> None:
    here = clinic(engine)
    result = night(engine)
    about(here, first_of(engine, result.run_id))

    assert taken_back(engine, result.run_id).kept == {}


def test_what_may_not_be_asked_again_stays(engine: Engine) -> None:
    """Its employee has another open request, of a type that has come to refuse duplicates."""
    here = clinic(engine, requests=1)
    (first,) = here.requests
    result = night(engine)
    with engine.begin() as connection:
        requests = here.table("requests")
        employee = connection.scalar(select(requests.c.employee_id).where(requests.c.id == first))
        here.ask(connection, employee_id=employee)
    with writing(engine) as session:
        session.execute(update(ConsultationType).values(refuses_duplicates=True))

    taken = taken_back(engine, result.run_id)

    assert list(taken.kept.values()) == ["duplicate"]
    assert states(engine) == {RequestState.PLANNED: 1, RequestState.OPEN: 1}


def test_whoever_deals_with_what_stayed_may_ask_again(engine: Engine) -> None:
    here = clinic(engine)
    result = night(engine)
    one = first_of(engine, result.run_id)
    message_of(here, one, state="sent")
    taken_back(engine, result.run_id)
    with writing(engine) as session:
        session.execute(update(Delivery).values(state="cancelled"))

    assert taken_back(engine, result.run_id).taken == (one.id,)
    told = run(engine, result.run_id)
    assert told.state is RunState.TAKEN_BACK
    assert (told.report or {})["taken_back"] == {
        "taken": 24,
        "kept": {},
        "left": 0,
    }


# --- What cannot be taken back ----------------------------------------------------------------------------


def test_a_run_that_goes_on_is_not_taken_back(engine: Engine) -> None:
    held = start(engine, Job("planning", "", MONDAY, {}), timedelta(minutes=1))
    assert isinstance(held, Held)

    assert refusals(engine, held.run_id) == ["run_goes_on"]


def test_a_preview_is_not_taken_back(engine: Engine) -> None:
    clinic(engine)
    result = night(engine, replace(WEEK, preview=True))

    assert refusals(engine, result.run_id) == ["run_is_a_preview"]


def test_nothing_is_taken_back_of_a_run_that_is_not_there(engine: Engine) -> None:
    assert refusals(engine, new_id()) == ["no_such_run"]


def test_what_a_cancelled_run_has_booked_is_taken_back_too(engine: Engine) -> None:
    clinic(engine)
    result = night(engine)
    with writing(engine) as session:
        session.execute(update(JobRun).values(state=RunState.CANCELLED))

    taken_back(engine, result.run_id)

    assert run(engine, result.run_id).state is RunState.TAKEN_BACK
    with reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(Availability)) == 4
