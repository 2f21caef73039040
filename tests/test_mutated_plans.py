"""Ten thousand plans, each good but for one or two changes: none that is bad passes the checker."""

import random
from collections import Counter

import pytest

from benchmarks.generator import generate
from benchmarks.shapes import VARIANTS, Shape
from solver.board import Boards
from solver.candidates import candidates
from solver.check import check
from solver.facts import Assignment, Instance, Plan
from solver.files.plan import assignments_as_file
from solver.greedy import best_greedy
from tests import oracle
from tests.facts import facts_of

MUTANTS = 625
"""Of each of the sixteen worlds: ten thousand in all."""
WORLDS = [(variant, seed) for variant in VARIANTS for seed in (1, 2)]


def mutated(instance: Instance, plan: Plan, chance: random.Random) -> Plan:
    """The plan with one thing changed that may or may not matter."""
    lines = list(plan)
    i = chance.randrange(len(lines))
    line = lines[i]
    here = instance.availabilities[line.availability]
    there = chance.randrange(len(instance.availabilities))
    step = chance.choice([-1, 1]) * chance.choice([1, instance.grid, instance.grid, 30])
    match chance.randrange(7):
        case 0:  # a little earlier or later
            lines[i] = line._replace(start=line.start + step)
        case 1:  # at a start that somebody else has
            other = chance.choice(lines)
            lines[i] = line._replace(availability=other.availability, start=other.start)
        case 2:  # in another availability, at its beginning
            start = instance.availabilities[there].start
            lines[i] = line._replace(availability=there, start=start)
        case 3:  # in another availability, at its end
            late = instance.availabilities[there].end - instance.requests[line.request].occupied
            lines[i] = line._replace(availability=there, start=late)
        case 4:  # somebody else instead
            lines[i] = line._replace(request=chance.randrange(len(instance.requests)))
        case 5:  # one more
            everyone = range(len(instance.requests))
            start = chance.randrange(here.start, here.end, instance.grid)
            lines.append(Assignment(chance.choice(everyone), line.availability, start))
        case _:  # one less
            del lines[i]
    return tuple(lines)


@pytest.mark.parametrize(("variant", "seed"), WORLDS)
def test_the_checker_passes_what_the_oracle_passes_and_nothing_else(
    variant: str, seed: int
) -> None:
    file = generate(Shape.of(30).variant(variant), 130, seed)
    instance = facts_of(file)
    good = best_greedy(Boards(candidates(instance)))
    assert check(instance, good) == []
    chance = random.Random(f"{variant}-{seed}")
    broken: Counter[str] = Counter()

    for _ in range(MUTANTS):
        plan = mutated(instance, good, chance)
        if chance.random() < 0.3 and plan:
            plan = mutated(instance, plan, chance)
        expected = oracle.broken_rules(file, {"assignments": assignments_as_file(instance, plan)})
        assert {violation.rule for violation in check(instance, plan)} == expected
        broken.update(expected or ["none"])

    # the mutants are of many kinds: bad by several rules, and some of them good
    assert broken["none"] > 0
    assert len(broken) > 5
