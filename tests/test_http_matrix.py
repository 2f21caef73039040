"""Every operation, whoever asks and whatever is named: P10 and P13, generated from the routes that are declared.

Two employers have one thing of every kind (`tests/organisations.py`). Who reaches the first one only learns
of the other not even that it is there: by no path, no body, no list, no error.
"""

from collections.abc import Iterator
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, true

from api.http.declaring import Declared
from api.http.policies import Who
from api.http.shapes import Page
from models.appointments import Appointment
from models.audit import Act, AuditRecord
from scheduler.access import Right
from scheduler.access.visible import CONDITIONS
from tests.effort import searched
from tests.generated import (
    DECLARED,
    NOTHING,
    body_of,
    filters_of,
    in_a_part,
    kind_of,
    named,
    naming,
    queries,
    replaced,
)
from tests.http_client import code_of, copied, on_both, plain
from tests.matrix import Matrix, a_matrix, shown, told
from tests.records import tried

IN = [one for one in DECLARED if one.policy.asks_for_a_token and not one.is_door]
BY_RIGHT = [one for one in IN if one.policy.who is Who.WITH_A_RIGHT]
LOOKS = [one for one in IN if one.looks]
IN_A_PART = [(one, name) for one in IN for name in one.targets if in_a_part(kind_of(name))]
LISTS = [one for one in LOOKS if filters_of(one) is not None]
REFUSED = {
    "confirm_second_factor": "nothing_offered",
    "remove_employer": "still_named",
    "take_run_back": "run_goes_on",
}
"""Operations that no row of the organisation allows, and the rule that speaks against it."""
ROW_BY_ROW = {"create_requests", "preview_campaign", "carry_out_campaign"}
"""Of many at once what is not there is told in the answer, each by itself, and the others go on."""
COLLEAGUES = {("appoint_deputy", "deputy_id")}
"""Any user may be somebody's deputy, in whatever part of the organisation he works."""
KEEPS_DELETED = {"read_appointment_history"}
"""A deleted appointment is hidden, but kept in history. Domain §5."""
BEYOND = {"beyond_own_part", "beyond_own_rights"}
"""Why somebody who holds the right may still be refused: it reaches further than he does."""
MALFORMED = {
    "invalid_input",
    "unknown_field",
    "malformed_json",
    "invalid_parameter",
    "unknown_parameter",
}


def is_page(declared: Declared) -> bool:
    return isinstance(declared.model, type) and issubclass(declared.model, Page)


