"""No input makes a 5xx, and none is taken for what it is not: reliability §4, P18, T2, T3, T17, T23."""

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from tests.http_client import World, a_world, code_of, copied
from tests.records import DATABASES


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def world(engine: Engine) -> Iterator[World]:
    with a_world(engine) as made:
        yield made


@pytest.mark.parametrize(
    "query",
    [
        "page_size=1000000000",
        "page_size=0",
        "sort=password_hash",
        "cursor=x",
        "cursor=WyJ4Il0",
        "cursor=WzFd",
        "cursor=%F0%9F%92%A9",
        "state=sleeping",
        "employee_id=1",
        "state=open&state=draft",
        "from_day=2027-02-30",
        "from_day=10000-01-01",
        "from_day=1",
        "priority=1",
        "employee_id=%00",
    ],
)
def test_a_parameter_that_means_nothing_is_refused(world: World, query: str) -> None:
    answer = world.planner.get(f"/requests?{query}")

    assert answer.status_code == 422
    assert code_of(answer)


@pytest.mark.parametrize(
    "starts_at",
    [
        "2027-03-28T02:30:00",
        "10000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-12-31T23:59:60Z",
        1_800_000_000,
        "tomorrow",
        "0.5",
        "2027-05-03",
        "2027-05-03T09:00:00",
        None,
    ],
)
def test_an_instant_is_a_text_with_a_zone(world: World, starts_at: object) -> None:
    body = world.place() | {"starts_at": starts_at}

    answer = world.planner.post(f"/requests/{world.requests[0]}/appointment", body)

    assert (answer.status_code, code_of(answer)) == (422, "invalid_input")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "invalid_input"),
        (b"{", 422, "malformed_json"),
        (b"null", 422, "invalid_input"),
        (b"[]", 422, "invalid_input"),
        (b'"x"', 422, "invalid_input"),
        (b"1", 422, "invalid_input"),
        (b"\xff\xfe", 422, "malformed_json"),
        (b'{"name": "a", "name": "b", "rights": []}', 422, "malformed_json"),
        (b'{"name": NaN, "rights": []}', 422, "malformed_json"),
        (b'{"name": 1e400, "rights": []}', 422, "malformed_json"),
        (b'{"name": ' + b"9" * 5000 + b', "rights": []}', 422, "malformed_json"),
        (b'{"name": "a\\u0000b", "rights": []}', 422, "malformed_json"),
        (b'{"name": "\\ud800", "rights": []}', 422, "malformed_json"),
        (b'{"\\ud800": 1, "name": "a", "rights": []}', 422, "malformed_json"),
        (b"[" * 10_000 + b"]" * 10_000, 422, "malformed_json"),
        (b'{"a":' * 10_000, 422, "malformed_json"),
        (b'"' + b'\\"' * 300_000, 422, "malformed_json"),
        (b'{"name": "' + b"x" * 10_000_000 + b'"}', 413, "body_too_large"),
        (b'{"name": "a\\r\\nBcc: x@evil.test", "rights": []}', 422, "invalid_characters"),
        (b'{"name": "=?utf-8?b?DQpCY2M6IHg=?=", "rights": []}', 422, "invalid_characters"),
        (b'{"name": "a", "rights": ["fly"]}', 422, "invalid_input"),
        (b'{"name": {"$ne": 1}, "rights": []}', 422, "invalid_input"),
        (b'{"name": "", "rights": []}', 422, "invalid_input"),
        (b'{"name": "a", "rights": [], "everything": true}', 422, "unknown_field"),
    ],
)
def test_a_body_is_read_strictly(world: World, body: bytes, status: int, code: str) -> None:
    administrator = world.api.administrator()

    answer = administrator.post("/roles", raw=body)

    assert (answer.status_code, code_of(answer)) == (status, code)


