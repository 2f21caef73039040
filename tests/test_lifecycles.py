"""What may become of what: every state and every event, typed out by hand from domain §5."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from models.appointments import AppointmentState
from models.base import Code
from models.billing import PerformanceState
from models.requests import RequestState
from scheduler.lifecycles import (
    APPOINTMENTS,
    MESSAGES,
    PERFORMANCES,
    REQUESTS,
    Lifecycle,
    Row,
    Situation,
    menu,
    reasons_against,
)
from scheduler.refusals import Refusal
from scheduler.topics import Topic
from tests.architecture import DOCUMENT
from tests.lifecycle_tables import blocks

REPOSITORY = Path(__file__).parents[1]
LIFECYCLES = (REQUESTS, APPOINTMENTS, PERFORMANCES)


def allowed(lifecycle: Lifecycle, situation: Situation) -> set[str]:
    return {event for event, against in menu(lifecycle, situation).items() if not against}


# --- The menu of an appointment -----------------------------------------------------------------------

PERFORMED = {
    "none": [],
    "held": [Situation(PerformanceState.HELD)],
    "released": [Situation(PerformanceState.RELEASED)],
    "billed": [Situation(PerformanceState.BILLED)],
    "credited": [Situation(PerformanceState.BILLED, is_credited=True)],
    "submitted": [Situation(PerformanceState.SUBMITTED)],
    "submitted and credited": [Situation(PerformanceState.SUBMITTED, is_credited=True)],
    "released and submitted": [
        Situation(PerformanceState.RELEASED),
        Situation(PerformanceState.SUBMITTED),
    ],
    "held and credited": [
        Situation(PerformanceState.HELD),
        Situation(PerformanceState.BILLED, is_credited=True),
    ],
}
ANY = tuple(PERFORMED)
HELD_OR_NONE = ("none", "held", "credited", "held and credited")
NOT_HELD = tuple(name for name in ANY if name not in HELD_OR_NONE)
SUBMITTED = ("billed", "submitted", "submitted and credited", "released and submitted")
NOT_SUBMITTED = tuple(name for name in ANY if name not in SUBMITTED)


def an_appointment(stands: str, performances: str) -> Situation:
    state, _, no_show = stands.partition(", ")
    its = frozenset(PERFORMED[performances])
    return Situation(AppointmentState(state), is_no_show=bool(no_show), performances=its)


COLUMNS = (
    *("edit", "plan", "mark_as_draft", "complete", "undo_completion", "reschedule"),
    *("delete", "cancel", "no_show", "correct_no_show", "mark_lapsed"),
)

# The table of domain §5; what it has no row for (planned, yet its performance is not held) offers nothing.
MENU = [
    # state                performances    e p m c u  r d c n c l
    ("draft",              ANY,           "y y - - -  y y y - - -"),
    ("planned",            HELD_OR_NONE,  "y - y y -  y y y y - -"),
    ("planned",            NOT_HELD,      "- - - - -  - - - - - -"),
    ("planned, no-show",   HELD_OR_NONE,  "y - - y -  y y - - y -"),
    ("planned, no-show",   NOT_HELD,      "- - - - -  - - - - - -"),
    ("completed",          NOT_SUBMITTED, "- - - - y  y y - - - -"),
    ("completed",          SUBMITTED,     "- - - - -  - - - - - y"),
    ("completed, no-show", NOT_SUBMITTED, "- - - - y  y y - - - -"),
    ("completed, no-show", SUBMITTED,     "- - - - -  - - - - - y"),
    ("lapsed",             ANY,           "- - - - -  - - - - - -"),
    ("cancelled",          ANY,           "- - - - -  - - - - - -"),
    ("deleted",            ANY,           "- - - - -  - - - - - -"),
]  # fmt: skip

CELLS = [
    pytest.param(state, name, event, cell == "y", id=f"{state}; {name}; {event}")
    for state, performances, cells in MENU
    for name in performances
    for event, cell in zip(COLUMNS, cells.split(), strict=True)
]


@pytest.mark.parametrize(("state", "performances", "event", "offered"), CELLS)
def test_the_menu_of_an_appointment_is_the_table_of_the_specification(
    state: str, performances: str, event: str, *, offered: bool
) -> None:
    situation = an_appointment(state, performances)

    against = menu(APPOINTMENTS, situation)[event]

    assert (against == ()) is offered
    assert against == reasons_against(APPOINTMENTS, event, situation)


def test_the_table_above_names_every_state_performance_and_action() -> None:
    asked = {tuple(param.values[:3]) for param in CELLS}
    states = {state.value for state in AppointmentState} | {"planned, no-show"}

    assert asked >= set(product(states, PERFORMED, COLUMNS))
    assert APPOINTMENTS.events == COLUMNS


@pytest.mark.parametrize(
    ("event", "target"),
    [
        ("plan", {"draft": "planned"}),
        ("mark_as_draft", {"planned": "draft"}),
        ("complete", {"planned": "completed"}),
        ("undo_completion", {"completed": "planned"}),
        ("mark_lapsed", {"completed": "lapsed"}),
        ("edit", {"draft": "draft", "planned": "planned"}),
        (
            "reschedule",
            {"draft": "draft", "planned": "planned", "completed": "completed"},  # stays completed
        ),
        ("delete", {"draft": "deleted", "planned": "deleted", "completed": "deleted"}),
        ("cancel", {"draft": "cancelled", "planned": "cancelled"}),
        ("no_show", {"planned": "planned"}),  # a planned appointment that carries a no-show type
        ("correct_no_show", {"planned": "planned"}),
    ],
)
def test_each_event_leads_an_appointment_where_the_specification_says(
    event: str, target: dict[str, str]
) -> None:
    assert {r.source: r.target for r in APPOINTMENTS.rows if r.event == event} == target


# --- Requests and performances ------------------------------------------------------------------------

REQUEST_STEPS = {
    "draft": {
        "open": "open",
        "submit": "for_approval",
        "edit": "draft",
        "withdraw": "withdrawn",
    },
    "for_approval": {
        "approve": "open",
        "reject": "rejected",
        "edit": "for_approval",
        "withdraw": "withdrawn",
    },
    "rejected": {"offer_again": "for_approval", "edit": "rejected"},
    "open": {"plan": "planned", "edit": "open", "withdraw": "withdrawn"},
    "planned": {"fulfil": "fulfilled", "reopen": "open", "correct_no_show": "planned"},
    "fulfilled": {"undo_fulfilment": "planned", "reopen": "open"},
    "withdrawn": {},
}

PERFORMANCE_STEPS = {
    "held": {"release": "released", "edit": "held", "move": "held"},
    "released": {"hold_again": "held", "bill": "billed", "move": "released"},
    "billed": {"submit": "submitted", "credit": "billed"},
    "billed, credited": {},
    "submitted": {},
    "submitted, credited": {},
}


@pytest.mark.parametrize("state", RequestState)
def test_a_request_goes_where_the_specification_says_and_nowhere_else(state: RequestState) -> None:
    steps = REQUEST_STEPS[state.value]

    assert allowed(REQUESTS, Situation(state)) == set(steps)
    assert {r.event: r.target for r in REQUESTS.rows if r.source == state} == steps


@pytest.mark.parametrize("stands", PERFORMANCE_STEPS)
def test_a_performance_goes_where_the_specification_says_and_nowhere_else(stands: str) -> None:
    word, _, credited = stands.partition(", ")
    situation = Situation(PerformanceState(word), is_credited=bool(credited))
    found = allowed(PERFORMANCES, situation)

    assert found == set(PERFORMANCE_STEPS[stands])
    assert {
        event: row.target
        for event in found
        if (row := PERFORMANCES.row(event, situation.state)) is not None
    } == PERFORMANCE_STEPS[stands]


@pytest.mark.parametrize(
    ("lifecycle", "beginnings"),
    [
        (
            REQUESTS,
            {
                "draft": "draft",
                "open": "open",
                "submit": "for_approval",
                "take_over": "open",
                "take_over_draft": "draft",
            },
        ),
        (
            APPOINTMENTS,
            {
                "draft": "draft",
                "book": "planned",
                "report_ad_hoc": "planned",
                "take_over": "planned",
                "take_over_completed": "completed",
            },
        ),
        (PERFORMANCES, {"hold": "held", "write": "released", "refund": "released"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_each_begins_as_the_specification_says(
    lifecycle: Lifecycle, beginnings: dict[str, str]
) -> None:
    assert {r.event: r.target for r in lifecycle.rows if r.source is None} == beginnings


# --- Why not ------------------------------------------------------------------------------------------


def test_what_is_not_offered_says_in_which_states_it_would_be() -> None:
    against = menu(APPOINTMENTS, Situation(AppointmentState.PLANNED))["undo_completion"]

    params = {"event": "undo_completion", "state": "planned", "only": ("completed",)}
    assert against == (Refusal("not_allowed", params),)


@pytest.mark.parametrize(
    ("state", "performances", "event", "codes"),
    [
        ("planned, no-show", "held", "cancel", ["is_no_show"]),
        ("planned, no-show", "released", "cancel", ["performance_released", "is_no_show"]),
        ("planned", "held", "correct_no_show", ["is_not_no_show"]),
        ("completed", "billed", "delete", ["performance_submitted"]),
        ("completed", "none", "mark_lapsed", ["performance_not_submitted"]),
        ("completed", "none", "edit", ["not_allowed"]),
    ],
)
def test_every_need_that_is_not_met_is_told_by_its_code(
    state: str, performances: str, event: str, codes: list[str]
) -> None:
    against = menu(APPOINTMENTS, an_appointment(state, performances))[event]

    assert [one.code for one in against] == codes


def test_every_code_has_one_message() -> None:
    needs = {need for lifecycle in LIFECYCLES for row in lifecycle.rows for need in row.needs}

    assert len({need.code for need in needs}) == len(needs)
    assert set(MESSAGES) == {need.code for need in needs} | {"not_allowed", "reason_missing"}


# --- The tables hold together -------------------------------------------------------------------------


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda lifecycle: lifecycle.name)
def test_every_state_is_reached_and_every_word_fits_its_column(lifecycle: Lifecycle) -> None:
    assert {row.target for row in lifecycle.rows} == set(lifecycle.states)
    assert max(len(row.event) for row in lifecycle.rows) <= 50
    assert max(len(state.value) for state in lifecycle.states) <= 20


def test_a_table_that_leads_from_one_state_to_two_by_one_event_is_none() -> None:
    rows = (
        Row("go", RequestState.OPEN, RequestState.PLANNED),
        Row("go", RequestState.OPEN, RequestState.DRAFT),
    )

    with pytest.raises(ValueError, match="by one event"):
        Lifecycle("request", RequestState, REQUESTS.table, rows)


def test_every_step_of_an_appointment_is_announced_but_what_another_system_knew() -> None:
    silent = [row.event for row in APPOINTMENTS.rows if row.announces is None]
    assert silent == ["take_over", "take_over_completed"]


def test_every_topic_but_those_of_what_has_no_lifecycle_is_announced_by_a_step() -> None:
    announced = {row.announces for lifecycle in LIFECYCLES for row in lifecycle.rows}
    without_one = (
        *("Account", "Availability", "Absence", "Case", "InvoiceBasis", "Message"),
        *("Receiver", "Trigger"),
    )
    others = {topic for topic in Topic if topic.startswith(without_one)}

    assert set(Topic) - announced - others == {
        Topic.APPOINTMENT_REMINDERS_FAILED,
        Topic.APPOINTMENT_ACCEPTED,
        Topic.APPOINTMENT_DECLINED,
        Topic.APPOINTMENT_TIME_ASKED,
        Topic.REQUEST_UNPLANNED,
        Topic.REQUEST_OVERDUE,
    }


def test_what_the_specification_wants_a_reason_for_asks_for_one() -> None:
    asking = {row.event for lifecycle in LIFECYCLES for row in lifecycle.rows if row.asks_reason}

    assert asking == {"reject", "cancel", "mark_lapsed"}


# --- Nothing else sets a state ------------------------------------------------------------------------

OURS = re.compile(
    r"\b(Appointment|AppointmentRequest|Performance|requests|appointments|performances"
    r"|REQUESTS|APPOINTMENTS|PERFORMANCES)\b"
)
A_TABLE = re.compile(
    r"\b(Appointment|AppointmentRequest|Performance)\.__table__"
    r"|\b(REQUESTS|APPOINTMENTS|PERFORMANCES)\.table"
    r"|\btables\['(requests|appointments|performances)'\]"
)
TABLES = "(requests|appointments|performances)"
SQL = re.compile(rf"\b(insert into|delete from) {TABLES}|\bupdate {TABLES} set\b", re.IGNORECASE)
WRITING = {"insert", "update", "delete"}
OTHER_STATES = {"BasisState", "BatchState"}
"""Of what has two or three states and no lifecycle: whoever sets one of these sets none of ours."""


def written(source: str) -> Iterator[str]:
    """Where a module writes the three tables, or the state of anything that it holds in its hands."""
    module = ast.parse(source)
    rows = set(_rows_known_to(module))
    others = set(_of_other_states(module))
    for node in ast.walk(module):
        match node:
            case ast.Attribute(attr="state", ctx=ast.Store()) if node not in others:
                yield ast.unparse(node)
            case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant("state"), *_]):
                yield ast.unparse(node)
            case ast.Call(func=ast.Name(id=name), args=[table, *_]) if name in WRITING:
                yield from [ast.unparse(node)] if OURS.search(ast.unparse(table)) else []
            case ast.Call(
                func=ast.Attribute(ast.Name("sa" | "sqlalchemy"), name), args=[table, *_]
            ):
                yield from [ast.unparse(node)] if OURS.search(ast.unparse(table)) else []
            case ast.Call(func=ast.Attribute(table, name)) if name in WRITING:
                yield from [ast.unparse(node)] if A_TABLE.search(ast.unparse(table)) else []
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in rows:
                yield ast.unparse(node)
            case ast.Constant(value=str(text)) if SQL.search(text):
                yield text


def _of_other_states(module: ast.Module) -> Iterator[ast.expr]:
    """What is set to a state that is none of a lifecycle's."""
    for node in ast.walk(module):
        match node:
            case ast.Assign([target], ast.Attribute(ast.Name(name))) if name in OTHER_STATES:
                yield target


