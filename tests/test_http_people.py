"""Employees and their employments over HTTP: found, shown with the names above, and put on record. Domain §8."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from models.audit import Act
from scheduler.access import Right
from tests.agendas import AMSTERDAM, FRIDAY_BEFORE, MONDAY, Agenda, there
from tests.http_client import Api, Client, an_api, code_of, copied
from tests.records import DATABASES, add, change


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@dataclass
class World:
    """Two employers, each with an establishment and a department."""

    api: Api
    employers: Sequence[UUID]
    establishments: Sequence[UUID]
    departments: Sequence[UUID]
    everybody: Client
    manager: Client
    """Of the first employer."""

    def work(self, number: int = 0, **more: Any) -> dict[str, Any]:
        return {
            "establishment_id": str(self.establishments[number]),
            "from_day": "2027-01-01",
            **more,
        }

    def employee(self, number: int = 0, **person: Any) -> dict[str, Any]:
        work = person.pop("employment", None) or self.work(number)
        answer = self.everybody.post(
            "/employees", {"last_name": "Employee 1", "employment": work, **person}
        )
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told


RIGHTS = (Right.MANAGE_EMPLOYEES, Right.VIEW_ORGANISATION)


@pytest.fixture(scope="module")
def world(engine: Engine) -> Iterator[World]:
    with an_api(engine) as api:
        with engine.begin() as connection:
            employers = [add(connection, "employers", name=f"Employer {n}") for n in (1, 2)]
            places, parts = (
                [add(connection, kind, employer_id=one) for one in employers]
                for kind in ("establishments", "departments")
            )
        api.clock.now = FRIDAY_BEFORE
        yield World(
            api,
            employers,
            places,
            parts,
            api.person(*RIGHTS),
            api.person(*RIGHTS, reaches={"employer_id": employers[0]}),
        )


# --- Employees ----------------------------------------------------------------------------------------------


def test_an_employee_comes_with_his_first_employment(world: World) -> None:
    work = world.work(department_id=str(world.departments[0]), personnel_number="P-1")
    body = {"last_name": "Employee 1", "work_email": "employee1@example.org", "employment": work}

    added = world.manager.post("/employees", body)

    assert added.status_code == 201, added.text
    told = added.json()
    (above,) = told["works"]
    assert (above["employer"], above["establishment"]) == ("Employer 1", "Main")
    assert above["departments"] == ["Department"]
    assert world.manager.get(f"/employees/{told['id']}").json() == told
    (employment,) = world.manager.get(f"/employments?employee_id={told['id']}").json()["items"]
    assert employment["id"] == above["employment_id"]
    assert employment["employer_id"] == str(world.employers[0])
    assert (employment["personnel_number"], employment["until_day"]) == ("P-1", None)
    records = world.api.records(employee_id=UUID(told["id"]), act=Act.CREATE)
    assert [one.kind for one in records] == ["employees", "employments"]
    assert {"work_email", "last_name", "personnel_number"} <= set(records[0].fields)


def test_each_look_at_an_employee_is_one_record_that_names_contact_details(world: World) -> None:
    told = world.employee(private_mobile="+31 6 12 34 56 78", last_name="Looked 1")
    key = UUID(told["id"])
    reader = world.api.person(Right.VIEW_EMPLOYEES)

    reader.get(f"/employees/{key}")
    reader.get("/employees?q=looked")

    looks = world.api.records(employee_id=key, act=Act.READ)
    assert [(one.kind, one.object_id, one.ground) for one in looks] == [
        ("employees", key, "view_employees")
    ] * 2
    details = {"private_email", "private_mobile", "work_email", "work_mobile"}
    assert all(details < set(one.fields) for one in looks)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "invalid_input"),
        ({"employment": None}, "invalid_input"),
        ({"employment": {"from_day": "2027-01-01"}}, "invalid_input"),
        ({"employment": {"establishment_id": "1", "from_day": "2027-01-01"}}, "invalid_input"),
    ],
)
def test_nobody_is_added_who_works_nowhere(world: World, given: dict[str, Any], code: str) -> None:
    answer = world.manager.post("/employees", {"last_name": "Employee 1", **given})

    assert (answer.status_code, code_of(answer)) == (422, code)


@pytest.mark.parametrize(
    ("work", "code"),
    [
        ({"from_day": "2027-01-02", "until_day": "2027-01-02"}, "employment_period"),
        ({"from_day": "1950-01-01"}, "day_out_of_range"),
        ({"from_day": "0001-01-01"}, "invalid_input"),
        ({"from_day": "9999-12-31"}, "invalid_input"),
        ({"personnel_number": "x" * 51}, "invalid_input"),
        ({"employer_id": str(uuid4())}, "unknown_field"),
    ],
)
def test_an_employment_is_a_period_in_our_time(
    world: World, work: dict[str, Any], code: str
) -> None:
    body = {"last_name": "Employee 1", "employment": world.work(**work)}

    answer = world.manager.post("/employees", body)

    assert (answer.status_code, code_of(answer)) == (422, code)


def test_an_employment_names_what_belongs_to_its_employer(world: World) -> None:
    work = world.work(department_id=str(world.departments[1]))
    body = {"last_name": "Employee 1", "employment": work}

    wrong, foreign = (who.post("/employees", body) for who in (world.everybody, world.manager))

    assert (wrong.status_code, code_of(wrong)) == (422, "unknown")
    assert wrong.json()["refusals"][0]["params"] == {"field": "department_id"}
    assert (foreign.status_code, code_of(foreign)) == (404, "not_found")


def test_nobody_is_added_who_is_out_of_the_callers_part_at_once(world: World) -> None:
    work = world.work(until_day="2027-02-01")  # he has left by now
    before = len(world.everybody.get("/employees?q=Gone").json()["items"])

    answer = world.manager.post("/employees", {"last_name": "Gone 1", "employment": work})

    assert (answer.status_code, code_of(answer)) == (403, "beyond_own_part")
    assert len(world.everybody.get("/employees?q=Gone").json()["items"]) == before


# --- Found ------------------------------------------------------------------------------------------------


def test_employees_are_found_by_the_beginning_of_the_last_name(world: World) -> None:
    names = ["Jansen", "jansma", "Janson %", "Van Jansen", "Ja", "Öztürk", "öz_x"]
    for name in names:
        world.employee(last_name=name)

    def found(q: str) -> list[str]:
        answer = world.everybody.get("/employees", params={"q": q, "page_size": 200})
        assert answer.status_code == 200, answer.text
        return sorted(one["last_name"] for one in answer.json()["items"])

    assert found("jan") == ["Jansen", "Janson %", "jansma"]
    assert found("JANSE") == ["Jansen"]
    assert found("janson %") == ["Janson %"]
    assert found("jan%") == []
    assert found("j_n") == []
    assert found("%n") == []
    assert found("öz") == found("Öz") == ["Öztürk", "öz_x"]
    for short in ("j", " j ", ""):
        answer = world.everybody.get("/employees", params={"q": short})
        assert (answer.status_code, code_of(answer)) == (422, "invalid_parameter")


def test_employees_are_found_by_the_work_that_one_may_see(world: World) -> None:
    reference, number = uuid4().hex, uuid4().hex[:20]
    both = world.employee(reference=reference)
    world.everybody.post(
        "/employments", {**world.work(1, personnel_number=number), "employee_id": both["id"]}
    )

    def found(who: Client, query: str) -> list[str]:
        return [one["id"] for one in who.get(f"/employees?{query}&page_size=200").json()["items"]]

    assert found(world.manager, f"reference={reference}") == [both["id"]]
    assert found(world.everybody, f"personnel_number={number}") == [both["id"]]
    assert both["id"] in found(world.everybody, f"employer_id={world.employers[1]}")
    assert both["id"] in found(world.manager, f"establishment_id={world.establishments[0]}")
    # what he does for another employer tells the first nothing (T2)
    assert found(world.manager, f"personnel_number={number}") == []
    assert found(world.manager, f"employer_id={world.employers[1]}") == []
    assert found(world.manager, f"establishment_id={world.establishments[1]}") == []
    assert len(world.manager.get(f"/employees/{both['id']}").json()["works"]) == 1
    assert len(world.everybody.get(f"/employees/{both['id']}").json()["works"]) == 2


# --- Employments ------------------------------------------------------------------------------------------


def test_nobody_is_moved_out_of_the_callers_part(world: World) -> None:
    lead = world.api.person(*RIGHTS, reaches={"department_id": world.departments[0]})
    work = world.work(department_id=str(world.departments[0]))
    told = world.employee(employment=work)
    path = f"/employments/{told['works'][0]['employment_id']}"

    out = lead.patch(path, {"department_id": None}, version=1)
    within = lead.patch(path, {"personnel_number": "P-2"}, version=1)

    assert (out.status_code, code_of(out)) == (403, "beyond_own_part")
    assert within.json()["department_id"] == str(world.departments[0])


def test_an_employment_does_not_go_to_another_employer(world: World) -> None:
    told = world.employee()
    path = f"/employments/{told['works'][0]['employment_id']}"

    answer = world.everybody.patch(
        path, {"establishment_id": str(world.establishments[1])}, version=1
    )
    ended = world.everybody.patch(path, {"until_day": "2027-06-01"}, version=1)

    assert (answer.status_code, code_of(answer)) == (422, "unknown")
    assert (ended.status_code, code_of(ended)) == (422, "unknown_field")


def test_where_somebody_works_stays_while_appointments_rest_on_it(world: World) -> None:
    with world.api.engine.begin() as connection:
        agenda = Agenda(connection)
        planned = agenda.standing(there(AMSTERDAM, MONDAY, 540), 30)
        second = add(connection, "establishments", employer_id=world.employers[0])
        told = {"employee_id": planned["employee_id"], "employer_id": world.employers[0]}
        key = add(
            connection,
            "employments",
            **told,
            establishment_id=world.establishments[0],
            from_day=date(2027, 1, 1),
        )
        appointment = add(
            connection, "appointments", **planned | {"establishment_id": world.establishments[0]}
        )
    path = f"/employments/{key}"

    for given in ({"establishment_id": str(second)}, {"from_day": "2027-02-01"}):
        answer = world.manager.patch(path, given, version=1)
        assert (answer.status_code, code_of(answer)) == (409, "employment_in_use")
        assert answer.json()["refusals"][0]["params"] == {"count": 1}
        assert "end this employment" in answer.json()["detail"]
    assert world.manager.patch(path, {"personnel_number": "P-3"}, version=1).status_code == 200
    with world.api.engine.begin() as connection:
        change(connection, "appointments", appointment, state="deleted")
    moved = world.manager.patch(path, {"establishment_id": str(second)}, version=2)
    assert moved.json()["establishment_id"] == str(second)
