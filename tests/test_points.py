"""Points as sums of factors, against the same points pair by pair."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from solver.aims import preference
from solver.candidates import candidates
from solver.facts import Instance, IntColumn
from solver.files.instance import MOST_POINTS
from solver.files.reading import MalformedInputError
from solver.points import ByKey, Factor, Listed, Only, Points, as_points
from tests import worlds
from tests.builders import a_request, an_instance, availabilities_of, small_instances
from tests.effort import searched
from tests.facts import facts_of

AVAILABILITIES = 5
PRACTITIONER = np.array([0, 0, 1, 1, 2])
LOCATION = np.array([0, 1, 0, 1, 0])

EACH = np.arange(AVAILABILITIES)


def column(*numbers: int) -> IntColumn:
    return np.array(numbers, np.int64)


FACTORS: st.SearchStrategy[Factor] = st.one_of(
    st.builds(
        Only, st.sampled_from([PRACTITIONER, LOCATION]), st.integers(0, 2), st.integers(1, 9)
    ),
    st.builds(
        lambda keys, points: ByKey(keys, column(*points)),
        st.sampled_from([PRACTITIONER, LOCATION]),
        st.tuples(*[st.integers(0, 9)] * 3),
    ),
    st.builds(
        Listed.of_each,
        st.dictionaries(st.integers(0, AVAILABILITIES - 1), st.integers(0, 9)),
    ),
)
POINTS = st.lists(FACTORS, max_size=3).map(lambda factors: Points(*factors))


def test_points_are_the_sum_of_who_and_where() -> None:
    by_hand = Points(
        Only(PRACTITIONER, 1, 20),
        ByKey(LOCATION, column(3, 0)),
        Listed.of_each({4: 1, 2: 100}),
    )

    assert by_hand.of(EACH).tolist() == [3, 0, 123, 20, 4]
    assert dict(by_hand) == {0: 3, 2: 123, 3: 20, 4: 4}


def test_of_as_many_as_are_asked_in_their_order() -> None:
    assert Points(Only(LOCATION, 1, 5)).of(column(3, 0, 3)).tolist() == [5, 0, 5]
    assert Points(Only(LOCATION, 1, 5)).of(column()).tolist() == []
    assert Points().of(column(1, 2)).tolist() == [0, 0]
    assert AVAILABILITIES not in Points(Only(LOCATION, 0, 5), Listed.of_each({1: 1}))


@given(POINTS)
@example(Points())
@example(Points(Listed.of_each({})))
def test_one_by_one_and_all_at_once_are_the_same(points: Points) -> None:
    all_at_once = points.of(EACH).tolist()

    assert [points.get(a, 0) for a in range(AVAILABILITIES)] == all_at_once
    assert dict(points) == {a: n for a, n in enumerate(all_at_once) if n}
    assert len(points) == len(dict(points))
    assert [a in points for a in range(AVAILABILITIES)] == [n > 0 for n in all_at_once]


@given(POINTS, POINTS)
@example(Points(Only(LOCATION, 1, 5)), Points(Listed.of_each({1: 5, 3: 5})))
@example(Points(ByKey(LOCATION, column(0, 0))), Points())
@example(Points(Listed.of_each({4: 1})), Points(Listed.of_each({4: 1, 9: 0})))
def test_equal_are_those_that_give_equal_points(one: Points, other: Points) -> None:
    same = dict(one) == dict(other)

    assert (one == other) is same
    assert (one == dict(other)) is same
    assert not same or hash(one) == hash(other)


@given(POINTS)
def test_a_pickle_gives_the_same_points(points: Points) -> None:
    assert pickle.loads(pickle.dumps(points)) == points  # noqa: S301 (our own)


def test_a_pickle_has_what_many_share_once() -> None:
    practitioner = np.zeros(100_000, np.int64)
    likes = [Points(Only(practitioner, n, 2), ByKey(practitioner, column(1))) for n in range(1000)]

    back = pickle.loads(pickle.dumps(likes))  # noqa: S301 (our own)

    assert len(pickle.dumps(likes)) < 2 * practitioner.nbytes
    assert len({id(factor.keys) for points in back for factor in points._factors}) == 1


def test_what_comes_as_a_mapping_is_asked_the_same_way() -> None:
    points = Points(Only(LOCATION, 1, 5))

    assert as_points(points) is points
    assert as_points({3: 7, 1: 2}).of(EACH).tolist() == [0, 2, 0, 7, 0]
    assert as_points({3: 7, 1: 2}).get(2, 0) == 0


def test_instances_are_equal_whatever_their_points_are_made_of() -> None:
    blocks = availabilities_of(2)
    by_practitioner = Points(Only(column(0, 1), 1, 7))

    def liking(points: Points) -> Instance:
        return an_instance([a_request(preferences=points)], blocks)

    assert liking(by_practitioner) == liking(as_points({1: 7}))
    assert liking(by_practitioner) != liking(as_points({1: 8}))
    assert liking(Points()) != an_instance([a_request()], blocks)


@given(small_instances(), st.data())
@searched(0.5)
def test_a_pair_has_the_same_points_among_all_pairs_and_by_itself(
    instance: Instance, data: st.DataObject
) -> None:
    practitioner = np.array([a.practitioner for a in instance.availabilities])
    likes = [Only(practitioner, p, 2 + p) for p in range(3)]
    instance = replace(
        instance,
        requests=tuple(
            replace(r, preferences=Points(*data.draw(st.lists(st.sampled_from(likes)))))
            if data.draw(st.booleans())
            else r
            for r in instance.requests
        ),
    )
    found = candidates(instance)

    assert found.preference.tolist() == [
        preference(instance.requests[r], instance.availabilities[a], a)
        for r, a in zip(found.request.tolist(), found.availability.tolist(), strict=True)
    ]


def from_file(points: int) -> Instance:
    request = worlds.a_request(preferences=[["A1", points]])
    return facts_of(worlds.an_instance(requests=[request]))


def test_a_file_has_no_more_points_for_a_pair_than_the_sums_of_planning_bear() -> None:
    most = from_file(MOST_POINTS).requests[0].preferences

    assert most == Points(Listed.of_each({0: 10_000}))
    with pytest.raises(MalformedInputError, match="10000"):
        from_file(MOST_POINTS + 1)


@pytest.mark.parametrize("points", [Points(), Points(Only(LOCATION, 1, 5))])
def test_points_are_shown_as_what_they_are(points: Points) -> None:
    assert repr(points) == f"Points({dict(points)})"