def _rows_known_to(module: ast.Module) -> Iterator[str]:
    """The classes of the three tables, as the module calls them; the solver's appointments are facts."""
    for node in ast.walk(module):
        match node:
            case ast.ImportFrom(module=str(home), names=names) if home.startswith("models"):
                yield from (one.asname or one.name for one in names if OURS.search(one.name))


@pytest.mark.parametrize(
    "guilty",
    [
        "request.state = RequestState.OPEN",
        "request.state = basis.state = BasisState.FINAL",
        "setattr(request, 'state', 'open')",
        "session.execute(update(AppointmentRequest).values(state='open'))",
        "session.execute(sa.insert(Base.metadata.tables['appointments']), rows)",
        "session.execute(insert(models.appointments.Appointment).values(rows))",
        "update(APPOINTMENTS.table).where(x)",
        "APPOINTMENTS.table.update().where(x)",
        'Base.metadata.tables["requests"].delete()',
        "from models.billing import Performance\nsession.add(Performance(state='held'))",
        "text('UPDATE requests SET state = 1')",
        "text('insert into appointments (id) values (1)')",
    ],
)
def test_the_search_below_finds_who_writes(guilty: str) -> None:
    assert list(written(guilty))


@pytest.mark.parametrize(
    "innocent",
    [
        "select(Appointment.id).where(Appointment.state == 'planned')",
        "session.execute(insert(Override), rows)",
        "Situation(state=one.state)",
        "seen.update(requests)",
        "requests.update(seen)",
        "from solver.facts import Appointment\nAppointment(state)",
        "'update requests that are open'",
        "basis.state = BasisState.FINAL",
    ],
)
def test_the_search_below_accuses_nobody_else(innocent: str) -> None:
    assert list(written(innocent)) == []