def test_a_body_that_is_no_json_is_refused(world: World) -> None:
    administrator = world.api.administrator()
    body = json.dumps({"name": uuid4().hex, "rights": []}).encode()

    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
        answer = administrator.post("/roles", raw=body, headers={"Content-Type": kind})
        assert (answer.status_code, code_of(answer)) == (415, "unsupported_media_type")
    told = {"Content-Type": "application/json; charset=utf-8"}
    assert administrator.post("/roles", raw=body, headers=told).status_code == 201


def test_a_body_where_none_is_wanted_is_refused(world: World) -> None:
    administrator = world.api.administrator()

    answer = administrator.post("/me/backup-codes", {"codes": ["1"]})

    assert (answer.status_code, code_of(answer)) == (422, "unknown_field")


@pytest.mark.parametrize(
    "path",
    [
        "/requests/1",
        "/requests/9223372036854775808",
        "/requests/%00",
        "/requests/..%2e%2e",
        "/requests/%F0%28%8C%28",
        "/parameters/Planning/%00",
    ],
)
def test_an_odd_path_is_not_found_or_malformed(world: World, path: str) -> None:
    method = "PUT" if "parameters" in path else "GET"

    answer = world.planner.call(method, path, {"value": 1} if method == "PUT" else None)

    assert answer.status_code in {404, 405, 422}
    assert code_of(answer)


@pytest.mark.parametrize("key", [" ", "é", "x" * 256, "a\tb"])
def test_an_odd_key_is_refused(world: World, key: str) -> None:
    administrator = world.api.administrator()

    answer = administrator.post(
        "/roles", {"name": "R", "rights": []}, headers={"Idempotency-Key": key.encode()}
    )

    assert answer.status_code == 422
    assert code_of(answer) in {"idempotency_key_invalid", "idempotency_key_missing"}


@pytest.mark.parametrize(
    "condition", ["*", "1", 'W/"1"', '"1", "2"', '"x"', '"99999999999999999999"']
)
def test_an_odd_condition_is_refused(world: World, condition: str) -> None:
    administrator = world.api.administrator()
    role = administrator.post("/roles", {"name": uuid4().hex, "rights": []}).json()["id"]

    answer = administrator.put(f"/roles/{role}", {"rights": []}, headers={"If-Match": condition})

    assert (answer.status_code, code_of(answer)) == (422, "version_malformed")


@pytest.mark.parametrize(
    "token", ["", "x", "Basic eA==", "Bearer ", "Bearer " + "x" * 5000, "Bearer é"]
)
def test_an_odd_token_is_none(world: World, token: str) -> None:
    answer = world.api.nobody().get("/me", headers={"Authorization": token.encode()})

    assert (answer.status_code, code_of(answer)) == (401, "invalid_token")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("value", [True, 1.5, "5", None, [], 7, -5, 2**62, 10**30])
def test_a_parameter_has_values_of_its_kind(world: World, value: object) -> None:
    administrator = world.api.administrator()

    answer = administrator.put("/parameters/Planning/Grid", {"value": value})

    assert answer.status_code == 422
    assert code_of(answer)


def test_two_faults_at_once_are_no_fault_of_ours(world: World) -> None:
    administrator = world.api.administrator()
    role = administrator.post("/roles", {"name": uuid4().hex, "rights": []}).json()["id"]
    body = {"rights": [], "everything": True}

    odd = administrator.put(f"/roles/{role}", body, headers={"If-Match": "0"})
    without = administrator.put(f"/roles/{role}", body)

    assert (odd.status_code, code_of(odd)) == (422, "version_malformed")
    assert (without.status_code, code_of(without)) == (428, "version_missing")


def test_an_appointment_does_not_change_places_with_itself(world: World) -> None:
    made = world.book()

    answer = world.planner.post(
        f"/appointments/{made['id']}/swap",
        {"appointment_id": made["id"], "version": made["version"]},
        version=made["version"],
    )

    assert (answer.status_code, code_of(answer)) == (422, "swapped_with_itself")
    assert "another one" in answer.json()["detail"]
