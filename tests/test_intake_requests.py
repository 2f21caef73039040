"""Requests from the wish on: every rule of intake, every step of the life before planning. Domain §§3, 5."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from models import database
from models.base import new_id
from models.consultations import ConsultationType, Modality
from models.database import writing
from models.requests import RequestLocation, RequestState
from scheduler.agenda import holds
from scheduler.booking import Place
from scheduler.intake import MESSAGES, First, May, asked, making, requests, rules
from scheduler.intake.known import today
from scheduler.intake.wishes import Wish
from scheduler.lifecycles import OutdatedError
from scheduler.options import NoSuchRequestError
from scheduler.parameters import DEFAULT_TYPE, put
from scheduler.refusals import RefusedError
from tests.desks import MONDAY, NOW, PLANNER, Desk, looking_first
from tests.races import BEFORE_COMMIT, CLIENTS
from tests.records import DATABASES, at, fresh, unguard
from tests.waiting import insisting

FEWER = 20
CLERK = May()
DRAFT = First.DRAFT


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


# --- Making one -----------------------------------------------------------------------------------------


def test_what_is_left_out_is_the_types_and_todays(desk: Desk) -> None:
    key = desk.create(location_ids=frozenset({desk.world.location}), remarks="by telephone")
    made = desk.request(key)
    assert (made.state, made.version) == ("open", 1)
    assert (made.duration, made.buffer, made.modality) == (30, 5, "at_location")
    assert made.requested_on == date(2027, 2, 26)
    assert made.created_at == NOW
    with desk.reading() as session:
        assert session.scalars(select(RequestLocation.location_id)).all() == [desk.world.location]
    assert desk.news(key) == ["RequestOpened"]


def test_who_may_not_place_one_submits_it_and_a_draft_is_a_draft(desk: Desk) -> None:
    assert desk.state(desk.create(may=CLERK)) == RequestState.FOR_APPROVAL
    assert desk.state(desk.create(DRAFT, CLERK)) == RequestState.DRAFT
    assert desk.state(desk.create(DRAFT)) == RequestState.DRAFT


@pytest.mark.parametrize("until", [MONDAY, date(2027, 2, 28)])
def test_a_window_without_a_day_is_refused_with_the_remedy(desk: Desk, until: date) -> None:
    (refusal,) = desk.refusals(desk.creating(until_day=until))
    assert refusal.code == "date_window"
    assert refusal.params["earliest"] == date(2027, 3, 2)
    assert "let it last until 2027-03-02" in MESSAGES["date_window"].format(**refusal.params)


def test_a_window_of_one_day_is_one(desk: Desk) -> None:
    desk.create(until_day=date(2027, 3, 2))


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"from_day": date(1800, 1, 1)}, "day_out_of_range"),
        ({"until_day": date(9999, 12, 31)}, "day_out_of_range"),
        ({"duration": 0}, "duration"),
        ({"duration": -30}, "duration"),
        ({"duration": 10**18}, "duration"),
        ({"buffer": -1}, "buffer"),
        ({"priority": 0}, "priority"),
        ({"priority": 10**18}, "priority"),
    ],
)
def test_days_and_numbers_out_of_range_are_refused(
    desk: Desk, values: dict[str, Any], code: str
) -> None:
    assert desk.codes(desk.creating(**values)) == [code]
    assert desk.codes(desk.creating(DRAFT, **values)) == [code]


def test_the_formal_request_date_needs_a_right(desk: Desk) -> None:
    earlier: dict[str, Any] = {"requested_on": date(2027, 2, 1)}
    (refusal,) = desk.refusals(desk.creating(**earlier))
    assert (refusal.code, refusal.params["only"]) == ("formal_request_date", date(2027, 2, 26))
    key = desk.create(may=May(place=True, set_request_date=True), **earlier)
    assert desk.request(key).requested_on == date(2027, 2, 1)
    desk.create(requested_on=date(2027, 2, 26))


def test_today_is_the_day_where_most_locations_are(desk: Desk) -> None:
    late = datetime(2027, 2, 28, 23, 30, tzinfo=UTC)
    assert desk.do(lambda s: today(s, late)) == MONDAY
    for _ in range(desk.count("locations") + 1):
        desk.add("locations", time_zone="America/Curacao")
    assert desk.do(lambda s: today(s, late)) == date(2027, 2, 28)


def test_every_reason_is_told_at_once(desk: Desk) -> None:
    gone = desk.add("consultation_types", archived_at=NOW, is_no_show=True)
    found = desk.codes(
        desk.creating(
            consultation_type_id=gone,
            until_day=MONDAY,
            priority=0,
            case_id=new_id(),
            establishment_id=desk.add("establishments", employer_id=desk.employer),
        )
    )
    expected = {
        "unknown", "date_window", "priority", "archived_type", "no_show_type", "establishment",
    }  # fmt: skip
    assert set(found) == expected


@pytest.mark.parametrize(
    "field",
    [
        "employee_id",
        "consultation_type_id",
        "establishment_id",
        "contact_person_id",
        "case_id",
        "required_practitioner_id",
        "preferred_practitioner_id",
        "preferred_location_id",
    ],
)
def test_a_name_of_nothing_is_refused(desk: Desk, field: str) -> None:
    nothing: dict[str, Any] = {field: new_id()}
    (refusal,) = desk.refusals(desk.creating(**nothing))
    assert (refusal.code, refusal.params["field"]) == ("unknown", field)


# --- What the type asks ---------------------------------------------------------------------------------


def test_a_no_show_type_is_refused_unless_the_parameter_names_it(desk: Desk) -> None:
    kind = desk.add("consultation_types", is_no_show=True)
    assert desk.codes(desk.creating(consultation_type_id=kind)) == ["no_show_type"]
    assert desk.codes(desk.creating(DRAFT, consultation_type_id=kind)) == ["no_show_type"]
    with desk.reading() as session:
        code = session.get_one(ConsultationType, kind).code
    desk.do(lambda s: put(s, DEFAULT_TYPE, code))
    desk.create(consultation_type_id=kind)
    another = desk.add("consultation_types", is_no_show=True)
    assert desk.codes(desk.creating(consultation_type_id=another)) == ["no_show_type"]


def test_an_archived_type_is_refused(desk: Desk) -> None:
    kind = desk.add("consultation_types", archived_at=NOW)
    assert desk.codes(desk.creating(consultation_type_id=kind)) == ["archived_type"]


@pytest.mark.parametrize("detail", ["private_email", "private_mobile", "work_email", "work_mobile"])
def test_private_and_work_details_both_count(desk: Desk, detail: str) -> None:
    kind = desk.add("consultation_types", needs_contact_details=True)
    nobody = desk.somebody(**{detail: "  "})
    assert desk.codes(desk.creating(consultation_type_id=kind, employee_id=nobody)) == [
        "contact_details"
    ]
    desk.create(DRAFT, consultation_type_id=kind, employee_id=nobody)
    known = desk.somebody(**{detail: "known"})
    desk.create(consultation_type_id=kind, employee_id=known)


def test_of_a_type_that_refuses_duplicates_there_is_one(desk: Desk) -> None:
    kind = desk.add("consultation_types", refuses_duplicates=True)
    again = desk.creating(consultation_type_id=kind)
    for _ in range(2):
        desk.create(DRAFT, consultation_type_id=kind)
    first = desk.create(consultation_type_id=kind, may=CLERK)
    (refusal,) = desk.refusals(again)
    assert (refusal.code, refusal.params["what"]) == ("duplicate", "request")
    desk.create(consultation_type_id=kind, employee_id=desk.somebody())
    desk.do(lambda s: requests.withdraw(s, first, 1, **desk.how))
    desk.do(again)


def test_a_planned_appointment_of_the_type_is_a_duplicate_too(desk: Desk) -> None:
    kind = desk.add("consultation_types", refuses_duplicates=True)
    desk.link(
        "availability_types",
        availability_id=desk.world.availability,
        consultation_type_id=kind,
    )
    desk.booked(at("09:00"), employee_id=desk.world.employee, consultation_type_id=kind)
    (refusal,) = desk.refusals(desk.creating(consultation_type_id=kind))
    assert (refusal.code, refusal.params["what"]) == ("duplicate", "appointment")


def test_what_only_the_database_sees_has_the_same_code(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when somebody gets past the locks: its guards have the last word."""
    kind = desk.add("consultation_types", refuses_duplicates=True)
    desk.create(consultation_type_id=kind)
    monkeypatch.setattr(rules, "RULES", ())
    assert desk.codes(desk.creating(consultation_type_id=kind)) == ["duplicate"]
    assert desk.codes(desk.creating(until_day=MONDAY)) == ["date_window"]
    assert desk.codes(desk.creating(duration=0)) == ["duration"]
    assert desk.codes(desk.creating(priority=0)) == ["priority"]
    reference = new_id().hex
    desk.create(reference=reference)
    assert desk.codes(desk.creating(reference=reference)) == ["reference_taken"]


