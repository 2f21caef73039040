"""Each guard, on both databases: the forbidden insert and update are refused by name, the allowed pass."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, insert, text
from sqlalchemy.exc import DBAPIError

from models import Base, guards
from models.base import new_id
from tests.records import (
    DATABASES,
    World,
    ad_hoc,
    add,
    another_practitioner,
    at,
    change,
    drop,
    fresh,
    refusal,
    small_world,
)


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def records(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection  # and never commit


@pytest.fixture
def world(records: Connection) -> World:
    return small_world(records)


# --- Nobody is booked twice ---------------------------------------------------------------------------


def test_a_practitioner_is_occupied_until_the_end_of_the_buffer(
    records: Connection, world: World
) -> None:
    other: dict[str, Any] = {"employee_id": add(records, "employees")}
    add(records, "appointments", **world.appointment("09:00", "09:30", "09:35"))

    late = world.appointment("09:34", "10:00", **other)
    assert refusal(records, add, "appointments", **late) == "practitioner_free"

    moved = add(records, "appointments", **world.appointment("09:35", "10:00", **other))
    early = {"starts_at": at("09:00")}
    assert refusal(records, change, "appointments", moved, **early) == "practitioner_free"


def test_an_employee_is_occupied_until_the_end_but_not_the_buffer(
    records: Connection, world: World
) -> None:
    elsewhere = another_practitioner(records, world)
    add(records, "appointments", **world.appointment("09:00", "09:30", "09:35"))

    late = world.appointment("09:29", "10:00", **elsewhere)
    assert refusal(records, add, "appointments", **late) == "employee_free"

    moved = add(records, "appointments", **world.appointment("09:30", "10:00", **elsewhere))
    early = {"starts_at": at("09:10")}
    assert refusal(records, change, "appointments", moved, **early) == "employee_free"


@pytest.mark.parametrize("state", ["draft", "completed"])
def test_drafts_and_completed_appointments_occupy(
    records: Connection, world: World, state: str
) -> None:
    add(records, "appointments", **world.appointment("09:00", "09:30", state=state))

    again = world.appointment("09:00", "09:30", employee_id=add(records, "employees"))
    assert refusal(records, add, "appointments", **again) == "practitioner_free"


@pytest.mark.parametrize("state", ["lapsed", "cancelled", "deleted"])
def test_a_freed_place_can_be_taken_and_then_not_be_freed_back(
    records: Connection, world: World, state: str
) -> None:
    why: dict[str, Any] = {"reason": "Ill"}
    if state == "cancelled":
        why |= {"cancelled_by": "employee", "cancelled_at": at("08:00")}
    values = world.appointment("09:00", "09:30", state=state, **why)
    gone = add(records, "appointments", **values)
    add(records, "appointments", **world.appointment("09:00", "09:30"))

    back = {"state": "planned", "cancelled_by": None, "cancelled_at": None}
    assert refusal(records, change, "appointments", gone, **back) == "practitioner_free"


def test_a_hold_keeps_a_place_until_it_expires(records: Connection, world: World) -> None:
    hold = add(records, "holds", **world.hold(records, "09:00", "09:30"))
    other: dict[str, Any] = {"employee_id": add(records, "employees")}

    wanted = world.appointment("09:00", "09:30", **other)
    assert refusal(records, add, "appointments", **wanted) == "practitioner_free"
    again = world.hold(records, "09:00", "09:30", **other)
    assert refusal(records, add, "holds", **again) == "practitioner_free"

    change(records, "holds", hold, expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    add(records, "appointments", **wanted)
    fresh_start = {"expires_at": datetime(2999, 1, 1, tzinfo=UTC)}
    assert refusal(records, change, "holds", hold, **fresh_start) == "practitioner_free"


def test_an_absence_and_a_planned_appointment_keep_each_other_out(
    records: Connection, world: World
) -> None:
    booked = add(records, "appointments", **world.appointment("09:00", "09:30", "09:35"))
    away = {"practitioner_id": world.practitioner, "ends_at": at("12:00")}

    over = away | {"starts_at": at("09:34")}
    assert refusal(records, add, "absences", **over) == "disturbs_appointments"
    absence = add(records, "absences", starts_at=at("09:35"), **away)
    longer = {"starts_at": at("09:00")}
    assert refusal(records, change, "absences", absence, **longer) == "disturbs_appointments"

    into = world.appointment("11:59", "12:30", employee_id=add(records, "employees"))
    assert refusal(records, add, "appointments", **into) == "practitioner_free"
    moved = {"starts_at": at("11:00"), "ends_at": at("11:30"), "occupied_until": at("11:30")}
    assert refusal(records, change, "appointments", booked, **moved) == "practitioner_free"


def test_a_request_is_planned_once(records: Connection, world: World) -> None:
    request = add(records, "requests", **world.request(state="planned"))
    add(records, "appointments", **world.appointment("09:00", "09:30", request_id=request))

    again = world.appointment("11:00", "11:30", request_id=request)
    assert refusal(records, add, "appointments", **again) == "planned_twice"


# --- The limit of a location --------------------------------------------------------------------------


def test_appointments_in_parallel_are_limited_in_rooms_only(records: Connection) -> None:
    world = small_world(records, capacity=2)
    for start, end in [("09:00", "10:00"), ("09:30", "10:30")]:
        add(records, "appointments", **world.appointment(start, end, **ad_hoc(records)))

    third = world.appointment("09:59", "10:15", **ad_hoc(records))
    assert refusal(records, add, "appointments", **third) == "location_capacity"

    called = add(records, "appointments", **third | {"modality": "telephone"})
    in_a_room = {"modality": "at_location"}
    assert refusal(records, change, "appointments", called, **in_a_room) == "location_capacity"
    change(records, "appointments", called, starts_at=at("10:00"), **in_a_room)


def test_availabilities_in_parallel_are_limited_but_an_old_excess_stays(
    records: Connection, world: World
) -> None:
    more = {"practitioner_id": add(records, "practitioners"), "location_id": world.location}
    second = add(records, "availabilities", **more)
    change(records, "locations", world.location, capacity=1)

    third = more | {"starts_at": at("16:59"), "ends_at": at("18:00")}
    assert refusal(records, add, "availabilities", **third) == "availability_capacity"
    longer = {"ends_at": at("17:01")}
    assert refusal(records, change, "availabilities", second, **longer) == "availability_capacity"

    change(records, "availabilities", second, ends_at=at("16:00"))  # shorter
    change(records, "availabilities", second, at_location=False)
    back = {"at_location": True}
    assert refusal(records, change, "availabilities", second, **back) == "availability_capacity"
    change(records, "availabilities", second, removed_at=at("08:00"), at_location=True)
    back_again = {"removed_at": None}
    assert (
        refusal(records, change, "availabilities", second, **back_again) == "availability_capacity"
    )
    add(records, "availabilities", **(third | {"starts_at": at("17:00")}))


# --- Inside an availability, and what would leave appointments outside ----------------------------------


@pytest.mark.parametrize("state", ["draft", "planned"])
def test_an_appointment_lies_inside_its_availability_with_its_buffer(
    records: Connection, world: World, state: str
) -> None:
    for start, end, until in [
        ("07:59", "08:30", "08:30"),
        ("16:45", "17:00", "17:05"),
        ("18:00", "18:30", "18:30"),
    ]:
        outside = world.appointment(start, end, until, state=state)
        assert refusal(records, add, "appointments", **outside) == "fits"
    nowhere = world.appointment("09:00", "09:30", state=state, availability_id=None)
    assert refusal(records, add, "appointments", **nowhere) == "fits"
    others = another_practitioner(records, world)["availability_id"]
    not_his = world.appointment("09:00", "09:30", state=state, availability_id=others)
    assert refusal(records, add, "appointments", **not_his) == "fits"

    inside = add(
        records, "appointments", **world.appointment("16:30", "16:55", "17:00", state=state)
    )
    assert refusal(records, change, "appointments", inside, occupied_until=at("17:05")) == "fits"


def test_an_ad_hoc_report_needs_no_availability(records: Connection, world: World) -> None:
    report = world.appointment("20:00", "20:30", availability_id=None)
    assert refusal(records, add, "appointments", **report) == "fits"
    assert refusal(records, add, "appointments", **report, ad_hoc=True) is None


def test_an_availability_stays_around_what_is_planned_in_it(
    records: Connection, world: World
) -> None:
    booked = add(records, "appointments", **world.appointment("09:00", "09:30", "09:35"))
    elsewhere, somebody = add(records, "locations"), add(records, "practitioners")

    for shrunk in (
        {"starts_at": at("09:01")},
        {"ends_at": at("09:34")},
        {"removed_at": at("08:00")},
        {"location_id": elsewhere},
        {"practitioner_id": somebody},
    ):
        refused = refusal(records, change, "availabilities", world.availability, **shrunk)
        assert refused == "disturbs_appointments"
    assert refusal(records, drop, "availabilities", world.availability) == "disturbs_appointments"
    change(records, "availabilities", world.availability, starts_at=at("09:00"))

    change(records, "appointments", booked, state="deleted")
    change(records, "availabilities", world.availability, removed_at=at("08:00"))
    late = world.appointment("10:00", "10:30")
    assert refusal(records, add, "appointments", **late) == "fits"


def test_an_exclusion_and_a_planned_appointment_keep_each_other_out(
    records: Connection, world: World
) -> None:
    pair = {"employee_id": world.employee, "practitioner_id": world.practitioner}
    booked = add(records, "appointments", **world.appointment("09:00", "09:30"))
    assert refusal(records, add, "exclusions", **pair) == "disturbs_appointments"

    change(records, "appointments", booked, state="deleted")
    add(records, "exclusions", **pair)
    again = world.appointment("10:00", "10:30")
    assert refusal(records, add, "appointments", **again) == "exclusion"
    assert refusal(records, change, "appointments", booked, state="planned") == "exclusion"
    hold = world.hold(records, "10:00", "10:30")
    assert refusal(records, add, "holds", **hold) == "exclusion"


# --- Requests -----------------------------------------------------------------------------------------


def test_a_window_is_at_least_a_day(records: Connection, world: World) -> None:
    day = date(2027, 3, 1)
    for until in (day, date(2027, 2, 28)):
        asked = world.request(from_day=day, until_day=until)
        assert refusal(records, add, "requests", **asked) == "date_window"

    one_day = add(records, "requests", **world.request(from_day=day, until_day=date(2027, 3, 2)))
    assert refusal(records, change, "requests", one_day, until_day=day) == "date_window"


@pytest.mark.parametrize("state", ["open", "for_approval"])
def test_a_second_request_is_refused_while_one_is_to_be_planned(
    records: Connection, world: World, state: str
) -> None:
    change(records, "consultation_types", world.type, refuses_duplicates=True)
    first = add(records, "requests", **world.request(state=state))

    assert refusal(records, add, "requests", **world.request()) == "duplicate"
    draft = add(records, "requests", **world.request(state="draft"))
    assert refusal(records, change, "requests", draft, state=state) == "duplicate"
    direct = world.appointment("11:00", "11:30")
    assert refusal(records, add, "appointments", **direct) == "duplicate"
    add(records, "requests", **world.request(employee_id=add(records, "employees")))
    add(
        records,
        "requests",
        **world.request(consultation_type_id=add(records, "consultation_types")),
    )

    change(records, "requests", first, remarks="Still the only one")
    change(records, "requests", first, state="withdrawn")
    change(records, "requests", draft, state=state)


def test_a_second_request_is_refused_while_an_appointment_is_planned(
    records: Connection, world: World
) -> None:
    change(records, "consultation_types", world.type, refuses_duplicates=True)
    request = add(records, "requests", **world.request())
    booked = add(records, "appointments", **world.appointment("09:00", "09:30", request_id=request))
    change(records, "requests", request, state="planned")

    assert refusal(records, add, "requests", **world.request()) == "duplicate"

    # a no-show is no longer of the type: its follow-up may be asked for (domain §5)
    no_show = add(records, "consultation_types", is_no_show=True)
    change(records, "appointments", booked, consultation_type_id=no_show)
    follow_up = add(records, "requests", **world.request())
    back = {"consultation_type_id": world.type}
    assert refusal(records, change, "appointments", booked, **back) == "duplicate"
    change(records, "requests", follow_up, state="withdrawn")
    change(records, "appointments", booked, **back)


# --- Money --------------------------------------------------------------------------------------------


def test_the_periods_of_a_price_do_not_overlap(records: Connection) -> None:
    category = add(records, "price_categories", contract_model_id=add(records, "contract_models"))
    of = {"price_category_id": category, "performance_type_id": add(records, "performance_types")}
    add(records, "prices", **of, from_day=date(2027, 1, 1), until_day=date(2028, 1, 1))

    assert refusal(records, add, "prices", **of, from_day=date(2027, 12, 31)) == "one_price"
    later = add(records, "prices", **of, from_day=date(2028, 1, 1))
    assert refusal(records, change, "prices", later, from_day=date(2027, 1, 1)) == "one_price"


def test_an_agreement_has_a_budget_or_its_models_have(records: Connection) -> None:
    model = add(records, "contract_models")
    employer = add(records, "employers")
    whole = add(
        records,
        "service_agreements",
        employer_id=employer,
        budget_scope="agreement",
        yearly_budget_cents=10000,
    )
    within = {"agreement_id": whole, "contract_model_id": model, "kind": "sale"}

    own = within | {"budget_scope": "agreement", "yearly_budget_cents": 5000}
    assert refusal(records, add, "agreed_models", **own) == "model_budget"
    add(records, "agreed_models", **(own | {"yearly_budget_cents": None}))
    per_model = {"budget_scope": "model"}
    assert refusal(records, change, "service_agreements", whole, **per_model) == "agreement_budget"


def test_a_reimbursement_model_is_in_no_agreement(records: Connection) -> None:
    model = add(records, "contract_models", kind="reimbursement")
    agreement = add(records, "service_agreements", employer_id=add(records, "employers"))
    within = {"agreement_id": agreement, "contract_model_id": model}

    honest = within | {"kind": "reimbursement"}
    assert refusal(records, add, "agreed_models", **honest) == "never_reimbursement"
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"), records.begin_nested():
        add(records, "agreed_models", **(within | {"kind": "sale"}))


def test_a_final_basis_stays_as_it_is(records: Connection) -> None:
    employer = add(records, "employers")
    basis = add(records, "invoice_bases", employer_id=employer)
    agreed = add(
        records,
        "agreed_models",
        agreement_id=add(records, "service_agreements", employer_id=employer),
        contract_model_id=add(records, "contract_models"),
        kind="sale",
    )
    of = {"basis_id": basis, "agreed_model_id": agreed, "subscription_from": date(2027, 3, 1)}
    wrong = of | {"price_cents": 11000, "invoiced_cents": 1000, "budget_cents": 9999}
    assert refusal(records, add, "invoice_lines", **wrong, budget_year=2027) == "adds_up"
    billed = add(records, "invoice_lines", **of, price_cents=11000, invoiced_cents=11000)
    assert (
        refusal(records, add, "invoice_lines", **of, price_cents=1, invoiced_cents=1)
        == "subscription_once"
    )

    change(records, "invoice_bases", basis, state="final", number="2027-1", final_at=at("08:00"))

    another = of | {"subscription_from": date(2027, 4, 1), "price_cents": 1, "invoiced_cents": 1}
    assert refusal(records, add, "invoice_lines", **another) == "final_stays"
    assert refusal(records, change, "invoice_lines", billed, description="?") == "final_stays"
    assert refusal(records, drop, "invoice_lines", billed) == "final_stays"
    assert refusal(records, change, "invoice_bases", basis, number="2027-2") == "final_stays"
    change(records, "invoice_bases", basis, state="sent", sent_at=at("09:00"))
    assert refusal(records, change, "invoice_bases", basis, state="final") == "final_stays"


# --- Keys and days there is one of --------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    ["employees", "practitioners", "locations", "availabilities", "requests", "appointments"],
)
def test_a_reference_is_of_one_row_and_none_is_of_many(
    records: Connection, world: World, table: str
) -> None:
    needed: dict[str, dict[str, Any]] = {
        "availabilities": {
            "practitioner_id": world.practitioner,
            "location_id": world.location,
        },
        "requests": world.request(),
        "appointments": world.appointment("09:00", "09:30", state="cancelled")
        | {"cancelled_by": "service", "cancelled_at": at("08:00")},
    }
    values = needed.get(table, {})

    add(records, table, **values)
    add(records, table, **values)
    add(records, table, **values, reference="R-1")

    assert refusal(records, add, table, **values, reference="R-1") == f"uq_{table}_reference"


def test_a_day_is_an_own_holiday_once_for_a_country_and_once_for_a_location(
    records: Connection, world: World
) -> None:
    day = {"day": date(2027, 3, 1), "country": "NL"}
    there = day | {"location_id": world.location}

    add(records, "own_holidays", **day)
    add(records, "own_holidays", **day, subdivision="LI")
    add(records, "own_holidays", **there, is_holiday=False)
    add(records, "own_holidays", **day, location_id=add(records, "locations"))

    assert refusal(records, add, "own_holidays", **day) == "one_own_holiday"
    assert refusal(records, add, "own_holidays", **there) == "one_own_holiday_there"


# --- Runs, and what is only added to ------------------------------------------------------------------


def test_one_run_of_a_kind_is_running(records: Connection) -> None:
    first = add(records, "job_runs")

    assert refusal(records, add, "job_runs") == "one_running"
    change(records, "job_runs", first, state="done")
    add(records, "job_runs")
    assert refusal(records, change, "job_runs", first, state="running") == "one_running"


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_records SET kind = 'x'", "DELETE FROM audit_records"]
)
def test_the_audit_log_is_only_added_to(records: Connection, statement: str) -> None:
    log = Base.metadata.tables["audit_records"]
    seen = {"act": "read", "kind": "employees", "fields": {}, "ground": "-", "allowed": True}
    records.execute(insert(log).values(at=at("09:00"), **seen))

    with pytest.raises(DBAPIError) as refused, records.begin_nested():
        records.execute(text(statement))

    assert guards.refused_by(refused.value) == "append_only"


def test_nothing_lasts_longer_than_a_day(records: Connection, world: World) -> None:
    long = {"starts_at": at("08:00"), "ends_at": at("09:01", day=1)}
    of = {"practitioner_id": world.practitioner, "location_id": world.location}
    assert refusal(records, add, "availabilities", **of, **long) == "availability_within_a_day"


def test_a_state_that_is_none_is_refused(records: Connection, world: World) -> None:
    add(records, "requests", **world.request())

    with pytest.raises(DBAPIError) as refused, records.begin_nested():
        records.execute(text("UPDATE requests SET state = 'forgotten'"))

    assert guards.refused_by(refused.value) == "requeststate"


# --- Past everything of ours --------------------------------------------------------------------------


def test_a_booking_typed_into_the_driver_is_refused_too(engine: Engine) -> None:
    with engine.begin() as connection:
        world = small_world(connection)
        add(connection, "appointments", **world.appointment("09:00", "09:30"))
    columns = (
        "version, employee_id, practitioner_id, location_id, availability_id,"
        " consultation_type_id, establishment_id, state, starts_at, ends_at, occupied_until,"
        " modality, ad_hoc"
    )
    copy = (
        f"INSERT INTO appointments (id, {columns}) SELECT '{new_id().hex}', {columns}"  # noqa: S608 (our own words)
        " FROM appointments"
    )

    if engine.dialect.name == "sqlite":
        with (
            sqlite3.connect(str(engine.url.database)) as typed,
            pytest.raises(sqlite3.IntegrityError, match="practitioner_free"),
        ):
            typed.execute(copy)
        typed.close()
    else:
        url = engine.url.set(drivername="postgresql")
        plain = url.render_as_string(hide_password=False)
        with (
            psycopg.connect(plain) as typed_there,
            pytest.raises(psycopg.errors.ExclusionViolation),
        ):
            typed_there.execute(copy)


def test_without_the_triggers_postgresql_still_refuses_an_overlap(
    records: Connection, world: World
) -> None:
    guards.remove(records)
    add(records, "appointments", **world.appointment("09:00", "09:30"))

    again = world.appointment("09:29", "10:00", employee_id=add(records, "employees"))
    refused = refusal(records, add, "appointments", **again)

    assert refused == (None if records.dialect.name == "sqlite" else "practitioner_free")


def test_postgresql_refuses_a_change_that_cannot_see_what_others_did(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        return  # one writer at a time
    with engine.begin() as connection:
        world = small_world(connection)

    stale = engine.execution_options(isolation_level="REPEATABLE READ")
    with stale.connect() as connection, pytest.raises(DBAPIError, match="READ COMMITTED"):
        add(connection, "appointments", **world.appointment("09:00", "09:30"))