def test_nothing_but_the_lifecycles_writes_requests_appointments_and_performances() -> None:
    ours = REPOSITORY / "scheduler" / "lifecycles"
    found = [
        f"{path.relative_to(REPOSITORY)}: {what}"
        for package in ("api", "notifications", "scheduler")
        for path in sorted((REPOSITORY / package).rglob("*.py"))
        if not path.is_relative_to(ours)
        for what in written(path.read_text("utf-8"))
    ]

    assert found == []


# --- What is written about them -----------------------------------------------------------------------


@pytest.mark.parametrize("name", blocks())
def test_the_architecture_shows_the_tables_of_the_code(name: str) -> None:
    document = DOCUMENT.read_text("utf-8")
    block = f"<!-- {name}:begin -->\n{blocks()[name]}<!-- {name}:end -->\n"

    assert block in document, "paste it from: .venv/bin/python -m tests.lifecycle_tables"


def test_a_lifecycle_is_named_after_its_column_in_the_history() -> None:
    states: list[type[Code]] = [lifecycle.states for lifecycle in LIFECYCLES]

    assert states == [RequestState, AppointmentState, PerformanceState]
    assert [lifecycle.table.name for lifecycle in LIFECYCLES] == [
        f"{lifecycle.name}s" for lifecycle in LIFECYCLES
    ]
