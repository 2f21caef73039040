"""Steps are taken together or not at all, each from what the caller saw, and the history tells them all."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import ColumnElement, Engine, event, insert, or_, select
from sqlalchemy.orm import Session

from models import Base, database
from models.appointments import AppointmentState, Party
from models.base import new_id
from models.billing import PerformanceState
from models.requests import RequestState
from scheduler.actor import NOBODY, Actor
from scheduler.lifecycles import (
    APPOINTMENTS,
    PERFORMANCES,
    REQUESTS,
    Lifecycle,
    OutdatedError,
    Situation,
    Step,
    advance,
    advancing,
    begin,
    situations,
)
from scheduler.refusals import RefusedError
from tests.records import DATABASES, World, add, at, fresh, small_world

DRAFT, OPEN, PLANNED, FULFILLED = (
    RequestState.DRAFT,
    RequestState.OPEN,
    RequestState.PLANNED,
    RequestState.FULFILLED,
)
NOW = at("08:00", day=-1)
HISTORY = Base.metadata.tables["history"]
EVENTS = Base.metadata.tables["events"]


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session  # and never commit


@pytest.fixture
def world(session: Session) -> World:
    return small_world(session.connection())


# --- What is there, and what one does -----------------------------------------------------------------


def some_requests(
    session: Session, world: World, number: int = 1, state: RequestState = OPEN, **others: Any
) -> list[UUID]:
    return [
        add(session.connection(), "requests", **world.request(state=state, **others))
        for _ in range(number)
    ]


def an_appointment(session: Session, world: World, state: AppointmentState, **others: Any) -> UUID:
    values = world.appointment("09:00", "09:30", state=state, **others)
    return add(session.connection(), "appointments", **values)


def a_performance(session: Session, world: World, appointment: UUID, state: str) -> UUID:
    kind, key = add(session.connection(), "performance_types"), new_id()
    row = {
        "id": key,
        "appointment_id": appointment,
        "performance_type_id": kind,
        "establishment_id": world.establishment,
        "account_id": world.account,
        "performed_on": date(2027, 3, 1),
        "state": state,
    }
    session.execute(insert(PERFORMANCES.table), [row | {"version": 1}])
    return key


def credit(session: Session, performance: UUID, basis_state: str) -> None:
    """A line for the performance, and one that credits it on a basis of its own."""
    connection = session.connection()
    employer = add(connection, "employers")
    model = add(connection, "contract_models")
    agreement = add(connection, "service_agreements", employer_id=employer)
    agreed = add(connection, "agreed_models", agreement_id=agreement, contract_model_id=model)
    credited = None
    for cents, final in ((11000, "final"), (-11000, basis_state)):
        basis = add(connection, "invoice_bases", employer_id=employer)
        values = {
            "basis_id": basis,
            "agreed_model_id": agreed,
            "performance_id": performance,
            "price_cents": cents,
            "invoiced_cents": cents,
            "credits_id": credited,
        }
        credited = add(connection, "invoice_lines", **values)
        if final == "final":
            bases = Base.metadata.tables["invoice_bases"]
            numbered = {"state": "final", "number": basis.hex, "final_at": NOW}
            connection.execute(bases.update().where(bases.c.id == basis).values(numbered))


def stored(session: Session, lifecycle: Lifecycle, key: UUID) -> Any:
    return session.execute(select(lifecycle.table).where(lifecycle.table.c.id == key)).one()


def history(session: Session, lifecycle: Lifecycle, key: UUID) -> Sequence[Any]:
    its = HISTORY.c[f"{lifecycle.name}_id"] == key
    return session.execute(select(HISTORY).where(its).order_by(HISTORY.c.step)).all()


def announced(session: Session, key: UUID) -> list[tuple[str, int, dict[str, Any]]]:
    those = select(EVENTS.c.topic, EVENTS.c.sequence, EVENTS.c.facts)
    of_it = those.where(EVENTS.c.subject_id == key).order_by(EVENTS.c.sequence)
    return [(topic, number, facts) for topic, number, facts in session.execute(of_it)]


def refusals(error: RefusedError) -> list[tuple[str, Any]]:
    return [(one.code, one.params["id"]) for one in error.refusals]


# --- One step, and what it leaves behind --------------------------------------------------------------


def test_a_step_sets_the_state_the_version_and_the_values_and_is_in_the_history(
    session: Session, world: World
) -> None:
    (key,) = some_requests(session, world)
    account = world.account
    for_somebody = Actor(account, on_behalf_of_id=account)
    before = {"remarks": None, "from_day": date(2027, 3, 1), "employee_id": world.employee}

    values = {"remarks": "Window seat"}
    step = Step(key, 1, OPEN, "edit", values=values, reason="Asked", before=before)
    advance(session, REQUESTS, [step], by=for_somebody, at=NOW)
    advance(session, REQUESTS, [Step(key, 2, OPEN, "plan")], by=NOBODY, at=at("09:00"))

    row = stored(session, REQUESTS, key)
    assert (row.state, row.version, row.remarks) == (PLANNED, 3, "Window seat")
    edited, planned = history(session, REQUESTS, key)
    assert (edited.step, edited.event, edited.source, edited.target) == (2, "edit", "open", "open")
    assert (edited.actor_id, edited.on_behalf_of_id, edited.at) == (account, account, NOW)
    assert (edited.reason, edited.before) == (
        "Asked",
        {"remarks": None, "from_day": "2027-03-01", "employee_id": str(world.employee)},
    )
    assert (planned.step, planned.source, planned.target) == (3, "open", "planned")
    assert (planned.actor_id, planned.on_behalf_of_id, planned.before) == (None, None, None)


def test_a_step_is_announced_where_the_table_says_so(session: Session, world: World) -> None:
    (key,) = some_requests(session, world)

    advance(session, REQUESTS, [Step(key, 1, OPEN, "edit")], by=NOBODY, at=NOW)
    advance(session, REQUESTS, [Step(key, 2, OPEN, "plan")], by=NOBODY, at=NOW)
    advance(session, REQUESTS, [Step(key, 3, PLANNED, "reopen")], by=NOBODY, at=NOW)

    assert announced(session, key) == [
        ("RequestChanged", 1, {"version": 2}),
        ("RequestReopened", 2, {"version": 4}),
    ]


def test_many_steps_of_many_kinds_are_taken_together(session: Session, world: World) -> None:
    planned, withdrawn, edited = (some_requests(session, world, 3) for _ in range(3))
    fulfilled = some_requests(session, world, 2, PLANNED, version=7)
    steps = [
        *(Step(key, 1, OPEN, "plan") for key in planned),
        *(Step(key, 1, OPEN, "withdraw") for key in withdrawn),
        *(Step(key, 1, OPEN, "edit", {"priority": n}) for n, key in enumerate(edited, 1)),
        *(Step(key, 7, PLANNED, "fulfil") for key in fulfilled),
    ]

    advance(session, REQUESTS, steps[::-1], by=NOBODY, at=NOW)

    rows = {step.id: stored(session, REQUESTS, step.id) for step in steps}
    assert [rows[key].state for key in planned] == ["planned"] * 3
    assert [rows[key].state for key in withdrawn] == ["withdrawn"] * 3
    assert [rows[key].priority for key in edited] == [1, 2, 3]
    assert [rows[key].state for key in fulfilled] == ["fulfilled"] * 2
    for step in steps:
        (entry,) = history(session, REQUESTS, step.id)
        assert (entry.step, entry.event) == (step.version + 1, step.event)
        assert rows[step.id].version == entry.step


def test_steps_that_change_the_same_are_one_statement(session: Session, world: World) -> None:
    keys = some_requests(session, world, 40)
    statements: Counter[str] = Counter()
    connection = session.connection()

    def count(*executed: Any) -> None:
        statements[executed[2].split()[0]] += 1

    event.listen(connection, "before_cursor_execute", count)
    try:
        steps = [Step(key, 1, OPEN, "edit", {"priority": 2}) for key in keys]
        advance(session, REQUESTS, steps, by=NOBODY, at=NOW)
    finally:
        event.remove(connection, "before_cursor_execute", count)

    # of the events: the last numbers, and the news; beside them the history
    assert statements == {"UPDATE": 1, "SELECT": 1, "INSERT": 2}


def test_more_rows_than_a_statement_takes_go_in_portions(
    session: Session, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.announcing.AT_ONCE", 3)
    keys = some_requests(session, world, 8)

    steps = [Step(key, 1, OPEN, "withdraw") for key in keys]
    advance(session, REQUESTS, steps, by=NOBODY, at=NOW)

    assert [stored(session, REQUESTS, key).version for key in keys] == [2] * 8
    assert [announced(session, key)[0][:2] for key in keys] == [("RequestWithdrawn", 1)] * 8


def test_no_steps_are_no_statements(session: Session) -> None:
    advance(session, REQUESTS, [], by=NOBODY, at=NOW)
    begin(session, REQUESTS, [], event="open", by=NOBODY, at=NOW)


# --- What is refused ----------------------------------------------------------------------------------


def test_an_event_that_the_table_does_not_know_is_refused_and_nothing_is_written(
    session: Session, world: World
) -> None:
    good, bad, worse = some_requests(session, world, 3)
    steps = [
        Step(good, 1, OPEN, "plan"),
        Step(bad, 1, OPEN, "fulfil"),
        Step(worse, 1, OPEN, "teleport"),
    ]

    with pytest.raises(RefusedError) as caught:
        advance(session, REQUESTS, steps, by=NOBODY, at=NOW)

    first, second = caught.value.refusals
    expected = {"event": "fulfil", "state": "open", "only": ("planned",), "id": bad}
    assert (first.code, first.params) == ("not_allowed", expected)
    assert (second.code, second.params["only"]) == ("not_allowed", ())
    for key in (good, bad, worse):
        assert (stored(session, REQUESTS, key).state, history(session, REQUESTS, key)) == (OPEN, [])


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_step_that_asks_for_a_reason_is_refused_without_one(
    session: Session, world: World, reason: str | None
) -> None:
    (key,) = some_requests(session, world, state=RequestState.FOR_APPROVAL)
    step = Step(key, 1, RequestState.FOR_APPROVAL, "reject", reason=reason)

    with pytest.raises(RefusedError) as caught:
        advance(session, REQUESTS, [step], by=NOBODY, at=NOW)

    assert refusals(caught.value) == [("reason_missing", key)]


def test_what_a_step_needs_is_asked_of_the_situation_that_it_carries(
    session: Session, world: World
) -> None:
    key = an_appointment(session, world, AppointmentState.PLANNED)
    no_show = Situation(AppointmentState.PLANNED, is_no_show=True)
    step = Step(key, 1, AppointmentState.PLANNED, "mark_as_draft", situation=no_show)

    with pytest.raises(RefusedError) as caught:
        advance(session, APPOINTMENTS, [step], by=NOBODY, at=NOW)

    assert refusals(caught.value) == [("is_no_show", key)]
    assert history(session, APPOINTMENTS, key) == []


@pytest.mark.parametrize(
    ("performance", "credit_line", "against"),
    [
        (None, None, None),
        ("released", None, None),
        ("billed", None, "performance_submitted"),
        ("billed", "draft", "performance_submitted"),  # a draft of a credit is no credit yet
        ("billed", "final", None),
        ("submitted", None, "performance_submitted"),
    ],
)
def test_what_a_step_needs_is_read_where_it_does_not_carry_it(
    session: Session,
    world: World,
    performance: str | None,
    credit_line: str | None,
    against: str | None,
) -> None:
    key = an_appointment(session, world, AppointmentState.COMPLETED)
    if performance:
        its = a_performance(session, world, key, performance)
        if credit_line:
            credit(session, its, credit_line)
    step = Step(key, 1, AppointmentState.COMPLETED, "undo_completion")

    if against is None:
        advance(session, APPOINTMENTS, [step], by=NOBODY, at=NOW)
        assert announced(session, key) == [("AppointmentCompletionUndone", 1, {"version": 2})]
        return
    with pytest.raises(RefusedError) as caught:
        advance(session, APPOINTMENTS, [step], by=NOBODY, at=NOW)
    assert refusals(caught.value) == [(against, key)]


def test_a_no_show_is_one_that_has_its_original_stored(session: Session, world: World) -> None:
    planned = an_appointment(session, world, AppointmentState.PLANNED)
    assert situations(session, APPOINTMENTS, [planned]) == {
        planned: Situation(AppointmentState.PLANNED)
    }

    no_shows = Base.metadata.tables["no_shows"]
    session.execute(insert(no_shows), [{"appointment_id": planned, "original": {}}])
    its = a_performance(session, world, planned, "held")

    assert situations(session, APPOINTMENTS, [planned, new_id()]) == {
        planned: Situation(
            AppointmentState.PLANNED,
            is_no_show=True,
            performances=frozenset({Situation(PerformanceState.HELD)}),
        )
    }
    assert situations(session, PERFORMANCES, [its]) == {its: Situation(PerformanceState.HELD)}


def test_a_performance_that_was_credited_is_not_offered(session: Session, world: World) -> None:
    key = an_appointment(session, world, AppointmentState.COMPLETED)
    paid, credited = (a_performance(session, world, key, "billed") for _ in range(2))
    credit(session, credited, "final")
    steps = [Step(one, 1, PerformanceState.BILLED, "submit") for one in (paid, credited)]

    with pytest.raises(RefusedError) as caught:
        advance(session, PERFORMANCES, steps, by=NOBODY, at=NOW)
    assert refusals(caught.value) == [("performance_credited", credited)]

    advance(session, PERFORMANCES, steps[:1], by=NOBODY, at=NOW)
    assert stored(session, PERFORMANCES, paid).state == "submitted"
    assert [entry.event for entry in history(session, PERFORMANCES, paid)] == ["submit"]


@pytest.mark.parametrize("column", ["state", "version", "id"])
def test_what_is_the_lifecycles_own_is_nobody_elses_to_set(
    session: Session, world: World, column: str
) -> None:
    (key,) = some_requests(session, world)
    step = Step(key, 1, OPEN, "edit", {column: None})

    with pytest.raises(ValueError, match=column):
        advance(session, REQUESTS, [step], by=NOBODY, at=NOW)


def test_a_row_takes_one_step_at_a_time(session: Session, world: World) -> None:
    (key,) = some_requests(session, world)

    with pytest.raises(ValueError, match="one step at a time"):
        advance(session, REQUESTS, [Step(key, 1, OPEN, "edit")] * 2, by=NOBODY, at=NOW)


def test_the_history_takes_values_of_columns_only(session: Session, world: World) -> None:
    (key,) = some_requests(session, world)
    step = Step(key, 1, OPEN, "edit", before={"remarks": object()})

    with pytest.raises(TypeError, match="values of columns"):
        advance(session, REQUESTS, [step], by=NOBODY, at=NOW)


# --- Changed meanwhile --------------------------------------------------------------------------------


@pytest.mark.parametrize("alike", [True, False], ids=["one statement", "one by one"])
def test_a_row_that_was_changed_meanwhile_is_named(
    session: Session, world: World, *, alike: bool
) -> None:
    fresh_one, newer, elsewhere = some_requests(session, world, 3)
    advance(session, REQUESTS, [Step(newer, 1, OPEN, "edit")], by=NOBODY, at=NOW)
    gone = new_id()
    keys = (fresh_one, newer, elsewhere, gone)
    values = [{"priority": 2 if alike else number} for number in range(2, 6)]
    steps = [Step(key, 1, OPEN, "edit", own) for key, own in zip(keys, values, strict=True)]

    with pytest.raises(OutdatedError) as caught:
        advance(session, REQUESTS, steps, by=NOBODY, at=NOW)

    assert str(newer) in str(caught.value)
    assert newer in caught.value.keys
    assert not {fresh_one, elsewhere} & set(caught.value.keys)


def test_a_row_in_another_state_is_outdated_whatever_its_version(
    session: Session, world: World
) -> None:
    (key,) = some_requests(session, world, state=FULFILLED)

    with pytest.raises(OutdatedError, match=str(key)):
        advance(session, REQUESTS, [Step(key, 1, OPEN, "plan")], by=NOBODY, at=NOW)


CLIENTS = 4


def raced(engine: Engine) -> tuple[UUID, Counter[str]]:
    """Several who have seen the same version edit it, each in a transaction of his own."""
    with database.writing(engine) as session:
        (key,) = some_requests(session, small_world(session.connection()))
    seen = threading.Barrier(CLIENTS)

    def client(priority: int) -> str:
        seen.wait()
        step = Step(key, 1, OPEN, "edit", {"priority": priority})
        try:
            with database.writing(engine) as session:
                advance(session, REQUESTS, [step], by=NOBODY, at=NOW)
        except OutdatedError as error:
            return f"outdated: {error.keys == (key,)}"
        return "done"

    with ThreadPoolExecutor(CLIENTS) as clients:
        return key, Counter(clients.map(client, range(2, 2 + CLIENTS)))


def test_of_several_at_once_one_takes_the_step(engine: Engine) -> None:
    key, outcome = raced(engine)

    assert outcome == {"done": 1, "outdated: True": CLIENTS - 1}
    with database.reading(engine) as session:
        assert stored(session, REQUESTS, key).version == 2
        assert len(history(session, REQUESTS, key)) == 1
        assert len(announced(session, key)) == 1


def test_without_the_check_of_the_version_all_take_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control run. The history would find it out: a version has one entry."""

    def in_whatever_version(lifecycle: Lifecycle) -> Sequence[ColumnElement[bool]]:
        version, state = as_it_is(lifecycle)
        return or_(version, lifecycle.table.c.version > 1), state

    as_it_is = advancing._unchanged
    monkeypatch.setattr(advancing, "_unchanged", in_whatever_version)
    monkeypatch.setattr(advancing, "_record", lambda *_: None)
    monkeypatch.setattr(advancing, "_change", advancing._change.__wrapped__)

    key, outcome = raced(engine)

    assert outcome == {"done": CLIENTS}
    with database.reading(engine) as session:
        assert stored(session, REQUESTS, key).version == 1 + CLIENTS


