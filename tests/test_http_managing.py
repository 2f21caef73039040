"""Accounts, roles and groups over HTTP: nobody gives, sees or manages more than he has himself. Domain §8."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from models.audit import Act
from models.database import writing
from scheduler.access import Right
from tests.access import a_group, a_role
from tests.http_client import Api, Client, an_api, code_of, copied, plain
from tests.records import DATABASES, add


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def api(engine: Engine) -> Iterator[Api]:
    with an_api(engine) as made:
        yield made


@pytest.fixture(scope="module")
def administrator(api: Api) -> Client:
    return api.administrator()


def a_user(api: Api, administrator: Client, **changes: Any) -> dict[str, Any]:
    with writing(api.engine) as session:
        role, group = a_role(session), a_group(session)
    body = {
        "login": uuid4().hex,
        "name": "Planner 7",
        "role_id": str(role),
        "group_id": str(group),
    }
    answer = administrator.post("/users", body | changes)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


# --- Accounts ---------------------------------------------------------------------------------------------


def test_an_account_is_added_changed_locked_out_and_back(api: Api, administrator: Client) -> None:
    made = a_user(api, administrator)["account"]
    path = f"/accounts/{made['id']}"

    def version() -> int:
        found: int = administrator.get(path).json()["version"]
        return found

    address = administrator.put(
        f"{path}/address", {"email": "planner7@example.org"}, version=version()
    )
    assert address.json()["email"] == "planner7@example.org"
    assert address.headers["etag"] == f'"{version()}"'
    for action, active in (("deactivate", False), ("reactivate", True), ("unlock", True)):
        answer = administrator.post(f"{path}/{action}", version=version())
        assert answer.status_code == 200, answer.text
        assert answer.json()["is_active"] is active
    for action in ("reset-password", "reset-second-factor"):
        answer = administrator.post(f"{path}/{action}", version=version())
        assert len(answer.json()["one_time_password"]) > 20
    wrong = administrator.post(f"{path}/renew-secrets", version=version())
    assert (wrong.status_code, code_of(wrong)) == (409, "not_a_user")
    changes = api.records(object_id=UUID(made["id"]), allowed=True, act=Act.UPDATE)
    assert len(changes) == 6
    assert {one.kind for one in changes} == {"accounts"}


def test_no_secret_is_ever_shown_of_an_account(api: Api, administrator: Client) -> None:
    made = a_user(api, administrator)

    listed = administrator.get("/accounts?page_size=200").json()["items"]

    assert made["account"] in listed
    assert not any("secret" in name or "password" in name for one in listed for name in one)


def test_a_program_gets_its_secrets_once_and_new_ones(api: Api, administrator: Client) -> None:
    with writing(api.engine) as session:
        role, group = a_role(session), a_group(session)
    body = {"login": uuid4().hex, "name": "P", "role_id": str(role), "group_id": str(group)}

    made = administrator.post("/programs", body).json()
    path = f"/accounts/{made['account']['id']}"
    granted = administrator.put(
        f"{path}/impersonation", {"group_id": str(group)}, version=made["account"]["version"]
    )
    renewed = administrator.post(f"{path}/renew-secrets", version=granted.json()["version"])

    assert granted.json()["impersonates_id"] == str(group)
    assert renewed.json()["client_secret"] != made["client_secret"]
    taken = administrator.post("/programs", body)
    assert (taken.status_code, code_of(taken)) == (409, "login_taken")
    odd = administrator.post("/programs", body | {"login": "no such login"})
    assert (odd.status_code, code_of(odd)) == (422, "login_malformed")


def test_two_who_change_an_account_at_once_do_not_overwrite_each_other(
    api: Api, administrator: Client
) -> None:
    made = a_user(api, administrator)["account"]
    path = f"/accounts/{made['id']}/address"

    first = administrator.put(path, {"email": "a@b.example"}, version=made["version"])
    second = administrator.put(path, {"email": "c@d.example"}, version=made["version"])

    assert (first.status_code, second.status_code) == (200, 412)
    assert administrator.get(f"/accounts/{made['id']}").json()["email"] == "a@b.example"


def test_an_account_beyond_ones_part_is_not_there(api: Api, administrator: Client) -> None:
    with api.engine.begin() as connection:
        mine, other = add(connection, "employers"), add(connection, "employers")
    manager = api.person(Right.MANAGE_USERS, reaches={"employer_id": mine})
    with writing(api.engine) as session:
        beyond = a_group(session, employer_id=other)
        within = a_group(session, employer_id=mine)
    foreign = a_user(api, administrator, group_id=str(beyond))["account"]
    own = a_user(api, administrator, group_id=str(within))["account"]

    seen = {one["id"] for one in manager.get("/accounts?page_size=200").json()["items"]}
    assert own["id"] in seen
    assert foreign["id"] not in seen
    unknown = manager.get(f"/accounts/{uuid4()}")
    assert plain(manager.get(f"/accounts/{foreign['id']}")) == plain(unknown)
    for action in ("deactivate", "unlock", "reset-password"):
        answer = manager.post(f"/accounts/{foreign['id']}/{action}", version=1)
        assert (answer.status_code, code_of(answer)) == (404, "not_found")
    groups = {one["id"] for one in manager.get("/groups?page_size=200").json()["items"]}
    assert str(within) in groups
    assert str(beyond) not in groups


def test_nobody_gives_more_than_he_has(api: Api) -> None:
    manager = api.person(Right.MANAGE_USERS, Right.MANAGE_ROLES)
    with writing(api.engine) as session:
        stronger, group = a_role(session, [Right.INVOICE]), a_group(session)
    body = {"login": uuid4().hex, "name": "X", "role_id": str(stronger), "group_id": str(group)}

    given = manager.post("/users", body)
    put_together = manager.post("/roles", {"name": uuid4().hex, "rights": ["invoice"]})

    for answer in (given, put_together):
        assert (answer.status_code, code_of(answer)) == (403, "beyond_own_rights")


def test_a_user_of_another_kind_is_not_seen(api: Api, administrator: Client) -> None:
    user = a_user(api, administrator)["account"]
    of_programs = api.person(Right.MANAGE_API_ACCOUNTS)

    assert of_programs.get(f"/accounts/{user['id']}").status_code == 404
    assert of_programs.get("/accounts?kind=user").json()["items"] == []


# --- Roles and groups ---------------------------------------------------------------------------------------


def test_a_role_is_put_together_changed_and_taken_away(engine: Engine) -> None:
    with an_api(engine) as api:
        administrator = api.administrator()
        name = uuid4().hex
        made = administrator.post("/roles", {"name": name, "rights": ["view_requests"]})
        path = f"/roles/{made.json()['id']}"
        taken = administrator.post("/roles", {"name": name, "rights": []})
        changed = administrator.put(path, {"rights": ["view_cases"]}, version=1)
        outdated = administrator.put(path, {"rights": []}, version=1)
        gone = administrator.delete(path, version=2)

        assert (taken.status_code, code_of(taken)) == (409, "name_taken")
        assert changed.json()["rights"] == ["view_cases"]
        assert changed.headers["etag"] == '"2"'
        assert outdated.status_code == 412
        assert gone.status_code == 204
        assert administrator.get(path).status_code == 404
        assert len(administrator.get("/rights").json()["items"]) == len(Right)


def test_a_group_reaches_what_it_names(engine: Engine) -> None:
    with engine.begin() as connection:
        employer, employee = add(connection, "employers"), add(connection, "employees")
    with an_api(engine) as api:
        administrator = api.administrator()
        body = {"name": uuid4().hex, "employers": [str(employer)]}
        made = administrator.post("/groups", body)
        path = f"/groups/{made.json()['id']}"
        changed = administrator.put(path, {"employees": [str(employee)]}, version=1)
        beyond = administrator.put(path, {"employees": [str(uuid4())]}, version=2)
        gone = administrator.delete(path, version=2)

        assert made.json()["employers"] == [str(employer)]
        assert (changed.json()["employers"], changed.json()["employees"]) == ([], [str(employee)])
        assert (beyond.status_code, code_of(beyond)) == (403, "beyond_own_part")
        assert gone.status_code == 204


# --- What is there to choose from ----------------------------------------------------------------------------


def test_locations_practitioners_and_types_are_listed(engine: Engine) -> None:
    with engine.begin() as connection:
        keys = {
            "locations": add(connection, "locations"),
            "practitioners": add(connection, "practitioners"),
            "consultation-types": add(connection, "consultation_types"),
        }
    with an_api(engine) as api:
        looker = api.person(Right.VIEW_AGENDA)
        for name, key in keys.items():
            listed = looker.get(f"/{name}?page_size=200").json()["items"]
            assert str(key) in {one["id"] for one in listed}
            one = looker.get(f"/{name}/{key}")
            assert one.json() in listed
            assert one.headers["etag"] == '"1"'
            assert looker.get(f"/{name}/{uuid4()}").status_code == 404
        assert code_of(api.person().get("/locations")) == "right_missing"


def test_a_parameter_is_read_and_set(administrator: Client) -> None:
    done = administrator.put("/parameters/Planning/Grid", {"value": 10})
    unknown = administrator.put("/parameters/Planning/Colour", {"value": 10})

    values = {
        f"{one['category']}/{one['code']}": one["value"]
        for one in administrator.get("/parameters").json()["items"]
    }
    assert done.json()["value"] == values["Planning/Grid"] == 10
    assert unknown.status_code == 404
    administrator.put("/parameters/Planning/Grid", {"value": 5})


def test_a_run_tells_of_nobody_whom_he_may_not_see(engine: Engine) -> None:
    with engine.begin() as connection:
        report = {"asked": 2, "planned": 1, "zones": [{"shortages": ["somebody"]}]}
        run = add(connection, "job_runs", state="done", report=report)
    with an_api(engine) as api:
        with api.engine.begin() as connection:
            part = add(connection, "employers")
        everybody = api.person(Right.START_RUNS)
        some = api.person(Right.START_RUNS, reaches={"employer_id": part})

        assert everybody.get(f"/runs/{run}").json()["report"] == report
        assert some.get(f"/runs/{run}").json()["report"] == {"asked": 2, "planned": 1}
        assert some.get(f"/runs/{run}/outcomes").json() == {"items": [], "next": None}
        assert some.get("/runs?state=running").json()["items"] == []


def test_an_employee_can_be_told_who_looked(engine: Engine) -> None:
    with engine.begin() as connection:
        employee = add(connection, "employees")
    with an_api(engine) as api:
        guard = api.person(Right.VIEW_AUDIT)
        path = f"/employees/{employee}/audit"
        for _ in range(3):
            assert guard.get(path).status_code == 200

        first = guard.get(f"{path}?page_size=2").json()
        rest = guard.get(f"{path}?page_size=2&cursor={first['next']}").json()

        assert len(first["items"]) == 2
        assert first["items"][0]["actor"] == "Somebody 1"
        assert {one["act"] for one in first["items"] + rest["items"]} == {"read"}
        assert code_of(guard.get(f"{path}?cursor=%21")) == "invalid_cursor"
        beyond = api.person(Right.VIEW_AUDIT, reaches={"employee_id": uuid_of(engine)})
        assert beyond.get(path).status_code == 404


def uuid_of(engine: Engine) -> UUID:
    with engine.begin() as connection:
        return add(connection, "employees")
