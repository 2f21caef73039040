"""The oracle, held to answers worked out by hand, and to itself.

What everything is compared with had better be right: each rule is broken once and kept once on
the edge, and the explanations are re-derived by editing the world and planning again.
"""

from itertools import chain, combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import searched
from tests.oracle import (
    EASABLE,
    best_displacement,
    best_plan,
    best_score,
    best_weight,
    broken_rules,
    earliest_first_come,
    holders,
    in_order,
    nearest_miss,
    only,
    reasons,
    relaxations,
    score,
    violations,
)
from tests.worlds import (
    Json,
    a_location,
    a_plan,
    a_request,
    a_type,
    an_availability,
    an_employee,
    an_existing,
    an_instance,
    at,
    case_a1,
    case_best_fit,
    case_fairness,
    case_make_booking,
    case_shortage,
    cases_of_bad_plans,
    plans_of,
    tiny_instances,
)

NINE = at(0, "09:00")
SATURDAY, SUNDAY = 5, 6  # of the builders' week, which starts on a Monday


def planned_at(start: int, **parts: Any) -> set[str]:
    """Name the rules that Q1 breaks in A1 at this start."""
    instance = an_instance(**parts)
    return broken_rules(instance, a_plan(instance, {"Q1": ("A1", start)}))


def planned_on(day: int, *, holidays: list[int] | None = None, **request: Any) -> set[str]:
    """Name the rules that Q1 breaks at nine on this day of the builders' week."""
    availability = an_availability(start=at(day, "09:00"), end=at(day, "12:00"))
    return planned_at(
        at(day, "09:00"),
        availabilities=[availability],
        requests=[a_request(**request)],
        holidays=holidays or [],
    )


def planned_together(
    first: tuple[str, int], second: tuple[str, int], **parts: Any
) -> set[tuple[str, str]]:
    """Tell what is broken with Q1 and Q2 at these (availability, start)."""
    instance = an_instance(**parts)
    return violations(instance, a_plan(instance, {"Q1": first, "Q2": second}))


def two_requests(**both: Any) -> list[Json]:
    return [a_request(**{"id": f"Q{n}", "employee": f"W{n}"} | both) for n in (1, 2)]


def both(rule: str) -> set[tuple[str, str]]:
    return {(rule, "Q1"), (rule, "Q2")}


# --- Each rule, broken and kept on the edge ---------------------------------------------------------


def test_an_ordinary_plan_and_an_empty_plan_break_nothing() -> None:
    assert planned_at(NINE) == set()
    assert violations(an_instance(), a_plan(an_instance())) == set()


def test_a_request_is_planned_at_most_once() -> None:
    instance = an_instance()
    plan = a_plan(instance)
    plan["assignments"] = [
        {"request": "Q1", "availability": "A1", "start": NINE},
        {"request": "Q1", "availability": "A1", "start": at(0, "10:00")},
    ]

    assert violations(instance, plan) == {("planned_twice", "Q1")}


@pytest.mark.parametrize(("request_id", "availability"), [("Q9", "A1"), ("Q1", "A9")])
def test_a_name_that_the_instance_does_not_know_is_unknown_and_nothing_more(
    request_id: str, availability: str
) -> None:
    instance = an_instance()
    plan = a_plan(instance, {request_id: (availability, at(9, "03:07"))})

    assert violations(instance, plan) == {("unknown", request_id)}


@pytest.mark.parametrize(
    ("start", "broken"),
    [
        (at(0, "08:55"), {"fits"}),
        (at(0, "09:00"), set()),
        (at(0, "11:20"), set()),  # 30 minutes and a buffer of 10 end at noon exactly
        (at(0, "11:25"), {"fits"}),
        (at(0, "09:03"), {"fits"}),  # inside, but not on the grid of 5
    ],
)
def test_it_fits_with_its_buffer_inside_the_availability_and_on_the_grid(
    start: int, broken: set[str]
) -> None:
    assert planned_at(start, requests=[a_request(buffer=10)]) == broken


def test_the_grid_counts_from_midnight_of_each_day() -> None:
    # 1440 is no multiple of 25: on day 1 the grid has 09:10, which is minute 1990 of the horizon.
    availability = an_availability(start=at(1, "09:00"), end=at(1, "12:00"))

    assert planned_at(at(1, "09:10"), grid=25, availabilities=[availability]) == set()
    assert planned_at(at(1, "09:20"), grid=25, availabilities=[availability]) == {"fits"}
    assert at(1, "09:20") % 25 == 0


def test_the_grid_does_not_bind_the_availability_itself() -> None:
    availability = an_availability(start=at(0, "09:02"), end=at(0, "09:36"))

    assert planned_at(at(0, "09:05"), availabilities=[availability]) == set()


def test_the_requests_own_duration_counts_and_not_the_types() -> None:
    half_an_hour = [an_availability(end=at(0, "09:30"))]

    assert planned_at(NINE, availabilities=half_an_hour, types=[a_type(duration=60)]) == set()


