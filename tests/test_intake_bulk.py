"""Many requests at once, and campaigns. Domain §3; reliability P4, P19."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.base import new_id
from models.database import writing
from scheduler.intake import First, Wish, bulk, campaign
from scheduler.intake.bulk import BulkRefusedError, Report
from scheduler.intake.campaign import Campaign, Preview, Window
from scheduler.intake.crowds import Crowd
from tests.desks import MONDAY, NOW, PLANNER, Desk
from tests.records import DATABASES, fresh

PLACED = First.PLACED
DAY = timedelta(days=1)


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)


def row_by_row(desk: Desk, wishes: Sequence[Wish]) -> Report:
    return desk.do(lambda s: bulk.row_by_row(s, wishes, PLACED, may=PLANNER, **desk.how))


def all_or_none(desk: Desk, wishes: Sequence[Wish]) -> Report:
    return desk.do(lambda s: bulk.all_or_none(s, wishes, PLACED, may=PLANNER, **desk.how))


def mine(desk: Desk) -> int:
    return desk.count("requests", establishment_id=desk.world.establishment)


def test_row_by_row_makes_what_it_can_and_reports_the_rest(desk: Desk) -> None:
    good = desk.wish(priority=2)
    bad = desk.wish(until_day=MONDAY, case_id=new_id())
    report = row_by_row(desk, [good, bad, good])
    assert [bool(one.request_id) for one in report.rows] == [True, False, True]
    assert report.made == 2
    assert [one.code for one in report.refused[1]] == ["unknown", "date_window"]
    assert mine(desk) == 2
    first = report.rows[0].request_id
    assert first is not None
    assert desk.request(first).priority == 2


def test_all_or_none_makes_none_and_names_each_row(desk: Desk) -> None:
    wishes = [desk.wish(), desk.wish(priority=0), desk.wish(), desk.wish(duration=0)]
    with pytest.raises(BulkRefusedError) as refused:
        all_or_none(desk, wishes)
    found = [(one.code, one.params["row"]) for one in refused.value.refusals]
    assert found == [("priority", 1), ("duration", 3)]
    assert mine(desk) == 0
    assert all_or_none(desk, wishes[::2]).made == 2
    assert mine(desk) == 2


def test_nothing_stays_of_a_refused_bulk_within_a_larger_transaction(desk: Desk) -> None:
    def act(session: Session) -> None:
        wishes = [desk.wish(), desk.wish(priority=0)]
        with pytest.raises(BulkRefusedError):
            bulk.all_or_none(session, wishes, PLACED, may=PLANNER, **desk.how)

    desk.do(act)
    assert mine(desk) == 0


def test_duplicates_inside_one_bulk_are_found(desk: Desk) -> None:
    kind = desk.add("consultation_types", refuses_duplicates=True)
    other = desk.somebody()
    wishes = [
        desk.wish(consultation_type_id=kind, priority=0),
        desk.wish(consultation_type_id=kind),
        desk.wish(consultation_type_id=kind),
        desk.wish(consultation_type_id=kind, employee_id=other),
        desk.wish(),
        desk.wish(),
    ]
    report = row_by_row(desk, wishes)
    assert [bool(one.request_id) for one in report.rows] == [False, True, False, True, True, True]
    (duplicate,) = report.refused[2]
    assert (duplicate.code, duplicate.params["row"]) == ("duplicate", 1)
    with pytest.raises(BulkRefusedError) as refused:
        all_or_none(desk, [desk.wish(consultation_type_id=kind, employee_id=desk.somebody())] * 2)
    assert [(one.code, one.params["row"]) for one in refused.value.refusals] == [("duplicate", 1)]


def test_of_drafts_there_may_be_several(desk: Desk) -> None:
    kind = desk.add("consultation_types", refuses_duplicates=True)
    wishes = [desk.wish(consultation_type_id=kind)] * 3
    report = desk.do(lambda s: bulk.all_or_none(s, wishes, First.DRAFT, may=PLANNER, **desk.how))
    assert report.made == 3


def test_what_only_the_database_refuses_is_found_among_many(desk: Desk) -> None:
    taken = new_id().hex
    row_by_row(desk, [desk.wish(reference=taken)])
    wishes = [desk.wish(reference=new_id().hex) for _ in range(9)]
    wishes[3] = desk.wish(reference=taken)
    wishes[7] = wishes[6]
    report = row_by_row(desk, wishes)
    assert {n: [one.code for one in why] for n, why in report.refused.items()} == {
        3: ["reference_taken"],
        7: ["reference_taken"],
    }
    assert report.made == 7


def test_too_many_rows_are_refused_before_anything_is_read(desk: Desk) -> None:
    (refusal,) = desk.refusals(
        lambda s: bulk.row_by_row(
            s, [desk.wish()] * (bulk.MOST + 1), PLACED, may=PLANNER, **desk.how
        )
    )
    assert (refusal.code, refusal.params["most"]) == ("too_many_rows", bulk.MOST)


@pytest.mark.parametrize("clients", [8])
def test_bulks_at_once_make_one_request_each_employee(desk: Desk, clients: int) -> None:
    """P4: each bulk has the same employees, in another order."""
    kind = desk.add("consultation_types", refuses_duplicates=True)
    people = [desk.somebody() for _ in range(10)]

    def client(number: int) -> int:
        turned = people[number:] + people[:number]
        wishes = [desk.wish(employee_id=one, consultation_type_id=kind) for one in turned]
        with writing(desk.engine) as session:
            return bulk.row_by_row(session, wishes, PLACED, may=PLANNER, **desk.how).made

    with ThreadPoolExecutor(clients) as crowd:
        made = sum(crowd.map(client, range(clients)))
    assert made == len(people)
    assert desk.count("requests", consultation_type_id=kind) == len(people)


# --- Campaigns ------------------------------------------------------------------------------------------


def people(desk: Desk, count: int) -> list[UUID]:
    return [desk.somebody() for _ in range(count)]


def asked_for(desk: Desk, employees: Sequence[UUID], **values: Any) -> Campaign:
    those: dict[str, Any] = {
        "crowd": Crowd(employees=frozenset(employees)),
        "consultation_type_id": desk.world.type,
        "from_day": MONDAY,
        "until_day": date(2027, 3, 15),
    }
    return Campaign(**those | values)


def previewed(desk: Desk, asked: Campaign) -> Preview:
    return desk.do(lambda s: campaign.preview(s, asked, may=PLANNER, now=NOW))


def load(desk: Desk, asked: Campaign) -> list[int]:
    return list(previewed(desk, asked).load.values())


def test_windows_are_dealt_evenly_over_the_working_days(desk: Desk) -> None:
    crowd = people(desk, 25)
    asked = asked_for(desk, crowd, window=Window.DAY)
    shown = previewed(desk, asked)
    days = [begin for begin, _ in shown.load]
    assert days == [MONDAY + DAY * n for n in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)]
    assert set(shown.load.values()) == {2, 3}
    assert all(until == begin + DAY for begin, until in shown.load)
    assert load(desk, asked_for(desk, crowd)) == [13, 12]
    assert mine(desk) == 0


def test_a_week_with_holidays_gets_less(desk: Desk) -> None:
    """Ascension Day is Thursday 06-05-2027."""
    period = {"from_day": date(2027, 5, 3), "until_day": date(2027, 5, 17)}
    assert load(desk, asked_for(desk, people(desk, 18), **period)) == [8, 10]


def test_windows_stay_within_the_period(desk: Desk) -> None:
    crowd = people(desk, 6)
    part = {"from_day": date(2027, 3, 3), "until_day": date(2027, 4, 2)}
    for window in (Window.WEEK, Window.MONTH):
        asked = asked_for(desk, crowd, window=window, **part)
        shown = previewed(desk, asked)
        assert all(part["from_day"] <= a < b <= part["until_day"] for a, b in shown.load)
        assert sum(shown.load.values()) == 6


def test_a_campaign_makes_what_it_showed_and_keeps_what_is_there(desk: Desk) -> None:
    kind = desk.add("consultation_types", refuses_duplicates=True)
    absence = desk.add("case_kinds")
    desk.set("consultation_types", kind, preferred_case_kind_id=absence)
    crowd = people(desk, 4)
    nobody = desk.add("employees")
    there = {"establishment_id": desk.world.establishment, "kind_id": absence}
    desk.add("cases", employee_id=crowd[0], closed_on=date(2027, 2, 1), **there)
    case = desk.add("cases", employee_id=crowd[0], **there)
    asked = asked_for(desk, [*crowd, nobody], consultation_type_id=kind)
    shown = previewed(desk, asked)
    assert shown.chosen.without_work == (nobody,)
    done = desk.do(lambda s: campaign.carry_out(s, asked, may=PLANNER, **desk.how))
    assert done.wishes == shown.wishes
    assert done.report.made == 4
    first = done.report.rows[0].request_id
    assert first is not None
    assert desk.request(first).case_id == case
    again = desk.do(lambda s: campaign.carry_out(s, asked, may=PLANNER, **desk.how))
    assert again.report.made == 0
    assert {one.code for why in again.report.refused.values() for one in why} == {"duplicate"}
    shown = previewed(desk, asked)
    assert (len(shown.refused), shown.load) == (4, {})


def test_of_two_employers_the_campaigns_is_meant(desk: Desk) -> None:
    (somebody,) = people(desk, 1)
    other = desk.add("employers")
    site = desk.add("establishments", employer_id=other)
    desk.works(somebody, employer_id=other, establishment_id=site, from_day=date(2026, 1, 1))

    def where(**values: Any) -> UUID:
        crowd = Crowd(employees=frozenset([somebody]), **values)
        shown = previewed(desk, asked_for(desk, [], crowd=crowd))
        return shown.wishes[0].establishment_id

    assert where() == site
    assert where(employer_id=desk.employer) == desk.world.establishment
    assert where(establishment_id=desk.world.establishment) == desk.world.establishment


@pytest.mark.parametrize(
    ("period", "code"),
    [
        ({"until_day": MONDAY}, "date_window"),
        ({"until_day": date(2030, 1, 1)}, "campaign_too_long"),
        ({"from_day": date(2027, 3, 6), "until_day": date(2027, 3, 8)}, "no_working_day"),
        ({"from_day": date(1800, 1, 1)}, "day_out_of_range"),
    ],
)
def test_a_period_that_is_none_is_refused(desk: Desk, period: dict[str, Any], code: str) -> None:
    asked = asked_for(desk, [], **period)
    assert code in desk.codes(lambda s: campaign.preview(s, asked, may=PLANNER, now=NOW))


def test_nobody_at_all_is_no_trouble(desk: Desk) -> None:
    assert load(desk, asked_for(desk, [])) == []
    assert row_by_row(desk, []).rows == ()
