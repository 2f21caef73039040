"""Changes of the agenda over HTTP that planned appointments are in the way of: listed to who may see them, and cancelled once that is confirmed. Domain §§3, 8."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import Engine

from models.audit import Act
from scheduler.access import Right
from tests.agendas import MONDAY
from tests.http_client import Client, code_of, copied, on_both
from tests.rotas import MAKER, Rota, a_rota, in_the_way

Asking = Callable[[Rota, Client, dict[str, Any]], httpx2.Response]


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def rota(engine: Engine) -> Iterator[Rota]:
    with a_rota(engine) as made:
        yield made


def shorten(rota: Rota, who: Client, confirm: dict[str, Any]) -> httpx2.Response:
    return who.put(rota.planned, rota.standing() | {"end": "09:15"} | confirm, version=1)


def remove(rota: Rota, who: Client, confirm: dict[str, Any]) -> httpx2.Response:
    return who.post(f"{rota.planned}/remove", confirm, version=1)


def enter_absence(rota: Rota, who: Client, confirm: dict[str, Any]) -> httpx2.Response:
    return who.post("/absences", rota.away() | confirm)


def make_a_holiday(rota: Rota, who: Client, confirm: dict[str, Any]) -> httpx2.Response:
    where = {"location_id": str(rota.location)}
    own = {"day": MONDAY.isoformat(), "name": "Bridge day", "is_holiday": True, **where}
    return who.post("/own-holidays", own | confirm)


EACH = pytest.mark.parametrize("ask", [shorten, remove, enter_absence, make_a_holiday])


@EACH
def test_what_is_in_the_way_is_listed_and_goes_once_confirmed(rota: Rota, ask: Asking) -> None:
    made = [rota.world.book(0, 0), rota.world.book(1, 1)]

    refused = ask(rota, rota.maker, {})

    told = in_the_way(refused)
    assert told == {"appointments": [one["id"] for one in made], "count": 2, "others": 0}
    assert "2 planned appointments" in refused.json()["detail"]
    for one in made:
        rota.stands(one)
    assert ask(rota, rota.maker, {"confirm": True}).status_code in {200, 201, 204}
    for number, one in enumerate(made):
        rota.went(one, number)


@on_both
def test_the_cancelled_are_on_record_and_in_the_news(rota: Rota) -> None:
    made = rota.world.book()

    shorten(rota, rota.maker, {"confirm": True})

    changes = rota.api.records(object_id=UUID(made["id"]), act=Act.UPDATE)
    assert [(one.kind, one.employee_id, one.actor_id) for one in changes] == [
        ("appointments", rota.world.employees[0], rota.maker.id)
    ]
    assert [topic for topic, _ in rota.news(made["id"])][-1] == "AppointmentCancelled"
    assert [topic for topic, _ in rota.news(rota.world.requests[0])][-1] == "RequestReopened"
    assert rota.maker.get(rota.planned).json()["end"] == "09:15"


@EACH
def test_of_what_is_not_his_to_see_he_hears_the_number_alone(rota: Rota, ask: Asking) -> None:
    mine, foreign = rota.world.book(0, 0), rota.world.book(1, 1)
    some = rota.person(*MAKER, reaches={"employee_id": rota.world.employees[0]})
    none = rota.person(*MAKER, reaches={"employee_id": rota.add("employees")})

    assert in_the_way(ask(rota, some, {})) == {
        "appointments": [mine["id"]],
        "count": 2,
        "others": 1,
    }
    assert in_the_way(ask(rota, none, {})) == {"appointments": [], "count": 2, "others": 2}
    for who, hidden in ((some, [foreign]), (none, [mine, foreign])):
        for confirm in ({}, {"confirm": True}):
            answer = ask(rota, who, confirm).text
            for one in hidden:
                assert not any(one[name] in answer for name in ("id", "employee_id", "request_id"))


@EACH
def test_nobody_confirms_for_what_is_not_his_to_see(rota: Rota, ask: Asking) -> None:
    made = [rota.world.book(0, 0), rota.world.book(1, 1)]
    some = rota.person(*MAKER, reaches={"employee_id": rota.world.employees[0]})

    answer = ask(rota, some, {"confirm": True})

    assert (answer.status_code, code_of(answer)) == (409, "disturbs_others")
    assert answer.json()["refusals"][0]["params"] == {"others": 1}
    assert "1 planned appointments that you may not see" in answer.json()["detail"]
    for one in made:
        rota.stands(one)
    assert rota.api.records(actor_id=some.id)[-1].ground == "disturbs_others"


@EACH
def test_where_all_of_them_are_his_to_see_he_confirms(rota: Rota, ask: Asking) -> None:
    made = rota.world.book(0, 0)
    some = rota.person(*MAKER, reaches={"employee_id": rota.world.employees[0]})

    assert ask(rota, some, {"confirm": True}).status_code in {200, 201, 204}
    rota.went(made)


@EACH
def test_only_who_may_cancel_confirms(rota: Rota, ask: Asking) -> None:
    made = rota.world.book()
    lays_out = rota.person(*set(MAKER) - {Right.CANCEL_APPOINTMENTS})
    sees_none = rota.person(
        *set(MAKER) - {Right.CANCEL_APPOINTMENTS, Right.VIEW_APPOINTMENTS},
    )

    answer = ask(rota, lays_out, {"confirm": True})

    assert (answer.status_code, code_of(answer)) == (403, "right_missing")
    assert in_the_way(ask(rota, lays_out, {}))["appointments"] == [made["id"]]
    assert in_the_way(ask(rota, sees_none, {})) == {"appointments": [], "count": 1, "others": 1}
    rota.stands(made)


def test_what_may_not_be_cancelled_stays_in_the_way_though_confirmed(rota: Rota) -> None:
    made = rota.world.book()
    rota.link("no_shows", appointment_id=UUID(made["id"]), original={})

    answer = remove(rota, rota.maker, {"confirm": True})

    assert (answer.status_code, code_of(answer)) == (409, "is_no_show")
    rota.stands(made)