# --- Beginnings ---------------------------------------------------------------------------------------


def test_new_rows_begin_in_the_state_of_their_event_with_a_history_and_news(
    session: Session, world: World
) -> None:
    keys = [new_id(), new_id()]
    request = {
        **world.request(from_day=date(2027, 3, 1), until_day=date(2027, 3, 8), duration=30),
        "buffer": 5,
        "modality": "at_location",
        "requested_on": date(2027, 2, 1),
        "created_at": NOW,
    }
    rows = [request | {"id": keys[0]}, request | {"id": keys[1], "priority": 100}]

    by = Actor(world.account)
    begin(session, REQUESTS, rows, event="open", by=by, at=NOW)

    stands = [stored(session, REQUESTS, key) for key in keys]
    assert [(row.state, row.version, row.priority) for row in stands] == [
        (OPEN, 1, 1),
        (OPEN, 1, 100),
    ]
    for key in keys:
        (entry,) = history(session, REQUESTS, key)
        assert (entry.step, entry.event, entry.source, entry.target) == (1, "open", None, "open")
        assert (entry.actor_id, entry.at) == (world.account, NOW)
        assert announced(session, key) == [("RequestOpened", 1, {"version": 1})]


def test_a_row_that_brings_no_key_gets_one(session: Session, world: World) -> None:
    appointment = world.appointment("09:00", "09:30", modality="at_location")

    begin(session, APPOINTMENTS, [appointment], event="draft", by=NOBODY, at=NOW)

    those = APPOINTMENTS.table
    (row,) = session.execute(
        select(those).where(those.c.practitioner_id == world.practitioner)
    ).all()
    assert (row.state, row.version, row.ad_hoc) == ("draft", 1, False)
    assert [topic for topic, *_ in announced(session, row.id)] == ["AppointmentDrafted"]


