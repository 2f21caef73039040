"""`spreekuur check`: each fault planted in a good plan is told by the name of the rule it breaks.

All cases start from one small week and one plan that keeps every rule.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import oracle
from tests.command_line import Ran, called, run
from tests.worlds import (
    Json,
    a_location,
    a_plan,
    a_practitioner,
    a_request,
    a_type,
    an_availability,
    an_employee,
    an_existing,
    an_instance,
    at,
)

MONDAY, TUESDAY, HOLIDAY, SATURDAY, SUNDAY, SATURDAY_HOLIDAY = 0, 1, 2, 5, 6, 12


def a_block(name: str, day: int, **changes: object) -> Json:
    """P1's morning in Goes, unless something else is said."""
    start, end = at(day, "09:00"), at(day, "12:30")
    defaults: Json = {"location": "Goes", "start": start, "end": end, "types": ["visit", "once"]}
    return an_availability(id=name, **defaults | changes)


def a_wish(name: str, **changes: object) -> Json:
    """Half an hour and ten minutes of buffer in the first week, of an employee of its own."""
    defaults: Json = {"employee": f"who asks for {name}", "type": "visit", "buffer": 10}
    return a_request(id=name, **defaults | changes)


REQUESTS = [
    a_wish("plain", employee="Wim"),
    a_wish("Wim's other", employee="Wim"),
    a_wish("second"),
    a_wish("third"),
    a_wish("Monday only", window=[0, 1]),
    a_wish("from Tuesday", window=[1, 14]),
    a_wish("any day", window=[0, 14], allow_saturday=True, allow_sunday_holiday=True),
    a_wish("no day off", window=[0, 14]),
    a_wish("Saturdays", window=[0, 14], allow_saturday=True),
    a_wish("holidays", window=[0, 14], allow_sunday_holiday=True),
    a_wish("in Veere", locations=["Veere"]),
    a_wish("with P2", required_practitioner="P2"),
    a_wish("not with P3", employee="Els"),
    a_wish("by telephone", remote=True),
    a_wish("once", type="once", employee="Jan"),
    a_wish("once more", type="once", employee="Jan"),
    a_wish("had one", type="once", employee="Eva"),
]
WORLD = an_instance(
    days=14,
    holidays=[HOLIDAY, SATURDAY_HOLIDAY],
    types=[
        a_type(id="visit", buffer=10),
        a_type(id="once", buffer=10, refuse_duplicates=True),
        a_type(id="lecture"),
    ],
    locations=[
        a_location(id="Goes", capacity=2),
        a_location(id="Veere", capacity=2, holidays=[TUESDAY]),
        a_location(id="Ghent", region="Flanders"),
    ],
    practitioners=[a_practitioner(id=name) for name in ("P1", "P2", "P3")],
    employees=[
        an_employee(id=name, blacklist=["P3"] if name == "Els" else [])
        for name in dict.fromkeys(request["employee"] for request in REQUESTS)
    ],
    availabilities=[
        a_block("Mon P1", MONDAY),
        a_block("Mon P1 late", MONDAY, start=at(MONDAY, "13:00"), end=at(MONDAY, "15:00")),
        a_block("Mon P1 in Veere", MONDAY, location="Veere"),
        a_block("Mon P2", MONDAY, practitioner="P2"),
        a_block("Mon P3", MONDAY, practitioner="P3"),
        a_block("Tue P1", TUESDAY),
        a_block("Tue P1 in Veere", TUESDAY, location="Veere"),
        a_block("Tue P2 in Ghent", TUESDAY, practitioner="P2", location="Ghent"),
        a_block("Tue P2 lectures", TUESDAY, practitioner="P2", types=["lecture"]),
        a_block("Tue P3 calls", TUESDAY, practitioner="P3", modalities=["telephone"]),
        a_block("Tue P3 visits", TUESDAY, practitioner="P3", modalities=["location"]),
        a_block("holiday", HOLIDAY),
        a_block("holiday in Veere", HOLIDAY, location="Veere"),
        a_block("Saturday", SATURDAY),
        a_block("Sunday", SUNDAY),
        a_block("Saturday and holiday", SATURDAY_HOLIDAY),
    ],
    existing=[
        an_existing(
            id="P2 and X", practitioner="P2", location="Goes", start=at(0, "11:00"), buffer=10
        ),
        an_existing(
            id="P3 and Wim",
            practitioner="P3",
            location="Veere",
            employee="Wim",
            start=at(TUESDAY, "10:00"),
            duration=60,
        ),
        an_existing(
            id="Eva's first",
            practitioner="P3",
            location="Veere",
            employee="Eva",
            type="once",
            start=at(TUESDAY, "13:00"),
        ),
    ],
    requests=REQUESTS,
)
Place = tuple[str, int]
GOOD: dict[str, Place] = {
    "plain": ("Mon P1", at(0, "09:00")),
    "Monday only": ("Mon P1", at(0, "09:40")),
    "second": ("Mon P1", at(0, "10:20")),
    "in Veere": ("Mon P1 in Veere", at(0, "11:40")),
    "third": ("Mon P2", at(0, "09:00")),
    "with P2": ("Mon P2", at(0, "10:00")),
    "once": ("Tue P1", at(1, "09:00")),
    "by telephone": ("Tue P3 calls", at(1, "09:00")),
    "any day": ("Saturday and holiday", at(12, "09:00")),
}