@pytest.mark.parametrize(
    ("day", "broken"), [(1, {"date_window"}), (2, set()), (3, set()), (4, {"date_window"})]
)
def test_a_window_is_from_its_first_day_until_its_last_which_is_not_included(
    day: int, broken: set[str]
) -> None:
    assert planned_on(day, window=[2, 4]) == broken


SATURDAY_RULES = [
    (SATURDAY, False, False, {"saturday"}),
    (SATURDAY, True, False, set()),
    (SUNDAY, True, False, {"sunday_holiday"}),
    (SUNDAY, False, True, set()),
]


@pytest.mark.parametrize(("day", "on_saturday", "on_sunday", "broken"), SATURDAY_RULES)
def test_a_saturday_and_a_sunday_each_need_their_own_permission(
    day: int, *, on_saturday: bool, on_sunday: bool, broken: set[str]
) -> None:
    found = planned_on(day, allow_saturday=on_saturday, allow_sunday_holiday=on_sunday)

    assert found == broken


def test_a_holiday_needs_the_permission_of_a_sunday() -> None:
    assert planned_on(2, holidays=[2]) == {"sunday_holiday"}
    assert planned_on(2, holidays=[2], allow_sunday_holiday=True) == set()
    assert planned_on(2, holidays=[1, 3]) == set()


def test_a_saturday_that_is_a_holiday_needs_both_permissions() -> None:
    holidays = [SATURDAY]
    yes: dict[str, bool] = {"allow_saturday": True, "allow_sunday_holiday": True}

    assert planned_on(SATURDAY, holidays=holidays) == {"saturday", "sunday_holiday"}
    assert planned_on(SATURDAY, holidays=holidays, allow_saturday=True) == {"sunday_holiday"}
    assert planned_on(SATURDAY, holidays=holidays, allow_sunday_holiday=True) == {"saturday"}
    assert planned_on(SATURDAY, holidays=holidays, **yes) == set()


@pytest.mark.parametrize(
    ("own", "broken"), [(None, {"sunday_holiday"}), ([], set()), ([0, 3], {"sunday_holiday"})]
)
def test_a_locations_own_holidays_replace_those_of_the_instance(
    own: list[int] | None, broken: set[str]
) -> None:
    location = a_location() if own is None else a_location(holidays=own)

    assert planned_at(NINE, holidays=[0], locations=[location]) == broken


def test_a_locations_own_holidays_do_not_bind_elsewhere() -> None:
    locations = [a_location(), a_location(id="L2", holidays=[0])]

    assert planned_at(NINE, locations=locations) == set()


def test_an_excluded_practitioner_is_not_selectable_for_that_employee_alone() -> None:
    assert planned_at(NINE, employees=[an_employee(blacklist=["P1"])]) == {"exclusion"}
    assert planned_at(NINE, employees=[an_employee(blacklist=["P2"])]) == set()
    others = [an_employee(), an_employee(id="W2", blacklist=["P1"])]
    assert planned_at(NINE, employees=others) == set()


def test_the_availability_admits_the_type() -> None:
    types = [a_type(), a_type(id="T2")]

    assert planned_at(NINE, types=types, requests=[a_request(type="T2")]) == {"type_admitted"}
    admits_both = [an_availability(types=["T1", "T2"])]
    requests = [a_request(type="T2")]
    assert planned_at(NINE, types=types, requests=requests, availabilities=admits_both) == set()


@pytest.mark.parametrize(
    ("modalities", "remote", "broken"),
    [
        (None, False, set()),
        (None, True, set()),
        (["location"], False, set()),
        (["location"], True, {"modality"}),
        (["telephone"], True, set()),
        (["video"], True, set()),
        (["telephone", "video"], False, {"modality"}),
        ([], False, {"modality"}),
        ([], True, {"modality"}),
    ],
)
def test_the_availability_admits_the_modality(
    modalities: list[str] | None, *, remote: bool, broken: set[str]
) -> None:
    availability = an_availability() | ({} if modalities is None else {"modalities": modalities})

    parts = {"availabilities": [availability], "requests": [a_request(remote=remote)]}
    assert planned_at(NINE, **parts) == broken


@pytest.mark.parametrize(
    ("region", "locations", "broken"),
    [
        ("R1", None, set()),
        ("R2", None, {"location_wish"}),
        ("R1", ["L1"], set()),
        ("R1", ["L2", "L1"], set()),
        ("R1", ["L2"], {"location_wish"}),
        ("R2", ["L1"], set()),  # a list stands instead of the region
        ("R1", [], {"location_wish"}),
    ],
)
def test_a_location_wish_is_a_list_or_else_the_region(
    region: str, locations: list[str] | None, broken: set[str]
) -> None:
    request = a_request(region=region, locations=locations)

    assert planned_at(NINE, requests=[request]) == broken


def test_a_required_practitioner_binds_and_a_preferred_one_does_not() -> None:
    assert planned_at(NINE, requests=[a_request(required_practitioner="P1")]) == set()
    requests = [a_request(required_practitioner="P2")]
    assert planned_at(NINE, requests=requests) == {"practitioner_wish"}
    preferred = a_request(preferred_practitioner="P2", preferred_location="L2")
    assert planned_at(NINE, requests=[preferred]) == set()


