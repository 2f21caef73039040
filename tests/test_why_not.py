"""Why not, and what would it take: the acceptance case A1, and a thousand tiny worlds by brute force."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given

from solver.agenda import Agenda
from solver.check import check
from solver.displacement import NO_GAIN
from solver.easing import Offer, eased
from solver.facts import Assignment, Instance, Plan
from solver.files.plan import assignments_as_file
from solver.score import score
from solver.why_not import Explanation, why_not
from tests import oracle
from tests.command_line import Ran, called
from tests.effort import searched
from tests.facts import assignments_of, facts_of
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
    case_fairness,
    tiny_instances,
)

WORLDS, PARTS = 1_000, 4
MINUTES_A_DAY = 1440
NINE = at(0, "09:00")


# --- A thousand tiny worlds, in four parts that run beside each other ------------------------------


@pytest.mark.parametrize("part", range(PARTS))
def test_on_a_thousand_tiny_worlds_the_answer_is_that_of_brute_force(part: int) -> None:
    seen: Counter[str] = Counter(part=part)

    @searched(WORLDS / PARTS / 100)
    @given(tiny_instances(most_requests=5, most_availabilities=4, grids=(10, 15, 20, 30)))
    def compare(instance: Json) -> None:
        problem = facts_of(instance)
        written = oracle.earliest_first_come(instance)
        plan = assignments_of(written, problem)
        left_out = [r for r in range(len(problem.requests)) if r not in {a.request for a in plan}]
        explained = why_not(problem, plan, left_out)
        seen["worlds"] += 1
        seen["left out"] += len(left_out)
        assert [explanation.request for explanation in explained] == left_out
        assert all(map(the_same_but_bounded, why_not(problem, plan), explained))
        for explanation in explained:
            reasons_are_the_oracles(explanation, problem, instance, written)
            seen["offers"] += len(explanation.offers)
            for offer in explanation.offers:
                taking_it_up_plans_the_request(explanation.request, offer, problem, plan, instance)
            seen["displaced"] += displacement_is_the_oracles(
                explanation, problem, plan, instance, written
            )

    compare()

    assert seen["worlds"] >= WORLDS / PARTS
    # the search has met what it is about
    assert min(seen["left out"], seen["offers"]) > seen["worlds"] / 5
    assert seen["displaced"] > seen["worlds"] / 20


def the_same_but_bounded(bulk: Explanation, full: Explanation) -> bool:
    """In bulk there may be no displacement told; one that is told gains weight."""
    found, best = bulk.displacement, full.displacement
    if found is not None:
        assert best is not None
        assert NO_GAIN < found.gain <= best.gain
    return replace(bulk, displacement=best, holders=full.holders) == full


def reasons_are_the_oracles(
    explanation: Explanation, problem: Instance, instance: Json, written: Json
) -> None:
    request = problem.requests[explanation.request].id
    reasons = oracle.reasons(instance, written, request)
    assert explanation.suitable == len(suitable(instance, request))
    only = oracle.only(instance, written, request)
    assert dict(explanation.reasons) == {rule: len(ids) for rule, ids in reasons.items()}
    assert dict(explanation.only) == {rule: len(ids) for rule, ids in only.items()}
    offered = Counter(frozenset(offer.rules) for offer in explanation.offers)
    assert offered == Counter(oracle.relaxations(instance, written, request))
    miss = explanation.nearest
    assert miss is not None
    block = problem.availabilities[miss.availability]
    start = None if miss.start is None else MINUTES_A_DAY * block.day + miss.start
    nearest = (block.id, start, set(miss.rules))
    assert nearest == oracle.nearest_miss(instance, written, request)
    assert len(set(miss.rules)) == len(miss.rules)


def suitable(instance: Json, request: str) -> set[str]:
    """The availabilities that, were nothing planned, no rule but of time would exclude."""
    alone = oracle.reasons(instance, {"assignments": []}, request)
    unsuited = {name for rule in (*oracle.PAIR_RULES, "duplicate") for name in alone.get(rule, ())}
    return {block["id"] for block in instance["availabilities"]} - unsuited


def taking_it_up_plans_the_request(
    index: int, offer: Offer, problem: Instance, plan: Plan, instance: Json
) -> None:
    """The request is changed in the file, and planned there: both judges must find nothing."""
    block = problem.availabilities[offer.availability]
    changed = as_offered(instance, index, offer)
    after = facts_of(changed)
    planned = (*plan, Assignment(index, offer.availability, offer.start))

    assert eased(problem.requests[index], offer, block) == after.requests[index]
    assert check(after, planned) == []
    written = {"assignments": assignments_as_file(after, planned)}
    assert oracle.violations(changed, written) == set()


def as_offered(instance: Json, index: int, offer: Offer) -> Json:
    """The instance, with the request edited as a planner would who takes up the offer."""
    request = instance["requests"][index]
    block = instance["availabilities"][offer.availability]
    day = block["start"] // MINUTES_A_DAY
    from_day, until_day = request["window"]
    places = request["locations"]
    if places is None:
        regions = {place["id"]: place["region"] for place in instance["locations"]}
        places = [place for place, region in regions.items() if region == request["region"]]
    edits: dict[str, Json] = {
        "date_window": {"window": [min(from_day, day), max(until_day, day + 1)]},
        "location_wish": {"locations": sorted({*places, block["location"]})},
        "practitioner_wish": {"required_practitioner": None},
        "saturday": {"allow_saturday": True},
        "sunday_holiday": {"allow_sunday_holiday": True},
        "fits": {"duration": offer.minutes},
    }
    edited = request | {key: value for rule in offer.rules for key, value in edits[rule].items()}
    others = instance["requests"]
    return instance | {"requests": [*others[:index], edited, *others[index + 1 :]]}


def displacement_is_the_oracles(
    explanation: Explanation, problem: Instance, plan: Plan, instance: Json, written: Json
) -> bool:
    """Compare who holds the places, and what it gains to displace them; whether there is anybody."""
    request = problem.requests[explanation.request].id
    sets = oracle.holders(instance, written, request).values()
    named = {holder for some in sets for one in some for holder in one}
    assert explanation.holders is not None
    assert {problem.requests[holder].id for holder in explanation.holders} == named

    found = explanation.displacement
    best = oracle.best_displacement(instance, written, request)
    assert (None if found is None else tuple(found.gain)) == best
    if found is None:
        return False
    after = found.applied(plan)
    assert check(problem, after) == []
    in_file = {"assignments": assignments_as_file(problem, after)}
    assert oracle.violations(instance, in_file) == set()
    before, now = score(problem, plan), score(problem, after)
    assert now.weight - before.weight == found.gain.weight
    assert now.seniority - before.seniority == found.gain.seniority
    assert now.preference - before.preference == found.gain.preference
    return True


# --- A1 ---------------------------------------------------------------------------------------------


def asked(instance: Json, places: dict[str, tuple[str, int]] | None = None) -> Explanation:
    """The answer about `Q1`, the first request, where the others are planned at these places."""
    problem = facts_of(instance)
    plan = assignments_of(a_plan(instance, places), problem)
    assert check(problem, plan) == []
    (explanation,) = why_not(problem, plan, [0])
    return explanation


def places_offered(instance: Json, explanation: Explanation) -> dict[tuple[str, ...], str]:
    blocks = instance["availabilities"]
    return {offer.rules: blocks[offer.availability]["id"] for offer in explanation.offers}


def test_a1_has_its_reasons_and_exactly_its_four_ways_out() -> None:
    explanation = asked(case_a1())
    offers = {offer.rules: offer for offer in explanation.offers}

    reasons = {
        "exclusion": 1,  # A
        "sunday_holiday": 2,  # B and D
        "date_window": 1,  # C
        "location_wish": 1,  # F
        "fits": 1,  # G
    }
    assert explanation.reasons == reasons
    assert explanation.only == reasons
    assert places_offered(case_a1(), explanation) == {
        ("date_window",): "C",
        ("sunday_holiday",): "B",
        ("location_wish",): "F",
        ("fits",): "G",
    }
    assert offers["date_window",].days == 1
    assert offers["fits",].minutes == 20
    assert explanation.holders == ()
    assert explanation.displacement is None


def test_the_variant_of_a1_has_exactly_one_way_out_of_two_rules() -> None:
    explanation = asked(case_a1(variant=True))

    assert explanation.reasons == {"exclusion": 1, "sunday_holiday": 2, "location_wish": 2}
    assert explanation.only == {"exclusion": 1}
    assert places_offered(case_a1(variant=True), explanation) == {
        ("location_wish", "sunday_holiday"): "B"
    }


@pytest.mark.parametrize("variant", [False, True])
def test_lifting_the_exclusion_is_never_offered_though_it_is_the_nearest_miss(
    variant: bool,  # noqa: FBT001, one of two cases
) -> None:
    explanation = asked(case_a1(variant=variant))

    assert not any("exclusion" in offer.rules for offer in explanation.offers)
    assert explanation.nearest is not None
    # of those that break one rule it is the first inside the window
    assert explanation.nearest.rules == ("exclusion",)
    assert (explanation.nearest.availability, explanation.nearest.start) == (0, NINE)


# --- The nearest miss -------------------------------------------------------------------------------


def nearest(instance: Json, places: dict[str, tuple[str, int]] | None = None) -> tuple[Any, ...]:
    miss = asked(instance, places).nearest
    assert miss is not None
    return instance["availabilities"][miss.availability]["id"], miss.start, set(miss.rules)


def morning(name: str, day: int = 0, **changes: object) -> Json:
    return an_availability(id=name, start=at(day, "09:00"), end=at(day, "10:00"), **changes)


def test_of_equal_misses_the_nearest_to_the_window_and_then_the_preferred_is_told() -> None:
    requests = [a_request(window=[2, 3])]
    far, near = morning("far", day=0), morning("near", day=3)
    liked = morning("liked", day=3, practitioner="P2")

    assert nearest(an_instance(availabilities=[far, near], requests=requests)) == (
        ("near", NINE, {"date_window"})
    )
    fond = [requests[0] | {"preferred_practitioner": "P2"}]
    assert nearest(an_instance(availabilities=[far, near, liked], requests=fond)) == (
        ("liked", NINE, {"date_window"})
    )


def test_a_miss_is_at_the_start_that_breaks_least_and_earliest() -> None:
    # until 09:30 the practitioner is occupied and the employee too, from then on the practitioner
    instance = an_instance(
        availabilities=[morning("A1")],
        existing=[
            an_existing(id="E1", duration=60),
            an_existing(id="E2", practitioner="P2", location="L2", employee="W1", duration=30),
        ],
        locations=[a_location(capacity=2), a_location(id="L2")],
    )

    assert nearest(instance) == ("A1", at(0, "09:30"), {"practitioner_free"})


def test_where_no_start_is_common_the_miss_breaks_one_rule_at_its_start() -> None:
    instance = an_instance(
        grid=30,
        availabilities=[morning("A1")],
        existing=[
            an_existing(id="E1", location="L2", start=NINE),
            an_existing(id="E2", practitioner="P2", start=at(0, "09:30")),
        ],
    )

    assert asked(instance).reasons == {"no_common_start": 1}
    assert nearest(instance) == ("A1", NINE, {"practitioner_free"})


def test_where_nothing_fits_a_miss_has_no_start() -> None:
    short = an_availability(end=at(0, "09:20"))

    assert nearest(an_instance(availabilities=[short])) == ("A1", None, {"fits"})


def test_without_any_availability_nothing_is_near() -> None:
    assert asked(an_instance(availabilities=[])).nearest is None


def test_a_duplicate_is_told_as_a_miss_and_nobody_holds_the_place() -> None:
    instance = an_instance(
        types=[a_type(refuse_duplicates=True)],
        availabilities=[morning("A1")],
        existing=[an_existing(employee="W1", start=at(6, "09:00"), type="T1")],
    )

    assert nearest(instance) == ("A1", NINE, {"duplicate"})
    assert asked(instance).suitable == 0
    assert asked(instance).holders == ()


# --- Who holds the places, and the cheapest displacement ---------------------------------------------


def half_hour(name: str, clock: str = "09:00", **changes: object) -> Json:
    start = at(0, clock)
    return an_availability(id=name, start=start, end=start + 30, **changes)


def requests(*priorities: int, **first: object) -> list[Json]:
    """Requests `Q1`, `Q2`, ... of as many employees; `first` is about `Q1` alone."""
    made = [
        a_request(id=f"Q{n}", employee=f"W{n}", priority=priority)
        for n, priority in enumerate(priorities, 1)
    ]
    return [made[0] | first, *made[1:]]


def moves(instance: Json, explanation: Explanation) -> tuple[str, list[str], list[str]]:
    """Where the request goes, who goes where, and who is left out."""
    found = explanation.displacement
    assert found is not None
    blocks, rows = instance["availabilities"], instance["requests"]
    return (
        blocks[found.place.availability]["id"],
        [f"{rows[m.request]['id']} to {blocks[m.availability]['id']}" for m in found.moved],
        [rows[holder]["id"] for holder in found.left_out],
    )


def test_a_holder_who_can_go_elsewhere_is_moved_and_nobody_loses_his_place() -> None:
    instance = an_instance(
        availabilities=[half_hour("A"), half_hour("B", practitioner="P2")],
        locations=[a_location(capacity=2)],
        requests=requests(1, 5, required_practitioner="P1"),
    )
    explanation = asked(instance, {"Q2": ("A", NINE)})

    assert explanation.holders == (1,)
    assert moves(instance, explanation) == ("A", ["Q2 to B"], [])
    assert explanation.displacement is not None
    assert explanation.displacement.gain.weight == 1


def test_a_holder_may_make_room_within_the_same_availability() -> None:
    instance = an_instance(availabilities=[morning("A")], requests=requests(1, 1), grid=15)
    explanation = asked(instance, {"Q2": ("A", at(0, "09:15"))})

    assert moves(instance, explanation) == ("A", ["Q2 to A"], [])


def test_where_nobody_can_move_the_lightest_holder_is_left_out_and_the_loss_is_told() -> None:
    instance = an_instance(
        availabilities=[half_hour("A"), half_hour("B", practitioner="P2")],
        locations=[a_location(capacity=2)],
        requests=requests(3, 5, 4),
    )
    explanation = asked(instance, {"Q2": ("A", NINE), "Q3": ("B", NINE)})

    assert explanation.holders == (1, 2)
    assert moves(instance, explanation) == ("B", [], ["Q3"])
    assert explanation.displacement is not None
    assert explanation.displacement.gain.weight == 3 - 4


def test_moving_two_costs_less_than_leaving_out_one() -> None:
    long = an_availability(id="A", end=at(0, "10:00"))
    instance = an_instance(
        availabilities=[long, half_hour("B", practitioner="P2"), half_hour("C", practitioner="P3")],
        locations=[a_location(capacity=3)],
        requests=requests(1, 1, 1, duration=60),
    )
    explanation = asked(instance, {"Q2": ("A", NINE), "Q3": ("A", at(0, "09:30"))})

    place, moved, left_out = moves(instance, explanation)
    assert (place, left_out) == ("A", [])
    assert {step.split()[-1] for step in moved} == {"B", "C"}


def test_the_holder_of_a_room_may_be_anybody_in_it() -> None:
    instance = an_instance(
        availabilities=[half_hour("A"), half_hour("B", practitioner="P2")],
        requests=requests(2, 1, required_practitioner="P1"),
    )
    explanation = asked(instance, {"Q2": ("B", NINE)})

    assert explanation.only == {"location_capacity": 1}
    assert moves(instance, explanation) == ("A", [], ["Q2"])


def test_an_appointment_that_stands_is_never_moved() -> None:
    instance = an_instance(
        availabilities=[half_hour("A"), half_hour("B", practitioner="P2")],
        locations=[a_location(capacity=2)],
        existing=[an_existing()],
        requests=requests(100, required_practitioner="P1"),
    )
    explanation = asked(instance)

    assert explanation.suitable == 1
    assert explanation.holders == ()
    assert explanation.displacement is None


def test_in_bulk_too_the_planned_duplicate_is_named_as_the_holder() -> None:
    instance = an_instance(
        types=[a_type(refuse_duplicates=True)],
        availabilities=[morning("A")],
        requests=[a_request(id="Q1", priority=3), a_request(id="Q2")],
    )
    problem = facts_of(instance)
    plan = assignments_of(a_plan(instance, {"Q2": ("A", NINE)}), problem)
    (explanation,) = why_not(problem, plan)

    assert explanation.suitable == 1
    assert explanation.holders == (1,)
    assert moves(instance, explanation) == ("A", [], ["Q2"])
    assert explanation.displacement is not None
    assert explanation.displacement.gain.weight == 3 - 1


def test_where_a_place_is_free_nobody_is_displaced() -> None:
    explanation = asked(an_instance())

    assert [offer.rules for offer in explanation.offers] == [()]
    assert explanation.holders == ()
    assert explanation.displacement is None


def test_who_asked_first_gets_in_by_moving_the_other_to_his_own_place() -> None:
    # A2 (c), planned by a hurried hand: Q2 and Q3 have their places, so Q1 takes one of theirs
    instance = case_fairness()
    explanation = asked(instance, {"Q2": ("S1", NINE), "Q3": ("S2", NINE)})

    assert explanation.holders == (1, 2)
    assert moves(instance, explanation)[2] in (["Q2"], ["Q3"])


# --- Control runs: each guard, switched off, is missed -------------------------------------------------


def test_an_offer_that_does_not_stand_when_planned_again_is_not_given() -> None:
    with patch.object(Agenda, "admits", lambda *_: 0):
        assert asked(case_a1()).offers == ()


@pytest.mark.parametrize(
    ("fault", "instead"),
    [
        ("solver.obstacles.Family.alone", lambda *_: {}),
        ("solver.obstacles.Obstructed.suitable", lambda _: 3),
        ("solver.why_not.WhyNot._nearest", lambda *_: 1),
        ("solver.why_not.WhyNot._planned_again", lambda *_: False),
    ],
)
def test_the_comparison_with_brute_force_finds_a_planted_fault(fault: str, instead: Any) -> None:
    instance = case_a1()
    nothing: Json = {"assignments": []}

    reasons_are_the_oracles(asked(instance), facts_of(instance), instance, nothing)
    with patch(fault, instead), pytest.raises(AssertionError):
        reasons_are_the_oracles(asked(instance), facts_of(instance), instance, nothing)


@pytest.mark.parametrize(
    ("fault", "instead"),
    [
        ("solver.holders._covers", lambda *_: set()),
        ("solver.displacement.Displacements._spots", lambda *_: []),
    ],
)
def test_the_comparison_of_displacements_finds_a_planted_fault(fault: str, instead: Any) -> None:
    instance = an_instance(
        availabilities=[half_hour("A"), an_availability(id="B", practitioner="P2")],
        requests=requests(2, 1, required_practitioner="P1"),
    )
    places = {"Q2": ("B", NINE)}
    problem, plan = facts_of(instance), a_plan(instance, places)
    rest = problem, assignments_of(plan, problem), instance, plan

    assert displacement_is_the_oracles(asked(instance, places), *rest)
    with patch(fault, instead), pytest.raises(AssertionError):
        displacement_is_the_oracles(asked(instance, places), *rest)


# --- spreekuur why -------------------------------------------------------------------------------------


def written(folder: Path, instance: Json, plan: Json) -> tuple[Path, Path]:
    files = folder / "week.json", folder / "plan.json"
    for file, content in zip(files, (instance, plan), strict=True):
        file.write_text(json.dumps(content), "utf-8")
    return files


def why(folder: Path, instance: Json, request: str, places: dict[str, tuple[str, int]]) -> Ran:
    return called("why", *written(folder, instance, a_plan(instance, places)), request)


def test_why_tells_the_reasons_the_nearest_miss_and_the_ways_out(tmp_path: Path) -> None:
    ran = why(tmp_path, case_a1(), "Q1", {})
    lines = ran.out.decode().splitlines()

    assert ran.code == 0
    assert lines[0] == "Q1 is not planned"
    assert "(the only obstacle in 2)" in lines[1]
    assert lines[2] == (
        "nearest: Thu 24 Dec 09:00 with drA in L1: the practitioner is excluded for this employee"
    )
    assert lines[3].startswith("would help: ")
    assert len(lines[3].split("; or ")) == 4
    assert len(lines) == 4


def test_why_names_the_holders_and_the_cheapest_displacement(tmp_path: Path) -> None:
    instance = an_instance(
        availabilities=[half_hour("A"), half_hour("B", practitioner="P2")],
        locations=[a_location(capacity=2)],
        requests=requests(1, 5, required_practitioner="P1"),
    )
    ran = why(tmp_path, instance, "Q1", {"Q2": ("A", NINE)})

    assert ran.out.decode().splitlines()[-2:] == [
        "held by: Q2 (priority 5) on Mon 30 Nov 09:00 with P1 in L1",
        (
            "cheapest displacement: Mon 30 Nov 09:00 with P1 in L1, by moving Q2"
            " from A Mon 30 Nov 09:00 to B Mon 30 Nov 09:00: nobody loses his place"
        ),
    ]


def test_why_tells_what_a_displacement_costs(tmp_path: Path) -> None:
    instance = an_instance(availabilities=[half_hour("A")], requests=requests(3, 4))
    ran = why(tmp_path, instance, "Q1", {"Q2": ("A", NINE)})

    assert (
        ran.out.decode()
        .splitlines()[-1]
        .endswith(
            "by leaving out Q2 (priority 4) on Mon 30 Nov 09:00 with P1 in L1:"
            " it costs the plan 1 in weight"
        )
    )


@pytest.mark.parametrize(
    ("planned", "others"), [(5, None), (6, "1 other"), (7, "2 others")], ids=str
)
def test_why_says_of_the_holders_that_it_does_not_describe_what_is_true_of_ties_too(
    tmp_path: Path, planned: int, others: str | None
) -> None:
    # one after the other in the same room, each of them holds as many starts
    instance = an_instance(
        grid=30,
        availabilities=[an_availability(id="A", end=NINE + 30 * planned)],
        requests=requests(*[1] * (planned + 1)),
    )
    places = {f"Q{n + 2}": ("A", NINE + 30 * n) for n in range(planned)}
    lines = why(tmp_path, instance, "Q1", places).out.decode().splitlines()

    held = [line for line in lines if line.startswith("held by: ")]
    assert len([line for line in held if "(priority 1)" in line]) == 5
    assert held[5:] == ([] if others is None else [f"held by: {others}, none of more places"])


@pytest.mark.parametrize(
    ("until_day", "excluded", "told"),
    [
        (1, 3, ["everywhere; the only obstacle in 2"]),
        (7, 5, ["the only obstacle in 5"]),
        (1, 5, ["beside others, in 5"] * 2),
    ],
)
def test_why_tells_the_number_of_the_places_that_it_speaks_of(
    tmp_path: Path, until_day: int, excluded: int, told: list[str]
) -> None:
    # five mornings from the second day on, the first so many with the excluded practitioner
    instance = an_instance(
        availabilities=[
            morning(f"A{n}", day=1 + n % 4, practitioner="P1" if n < excluded else "P2")
            for n in range(5)
        ],
        employees=[an_employee(blacklist=["P1"])],
        requests=[a_request(window=[0, until_day])],
    )
    in_the_way = why(tmp_path, instance, "Q1", {}).out.decode().splitlines()[1]

    assert re.findall(r"\(([^()]* in \d+)\)", in_the_way) == told


def test_why_says_where_a_request_is_planned(tmp_path: Path) -> None:
    ran = why(tmp_path, an_instance(), "Q1", {"Q1": ("A1", NINE)})

    assert ran.code == 0
    assert ran.out == b"Q1 is planned on Mon 30 Nov 09:00 with P1 in L1\n"


def test_why_refuses_a_request_that_is_not_there_in_one_line(tmp_path: Path) -> None:
    ran = why(tmp_path, an_instance(), "Q9", {})

    assert ran.code == 2
    assert ran.out == b""
    assert ran.err.endswith('there is no request "Q9"; name one of its requests\n')
    assert ran.err.count("\n") == 1


def test_why_refuses_a_plan_that_breaks_rules(tmp_path: Path) -> None:
    ran = why(tmp_path, an_instance(), "Q1", {"Q1": ("A1", at(0, "08:00"))})

    assert ran.code == 1
    assert ran.out.startswith(b"fits: Q1")
