"""Exclusions and ended employments over HTTP: for whom they are, and what they are in the way of. Domain §§3, 8; 000 §3.1.1; reliability T1, P5, P13."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from models.appointments import Appointment
from models.audit import Act
from models.base import new_id
from models.database import writing
from models.organisation import Establishment
from scheduler.access import Right
from tests.agendas import TABLES
from tests.http_client import code_of, copied, on_both, plain
from tests.rotas import Rota, a_rota, in_the_way

BOTH = (Right.VIEW_EXCLUSIONS, Right.MANAGE_EXCLUSIONS)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def rota(engine: Engine) -> Iterator[Rota]:
    with a_rota(engine) as made:
        yield made


def excluding(rota: Rota, employee: int = 0, **changes: object) -> dict[str, object]:
    who = rota.world.employees[employee]
    plain = {"employee_id": str(who), "practitioner_id": str(rota.practitioner)}
    return plain | changes


@on_both
def test_an_exclusion_is_added_looked_at_and_taken_back_on_record(rota: Rota) -> None:
    somebody = rota.person(*BOTH)

    made = somebody.post("/exclusions", excluding(rota, reason="related"))
    told = made.json()

    assert made.status_code == 201
    assert told["reason"] == "related"
    assert somebody.get(f"/exclusions/{told['id']}").json() == told
    found = somebody.get(f"/exclusions?employee_id={rota.world.employees[0]}").json()["items"]
    assert found == [told]
    assert somebody.get(f"/exclusions?practitioner_id={new_id()}").json()["items"] == []
    assert somebody.delete(f"/exclusions/{told['id']}").status_code == 204
    assert somebody.delete(f"/exclusions/{told['id']}").status_code == 404
    records = rota.api.records(kind="exclusions", object_id=UUID(told["id"]), allowed=True)
    assert [one.act for one in records] == [Act.CREATE, Act.READ, Act.READ, Act.DELETE]
    assert {one.employee_id for one in records} == {rota.world.employees[0]}
    assert [one.ground for one in records][:2] == ["manage_exclusions", "view_exclusions"]


def test_looking_and_managing_are_rights_of_their_own(rota: Rota) -> None:
    looks, manages = rota.person(BOTH[0]), rota.person(BOTH[1])
    key = manages.post("/exclusions", excluding(rota)).json()["id"]

    assert looks.get("/exclusions").json()["items"][0]["id"] == key
    assert code_of(looks.post("/exclusions", excluding(rota))) == "right_missing"
    assert code_of(looks.delete(f"/exclusions/{key}")) == "right_missing"
    assert code_of(manages.get("/exclusions")) == "right_missing"
    assert code_of(manages.get(f"/exclusions/{key}")) == "right_missing"
    assert manages.delete(f"/exclusions/{key}").status_code == 204


@on_both
def test_those_of_others_are_not_there(rota: Rota) -> None:
    key = rota.maker.post("/exclusions", excluding(rota, 0)).json()["id"]
    other = rota.person(*BOTH, reaches={"employee_id": rota.world.employees[1]})

    assert other.get("/exclusions").json()["items"] == []
    assert other.get(f"/exclusions?employee_id={rota.world.employees[0]}").json()["items"] == []
    for ask in (other.get, other.delete):
        foreign, unknown = ask(f"/exclusions/{key}"), ask(f"/exclusions/{new_id()}")
        assert foreign.status_code == unknown.status_code == 404
        assert plain(foreign) == plain(unknown)
    foreign = other.post("/exclusions", excluding(rota, 0))
    unknown = other.post("/exclusions", excluding(rota, employee_id=str(new_id())))
    assert (foreign.status_code, code_of(foreign)) == (404, "not_found")
    assert plain(foreign) == plain(unknown)
    assert other.post("/exclusions", excluding(rota, 1)).status_code == 201


def test_one_is_enough_and_both_must_be_known(rota: Rota) -> None:
    rota.maker.post("/exclusions", excluding(rota))

    twice = rota.maker.post("/exclusions", excluding(rota))
    nobody = rota.maker.post("/exclusions", excluding(rota, practitioner_id=str(new_id())))

    assert (twice.status_code, code_of(twice)) == (409, "one_exclusion")
    assert (nobody.status_code, code_of(nobody)) == (422, "unknown")


def test_what_is_asked_again_by_the_same_key_is_done_once(rota: Rota) -> None:
    first = rota.maker.post("/exclusions", excluding(rota), key="k1")
    again = rota.maker.post("/exclusions", excluding(rota), key="k1")

    assert plain(first) == plain(again)


@on_both
def test_what_the_two_have_planned_is_listed_and_goes_once_confirmed(rota: Rota) -> None:
    mine, other = rota.world.book(0, 0), rota.world.book(1, 1)

    refused = rota.maker.post("/exclusions", excluding(rota))
    confirmed = rota.maker.post("/exclusions", excluding(rota, confirm=True))

    assert in_the_way(refused) == {"appointments": [mine["id"]], "count": 1, "others": 0}
    assert confirmed.status_code == 201
    rota.went(mine)
    rota.stands(other)
    kept = {(one.kind, one.act) for one in rota.api.records(actor_id=rota.maker.id, allowed=True)}
    assert ("appointments", Act.UPDATE) in kept
    options = rota.world.planner.get(f"/requests/{rota.world.requests[0]}/options").json()
    assert options == {"items": []}


# --- Employments ----------------------------------------------------------------------------------------


def employed(rota: Rota, employee: int = 0) -> UUID:
    """An employment at the establishment that the requests are for."""
    with writing(rota.api.engine) as session:
        appointments = select(Appointment.establishment_id).limit(1)
        establishment = session.scalars(appointments).one()
        employer = session.get_one(Establishment, establishment).employer_id
        key = new_id()
        session.execute(
            TABLES["employments"].insert(),
            {
                "id": key,
                "version": 1,
                "employee_id": rota.world.employees[employee],
                "employer_id": employer,
                "establishment_id": establishment,
                "from_day": date(2020, 1, 1),
            },
        )
    return key


@on_both
def test_an_employment_ends_and_what_was_planned_for_it_goes(rota: Rota) -> None:
    made = rota.world.book()
    path = f"/employments/{employed(rota)}/end"
    body = {"until_day": "2027-05-01"}

    unread = rota.maker.post(path, body)
    refused = rota.maker.post(path, body, version=1)
    ended = rota.maker.post(path, body | {"confirm": True}, version=1)
    outdated = rota.maker.post(path, body, version=1)

    assert (unread.status_code, code_of(unread)) == (428, "version_missing")
    assert in_the_way(refused) == {"appointments": [made["id"]], "count": 1, "others": 0}
    assert (ended.status_code, ended.headers["etag"]) == (200, '"2"')
    assert ended.json()["until_day"] == "2027-05-01"
    rota.went(made)
    assert (outdated.status_code, code_of(outdated)) == (412, "outdated")
    records = rota.api.records(actor_id=rota.maker.id, act=Act.UPDATE, allowed=True)
    assert {(one.kind, one.employee_id) for one in records} == {
        ("employments", rota.world.employees[0]),
        ("appointments", rota.world.employees[0]),
    }
    gone_on = rota.maker.post(path, {"until_day": None}, version=2)
    assert gone_on.json()["until_day"] is None


def test_an_employment_ends_after_it_begins(rota: Rota) -> None:
    rota.world.book()
    path = f"/employments/{employed(rota)}/end"

    for day, code in (
        ("2020-01-01", "employment_period"),
        ("1950-01-01", "day_out_of_range"),
        ("20200101", "invalid_input"),
    ):
        answer = rota.maker.post(path, {"until_day": day}, version=1)
        assert answer.status_code == 422
        assert code_of(answer) in {code, "refused"}
    assert rota.maker.post(path, {}, version=1).status_code == 422


def test_an_employment_elsewhere_is_not_there(rota: Rota) -> None:
    rota.world.book()
    key = employed(rota, 0)
    other = rota.person(reaches={"employee_id": rota.world.employees[1]})

    foreign = other.post(f"/employments/{key}/end", {"until_day": "2027-05-01"}, version=1)
    unknown = other.post(f"/employments/{new_id()}/end", {"until_day": "2027-05-01"}, version=1)

    assert foreign.status_code == 404
    assert plain(foreign) == plain(unknown)
    looks = rota.person(Right.VIEW_EMPLOYEES)
    answer = looks.post(f"/employments/{key}/end", {"until_day": "2027-05-01"}, version=1)
    assert code_of(answer) == "right_missing"