# --- Work -----------------------------------------------------------------------------------------------


def test_the_establishment_is_one_where_he_works_in_the_window(desk: Desk) -> None:
    site = desk.add("establishments", employer_id=desk.employer)
    at_site: dict[str, Any] = {"establishment_id": site}
    employee = desk.world.employee
    assert desk.codes(desk.creating(**at_site)) == ["establishment"]
    desk.works(employee, establishment_id=site, from_day=date(2027, 3, 8))
    assert desk.codes(desk.creating(**at_site)) == ["establishment"]
    desk.works(
        employee, establishment_id=site, from_day=date(2020, 1, 1), until_day=date(2027, 3, 1)
    )
    assert desk.codes(desk.creating(**at_site)) == ["establishment"]
    desk.works(
        employee, establishment_id=site, from_day=date(2027, 3, 7), until_day=date(2027, 3, 8)
    )
    desk.create(**at_site)


def test_a_contact_person_is_of_where_he_works(desk: Desk) -> None:
    site = desk.add("establishments", employer_id=desk.employer)
    there = desk.add("contact_persons", employer_id=desk.employer, establishment_id=site)
    assert desk.codes(desk.creating(contact_person_id=there)) == ["contact_person"]
    desk.works(desk.world.employee, establishment_id=site)
    desk.create(contact_person_id=there)
    desk.create(contact_person_id=desk.add("contact_persons", employer_id=desk.employer))


