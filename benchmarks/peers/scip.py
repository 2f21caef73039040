"""SCIP, by PySCIPOpt: one thread, as it comes."""

import math
import time
from collections.abc import Callable
from itertools import pairwise

from pyscipopt import Model, quicksum

from benchmarks.peers import Answer, NoPlanError, gaps, slots
from benchmarks.peers.placing import placed
from benchmarks.peers.program import Program
from solver.candidates import Candidates, candidates
from solver.facts import Instance


def plan_gaps(instance: Instance, seconds: float) -> Answer:
    """The model by free gaps."""
    return _planned(instance, seconds, gaps.program)


def plan_slots(instance: Instance, seconds: float) -> Answer:
    """The time-indexed model."""
    return _planned(instance, seconds, slots.program)


def _planned(instance: Instance, seconds: float, model: Callable[[Candidates], Program]) -> Answer:
    until = time.monotonic() + seconds
    program = model(candidates(instance))
    solver = Model()
    solver.hideOutput()
    columns = [solver.addVar(vtype="B", obj=worth) for worth in program.worth.tolist()]
    solver.setMaximize()
    rows, limits = program.rows, program.limits.tolist()
    places, values = rows.indices.tolist(), rows.data.tolist()
    for (begin, end), limit in zip(pairwise(rows.indptr.tolist()), limits, strict=True):
        if time.monotonic() > until:
            break
        if begin < end:
            terms = (values[i] * columns[places[i]] for i in range(begin, end))
            solver.addCons(quicksum(terms) <= limit)
    left = until - time.monotonic()
    if left <= 0:
        raise NoPlanError(f"{seconds:.1f} s were over before the model was built")
    solver.setParam("limits/time", left)
    solver.optimize()
    best = solver.getBestSol()
    if best is None:
        raise NoPlanError(f"nothing found in the {left:.1f} s that building left")
    taken = [i for i, column in enumerate(columns) if best[column] > 1 / 2]
    bound = solver.getDualbound()
    proven = program.exact and abs(bound) < solver.infinity()
    return placed(
        program.candidates,
        program.chosen(taken),
        math.floor(bound + 1e-6) if proven else None,
        program.note,
    )