def test_nothing_begins_by_an_event_of_the_middle(session: Session, world: World) -> None:
    with pytest.raises(RefusedError) as caught:
        begin(session, REQUESTS, [world.request()], event="plan", by=NOBODY, at=NOW)

    (refusal,) = caught.value.refusals
    assert (refusal.code, refusal.params["state"]) == ("not_allowed", None)


def test_nothing_begins_in_a_state_of_the_callers_choice(session: Session, world: World) -> None:
    row = world.request(state=PLANNED)

    with pytest.raises(ValueError, match="state"):
        begin(session, REQUESTS, [row], event="open", by=NOBODY, at=NOW)


# --- A whole life -------------------------------------------------------------------------------------


def test_the_history_of_a_whole_life_leads_from_state_to_state(
    session: Session, world: World
) -> None:
    key, planned = new_id(), AppointmentState.PLANNED
    row = world.appointment("09:00", "09:30", modality="at_location", id=key)
    cancelled = {"cancelled_by": Party.EMPLOYEE, "cancelled_at": NOW, "reason": "Ill"}
    moved = {"starts_at": at("10:00"), "ends_at": at("10:30"), "occupied_until": at("10:30")}
    before = {"starts_at": at("09:00")}

    begin(session, APPOINTMENTS, [row], event="book", by=NOBODY, at=NOW)
    for step in (
        Step(key, 1, planned, "mark_as_draft"),
        Step(key, 2, AppointmentState.DRAFT, "plan"),
        Step(key, 3, planned, "reschedule", moved, before=before),
        Step(key, 4, planned, "complete"),
        Step(key, 5, AppointmentState.COMPLETED, "undo_completion"),
        Step(key, 6, planned, "cancel", cancelled, reason="Ill"),
    ):
        advance(session, APPOINTMENTS, [step], by=NOBODY, at=NOW)

    entries = history(session, APPOINTMENTS, key)
    assert [entry.step for entry in entries] == list(range(1, 8))
    assert [None, *(entry.target for entry in entries[:-1])] == [one.source for one in entries]
    assert stored(session, APPOINTMENTS, key).state == entries[-1].target == "cancelled"
    assert entries[3].before == {"starts_at": at("09:00").isoformat()}
    assert [(topic, facts["version"]) for topic, _, facts in announced(session, key)] == [
        ("AppointmentPlanned", 1),
        ("AppointmentMarkedAsDraft", 2),
        ("AppointmentPlanned", 3),
        ("AppointmentMoved", 4),
        ("AppointmentCompleted", 5),
        ("AppointmentCompletionUndone", 6),
        ("AppointmentCancelled", 7),
    ]