def test_contact_person_and_case_are_of_the_employer_that_asks(desk: Desk) -> None:
    """Somebody with two employers: neither sees what is the other's."""
    other = desk.add("employers")
    site = desk.add("establishments", employer_id=other)
    desk.works(desk.world.employee, employer_id=other, establishment_id=site)
    theirs = desk.add("contact_persons", employer_id=other)
    assert desk.codes(desk.creating(contact_person_id=theirs)) == ["contact_person"]
    kind = desk.add("case_kinds")
    case = desk.add("cases", employee_id=desk.world.employee, establishment_id=site, kind_id=kind)
    assert desk.codes(desk.creating(case_id=case)) == ["case_of_another"]
    desk.create(case_id=case, contact_person_id=theirs, establishment_id=site)


def test_a_case_is_the_employees_open_and_of_the_kind(desk: Desk) -> None:
    absence, pregnancy = desk.add("case_kinds"), desk.add("case_kinds")
    desk.set("consultation_types", desk.world.type, preferred_case_kind_id=absence)

    def case(**values: Any) -> UUID:
        those = {
            "employee_id": desk.world.employee,
            "establishment_id": desk.world.establishment,
            "kind_id": absence,
        }
        return desk.add("cases", **(those | values))

    desk.create(case_id=case())
    desk.create(case_id=case(closed_on=date(2027, 3, 2)))
    assert desk.codes(desk.creating(case_id=case(closed_on=MONDAY))) == ["case_closed"]
    assert desk.codes(desk.creating(case_id=case(kind_id=pregnancy))) == ["case_kind"]
    another = case(employee_id=desk.somebody())
    assert desk.codes(desk.creating(case_id=another)) == ["case_of_another"]


# --- Whom and where -------------------------------------------------------------------------------------