def test_a_practitioner_has_no_two_appointments_at_once_buffers_included() -> None:
    world = {"requests": two_requests(buffer=10), "locations": [a_location(capacity=2)]}

    too_soon = planned_together(("A1", NINE), ("A1", at(0, "09:35")), **world)
    assert too_soon == both("practitioner_free")
    assert planned_together(("A1", NINE), ("A1", at(0, "09:40")), **world) == set()


def test_a_practitioner_is_in_one_place_at_a_time() -> None:
    elsewhere = an_availability(id="A2", location="L2")
    world = {"requests": two_requests(), "availabilities": [an_availability(), elsewhere]}

    at_once = planned_together(("A1", NINE), ("A2", at(0, "09:25")), **world)
    assert at_once == both("practitioner_free")
    assert planned_together(("A1", NINE), ("A2", at(0, "09:30")), **world) == set()


@pytest.mark.parametrize(
    ("start", "broken"),
    [
        (at(0, "09:30"), {"practitioner_free"}),  # 09:30 to 10:00 with buffer till 10:05
        (at(0, "09:25"), set()),
        (at(0, "10:15"), {"practitioner_free"}),
        (at(0, "10:20"), set()),
    ],
)
def test_an_existing_appointment_keeps_its_practitioner_off_the_grid_too(
    start: int, broken: set[str]
) -> None:
    stands = an_existing(location="L2", start=at(0, "10:03"), duration=10, buffer=7)

    assert planned_at(start, existing=[stands], requests=[a_request(buffer=5)]) == broken


def test_an_employee_has_no_two_appointments_at_once_buffers_not_included() -> None:
    second = an_availability(id="A2", practitioner="P2", location="L2")
    world = {
        "requests": two_requests(employee="W1", buffer=10),
        "availabilities": [an_availability(), second],
    }

    at_once = planned_together(("A1", NINE), ("A2", at(0, "09:25")), **world)
    assert at_once == both("employee_free")
    assert planned_together(("A1", NINE), ("A2", at(0, "09:30")), **world) == set()


def test_an_employees_existing_appointment_counts_wherever_it_is() -> None:
    stands = an_existing(practitioner="P2", location="L2", employee="W1", start=at(0, "09:29"))

    assert planned_at(NINE, existing=[stands]) == {"employee_free"}
    assert planned_at(NINE, existing=[stands | {"employee": "X1"}]) == set()
    assert planned_at(NINE, existing=[stands | {"start": at(0, "09:30")}]) == set()


def rooms(capacity: int, *starts: str, **request: Any) -> set[tuple[str, str]]:
    """Plan an hour at each start, each with a practitioner of its own, at one location."""
    numbers = range(1, len(starts) + 1)
    hour: dict[str, Any] = {"duration": 60} | request
    instance = an_instance(
        locations=[a_location(capacity=capacity)],
        availabilities=[an_availability(id=f"A{n}", practitioner=f"P{n}") for n in numbers],
        requests=[a_request(id=f"Q{n}", employee=f"W{n}", **hour) for n in numbers],
    )
    places = {f"Q{n}": (f"A{n}", at(0, start)) for n, start in zip(numbers, starts, strict=True)}
    return violations(instance, a_plan(instance, places))


def test_a_location_holds_no_more_than_its_capacity_and_partial_overlap_counts() -> None:
    assert rooms(2, "09:00", "09:00", "10:00") == set()
    third = {("location_capacity", f"Q{n}") for n in (1, 2, 3)}
    assert rooms(2, "09:00", "09:00", "09:30") == third
    assert rooms(3, "09:00", "09:00", "09:30") == set()


def test_a_chain_of_overlaps_is_no_crowd() -> None:
    # 10:30 overlaps each of the three others, but never two of them together with a third.
    assert rooms(2, "09:00", "10:00", "10:30", "11:00") == set()
    crowd = {("location_capacity", f"Q{n}") for n in (2, 3, 4)}
    assert rooms(2, "09:00", "10:00", "10:30", "10:45") == crowd


def test_a_buffer_occupies_the_room() -> None:
    assert rooms(1, "09:00", "10:00") == set()
    assert rooms(1, "09:00", "10:00", buffer=5) == both("location_capacity")
    assert rooms(1, "09:00", "10:05", buffer=5) == set()


def test_remote_appointments_take_no_room_but_do_take_the_practitioner() -> None:
    assert rooms(1, "09:00", "09:00", "09:00", remote=True) == set()
    requests = [a_request(), a_request(id="Q2", employee="W2", remote=True)]
    taken = planned_together(("A1", NINE), ("A1", NINE), requests=requests)
    assert taken == both("practitioner_free")


def test_existing_appointments_take_room_and_their_own_clashes_are_not_the_plans_fault() -> None:
    crowd = [
        an_existing(id=f"E{n}", practitioner="P2", employee="X1", start=at(0, "10:00"))
        for n in (1, 2, 3)
    ]

    assert planned_at(NINE, existing=crowd) == set()
    assert planned_at(at(0, "09:35"), existing=crowd) == {"location_capacity"}
    assert planned_at(at(0, "09:30"), existing=crowd) == set()
    assert planned_at(at(0, "09:35"), existing=crowd, requests=[a_request(remote=True)]) == set()


