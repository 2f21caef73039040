"""Availabilities over HTTP: their hours, the limit of a location, changed and removed. Domain §§1-3; reliability P2, P5, T23."""

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.audit import Act
from models.base import new_id
from scheduler.access import Right
from tests.http_client import code_of, copied, on_both, plain
from tests.records import change
from tests.rotas import Rota, a_rota

SPRING, AUTUMN = "2027-03-28", "2027-10-31"


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def rota(engine: Engine) -> Iterator[Rota]:
    with a_rota(engine) as made:
        yield made


@on_both
def test_an_availability_is_added_read_and_listed(rota: Rota) -> None:
    body = rota.body(modalities=["video", "at_location"], reference="A 1")

    made = rota.maker.post("/availabilities", body)

    told = made.json()
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert (told["day"], told["start"], told["end"]) == ("2027-05-03", "13:00", "17:00")
    assert told["starts_at"] == "2027-05-03T11:00:00Z"
    assert told["modalities"] == ["at_location", "video"]
    assert told["types"] == [str(rota.type)]
    assert rota.maker.get(f"/availabilities/{told['id']}").json() == told
    listed = rota.maker.get(f"/availabilities?practitioner_id={rota.practitioner}").json()
    assert [one["id"] for one in listed["items"]] == [str(rota.world.availability), told["id"]]
    assert rota.news(told["id"]) == [
        (
            "AvailabilityAdded",
            {"practitioner_id": str(rota.practitioner), "location_id": str(rota.location)},
        )
    ]
    assert [(one.kind, one.act) for one in rota.api.records(object_id=UUID(told["id"]))] == [
        ("availabilities", Act.CREATE)
    ]


def test_a_list_has_what_is_open_within_a_time(rota: Rota) -> None:
    rota.maker.post("/availabilities", rota.body())

    def starts(query: str) -> list[str]:
        found = rota.maker.get(f"/availabilities?{query}").json()["items"]
        return [one["start"] for one in found]

    assert starts("") == ["09:00", "13:00"]
    assert starts("ends_after=2027-05-03T10:59:00%2B02:00") == ["09:00", "13:00"]
    assert starts("ends_after=2027-05-03T11:00:00%2B02:00") == ["13:00"]
    assert starts("starts_before=2027-05-03T13:00:00%2B02:00") == ["09:00"]
    assert starts(f"location_id={rota.location}") == ["09:00", "13:00"]
    assert starts(f"location_id={new_id()}") == []
    part = rota.maker.get("/availabilities?page_size=1").json()
    assert starts(f"page_size=1&cursor={part['next']}") == ["13:00"]


def test_each_right_allows_its_own(rota: Rota) -> None:
    looker = rota.person(Right.VIEW_AGENDA)

    assert looker.get(rota.planned).status_code == 200
    assert code_of(looker.post("/availabilities", rota.body())) == "right_missing"
    assert code_of(looker.put(rota.planned, rota.standing(), version=1)) == "right_missing"
    assert code_of(looker.post(f"{rota.planned}/remove", {}, version=1)) == "right_missing"
    assert code_of(rota.person(Right.VIEW_REQUESTS).get(rota.planned)) == "right_missing"


# --- What is wrong with it ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"start": "13:00", "end": "13:00"}, "availability_period"),
        ({"start": "17:00", "end": "13:00"}, "availability_period"),
        ({"start": "24:00"}, "hours"),
        ({"end": "00:00"}, "hours"),
        ({"types": []}, "no_type"),
        ({"modalities": []}, "some_modality"),
        ({"types": [str(new_id())]}, "unknown"),
        ({"practitioner_id": str(new_id())}, "unknown"),
        ({"location_id": str(new_id())}, "unknown"),
        ({"day": "1999-12-31"}, "day_out_of_range"),
        ({"day": "10000-01-01"}, "invalid_input"),
        ({"day": "2027-02-29"}, "invalid_input"),
        ({"day": 20270503}, "invalid_input"),
        ({"start": "09:60"}, "invalid_input"),
        ({"start": "23:59:60"}, "invalid_input"),
        ({"start": "9:00"}, "invalid_input"),
        ({"start": "\u0660\u0669:\u0660\u0660"}, "invalid_input"),
        ({"start": 540}, "invalid_input"),
        ({"end": "24:01"}, "invalid_input"),
        ({"start_offset": "+25:00"}, "invalid_input"),
        ({"start_offset": "Europe/Amsterdam"}, "invalid_input"),
        ({"start_offset": "+01:00"}, "wrong_offset"),
        ({"types": [str(new_id())] * 501}, "invalid_input"),
        ({"modalities": ["by_letter"]}, "invalid_input"),
        ({"reference": "x" * 1000}, "invalid_input"),
        ({"removed_at": None}, "unknown_field"),
        ({"confirm": True}, "unknown_field"),
    ],
)
def test_what_is_wrong_is_told(rota: Rota, changes: dict[str, Any], code: str) -> None:
    answer = rota.maker.post("/availabilities", rota.body(**changes))

    assert (answer.status_code, code_of(answer)) == (422, code)
    assert len(rota.maker.get("/availabilities").json()["items"]) == 1