def of(found: list[Declared]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("declared", found, ids=named)


def of_each(found: list[tuple[Declared, str]]) -> pytest.MarkDecorator:
    names = [f"{named(one)}-{name}" for one, name in found]
    return pytest.mark.parametrize(("declared", "name"), found, ids=names)


@pytest.fixture(scope="module", params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def matrix(engine: Engine) -> Iterator[Matrix]:
    with a_matrix(engine) as made:
        yield made


def test_both_employers_have_one_of_every_kind(matrix: Matrix) -> None:
    for part in (matrix.organisation.here, matrix.organisation.elsewhere):
        assert part.rows.keys() >= CONDITIONS.keys()


# --- The right --------------------------------------------------------------------------------------------


@of(BY_RIGHT)
def test_only_who_holds_the_right_may(matrix: Matrix, declared: Declared) -> None:
    """The same, whatever he names: by the answer nobody learns what there is."""
    keys, unknown = matrix.keys(declared), {name: uuid4() for name in declared.targets}
    for rights in (frozenset(Right) - declared.policy.rights, frozenset[Right]()):
        client = matrix.caller(rights, None)

        answer = matrix.send(client, declared, keys)

        assert (answer.status_code, code_of(answer)) == (403, "right_missing")
        assert plain(matrix.send(client, declared, unknown)) == plain(answer)
        (denied,) = matrix.records(answer)
        assert (denied.allowed, denied.ground) == (False, "right_missing")
        assert denied.object_id == next(iter(keys.values()), None)


# --- What is not his ----------------------------------------------------------------------------------------


@tried(
    "declared, name",
    IN_A_PART,
    kind=lambda _, name: kind_of(name).__name__,
    called=lambda declared, name: f"{named(declared)}-{name}",
)
def test_what_is_not_his_is_not_there(matrix: Matrix, declared: Declared, name: str) -> None:
    """For him: the other employer's, and what is nobody's. For who reaches neither: all of it."""
    world, kind = matrix.organisation, kind_of(name)
    theirs = world.theirs(kind)
    assert theirs, f"give tests/organisation_rows.py a {kind.__name__} of the other employer"
    callers = [(matrix.holder(declared), theirs)]
    if declared.policy.who is Who.WITH_A_RIGHT:
        callers.append((matrix.holder(declared, world.empty), [theirs[0], world.ours(kind)[0]]))
    for client, keys in callers:
        nothing = matrix.send(client, declared, matrix.keys(declared, **{name: uuid4()}))
        assert (nothing.status_code, code_of(nothing)) == (404, "not_found")
        for key in keys:
            named_so = matrix.keys(declared, **{name: key})

            answer = matrix.send(client, declared, named_so)

            assert answer.status_code == nothing.status_code
            assert plain(answer) == plain(nothing)
            assert answer.headers.keys() == nothing.headers.keys()
            (denied,) = matrix.records(answer)
            assert (denied.allowed, denied.ground) == (False, "not_found")
            first = next(iter(named_so))
            assert denied.object_id == named_so[first]
            if first == name:
                assert denied.employee_id == matrix.employee_of(kind, key)


@of([one for one in IN if one.targets])
def test_what_does_not_exist_is_not_there_for_anybody(matrix: Matrix, declared: Declared) -> None:
    callers = [matrix.administrator()]
    if declared.policy.who is Who.WITH_A_RIGHT:
        callers.append(matrix.caller(declared.policy.rights, None))
    for client in callers:
        for name in declared.targets:
            answer = matrix.send(client, declared, matrix.keys(declared, **{name: uuid4()}))

            assert (answer.status_code, code_of(answer)) == (404, "not_found")


@of_each(
    [
        (one, name)
        for one, name in IN_A_PART
        if kind_of(name) is Appointment and named(one) not in KEEPS_DELETED
    ]
)
def test_a_deleted_appointment_is_not_there_for_anybody(
    matrix: Matrix, declared: Declared, name: str
) -> None:
    deleted = matrix.organisation.deleted
    for client in (matrix.holder(declared), matrix.administrator()):
        nothing = matrix.send(client, declared, matrix.keys(declared, **{name: uuid4()}))

        answer = matrix.send(client, declared, matrix.keys(declared, **{name: deleted}))

        assert (answer.status_code, plain(answer)) == (404, plain(nothing))


@of([one for one in IN if one.body is not None])
def test_what_is_not_his_is_not_taken_in_a_body(matrix: Matrix, declared: Declared) -> None:
    """Each key that a body has, by itself: of the other employer's row nothing else is told than of none."""
    world, client = matrix.organisation, matrix.holder(declared)
    for body, path, kind in naming(declared, world):
        if (named(declared), path[-1]) in COLLEAGUES:
            continue
        codes = set()
        for keys in matrix.choices(declared):
            unknown = matrix.send(client, declared, keys, replaced(body, path, NOTHING))
            for theirs in world.theirs(kind):
                answer = matrix.send(client, declared, keys, replaced(body, path, theirs))

                assert answer.status_code >= 400 or named(declared) in ROW_BY_ROW, (
                    path,
                    answer.text,
                )
                assert answer.status_code == unknown.status_code, (path, answer.text, unknown.text)
                assert told(answer, theirs) == told(unknown, NOTHING), path
                matrix.require_no_leak(answer, theirs)
            codes.add(unknown.status_code)
            if codes & {403, 404}:
                break
        assert codes & {403, 404} or named(declared) in ROW_BY_ROW, (path, codes)


# --- What is his --------------------------------------------------------------------------------------------


@of(LOOKS)
def test_what_is_his_he_sees_and_no_more(matrix: Matrix, declared: Declared) -> None:
    """Of each row about an employee that is shown, one look is put on record."""
    client, seen = matrix.holder(declared), 0
    for keys in matrix.choices(declared):
        answer = matrix.send(client, declared, keys)

        assert answer.status_code in {200, 409}, answer.text
        matrix.require_no_leak(answer)
        if answer.status_code != 200:
            continue
        seen += 1
        looks = matrix.records(answer)
        assert all(one.allowed and one.act is Act.READ for one in looks)
        about = [(one.object_id, one.employee_id) for one in looks if one.employee_id]
        assert len(about) == len(set(about))
        assert set(about) >= set(shown(answer))
        for name, key in keys.items():
            employee = matrix.employee_of(kind_of(name), key)
            assert employee is None or employee in {one for _, one in about}
    assert seen


@of([one for one in IN if one.changes])
def test_what_is_his_he_changes(matrix: Matrix, declared: Declared) -> None:
    """Unless a rule speaks against it; and it is put on record whose it is."""
    refused: set[str] = set()
    done = False
    for client in matrix.who_may(declared):
        for keys in matrix.choices(declared):
            matrix.make_his(client, keys)
            matrix.keep()
            answer = matrix.send(client, declared, keys)
            records = matrix.records(answer)
            if answer.is_success:
                matrix.undo()
                require_on_record(matrix, declared, keys, records)
                done = True
                break
            code = code_of(answer)
            if client is matrix.holder(declared):
                matrix.require_no_leak(answer)
            assert answer.status_code in {409, 412, 422} or code in BEYOND, answer.text
            assert code not in MALFORMED, answer.text
            refused.add(code)
    expected = REFUSED.get(named(declared))
    assert done is (expected is None), (
        f"refused for {refused}: give tests/organisation_rows.py a row of which it can be done, or say so in REFUSED"
    )
    assert done or expected in refused


def require_on_record(
    matrix: Matrix, declared: Declared, keys: dict[str, UUID], records: list[AuditRecord]
) -> None:
    assert all(one.allowed for one in records)
    assert declared.policy.act in {one.act for one in records}
    for name, key in keys.items():
        if kind_of(name) is declared.policy.of:
            employee = matrix.employee_of(kind_of(name), key)
            assert employee is None or employee in {one.employee_id for one in records}


# --- What nobody named ----------------------------------------------------------------------------------------


@of([one for one in LOOKS if one.method == "GET"])
def test_a_parameter_that_is_not_declared_is_refused(matrix: Matrix, declared: Declared) -> None:
    query = {"everything_else": "1"}

    answer = matrix.look(matrix.administrator(), declared, matrix.keys(declared), query)

    assert (answer.status_code, code_of(answer)) == (422, "unknown_parameter")


@of([one for one in IN if one.method != "GET"])
def test_a_field_that_is_not_declared_is_refused(matrix: Matrix, declared: Declared) -> None:
    client = matrix.administrator()
    body = (body_of(declared, matrix.organisation) or {}) | {"everything_else": True}

    answer = matrix.send(client, declared, matrix.keys(declared), body)

    assert (answer.status_code, code_of(answer)) == (422, "unknown_field")
    if declared.changes and declared.body is not None:
        (denied,) = matrix.records(answer)
        assert (denied.allowed, denied.ground) == (False, "unknown_field")


# --- Lists ------------------------------------------------------------------------------------------------------


@of([one for one in LISTS if not one.targets and in_a_part(one.policy.of) and is_page(one)])
def test_a_list_has_all_that_is_his(matrix: Matrix, declared: Declared) -> None:
    world, kind = matrix.organisation, declared.policy.of
    assert kind is not None

    answer = matrix.send(matrix.holder(declared), declared, {})

    listed = {UUID(one["id"]) for one in answer.json()["items"]}
    assert listed >= set(world.here.rows[kind]) - {world.deleted}


@on_both
@searched(0.6)
@given(data=st.data())
def test_no_filter_finds_what_is_not_his(matrix: Matrix, data: st.DataObject) -> None:
    declared = data.draw(st.sampled_from(LISTS), label="operation")
    keys = data.draw(st.sampled_from(list(matrix.choices(declared))), label="path")
    query = data.draw(queries(declared, matrix.organisation), label="query")

    answer = matrix.look(matrix.holder(declared), declared, keys, query)

    assert answer.status_code in {200, 409, 422}, answer.text
    matrix.require_no_leak(answer)
    if answer.status_code == 200 and answer.json().get("next"):
        following = matrix.look(
            matrix.holder(declared), declared, keys, query | {"cursor": answer.json()["next"]}
        )
        assert following.status_code == 200
        matrix.require_no_leak(following)


# --- The control --------------------------------------------------------------------------------------------------


@of_each([(one, name) for one, name in IN_A_PART if kind_of(name) in CONDITIONS])
def test_without_the_condition_the_matrix_finds_the_leak(
    matrix: Matrix, declared: Declared, name: str
) -> None:
    client, kind = matrix.holder(declared), kind_of(name)
    with patch("scheduler.access.visible.visible_in", lambda *_: true()):
        for key in matrix.organisation.theirs(kind):
            matrix.keep()
            answer = matrix.send(client, declared, matrix.keys(declared, **{name: key}))
            if answer.is_success:
                matrix.undo()
            if answer.status_code != 404:
                return
    pytest.fail("it is guarded twice, or the matrix is blind")