def test_an_existing_appointment_that_is_known_to_be_remote_takes_no_room() -> None:
    # The format gives existing ones no `remote`, but its rule 6 says "remote ones not counted".
    stands = an_existing(practitioner="P2")

    assert planned_at(NINE, existing=[stands]) == {"location_capacity"}
    assert planned_at(NINE, existing=[stands | {"remote": True}]) == set()


def test_a_type_that_refuses_duplicates_is_planned_once_per_employee() -> None:
    world: dict[str, Any] = {
        "types": [a_type(refuse_duplicates=True)],
        "requests": two_requests(employee="W1"),
    }
    places = ("A1", NINE), ("A1", at(0, "11:00"))

    assert planned_together(*places, **world) == both("duplicate")
    assert planned_together(*places, **world | {"types": [a_type()]}) == set()
    assert planned_together(*places, **world | {"requests": two_requests()}) == set()


def test_an_existing_appointment_of_a_refusing_type_counts_on_any_day() -> None:
    later = an_existing(employee="W1", start=at(6, "16:00"), type="T1")
    types = [a_type(refuse_duplicates=True), a_type(id="T2", refuse_duplicates=True)]

    assert planned_at(NINE, types=types, existing=[later]) == {"duplicate"}
    assert planned_at(NINE, types=types, existing=[later | {"type": "T2"}]) == set()
    assert planned_at(NINE, types=types, existing=[later | {"employee": "W2"}]) == set()
    del later["type"]
    assert planned_at(NINE, types=types, existing=[later]) == set()


@pytest.mark.parametrize(("rule", "instance", "plan"), cases_of_bad_plans())
def test_a_planted_bad_plan_breaks_the_rule_it_was_planted_for(
    rule: str, instance: Json, plan: Json
) -> None:
    assert broken_rules(instance, plan) == {rule}


# --- The score ----------------------------------------------------------------------------------------


def test_the_weight_is_the_sum_of_the_priorities_of_the_planned() -> None:
    requests = [
        a_request(id="Q1", priority=5),
        a_request(id="Q2", priority=100),
        a_request(id="Q3", priority=3),
    ]
    instance = an_instance(requests=requests)
    plan = a_plan(instance, {"Q1": ("A1", NINE), "Q2": ("A1", at(0, "10:00"))})

    assert score(instance, plan)["weight"] == 105


@pytest.mark.parametrize(
    ("asked_on", "day", "seniority"),
    [
        ("2026-11-30", 0, 7 * 7),  # on the start date: age 0
        ("2026-11-29", 0, 8 * 7),
        ("2026-11-29", 6, 8 * 1),
        ("2026-12-02", 0, 7 * 7),  # after it: cut to 0
        ("2026-06-03", 2, 187 * 5),  # 180 days
        ("2026-06-02", 2, 187 * 5),  # 181: cut to 180
    ],
)
def test_seniority_is_age_times_earliness(asked_on: str, day: int, seniority: int) -> None:
    start = at(day, "09:00")
    instance = an_instance(
        availabilities=[an_availability(start=start, end=at(day, "12:00"))],
        requests=[a_request(request_date=asked_on)],
    )

    assert score(instance, a_plan(instance, {"Q1": ("A1", start)}))["seniority"] == seniority


@pytest.mark.parametrize(
    ("request_", "preference"),
    [
        (a_request(), 0),
        (a_request(preferred_location="L1"), 1),
        (a_request(preferred_practitioner="P1"), 2),
        (a_request(preferred_practitioner="P1", preferred_location="L1"), 3),
        (a_request(preferred_practitioner="P2", preferred_location="L2"), 0),
        (a_request(preferred_practitioner="P1", preferences=[["A1", 7], ["A2", 9]]), 7),
        (a_request(preferred_practitioner="P1", preferences=[["A2", 9]]), 0),
        (a_request(preferred_practitioner="P1", preferences=[]), 0),
    ],
)
def test_preferences_stand_instead_of_two_for_the_practitioner_and_one_for_the_location(
    request_: Json, preference: int
) -> None:
    instance = an_instance(requests=[request_])

    assert score(instance, a_plan(instance, {"Q1": ("A1", NINE)}))["preference"] == preference


def gap_minutes(*starts: str, **parts: Any) -> int:
    """Count the unusable minutes with half an hour planned at each start."""
    requests = [a_request(id=f"Q{n}", employee=f"W{n}") for n, _ in enumerate(starts)]
    instance = an_instance(**{"requests": requests or [a_request()]} | parts)
    places = {f"Q{n}": ("A1", at(0, start)) for n, start in enumerate(starts)}
    return score(instance, a_plan(instance, places))["unusable_gap_minutes"]


def test_a_gap_that_the_shortest_admitted_type_does_not_fit_into_counts_whole() -> None:
    assert gap_minutes() == 0
    assert gap_minutes("09:00") == 0
    assert gap_minutes("09:25") == 25
    assert gap_minutes("09:30") == 0
    assert gap_minutes("09:25", "10:15") == 25 + 20
    assert gap_minutes("09:25", "10:15", "11:25") == 25 + 20 + 5  # 10:45 to 11:25 is usable