def test_what_is_archived_is_not_chosen(rota: Rota) -> None:
    gone = rota.add("practitioners", archived_at=rota.api.clock.now)

    answer = rota.maker.post("/availabilities", rota.body(practitioner_id=str(gone)))

    assert (answer.status_code, code_of(answer)) == (409, "archived")


def test_until_midnight_is_within_the_day(rota: Rota) -> None:
    made = rota.maker.post("/availabilities", rota.body(start="23:00", end="24:00")).json()

    assert (made["end"], made["ends_at"]) == ("24:00", "2027-05-03T22:00:00Z")


# --- Clocks: T23 ----------------------------------------------------------------------------------------


def test_a_time_that_the_clocks_skip_is_refused(rota: Rota) -> None:
    for said in ({}, {"start_offset": "+01:00"}, {"start_offset": "+02:00"}):
        body = rota.body(day=SPRING, start="02:30", end="05:00", **said)

        answer = rota.maker.post("/availabilities", body)

        assert (answer.status_code, code_of(answer)) == (422, "nonexistent_local_time")
        assert "02:30" in answer.json()["detail"]
        assert answer.json()["refusals"][0]["params"]["zone"] == "Europe/Amsterdam"


@on_both
def test_a_time_that_comes_twice_is_refused_with_both_offsets_until_it_is_said_which(
    rota: Rota,
) -> None:
    body = rota.body(day=AUTUMN, start="02:30", end="05:00")

    unsaid = rota.maker.post("/availabilities", body)
    first = rota.maker.post("/availabilities", body | {"start_offset": "+02:00"})
    second = rota.maker.post("/availabilities", body | {"start_offset": "+01:00"})
    neither = rota.maker.post("/availabilities", body | {"start_offset": "+00:00"})

    assert (unsaid.status_code, code_of(unsaid)) == (422, "ambiguous_local_time")
    (refusal,) = unsaid.json()["refusals"]
    assert refusal["params"]["offsets"] == ["+02:00", "+01:00"]
    assert "+02:00, +01:00" in unsaid.json()["detail"]
    assert first.json()["starts_at"] == "2027-10-31T00:30:00Z"
    assert second.json()["starts_at"] == "2027-10-31T01:30:00Z"
    assert first.json()["ends_at"] == second.json()["ends_at"] == "2027-10-31T04:00:00Z"
    assert (neither.status_code, code_of(neither)) == (422, "wrong_offset")
    assert neither.json()["refusals"][0]["params"]["offsets"] == ["+02:00", "+01:00"]


def test_the_hours_between_are_as_long_as_they_last(rota: Rota) -> None:
    """A day of 23 hours, one of 25, and half an hour between two that the clocks show the other way round."""
    for day, lasts in ((SPRING, 23), (AUTUMN, 25)):
        made = rota.maker.post("/availabilities", rota.body(day=day, start="00:00", end="24:00"))
        begin, end = (made.json()[name] for name in ("starts_at", "ends_at"))
        assert hours_between(begin, end) == lasts
    back = {"start": "02:45", "start_offset": "+02:00", "end": "02:15", "end_offset": "+01:00"}
    made = rota.maker.post("/availabilities", rota.body(day=AUTUMN, **back))
    assert hours_between(made.json()["starts_at"], made.json()["ends_at"]) == 0.5


def hours_between(begin: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)) / timedelta(hours=1)


def test_hours_that_stay_need_not_be_said_again(rota: Rota) -> None:
    body = rota.body(day=AUTUMN, start="02:30", end="05:00")
    made = rota.maker.post("/availabilities", body | {"start_offset": "+01:00"}).json()

    changed = rota.maker.put(
        f"/availabilities/{made['id']}", body | {"modalities": ["video"]}, version=1
    )

    assert changed.json()["starts_at"] == made["starts_at"]
    assert changed.json()["modalities"] == ["video"]


# --- The limit of a location: P2 ------------------------------------------------------------------------


def test_one_too_many_is_refused_with_the_limit_and_when(rota: Rota) -> None:
    narrow = rota.add("locations", capacity=1, name="Clinic")
    body = rota.body(location_id=str(narrow))
    rota.maker.post("/availabilities", body)

    answer = rota.maker.post("/availabilities", body | {"start": "16:30", "end": "18:00"})

    assert (answer.status_code, code_of(answer)) == (409, "availability_capacity")
    assert answer.json()["refusals"][0]["params"] == {
        "location": "Clinic",
        "limit": 1,
        "day": "2027-05-03",
        "start": "16:30",
        "end": "17:00",
    }
    assert "Clinic takes 1" in answer.json()["detail"]
    behind = rota.maker.post("/availabilities", body | {"start": "17:00", "end": "18:00"})
    by_telephone = rota.maker.post("/availabilities", body | {"modalities": ["telephone"]})
    assert behind.status_code == by_telephone.status_code == 201


