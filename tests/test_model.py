"""The CP-SAT model: what it plans keeps every rule, and nothing better can be planned.

Two judges that share no code with it: the check, which counts, and a brute force over the facts, which
asks only the check. `tests/test_against_oracle.py` holds the whole run against a stranger.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.agenda import Agenda
from solver.board import Boards
from solver.candidates import candidates
from solver.check import check
from solver.facts import Assignment, Availability, Instance, Modality, Request
from solver.greedy import OTHER_ORDERS, first_come_first_served
from solver.minutes import members, on_grid, span
from solver.model import Answer, Effort, Model, choices_of
from solver.rules.face import Choice
from tests.builders import (
    NINE,
    a_location,
    a_request,
    a_type,
    an_appointment,
    an_assignment,
    an_availability,
    an_instance,
    availabilities_of,
    clock,
    requests_of,
    small_instances,
)
from tests.effort import searched

EFFORT = Effort(deterministic=20.0)


class OnlyIntervals(Model):
    """The same model, but nothing is ever packed."""

    def _packable(self, crowd: Sequence[Choice], length: Any) -> bool:
        return False


def all_choices(instance: Instance) -> list[Choice]:
    """Every request that may be planned, in every candidate availability."""
    options = candidates(instance).options
    return choices_of(Agenda(instance), dict(enumerate(options)))


def weights_of(instance: Instance, choices: Sequence[Choice]) -> list[int]:
    return [instance.requests[choice.request].priority for choice in choices]


def solved(instance: Instance, kind: type[Model] = Model) -> Answer:
    """The greatest weight, proven, by a plan that keeps every rule and has that weight."""
    choices = all_choices(instance)
    answer = kind(Agenda(instance), choices).best(weights_of(instance, choices), EFFORT)
    assert answer is not None
    assert answer.proven
    assert check(instance, answer.assignments) == []
    assert weight_of(instance, answer.assignments) == answer.objective
    assert answer.bound == pytest.approx(answer.objective)
    return answer


def weight_of(instance: Instance, plan: Sequence[Assignment]) -> int:
    return sum(instance.requests[assignment.request].priority for assignment in plan)


def best_weight(instance: Instance) -> int:
    """By trying every start of every request, and asking the check; part of a good plan is good."""
    alone = [_places(instance, request) for request in range(len(instance.requests))]
    waiting = sorted(filter(None, alone), key=lambda places: -weight_of(instance, places[:1]))

    @cache
    def two_are_too_many(one: Assignment, other: Assignment) -> bool:
        return bool(check(instance, [one, other]))

    def branch(number: int, planned: list[Assignment], best: int) -> int:
        """The best that is known when all plans with these among the first have been tried."""
        weight = weight_of(instance, planned)
        best = max(best, weight)
        hope = sum(weight_of(instance, places[:1]) for places in waiting[number:])
        if weight + hope <= best:
            return best
        for place in waiting[number]:
            then = [*planned, place]
            if any(two_are_too_many(other, place) for other in planned):
                continue
            if len(then) <= 2 or not check(instance, then):
                best = branch(number + 1, then, best)
        return branch(number + 1, planned, best)

    return branch(0, [], 0)


def _places(instance: Instance, request: int) -> list[Assignment]:
    """Where the request could go if it were the only one."""
    return [
        place
        for number, block in enumerate(instance.availabilities)
        for start in range(block.start, block.end)
        if start % instance.grid == 0
        for place in [Assignment(request, number, start)]
        if not check(instance, [place])
    ]


# --- By chance --------------------------------------------------------------------------------------


@given(small_instances(grids=(10, 15, 20), most_requests=4))
def test_the_model_plans_the_greatest_weight_there_is(instance: Instance) -> None:
    assert solved(instance).objective == best_weight(instance)


@st.composite
def crowded_locations(draw: st.DrawFn) -> Instance:
    """Draw more practitioners than rooms at times, and strangers who come and go."""
    starts = st.sampled_from([clock("09:00") + 30 * n for n in range(4)])
    lengths = st.sampled_from([60, 90, 30, 120])
    blocks = [
        replace(block, start=start, end=start + draw(lengths))
        for block in availabilities_of(3)
        for start in [draw(starts)]
    ]
    strangers = [
        an_appointment(start, draw(lengths), id=f"E{p}", practitioner=p)
        for p, start in enumerate(draw(st.lists(starts, min_size=1, max_size=4)), start=5)
    ]
    asked = requests_of(*draw(st.lists(st.sampled_from([30, 60]), min_size=3, max_size=5)))
    rooms = [a_location(capacity=draw(st.integers(2, 4)))]
    return an_instance(asked, blocks, strangers, locations=rooms, grid=30)


@given(crowded_locations())
@searched(0.5)
def test_where_rooms_run_out_the_model_still_plans_the_greatest_weight(instance: Instance) -> None:
    assert solved(instance).objective == best_weight(instance)


@st.composite
def one_busy_morning(draw: st.DrawFn) -> Instance:
    """Draw one practitioner whose morning is cut into stretches, and nothing else that matters."""
    grid = draw(st.sampled_from([5, 10, 15]))
    steps = st.sampled_from([1, 2, 3, 5])
    off_grid = st.integers(0, 36).map(lambda fives: NINE - 30 + 5 * fives)
    standing = [
        an_appointment(id=f"E{n}", start=start, duration=draw(st.sampled_from([7, 12, 20])))
        for n, start in enumerate(draw(st.lists(off_grid, max_size=3)))
    ]
    asked = [
        a_request(
            id=f"Q{n}",
            employee=n,
            duration=grid * length,
            buffer=draw(st.sampled_from([0, 0, grid])),
            priority=draw(st.integers(1, 3)),
        )
        for n, length in enumerate(draw(st.lists(steps, min_size=3, max_size=9)))
    ]
    return an_instance(asked, [an_availability(end=clock("11:00"))], standing, grid=grid)


@given(one_busy_morning())
@searched(0.5)
def test_packed_into_their_stretches_or_as_intervals_the_weight_is_the_same(
    instance: Instance,
) -> None:
    choices = all_choices(instance)

    assert not Model(Agenda(instance), choices)._interval
    assert solved(instance).objective == solved(instance, OnlyIntervals).objective


@given(small_instances(grids=(5, 10, 15), most_requests=9, most_availabilities=5))
@searched(0.5)
def test_the_weight_does_not_depend_on_what_is_packed(instance: Instance) -> None:
    assert solved(instance).objective == solved(instance, OnlyIntervals).objective


@given(small_instances(grids=(5, 10, 15), most_requests=9, most_availabilities=5))
@searched(0.25)
def test_no_greedy_plan_is_better_and_the_search_can_begin_at_it(instance: Instance) -> None:
    choices = all_choices(instance)
    weights = weights_of(instance, choices)
    optimum = solved(instance).objective
    for greedy in (first_come_first_served, *OTHER_ORDERS):
        plan = greedy(Boards(candidates(instance)))
        model = Model(Agenda(instance), choices)
        model.hint(plan)
        model.require(weights, weight_of(instance, plan))
        answer = model.best(weights, EFFORT)

        assert answer is not None
        assert answer.objective == optimum


@given(small_instances(most_requests=8, most_availabilities=4), st.data())
@searched(0.25)
def test_what_is_planned_already_is_worked_around(instance: Instance, data: st.DataObject) -> None:
    before = solved(instance).assignments
    stays = tuple(a for a in before if data.draw(st.booleans()))
    agenda = Agenda(instance, stays)
    options = {
        r: availabilities
        for r, availabilities in enumerate(candidates(instance).options)
        if r not in agenda.planned and not agenda.claimed(instance.requests[r])
    }
    choices = choices_of(agenda, options)
    answer = Model(agenda, choices).best(weights_of(instance, choices), EFFORT)

    assert answer is not None
    assert check(instance, [*stays, *answer.assignments]) == []
    assert weight_of(instance, [*stays, *answer.assignments]) == weight_of(instance, before)


# --- By hand: what can be laid end to end -----------------------------------------------------------


def times(answer: Answer) -> list[str]:
    """When the assignments start."""
    return sorted(f"{a.start // 60:02}:{a.start % 60:02}" for a in answer.assignments)


def test_what_fits_by_its_sum_is_packed_from_the_first_start() -> None:
    # 30 + 30 + 60 + 60 minutes are the whole morning
    world = an_instance(requests_of(30, 60, 30, 60))
    model = Model(Agenda(world), all_choices(world))

    assert [len(packed) for packed in model._packed] == [4]
    assert not model._interval
    assert solved(world).objective == 4


def test_packing_begins_at_the_grid_and_not_at_the_stretch() -> None:
    # 50 minutes from 09:07 until 09:57, of which the grid leaves 47 from 09:10 on
    block = an_availability(start=clock("09:07"), end=clock("09:57"))

    assert times(solved(an_instance(requests_of(20, 20, 10), [block], grid=10))) == [
        "09:10",
        "09:30",
    ]


def test_what_stands_cuts_a_morning_into_stretches() -> None:
    # 60 minutes before it and 90 after it: the two hours go nowhere, and 60 + 60 not together
    standing = an_appointment(start=clock("10:00"), duration=20, buffer=10)
    world = an_instance(requests_of(120, 60, 90), appointments=[standing])

    assert times(solved(world)) == ["09:00", "10:30"]


def test_on_a_grid_of_15_three_of_20_minutes_do_not_fit_into_an_hour() -> None:
    # they start at 09:00, 09:30 and then at 10:00, although 3 times 20 is 60
    block = an_availability(end=clock("10:00"))
    world = an_instance(requests_of(20, 20, 20), [block], grid=15)

    assert not Model(Agenda(world), all_choices(world))._packed
    assert times(solved(world)) == ["09:00", "09:30"]


def test_on_a_grid_of_15_the_last_of_20_minutes_may_end_off_it() -> None:
    block = an_availability(end=clock("09:50"))

    assert solved(an_instance(requests_of(20, 20), [block], grid=15)).objective == 2


def test_on_a_grid_of_15_a_short_one_goes_beside_two_of_20_minutes() -> None:
    block = an_availability(end=clock("10:15"))
    world = an_instance(requests_of(20, 20, 15), [block], grid=15)

    assert solved(world).objective == best_weight(world) == 3


def test_notice_is_kept_beside_those_without_notice() -> None:
    late = a_request(id="Q9", employee=8, earliest=clock("09:30"))
    world = an_instance([late, *requests_of(30)], [an_availability(end=clock("10:00"))])

    assert solved(world).assignments == (
        an_assignment(0, start=clock("09:30")),
        an_assignment(1, start=clock("09:00")),
    )


def test_an_employee_comes_when_her_other_appointment_is_over() -> None:
    hers = an_appointment(employee=0, practitioner=1)
    world = an_instance(requests_of(30, 30), [an_availability(end=clock("10:00"))], [hers])

    assert solved(world).assignments == (
        an_assignment(0, start=clock("09:30")),
        an_assignment(1, start=clock("09:00")),
    )


def test_the_weightier_goes_before_the_many() -> None:
    block = an_availability(end=clock("10:00"))
    urgent = a_request(id="Q3", employee=2, duration=60, priority=3)
    answer = solved(an_instance([*requests_of(30, 30), urgent], [block]))

    assert answer.assignments == (an_assignment(2),)


# --- By hand: overlapping availabilities ------------------------------------------------------------


def twins(**second: Any) -> list[Availability]:
    """The same hour of the same practitioner, twice."""
    twin: dict[str, Any] = {"id": "A2", "end": clock("10:00")} | second
    return [an_availability(end=clock("10:00")), an_availability(**twin)]


def test_twin_availabilities_are_one_hour_and_not_two() -> None:
    assert solved(an_instance(requests_of(30, 30, 30), twins())).objective == 2


def test_twins_for_two_types_or_at_two_locations_share_the_hour() -> None:
    two_types = [*requests_of(30, 30), *requests_of(30, 30, type=1)]
    assert solved(an_instance(two_types, twins(types=(1,)))).objective == 2

    two_places = [*requests_of(30, 30), *requests_of(30, 30, locations=(1,))]
    assert solved(an_instance(two_places, twins(location=1))).objective == 2


def test_availabilities_that_overlap_in_part_hold_what_they_hold_together() -> None:
    # 09:00 until 10:00 and 09:30 until 10:30: an hour and a half
    blocks = twins(start=clock("09:30"), end=clock("10:30"))

    assert solved(an_instance(requests_of(30, 30, 30, 30), blocks)).objective == 3
    # one of an hour in the one leaves half an hour at the other's end
    assert solved(an_instance(requests_of(60, 60), blocks)).objective == 1
    assert solved(an_instance(requests_of(60, 30), blocks)).objective == 2


def test_adjoining_availabilities_do_not_hinder_each_other() -> None:
    blocks = twins(start=clock("10:00"), end=clock("11:00"))
    world = an_instance(requests_of(60, 60), blocks)

    assert not Model(Agenda(world), all_choices(world))._interval
    assert solved(world).objective == 2


# --- By hand: rooms ---------------------------------------------------------------------------------


def rooms_for(
    capacity: int, practitioners: int, requests: Sequence[Request], strangers: int = 0
) -> Instance:
    """Practitioners from nine until eleven, strangers with others from nine until ten."""
    standing = [
        an_appointment(id=f"E{n}", practitioner=practitioners + n, duration=60)
        for n in range(strangers)
    ]
    return an_instance(
        requests,
        availabilities_of(practitioners, end=clock("11:00")),
        standing,
        locations=[a_location(capacity=capacity)],
    )


def test_two_practitioners_share_one_room() -> None:
    assert solved(rooms_for(1, 2, requests_of(60, 60, 60))).objective == 2
    assert solved(rooms_for(2, 2, requests_of(60, 60, 60))).objective == 3


def test_buffers_need_the_room_as_well() -> None:
    assert solved(rooms_for(1, 2, requests_of(50, 50, buffer=10))).objective == 2
    assert solved(rooms_for(1, 2, requests_of(50, 50, 10, buffer=10))).objective == 2


def test_those_on_the_telephone_need_no_room() -> None:
    remote = a_request(id="Q9", employee=8, duration=120, modalities=int(Modality.REMOTE))

    assert solved(rooms_for(1, 2, [*requests_of(60, 60), remote])).objective == 3
    assert solved(rooms_for(0, 1, [*requests_of(60), remote])).objective == 1


def test_a_stranger_in_the_only_room_leaves_what_comes_after() -> None:
    assert times(solved(rooms_for(1, 2, requests_of(60, 60), strangers=1))) == ["10:00"]


def test_of_two_rooms_a_stranger_takes_one_for_an_hour() -> None:
    # one from nine until ten, two from ten until eleven
    world = rooms_for(2, 2, requests_of(60, 60, 60, 60), strangers=1)

    assert solved(world).objective == 3


def test_rooms_that_are_scarce_for_an_hour_are_plenty_in_the_next() -> None:
    # two strangers leave one of three rooms until ten; from then on there are rooms for everybody
    world = rooms_for(3, 2, requests_of(60, 60, 60), strangers=2)

    assert solved(world).objective == 3


def test_overfull_rooms_hold_nobody_more_until_enough_have_left() -> None:
    world = rooms_for(1, 2, requests_of(60, 60), strangers=3)

    assert times(solved(world)) == ["10:00"]


# --- By hand: employees, duplicates, one request ----------------------------------------------------

BOTH_AT_NINE = availabilities_of(2, end=clock("09:30"))


def test_an_employee_with_two_requests_is_not_at_two_places_at_once() -> None:
    assert solved(an_instance(requests_of(30, 30), BOTH_AT_NINE)).objective == 2
    assert solved(an_instance(requests_of(30, 30, employee=0), BOTH_AT_NINE)).objective == 1


def test_an_employee_may_go_on_while_the_practitioner_has_a_buffer() -> None:
    blocks = [
        an_availability(end=clock("09:40")),
        an_availability(id="A2", practitioner=1, start=clock("09:30"), end=clock("10:10")),
    ]
    world = an_instance(requests_of(30, 30, employee=0, buffer=10), blocks)

    assert times(solved(world)) == ["09:00", "09:30"]


def test_an_employee_with_two_requests_is_seen_twice_by_one_practitioner() -> None:
    world = an_instance(requests_of(30, 60, employee=0, buffer=10))

    assert solved(world).objective == 2


def test_an_employee_gets_one_of_a_type_that_refuses_duplicates() -> None:
    types = [a_type(refuse_duplicates=True)]

    assert solved(an_instance(requests_of(30, 30, employee=0), types=types)).objective == 1
    assert solved(an_instance(requests_of(30, 30), types=types)).objective == 2


def test_a_request_that_may_go_to_many_places_goes_to_one() -> None:
    blocks = [an_availability(id=f"A{n}", practitioner=n, day=n) for n in range(4)]

    assert len(solved(an_instance(requests_of(30), blocks)).assignments) == 1


# --- By hand: asking --------------------------------------------------------------------------------


def test_a_choice_is_made_for_each_stretch_with_a_start() -> None:
    # what stands leaves 09:00 until 09:30, 09:40 until 09:55 and 10:15 until 12:00
    standing = [
        an_appointment(start=clock("09:30"), duration=10),
        an_appointment(id="E2", start=clock("09:55"), duration=20),
    ]
    choices = all_choices(an_instance(appointments=standing))

    assert [choice.stretch for choice in choices] == [
        (clock("09:00"), clock("09:30")),
        (clock("10:15"), clock("12:00")),
    ]
    assert list(members(choices[0].starts)) == [NINE]
    assert choices[1].starts == span(clock("10:15"), clock("11:31")) & on_grid(5)


def test_of_no_choices_nothing_is_planned_and_that_is_proven() -> None:
    assert Model(Agenda(an_instance()), []).best([], EFFORT) == Answer((), 0, 0.0, proven=True)


def test_among_plans_of_the_required_weight_the_worthier_is_found() -> None:
    # either may have the place; the second is worth more to the lower aim
    world = an_instance(requests_of(30, 30), [an_availability(end=clock("09:30"))])
    choices = all_choices(world)
    model = Model(Agenda(world), choices)
    model.require(weights_of(world, choices), 1)
    answer = model.best([choice.request for choice in choices], EFFORT)

    assert answer is not None
    assert answer.assignments == (an_assignment(1),)


def test_a_weight_that_cannot_be_had_gives_no_answer() -> None:
    world = an_instance(requests_of(30, 30), [an_availability(end=clock("09:30"))])
    choices = all_choices(world)
    model = Model(Agenda(world), choices)
    model.require(weights_of(world, choices), 2)

    assert model.best([1, 1], EFFORT) is None


def test_an_effort_of_nothing_gives_no_answer_or_one_that_keeps_the_rules() -> None:
    world = rooms_for(2, 3, requests_of(*[45] * 12, buffer=10))
    choices = all_choices(world)
    answer = Model(Agenda(world), choices).best(
        weights_of(world, choices), Effort(deterministic=0.0)
    )

    assert answer is None or check(world, answer.assignments) == []


def test_the_same_effort_gives_the_same_answer() -> None:
    world = rooms_for(2, 3, requests_of(*[45, 30, 20] * 3))

    assert solved(world) == solved(world)