def test_the_buffer_of_a_type_needs_room_too_and_only_admitted_types_count() -> None:
    assert gap_minutes("09:30", types=[a_type(buffer=5)]) == 30
    shorter = [a_type(buffer=5), a_type(id="T2", duration=10)]
    assert gap_minutes("09:30", types=shorter) == 30
    admits = [an_availability(types=["T1", "T2"])]
    assert gap_minutes("09:30", types=shorter, availabilities=admits) == 0


def test_a_gap_without_a_start_on_the_grid_is_unusable_however_long() -> None:
    # 09:10 to 09:58 is 48 minutes, but from the only start on the grid, 09:30, 28 are left.
    availability = [an_availability(start=at(0, "09:10"), end=at(0, "10:30"))]
    existing = [an_existing(start=at(0, "09:58"), duration=2)]

    assert gap_minutes(grid=30, availabilities=availability, existing=existing) == 48
    assert gap_minutes(grid=10, availabilities=availability, existing=existing) == 0


def test_gaps_are_left_by_all_of_the_practitioners_appointments_buffers_included() -> None:
    elsewhere = an_existing(location="L9", start=at(0, "09:00"), duration=130, buffer=25)

    assert gap_minutes(existing=[elsewhere]) == 25  # 11:35 to 12:00
    assert gap_minutes(existing=[elsewhere | {"practitioner": "P9"}]) == 0


def test_an_availability_too_short_for_anything_counts_and_twins_count_each() -> None:
    assert gap_minutes(availabilities=[an_availability(end=at(0, "09:20"))]) == 20
    twins = [
        an_availability(end=at(0, "10:00")),
        an_availability(id="A2", location="L2", end=at(0, "09:50")),
    ]
    assert gap_minutes("09:20", availabilities=twins) == (20 + 10) + 20


def test_scores_are_compared_aim_by_aim() -> None:
    one = {"weight": 1, "seniority": 9, "preference": 9, "unusable_gap_minutes": 0}
    two = {"weight": 2, "seniority": 0, "preference": 0, "unusable_gap_minutes": 9}

    assert in_order(one) < in_order(two) < in_order(two | {"unusable_gap_minutes": 8})


# --- The baseline and the optimum -----------------------------------------------------------------


def test_first_come_first_served_goes_by_date_then_id_and_takes_the_earliest_then_smallest() -> (
    None
):
    availabilities = [
        an_availability(id="A2", practitioner="P1", end=at(0, "09:30")),
        an_availability(id="A10", practitioner="P2", end=at(0, "10:00")),
    ]
    requests = [
        a_request(id="Q2", employee="W2"),
        a_request(id="Q10", employee="W10"),
        a_request(id="Q3", employee="W3", request_date="2026-11-01"),
        a_request(id="Q4", employee="W4"),
    ]
    instance = an_instance(
        availabilities=availabilities, requests=requests, locations=[a_location(capacity=2)]
    )
    expected = {"Q3": ("A10", NINE), "Q10": ("A2", NINE), "Q2": ("A10", at(0, "09:30"))}

    found = earliest_first_come(instance)

    assert {a["request"]: (a["availability"], a["start"]) for a in found["assignments"]} == expected


CASES = [
    (case_best_fit(), 2, 3),
    (case_make_booking(), 1, 2),
    (case_fairness(), 2, 2),
    (case_shortage(), 5, 5),
    (case_shortage(places_b=4), 5, 5),
    (case_shortage(places_a=5), 7, 7),
    (case_a1(), 0, 0),
]


@pytest.mark.parametrize(("instance", "served", "best"), CASES, ids=[c[0]["name"] for c in CASES])
def test_the_known_cases_have_their_known_answers(instance: Json, served: int, best: int) -> None:
    assert len(earliest_first_come(instance)["assignments"]) == served
    assert len(best_plan(instance)["assignments"]) == best
    assert best_weight(instance) == best


def test_the_best_plan_does_not_pass_over_who_asked_first() -> None:
    instance = case_fairness()
    served = {a["request"] for a in earliest_first_come(instance)["assignments"]}
    best = {a["request"]: a["availability"] for a in best_plan(instance)["assignments"]}

    assert served == {"Q1", "Q3"}
    assert best == {"Q1": "S2", "Q2": "S1"}
    # Ages 29 and 28 days, on day 0 of 7.
    assert best_score(instance) == {
        "weight": 2,
        "seniority": (36 + 35) * 7,
        "preference": 0,
        "unusable_gap_minutes": 0,
    }


def test_the_best_plan_leaves_no_unusable_gap_if_it_can() -> None:
    instance = an_instance(
        availabilities=[an_availability(end=at(0, "10:15"))],
        requests=two_requests(),
        existing=[an_existing(start=at(0, "09:30"), duration=10, buffer=5)],
    )

    assert best_score(instance)["unusable_gap_minutes"] == 0


# --- Why not, and what would it take ------------------------------------------------------------------