@dataclass(frozen=True)
class Change:
    """Requests planned elsewhere, or besides, and all the rules that this breaks."""

    sentence: str
    places: dict[str, Place]
    rules: set[str] = field(default_factory=set)
    besides: dict[str, Place] = field(default_factory=dict)

    @property
    def plan(self) -> Json:
        again = a_plan(WORLD, self.besides)["assignments"]
        changed = a_plan(WORLD, GOOD | self.places)
        return changed | {"assignments": changed["assignments"] + again}


FAULTS = [
    Change(
        "two at once with one practitioner",
        {"from Tuesday": ("Tue P1", at(1, "09:15"))},
        {"practitioner_free"},
    ),
    Change(
        "one in the buffer of another",
        {"from Tuesday": ("Tue P1", at(1, "09:35"))},
        {"practitioner_free"},
    ),
    Change(
        "one whose own buffer meets another",
        {"from Tuesday": ("Tue P1", at(1, "09:25")), "once": ("Tue P1", at(1, "10:00"))},
        {"practitioner_free"},
    ),
    Change(
        "one practitioner at two locations at once",
        {"in Veere": ("Mon P1 in Veere", at(0, "09:20"))},
        {"practitioner_free"},
    ),
    Change(
        "at the time of an existing appointment",
        {"with P2": ("Mon P2", at(0, "10:45"))},
        {"practitioner_free"},
    ),
    Change(
        "in the buffer of an existing appointment",
        {"with P2": ("Mon P2", at(0, "11:35"))},
        {"practitioner_free"},
    ),
    Change(
        "one employee with two practitioners at once",
        {"Wim's other": ("Tue P3 visits", at(1, "11:20")), "plain": ("Tue P1", at(1, "11:45"))},
        {"employee_free"},
    ),
    Change(
        "an employee who has an existing appointment then",
        {"plain": ("Tue P1", at(1, "10:30"))},
        {"employee_free"},
    ),
    Change(
        "a third appointment where two rooms are",
        {"no day off": ("Mon P3", at(0, "09:10"))},
        {"location_capacity"},
    ),
    Change(
        "a third appointment, buffers only",
        {"no day off": ("Mon P3", at(0, "09:35"))},
        {"location_capacity"},
    ),
    Change(
        "a third appointment beside an existing one",
        {"second": ("Mon P1", at(0, "10:50")), "no day off": ("Mon P3", at(0, "11:10"))},
        {"location_capacity"},
    ),
    Change("on the to-date", {"Monday only": ("Tue P1", at(1, "11:00"))}, {"date_window"}),
    Change("before the from-date", {"from Tuesday": ("Mon P3", at(0, "11:45"))}, {"date_window"}),
    Change("a Saturday", {"no day off": ("Saturday", at(5, "09:00"))}, {"saturday"}),
    Change("a Sunday", {"no day off": ("Sunday", at(6, "09:00"))}, {"sunday_holiday"}),
    Change("a holiday", {"no day off": ("holiday", at(2, "09:00"))}, {"sunday_holiday"}),
    Change(
        "a holiday, only Saturdays allowed",
        {"Saturdays": ("holiday", at(2, "09:00"))},
        {"sunday_holiday"},
    ),
    Change(
        "a Saturday, only holidays allowed",
        {"holidays": ("Saturday", at(5, "09:00"))},
        {"saturday"},
    ),
    Change(
        "a Saturday that is a holiday, only Saturdays allowed",
        {"Saturdays": ("Saturday and holiday", at(12, "10:00"))},
        {"sunday_holiday"},
    ),
    Change(
        "a Saturday that is a holiday, only holidays allowed",
        {"holidays": ("Saturday and holiday", at(12, "10:00"))},
        {"saturday"},
    ),
    Change(
        "a Saturday that is a holiday, neither allowed",
        {"no day off": ("Saturday and holiday", at(12, "10:00"))},
        {"saturday", "sunday_holiday"},
    ),
    Change(
        "a holiday of that location alone",
        {"no day off": ("Tue P1 in Veere", at(1, "11:30"))},
        {"sunday_holiday"},
    ),
    Change("off the grid", {"second": ("Mon P1", at(0, "10:22"))}, {"fits"}),
    Change("before the availability", {"second": ("Mon P1 late", at(0, "12:55"))}, {"fits"}),
    Change("after the availability", {"second": ("Mon P1 late", at(0, "15:00"))}, {"fits"}),
    Change("past its end", {"second": ("Mon P1 late", at(0, "14:40"))}, {"fits"}),
    Change("past its end with the buffer", {"second": ("Mon P1 late", at(0, "14:25"))}, {"fits"}),
    Change("the day after it", {"second": ("Mon P1 late", at(1, "13:30"))}, {"fits"}),
    Change("the day before it", {"no day off": ("Tue P1", at(0, "13:30"))}, {"fits"}),
    Change(
        "a type that is not admitted",
        {"no day off": ("Tue P2 lectures", at(1, "09:00"))},
        {"type_admitted"},
    ),
    Change(
        "a location that is not on the list",
        {"in Veere": ("Tue P1", at(1, "11:00"))},
        {"location_wish"},
    ),
    Change(
        "a location of another region",
        {"no day off": ("Tue P2 in Ghent", at(1, "09:00"))},
        {"location_wish"},
    ),
    Change(
        "another practitioner than required",
        {"with P2": ("Tue P1", at(1, "11:00"))},
        {"practitioner_wish"},
    ),
    Change("an excluded practitioner", {"not with P3": ("Mon P3", at(0, "11:45"))}, {"exclusion"}),
    Change(
        "by telephone where only visits are",
        {"by telephone": ("Tue P3 visits", at(1, "11:30"))},
        {"modality"},
    ),
    Change(
        "a visit where only calls are",
        {"no day off": ("Tue P3 calls", at(1, "11:30"))},
        {"modality"},
    ),
    Change("planned twice", {}, {"planned_twice"}, {"second": ("Tue P1", at(1, "11:00"))}),
    Change(
        "planned twice in one place",
        {},
        {"planned_twice", "practitioner_free", "employee_free"},
        {"any day": GOOD["any day"]},
    ),
    Change(
        "two of a type that refuses duplicates",
        {"once more": ("Tue P1", at(1, "11:00"))},
        {"duplicate"},
    ),
    Change(
        "one of such a type beside an existing one",
        {"had one": ("Tue P1", at(1, "11:00"))},
        {"duplicate"},
    ),
]