@on_both
def test_whatever_is_added_changed_and_removed_no_location_has_too_many(engine: Engine) -> None:
    """P2, one after the other: each answer as the plain count of a sweep over the day has it."""
    chance = random.Random(27)
    with a_rota(engine) as rota:
        narrow = str(rota.add("locations", capacity=2))
        stand: dict[str, tuple[int, int, int]] = {}
        answers: set[int] = set()
        for _ in range(60):
            start = chance.randrange(480, 960, 30)
            end = start + chance.randrange(30, 300, 30)
            hours = {"start": clock(start), "end": clock(end), "location_id": narrow}
            key = chance.choice([*stand, None, None])
            others = {one: span for one, span in stand.items() if one != key}
            if key is not None and chance.random() < 0.3:
                path, version = f"/availabilities/{key}/remove", stand[key][2]
                assert rota.maker.post(path, {}, version=version).status_code == 204
                stand = others
                continue
            if key is None:
                answer = rota.maker.post("/availabilities", rota.body(**hours))
            else:
                path, version = f"/availabilities/{key}", stand[key][2]
                answer = rota.maker.put(path, rota.body(**hours), version=version)
            full = most_at_once(others.values(), start, end) >= 2
            assert (answer.status_code == 409) is full, answer.text
            answers.add(answer.status_code)
            if not full:
                told = answer.json()
                stand[told["id"]] = start, end, told["version"]
        assert answers == {200, 201, 409}


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def most_at_once(spans: Iterable[tuple[int, int, int]], start: int, end: int) -> int:
    """The oracle: minute by minute."""
    those = list(spans)
    return max(sum(b <= m < e for b, e, _ in those) for m in range(start, end))


def test_what_exceeds_a_lowered_limit_stays_and_may_become_smaller(rota: Rota) -> None:
    narrow = rota.add("locations", capacity=2)
    body = rota.body(location_id=str(narrow))
    key, _ = (rota.maker.post("/availabilities", body).json()["id"] for _ in range(2))
    with rota.api.engine.begin() as connection:
        change(connection, "locations", narrow, capacity=1)
    path = f"/availabilities/{key}"

    shorter = rota.maker.put(path, body | {"end": "16:00"}, version=1)
    longer = rota.maker.put(path, body | {"end": "18:00"}, version=2)

    assert shorter.status_code == 200
    assert (longer.status_code, code_of(longer)) == (409, "availability_capacity")


# --- Changed and removed --------------------------------------------------------------------------------


@on_both
def test_it_is_changed_and_removed_in_the_version_that_was_read(rota: Rota) -> None:
    key = rota.maker.post("/availabilities", rota.body()).json()["id"]
    path, later = f"/availabilities/{key}", rota.body(start="14:00")

    unread = rota.maker.put(path, later)
    changed = rota.maker.put(path, later, version=1)
    outdated = rota.maker.put(path, later, version=1)
    too_late = rota.maker.post(f"{path}/remove", {}, version=1)
    removed = rota.maker.post(f"{path}/remove", {}, version=2)

    assert (unread.status_code, code_of(unread)) == (428, "version_missing")
    assert (changed.json()["start"], changed.headers["etag"]) == ("14:00", '"2"')
    assert (outdated.status_code, code_of(outdated)) == (412, "outdated")
    assert (too_late.status_code, code_of(too_late)) == (412, "outdated")
    assert (removed.status_code, removed.content) == (204, b"")
    assert [topic for topic, _ in rota.news(key)] == [
        "AvailabilityAdded",
        "AvailabilityChanged",
        "AvailabilityRemoved",
    ]
    acts = [one.act for one in rota.api.records(object_id=UUID(key), allowed=True)]
    assert acts == [Act.CREATE, Act.UPDATE, Act.DELETE]


def test_a_removed_one_is_only_looked_at(rota: Rota) -> None:
    rota.maker.post(f"{rota.planned}/remove", {}, version=1)

    read = rota.maker.get(rota.planned)
    changed = rota.maker.put(rota.planned, rota.standing(), version=2)
    again = rota.maker.post(f"{rota.planned}/remove", {}, version=2)

    assert read.json()["removed_at"] == "2027-04-30T10:00:00Z"
    assert (changed.status_code, again.status_code) == (404, 404)
    assert rota.maker.get("/availabilities").json()["items"] == []
    assert len(rota.maker.get("/availabilities?removed=true").json()["items"]) == 1


@on_both
def test_what_is_asked_again_by_the_same_key_is_done_once(rota: Rota) -> None:
    first = rota.maker.post("/availabilities", rota.body(), key="k1")
    again = rota.maker.post("/availabilities", rota.body(), key="k1")
    other = rota.maker.post("/availabilities", rota.body(end="18:00"), key="k1")

    assert plain(first) == plain(again)
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, code_of(other)) == (422, "idempotency_key_reused")
    assert len(rota.maker.get("/availabilities").json()["items"]) == 2


def test_a_reference_is_given_once(rota: Rota) -> None:
    rota.maker.post("/availabilities", rota.body(reference="A 1"))

    again = rota.maker.post("/availabilities", rota.body(reference="A 1"))

    assert (again.status_code, code_of(again)) == (409, "reference_taken")
