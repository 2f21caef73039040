"""Shortages and bottlenecks: true, smallest, and worth what the bound says when solved again."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from api.words import Words
from solver.bottleneck import HOUR, TOLD
from solver.candidates import Candidates, candidates
from solver.compiled.residual import Arcs, push
from solver.components import parts, regions
from solver.contest import Contest
from solver.demands import Demands
from solver.flow import Network, network, weight_bound
from solver.minutes import MINUTES_PER_DAY
from solver.scarcity import Bottleneck, Scarcity, Shortage
from solver.shortage import counted_places, scarcity
from tests import oracle
from tests.effort import searched
from tests.facts import facts_of
from tests.worlds import (
    Json,
    a_location,
    a_request,
    a_type,
    an_availability,
    an_existing,
    an_instance,
    at,
    case_best_fit,
    case_fairness,
    case_make_booking,
    case_shortage,
    tiny_instances,
)

NINE = at(0, "09:00")


Division = Callable[[Candidates], list[Candidates]]


def by_region(found: Candidates) -> list[Candidates]:
    """As the networks of a part are that is too large for one."""
    return [found.of(np.asarray(sorted(region), np.int64)) for region in regions(found, 1)]


DIVISIONS: st.SearchStrategy[Division] = st.sampled_from([parts, by_region])


def asked(instance: Json, divided: Division = parts) -> tuple[Candidates, list[Network]]:
    found = candidates(facts_of(instance))
    return found, [network(some) for some in divided(found)]


def scarce(instance: Json, divided: Division = parts) -> Scarcity:
    return scarcity(*asked(instance, divided))


def named(instance: Json, shortage: Shortage) -> tuple[set[str], set[str]]:
    """The ids of its requests and of its availabilities."""
    return (
        {instance["requests"][r]["id"] for r in shortage.requests},
        {instance["availabilities"][a]["id"] for a in shortage.availabilities},
    )


def in_short(instance: Json) -> list[tuple[int, int, int]]:
    """How many want a place, how many there are, and how many must wait."""
    return [(s.wanted, s.places, s.deficit) for s in scarce(instance).shortages]


def requests(*minutes: int, **changes: Any) -> list[Json]:
    """Requests of so many minutes, each of another employee."""
    return [
        a_request(id=f"Q{i}", employee=f"W{i}", duration=length, **changes)
        for i, length in enumerate(minutes)
    ]


def most_planned(instance: Json, ids: Iterable[str]) -> int:
    """How many of these requests can be planned with everything else out of the way."""
    mine = set(ids)
    alone = [r | {"priority": 1} for r in instance["requests"] if r["id"] in mine]
    return oracle.best_weight(instance | {"requests": alone})


# --- The cases that are known ----------------------------------------------------------------------


def test_five_requests_for_three_places_are_a_shortage_of_two() -> None:
    instance = case_shortage()

    (shortage,) = scarce(instance).shortages

    assert named(instance, shortage) == ({f"Q-a{n}" for n in range(1, 6)}, {"a1", "a2", "a3"})
    assert (shortage.wanted, shortage.places, shortage.deficit) == (5, 3, 2)
    assert (shortage.minutes_wanted, shortage.minutes_there) == (150, 90)
    assert shortage.by_counting
    # every member competes: whichever is taken away, as many as before can be planned
    names, _ = named(instance, shortage)
    assert most_planned(instance, names) == 3
    assert {most_planned(instance, names - {name}) for name in names} == {3}


@pytest.mark.parametrize(
    ("places", "found", "bound"),
    [
        ({"places_b": 4}, [(5, 3, 2)], 5),  # no effect: the shortage is elsewhere
        ({"places_a": 4}, [(5, 4, 1)], 6),
        ({"places_a": 5}, [], 7),
        ({"places_a": 3, "places_b": 1}, [(5, 3, 2), (2, 1, 1)], 4),
    ],
)
def test_places_help_where_they_are_short(
    places: dict[str, int], found: list[tuple[int, int, int]], bound: int
) -> None:
    instance = case_shortage(**places)

    assert in_short(instance) == found
    assert sum(map(weight_bound, asked(instance)[1])) == bound


def test_an_hour_more_is_worth_two_requests_where_they_compete_and_nothing_elsewhere() -> None:
    instance = case_shortage()

    (place,) = scarce(instance).bottlenecks

    assert (place.location, place.day, sorted(place.types)) == (0, 0, [0])
    assert (place.worth, place.requests) == (2.0, 2.0)


def test_where_all_can_be_planned_nothing_is_scarce() -> None:
    for instance in (case_best_fit(), case_make_booking(), case_shortage(places_a=5)):
        assert scarce(instance) == Scarcity()


def test_three_for_two_places_is_a_shortage_of_all_three() -> None:
    assert in_short(case_fairness()) == [(3, 2, 1)]


# --- What counts as a place --------------------------------------------------------------------------


def test_a_stretch_has_no_more_places_than_fit_in_it_whole() -> None:
    # 50 minutes take two appointments of 20, not two and a half
    instance = an_instance(
        availabilities=[an_availability(start=NINE, end=NINE + 50)], requests=requests(20, 20, 20)
    )

    (shortage,) = scarce(instance).shortages

    assert (shortage.wanted, shortage.places) == (3, 2)
    assert (shortage.minutes_wanted, shortage.minutes_there) == (60, 40)


def test_rooms_are_short_where_practitioners_are_not() -> None:
    instance = an_instance(
        locations=[a_location(capacity=1)],
        availabilities=[
            an_availability(id=f"A{p}", practitioner=f"P{p}", start=NINE, end=NINE + 60)
            for p in (1, 2)
        ],
        requests=requests(30, 30, 30),
    )

    assert in_short(instance) == [(3, 2, 1)]
    assert in_short(instance | {"locations": [a_location(capacity=2)]}) == []


def test_a_practitioner_with_two_availabilities_at_once_has_his_places_once() -> None:
    instance = an_instance(
        availabilities=[
            an_availability(id=f"A{n}", location=f"L{n}", start=NINE, end=NINE + 60) for n in (1, 2)
        ],
        requests=requests(30, 30, 30),
    )

    assert in_short(instance) == [(3, 2, 1)]


def test_duplicates_want_one_place() -> None:
    twice = [a_request(id=f"twice {n}", employee="W9") for n in (1, 2)]
    refusing = [a_type(refuse_duplicates=True)]
    room_for_one = [an_availability(start=NINE, end=NINE + 30)]
    alone = an_instance(types=refusing, availabilities=room_for_one, requests=twice)
    with_another = alone | {
        "requests": [*twice, a_request(id="other", employee="W1")],
        "employees": [*alone["employees"], {"id": "W1", "blacklist": []}],
    }

    assert in_short(alone) == []
    assert in_short(with_another) == [(2, 1, 1)]
    assert named(with_another, scarce(with_another).shortages[0])[0] == {
        "twice 1",
        "twice 2",
        "other",
    }


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ([1], []),  # whoever may go to both regions leaves the place to the one who may not
        ([1, 1], [(2, 1, 1)]),
        ([1, 2], [(3, 2, 1)]),
    ],
)
def test_duplicates_of_two_regions_want_one_place(
    others: list[int], found: list[tuple[int, int, int]]
) -> None:
    instance = an_instance(
        types=[a_type(refuse_duplicates=True)],
        locations=[a_location(id=f"L{n}", region=f"R{n}") for n in (1, 2)],
        availabilities=[
            an_availability(
                id=f"A{n}", practitioner=f"P{n}", location=f"L{n}", start=NINE, end=NINE + 30
            )
            for n in (1, 2)
        ],
        requests=[
            *(a_request(id=f"either {n}", employee="W9", region=f"R{n}") for n in (1, 2)),
            *(
                a_request(id=f"Q{n}", employee=f"W{n}", region=f"R{region}")
                for n, region in enumerate(others)
            ),
        ],
    )
    assert len(asked(instance, by_region)[1]) == 2

    told = scarce(instance, by_region)

    assert [(s.wanted, s.places, s.deficit) for s in told.shortages] == found
    assert told == scarce(instance)


def test_who_is_planned_first_does_not_decide_who_competes() -> None:
    # the urgent one takes the place of both others, who could be planned together
    instance = an_instance(
        availabilities=[an_availability(start=NINE, end=NINE + 60)],
        requests=[*requests(30, 30), a_request(id="urgent", duration=60, priority=100)],
    )

    (shortage,) = scarce(instance).shortages

    assert named(instance, shortage)[0] == {"Q0", "Q1", "urgent"}
    assert (shortage.places, shortage.deficit) == (2, 1)


def test_counting_is_said_to_be_the_proof_only_where_it_is() -> None:
    # two short ones can only go to the small stretch: by minutes alone both would fit beside the rest
    instance = an_instance(
        availabilities=[
            an_availability(id="small", practitioner="P1", start=NINE, end=NINE + 30),
            an_availability(id="large", practitioner="P2", start=NINE, end=NINE + 60),
        ],
        requests=[
            *requests(30, 30, 30, required_practitioner="P1"),
            *(
                a_request(id=f"L{n}", employee=f"V{n}", duration=60, priority=2, locations=["L1"])
                for n in (1, 2)
            ),
        ],
        locations=[a_location(capacity=2)],
    )

    found = scarce(instance).shortages

    assert [(s.wanted, s.places, s.by_counting) for s in found] == [(3, 1, True), (2, 1, True)]
    assert counted_places(np.asarray([30, 30, 30, 60, 60]), 90) == 3


def test_who_has_no_option_is_in_no_shortage_but_an_hour_more_may_be_his_first() -> None:
    instance = an_instance(
        availabilities=[an_availability(start=NINE, end=NINE + 60)],
        existing=[an_existing(start=NINE, duration=60)],
        requests=requests(45, priority=3),
    )

    found = scarce(instance)

    assert found.shortages == ()
    assert [(b.worth, b.requests) for b in found.bottlenecks] == [(3.0, 1.0)]


def test_the_hour_goes_on_from_what_is_free_before_it() -> None:
    # 5 minutes are free at the end: with an hour more 65 minutes fit
    instance = an_instance(
        availabilities=[an_availability(start=NINE, end=NINE + 60)],
        existing=[an_existing(start=NINE, duration=55)],
        requests=requests(65, priority=3),
    )

    assert [b.worth for b in scarce(instance).bottlenecks] == [3.0]


def test_who_fits_only_with_the_hour_may_take_the_place_of_a_lighter_one() -> None:
    # of the 90 minutes there would be, 65 can be filled with the one and 30 with the other, not both
    instance = an_instance(
        availabilities=[an_availability(start=NINE, end=NINE + 60)],
        existing=[an_existing(start=NINE, duration=30)],
        requests=[a_request(id="light"), a_request(id="urgent", duration=65, priority=100)],
    )

    assert [b.worth for b in scarce(instance).bottlenecks] == [99.0]


def test_a_practitioner_of_two_regions_has_his_hour_once() -> None:
    instance = an_instance(
        locations=[a_location(id=f"L{n}", region=f"R{n}") for n in (1, 2)],
        availabilities=[
            an_availability(id=f"A{n}", location=f"L{n}", start=NINE, end=NINE + 60) for n in (1, 2)
        ],
        requests=[
            a_request(id=f"Q{n}", employee=f"W{n}", region=f"R{n}", duration=60) for n in (1, 2)
        ],
    )

    found = scarce(instance)

    assert [(s.wanted, s.places, s.deficit) for s in found.shortages] == [(2, 1, 1)]
    assert [b.worth for b in found.bottlenecks] == [1.0, 1.0]


def test_an_hour_is_worth_nothing_to_who_may_not_have_it() -> None:
    instance = an_instance(
        availabilities=[
            an_availability(id="his", practitioner="P1", start=NINE, end=NINE + 30),
            an_availability(id="other", practitioner="P2", start=NINE, end=NINE + 30),
        ],
        locations=[a_location(capacity=2)],
        requests=requests(30, 30, required_practitioner="P1"),
    )

    found = scarce(instance).bottlenecks

    assert [instance["availabilities"][b.availability]["id"] for b in found] == ["his"]


@pytest.mark.parametrize(
    ("end", "rooms", "worth"),
    [
        ("22:00", 2, [2.0]),
        ("23:30", 2, [1.0]),
        ("23:30", 1, [1.0]),  # where rooms narrow the stretch before it, too
        ("24:00", 2, []),
    ],
)
def test_the_hour_ends_at_midnight(end: str, rooms: int, worth: list[float]) -> None:
    until = at(0, end)
    instance = an_instance(
        locations=[a_location(capacity=rooms)],
        availabilities=[
            an_availability(id=f"A{n}", practitioner=f"P{n}", start=until - 60, end=until)
            for n in range(rooms, 3)
        ],
        requests=requests(30, 30, 30, 30, 30),
    )

    found = scarce(instance)

    assert [(s.wanted, s.places) for s in found.shortages] == [(5, 2)]
    assert [b.worth for b in found.bottlenecks] == worth


def test_where_one_ends_at_midnight_another_of_the_same_place_is_told() -> None:
    instance = an_instance(
        locations=[a_location(capacity=2)],
        availabilities=[
            an_availability(id="last", practitioner="P1", start=at(0, "23:30"), end=at(0, "24:00")),
            an_availability(id="first", practitioner="P2", start=NINE, end=NINE + 30),
        ],
        requests=requests(30, 30, 30),
    )

    (place,) = scarce(instance).bottlenecks

    assert instance["availabilities"][place.availability]["id"] == "first"


# --- In words ----------------------------------------------------------------------------------------


def test_the_sentence_counts_the_requests_that_are_listed() -> None:
    once = an_instance(
        availabilities=[an_availability(start=NINE, end=NINE + 30)],
        requests=requests(30, 30),
    )
    twice = an_instance(
        types=[a_type(refuse_duplicates=True)],
        availabilities=once["availabilities"],
        requests=[*once["requests"], a_request(id="again", employee="W0")],
    )

    def told(instance: Json) -> str:
        (shortage,) = scarce(instance).shortages
        return Words(facts_of(instance), {}).shortage(shortage).partition(" (")[0]

    assert told(once) == "2 requests compete for 1 place: at least 1 must wait"
    assert told(twice) == (
        "3 requests for 2 appointments compete for 1 place: at least 1 appointment must wait"
    )


# --- By chance ---------------------------------------------------------------------------------------


@given(tiny_instances(), DIVISIONS)
@searched(2)
def test_a_shortage_is_true(instance: Json, divided: Division) -> None:
    found = scarce(instance, divided).shortages

    for shortage in found:
        names, _ = named(instance, shortage)
        assert 0 < most_planned(instance, names) <= shortage.places < shortage.wanted
        assert shortage.wanted <= len(names)
    together = [r for shortage in found for r in shortage.requests]
    assert len(together) == len(set(together))


@given(tiny_instances(), DIVISIONS)
@searched()
def test_a_shortage_names_all_that_its_requests_may_go_to(
    instance: Json, divided: Division
) -> None:
    for shortage in scarce(instance, divided).shortages:
        names, options = named(instance, shortage)
        existing = oracle.existing_appointments(instance)
        assert options == {
            availability["id"]
            for availability in instance["availabilities"]
            for request in instance["requests"]
            if request["id"] in names
            and oracle.possible_starts(instance, existing, request, availability)
        }


@given(tiny_instances(most_requests=5), DIVISIONS)
@searched()
def test_the_shortages_are_the_smallest_sets_that_miss_the_most_minutes(
    instance: Json, divided: Division
) -> None:
    found, networks = asked(instance, divided)
    demands = Demands.in_instance(found.instance)
    shortages = scarcity(found, networks).shortages
    everyone = demands.taking_part(found.request).tolist()

    assert missing(demands, networks, everyone) == sum(
        s.minutes_wanted - s.minutes_there for s in shortages
    )
    for shortage in shortages:
        mine = demands.taking_part(np.asarray(shortage.requests)).tolist()
        most = shortage.minutes_wanted - shortage.minutes_there
        assert missing(demands, networks, mine) == most
        for size in range(len(mine)):
            for fewer in combinations(mine, size):
                assert missing(demands, networks, fewer) < most


def missing(demands: Demands, networks: Sequence[Network], some: Sequence[int]) -> int:
    """The minutes that these demands cannot get even alone, by another maximum flow."""
    arcs: dict[tuple[int, int], int] = {(0, 2 + d): int(demands.minutes[d]) for d in some}
    source, sink, nodes = 0, 1, 2 + len(demands.minutes)
    for net in networks:
        into, out = nodes, nodes + len(net.stretches)
        segment = out + len(net.stretches)
        nodes = segment + len(net.segment_capacity)
        for d, s in zip(demands.of[net.arc_request].tolist(), net.arc_stretch, strict=True):
            if d in some:
                arcs[2 + d, into + int(s)] = arcs[source, 2 + d]
        for s, outlets in enumerate(net.outlets):
            arcs[into + s, out + s] = int(net.capacity[s])
            for g, minutes in outlets:
                arcs[out + s, segment + g] = minutes
            if not outlets:
                arcs[out + s, sink] = int(net.capacity[s])
        for g, minutes in enumerate(net.segment_capacity):
            arcs[segment + g, sink] = minutes
    if not arcs:
        return 0
    tails, heads = np.asarray(list(arcs)).T
    data = np.asarray(list(arcs.values()), np.int32)
    graph = csr_array((data, (tails, heads)), shape=(nodes, nodes))
    return int(demands.minutes[list(some)].sum()) - int(
        maximum_flow(graph, source, sink).flow_value
    )


@st.composite
def worlds_of_equal_places(draw: st.DrawFn) -> Json:
    """Draw places for one appointment each, and who may go to which of them, some with duplicates."""
    places = [
        an_availability(
            id=f"A{n}",
            practitioner=f"P{n}",
            location=draw(st.sampled_from(["L1", "L2", "L3"])),
            start=at(day, "09:00"),
            end=at(day, "09:30"),
        )
        for n in range(draw(st.integers(2, 5)))
        for day in [draw(st.integers(0, 2))]
    ]
    wishes = st.sampled_from([["L1"], ["L2"], ["L3"], ["L2", "L3"]])
    return an_instance(
        types=[a_type(refuse_duplicates=True)],
        availabilities=places,
        locations=[a_location(id=f"L{n}", capacity=5) for n in (1, 2, 3)],
        requests=[
            a_request(
                id=f"Q{n}",
                employee=f"W{draw(st.integers(0, 4))}",
                locations=draw(wishes),
                window=[0, draw(st.integers(1, 3))],
                priority=draw(st.integers(1, 5)),
            )
            for n in range(draw(st.integers(3, 8)))
        ],
    )


@given(worlds_of_equal_places(), DIVISIONS)
@searched()
def test_where_places_are_alike_the_deficit_is_exact_and_everybody_competes(
    instance: Json, divided: Division
) -> None:
    found = scarce(instance, divided).shortages

    for shortage in found:
        names, options = named(instance, shortage)
        assert shortage.places == len(options) == most_planned(instance, names)
        for name in names:
            assert most_planned(instance, names - {name}) == shortage.places
    # and all who must wait wait in a shortage, but for those who have no option
    possible = {r["id"] for r in instance["requests"]}
    existing = oracle.existing_appointments(instance)
    with_option = {
        request["employee"]
        for request in instance["requests"]
        for availability in instance["availabilities"]
        if oracle.possible_starts(instance, existing, request, availability)
    }
    waiting = len(with_option) - most_planned(instance, possible)
    assert sum(shortage.deficit for shortage in found) == waiting


# --- An hour more ------------------------------------------------------------------------------------


def an_hour_longer(instance: Json, place: Bottleneck) -> Json:
    mine = instance["availabilities"][place.availability]
    midnight = (mine["start"] // MINUTES_PER_DAY + 1) * MINUTES_PER_DAY
    until = min(mine["end"] + HOUR, midnight)
    longer = [a | {"end": until} if a is mine else a for a in instance["availabilities"]]
    return instance | {"availabilities": longer}


def exact_bound(instance: Json, divided: Division = parts) -> Fraction:
    """The weight bound, not rounded down."""
    found, networks = asked(instance, divided)
    demands = Demands.in_instance(found.instance)
    who = demands.taking_part(found.request)
    return Contest(demands, networks, who, demands.priority[who]).serve_best()


def is_free_for_an_hour(instance: Json, place: Bottleneck) -> bool:
    """Whether practitioner and a room are free for the hour, so that it could be had as it is."""
    mine = instance["availabilities"][place.availability]
    begin, end = mine["end"], mine["end"] + HOUR
    there = [a for a in instance["availabilities"] if a["start"] < end and begin < a["end"]]
    standing = [
        e
        for e in instance["existing"]
        if e["start"] < end and begin < e["start"] + e["duration"] + e["buffer"]
    ]
    (location,) = (p for p in instance["locations"] if p["id"] == mine["location"])
    beside = {
        x["practitioner"] for x in (*there, *standing) if x["location"] == mine["location"]
    } | {x["practitioner"] for x in standing if x["location"] == mine["location"]}
    return (
        all(x["practitioner"] != mine["practitioner"] for x in (*there, *standing))
        and len(beside) < location["capacity"]
        and (end - 1) // MINUTES_PER_DAY == begin // MINUTES_PER_DAY
    )


@given(tiny_instances(), DIVISIONS)
@searched()
def test_no_plan_gains_more_by_an_hour_than_it_is_said_to_be_worth(
    instance: Json, divided: Division
) -> None:
    before = exact_bound(instance, divided)

    for place in scarce(instance, divided).bottlenecks[:2]:
        best = oracle.best_weight(an_hour_longer(instance, place))
        assert best <= before + Fraction(place.worth) + Fraction(1, 10**6)


@given(tiny_instances(most_availabilities=3, most_existing=1))
@searched(2)
def test_the_bound_solved_again_with_the_hour_is_higher_by_its_worth(instance: Json) -> None:
    found, networks = asked(instance)

    for place in scarcity(found, networks).bottlenecks:
        if not is_free_for_an_hour(instance, place):
            continue
        gained = float(exact_bound(an_hour_longer(instance, place)) - exact_bound(instance))
        if place.availability in found.availability:
            assert gained == pytest.approx(place.worth)
        else:
            # what is free there and overlaps with others was nobody's so far, and is not looked at
            assert gained <= place.worth + 1e-6


@given(tiny_instances(most_existing=0))
@searched(0.5)
def test_where_no_hour_is_worth_anything_no_hour_helps(instance: Json) -> None:
    found = scarce(instance).bottlenecks
    tried = {(b.location, b.day, b.types) for b in found}
    problem = facts_of(instance)
    before = oracle.best_weight(instance)

    for a, block in enumerate(problem.availabilities):
        if (block.location, block.day, block.types) in tried or len(found) == TOLD:
            continue
        worthless = Bottleneck(block.location, block.day, block.types, a, 0.0, 0.0)
        if exact_bound(instance) == before and is_free_for_an_hour(instance, worthless):
            assert oracle.best_weight(an_hour_longer(instance, worthless)) == before


# --- The flow ----------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1))
@searched()
def test_what_is_pushed_is_a_maximum_flow(seed: int) -> None:
    chance = np.random.default_rng(seed)
    nodes = int(chance.integers(2, 12))
    capacity = chance.integers(0, 9, (nodes, nodes)) * (chance.random((nodes, nodes)) < 0.4)
    np.fill_diagonal(capacity, 0)
    expected = maximum_flow(csr_array(capacity.astype(np.int32)), 0, nodes - 1).flow_value
    # every arc and its way back, whether it carries anything or not
    tails, heads = np.nonzero(~np.eye(nodes, dtype=bool))
    back = np.lexsort((tails, heads))
    arcs = Arcs(np.arange(nodes + 1) * (nodes - 1), heads, back)
    left = capacity[tails, heads].astype(np.int64)
    before = left.copy()

    push(arcs, left, 0, nodes - 1)

    sent = before - left
    assert sent[tails == 0].sum() == expected == -sent[tails == nodes - 1].sum()
    assert (left >= 0).all()
    assert all(sent[tails == node].sum() == 0 for node in range(1, nodes - 1))
    assert (sent + sent[back] == 0).all()