NO_FAULTS = [
    Change("the good plan itself", {}),
    Change("one that starts when the buffer ends", {"third": ("Mon P2", at(0, "09:20"))}),
    Change(
        "one that starts when an existing one's buffer ends",
        {"with P2": ("Mon P2", at(0, "11:40"))},
    ),
    Change(
        "an employee who goes on during the buffer",
        {"Wim's other": ("Tue P3 visits", at(1, "11:20")), "plain": ("Tue P1", at(1, "11:50"))},
    ),
    Change(
        "a telephone call while both rooms are taken",
        {"by telephone": ("Mon P3", at(0, "09:00"))},
    ),
    Change("the last start of an availability", {"second": ("Mon P1 late", at(0, "14:20"))}),
    Change("the last day of a window", {"third": ("Tue P1", at(1, "11:00"))}),
    Change("a Saturday that is allowed", {"Saturdays": ("Saturday", at(5, "09:00"))}),
    Change("a holiday that is allowed", {"holidays": ("holiday", at(2, "09:00"))}),
    Change("a Sunday that is allowed", {"holidays": ("Sunday", at(6, "09:00"))}),
    Change(
        "a holiday that is none at that location",
        {"no day off": ("holiday in Veere", at(2, "09:00"))},
    ),
    Change("two of a type that allows duplicates", {"Wim's other": ("Tue P1", at(1, "11:00"))}),
]


