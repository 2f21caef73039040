"""Triggers fire: each action, once on each event, and a chain comes to its end. Domain §4."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from models.database import writing
from models.outbox import Event
from models.requests import RequestState
from models.triggers import DEEPEST, Outcome, Task, Trigger
from scheduler.intake import cases
from scheduler.topics import Topic
from scheduler.triggers import setting_up, tasks
from tests.desks import NOW, Desk
from tests.firings import Bench
from tests.http_client import copied, on_both
from tests.records import at

TASK = {"action": "add_task", "title": "Call"}


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def bench(engine: Engine) -> Bench:
    return Bench(Desk(engine))


# --- The actions ----------------------------------------------------------------------------------------


@on_both
def test_a_request_is_made_in_the_case_of_the_preferred_kind(bench: Bench) -> None:
    does = bench.request(allow_saturday=True, from_days=3, until_days=10)
    trigger = bench.trigger(Topic.CASE_OPENED, does)
    opened = bench.opens()

    bench.relayed()

    firing = bench.firing(trigger)
    assert (firing.outcome, firing.depth, firing.employee_id) == (
        Outcome.DONE,
        1,
        bench.desk.world.employee,
    )
    assert firing.request_id is not None
    made = bench.desk.request(firing.request_id)
    assert (made.case_id, made.state, made.consultation_type_id) == (
        opened,
        RequestState.OPEN,
        bench.desk.world.type,
    )
    assert (made.from_day, made.until_day) == (date(2027, 3, 1), date(2027, 3, 8))
    assert (made.allow_saturday, made.allow_sunday_holiday) == (True, False)
    (told,) = bench.events(Topic.REQUEST_OPENED)
    assert told.caused_by_id == firing.id


def test_of_an_event_in_another_case_the_open_one_of_the_kind_is_taken(bench: Bench) -> None:
    other = bench.desk.add("case_kinds")
    bench.trigger(Topic.CASE_OPENED, bench.request(draft=True))
    bench.opens(kind_id=other)

    bench.relayed()

    made = bench.desk.request(bench.firing().request_id or bench.case)
    assert (made.case_id, made.state) == (bench.case, RequestState.DRAFT)


def test_without_a_case_of_the_kind_it_is_refused_and_says_so(bench: Bench) -> None:
    bench.trigger(Topic.CASE_OPENED, bench.request())
    bench.opens(employee_id=bench.desk.somebody(), kind_id=bench.desk.add("case_kinds"))

    bench.relayed()

    firing = bench.firing()
    assert (firing.outcome, firing.request_id) == (Outcome.REFUSED, None)
    assert bench.codes(firing) == ["no_case_of_kind"]


def test_what_a_rule_refuses_undoes_nothing_of_the_others(bench: Bench) -> None:
    bench.desk.set("consultation_types", bench.desk.world.type, refuses_duplicates=True)
    first = bench.trigger(Topic.CASE_OPENED, TASK)
    second = bench.trigger(Topic.CASE_OPENED, bench.request())
    third = bench.trigger(Topic.CASE_OPENED, bench.request())
    fourth = bench.trigger(Topic.CASE_OPENED, TASK)
    bench.opens()

    bench.relayed()

    outcomes = [bench.firing(one).outcome for one in (first, second, third, fourth)]
    assert outcomes == ["done", "done", "refused", "done"]
    assert bench.codes(bench.firing(third)) == ["duplicate"]
    assert len(bench.tasks()) == 2


@on_both
def test_a_task_is_left_for_a_role_tied_to_what_it_is_about(bench: Bench) -> None:
    role = bench.desk.add("roles")
    bench.trigger(Topic.APPOINTMENT_PLANNED, {**TASK, "role_id": role, "due_in_days": 2})
    whose = {"employee_id": bench.desk.world.employee, "case_id": bench.case}
    _, appointment = bench.desk.booked(at("09:00"), **whose)

    bench.relayed()

    (task,) = bench.tasks()
    stands = bench.desk.appointment(appointment)
    assert (task.title, task.role_id, task.assignee_id) == ("Call", role, None)
    assert (task.employee_id, task.appointment_id, task.case_id) == (
        stands.employee_id,
        appointment,
        stands.case_id,
    )
    assert task.due_on == NOW.date() + timedelta(days=2)
    assert bench.firing().task_id == task.id


def test_a_message_and_a_webhook_are_asked_for_by_keys_alone(bench: Bench) -> None:
    template = bench.desk.add("templates", code="welcome", name="Welcome")
    sends = {"action": "send_message", "template_id": template, "recipient": "employee"}
    sending = bench.trigger(Topic.CASE_OPENED, sends)
    announcing = bench.trigger(Topic.CASE_OPENED, {"action": "announce"})
    opened = bench.opens()

    bench.relayed()

    (asked,), (fired,) = bench.events(Topic.MESSAGE_ASKED), bench.events(Topic.TRIGGER_FIRED)
    about = {"employee_id": str(bench.desk.world.employee), "case_id": str(opened)}
    assert asked.facts == {
        **about,
        "trigger_id": str(sending),
        "template_id": str(template),
        "recipient": "employee",
    }
    assert fired.facts == {**about, "trigger_id": str(announcing)}
    assert asked.caused_by_id == asked.subject_id == bench.firing(sending).id
    assert fired.caused_by_id == fired.subject_id == bench.firing(announcing).id


def test_it_hears_of_a_recovery_in_part_and_of_the_end_of_a_case(bench: Bench) -> None:
    recovered = bench.trigger(Topic.CASE_PARTIALLY_RECOVERED, TASK)
    closed = bench.trigger(Topic.CASE_CLOSED, TASK)
    today, case = NOW.date(), bench.case
    bench.desk.do(lambda s: cases.recover_in_part(s, case, 1, today, now=NOW))
    bench.desk.do(lambda s: cases.close_case(s, case, 2, today, now=NOW))

    bench.relayed()

    assert [bench.firing(one).outcome for one in (recovered, closed)] == ["done", "done"]
    assert [one.case_id for one in bench.tasks()] == [case, case]


def test_a_request_is_withdrawn_for_a_reason(bench: Bench) -> None:
    withdraws = {"action": "withdraw_request", "reason": "No longer wanted"}
    bench.trigger(Topic.REQUEST_OPENED, withdraws)
    request = bench.desk.create()

    bench.relayed()

    assert bench.desk.state(request) == RequestState.WITHDRAWN
    assert bench.firing().request_id == request
    last = bench.desk.history(request)[-1]
    assert (last.event, last.reason) == ("withdraw", "No longer wanted")


def test_a_request_that_is_planned_is_not_withdrawn(bench: Bench) -> None:
    bench.trigger(Topic.APPOINTMENT_PLANNED, {"action": "withdraw_request", "reason": "-"})
    request, _ = bench.desk.booked(at("09:00"))

    bench.relayed()

    assert bench.firing().outcome == Outcome.REFUSED
    assert bench.desk.state(request) == RequestState.PLANNED


# --- Planned at once --------------------------------------------------------------------------------------


@on_both
def test_planned_at_once_it_gets_the_best_place_there_is(bench: Bench) -> None:
    bench.trigger(Topic.CASE_OPENED, bench.request(from_days=0, plan="at_once"))
    bench.opens()

    bench.relayed()

    firing = bench.firing()
    (made,) = bench.appointments()
    assert (firing.appointment_id, firing.unplanned) == (made.id, None)
    assert (made.request_id, made.starts_at) == (firing.request_id, at("08:00"))
    (told,) = bench.events(Topic.APPOINTMENT_PLANNED)
    assert told.caused_by_id == firing.id


def test_what_has_no_place_at_once_says_why(bench: Bench) -> None:
    bench.trigger(Topic.CASE_OPENED, bench.request(from_days=30, until_days=31, plan="at_once"))
    bench.opens()

    bench.relayed()

    firing = bench.firing()
    assert firing.outcome == Outcome.DONE
    assert firing.appointment_id is None
    assert firing.unplanned is not None
    assert firing.unplanned["excluded"] == {"date_window": 1}
    assert ["date_window"] in firing.unplanned["relaxations"]
    assert bench.desk.state(firing.request_id or bench.case) == RequestState.OPEN


def test_what_is_left_to_the_night_is_not_planned(bench: Bench) -> None:
    bench.trigger(Topic.CASE_OPENED, bench.request(from_days=0))
    bench.opens()

    bench.relayed()

    assert bench.appointments() == []
    assert bench.firing().unplanned is None


# --- When it fires ----------------------------------------------------------------------------------------


def test_it_fires_where_its_conditions_hold_and_while_it_is_enabled(bench: Bench) -> None:
    only = ("case_kind", [str(bench.kind)])
    trigger = bench.trigger(Topic.CASE_OPENED, TASK, only)
    bench.opens(kind_id=bench.desk.add("case_kinds"))
    bench.relayed()
    assert bench.firings() == []

    bench.opens()
    bench.relayed()
    assert len(bench.firings()) == 1

    bench.later(hours=1)
    change(bench, trigger, enabled=False)
    bench.opens()
    bench.later(hours=1)
    change(bench, trigger, enabled=True)
    bench.relayed()
    assert len(bench.firings()) == 1  # what happened meanwhile is past

    bench.opens()
    bench.relayed()
    assert len(bench.firings()) == 2


def test_what_is_removed_fires_no_more_and_its_log_stays(bench: Bench) -> None:
    trigger = bench.trigger(Topic.CASE_OPENED, TASK)
    bench.opens()
    bench.relayed()
    bench.desk.do(lambda s: setting_up.remove(s, s.get_one(Trigger, trigger), now=NOW))
    bench.opens()
    bench.relayed()

    assert len(bench.firings(trigger)) == 1


def test_an_event_that_is_heard_again_fires_nothing_again(bench: Bench) -> None:
    bench.trigger(Topic.CASE_OPENED, bench.request(from_days=0, plan="at_once"))
    bench.opens()
    bench.relayed()
    before = bench.rows()
    with writing(bench.engine) as session:
        session.execute(update(Event).values(relayed_at=None, claimed_until=None))

    assert bench.relayed() > 0
    assert bench.rows() == before


# --- Chains -----------------------------------------------------------------------------------------------


@on_both
def test_two_triggers_that_feed_each_other_stop_and_it_is_seen(bench: Bench) -> None:
    makes = bench.trigger(Topic.REQUEST_WITHDRAWN, bench.request())
    withdraws = {"action": "withdraw_request", "reason": "Again"}
    takes = bench.trigger(Topic.REQUEST_OPENED, withdraws)
    bench.desk.create(case_id=bench.case)

    bench.relayed()

    firings = bench.firings()
    assert [(one.trigger_id, one.depth) for one in firings] == [
        (takes if depth % 2 else makes, depth) for depth in range(1, DEEPEST + 1)
    ]
    assert [one.outcome for one in firings] == ["done"] * (DEEPEST - 1) + ["stopped"]
    assert firings[-1].request_id is None


def test_what_follows_from_planning_at_once_is_of_the_same_chain(bench: Bench) -> None:
    bench.trigger(Topic.CASE_OPENED, bench.request(from_days=0, plan="at_once"))
    planned = bench.trigger(Topic.APPOINTMENT_PLANNED, TASK)
    failed = bench.trigger(Topic.APPOINTMENT_REMINDERS_FAILED, TASK)
    template = bench.desk.add("templates", code="reminder", name="Reminder")
    bench.desk.add(
        "default_reminders",
        consultation_type_id=bench.desk.world.type,
        template_id=template,
        recipient="employee",
        channel="email",
        minutes=-60,
    )
    bench.opens()

    bench.relayed()

    assert [bench.firing(one).depth for one in (planned, failed)] == [2, 2]


# --- Tasks ------------------------------------------------------------------------------------------------


def test_a_task_is_done_once_and_taken_up_again(bench: Bench) -> None:
    key = bench.desk.add("tasks", title="Call")

    def done(session: Session) -> None:
        tasks.complete(session, session.get_one(Task, key), now=NOW)

    def reopened(session: Session) -> None:
        tasks.reopen(session, session.get_one(Task, key))

    assert bench.desk.codes(reopened) == ["task_not_done"]
    bench.desk.do(done)
    assert bench.desk.codes(done) == ["task_done_already"]
    bench.desk.do(reopened)
    assert bench.tasks()[0].done_at is None


def change(bench: Bench, trigger: UUID, *, enabled: bool) -> None:
    def act(session: Session) -> None:
        row = session.get_one(Trigger, trigger)
        if enabled:
            setting_up.enable(session, row, now=bench.now)
        else:
            setting_up.disable(session, row)

    bench.desk.do(act)
