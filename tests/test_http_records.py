"""Records that are administered, over HTTP: every kind is kept alike. Domain §1; reliability T1-T3."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from api.http.keeping import Keeping
from api.http.routes.records import KINDS
from models.audit import Act
from scheduler.access import Right
from scheduler.access.visible import CONDITIONS
from tests.http_client import Api, Client, an_api, code_of, copied, on_both, plain
from tests.records import add, tried


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@dataclass
class World:
    """Two employers, and somebody for each."""

    api: Api
    employer: UUID
    establishment: UUID
    department: UUID
    employee: UUID
    other: UUID
    elsewhere: UUID
    foreign_department: UUID
    administrator: Client
    manager: Client
    """Of the first employer."""


MANAGING = (
    Right.MANAGE_ORGANISATION,
    Right.MANAGE_EMPLOYEES,
    Right.MANAGE_PRACTITIONERS,
    Right.MANAGE_LOCATIONS,
    Right.MANAGE_TYPES,
)


@pytest.fixture(scope="module")
def world(engine: Engine) -> Iterator[World]:
    with an_api(engine) as api, engine.begin() as connection:
        mine, other = (add(connection, "employers") for _ in range(2))
        here, elsewhere = (
            add(connection, "establishments", employer_id=one) for one in (mine, other)
        )
        department, foreign = (
            add(connection, "departments", employer_id=one) for one in (mine, other)
        )
        employee = add(connection, "employees")
        add(
            connection,
            "employments",
            employee_id=employee,
            employer_id=mine,
            establishment_id=here,
            from_day=api.clock.now.date(),
        )
        connection.commit()
        yield World(
            api,
            mine,
            here,
            department,
            employee,
            other,
            elsewhere,
            foreign,
            api.person(*MANAGING),
            api.person(*MANAGING, reaches={"employer_id": mine}),
        )


BODIES: dict[str, Callable[[World], dict[str, Any]]] = {
    "employers": lambda _: {"code": uuid4().hex, "name": "Employer 1"},
    "establishments": lambda w: {"employer_id": w.employer, "name": "E 1", "country": "NL"},
    "departments": lambda w: {"employer_id": w.employer, "name": "Department 1"},
    "contact_persons": lambda w: {"establishment_id": w.establishment, "name": "Contact 1"},
    "employees": lambda w: {
        "last_name": "Employee 1",
        "employment": {"establishment_id": str(w.establishment), "from_day": "2027-03-01"},
    },
    "employments": lambda w: {
        "employee_id": w.employee,
        "establishment_id": w.establishment,
        "from_day": "2027-03-01",
    },
    "functions": lambda _: {"code": uuid4().hex, "name": "Function 1"},
    "practitioners": lambda _: {"name": "Practitioner 1"},
    "locations": lambda _: {
        "name": "Location 1",
        "country": "NL",
        "time_zone": "Europe/Amsterdam",
    },
    "case_kinds": lambda _: {"code": uuid4().hex, "name": "Kind 1"},
    "consultation_types": lambda _: {
        "code": uuid4().hex,
        "name": "Type 1",
        "duration": 30,
        "modality": "at_location",
    },
}
RENAMED = {"employees": "last_name", "employments": "personnel_number"}
"""The column that is changed; else it is the name."""


def body_of(world: World, kept: Keeping) -> dict[str, Any]:
    told = BODIES[kept.many](world)
    return {name: str(one) if isinstance(one, UUID) else one for name, one in told.items()}


def made(world: World, kept: Keeping) -> dict[str, Any]:
    answer = world.administrator.post(kept.path, body_of(world, kept))
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def every(kinds: Any = KINDS) -> pytest.MarkDecorator:
    """Of each there is a table of its own: on both databases."""
    return tried(
        "kept",
        [(one,) for one in kinds],
        kind=lambda kept: kept.many,
        called=lambda kept: kept.many,
    )


IN_A_PART = [one for one in KINDS if one.record.table in CONDITIONS]
REMOVED = [
    one
    for one in KINDS
    if not one.record.is_archived and one.many not in {"employees", "employments"}
]


def test_every_kind_is_tried_here() -> None:
    assert [one.many for one in KINDS] == list(BODIES)


# --- The happy way ----------------------------------------------------------------------------------------


@every()
def test_a_record_is_added_read_listed_and_changed(world: World, kept: Keeping) -> None:
    name = RENAMED.get(kept.many, "name")
    added = made(world, kept)
    path = f"{kept.path}/{added['id']}"
    who = world.administrator

    read = who.get(path)
    changed = who.patch(path, {name: "Renamed 1"}, version=added["version"])
    listed = who.get(f"{kept.path}?q=renamed&page_size=200").json()["items"]

    assert read.json() == added
    assert read.headers["etag"] == f'"{added["version"]}"'
    assert changed.status_code == 200, changed.text
    told = changed.json()
    assert told["version"] == added["version"] + 1
    assert told[name] == "Renamed 1"
    same = told.keys() - {"version", name}
    assert {one: told[one] for one in same} == {one: added[one] for one in same}
    assert told["id"] in {one["id"] for one in listed}
    acts = [one.act for one in world.api.records(object_id=UUID(added["id"]), allowed=True)]
    assert acts[0] is Act.CREATE
    assert Act.UPDATE in acts


@every()
def test_only_the_version_that_was_read_is_changed(world: World, kept: Keeping) -> None:
    added = made(world, kept)
    path = f"{kept.path}/{added['id']}"
    body = {RENAMED.get(kept.many, "name"): "Renamed 2"}
    who = world.administrator

    without = who.patch(path, body)
    first = who.patch(path, body, version=added["version"])
    second = who.patch(path, body, version=added["version"])

    assert (without.status_code, code_of(without)) == (428, "version_missing")
    assert first.status_code == 200
    assert (second.status_code, code_of(second)) == (412, "outdated")


@every()
def test_a_change_says_which_columns_it_was_about(world: World, kept: Keeping) -> None:
    added = made(world, kept)
    name = RENAMED.get(kept.many, "name")

    world.administrator.patch(
        f"{kept.path}/{added['id']}", {name: "Renamed 3"}, version=added["version"]
    )

    record = world.api.records(object_id=UUID(added["id"]), act=Act.UPDATE)[-1]
    assert record.kind == kept.record.table.__table__.name  # type: ignore[attr-defined]
    assert record.fields == [name]


@every()
def test_the_same_key_adds_one(world: World, kept: Keeping) -> None:
    body, key = body_of(world, kept), uuid4().hex

    first = world.administrator.post(kept.path, body, key=key)
    again = world.administrator.post(kept.path, body, key=key)

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"


@every(REMOVED)
def test_what_nothing_names_is_removed(world: World, kept: Keeping) -> None:
    added = made(world, kept)
    path = f"{kept.path}/{added['id']}"

    removed = world.administrator.delete(path, version=added["version"])

    assert (removed.status_code, removed.content) == (204, b"")
    assert world.administrator.get(path).status_code == 404
    assert world.api.records(object_id=UUID(added["id"]), act=Act.DELETE)[0].allowed


@every([one for one in KINDS if one.record.is_archived])
def test_what_is_archived_is_listed_only_where_it_is_asked(world: World, kept: Keeping) -> None:
    added = made(world, kept)
    path, who = f"{kept.path}/{added['id']}", world.administrator

    def listed(more: str = "") -> bool:
        items = who.get(f"{kept.path}?page_size=200{more}").json()["items"]
        return added["id"] in {one["id"] for one in items}

    archived = who.post(f"{path}/archive", version=added["version"])
    assert archived.status_code == 200, archived.text
    assert archived.json()["archived_at"] is not None
    assert (listed(), listed("&archived=true")) == (False, True)
    restored = who.post(f"{path}/restore", version=archived.json()["version"])
    assert restored.json()["archived_at"] is None
    assert listed()


# --- What cannot be taken -----------------------------------------------------------------------------------


@every()
def test_no_column_is_set_that_is_not_offered(world: World, kept: Keeping) -> None:
    added = made(world, kept)
    path, who = f"{kept.path}/{added['id']}", world.administrator

    for name in ("id", "version", "archived_at", "until_day_", "price"):
        answer = who.patch(path, {name: 1}, version=added["version"])
        assert (answer.status_code, code_of(answer)) == (422, "unknown_field")
        assert answer.json()["errors"][0]["field"] == f"body.{name}"
        answer = who.post(kept.path, body_of(world, kept) | {name: 1})
        assert (answer.status_code, code_of(answer)) == (422, "unknown_field")


NO_NAMES: list[tuple[object, str]] = [
    ("", "invalid_input"),
    (" ", "invalid_input"),
    (5, "invalid_input"),
    (["x"], "invalid_input"),
    ("x" * 201, "invalid_input"),
    ("a\r\nBcc: x@evil.test", "invalid_characters"),
    ("a\0b", "malformed_json"),
]


@tried(
    "kept, value, code",
    [(kept, *one) for kept in KINDS for one in NO_NAMES],
    kind=lambda _, value, __: repr(value),
    called=lambda kept, value, _: f"{kept.many}-{value!r:.20}",
)
def test_a_name_is_one_line(world: World, kept: Keeping, value: object, code: str) -> None:
    body = body_of(world, kept) | {RENAMED.get(kept.many, "name"): value}

    answer = world.administrator.post(kept.path, body)

    assert (answer.status_code, code_of(answer)) == (422, code)


@every([one for one in KINDS if "code" in one.given.model_fields and one.many != "departments"])
def test_a_code_is_taken_once(world: World, kept: Keeping) -> None:
    body = body_of(world, kept)
    added = world.administrator.post(kept.path, body).json()
    another = made(world, kept)

    again = world.administrator.post(kept.path, body)
    changed = world.administrator.patch(
        f"{kept.path}/{another['id']}", {"code": added["code"]}, version=another["version"]
    )

    for answer in (again, changed):
        assert (answer.status_code, code_of(answer)) == (409, "code_taken")
        assert "choose another" in answer.json()["detail"]


@every([one for one in KINDS if "reference" in one.given.model_fields])
def test_a_reference_is_taken_once(world: World, kept: Keeping) -> None:
    body = body_of(world, kept) | {"reference": uuid4().hex}
    world.administrator.post(kept.path, body)

    again = world.administrator.post(kept.path, body)

    assert (again.status_code, code_of(again)) == (409, "reference_taken")


@tried(
    "kept, q",
    product(KINDS, ["%", "_", "\\", "é", "'", "%00", "", "x" * 101]),
    kind=lambda _, q: q,
    called=lambda kept, q: f"{kept.many}-{q!r:.20}",
)
def test_no_search_goes_wrong(world: World, kept: Keeping, q: str) -> None:
    made(world, kept)

    answer = world.administrator.get(kept.path, params={"q": q})

    if answer.status_code == 200:
        assert answer.json()["items"] == []
    else:
        assert (answer.status_code, code_of(answer)) == (422, "invalid_parameter")


# --- Whose it is ----------------------------------------------------------------------------------------------


@every(IN_A_PART)
def test_what_is_anothers_cannot_be_told_from_what_is_not_there(
    world: World, kept: Keeping
) -> None:
    foreign = made(
        World(**{**vars(world), "employer": world.other, "establishment": world.elsewhere}), kept
    )
    if kept.many == "employments":  # of somebody of the manager's: his other employer's employment
        assert foreign["employee_id"] == str(world.employee)
    path, unknown = f"{kept.path}/{foreign['id']}", f"{kept.path}/{uuid4()}"
    body = {RENAMED.get(kept.many, "name"): "Renamed 4"}

    for there, not_there in (
        (world.manager.get(path), world.manager.get(unknown)),
        (
            world.manager.patch(path, body, version=1),
            world.manager.patch(unknown, body, version=1),
        ),
    ):
        assert there.status_code == 404
        assert plain(there) == plain(not_there)
    seen = world.manager.get(f"{kept.path}?page_size=200").json()["items"]
    assert foreign["id"] not in {one["id"] for one in seen}
    denied = world.api.records(object_id=UUID(foreign["id"]), actor_id=world.manager.id)
    assert denied
    assert not any(one.allowed for one in denied)


@every([one for one in IN_A_PART if one.many != "employers"])
def test_a_new_one_lies_in_the_callers_part(world: World, kept: Keeping) -> None:
    own = world.manager.post(kept.path, body_of(world, kept))
    beyond = World(**{**vars(world), "employer": world.other, "establishment": world.elsewhere})

    foreign = world.manager.post(kept.path, body_of(beyond, kept))
    unknown = World(**{**vars(world), "employer": uuid4(), "establishment": uuid4()})
    nowhere = world.manager.post(kept.path, body_of(unknown, kept))

    assert own.status_code == 201, own.text
    assert (foreign.status_code, code_of(foreign)) == (404, "not_found")
    assert plain(foreign) == plain(nowhere)


@on_both
def test_a_new_employer_is_added_by_whoever_reaches_everybody(world: World) -> None:
    kept = KINDS[0]
    body = body_of(world, kept)
    world.administrator.post("/employers", body)

    taken, free = (world.manager.post("/employers", one) for one in (body, body_of(world, kept)))

    assert (free.status_code, code_of(free)) == (403, "beyond_own_part")
    assert plain(taken) == plain(free)  # nobody learns which codes there are


@every()
def test_a_look_needs_no_right_to_change(world: World, kept: Keeping) -> None:
    added = made(world, kept)
    reader = world.api.person(*kept.look)

    assert reader.get(f"{kept.path}/{added['id']}").status_code == 200
    answer = reader.patch(f"{kept.path}/{added['id']}", {}, version=1)
    assert (answer.status_code, code_of(answer)) == (403, "right_missing")
