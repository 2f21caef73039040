"""Series of availabilities over HTTP: foreseen, made, read with what was left out, changed and removed. Domain §1; RFC 5545; reliability P5, T23."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.audit import Act
from models.base import new_id
from scheduler.access import Right
from tests.agendas import AMSTERDAM, MONDAY, there
from tests.http_client import code_of, copied, on_both, plain
from tests.rotas import Rota, a_rota, in_the_way

MONDAYS = ["2027-05-03", "2027-05-10", "2027-05-17", "2027-05-24"]
"""17 May is Whit Monday."""


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def rota(engine: Engine) -> Iterator[Rota]:
    with a_rota(engine) as made:
        yield made


def live(rota: Rota, series: str) -> list[dict[str, Any]]:
    found = rota.maker.get(f"/availabilities?series_id={series}").json()["items"]
    assert isinstance(found, list)
    return found


def days(found: list[dict[str, Any]]) -> list[str]:
    return [one["day"] for one in found]


def made_by(rota: Rota, **changes: Any) -> str:
    answer = rota.maker.post("/availability-series", rota.series(**changes))
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["id"]
    return key


@on_both
def test_a_series_is_foreseen_made_and_read(rota: Rota) -> None:
    foreseen = rota.maker.post("/availability-series/preview", rota.series(), key=None)
    before = rota.maker.get("/availability-series").json()
    made = rota.maker.post("/availability-series", rota.series())

    assert before["items"] == []
    told = made.json()
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert days(foreseen.json()["items"]) == [MONDAYS[n] for n in (0, 1, 3)]
    assert foreseen.json()["items"][0]["starts_at"] == "2027-05-03T11:00:00Z"
    holiday = [{"day": MONDAYS[2], "why": "holiday"}]
    assert foreseen.json()["skipped"] == told["skipped"] == holiday
    assert foreseen.json()["against"] == []
    found = live(rota, told["id"])
    assert [one["id"] for one in found] == told["availabilities"]
    assert days(found) == days(foreseen.json()["items"])
    read = rota.maker.get(f"/availability-series/{told['id']}").json()
    assert read == {k: v for k, v in told.items() if k != "availabilities"}
    listed = rota.maker.get(f"/availability-series?practitioner_id={rota.practitioner}").json()
    assert listed["items"] == [{k: v for k, v in read.items() if k != "skipped"}]
    assert rota.maker.get(f"/availability-series?location_id={new_id()}").json()["items"] == []
    assert [topic for topic, _ in rota.news(told["availabilities"][0])] == ["AvailabilityAdded"]
    records = rota.api.records(object_id=UUID(told["id"]))
    assert [(one.kind, one.act) for one in records] == [("availability_series", Act.CREATE)]


def test_a_day_on_which_the_clocks_skip_its_hours_is_left_out(rota: Rota) -> None:
    night = {"start": "02:30", "end": "05:00", "first_day": "2027-03-27", "skip_holidays": False}

    body = rota.series(rule="FREQ=DAILY;COUNT=2", **night)
    made = rota.maker.post("/availability-series", body).json()

    assert made["skipped"] == [{"day": "2027-03-28", "why": "nonexistent_local_time"}]
    assert days(live(rota, made["id"])) == ["2027-03-27", "2027-03-29"]
    read = rota.maker.get(f"/availability-series/{made['id']}").json()
    assert read["skipped"] == made["skipped"]


def test_of_a_time_that_comes_twice_the_first_is_meant(rota: Rota) -> None:
    night = {"start": "02:30", "end": "05:00", "first_day": "2027-10-31"}

    key = made_by(rota, rule="FREQ=DAILY;COUNT=1", **night)

    assert live(rota, key)[0]["starts_at"] == "2027-10-31T00:30:00Z"


def test_the_preview_tells_when_there_is_no_room(rota: Rota) -> None:
    narrow = str(rota.add("locations", capacity=1))
    one = rota.body(location_id=narrow, day=MONDAYS[1], start="12:00", end="14:00")
    rota.maker.post("/availabilities", one)

    told = rota.maker.post("/availability-series/preview", rota.series(location_id=narrow)).json()
    refused = rota.maker.post("/availability-series", rota.series(location_id=narrow))

    (reason,) = told["against"]
    assert reason["code"] == "availability_capacity"
    assert (reason["params"]["day"], reason["params"]["end"]) == (MONDAYS[1], "14:00")
    assert (refused.status_code, code_of(refused)) == (409, "availability_capacity")
    assert refused.json()["refusals"] == told["against"]
    assert rota.maker.get("/availability-series").json()["items"] == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"rule": "every monday"}, "rule_malformed"),
        ({"rule": "FREQ=WEEKLY"}, "rule_without_end"),
        ({"rule": "FREQ=WEEKLY;COUNT=2;UNTIL=20270601"}, "rule_with_two_ends"),
        ({"rule": "FREQ=SECONDLY;COUNT=2"}, "rule_frequency"),
        ({"rule": "FREQ=WEEKLY;BYMONTHDAY=3;COUNT=3"}, "rule_part"),
        ({"rule": "FREQ=DAILY;COUNT=9999"}, "series_too_long"),
        ({"rule": "FREQ=WEEKLY;UNTIL=20270502"}, "series_empty"),
        ({"rule": "FREQ=WEEKLY;COUNT=2;" + "X" * 1000}, "invalid_input"),
        ({"first_day": "2199-12-31"}, "series_too_long"),
        ({"start": "17:00", "end": "09:00"}, "availability_period"),
        ({"types": []}, "no_type"),
        ({"practitioner_id": str(new_id())}, "unknown"),
        ({"confirm": False}, "unknown_field"),
    ],
)
def test_what_is_wrong_is_told_before_and_when_it_is_made(
    rota: Rota, changes: dict[str, Any], code: str
) -> None:
    endless = {"rule": "FREQ=DAILY;COUNT=751"} if "first_day" in changes else {}

    for path in ("/availability-series/preview", "/availability-series"):
        answer = rota.maker.post(path, rota.series() | endless | changes)
        assert (answer.status_code, code_of(answer)) == (422, code)


def test_each_right_allows_its_own(rota: Rota) -> None:
    key = made_by(rota)
    looker = rota.person(Right.VIEW_AGENDA)
    path = f"/availabilities/{live(rota, key)[0]['id']}/series"

    assert looker.get(f"/availability-series/{key}").status_code == 200
    for answer in (
        looker.post("/availability-series/preview", rota.series()),
        looker.post("/availability-series", rota.series()),
        looker.post(f"{path}/change", changed(rota, "all"), version=1),
        looker.post(f"{path}/remove", {"reach": "all"}, version=1),
    ):
        assert (answer.status_code, code_of(answer)) == (403, "right_missing")
    assert rota.maker.get(f"/availability-series/{new_id()}").status_code == 404


@on_both
def test_what_is_asked_again_by_the_same_key_is_made_once(rota: Rota) -> None:
    first = rota.maker.post("/availability-series", rota.series(), key="k1")
    again = rota.maker.post("/availability-series", rota.series(), key="k1")

    assert plain(first) == plain(again)
    assert len(rota.maker.get("/availability-series").json()["items"]) == 1


# --- Changed, and one left out --------------------------------------------------------------------------


def changed(rota: Rota, reach: str, **changes: Any) -> dict[str, Any]:
    body = rota.series(reach=reach, **changes)
    del body["first_day"]
    return body if "rule" in changes else {k: v for k, v in body.items() if k != "rule"}


@on_both
def test_this_one_this_and_those_that_follow_or_all(rota: Rota) -> None:
    key = made_by(rota)
    first, second, third = (one["id"] for one in live(rota, key))
    path = "/availabilities/{}/series/change"

    one = rota.maker.post(path.format(first), changed(rota, "this", end="16:00"), version=1)
    assert (one.status_code, one.json()["id"]) == (200, key)
    assert [each["end"] for each in live(rota, key)] == ["16:00", "17:00", "17:00"]

    later = changed(rota, "this_and_following", start="14:00")
    rest = rota.maker.post(path.format(second), later, version=1)
    new = rest.json()["id"]
    assert new != key
    assert rest.json()["first_day"] == MONDAYS[1]
    assert [each["start"] for each in live(rota, key)] == ["13:00"]
    assert [each["start"] for each in live(rota, new)] == ["14:00", "14:00"]

    every = changed(rota, "all", rule="FREQ=WEEKLY;COUNT=2", skip_holidays=False)
    all_ = rota.maker.post(path.format(third), every, version=2)
    assert all_.json()["id"] == new
    assert days(live(rota, new)) == [MONDAYS[1], MONDAYS[2]]
    assert [topic for topic, _ in rota.news(third)] == [
        "AvailabilityAdded",
        "AvailabilityChanged",
        "AvailabilityRemoved",
    ]
    outdated = rota.maker.post(path.format(second), later, version=1)
    assert (outdated.status_code, code_of(outdated)) == (412, "outdated")


def test_one_that_is_left_out_is_told_of(rota: Rota) -> None:
    key = made_by(rota)
    first, second, third = (one["id"] for one in live(rota, key))

    rota.maker.post(f"/availabilities/{first}/remove", {}, version=1)
    rota.maker.post(f"/availabilities/{second}/series/remove", {"reach": "this"}, version=1)
    rota.maker.put(f"/availabilities/{third}", rota.body(day="2027-05-25"), version=1)

    assert rota.maker.get(f"/availability-series/{key}").json()["skipped"] == [
        {"day": MONDAYS[0], "why": "removed"},
        {"day": MONDAYS[1], "why": "removed"},
        {"day": MONDAYS[2], "why": "holiday"},
        {"day": MONDAYS[3], "why": "gone"},
    ]
    assert rota.maker.get("/availability-series").json()["items"] == []
    moved = rota.maker.get(f"/availabilities/{third}").json()
    assert (moved["day"], moved["series_id"]) == ("2027-05-25", None)


def test_a_part_of_it_is_removed(rota: Rota) -> None:
    key = made_by(rota)
    first, second, _ = (one["id"] for one in live(rota, key))

    part = rota.maker.post(
        f"/availabilities/{second}/series/remove", {"reach": "this_and_following"}, version=1
    )
    assert (part.status_code, part.content) == (204, b"")
    assert days(live(rota, key)) == [MONDAYS[0]]
    rota.maker.post(f"/availabilities/{first}/series/remove", {"reach": "all"}, version=1)
    assert live(rota, key) == []
    assert rota.maker.get(f"/availability-series/{key}").json()["skipped"] == []


def test_what_has_begun_stays(rota: Rota) -> None:
    key = made_by(rota)
    last = live(rota, key)[-1]["id"]
    rota.api.clock.now = there(AMSTERDAM, MONDAY, 800)
    maker = rota.person()

    maker.post(f"/availabilities/{last}/series/remove", {"reach": "all"}, version=1)

    assert days(maker.get(f"/availabilities?series_id={key}").json()["items"]) == [MONDAYS[0]]


def test_one_by_itself_is_in_no_series(rota: Rota) -> None:
    for reach in ("this", "this_and_following", "all"):
        answer = rota.maker.post(
            f"{rota.planned}/series/change", changed(rota, reach, start="09:00"), version=1
        )
        assert (answer.status_code, code_of(answer)) == (409, "not_in_a_series")


@pytest.mark.parametrize("how", ["change", "remove"])
def test_what_is_in_the_way_is_listed_and_goes_once_confirmed(rota: Rota, how: str) -> None:
    key = made_by(rota)
    first, second = live(rota, key)[:2]
    place = {"availability_id": second["id"], "starts_at": second["starts_at"]}
    path = f"/requests/{rota.world.requests[0]}/appointment"
    planned = rota.world.planner.post(path, place).json()
    elsewhere = rota.person(reaches={"employee_id": rota.world.employees[1]})
    body = {"reach": "all"} if how == "remove" else changed(rota, "all", start="15:00")
    path = f"/availabilities/{first['id']}/series/{how}"

    assert in_the_way(rota.maker.post(path, body, version=1))["appointments"] == [planned["id"]]
    hidden = {"appointments": [], "count": 1, "others": 1}
    assert in_the_way(elsewhere.post(path, body, version=1)) == hidden
    confirmed = body | {"confirm": True}
    assert code_of(elsewhere.post(path, confirmed, version=1)) == "disturbs_others"
    assert rota.maker.post(path, confirmed, version=1).status_code in {200, 204}
    rota.went(planned)
    assert rota.api.records(object_id=UUID(planned["id"]), act=Act.UPDATE)