def easing(*sets: set[str]) -> set[frozenset[str]]:
    return {frozenset(rules) for rules in sets}


def test_a1_has_one_reason_per_availability_and_four_ways_out() -> None:
    instance = case_a1()
    expected = {
        "exclusion": {"A"},
        "sunday_holiday": {"B", "D"},
        "date_window": {"C"},
        "location_wish": {"F"},
        "fits": {"G"},
    }

    assert reasons(instance, a_plan(instance), "Q1") == expected
    assert only(instance, a_plan(instance), "Q1") == expected
    assert relaxations(instance, a_plan(instance), "Q1") == easing(
        {"date_window"}, {"sunday_holiday"}, {"location_wish"}, {"fits"}
    )


def test_the_variant_of_a1_takes_two_rules_together() -> None:
    instance = case_a1(variant=True)

    assert reasons(instance, a_plan(instance), "Q1") == {
        "exclusion": {"A"},
        "sunday_holiday": {"B", "D"},
        "location_wish": {"B", "D"},
    }
    assert only(instance, a_plan(instance), "Q1") == {"exclusion": {"A"}}
    assert relaxations(instance, a_plan(instance), "Q1") == easing(
        {"sunday_holiday", "location_wish"}
    )


def test_a_holiday_saturday_takes_both_permissions() -> None:
    morning = an_availability(start=at(SATURDAY, "09:00"), end=at(SATURDAY, "12:00"))
    instance = an_instance(availabilities=[morning], holidays=[SATURDAY])

    assert reasons(instance, a_plan(instance), "Q1") == {
        "saturday": {"A1"},
        "sunday_holiday": {"A1"},
    }
    assert relaxations(instance, a_plan(instance), "Q1") == easing({"saturday", "sunday_holiday"})


def explained(**parts: Any) -> tuple[dict[str, set[str]], set[frozenset[str]]]:
    instance = an_instance(**{"availabilities": [an_availability(end=at(0, "10:00"))]} | parts)
    plan = a_plan(instance)
    return reasons(instance, plan, "Q1"), relaxations(instance, plan, "Q1")


def test_a_request_that_could_go_in_as_it_is_has_no_reason_and_needs_nothing() -> None:
    assert explained() == ({}, {frozenset()})


@pytest.mark.parametrize(
    ("existing", "rule", "ways_out"),
    [
        (an_existing(duration=60, location="L2"), "practitioner_free", easing()),
        (an_existing(duration=45, location="L2"), "practitioner_free", easing({"fits"})),
        (
            an_existing(duration=60, practitioner="P2", location="L2", employee="W1"),
            "employee_free",
            easing(),
        ),
        (an_existing(duration=60, practitioner="P2"), "location_capacity", easing()),
    ],
)
def test_what_is_occupied_excludes_where_every_start_is_lost_to_it(
    existing: Json, rule: str, ways_out: set[frozenset[str]]
) -> None:
    assert explained(existing=[existing]) == ({rule: {"A1"}}, ways_out)
    half = existing | {"duration": 30}
    assert explained(existing=[half]) == ({}, {frozenset()})


def test_where_each_rule_leaves_a_start_but_together_none_there_is_no_common_start() -> None:
    practitioner_lost = an_existing(id="E1", location="L2", start=NINE)
    room_lost = an_existing(id="E2", practitioner="P2", start=at(0, "09:30"))

    assert explained(grid=30, existing=[practitioner_lost, room_lost]) == (
        {"no_common_start": {"A1"}},
        set(),
    )
    # It is said only where all else lets the request in.
    assert explained(grid=30, existing=[practitioner_lost, room_lost], holidays=[0]) == (
        {"sunday_holiday": {"A1"}},
        set(),
    )


def test_where_nothing_fits_what_is_occupied_is_not_asked() -> None:
    short = [an_availability(end=at(0, "09:20"))]
    taken = [an_existing(duration=60)]

    assert explained(availabilities=short, existing=taken) == ({"fits": {"A1"}}, set())
    assert explained(availabilities=short) == ({"fits": {"A1"}}, easing({"fits"}))


@pytest.mark.parametrize(
    ("minutes", "duration", "ways_out"),
    [
        (20, 30, easing({"fits"})),  # half of it and the buffer of 5
        (19, 30, easing()),  # the buffer is never shortened
        (18, 25, easing({"fits"})),  # half, rounded up
        (17, 25, easing()),
        (5, 1, easing()),  # nothing is shorter than a minute
    ],
)
def test_a_shorter_appointment_is_of_at_least_half_the_duration_with_its_whole_buffer(
    minutes: int, duration: int, ways_out: set[frozenset[str]]
) -> None:
    availabilities = [an_availability(end=NINE + minutes)]
    requests = [a_request(duration=duration, buffer=5)]

    found = explained(grid=10, availabilities=availabilities, requests=requests)

    assert found == ({"fits": {"A1"}}, ways_out)


