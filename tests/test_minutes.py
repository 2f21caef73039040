"""The bit words against plain sets of minutes, written as one would say them."""

from hypothesis import example, given
from hypothesis import strategies as st

from solver.minutes import (
    MINUTES_PER_DAY,
    NO_MINUTES,
    WHOLE_DAY,
    Minutes,
    first,
    members,
    on_grid,
    runs,
    span,
    starts_of_runs,
)
from tests.builders import clock

A_DAY = range(MINUTES_PER_DAY)
EDGES = st.integers(0, MINUTES_PER_DAY)
INTERVALS = st.tuples(EDGES, EDGES).map(sorted)
SCATTERED = st.sets(st.integers(0, MINUTES_PER_DAY - 1), max_size=20)
TOGETHER = st.lists(INTERVALS, max_size=6).map(
    lambda intervals: {minute for start, end in intervals for minute in range(start, end)}
)
SETS = st.one_of(SCATTERED, TOGETHER)
"""Minutes as they come in agendas: a few intervals, now and then scattered."""


def word(minutes: set[int]) -> Minutes:
    return sum(1 << minute for minute in minutes)


@given(EDGES, EDGES)
@example(540, 540)
@example(540, 541)
@example(0, MINUTES_PER_DAY)
def test_a_span_holds_its_first_minute_and_not_its_end(start: int, end: int) -> None:
    assert set(members(span(start, end))) == set(range(start, end))


@given(st.integers(1, MINUTES_PER_DAY))
def test_the_grid_is_all_its_multiples_from_midnight(grid: int) -> None:
    assert set(members(on_grid(grid))) == {minute for minute in A_DAY if minute % grid == 0}


@given(SETS, st.one_of(st.integers(1, 90), st.integers(1, MINUTES_PER_DAY)))
@example(set(A_DAY), MINUTES_PER_DAY)
@example({5}, 1)
def test_a_run_starts_where_all_its_minutes_are_free(free: set[int], length: int) -> None:
    starts = {m for m in free if all(minute in free for minute in range(m, m + length))}

    assert starts_of_runs(word(free), length) == word(starts)


def test_no_run_passes_midnight() -> None:
    assert max(members(starts_of_runs(WHOLE_DAY, 30))) == clock("23:30")


@given(SETS)
def test_runs_are_the_maximal_intervals_in_order(minutes: set[int]) -> None:
    found = list(runs(word(minutes)))
    edges = [edge for run in found for edge in run]

    assert {minute for start, end in found for minute in range(start, end)} == minutes
    # neither empty nor touching: each is as long as can be
    assert edges == sorted(set(edges))


@given(SETS)
def test_members_are_the_minutes_in_order_and_the_first_is_the_earliest(minutes: set[int]) -> None:
    assert list(members(word(minutes))) == sorted(minutes)
    if minutes:
        assert first(word(minutes)) == min(minutes)


def test_there_is_nothing_in_no_minutes_and_everything_in_the_whole_day() -> None:
    assert list(members(NO_MINUTES)) == []
    assert list(runs(NO_MINUTES)) == []
    assert list(members(WHOLE_DAY)) == list(A_DAY)
    assert list(runs(WHOLE_DAY)) == [(0, MINUTES_PER_DAY)]
