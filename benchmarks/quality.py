"""How good a plan is, whoever made it: as `spreekuur check` counts it, and against what was asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.inputs import KNOWN, Input, Known
from benchmarks.measured import SPREEKUUR, measured
from benchmarks.requests import URGENT
from solver.candidates import candidates
from solver.facts import Instance, Request
from solver.files.instance import read_instance

LONG_WAIT = 14
"""Days from the formal request date after which a wait is told apart."""


class BrokenPlanError(ValueError):
    """A plan that the checker does not let pass; the text has its first complaint."""


@dataclass(frozen=True)
class Problem:
    """An instance with what every row about it tells.

    `options_per_request`: possible (request, availability) pairs, rooms and all, per request.
    `urgent`: the ids of urgent requests that have an option. `known`: its optimum, where known.
    """

    input: Input
    file: Path
    instance: Instance
    options_per_request: float
    urgent: frozenset[str]
    known: Known | None

    @classmethod
    def of(cls, given: Input, folder: Path) -> "Problem":
        """Read the instance; the folder is for what has to be made first."""
        file = given.file(folder)
        instance = read_instance(file)
        found = candidates(instance)
        requests = instance.requests
        return cls(
            input=given,
            file=file,
            instance=instance,
            options_per_request=round(len(found.request) / max(1, len(requests)), 2),
            urgent=frozenset(requests[r].id for r in found.requests if _urgent(requests[r])),
            known=KNOWN.get(instance.name),
        )


def _urgent(request: Request) -> bool:
    return request.priority == URGENT


@dataclass(frozen=True, slots=True)
class Quality:
    """The four aims of a plan and what else it is asked for.

    `urgent_left_out`: of the `urgent_with_option`. `of_best_weight`, `of_best_seniority`: shares of
    the optimum, where it is known. `long_waits`: planned later than `LONG_WAIT` days after their
    formal request date; `history`, `fewest`: how many did, and the fewest possible.
    """

    planned: int
    weight: int
    seniority: int
    preference: int
    unusable_gap_minutes: int
    urgent_with_option: int
    urgent_left_out: int
    of_best_weight: float | None
    of_best_seniority: float | None
    long_waits: int
    history: int | None
    fewest: int | None


def checked(problem: Problem, plan_file: Path, content: Mapping[str, Any]) -> Quality:
    """The quality of a plan file, whose content is given as well.

    Raises:
        BrokenPlanError: `spreekuur check` finds fault with it.
    """
    check = measured([SPREEKUUR, "check", str(problem.file), str(plan_file)])
    if check.code != 0:
        complaint = (check.out or check.err).strip().partition("\n")[0]
        raise BrokenPlanError(f"the plan does not pass the check: {complaint}")
    assignments = content["assignments"]
    planned = {a["request"] for a in assignments}
    score = json.loads(check.out)
    known = problem.known
    return Quality(
        planned=len(planned),
        **score,
        urgent_with_option=len(problem.urgent),
        urgent_left_out=len(problem.urgent - planned),
        of_best_weight=score["weight"] / known.weight if known else None,
        of_best_seniority=score["seniority"] / known.seniority if known else None,
        long_waits=_long_waits(problem.instance, assignments),
        history=known.history if known else None,
        fewest=known.fewest if known else None,
    )


def _long_waits(instance: Instance, assignments: list[dict[str, Any]]) -> int:
    requests = {request.id: request for request in instance.requests}
    blocks = {block.id: block for block in instance.availabilities}
    waits = (
        instance.start_date
        + timedelta(days=blocks[a["availability"]].day)
        - requests[a["request"]].requested_on
        for a in assignments
    )
    return sum(wait.days > LONG_WAIT for wait in waits)
