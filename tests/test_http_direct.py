"""Appointments without a request over HTTP: planned directly, as drafts, and reports. Domain §§3, 5."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from models.audit import Act
from scheduler.access import Right
from tests.http_client import code_of, copied, on_both, plain
from tests.http_practice import STEPS, Surgery, codes, surgery, unknown
from tests.practices import NEXT_DAY
from tests.records import at

SATURDAY = 5
LONG_AGO = -40


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from copied(request)


@pytest.fixture
def there(engine: Engine) -> Iterator[Surgery]:
    with surgery(engine) as made:
        yield made


def direct(there: Surgery, clock: str = "09:00", **changes: Any) -> dict[str, Any]:
    body = there.new(**changes) | there.place(clock)
    answer = there.who.post("/appointments", body)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def report(there: Surgery, clock: str, day: int = LONG_AGO, **changes: Any) -> dict[str, Any]:
    """The body of one."""
    world = there.practice.world
    where = {"practitioner_id": str(world.practitioner), "location_id": str(world.location)}
    return there.new(**changes) | where | {"starts_at": at(clock, day).isoformat()}


# --- Planned directly ---------------------------------------------------------------------------------------


@on_both
def test_planned_directly_read_completed_and_on_record(there: Surgery) -> None:
    made = direct(there, remarks="brings a dog")

    assert (made["state"], made["request_id"], made["ad_hoc"]) == ("planned", None, False)
    assert made["starts_at"] == "2027-03-01T09:00:00Z"
    assert there.read(UUID(made["id"]))["remarks"] == "brings a dog"
    assert there.done("complete", UUID(made["id"]))["state"] == "completed"
    (created,) = there.api.records(act=Act.CREATE, kind="appointments")
    assert (created.employee_id, created.ground) == (
        there.practice.world.employee,
        "plan_appointments",
    )
    # whom it only names was looked up, and not made
    looked = there.api.records(act=Act.READ, kind="employees", actor_id=created.actor_id)
    assert [one.employee_id for one in looked] == [created.employee_id]
    assert not there.api.records(act=Act.CREATE, kind="employees")


def test_the_same_key_plans_once(there: Surgery) -> None:
    body = there.new() | there.place("09:00")

    first = there.who.post("/appointments", body, key="once")
    second = there.who.post("/appointments", body, key="once")
    third = there.who.post("/appointments", body)

    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert (third.status_code, code_of(third)) == (409, "slot_taken")
    assert len(there.all("appointments")) == 1


def test_every_rule_in_the_way_is_told_with_a_sentence(there: Surgery) -> None:
    direct(there)
    with there.by_hand() as practice:
        elsewhere = practice.add("establishments", employer_id=practice.employer)

    def against(clock: str, **changes: Any) -> list[str]:
        body = there.new(**changes) | there.place(clock)
        return codes(there.who.post("/appointments", body))

    assert against("09:15") == ["practitioner_free", "employee_free"]
    assert against("09:02") == ["fits", "practitioner_free", "employee_free"]
    assert against("11:00", establishment_id=elsewhere) == ["establishment"]
    assert against("11:00", kind="missed") == ["type_admitted", "no_show_type"]
    assert against("11:00", consultation_type_id=unknown()) == ["unknown"]
    assert against("11:00", duration=0) == ["duration"]
    nowhere = there.new() | there.place("11:00", availability_id=unknown())
    assert codes(there.who.post("/appointments", nowhere)) == ["no_such_availability"]


MALFORMED: list[dict[str, Any]] = [
    {"duration": -1},
    {"duration": 10**12},
    {"duration": True},
    {"duration": "30"},
    {"buffer": 1441},
    {"modality": "by letter"},
    {"remarks": "x" * 10_001},
    {"remarks": "\x00"},
    {"starts_at": "2027-03-01T09:00:00"},
    {"starts_at": "9999-12-31T23:59:59Z"},
    {"overrides": {"exclusion": "asked for it"}},
    {"overrides": {"saturday": ""}},
    {"state": "completed"},
    {"request_id": None},
    {"employee_id": "1"},
]


def test_what_cannot_be_is_malformed(there: Surgery) -> None:
    for changes in MALFORMED:
        answer = there.who.post("/appointments", there.new() | there.place("09:00") | changes)

        assert answer.status_code == 422, changes
        assert code_of(answer)
    assert there.all("appointments") == []


@pytest.mark.parametrize("path", ["", "/drafts", "/ad-hoc"])
def test_what_is_not_his_cannot_be_told_from_what_is_not_there(there: Surgery, path: str) -> None:
    with there.by_hand() as practice:
        his = practice.somebody()
        kind = practice.add("case_kinds")
        about = {"establishment_id": practice.world.establishment, "opened_on": date(2027, 1, 1)}
        case = practice.add("cases", employee_id=practice.world.employee, kind_id=kind, **about)
        contact = practice.add("contact_persons", employer_id=practice.employer)
        elsewhere = practice.add("establishments", employer_id=practice.employer)
    stranger = there.api.person(*STEPS, reaches={"employee_id": his})
    body = report(there, "09:00") if path == "/ad-hoc" else there.new() | there.place("09:00")
    body["employee_id"] = str(his)
    own = {
        "employee_id": there.practice.world.employee,
        "establishment_id": elsewhere,
        "case_id": case,
        "contact_person_id": contact,
    }

    for name, value in own.items():
        foreign = stranger.post(f"/appointments{path}", body | {name: str(value)})
        nothing = stranger.post(f"/appointments{path}", body | {name: unknown()})
        assert foreign.status_code == nothing.status_code == 404, name
        assert plain(foreign) == plain(nothing)
    assert there.all("appointments") == []
    assert stranger.post(f"/appointments{path}", body).status_code == 201


def test_nobody_plans_what_he_could_not_see(there: Surgery) -> None:
    """He sees the employee by one employer and the establishment by a department of another, and not both together."""
    with there.by_hand() as practice:
        mine, world = practice.employer, practice.world
        department = practice.add("departments", employer_id=mine)
        his = practice.add("departments", employer_id=mine)
        other = practice.add("employers")
        there_too = practice.add("establishments", employer_id=other, is_main=True)
        employee, colleague = practice.add("employees"), practice.add("employees")
        work = {"from_day": date(2020, 1, 1), "version": 1}
        for who, employer, place, part in (
            (employee, mine, world.establishment, department),
            (employee, other, there_too, None),
            (colleague, mine, world.establishment, his),
        ):
            practice.put(
                "employments",
                id=UUID(unknown()),
                employee_id=who,
                employer_id=employer,
                establishment_id=place,
                department_id=part,
                **work,
            )
        group, scopes = practice.add("groups"), ({"employer_id": other}, {"department_id": his})
        for scope in scopes:
            practice.put("group_scopes", id=UUID(unknown()), group_id=group, **scope)
    planner = there.api.person(*STEPS, group_id=group)
    body = there.new(employee_id=employee) | there.place("09:00")

    assert planner.post("/appointments", body).status_code == 404
    assert there.all("appointments") == []
    mine_again = there.new(employee_id=employee, establishment_id=there_too)
    assert planner.post("/appointments", mine_again | there.place("09:00")).status_code == 201


def test_a_saturday_takes_a_reason_and_the_right(there: Surgery) -> None:
    with there.by_hand() as practice:
        block = practice._block(SATURDAY)
        kind = practice.types["check"]
        practice.put("availability_types", availability_id=block, consultation_type_id=kind)
    lead = there.api.person(*STEPS, Right.OVERRIDE_RULES)
    where = {"availability_id": str(block), "starts_at": at("09:00", SATURDAY).isoformat()}
    body = there.new() | where
    reasoned = body | {"overrides": {"saturday": "a ship that sails on Sunday"}}

    assert codes(there.who.post("/appointments", body)) == ["saturday"]
    assert code_of(there.who.post("/appointments", reasoned)) == "right_missing"
    answer = lead.post("/appointments", reasoned)
    assert answer.status_code == 201
    (override,) = there.read(UUID(answer.json()["id"]))["overrides"]
    assert (override["rule"], override["account_id"]) == ("saturday", str(lead.id))


# --- As a draft ---------------------------------------------------------------------------------------------


def test_a_draft_takes_its_place_and_is_planned_later(there: Surgery) -> None:
    answer = there.who.post("/appointments/drafts", there.new() | there.place("09:00"))
    assert answer.status_code == 201
    assert answer.json()["state"] == "draft"

    taken = there.who.post("/appointments", there.new() | there.place("09:00"))
    assert (taken.status_code, code_of(taken)) == (409, "slot_taken")
    assert there.done("plan", UUID(answer.json()["id"]))["state"] == "planned"


def test_beside_a_planned_one_there_may_be_a_draft_of_its_type(there: Surgery) -> None:
    direct(there, kind="once")
    body = there.new("once") | there.place("11:00")

    assert codes(there.who.post("/appointments", body)) == ["duplicate"]
    key = UUID(there.who.post("/appointments/drafts", body).json()["id"])
    assert there.refused("plan", key) == ["duplicate"]


# --- Ad hoc -------------------------------------------------------------------------------------------------


@on_both
def test_a_report_lies_in_the_past_in_no_availability_and_may_be_of_any_type(
    there: Surgery,
) -> None:
    for clock, kind in (("03:07", "check"), ("04:00", "missed")):
        answer = there.who.post("/appointments/ad-hoc", report(there, clock, kind=kind))
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert (made["state"], made["ad_hoc"], made["availability_id"]) == ("planned", True, None)
    assert [one["id"] for one in there.who.get("/appointments?ad_hoc=true").json()["items"]]


def test_a_report_needs_a_right_of_its_own(there: Surgery) -> None:
    planner = there.api.person(*(set(STEPS) - {Right.REPORT_AD_HOC}))

    answer = planner.post("/appointments/ad-hoc", report(there, "03:00"))

    assert (answer.status_code, code_of(answer)) == (403, "right_missing")


def test_a_report_occupies_and_meets_whoever_is_there(there: Surgery) -> None:
    direct(there, "09:00")

    taken = there.who.post("/appointments/ad-hoc", report(there, "09:10", day=0))
    nobody = report(there, "15:00") | {"practitioner_id": unknown()}
    nowhere = report(there, "15:00") | {"location_id": unknown()}

    assert (taken.status_code, code_of(taken)) == (409, "slot_taken")
    assert codes(taken) == ["practitioner_free", "employee_free"]
    assert codes(there.who.post("/appointments/ad-hoc", nobody)) == ["no_such_practitioner"]
    assert codes(there.who.post("/appointments/ad-hoc", nowhere)) == ["no_such_location"]


@on_both
def test_no_time_of_a_report_is_a_fault_of_ours(there: Surgery) -> None:
    for starts_at in (
        "1900-01-01T00:00:00Z",
        "1999-12-31T23:59:59+01:00",
        "2199-12-31T23:59:59Z",
        "2027-03-28T02:30:00+01:00",
        "2027-10-31T00:59:59.999999Z",
    ):
        body = report(there, "03:00") | {"starts_at": starts_at}

        assert there.who.post("/appointments/ad-hoc", body).status_code in {201, 409, 422}


@on_both
def test_a_report_moves_to_any_time_and_what_is_none_needs_an_availability(there: Surgery) -> None:
    key = UUID(there.who.post("/appointments/ad-hoc", report(there, "03:00")).json()["id"])
    planned = UUID(direct(there)["id"])
    world = there.practice.world
    spot = {
        "practitioner_id": str(world.practitioner),
        "location_id": str(world.location),
        "starts_at": at("05:03", LONG_AGO).isoformat(),
    }

    moved = there.who.post(f"/appointments/{key}/move-report", spot, version=1)
    free = spot | {"starts_at": at("07:00", LONG_AGO).isoformat()}
    refused = there.who.post(f"/appointments/{planned}/move-report", free, version=1)

    assert moved.status_code == 200, moved.text
    assert (moved.json()["starts_at"], moved.json()["version"]) == ("2027-01-20T05:03:00Z", 2)
    assert codes(refused) == ["needs_availability"]
    into = there.done("reschedule", key, **there.place("10:00", NEXT_DAY))
    assert (into["availability_id"], into["ad_hoc"]) == (
        str(there.practice.blocks[NEXT_DAY]),
        True,
    )


def test_a_completed_report_takes_its_performance_along(there: Surgery) -> None:
    body = report(there, "03:00", day=0)
    key = UUID(there.who.post("/appointments/ad-hoc", body).json()["id"])
    there.done("complete", key)
    spot = {name: body[name] for name in ("practitioner_id", "location_id")}

    def to(day: int) -> Any:
        where = spot | {"starts_at": at("04:00", day).isoformat()}
        version = there.row("appointments", key)["version"]
        return there.who.post(f"/appointments/{key}/move-report", where, version=version)

    assert to(NEXT_DAY).json()["state"] == "completed"
    assert there.read(key)["performances"][0]["performed_on"] == "2027-03-02"
    assert codes(to(-100)) == ["no_agreement"]