def test_a_required_practitioner_holds_a_function_that_the_type_asks(desk: Desk) -> None:
    doctor, nurse = desk.add("functions"), desk.add("functions")
    asked_one: dict[str, Any] = {"consultation_type_id": desk.world.type, "function_id": doctor}
    desk.link("consultation_type_functions", **asked_one)
    who: dict[str, Any] = {"practitioner_id": desk.world.practitioner}
    desk.link("practitioner_functions", function_id=nurse, **who)
    required: dict[str, Any] = {"required_practitioner_id": desk.world.practitioner}
    assert desk.codes(desk.creating(**required)) == ["practitioner_function"]
    desk.create(preferred_practitioner_id=desk.world.practitioner)
    desk.link("practitioner_functions", function_id=doctor, **who)
    desk.create(**required)


@pytest.mark.parametrize("field", ["required_practitioner_id", "preferred_practitioner_id"])
def test_who_is_excluded_or_gone_is_not_selectable(desk: Desk, field: str) -> None:
    gone: dict[str, Any] = {field: desk.add("practitioners", archived_at=NOW)}
    assert desk.codes(desk.creating(**gone)) == ["archived_practitioner"]
    who = desk.world.practitioner
    desk.add("exclusions", employee_id=desk.world.employee, practitioner_id=who)
    chosen: dict[str, Any] = {field: who}
    assert desk.codes(desk.creating(**chosen)) == ["exclusion"]
    desk.create(employee_id=desk.somebody(), **chosen)


def test_an_archived_location_is_not_selectable(desk: Desk) -> None:
    gone = desk.add("locations", archived_at=NOW)
    assert desk.codes(desk.creating(preferred_location_id=gone)) == ["archived_location"]
    assert desk.codes(desk.creating(location_ids=frozenset({gone}))) == ["archived_location"]
    (refusal,) = desk.refusals(desk.creating(location_ids=frozenset({new_id()})))
    assert (refusal.code, refusal.params["field"]) == ("unknown", "location_ids")


# --- Editing --------------------------------------------------------------------------------------------


def edit(desk: Desk, key: UUID, may: May = PLANNER, **values: Any) -> Callable[[Session], None]:
    def act(session: Session) -> None:
        stands = asked(session, key)
        wish: Wish = replace(stands.wish, **values)
        requests.edit(session, key, stands.version, wish, may=may, **desk.how)

    return act


def test_an_edit_writes_what_changed_and_tells_what_was(desk: Desk) -> None:
    key = desk.create()
    places = frozenset({desk.world.location})
    desk.do(edit(desk, key, until_day=date(2027, 3, 10), duration=45, location_ids=places))
    changed = desk.request(key)
    assert (changed.until_day, changed.duration, changed.version) == (date(2027, 3, 10), 45, 2)
    assert changed.state == RequestState.OPEN
    assert desk.history(key)[-1].before == {"until_day": "2027-03-08", "duration": 30}
    assert desk.news(key) == ["RequestOpened", "RequestChanged"]
    desk.do(edit(desk, key, location_ids=frozenset(), modality=Modality.VIDEO))
    assert desk.count("request_locations", request_id=key) == 0
    assert desk.request(key).modality == Modality.VIDEO


def test_an_outdated_edit_changes_nothing(desk: Desk) -> None:
    key = desk.create()
    wish = desk.wish(priority=9)
    with pytest.raises(OutdatedError):
        desk.do(lambda s: requests.edit(s, key, 2, wish, may=PLANNER, **desk.how))
    assert desk.request(key).priority == 1
    with pytest.raises(NoSuchRequestError):
        desk.do(lambda s: requests.edit(s, new_id(), 1, wish, may=PLANNER, **desk.how))


