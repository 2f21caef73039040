"""What employers, establishments, departments and contact persons have of their own, over HTTP. Domain §§1, 7."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from scheduler.access import Right
from tests.http_client import Api, Client, an_api, code_of, copied
from tests.records import DATABASES, add


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture(scope="module")
def api(engine: Engine) -> Iterator[Api]:
    with an_api(engine) as made:
        yield made


@pytest.fixture(scope="module")
def manager(api: Api) -> Client:
    return api.person(Right.MANAGE_ORGANISATION)


def new(who: Client, kind: str, **body: Any) -> dict[str, Any]:
    answer = who.post(f"/{kind}", body)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture
def employer(manager: Client) -> dict[str, Any]:
    return new(manager, "employers", code=uuid4().hex, name="Employer 1")


HOURS = [
    {"weekday": 1, "start_minute": 540, "end_minute": 720},
    {"weekday": 2, "start_minute": 780, "end_minute": 1440},
]


# --- Preferred hours --------------------------------------------------------------------------------------


def test_preferred_hours_are_edited_with_the_employer(
    manager: Client, employer: dict[str, Any]
) -> None:
    path = f"/employers/{employer['id']}"

    set_ = manager.patch(path, {"preferred_hours": HOURS[::-1]}, version=1)
    same = manager.patch(path, {"preferred_hours": HOURS}, version=2)
    untouched = manager.patch(path, {"vat_number": "NL001234567B01"}, version=2)
    emptied = manager.patch(path, {"preferred_hours": []}, version=3)

    assert set_.json()["preferred_hours"] == HOURS
    assert [one.json()["version"] for one in (set_, same, untouched, emptied)] == [2, 2, 3, 4]
    assert untouched.json()["preferred_hours"] == HOURS
    assert emptied.json()["preferred_hours"] == []


@pytest.mark.parametrize(
    ("hours", "code"),
    [
        ([{"weekday": 1, "start_minute": 720, "end_minute": 720}], "preferred_hours_order"),
        ([{"weekday": 0, "start_minute": 0, "end_minute": 720}], "invalid_input"),
        ([{"weekday": 1, "start_minute": 0, "end_minute": 1441}], "invalid_input"),
        ([{"weekday": 1, "start_minute": -1, "end_minute": 5}], "invalid_input"),
        ([{"weekday": 1, "start_minute": 0, "end_minute": 5, "id": 1}], "unknown_field"),
        ([HOURS[0]] * 101, "invalid_input"),
        (None, "invalid_input"),
    ],
)
def test_preferred_hours_are_hours(
    manager: Client, employer: dict[str, Any], hours: object, code: str
) -> None:
    answer = manager.patch(f"/employers/{employer['id']}", {"preferred_hours": hours}, version=1)

    assert (answer.status_code, code_of(answer)) == (422, code)


# --- Establishments -----------------------------------------------------------------------------------------


def test_an_employer_has_one_main_establishment(manager: Client, employer: dict[str, Any]) -> None:
    body = {"employer_id": employer["id"], "name": "E", "country": "NL", "is_main": True}
    main = new(manager, "establishments", **body)

    second = manager.post("/establishments", body)
    assert (second.status_code, code_of(second)) == (409, "one_main_establishment")
    manager.patch(f"/establishments/{main['id']}", {"is_main": False}, version=1)
    assert manager.post("/establishments", body).status_code == 201


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"country": "XX"}, "unknown_calendar"),
        ({"country": "nl"}, "invalid_input"),
        ({"country": None}, "invalid_input"),
        ({"latitude": 52.0}, "half_a_point"),
        ({"latitude": 91, "longitude": 4}, "invalid_input"),
        ({"latitude": "52", "longitude": 4.1}, "invalid_input"),
        ({"debtor_number": "x" * 51}, "invalid_input"),
        ({"postal_code": "x" * 21}, "invalid_input"),
    ],
)
def test_an_establishment_lies_somewhere(
    manager: Client, employer: dict[str, Any], given: dict[str, Any], code: str
) -> None:
    body = {"employer_id": employer["id"], "name": "E", "country": "NL"}

    answer = manager.post("/establishments", body | given)

    assert (answer.status_code, code_of(answer)) == (422, code)
    assert answer.json()["detail"]


def test_an_address_is_cleared_by_nothing(manager: Client, employer: dict[str, Any]) -> None:
    body = {"country": "BE", "street": "Street 1", "latitude": 50.85, "longitude": 4.35}
    made = new(manager, "establishments", employer_id=employer["id"], name="E", **body)

    cleared = manager.patch(f"/establishments/{made['id']}", {"street": None}, version=1).json()

    assert (cleared["street"], cleared["latitude"], cleared["country"]) == (None, 50.85, "BE")


# --- Departments and contact persons ------------------------------------------------------------------------


def test_a_department_does_not_lie_within_itself(manager: Client, employer: dict[str, Any]) -> None:
    top = new(manager, "departments", employer_id=employer["id"], name="D 1")
    middle = new(manager, "departments", parent_id=top["id"], name="D 2")
    low = new(manager, "departments", parent_id=middle["id"], name="D 3")

    for parent in (top, middle, low):
        answer = manager.patch(f"/departments/{top['id']}", {"parent_id": parent["id"]}, version=1)
        assert (answer.status_code, code_of(answer)) == (422, "within_itself")
    assert middle["employer_id"] == low["employer_id"] == employer["id"]
    moved = manager.patch(f"/departments/{low['id']}", {"parent_id": top["id"]}, version=1)
    assert moved.json()["parent_id"] == top["id"]


def test_what_is_named_belongs_to_the_same_employer(
    manager: Client, employer: dict[str, Any]
) -> None:
    other = new(manager, "employers", code=uuid4().hex, name="Employer 2")
    theirs = new(manager, "departments", employer_id=other["id"], name="D 1")
    place = new(manager, "establishments", employer_id=other["id"], name="E 1", country="NL")
    department = new(manager, "departments", employer_id=employer["id"], name="D 2")

    answers = [
        manager.post(
            "/departments", {"employer_id": employer["id"], "parent_id": theirs["id"], "name": "D"}
        ),
        manager.patch(f"/departments/{department['id']}", {"parent_id": theirs["id"]}, version=1),
        manager.post(
            "/contact-persons",
            {"employer_id": employer["id"], "establishment_id": place["id"], "name": "C"},
        ),
    ]

    for answer, field in zip(answers, ("parent_id", "parent_id", "establishment_id"), strict=True):
        assert (answer.status_code, code_of(answer)) == (422, "unknown")
        assert answer.json()["refusals"][0]["params"]["field"] == field
        assert field in answer.json()["detail"]


def test_it_is_said_where_the_employer_is_missing(manager: Client) -> None:
    for kind in ("departments", "contact-persons"):
        answer = manager.post(f"/{kind}", {"name": "N"})
        assert (answer.status_code, code_of(answer)) == (422, "field_missing")
        assert "employer_id" in answer.json()["detail"]


def test_whoever_reaches_a_department_adds_below_it(api: Api, manager: Client) -> None:
    employer = new(manager, "employers", code=uuid4().hex, name="Employer 1")
    top = new(manager, "departments", employer_id=employer["id"], name="D 1")
    lead = api.person(Right.MANAGE_ORGANISATION, reaches={"department_id": UUID(top["id"])})

    below = lead.post("/departments", {"parent_id": top["id"], "name": "D 2"})
    beside = lead.post("/departments", {"employer_id": employer["id"], "name": "D 3"})
    out = lead.patch(f"/departments/{below.json()['id']}", {"parent_id": None}, version=1)

    assert below.status_code == 201
    assert (beside.status_code, code_of(beside)) == (404, "not_found")
    assert (out.status_code, code_of(out)) == (403, "beyond_own_part")
    assert lead.get(f"/departments/{below.json()['id']}").json()["parent_id"] == top["id"]


def test_what_is_named_stays(manager: Client, employer: dict[str, Any]) -> None:
    new(manager, "departments", employer_id=employer["id"], name="D 1")
    new(manager, "establishments", employer_id=employer["id"], name="E 1", country="NL")
    manager.patch(f"/employers/{employer['id']}", {"preferred_hours": HOURS}, version=1)

    answer = manager.delete(f"/employers/{employer['id']}", version=2)

    assert (answer.status_code, code_of(answer)) == (409, "still_named")
    assert answer.json()["refusals"][0]["params"]["by"] == ["departments", "establishments"]


def test_an_employer_goes_with_its_hours(manager: Client, employer: dict[str, Any]) -> None:
    manager.patch(f"/employers/{employer['id']}", {"preferred_hours": HOURS}, version=1)

    assert manager.delete(f"/employers/{employer['id']}", version=2).status_code == 204


def test_lists_are_filtered_and_in_order(api: Api, manager: Client) -> None:
    with api.engine.begin() as connection:
        mine, other = (add(connection, "employers", name=f"List {n}") for n in (2, 1))
        for name in ("Beta", "alpha", "Gamma"):
            add(connection, "departments", employer_id=mine, name=name)
        add(connection, "departments", employer_id=other, name="Beta")

    def names(query: str) -> list[str]:
        return [one["name"] for one in manager.get(f"/{query}").json()["items"]]

    assert names("employers?q=list") == ["List 1", "List 2"]
    assert sorted(names(f"departments?employer_id={mine}")) == ["Beta", "Gamma", "alpha"]
    assert names(f"departments?employer_id={mine}&q=AL") == ["alpha"]
    first = manager.get(f"/departments?employer_id={mine}&page_size=2").json()
    rest = manager.get(f"/departments?employer_id={mine}&page_size=2&cursor={first['next']}").json()
    assert len({one["id"] for one in first["items"] + rest["items"]}) == 3