def test_a_duplicate_excludes_every_availability_and_nothing_helps() -> None:
    instance = an_instance(
        types=[a_type(refuse_duplicates=True)],
        availabilities=[an_availability(), an_availability(id="A2", practitioner="P2", types=[])],
        existing=[an_existing(employee="W1", start=at(6, "09:00"), type="T1")],
    )

    assert reasons(instance, a_plan(instance), "Q1") == {
        "duplicate": {"A1", "A2"},
        "type_admitted": {"A2"},
    }
    assert only(instance, a_plan(instance), "Q1") == {"duplicate": {"A1"}}
    assert relaxations(instance, a_plan(instance), "Q1") == set()


def test_a_planned_one_of_the_same_type_is_a_duplicate_too() -> None:
    instance = an_instance(
        types=[a_type(refuse_duplicates=True)], requests=two_requests(employee="W1")
    )
    plan = a_plan(instance, {"Q2": ("A1", NINE)})

    assert reasons(instance, plan, "Q1") == {"duplicate": {"A1"}}


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        ({"employees": [an_employee(blacklist=["P1"])]}, "exclusion"),
        ({"requests": [a_request(type="T2")]}, "type_admitted"),
        ({"availabilities": [an_availability(modalities=["video"])]}, "modality"),
    ],
)
def test_some_rules_are_never_eased(parts: dict[str, Any], rule: str) -> None:
    assert explained(**parts) == ({rule: {"A1"}}, set())


def test_the_others_stay_where_they_are_and_a_planned_request_asks_without_itself() -> None:
    instance = an_instance(
        availabilities=[an_availability(end=at(0, "09:30"))], requests=two_requests()
    )
    plan = a_plan(instance, {"Q1": ("A1", NINE)})

    taken = {"practitioner_free": {"A1"}, "location_capacity": {"A1"}}
    assert reasons(instance, plan, "Q2") == taken
    assert only(instance, plan, "Q2") == {}
    assert relaxations(instance, plan, "Q2") == set()
    assert reasons(instance, plan, "Q1") == {}


def test_the_nearest_miss_of_a1_is_its_excluded_practitioner_whom_nobody_may_ease() -> None:
    instance = case_a1()

    assert nearest_miss(instance, a_plan(instance), "Q1") == ("A", NINE, {"exclusion"})
    # without A and the places outside the wish, the short one: nothing fits, so there is no start
    short = [a for a in instance["availabilities"] if a["id"] == "G"]
    alone = instance | {"availabilities": short}
    assert nearest_miss(alone, a_plan(alone), "Q1") == ("G", None, {"fits"})


def test_holders_and_the_gain_of_moving_or_dropping_them() -> None:
    rows = two_requests(priority=1)
    rows[0] |= {"required_practitioner": "P1", "priority": 3}
    first = an_availability(end=at(0, "09:30"))
    second = an_availability(id="A2", practitioner="P2", end=at(0, "09:30"))
    two_rooms = [a_location(capacity=2)]
    tight = an_instance(availabilities=[first], requests=rows)
    roomy = an_instance(availabilities=[first, second], requests=rows, locations=two_rooms)
    at_nine = {"Q2": ("A1", NINE)}

    for instance, weight in ((tight, 3 - 1), (roomy, 3)):
        plan = a_plan(instance, at_nine)
        assert holders(instance, plan, "Q1") == {("A1", NINE): {frozenset({"Q2"})}}
        gain = best_displacement(instance, plan, "Q1")
        assert gain is not None
        assert gain[:2] == (weight, -1)
    free = a_plan(roomy, {"Q2": ("A2", NINE)})
    assert holders(roomy, free, "Q1") == {}
    assert best_displacement(roomy, free, "Q1") is None


def test_where_rooms_are_short_each_who_takes_one_holds_the_place_by_himself() -> None:
    blocks = [
        an_availability(id=f"A{n}", practitioner=f"P{n}", end=at(0, "09:30")) for n in (1, 2, 3)
    ]
    rows = [a_request(id=f"Q{n}", employee=f"W{n}") for n in (1, 2, 3)]
    rows[0] |= {"required_practitioner": "P1"}
    instance = an_instance(availabilities=blocks, requests=rows, locations=[a_location(capacity=2)])
    plan = a_plan(instance, {"Q2": ("A2", NINE), "Q3": ("A3", NINE)})

    assert holders(instance, plan, "Q1") == {("A1", NINE): {frozenset({"Q2"}), frozenset({"Q3"})}}


# --- The oracle against itself, on tiny worlds ------------------------------------------------------

TINIER = tiny_instances(most_requests=3, most_availabilities=3, grids=(15, 20, 30))


def starts_everywhere(instance: Json) -> list[tuple[str, int]]:
    return [
        (availability["id"], start)
        for availability in instance["availabilities"]
        for start in range(availability["start"], availability["end"])
        if start % instance["grid"] == 0
    ]


def can_be_added(instance: Json, plan: Json, request_id: str) -> bool:
    """Tell whether some start anywhere keeps every rule for this request."""
    others = [a for a in plan["assignments"] if a["request"] != request_id]
    for availability, start in starts_everywhere(instance):
        mine = {"request": request_id, "availability": availability, "start": start}
        broken = violations(instance, plan | {"assignments": [*others, mine]})
        if request_id not in {name for _, name in broken}:
            return True
    return False