def test_what_stands_may_stay_and_what_changes_is_asked(desk: Desk) -> None:
    """A type that has become one for no-shows, an archived location, a date by somebody with the right."""
    kind = desk.add("consultation_types")
    right = May(place=True, set_request_date=True)
    key = desk.create(
        consultation_type_id=kind,
        preferred_location_id=desk.world.location,
        requested_on=date(2027, 1, 1),
        may=right,
    )
    desk.set("consultation_types", kind, is_no_show=True, archived_at=NOW)
    desk.set("locations", desk.world.location, archived_at=NOW)
    desk.set("employments", desk.employment, until_day=date(2021, 1, 1))
    desk.do(edit(desk, key, remarks="still wanted"))
    assert desk.codes(edit(desk, key, until_day=MONDAY)) == ["date_window", "establishment"]
    assert desk.codes(edit(desk, key, requested_on=date(2027, 1, 2))) == ["formal_request_date"]
    there = frozenset({desk.world.location})
    assert desk.codes(edit(desk, key, location_ids=there)) == ["archived_location"]
    somebody = desk.somebody()
    assert "another_employee" in desk.codes(edit(desk, key, employee_id=somebody))


def test_another_type_is_asked_about_duplicates(desk: Desk) -> None:
    kind = desk.add("consultation_types", refuses_duplicates=True)
    desk.create(consultation_type_id=kind)
    key = desk.create()
    assert desk.codes(edit(desk, key, consultation_type_id=kind)) == ["duplicate"]
    draft = desk.create(DRAFT)
    desk.do(edit(desk, draft, consultation_type_id=kind))


def test_a_planned_request_is_not_edited(desk: Desk) -> None:
    key, _ = desk.booked(at("09:00"))
    assert desk.codes(edit(desk, key, priority=2)) == ["not_allowed"]


@pytest.mark.parametrize("step", ["edit", "withdraw"])
def test_a_place_kept_for_it_is_given_back(desk: Desk, step: str) -> None:
    key = desk.create()
    place = Place(key, desk.world.availability, at("09:00"))
    desk.do(lambda s: holds.hold(s, place, not_before=NOW, **desk.how))
    assert desk.count("holds", request_id=key) == 1
    if step == "edit":
        desk.do(edit(desk, key, duration=60))
    else:
        desk.do(lambda s: requests.withdraw(s, key, 1, **desk.how))
    assert desk.count("holds", request_id=key) == 0


# --- Steps ----------------------------------------------------------------------------------------------


def test_a_draft_is_placed_or_submitted_and_asked_everything_again(desk: Desk) -> None:
    kind = desk.add("consultation_types", refuses_duplicates=True, needs_contact_details=True)
    employee = desk.somebody()
    drafts = [desk.create(DRAFT, employee_id=employee, consultation_type_id=kind) for _ in range(2)]

    def placing(key: UUID, may: May) -> Callable[[Session], None]:
        return lambda session: requests.place(session, key, 1, may=may, **desk.how)

    assert desk.codes(placing(drafts[0], PLANNER)) == ["contact_details"]
    desk.set("employees", employee, work_email="employee1@example.com")
    desk.do(placing(drafts[0], CLERK))
    assert desk.state(drafts[0]) == RequestState.FOR_APPROVAL
    assert desk.codes(placing(drafts[1], PLANNER)) == ["duplicate"]
    other = desk.create(DRAFT)
    desk.do(placing(other, PLANNER))
    assert desk.state(other) == RequestState.OPEN
    assert desk.codes(lambda s: requests.place(s, other, 2, may=PLANNER, **desk.how)) == [
        "not_allowed"
    ]


def test_a_draft_with_a_formal_date_of_somebody_with_the_right_is_placed_by_another(
    desk: Desk,
) -> None:
    right = May(set_request_date=True)
    key = desk.create(DRAFT, right, requested_on=date(2027, 1, 1))
    desk.do(lambda s: requests.place(s, key, 1, may=PLANNER, **desk.how))
    assert desk.request(key).requested_on == date(2027, 1, 1)