@pytest.fixture
def week(tmp_path: Path) -> Path:
    file = tmp_path / "week.json"
    file.write_text(json.dumps(WORLD), "utf-8")
    return file


def check(week: Path, plan: Json) -> Ran:
    return called("check", week, stdin=json.dumps(plan).encode())


def lines_of(ran: Ran) -> list[str]:
    return ran.out.decode().splitlines()


def rules_told(ran: Ran) -> set[str]:
    return {line.split(": ")[0] for line in lines_of(ran)}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.sentence)
def test_a_planted_fault_is_told_by_its_rule(week: Path, fault: Change) -> None:
    ran = check(week, fault.plan)

    assert rules_told(ran) == fault.rules == oracle.broken_rules(WORLD, fault.plan)
    assert (ran.code, ran.err) == (1, "")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.sentence)
def test_a_planted_fault_is_told_with_the_request_and_the_time(week: Path, fault: Change) -> None:
    planted = fault.places | fault.besides

    for line in lines_of(check(week, fault.plan)):
        rule, involved, detail = line.split(": ", maxsplit=2)
        assert any(name in involved for name in planted)
        assert "2026-1" in detail or rule in {"planned_twice", "duplicate"}


@pytest.mark.parametrize("change", NO_FAULTS, ids=lambda change: change.sentence)
def test_what_only_looks_like_a_fault_keeps_every_rule(week: Path, change: Change) -> None:
    ran = check(week, change.plan)

    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out) == oracle.score(WORLD, change.plan)


def test_several_faults_are_all_told(week: Path) -> None:
    several = {
        "no day off": ("Saturday", at(5, "09:00")),
        "second": ("Mon P1", at(0, "10:22")),
        "not with P3": ("Mon P3", at(0, "11:45")),
    }

    ran = check(week, a_plan(WORLD, GOOD | several))

    assert rules_told(ran) == {"saturday", "fits", "exclusion"}
    assert ran.code == 1


def test_a_fault_is_told_once(week: Path) -> None:
    at_once = {"no day off": ("Mon P3", GOOD["plain"][1])}

    lines = lines_of(check(week, a_plan(WORLD, GOOD | at_once)))

    assert len(lines) == len(set(lines)) == 1


def test_a_start_on_another_day_is_told_with_the_date_of_that_day(week: Path) -> None:
    plan = a_plan(WORLD, {"no day off": ("Tue P1", at(0, "13:30"))})

    assert lines_of(check(week, plan)) == ["fits: no day off: in Tue P1 at 2026-11-30 13:30"]


def test_existing_appointments_that_clash_are_not_the_plans_fault(week: Path) -> None:
    clash = WORLD["existing"][0] | {"id": "clash", "employee": "Y"}
    week.write_text(
        json.dumps(WORLD | {"existing": [*WORLD["existing"], clash, clash | {"id": "third"}]})
    )

    assert check(week, a_plan(WORLD, GOOD)).code == 0


def test_an_empty_plan_keeps_every_rule(week: Path) -> None:
    ran = check(week, a_plan(WORLD))

    assert ran.code == 0
    assert json.loads(ran.out) == oracle.score(WORLD, a_plan(WORLD))


def test_an_id_with_a_line_break_leaves_the_fault_on_its_line(week: Path) -> None:
    spoilt = json.dumps(WORLD).replace("no day off", r"no\nday\u2028off")
    week.write_text(spoilt)
    plan = a_plan(WORLD, {"no\nday\u2028off": ("Saturday", at(5, "09:00"))})

    assert lines_of(check(week, plan)) == [
        r"saturday: no\nday\u2028off: in Saturday at 2026-12-05 09:00"
    ]


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (a_plan(WORLD, GOOD), 0),
        (a_plan(WORLD, GOOD | {"no day off": ("Saturday", at(5, "09:00"))}), 1),
        (a_plan(WORLD, GOOD | {"nobody": ("Saturday", at(5, "09:00"))}), 2),
    ],
    ids=["a good plan", "a fault", "an unknown request"],
)
def test_the_real_command_ends_with_the_code_of_the_format(
    week: Path, plan: Json, code: int
) -> None:
    file = week.with_name("plan.json")
    file.write_text(json.dumps(plan))

    ran = run("check", week, file)

    assert ran.code == code
    assert bool(ran.err) == (code == 2)
    assert bool(ran.out) == (code != 2)
