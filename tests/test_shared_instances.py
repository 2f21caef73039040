"""Against figures that others have measured, on instances that are no part of the project.

They lie in `../shared/data` beside a checkout of the maintainers; elsewhere these tests are left out,
and say so.
"""

from pathlib import Path

import pytest

from solver.board import Boards
from solver.candidates import Candidates, candidates
from solver.files.instance import read_instance
from solver.flow import largest_flow, network, weight_bound, weight_then_lower_aims
from solver.greedy import best_greedy, first_come_first_served
from solver.rounding import rounded
from solver.score import score

SHARED = Path(__file__).parents[2] / "shared" / "data"

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"LEFT OUT: there is no {SHARED} with the shared instances"
)


def asked(name: str) -> Candidates:
    return candidates(read_instance(SHARED / f"{name}.json.gz"))


@pytest.mark.parametrize(
    ("name", "weight"),
    [
        ("S-80", 570),
        ("S-100", 408),
        ("S-130", 287),
        ("M-80", 6727),
        ("M-100", 5525),
        ("M-130", 5773),
    ],
)
def test_first_come_first_served_gets_what_was_measured_elsewhere(name: str, weight: int) -> None:
    found = asked(f"instances/{name}-1")

    reached = score(found.instance, first_come_first_served(Boards(found))).weight

    assert reached == weight
    assert score(found.instance, best_greedy(Boards(found))).weight >= weight


@pytest.mark.parametrize(
    ("name", "loosest"),
    [
        ("S-80", 710),
        ("S-100", 611),
        ("S-130", 452),
        ("M-80", 8053),
        ("M-100", 6759),
        ("M-130", 8773),
    ],
)
def test_the_bound_is_at_least_as_tight_as_was_measured_elsewhere(name: str, loosest: int) -> None:
    assert weight_bound(network(asked(f"instances/{name}-1"))) <= loosest


@pytest.mark.parametrize(
    ("name", "weight", "seniority"),
    [("S", 58_189, 64_208), ("S-drop10", 58_045, 60_094)],
)
def test_where_all_durations_are_equal_the_rounded_flow_is_the_optimum(
    name: str, weight: int, seniority: int
) -> None:
    found = asked(f"vitoria/vitoria-{name}")
    net = network(found)

    plan = rounded(Boards(found), [largest_flow(net, weight_then_lower_aims(found))])

    reached = score(found.instance, plan)
    assert (reached.weight, reached.seniority) == (weight, seniority)
    assert weight_bound(net) == weight