def test_approved_or_rejected_for_a_reason_and_offered_again(desk: Desk) -> None:
    key = desk.create(may=CLERK)

    def reject(reason: str, version: int) -> Callable[[Session], None]:
        return lambda s: requests.reject(s, key, version, reason, **desk.how)

    assert desk.codes(reject(" ", 1)) == ["reason_missing"]
    desk.do(reject("too soon", 1))
    assert desk.state(key) == RequestState.REJECTED
    assert desk.history(key)[-1].reason == "too soon"
    assert desk.codes(lambda s: requests.approve(s, key, 2, **desk.how)) == ["not_allowed"]
    desk.do(edit(desk, key, from_day=date(2027, 3, 2)))
    desk.do(lambda s: requests.offer_again(s, key, 3, **desk.how))
    assert desk.state(key) == RequestState.FOR_APPROVAL
    desk.do(lambda s: requests.approve(s, key, 4, **desk.how))
    assert desk.state(key) == RequestState.OPEN
    assert desk.news(key) == [
        "RequestSubmitted", "RequestRejected", "RequestChanged", "RequestSubmitted",
        "RequestApproved",
    ]  # fmt: skip


def test_offered_again_it_must_not_be_a_duplicate_by_now(desk: Desk) -> None:
    kind = desk.add("consultation_types", refuses_duplicates=True)
    key = desk.create(may=CLERK, consultation_type_id=kind)
    desk.do(lambda s: requests.reject(s, key, 1, "no", **desk.how))
    desk.create(consultation_type_id=kind)
    assert desk.codes(lambda s: requests.offer_again(s, key, 2, **desk.how)) == ["duplicate"]


def test_withdrawn_with_its_reason_and_by_its_version(desk: Desk) -> None:
    key = desk.create()
    with pytest.raises(OutdatedError):
        desk.do(lambda s: requests.withdraw(s, key, 9, **desk.how))
    desk.do(lambda s: requests.withdraw(s, key, 1, reason="recovered", **desk.how))
    assert desk.state(key) == RequestState.WITHDRAWN
    assert desk.history(key)[-1].reason == "recovered"
    planned, _ = desk.booked(at("09:00"))
    assert desk.codes(lambda s: requests.withdraw(s, planned, 2, **desk.how)) == ["not_allowed"]


def test_every_rule_has_a_code_of_its_own_and_a_sentence() -> None:
    codes = [rule.code for rule in rules.RULES]
    assert len(set(codes)) == len(codes)
    assert set(codes) <= set(MESSAGES)
    fields = {name for rule in rules.RULES for name in rule.about}
    assert fields <= set(Wish.__dataclass_fields__)


# --- P4: one, however many ask at once ------------------------------------------------------------------


@pytest.fixture(scope="module", params=DATABASES)
def bare(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Without guards, and opened as a beginner would."""
    for engine in fresh(request):
        unguard(engine)
        own = create_engine(engine.url.render_as_string(hide_password=False), poolclass=NullPool)
        yield own
        own.dispose()


def asked_by_all(desk: Desk, engine: Engine, clients: int) -> Counter[str]:
    """The same request of the same employee, at the same moment."""
    kind = desk.add("consultation_types", refuses_duplicates=True)
    creating = desk.creating(consultation_type_id=kind)
    ready = threading.Barrier(clients)

    def transaction() -> str:
        with writing(engine) as session:
            creating(session)
            time.sleep(BEFORE_COMMIT)
        return "made"

    def client(_: int) -> str:
        ready.wait()
        try:
            return insisting(transaction)
        except RefusedError as error:
            return error.refusals[0].code

    with ThreadPoolExecutor(clients) as crowd:
        return Counter(crowd.map(client, range(clients)))


def test_of_fifty_who_ask_the_same_one_is_heard(desk: Desk) -> None:
    url = desk.engine.url.render_as_string(hide_password=False)
    own = database.engine(url, poolclass=NullPool)
    assert asked_by_all(desk, own, CLIENTS) == {"made": 1, "duplicate": CLIENTS - 1}
    own.dispose()


def test_control_without_guards_and_locks_several_are(
    bare: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "lock", lambda *_: None)
    # a savepoint before the first look: SQLite would lock by it, by chance
    monkeypatch.setattr(Session, "begin_nested", lambda _: nullcontext())
    monkeypatch.setattr(making, "judge", looking_first(rules.judge, FEWER))
    assert asked_by_all(Desk(bare), bare, FEWER)["made"] > 1
