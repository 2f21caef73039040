"""Triggers and tasks over HTTP: set up, tried, read and done; each in its part of the organisation. Domain §§4, 8."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select
from starlette.testclient import TestClient

from api.http.application import application
from models.access import Account
from models.database import reading
from scheduler.access import Right
from scheduler.topics import Topic
from scheduler.triggers import tell_days
from tests.desks import NOW, Desk
from tests.firings import Bench
from tests.http_client import Client, code_of, copied, on_both, settings_for
from tests.http_desks import Office, an_office

MANAGER = (Right.MANAGE_TRIGGERS, Right.DO_TASKS)
CASES = (Right.VIEW_CASES, Right.MANAGE_CASES)
TASK = {"action": "add_task", "title": "Call"}


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def office(engine: Engine) -> Iterator[Office]:
    with an_office(engine) as made:
        yield made


@pytest.fixture
def bench(office: Office) -> Bench:
    return Bench(office.desk)


@pytest.fixture
def manager(office: Office) -> Client:
    """Of the whole organisation."""
    return office.api.person(*MANAGER)


def body(**changes: Any) -> dict[str, Any]:
    return {"name": "Trigger 1", "topic": "CaseOpened", "does": TASK, **changes}


def made(client: Client, **changes: Any) -> dict[str, Any]:
    answer = client.post("/triggers", body(**changes))
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


# --- Set up -----------------------------------------------------------------------------------------------


@on_both
def test_a_trigger_is_set_up_changed_turned_off_and_removed(
    manager: Client, office: Office, bench: Bench
) -> None:
    kind = {"field": "case_kind", "values": [str(bench.kind)]}
    one = made(manager, conditions=[kind])
    path = f"/triggers/{one['id']}"
    assert (one["conditions"], one["enabled"], one["version"]) == ([kind], True, 1)
    assert one["does"] == {**TASK, "assignee_id": None, "role_id": None, "due_in_days": None}

    changed = manager.put(path, body(name="Trigger 2", conditions=[]), version=1)
    assert (changed.json()["name"], changed.json()["conditions"]) == ("Trigger 2", [])
    assert manager.put(path, body(), version=1).status_code == 412
    off = manager.post(f"{path}/disable", version=2).json()
    assert (off["enabled"], off["since"]) == (False, None)
    on = manager.post(f"{path}/enable", version=3).json()
    assert on["enabled"]
    assert manager.delete(path, version=4).status_code == 204

    assert manager.get("/triggers").json()["items"] == []
    (gone,) = manager.get("/triggers?removed=true").json()["items"]
    assert gone["removed_at"] is not None
    for act in ("enable", "disable"):
        assert code_of(manager.post(f"{path}/{act}", version=5)) == "trigger_removed"
    assert code_of(manager.put(path, body(), version=5)) == "trigger_removed"
    acts = [one.act for one in office.api.records(kind="triggers", allowed=True)]
    assert acts == ["create", "update", "update", "update", "delete"]


def test_the_same_key_sets_up_one(manager: Client) -> None:
    first, again = (manager.post("/triggers", body(), key="once") for _ in range(2))

    assert first.json() == again.json()
    assert len(manager.get("/triggers").json()["items"]) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"topic": "AccountLocked"}, "topic_not_for_triggers"),
        ({"topic": "CaseDayReached"}, "condition_day_missing"),
        (
            {"conditions": [{"field": "case_kind", "values": ["x"]}]},
            "condition_value_unknown",
        ),
        ({"conditions": [{"field": "priority", "values": [1]}]}, "condition_field_unknown"),
        ({"conditions": [{"field": "colour", "values": [1]}]}, "invalid_input"),
        ({"conditions": [{"field": "case_kind", "values": []}]}, "invalid_input"),
        ({"does": {"action": "withdraw_request", "reason": "-"}}, "action_not_for_topic"),
        ({"does": {**TASK, "role_id": str(uuid4())}}, "action_names_unknown"),
        ({"does": {**TASK, "colour": "red"}}, "unknown_field"),
        ({"does": {"action": "none"}}, "invalid_input"),
        ({"topic": "Nothing"}, "invalid_input"),
    ],
)
def test_what_cannot_work_is_refused(manager: Client, changes: dict[str, Any], code: str) -> None:
    answer = manager.post("/triggers", body(**changes))

    assert (answer.status_code, code_of(answer)) == (422, code)
    assert manager.get("/triggers").json()["items"] == []


def test_a_type_without_a_preferred_kind_of_case_is_refused(
    manager: Client, office: Office
) -> None:
    does = {"action": "create_request", "consultation_type_id": str(office.desk.world.type)}

    answer = manager.post("/triggers", body(does=does))

    assert (answer.status_code, code_of(answer)) == (422, "type_without_case_kind")


# --- Whose they are -----------------------------------------------------------------------------------------


def test_who_reaches_a_part_changes_none_and_reads_only_his(
    manager: Client, office: Office, bench: Bench
) -> None:
    here, there = office.desk.employer, office.elsewhere.employer
    employers = {"field": "employer", "values": [str(here), str(there)]}
    one = made(manager, conditions=[employers])
    planner = office.here(*MANAGER)

    for answer in (
        planner.post("/triggers", body()),
        planner.put(f"/triggers/{one['id']}", body(), version=1),
        planner.post(f"/triggers/{one['id']}/disable", version=1),
        planner.delete(f"/triggers/{one['id']}", version=1),
    ):
        assert (answer.status_code, code_of(answer)) == (403, "beyond_own_part")
    shown = planner.get(f"/triggers/{one['id']}").json()
    assert shown["conditions"] == [{"field": "employer", "values": [str(here)]}]
    foreign = [{"field": "employer", "values": [str(there)]}]
    tried = planner.post("/triggers/dry-run", {**body(conditions=foreign), "name": None})
    assert tried.status_code == 422  # a name is not asked for
    asked = {"topic": "CaseOpened", "does": TASK, "conditions": foreign}
    assert planner.post("/triggers/dry-run", asked).status_code == 404
    assert bench.firings() == []


def test_of_firings_and_tasks_everybody_sees_those_in_his_part(
    manager: Client, office: Office, bench: Bench
) -> None:
    one = made(manager)
    bench.opens()
    elsewhere = office.elsewhere
    bench.opens(employee_id=elsewhere.employee, establishment_id=elsewhere.establishment)
    bench.relayed()
    planner = office.here(*MANAGER)

    (mine,) = planner.get(f"/triggers/{one['id']}/firings").json()["items"]
    (task,) = planner.get("/tasks").json()["items"]

    assert mine["employee_id"] == task["employee_id"] == str(office.desk.world.employee)
    assert mine["task_id"] == task["id"]
    assert len(manager.get(f"/triggers/{one['id']}/firings").json()["items"]) == 2
    other = next(each for each in bench.tasks() if str(each.id) != task["id"])
    assert code_of(planner.get(f"/tasks/{other.id}")) == "not_found"
    looked = office.api.records(kind="trigger_firings", act="read")
    assert {each.employee_id for each in looked} == {
        office.desk.world.employee,
        elsewhere.employee,
    }


# --- The log, and a dry run ---------------------------------------------------------------------------------


def test_the_log_says_what_was_done_and_why_not(manager: Client, bench: Bench) -> None:
    does = {"action": "create_request", "consultation_type_id": str(bench.desk.world.type)}
    one = made(manager, does=does)
    bench.opens()
    bench.opens(employee_id=bench.desk.somebody(), kind_id=bench.desk.add("case_kinds"))
    bench.relayed()
    path = f"/triggers/{one['id']}/firings"

    done, refused = manager.get(path).json()["items"]

    assert (done["outcome"], done["depth"], done["refusals"]) == ("done", 1, [])
    assert done["request_id"] is not None
    assert (refused["outcome"], refused["request_id"]) == ("refused", None)
    assert [each["code"] for each in refused["refusals"]] == ["no_case_of_kind"]
    assert refused["refusals"][0]["text"].startswith("the employee has no open case")
    assert manager.get(f"{path}?outcome=refused").json()["items"] == [refused]
    assert manager.get(f"{path}?since=2027-02-27T00:00:00Z").json()["items"] == []


@on_both
def test_a_dry_run_tells_and_writes_nothing(manager: Client, office: Office, bench: Bench) -> None:
    bench.opens()
    bench.relayed()
    before = bench.rows()
    does = {"action": "create_request", "consultation_type_id": str(bench.desk.world.type)}

    answer = manager.post("/triggers/dry-run", {"topic": "CaseOpened", "does": does})

    assert answer.status_code == 200, answer.text
    (would,) = answer.json()["firings"]
    assert (answer.json()["looked_at"], answer.json()["fires"]) == (1, 1)
    assert (would["employee_id"], would["refusals"]) == (str(bench.desk.world.employee), [])
    assert bench.rows() == before
    (looked,) = office.api.records(kind="employees", employee_id=bench.desk.world.employee)
    assert looked.act == "read"


def test_a_case_recovers_in_part_once_and_that_is_announced(office: Office, bench: Bench) -> None:
    case, nurse = bench.opens(), office.here(*CASES)
    path = f"/cases/{case}/partial-recovery"

    early = nurse.post(path, {"recovered_in_part_on": "2027-02-01"}, version=1)
    noted = nurse.post(path, {}, version=1)
    again = nurse.post(path, {}, version=2)

    assert (early.status_code, code_of(early)) == (422, "case_recovered_first")
    assert noted.json()["recovered_in_part_on"] == NOW.date().isoformat()
    assert (again.status_code, code_of(again)) == (409, "case_recovered_already")
    assert bench.desk.news(case) == ["CaseOpened", "CasePartiallyRecovered"]


# --- Tasks --------------------------------------------------------------------------------------------------


def role_of(office: Office, client: Client) -> UUID:
    with reading(office.api.engine) as session:
        return session.scalars(select(Account.role_id).where(Account.id == client.id)).one()


@on_both
def test_tasks_are_mine_or_my_roles_and_are_done_and_passed_on(
    office: Office, bench: Bench
) -> None:
    me, colleague = office.here(Right.DO_TASKS), office.here(Right.DO_TASKS)
    whose = {"employee_id": office.desk.world.employee}
    mine = bench.desk.add("tasks", title="Mine", **whose, assignee_id=me.id)
    ours = bench.desk.add("tasks", title="Ours", **whose, role_id=role_of(office, me))
    bench.desk.add("tasks", title="His", **whose, assignee_id=colleague.id)
    bench.desk.add("tasks", title="Anybody's", due_on=NOW.date())

    def listed(query: str) -> list[str]:
        return [one["title"] for one in me.get(f"/tasks?{query}").json()["items"]]

    assert listed("mine=true") == ["Mine", "Ours"]
    assert listed("") == ["Mine", "Ours", "His", "Anybody's"]
    assert listed("due_until=2027-02-26") == ["Anybody's"]
    assert listed(f"assignee_id={colleague.id}") == ["His"]
    done = me.post(f"/tasks/{mine}/complete", version=1)
    assert done.json()["done_at"] is not None
    assert code_of(me.post(f"/tasks/{mine}/complete", version=2)) == "task_done_already"
    assert listed("mine=true&done=false") == ["Ours"]
    assert me.post(f"/tasks/{mine}/reopen", version=2).json()["done_at"] is None
    taken = me.post(f"/tasks/{ours}/assign", {"assignee_id": str(me.id)}, version=1)
    assert (taken.json()["assignee_id"], taken.json()["role_id"]) == (str(me.id), None)
    both = {"assignee_id": str(me.id), "role_id": str(role_of(office, me))}
    assert code_of(me.post(f"/tasks/{ours}/assign", both, version=2)) == "task_for_both"
    nobody = {"role_id": str(uuid4())}
    assert code_of(me.post(f"/tasks/{ours}/assign", nobody, version=2)) == "action_names_unknown"
    free = me.post(f"/tasks/{ours}/assign", {}, version=2)
    assert (free.json()["assignee_id"], free.json()["role_id"]) == (None, None)
    changes = office.api.records(kind="tasks", act="update", allowed=True)
    assert {one.employee_id for one in changes} == {office.desk.world.employee}


# --- The running service ------------------------------------------------------------------------------------


def test_the_service_fires_triggers_and_tells_what_the_day_brings(engine: Engine) -> None:
    bench = Bench(Desk(engine))
    bench.trigger(Topic.CASE_OPENED, TASK)
    bench.trigger(Topic.CASE_DAY_REACHED, TASK, ("day", [1]))
    bench.opens()
    app = application(settings_for(engine), now=lambda: NOW, daily=tell_days)

    with TestClient(app):
        deadline = time.monotonic() + 30
        while len(bench.tasks()) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    assert {one.employee_id for one in bench.tasks()} == {bench.desk.world.employee}