def eased(instance: Json, request_id: str, rules: frozenset[str]) -> list[Json]:
    """Change the request itself so that these rules ask nothing; one world per duration."""
    request = next(r for r in instance["requests"] if r["id"] == request_id)
    edits: dict[str, Json] = {
        "date_window": {"window": [0, instance["days"]]},
        "location_wish": {"locations": [place["id"] for place in instance["locations"]]},
        "practitioner_wish": {"required_practitioner": None},
        "saturday": {"allow_saturday": True},
        "sunday_holiday": {"allow_sunday_holiday": True},
        "fits": {},
    }
    changes = {key: value for rule in rules for key, value in edits[rule].items()}
    asked = request["duration"]
    half = (asked + 1) // 2
    durations = {asked}
    if "fits" in rules:
        durations |= {half, (half + asked) // 2, asked - 1} & set(range(half, asked))
    return [
        instance
        | {
            "requests": [
                r | changes | {"duration": duration} if r is request else r
                for r in instance["requests"]
            ]
        }
        for duration in sorted(durations)
    ]


@given(st.data())
@searched(0.3)
def test_relaxations_are_those_edits_of_the_request_that_let_it_in(data: st.DataObject) -> None:
    instance = data.draw(TINIER)
    plan = earliest_first_come(instance)
    request_id = data.draw(st.sampled_from([r["id"] for r in instance["requests"]]))
    all_sets = chain.from_iterable(combinations(EASABLE, size) for size in range(7))
    helping = {
        rules
        for rules in map(frozenset, all_sets)
        if any(
            can_be_added(world, plan, request_id) for world in eased(instance, request_id, rules)
        )
    }
    minimal = {rules for rules in helping if not any(smaller < rules for smaller in helping)}

    assert relaxations(instance, plan, request_id) == minimal


@given(st.data())
@searched(0.5)
def test_an_availability_has_a_reason_exactly_when_the_request_cannot_be_added_there(
    data: st.DataObject,
) -> None:
    instance = data.draw(tiny_instances())
    plan = earliest_first_come(instance)
    request_id = data.draw(st.sampled_from([r["id"] for r in instance["requests"]]))
    excluded = set().union(*reasons(instance, plan, request_id).values())

    for availability in instance["availabilities"]:
        alone = instance | {"availabilities": [availability]}
        # The others stay: as existing appointments, since their availabilities may be gone.
        standing = [
            an_existing(
                id=f"planned {number}",
                practitioner=other["practitioner"],
                location=other["location"],
                employee=r["employee"],
                start=assignment["start"],
                duration=r["duration"],
                buffer=r["buffer"],
                type=r["type"],
                remote=r.get("remote", False),
            )
            for number, assignment in enumerate(plan["assignments"])
            for r in instance["requests"]
            for other in instance["availabilities"]
            if (r["id"], other["id"]) == (assignment["request"], assignment["availability"])
            and r["id"] != request_id
        ]
        alone["existing"] = instance["existing"] + standing
        possible = can_be_added(alone, a_plan(alone), request_id)
        assert possible == (availability["id"] not in excluded)


@given(TINIER)
@searched(0.3)
def test_no_plan_at_all_beats_the_best_plan(instance: Json) -> None:
    requests = [request["id"] for request in instance["requests"]]
    places: list[list[tuple[str, int] | None]] = [
        [None]
        + [
            place
            for place in starts_everywhere(instance)
            if not violations(instance, a_plan(instance, {request: place}))
        ]
        for request in requests
    ]
    every_plan = [
        a_plan(instance, {r: place for r, place in zip(requests, chosen, strict=True) if place})
        for chosen in product(*places)
    ]
    kept = [score(instance, plan) for plan in every_plan if not violations(instance, plan)]
    best = best_plan(instance)

    assert violations(instance, best) == set()
    assert in_order(score(instance, best)) == max(map(in_order, kept))
    assert best_weight(instance) == max(one["weight"] for one in kept)


@given(tiny_instances())
@searched(0.5)
def test_the_baseline_keeps_the_rules_leaves_nothing_out_and_is_never_better_than_the_best(
    instance: Json,
) -> None:
    plan = earliest_first_come(instance)
    planned = {a["request"] for a in plan["assignments"]}

    assert violations(instance, plan) == set()
    for request in instance["requests"]:
        if request["id"] not in planned:
            assert not can_be_added(instance, plan, request["id"])
    assert score(instance, plan)["weight"] <= best_weight(instance)
    assert in_order(score(instance, plan)) <= in_order(best_score(instance))


@given(st.data())
@searched(0.5)
def test_a_plan_without_its_offenders_breaks_nothing(data: st.DataObject) -> None:
    instance = data.draw(tiny_instances())
    plan = data.draw(plans_of(instance))
    offenders = {name for _, name in violations(instance, plan)}
    rest = [a for a in plan["assignments"] if a["request"] not in offenders]

    assert violations(instance, plan | {"assignments": rest}) == set()


def test_a_misspelled_key_is_refused_by_the_builders() -> None:
    with pytest.raises(TypeError, match="priorty"):
        a_request(priorty=1)
