"""Where an appointment may be moved, and what the limit of a location leaves: asked over HTTP before anything is done. Domain §§3, 5."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.audit import Act
from scheduler.access import Right
from tests.http_client import code_of, copied, on_both
from tests.http_practice import STEPS, Surgery, surgery, unknown
from tests.practices import NO_AGREEMENT, NO_PRICE
from tests.records import at


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def there(engine: Engine) -> Iterator[Surgery]:
    with surgery(engine) as made:
        yield made


# --- Where it may go ----------------------------------------------------------------------------------------


def offered(there: Surgery, key: UUID, **how: Any) -> list[dict[str, Any]]:
    answer = there.who.get(f"/appointments/{key}/options", params=how)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def place(option: dict[str, Any]) -> dict[str, Any]:
    return {name: option[name] for name in ("availability_id", "starts_at")}


@on_both
@pytest.mark.parametrize("kind", ["check", "once"])
def test_to_each_place_that_is_offered_it_can_be_moved(there: Surgery, kind: str) -> None:
    _, key = there.booked(kind=kind)
    there.booked("09:00")
    found = offered(there, key)
    assert len(found) >= 3

    for option in found:
        moved = there.done("reschedule", key, **place(option))
        assert UUID(moved["availability_id"]) == UUID(option["availability_id"])
        assert place(option) not in [place(one) for one in offered(there, key)]
    seen = there.api.records(kind="appointments", object_id=key, act=Act.READ, allowed=True)
    assert seen


def test_it_is_in_nobodys_way_itself(there: Surgery) -> None:
    _, key = there.booked("08:00")
    block = str(there.row("appointments", key)["availability_id"])

    def starts() -> list[str]:
        return [one["starts_at"] for one in offered(there, key) if one["availability_id"] == block]

    assert starts() == []  # the first that is free there is where it stands
    there.done("reschedule", key, availability_id=block, starts_at=at("12:00").isoformat())
    assert starts() == ["2027-03-01T08:00:00Z"]


def test_the_wish_of_its_request_binds_it(there: Surgery) -> None:
    _, key = there.booked(from_day=date(2027, 3, 1), until_day=date(2027, 3, 2))
    _, anywhere = there.booked()

    assert {one["starts_at"][:10] for one in offered(there, key)} == {"2027-03-01"}
    assert "2027-03-15" in {one["starts_at"][:10] for one in offered(there, anywhere)}


def test_without_a_request_it_may_go_anywhere(there: Surgery) -> None:
    blocks = there.practice.blocks
    answer = there.who.post(
        "/appointments", there.new(availability_id=blocks[0], starts_at=at("10:00").isoformat())
    )
    key = UUID(answer.json()["id"])

    found = {UUID(one["availability_id"]) for one in offered(there, key)}
    assert {blocks[NO_PRICE], blocks[NO_AGREEMENT]} <= found
    assert len(offered(there, key, most=1)) == 1


def test_a_no_show_may_go_where_it_was_to_be_held(there: Surgery) -> None:
    _, key = there.booked()
    before = offered(there, key)
    there.done("no_show", key)

    assert [place(one) for one in offered(there, key)] == [place(one) for one in before]


@on_both
def test_what_cannot_be_moved_is_offered_nothing(there: Surgery) -> None:
    _, key = there.booked()
    there.done("cancel", key)

    assert offered(there, key) == []


def test_who_may_not_move_it_is_offered_nothing(there: Surgery) -> None:
    _, key = there.booked()
    with there.by_hand() as practice:
        another = practice.somebody()
    looker = there.api.person(Right.VIEW_APPOINTMENTS)
    stranger = there.api.person(*STEPS, reaches={"employee_id": another})

    assert code_of(looker.get(f"/appointments/{key}/options")) == "right_missing"
    assert code_of(stranger.get(f"/appointments/{key}/options")) == "not_found"
    assert there.who.get(f"/appointments/{key}/options?most=51").status_code == 422


# --- What the limit leaves ------------------------------------------------------------------------------------


def asked(there: Surgery, location: UUID, **hours: Any) -> Any:
    body = {"day": "2027-03-01", "start": "08:00", "end": "10:00", **hours}
    viewer = there.api.person(Right.VIEW_AGENDA)
    return viewer.post(f"/locations/{location}/room", body)


def opened(there: Surgery, location: UUID, start: str, end: str, **values: Any) -> UUID:
    with there.by_hand() as practice:
        return practice.add(
            "availabilities",
            practitioner_id=practice.world.practitioner,
            location_id=location,
            starts_at=at(start),
            ends_at=at(end),
            **values,
        )


@on_both
def test_the_rooms_that_are_taken_are_told_stretch_by_stretch(there: Surgery) -> None:
    with there.by_hand() as practice:
        location = practice.add("locations", capacity=3)
    # on the clocks of Amsterdam an hour later
    first = opened(there, location, "07:30", "08:30")
    opened(there, location, "08:00", "12:00")
    opened(there, location, "06:00", "07:00")
    opened(there, location, "07:00", "12:00", at_location=False)
    opened(there, location, "07:00", "12:00", removed_at=at("01:00"))

    told = asked(there, location).json()
    assert (told["limit"], told["holiday"]) == (3, None)
    assert [
        (one["starts_at"][11:16], one["ends_at"][11:16], one["taken"]) for one in told["stretches"]
    ] == [
        ("07:00", "07:30", 0),
        ("07:30", "08:00", 1),
        ("08:00", "08:30", 2),
        ("08:30", "09:00", 1),
    ]
    without = asked(there, location, apart_from=str(first)).json()["stretches"]
    assert [one["taken"] for one in without] == [0, 1]
    assert asked(there, location, start="10:00", end="24:00").json()["stretches"][-1]["taken"] == 0


def test_a_holiday_is_told_by_its_name_in_the_language_that_is_asked(there: Surgery) -> None:
    with there.by_hand() as practice:
        location = practice.add("locations")

    told = asked(there, location, day="2027-04-27", language="nl").json()
    assert (told["holiday"], told["limit"]) == ("Koningsdag", None)
    assert asked(there, location, day="2027-04-27", language="en").json()["holiday"] == "King's Day"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"day": "2027-03-28", "start": "02:30"}, "nonexistent_local_time"),
        ({"day": "2027-10-31", "start": "02:30"}, "ambiguous_local_time"),
        ({"day": "2027-10-31", "start": "02:30", "start_offset": "+05:00"}, "wrong_offset"),
        ({"start": "11:00"}, "availability_period"),
        ({"day": "1950-01-01"}, "day_out_of_range"),
        ({"day": "2199-12-31", "start": "00:00", "end": "24:00"}, None),
    ],
)
def test_hours_that_the_clocks_do_not_show_once_are_refused(
    there: Surgery, changes: dict[str, str], code: str | None
) -> None:
    answer = asked(there, there.practice.world.location, **changes)

    assert (code_of(answer) if answer.status_code != 200 else None) == code
    if code == "ambiguous_local_time":
        said = asked(there, there.practice.world.location, **changes, start_offset="+01:00")
        assert said.json()["starts_at"] == "2027-10-31T01:30:00Z"


def test_a_location_that_is_not_there_is_not_found(there: Surgery) -> None:
    assert asked(there, UUID(unknown())).status_code == 404
