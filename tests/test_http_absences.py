"""Absences and holidays over HTTP: entered, changed and taken back. Domain §§2-3; reliability P5, T23."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.audit import Act
from models.base import new_id
from scheduler.access import Right
from tests.agendas import MONDAY
from tests.http_client import code_of, copied, on_both, plain
from tests.rotas import Rota, a_rota, in_the_way


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def rota(engine: Engine) -> Iterator[Rota]:
    with a_rota(engine) as made:
        yield made


@on_both
def test_an_absence_is_entered_changed_and_taken_back(rota: Rota) -> None:
    made = rota.maker.post("/absences", rota.away(remark="holiday"))
    told = made.json()
    path = f"/absences/{told['id']}"

    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert told["starts_at"] == "2027-05-02T22:00:00Z"
    assert rota.maker.get(path).json() == told
    changed = rota.maker.put(path, rota.away(ends_at="2027-05-03T12:00:00+02:00"), version=1)
    assert (changed.json()["ends_at"], changed.json()["remark"]) == ("2027-05-03T10:00:00Z", None)
    outdated = rota.maker.put(path, rota.away(), version=1)
    assert (outdated.status_code, code_of(outdated)) == (412, "outdated")
    assert code_of(rota.maker.delete(path, version=1)) == "outdated"
    assert code_of(rota.maker.delete(path)) == "version_missing"
    assert rota.maker.delete(path, version=2).status_code == 204
    assert rota.maker.get(path).status_code == 404
    who = {"practitioner_id": str(rota.practitioner)}
    topics = ("AbsenceAdded", "AbsenceChanged", "AbsenceRemoved")
    assert rota.news(told["id"]) == [(topic, who) for topic in topics]
    acts = [one.act for one in rota.api.records(object_id=UUID(told["id"]), allowed=True)]
    assert acts == [Act.CREATE, Act.UPDATE, Act.DELETE]


@on_both
def test_what_is_asked_again_by_the_same_key_is_entered_once(rota: Rota) -> None:
    first = rota.maker.post("/absences", rota.away(), key="k1")
    again = rota.maker.post("/absences", rota.away(), key="k1")

    assert plain(first) == plain(again)
    assert len(rota.maker.get("/absences").json()["items"]) == 1


def test_a_list_has_what_lasts_within_a_time(rota: Rota) -> None:
    key = rota.maker.post("/absences", rota.away()).json()["id"]

    def seen(query: str) -> bool:
        return [one["id"] for one in rota.maker.get(f"/absences?{query}").json()["items"]] == [key]

    assert seen("")
    assert seen(f"practitioner_id={rota.practitioner}")
    assert not seen(f"practitioner_id={new_id()}")
    assert seen("ends_after=2027-05-03T22:59:00%2B02:00")
    assert not seen("ends_after=2027-05-03T23:00:00%2B02:00")
    assert not seen("starts_before=2027-05-03T00:00:00%2B02:00")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ends_at": "2027-05-03T00:00:00+02:00"}, "absence_period"),
        ({"practitioner_id": str(new_id())}, "unknown"),
        ({"starts_at": "1999-12-31T00:00:00Z"}, "day_out_of_range"),
        ({"starts_at": "2027-05-03T09:00:00"}, "invalid_input"),
        ({"starts_at": "2027-05-03T09:00:60Z"}, "invalid_input"),
        ({"starts_at": "10000-01-01T00:00:00Z"}, "invalid_input"),
        ({"ends_at": 1809324000}, "invalid_input"),
        ({"remark": "a\r\nb"}, "invalid_characters"),
        ({"confirm": "yes"}, "invalid_input"),
        ({"employee_id": str(new_id())}, "unknown_field"),
    ],
)
def test_what_is_wrong_with_an_absence_is_told(
    rota: Rota, changes: dict[str, Any], code: str
) -> None:
    answer = rota.maker.post("/absences", rota.away(**changes))

    assert (answer.status_code, code_of(answer)) == (422, code)


def test_each_right_allows_its_own(rota: Rota) -> None:
    looker = rota.person(Right.VIEW_AGENDA)
    key = rota.maker.post("/absences", rota.away()).json()["id"]

    assert looker.get(f"/absences/{key}").status_code == 200
    for answer in (
        looker.post("/absences", rota.away()),
        looker.put(f"/absences/{key}", rota.away(), version=1),
        looker.delete(f"/absences/{key}", version=1),
        looker.post("/own-holidays", bridge_day(rota)),
    ):
        assert (answer.status_code, code_of(answer)) == (403, "right_missing")


def test_an_absence_that_is_made_longer_is_in_the_way_of_more(rota: Rota) -> None:
    made = rota.world.book()
    evening = {"starts_at": f"{MONDAY}T20:00:00+02:00"}
    key = rota.maker.post("/absences", rota.away(**evening)).json()["id"]
    path = f"/absences/{key}"

    assert in_the_way(rota.maker.put(path, rota.away(), version=1))["count"] == 1
    assert rota.maker.put(path, rota.away(confirm=True), version=1).status_code == 200
    rota.went(made)


# --- Holidays -------------------------------------------------------------------------------------------


def bridge_day(rota: Rota, **changes: Any) -> dict[str, Any]:
    plain = {"day": "2027-05-07", "name": "Bridge day", "is_holiday": True}
    return plain | {"location_id": str(rota.location)} | changes


def off(rota: Rota, query: str = "from_day=2027-05-01&until_day=2027-05-20") -> dict[str, str]:
    answer = rota.maker.get(f"/locations/{rota.location}/days-off?{query}")
    assert answer.status_code == 200, answer.text
    return {one["day"]: one["name"] for one in answer.json()["items"]}


@on_both
def test_a_holiday_of_our_own_counts_until_it_is_dropped(rota: Rota) -> None:
    made = rota.maker.post("/own-holidays", bridge_day(rota))

    told = made.json()
    assert made.status_code == 201
    assert (told["country"], told["subdivision"]) == ("NL", "")
    assert off(rota)["2027-05-07"] == "Bridge day"
    assert rota.maker.get(f"/own-holidays/{told['id']}").json() == told
    assert rota.maker.post(f"/own-holidays/{told['id']}/drop", {}).status_code == 204
    assert "2027-05-07" not in off(rota)
    assert rota.maker.post(f"/own-holidays/{told['id']}/drop", {}).status_code == 404
    acts = [one.act for one in rota.api.records(object_id=UUID(told["id"]), allowed=True)]
    assert acts == [Act.CREATE, Act.DELETE]


def test_the_public_holidays_are_told_by_name(rota: Rota) -> None:
    assert list(off(rota)) == ["2027-05-06", "2027-05-16", "2027-05-17"]
    assert off(rota)["2027-05-06"] == "Ascension Day"
    dutch = off(rota, "from_day=2027-05-06&until_day=2027-05-07&language=nl")
    assert dutch == {"2027-05-06": "Hemelvaartsdag"}
    assert "2027-12-25" in off(rota, "")


def test_one_dropped_from_the_public_holidays_may_disturb_when_it_is_taken_back(
    rota: Rota,
) -> None:
    thursday = {"country": "NL", "location_id": None, "day": "2027-05-06"}
    dropped = bridge_day(rota, **thursday, is_holiday=False, name="Open")
    key = rota.maker.post("/own-holidays", dropped).json()["id"]
    assert "2027-05-06" not in off(rota)
    there = rota.body(day="2027-05-06", start="09:00", end="10:00")
    block = rota.maker.post("/availabilities", there).json()
    place = {"availability_id": block["id"], "starts_at": block["starts_at"]}
    path = f"/requests/{rota.world.requests[0]}/appointment"
    planned = rota.world.planner.post(path, place).json()

    refused = rota.maker.post(f"/own-holidays/{key}/drop", {})

    assert in_the_way(refused)["appointments"] == [planned["id"]]
    confirmed = rota.maker.post(f"/own-holidays/{key}/drop", {"confirm": True})
    assert confirmed.status_code == 204
    rota.went(planned)


def test_own_holidays_are_listed_by_where_and_when(rota: Rota) -> None:
    for changes in (
        {},
        {"day": "2028-01-03", "country": "NL", "location_id": None},
        {"day": "2027-11-11", "country": "DE", "subdivision": "BY", "location_id": None},
    ):
        assert rota.maker.post("/own-holidays", bridge_day(rota, **changes)).status_code == 201

    def seen(query: str) -> list[str]:
        return [one["day"] for one in rota.maker.get(f"/own-holidays?{query}").json()["items"]]

    assert seen("") == ["2027-05-07", "2027-11-11", "2028-01-03"]
    assert seen("year=2027") == ["2027-05-07", "2027-11-11"]
    assert seen("country=NL") == ["2027-05-07", "2028-01-03"]
    assert seen("country=DE&subdivision=BY&year=2027") == ["2027-11-11"]
    assert seen(f"location_id={rota.location}") == ["2027-05-07"]
    assert code_of(rota.maker.get("/own-holidays?year=20270")) == "invalid_parameter"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"country": "XX", "location_id": None}, 422, "unknown_calendar"),
        ({"location_id": None}, 422, "unknown_calendar"),
        ({"country": "DE", "subdivision": "Q", "location_id": None}, 422, "unknown_calendar"),
        ({"country": "Nederland"}, 422, "invalid_input"),
        ({"location_id": str(new_id())}, 422, "unknown"),
        ({"day": "2199-12-31"}, 201, ""),
        ({"day": "1900-01-01"}, 422, "day_out_of_range"),
        ({"name": ""}, 422, "invalid_input"),
    ],
)
def test_what_is_wrong_with_a_holiday_is_told(
    rota: Rota, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = rota.maker.post("/own-holidays", bridge_day(rota, **changes))

    assert answer.status_code == status, answer.text
    assert not code or code_of(answer) == code


def test_a_day_is_entered_once_for_a_place(rota: Rota) -> None:
    rota.maker.post("/own-holidays", bridge_day(rota))

    again = rota.maker.post("/own-holidays", bridge_day(rota, name="Another"))

    assert (again.status_code, code_of(again)) == (409, "one_own_holiday_there")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from_day=2027-05-01&until_day=2027-05-01", "days_off_period"),
        ("from_day=2027-05-01&until_day=2031-05-01", "days_off_period"),
        ("from_day=1900-01-01&until_day=1900-02-01", "day_out_of_range"),
        ("from_day=0001-01-01", "invalid_parameter"),
        ("language=tlh", "invalid_parameter"),
    ],
)
def test_days_off_are_asked_for_within_reason(rota: Rota, query: str, code: str) -> None:
    answer = rota.maker.get(f"/locations/{rota.location}/days-off?{query}")

    assert (answer.status_code, code_of(answer)) == (422, code)


def test_days_off_of_the_last_years_that_there_are_break_nothing(rota: Rota) -> None:
    assert off(rota, "from_day=2199-01-01&until_day=2199-12-31") == {}
