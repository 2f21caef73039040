"""The agenda of some days over HTTP, and where an appointment may be dropped in it: domain §§1-3, 5, 8."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, insert

from models.audit import Act
from models.database import reading
from scheduler.access import Right
from scheduler.agenda import dropping
from scheduler.agenda.dropping import Dropped
from scheduler.agenda.overview import in_order, most_at_once
from scheduler.refusals import RefusedError
from tests.agendas import AMSTERDAM, CURACAO, FRIDAY_BEFORE, MONDAY, TABLES, there
from tests.filled import Filled
from tests.http_client import Api, Client, an_api, code_of, copied, on_both
from tests.records import at

ASCENSION = date(2027, 5, 6)
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
BECAUSE: Mapping[str, Mapping[str, Any]] = {
    "lapsed": {"reason": "-"},
    "cancelled": {"reason": "-", "cancelled_by": "employee", "cancelled_at": FRIDAY_BEFORE},
}
SEES = (Right.VIEW_AGENDA, Right.VIEW_APPOINTMENTS, Right.VIEW_EMPLOYEES)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def api(engine: Engine) -> Iterator[Api]:
    with an_api(engine) as made:
        made.clock.now = FRIDAY_BEFORE
        yield made


@pytest.fixture
def filled(engine: Engine) -> Filled:
    return Filled(engine)


def agenda_of(who: Client, **asked: Any) -> dict[str, Any]:
    answer = who.get("/agenda", params={"first_day": str(MONDAY), **asked})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def keys(told: dict[str, Any], what: str = "appointments") -> list[str]:
    return [one["id"] for one in told[what]]


# --- What is in it ----------------------------------------------------------------------------------------


@on_both
def test_a_week_is_told_at_once_and_each_employee_shown_is_on_record(
    api: Api, filled: Filled
) -> None:
    block = filled.block(MONDAY, 540)
    first = filled.add("employees", last_name="Employee 7")
    shown = [
        filled.stands(MONDAY, 540, employee_id=first),
        filled.stands(MONDAY + timedelta(days=1), 600),
    ]
    filled.add(
        "absences",
        practitioner_id=filled.world.practitioner,
        starts_at=there(AMSTERDAM, MONDAY, 0),
        ends_at=there(AMSTERDAM, MONDAY, 480),
    )
    planner = api.person(*SEES)

    told = agenda_of(planner)

    assert keys(told) == [str(key) for key in shown]
    assert told["appointments"][0]["last_name"] == "Employee 7"
    assert told["appointments"][0]["starts_at"] == "2027-05-03T07:00:00Z"
    assert keys(told, "availabilities") == [str(block)]
    assert len(told["absences"]) == 1
    assert [one["name"] for one in told["practitioners"]] == ["Practitioner 1"]
    assert told["time_zone"] == AMSTERDAM
    (record, _) = looks = api.records(act=Act.READ)
    assert [one.object_id for one in looks] == shown
    assert record.employee_id == first
    assert {"last_name", "starts_at"} <= set(record.fields)


def test_what_was_cancelled_or_deleted_is_no_longer_in_it_and_what_lapsed_is(
    api: Api, filled: Filled
) -> None:
    states = ("draft", "planned", "completed", "lapsed", "cancelled", "deleted")
    for turn, state in enumerate(states):
        filled.stands(MONDAY, 480 + 30 * turn, state=state, **BECAUSE.get(state, {}))

    told = agenda_of(api.person(*SEES))

    assert [one["state"] for one in told["appointments"]] == [*states[:4]]


def test_a_no_show_is_one_by_its_flag(api: Api, filled: Filled) -> None:
    missed = filled.stands(MONDAY, 540)
    filled.stands(MONDAY, 600)
    with filled.engine.begin() as connection:
        connection.execute(insert(TABLES["no_shows"]), {"appointment_id": missed, "original": {}})

    told = agenda_of(api.person(*SEES))

    assert [one["is_no_show"] for one in told["appointments"]] == [True, False]


@pytest.mark.parametrize("missing", [Right.VIEW_APPOINTMENTS, Right.VIEW_EMPLOYEES])
def test_without_the_right_there_are_no_appointments_or_no_names(
    api: Api, filled: Filled, missing: Right
) -> None:
    filled.block(MONDAY, 540)
    filled.stands(MONDAY, 540)

    told = agenda_of(api.person(*(right for right in SEES if right is not missing)))

    assert len(told["availabilities"]) == 1
    if missing is Right.VIEW_APPOINTMENTS:
        assert told["appointments"] == []
    else:
        assert [one["last_name"] for one in told["appointments"]] == [None]


def test_who_sees_one_employer_sees_nothing_of_another(api: Api, filled: Filled) -> None:
    other = filled.add("employers")
    elsewhere = filled.add("establishments", employer_id=other, is_main=True)
    here = filled.world.establishment
    own, _ = (
        filled.stands(
            MONDAY, minute, establishment_id=where, employee_id=filled.works(whose, where)
        )
        for minute, where, whose in ((600, here, filled.employer), (540, elsewhere, other))
    )
    planner = api.person(*SEES, reaches={"employer_id": filled.employer})

    told = agenda_of(planner)

    assert keys(told) == [str(own)]
    assert [one.object_id for one in api.records(act=Act.READ)] == [own]


def test_it_is_filtered_by_location_and_by_practitioner(api: Api, filled: Filled) -> None:
    other, doctor = (
        filled.add("locations", capacity=3),
        filled.add("practitioners", name="Practitioner 2"),
    )
    here, away = (
        filled.stands(MONDAY, 540),
        filled.stands(MONDAY, 540, location_id=other, practitioner_id=doctor),
    )
    planner = api.person(*SEES)

    assert keys(agenda_of(planner)) == [str(key) for key in sorted([here, away])]
    assert keys(agenda_of(planner, location_id=str(other))) == [str(away)]
    assert keys(agenda_of(planner, practitioner_id=str(doctor))) == [str(away)]
    assert [one["id"] for one in agenda_of(planner, location_id=str(other))["locations"]] == [
        str(other)
    ]


# --- Days -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [0, 15, -1, 10**30, "x"])
def test_a_day_to_a_fortnight_is_told_and_no_more(api: Api, days: object) -> None:
    planner = api.person(*SEES)

    answer = planner.get("/agenda", params={"days": str(days)})

    assert (answer.status_code, code_of(answer)) == (422, "invalid_parameter")
    assert len(agenda_of(planner, days=14)["practitioners"]) == 0


@pytest.mark.parametrize("day", ["1900-01-01", "2199-12-31"])
def test_the_first_and_the_last_of_all_days_are_days(api: Api, day: str) -> None:
    planner = api.person(*SEES)

    assert planner.get("/agenda", params={"first_day": day, "days": "14"}).status_code == 200


def test_without_a_day_it_begins_today_on_the_clocks_there(api: Api, filled: Filled) -> None:
    island = filled.add("locations", country="CW", time_zone=CURACAO)
    api.clock.now = there(CURACAO, MONDAY, 1439)  # on Tuesday morning in Amsterdam
    planner = api.person(*SEES)

    assert planner.get("/agenda").json()["first_day"] == str(MONDAY + timedelta(days=1))
    assert planner.get("/agenda", params={"location_id": str(island)}).json()["first_day"] == str(
        MONDAY
    )


def test_days_are_those_of_the_location_that_is_asked_for(api: Api, filled: Filled) -> None:
    island = filled.add("locations", country="CW", time_zone=CURACAO)
    late = filled.stands(
        MONDAY, 1380, zone=CURACAO, location_id=island
    )  # 05:00 on Tuesday in Amsterdam
    planner = api.person(*SEES)

    assert keys(agenda_of(planner, location_id=str(island), days=1)) == [str(late)]
    told = agenda_of(planner, days=1)  # on Monday there, whatever the time is here
    assert keys(told) == [str(late)]
    assert told["time_zone"] == AMSTERDAM
    assert {one["time_zone"] for one in told["locations"]} == {AMSTERDAM, CURACAO}


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_a_day_on_which_the_clocks_change_is_that_day_and_no_other(
    api: Api, filled: Filled, day: date
) -> None:
    inside = [filled.stands(day, 0), filled.stands(day, 1410)]
    filled.stands(day - timedelta(days=1), 1410)
    filled.stands(day + timedelta(days=1), 0)

    told = agenda_of(api.person(*SEES), first_day=str(day), days=1)

    assert keys(told) == [str(key) for key in inside]


# --- Holidays and limits ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("filled")
def test_holidays_are_named_in_the_language_asked_for(api: Api) -> None:
    planner = api.person(*SEES)

    assert [agenda_of(planner, language=one)["locations"][0]["closed"] for one in ("nl", "en")] == [
        {str(ASCENSION): "Hemelvaartsdag"}, {str(ASCENSION): "Ascension Day"}
    ]  # fmt: skip


def test_where_nobody_knows_the_holidays_that_is_said_and_the_rest_is_told(
    api: Api, filled: Filled
) -> None:
    filled.add("locations", name="Nowhere", country="XX")

    told = agenda_of(api.person(*SEES))

    assert {one["name"]: one["closed"] for one in told["locations"]}["Nowhere"] is None
    assert len(told["locations"]) == 2


def test_types_are_named_in_the_language_asked_for(api: Api, filled: Filled) -> None:
    filled.stands(MONDAY, 540)
    with filled.engine.begin() as connection:
        connection.execute(
            insert(TABLES["consultation_type_names"]),
            {"consultation_type_id": filled.world.type, "language": "nl", "name": "Spreekuur 1"},
        )
    planner = api.person(*SEES)

    names = [agenda_of(planner, language=one)["types"][0]["name"] for one in ("nl", "en")]

    assert names[0] == "Spreekuur 1"
    assert names[1] != "Spreekuur 1"


def test_of_one_location_it_is_told_how_many_are_there_at_once(api: Api, filled: Filled) -> None:
    doctors = [filled.add("practitioners") for _ in range(3)]
    for start, doctor in zip((540, 600, 660), doctors, strict=True):
        filled.block(MONDAY, start, 60 + 30 * (doctor == doctors[0]), practitioner_id=doctor)
    filled.stands(MONDAY, 540, practitioner_id=doctors[0])
    filled.stands(MONDAY, 550, practitioner_id=doctors[1])
    filled.stands(MONDAY, 550, practitioner_id=doctors[2], modality="telephone")
    planner = api.person(*SEES)

    (place,) = agenda_of(planner, location_id=str(filled.world.location))["locations"]

    assert place["at_once"] == {str(MONDAY): {"availabilities": 2, "appointments": 2}}
    assert agenda_of(planner)["locations"][0]["at_once"] == {}


def test_what_touches_does_not_go_on_at_once() -> None:
    times = [(at("09:00"), at("10:00")), (at("10:00"), at("11:00")), (at("09:30"), at("10:30"))]

    assert most_at_once(times) == 2
    assert most_at_once([]) == 0


def test_names_are_in_the_order_that_people_expect() -> None:
    assert sorted(["b 10", "B 9", "a", "b"], key=in_order) == ["a", "b", "B 9", "b 10"]


# --- How it is sent -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("accepts", "how"), [("gzip, br", "gzip"), ("gzip;q=0", None), ("", None)])
def test_it_is_sent_smaller_to_who_takes_it_so(api: Api, accepts: str, how: str | None) -> None:
    answer = api.person(*SEES).get("/agenda", headers={"Accept-Encoding": accepts})

    assert answer.headers.get("content-encoding") == how
    assert answer.json()["days"] == 7


# --- Dropping -----------------------------------------------------------------------------------------------


def refused(engine: Engine, dropped: Dropped, near: UUID) -> list[tuple[str, dict[str, Any]]]:
    with reading(engine) as session, pytest.raises(RefusedError) as error:
        dropping.place(session, dropped, near=near)
    return [(one.code, dict(one.params)) for one in error.value.refusals]


def test_a_place_is_found_in_what_is_open_then_at_the_same_location_first(filled: Filled) -> None:
    world = filled.world
    other = filled.add("locations")
    elsewhere = filled.block(MONDAY, 540, location_id=other)
    here = filled.block(MONDAY, 540)
    dropped = Dropped(world.practitioner, MONDAY, 570)
    with reading(filled.engine) as session:
        found = [dropping.place(session, dropped, near=place) for place in (world.location, other)]

    assert found == [
        (here, there(AMSTERDAM, MONDAY, 570)),
        (elsewhere, there(AMSTERDAM, MONDAY, 570)),
    ]


@pytest.mark.parametrize("minute", [539, 660])
def test_where_nothing_is_open_that_is_said(filled: Filled, minute: int) -> None:
    filled.block(MONDAY, 540)

    ((code, params),) = refused(
        filled.engine, Dropped(filled.world.practitioner, MONDAY, minute), filled.world.location
    )

    assert code == "nothing_open"
    assert params["practitioner"] == "Practitioner 1"
    assert params["time"] == f"{minute // 60:02}:{minute % 60:02}"


@pytest.mark.parametrize(
    ("day", "code"), [(SPRING, "nonexistent_local_time"), (AUTUMN, "ambiguous_local_time")]
)
def test_a_time_that_the_clocks_do_not_show_once_is_refused_as_everywhere_else(
    filled: Filled, day: date, code: str
) -> None:
    filled.block(day, 60, 300)

    ((found, params),) = refused(
        filled.engine, Dropped(filled.world.practitioner, day, 150), filled.world.location
    )

    assert found == code
    assert (params["time"], params["zone"], params["day"]) == ("02:30", AMSTERDAM, day)
    assert ("offsets" in params) == (code == "ambiguous_local_time")


# --- What the pages load --------------------------------------------------------------------------------


@pytest.mark.parametrize("accepts", ["gzip", ""])
def test_scripts_and_styles_are_the_same_sent_smaller_or_not_and_kept_for_good(
    api: Api, accepts: str
) -> None:
    plain = api.client.get("/static/app.js", headers={"Accept-Encoding": "identity"})
    answer = api.client.get("/static/app.js", headers={"Accept-Encoding": accepts})

    assert answer.content == plain.content
    assert answer.headers.get("content-encoding") == (accepts or None)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["vary"] == "Accept-Encoding"
