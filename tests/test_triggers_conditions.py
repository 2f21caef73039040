"""The conditions of triggers against a plain reading of them, and what is refused when one is set up. Domain §4."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Engine

from models.base import new_id
from scheduler.topics import Topic
from scheduler.triggers import conditions, setting_up
from scheduler.triggers.conditions import Condition, Of
from tests.desks import NOW, Desk
from tests.firings import Bench
from tests.http_client import copied

TASK = {"action": "add_task", "title": "Call"}
KEYS = [str(new_id()) for _ in range(3)]
VALUES = st.sampled_from([*KEYS, *(key.upper() for key in KEYS), "video", 1, 2, 42])
CONDITIONS = st.lists(
    st.builds(
        lambda of, values: Condition(field=of, values=tuple(values)),
        st.sampled_from(Of),
        st.lists(VALUES, min_size=1, max_size=3),
    ),
    max_size=4,
)
FIELDS = st.dictionaries(st.sampled_from(Of), st.sampled_from([*KEYS, "video", 1, 2, 42]))


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def bench(engine: Engine) -> Bench:
    return Bench(Desk(engine))


def holds_plainly(those: list[Condition], fields: dict[Of, Any]) -> bool:
    """What the words say: every field is one of its values; a key is the same in capitals."""
    for one in those:
        found = False
        for value in one.values:
            same = value.lower() if isinstance(value, str) and "-" in value else value
            if one.field in fields and fields[one.field] == same:
                found = True
        if not found:
            return False
    return True


@given(CONDITIONS, FIELDS)
def test_conditions_hold_where_all_of_them_do(
    those: list[Condition], fields: dict[Of, Any]
) -> None:
    assert conditions.holds(those, fields) is holds_plainly(those, fields)


@given(CONDITIONS, FIELDS)
def test_what_is_stored_reads_as_it_was_meant(
    those: list[Condition], fields: dict[Of, Any]
) -> None:
    read = conditions.read(conditions.written(those))

    assert conditions.holds(read, fields) is conditions.holds(those, fields)


def refused(bench: Bench, topic: Topic, does: dict[str, Any], *those: tuple[str, Any]) -> list[str]:
    wanted = bench.wanted(topic, does, *those)
    before = bench.desk.count("triggers")
    codes = bench.desk.codes(lambda s: setting_up.set_up(s, wanted, enabled=True, now=NOW))
    assert bench.desk.count("triggers") == before
    return codes


def test_what_no_event_says_or_no_field_is_is_refused(bench: Bench) -> None:
    opened, somebody = Topic.CASE_OPENED, str(new_id())

    assert refused(bench, opened, TASK, ("priority", [1])) == ["condition_field_unknown"]
    assert refused(bench, opened, TASK, ("case_kind", [somebody])) == ["condition_value_unknown"]
    assert refused(bench, opened, TASK, ("case_kind", ["absence"])) == ["condition_value_unknown"]
    assert refused(bench, opened, TASK, ("case_kind", [7])) == ["condition_value_unknown"]
    kind = ("case_kind", [str(bench.kind)])
    assert refused(bench, opened, TASK, kind, kind) == ["condition_field_twice"]
    assert refused(bench, Topic.REQUEST_OPENED, TASK, ("modality", ["by_letter"])) == [
        "condition_value_unknown"
    ]
    for value in (0, -1, 1_001, "1"):
        assert refused(bench, Topic.REQUEST_OPENED, TASK, ("priority", [value])) == [
            "condition_value_unknown"
        ]
    assert refused(bench, Topic.CASE_DAY_REACHED, TASK) == ["condition_day_missing"]
    assert refused(bench, Topic.ACCOUNT_LOCKED, TASK) == ["topic_not_for_triggers"]
    assert refused(bench, Topic.TRIGGER_FIRED, TASK) == ["topic_not_for_triggers"]


def test_what_no_action_can_do_is_refused(bench: Bench) -> None:
    world, opened = bench.desk.world, Topic.CASE_OPENED
    without = bench.desk.add("consultation_types")
    missed = bench.desk.add(
        "consultation_types", is_no_show=True, preferred_case_kind_id=bench.kind
    )
    gone = bench.desk.add("consultation_types", archived_at=NOW, preferred_case_kind_id=bench.kind)
    for changes, code in (
        ({"consultation_type_id": without}, "type_without_case_kind"),
        ({"consultation_type_id": missed}, "no_show_type_requested"),
        ({"consultation_type_id": gone}, "action_names_unknown"),
        ({"consultation_type_id": new_id()}, "action_names_unknown"),
        ({"from_days": 5, "until_days": 5}, "trigger_window"),
        ({"draft": True, "plan": "at_once"}, "draft_at_once"),
    ):
        assert refused(bench, opened, bench.request(**changes)) == [code]
    withdraw = {"action": "withdraw_request", "reason": "-"}
    assert refused(bench, opened, withdraw) == ["action_not_for_topic"]
    absent = Topic.ABSENCE_ADDED
    assert refused(bench, absent, bench.request()) == ["action_not_for_topic"]
    sends = {"action": "send_message", "template_id": new_id(), "recipient": "employee"}
    assert refused(bench, opened, sends) == ["action_names_unknown"]
    both = {**TASK, "assignee_id": world.account, "role_id": bench.desk.add("roles")}
    assert refused(bench, opened, both) == ["task_for_both"]
    assert refused(bench, opened, {**TASK, "role_id": new_id()}) == ["action_names_unknown"]
    bench.desk.set("accounts", world.account, deactivated_at=NOW)
    assert refused(bench, opened, {**TASK, "assignee_id": world.account}) == [
        "action_names_unknown"
    ]


def test_all_that_is_wrong_is_told_at_once(bench: Bench) -> None:
    wrong = bench.request(consultation_type_id=new_id(), until_days=0)

    assert refused(bench, Topic.CASE_OPENED, wrong, ("priority", [1])) == [
        "condition_field_unknown",
        "action_names_unknown",
        "trigger_window",
    ]


@pytest.mark.parametrize(
    "does",
    [
        {"action": "add_task", "title": "a\nb"},
        {"action": "add_task", "title": ""},
        {"action": "add_task", "title": "a", "due_in_days": -1},
        {"action": "announce", "url": "https://example.org"},
        {"action": "send_message", "template_id": KEYS[0], "recipient": "everybody"},
        {"action": "nothing"},
        {"action": "create_request", "from_days": "1"},
    ],
)
def test_settings_that_are_none_are_refused(bench: Bench, does: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        bench.does(does)


def test_what_a_no_show_was_and_is_can_both_be_asked_for() -> None:
    fields = conditions.fields_of(Topic.APPOINTMENT_MISSED)

    assert {Of.CONSULTATION_TYPE, Of.NO_SHOW_TYPE} <= set(fields)
