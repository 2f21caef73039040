"""What practitioners, functions, locations, types and preferences have of their own, over HTTP. Domain §§2-5."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from models.access import AccountKind
from models.settings import Criterion
from scheduler.access import Right
from scheduler.loading.preferences import USUAL_ORDER
from tests.agendas import AMSTERDAM, MONDAY, there
from tests.http_client import Client, World, a_world, code_of, copied, on_both
from tests.records import add, change


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    with a_world(engine) as made:
        yield made


@pytest.fixture
def manager(world: World) -> Client:
    return world.api.person(
        Right.MANAGE_PRACTITIONERS,
        Right.MANAGE_LOCATIONS,
        Right.MANAGE_TYPES,
        Right.MANAGE_USERS,
        Right.ORDER_PREFERENCES,
    )


def new(who: Client, kind: str, **body: Any) -> dict[str, Any]:
    answer = who.post(f"/{kind}", body)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def only(who: Client, kind: str) -> dict[str, Any]:
    """The one that a small world has."""
    (told,) = who.get(f"/{kind}").json()["items"]
    found: dict[str, Any] = told
    return found


LOCATION = {"name": "Location 2", "country": "NL", "time_zone": "Europe/Amsterdam"}
TYPE = {"name": "Type 2", "duration": 30, "modality": "at_location"}


# --- Archiving --------------------------------------------------------------------------------------------


@on_both
@pytest.mark.parametrize("kind", ["locations", "practitioners", "consultation-types"])
def test_what_something_lies_ahead_of_is_not_archived(
    world: World, manager: Client, kind: str
) -> None:
    booked = world.book()
    told = only(manager, kind)
    path = f"/{kind}/{told['id']}/archive"
    stranger = world.api.person(
        Right.MANAGE_PRACTITIONERS,
        Right.MANAGE_LOCATIONS,
        Right.MANAGE_TYPES,
        reaches={"employee_id": world.employees[1]},
    )

    seen, unseen = (who.post(path, version=told["version"]) for who in (manager, stranger))

    for answer, appointments in ((seen, [booked["id"]]), (unseen, [])):
        assert (answer.status_code, code_of(answer)) == (409, "in_use_ahead")
        assert answer.json()["refusals"][0]["params"] == {
            "availability_count": 1,
            "appointment_count": 1,
            "availabilities": [str(world.availability)],
            "appointments": appointments,
        }
        assert "1 availabilities and 1 planned appointments" in answer.json()["detail"]
    assert only(manager, kind)["archived_at"] is None


@on_both
@pytest.mark.parametrize("kind", ["locations", "practitioners", "consultation-types"])
def test_what_has_been_held_keeps_nothing_from_being_archived(
    world: World, manager: Client, kind: str
) -> None:
    world.book()
    told = only(manager, kind)
    world.api.clock.now = there(AMSTERDAM, MONDAY, 1_000).astimezone(UTC)
    late = world.api.person(Right.MANAGE_PRACTITIONERS, Right.MANAGE_LOCATIONS, Right.MANAGE_TYPES)

    answer = late.post(f"/{kind}/{told['id']}/archive", version=told["version"])

    assert answer.status_code == 200, answer.text
    assert answer.json()["archived_at"] is not None
    again = late.post(f"/{kind}/{told['id']}/archive", version=answer.json()["version"])
    assert again.json() == answer.json()


# --- Locations --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ({"time_zone": "Mars/Olympus"}, "unknown_time_zone", "give one like Europe/Amsterdam"),
        ({"time_zone": "../../etc/passwd"}, "unknown_time_zone", "Europe/Amsterdam"),
        ({"time_zone": "europe/amsterdam"}, "unknown_time_zone", "Europe/Amsterdam"),
        ({"country": "XX"}, "unknown_calendar", "two capital letters"),
        ({"country": "DE", "subdivision": "ZZ"}, "unknown_calendar", "no subdivision"),
        ({"subdivision": "a b"}, "invalid_input", "subdivision"),
        ({"capacity": -1}, "invalid_input", "capacity"),
        ({"capacity": 2**63 - 1}, "invalid_input", "capacity"),
        ({"capacity": True}, "invalid_input", "capacity"),
        ({"longitude": 4.9}, "half_a_point", "both"),
    ],
)
def test_a_location_is_somewhere_that_is_known(
    manager: Client, given: dict[str, Any], code: str, said: str
) -> None:
    answer = manager.post("/locations", LOCATION | given)

    assert (answer.status_code, code_of(answer)) == (422, code)
    assert said in answer.json()["detail"]


def test_every_reason_against_a_location_is_told_at_once(manager: Client) -> None:
    wrong = {"time_zone": "x", "country": "XX", "latitude": 52.0}

    answer = manager.post("/locations", LOCATION | wrong)

    assert (answer.status_code, code_of(answer)) == (422, "refused")
    fields = [one["params"]["field"] for one in answer.json()["refusals"]]
    assert fields == ["country", "time_zone", "latitude"]


@on_both
def test_days_do_not_shift_under_what_lies_ahead(world: World, manager: Client) -> None:
    world.book()
    told = only(manager, "locations")
    path = f"/locations/{told['id']}"

    for given in ({"time_zone": "Europe/London"}, {"country": "BE"}, {"subdivision": "NH"}):
        answer = manager.patch(path, given, version=1)
        assert (answer.status_code, code_of(answer)) == (409, "days_would_shift")
        params = answer.json()["refusals"][0]["params"]
        assert params["fields"] == list(given)
        assert (params["availability_count"], params["appointment_count"]) == (1, 1)
        assert "add another location" in answer.json()["detail"]
    renamed = manager.patch(path, {"name": "L", "time_zone": told["time_zone"]}, version=1)
    assert renamed.status_code == 200
    free = new(manager, "locations", **LOCATION)
    moved = manager.patch(
        f"/locations/{free['id']}", {"time_zone": "America/Curacao", "country": "CW"}, version=1
    )
    assert moved.json()["time_zone"] == "America/Curacao"


@on_both
def test_a_limit_may_be_lowered_under_what_stands(world: World, manager: Client) -> None:
    with world.api.engine.begin() as connection:
        told = only(manager, "locations")
        another = add(connection, "practitioners")
        times = {
            "starts_at": there(AMSTERDAM, MONDAY, 540),
            "ends_at": there(AMSTERDAM, MONDAY, 660),
        }
        add(
            connection,
            "availabilities",
            practitioner_id=another,
            location_id=UUID(told["id"]),
            day=MONDAY,
            **times,
        )

    lowered = manager.patch(f"/locations/{told['id']}", {"capacity": 1}, version=1)

    assert lowered.json()["capacity"] == 1
    assert (
        manager.patch(f"/locations/{told['id']}", {"capacity": None}, version=2).json()["capacity"]
        is None
    )


# --- Practitioners and functions ----------------------------------------------------------------------------


@on_both
def test_a_practitioner_has_functions(manager: Client) -> None:
    doctor, nurse = (
        new(manager, "functions", code=uuid4().hex, name=name)["id"] for name in ("D", "N")
    )
    made = new(manager, "practitioners", name="Practitioner 2", score=3, functions=[nurse])
    path = f"/practitioners/{made['id']}"

    both = manager.patch(path, {"functions": [nurse, doctor]}, version=1)
    same = manager.patch(path, {"functions": [doctor, nurse]}, version=2)
    twice = manager.patch(path, {"functions": [doctor, doctor]}, version=2)
    unknown = manager.patch(path, {"functions": [str(uuid4())]}, version=2)
    none = manager.patch(path, {"functions": None}, version=2)

    assert both.json()["functions"] == sorted([doctor, nurse])
    assert (both.json()["version"], same.json()["version"]) == (2, 2)
    assert (twice.status_code, code_of(twice)) == (422, "listed_twice")
    assert (unknown.status_code, code_of(unknown)) == (422, "unknown")
    assert (none.status_code, code_of(none)) == (422, "invalid_input")
    named = manager.delete(f"/functions/{doctor}", version=1)
    assert (named.status_code, code_of(named)) == (409, "still_named")
    assert named.json()["refusals"][0]["params"]["by"] == ["practitioner_functions"]
    manager.patch(path, {"functions": [nurse]}, version=2)
    assert manager.delete(f"/functions/{doctor}", version=1).status_code == 204
    listed = manager.get("/practitioners?q=practitioner+2").json()["items"]
    assert [one["functions"] for one in listed] == [[nurse]]


@on_both
def test_a_practitioner_has_the_account_of_a_person(world: World, manager: Client) -> None:
    user, program = world.api.person(), world.api.person(kind=AccountKind.API)
    body = {"name": "Practitioner 2", "account_id": str(user.id)}
    made = new(manager, "practitioners", **body)
    with world.api.engine.begin() as connection:
        employer = add(connection, "employers")
    part = world.api.person(Right.MANAGE_PRACTITIONERS, reaches={"employer_id": employer})

    taken = manager.post("/practitioners", body)
    wrong = manager.post("/practitioners", body | {"account_id": str(program.id)})
    foreign = part.post("/practitioners", body)
    unknown = part.post("/practitioners", body | {"account_id": str(uuid4())})

    assert made["account_id"] == str(user.id)
    assert (taken.status_code, code_of(taken)) == (409, "account_taken")
    assert (wrong.status_code, code_of(wrong)) == (422, "account_of_a_program")
    assert [one.status_code for one in (foreign, unknown)] == [404, 404]


# --- Types and kinds of case --------------------------------------------------------------------------------


@on_both
def test_a_type_has_names_functions_and_switches(manager: Client) -> None:
    function = new(manager, "functions", code=uuid4().hex, name="Doctor")["id"]
    kind = new(manager, "case-kinds", code=uuid4().hex, name="Absence")["id"]
    names = [{"language": "fr-BE", "name": "Visite"}, {"language": "nl", "name": "Spreekuur"}]

    made = new(
        manager,
        "consultation-types",
        **TYPE,
        code=uuid4().hex,
        names=names[::-1],
        functions=[function],
        preferred_case_kind_id=kind,
        refuses_duplicates=True,
        needs_contact_details=True,
    )

    assert (made["names"], made["functions"]) == (names, [function])
    assert made["preferred_case_kind_id"] == kind
    assert made["refuses_duplicates"]
    assert made["needs_contact_details"]
    assert (made["buffer"], made["minimum_notice"], made["is_no_show"]) == (0, 0, False)
    listed = manager.get("/consultation-types?is_no_show=false&q=type").json()["items"]
    assert made in listed
    gone = manager.delete(f"/case-kinds/{kind}", version=1)
    assert gone.json()["refusals"][0]["params"]["by"] == ["consultation_types"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"duration": 0}, "invalid_input"),
        ({"duration": 1441}, "invalid_input"),
        ({"duration": 1440, "buffer": 1}, "longer_than_a_day"),
        ({"buffer": -1}, "invalid_input"),
        ({"duration": 30.0}, "invalid_input"),
        ({"duration": "30"}, "invalid_input"),
        ({"minimum_notice": -1}, "invalid_input"),
        ({"minimum_notice": 2**40}, "invalid_input"),
        ({"calls_again": True}, "calls_again"),
        ({"modality": "smoke"}, "invalid_input"),
        ({"refuses_duplicates": "yes"}, "invalid_input"),
        ({"names": [{"language": "nl", "name": "A"}, {"language": "nl", "name": "B"}]}, "listed_twice"),
        ({"names": [{"language": "klingon", "name": "A"}]}, "invalid_input"),
        ({"names": [{"language": "nl", "name": "A\r\nB"}]}, "invalid_characters"),
        ({"preferred_case_kind_id": str(uuid4())}, "unknown"),
        ({"performance_type_id": str(uuid4())}, "unknown"),
        ({"functions": [str(uuid4())] * 51}, "invalid_input"),
    ],
)  # fmt: skip
def test_a_type_is_within_bounds(manager: Client, given: dict[str, Any], code: str) -> None:
    answer = manager.post("/consultation-types", TYPE | {"code": uuid4().hex} | given)

    assert (answer.status_code, code_of(answer)) == (422, code)


@on_both
def test_another_duration_changes_nothing_that_stands(world: World, manager: Client) -> None:
    booked = world.book()
    told = only(manager, "consultation-types")

    changed = manager.patch(f"/consultation-types/{told['id']}", {"duration": 90}, version=1)

    assert changed.json()["duration"] == 90
    assert world.planner.get(f"/appointments/{booked['id']}").json()["ends_at"] == booked["ends_at"]
    assert world.planner.get(f"/requests/{world.requests[1]}").json()["duration"] == 30


# --- Preferences --------------------------------------------------------------------------------------------


@on_both
def test_the_order_of_the_preferences_is_set(manager: Client) -> None:
    usual = manager.get("/preferences").json()
    wanted = ["evenness", "continuity", "travel_distance"]

    put = manager.put("/preferences", {"order": wanted})
    back = manager.put("/preferences", {"order": []})

    assert usual["order"] == list(USUAL_ORDER)
    assert put.json()["order"] == wanted
    assert set(put.json()["left_out"]) == {one.value for one in Criterion} - set(wanted)
    assert back.json() == usual


def test_a_criterion_comes_once(world: World, manager: Client) -> None:
    twice = manager.put("/preferences", {"order": ["evenness", "evenness"]})
    strange = manager.put("/preferences", {"order": ["colour"]})
    many = manager.put("/preferences", {"order": ["evenness"] * 8})
    planner = world.api.person(Right.START_RUNS).put("/preferences", {"order": []})

    assert (twice.status_code, code_of(twice)) == (422, "listed_twice")
    assert (strange.status_code, code_of(strange)) == (422, "invalid_input")
    assert (many.status_code, code_of(many)) == (422, "invalid_input")
    assert (planner.status_code, code_of(planner)) == (403, "right_missing")


def test_a_removed_availability_lies_not_ahead(world: World, manager: Client) -> None:
    told = only(manager, "locations")
    with world.api.engine.begin() as connection:
        change(connection, "availabilities", world.availability, removed_at=world.api.clock.now)

    assert manager.post(f"/locations/{told['id']}/archive", version=1).status_code == 200
