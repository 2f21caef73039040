"""The table of domain §5 by the commands themselves: every state, performances and action, on both databases."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.appointments import Party
from scheduler.appointments import (
    Edited,
    actions,
    complete,
    correct_no_show,
    edit,
    mark_as_draft,
    mark_lapsed,
    no_show,
    plan,
    undo_completion,
)
from scheduler.booking import cancel, delete, move
from tests.appointment_table import AFTER, EVENTS, PERFORMED, ROWS, TABLE, standing
from tests.practices import NEXT_DAY, NOW, Practice, practice_on
from tests.records import DATABASES, fresh


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def practice(engine: Engine) -> Iterator[Practice]:
    with practice_on(engine) as those:
        yield those


def edited(practice: Practice, appointment: UUID, **changed: Any) -> Edited:
    row = practice.row("appointments", appointment)
    names = ("remarks", "contact_person_id", "case_id", "consultation_type_id")
    return Edited(**({name: row[name] for name in names} | changed))


COMMANDS: dict[str, Callable[[Practice, UUID], list[str]]] = {
    "edit": lambda p, key: p.refused(edit, key, edited(p, key, remarks="changed")),
    "plan": lambda p, key: p.refused(plan, key),
    "mark_as_draft": lambda p, key: p.refused(mark_as_draft, key),
    "complete": lambda p, key: p.refused(complete, key),
    "undo_completion": lambda p, key: p.refused(undo_completion, key),
    "reschedule": lambda p, key: p.refused(move, key, p.target("10:00", NEXT_DAY), not_before=NOW),
    "delete": lambda p, key: p.refused(delete, [key], reason="a mistake"),
    "cancel": lambda p, key: p.refused(cancel, key, party=Party.EMPLOYEE, reason="ill"),
    "no_show": lambda p, key: p.refused(no_show, key, p.types["missed"]),
    "correct_no_show": lambda p, key: p.refused(correct_no_show, key),
    "mark_lapsed": lambda p, key: p.refused(mark_lapsed, key, reason="never took place"),
}


@pytest.mark.parametrize(("state", "performances", "allowed"), ROWS)
def test_each_command_does_what_the_table_says(
    practice: Practice, state: str, performances: str, allowed: dict[str, str]
) -> None:
    key = standing(practice, practice.booked(), state, performances)
    with practice.session() as session:
        offered = actions(session, [key], by=practice.by)[key]
    before = practice.row("appointments", key)
    for event, cell in allowed.items():
        with practice.undone():
            refused = COMMANDS[event](practice, key)
            after = practice.row("appointments", key)

            assert (refused == []) is (cell == "yes"), f"{event}: {refused}"
            assert [one.code for one in offered[event]] == refused, event
            if refused:
                assert after == before
            else:
                plain = state.partition(",")[0]
                assert after["state"] == AFTER[event].get(plain, plain)
                assert after["version"] == before["version"] + 1


def test_the_table_has_every_state_performance_and_action() -> None:
    states = {row[0] for row in TABLE}
    assert {(param.values[0], param.values[1]) for param in ROWS} == {
        (state, name) for state in states for name in PERFORMED
    }
    assert set(COMMANDS) == set(AFTER) == set(EVENTS)
