"""HiGHS, by highspy. Never in one process with OR-Tools, which carries a HiGHS of its own.

As it comes, which is one thread on two cores: two took it five times as long to begin.
"""

import math
import time
from collections.abc import Callable

import highspy
import numpy as np

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
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)  # noqa: FBT003 (options are positional)
    solver.passModel(_as_highs(program))
    left = until - time.monotonic()
    if left <= 0:
        raise NoPlanError(f"{seconds:.1f} s were over before the model was built")
    solver.setOptionValue("time_limit", left)
    solver.run()
    info = solver.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        size = f"{len(program.request):,} columns, {program.rows.nnz:,} entries"
        raise NoPlanError(f"nothing found in the {left:.1f} s that building left ({size})")
    taken = np.flatnonzero(np.asarray(solver.getSolution().col_value) > 1 / 2)
    bound = info.mip_dual_bound
    return placed(
        program.candidates,
        program.chosen(taken.tolist()),
        math.floor(bound + 1e-6) if program.exact and math.isfinite(bound) else None,
        program.note,
    )


def _as_highs(program: Program) -> highspy.HighsLp:
    columns = len(program.request)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = columns, program.rows.shape[0]
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = program.worth
    model.col_lower_, model.col_upper_ = np.zeros(columns), np.ones(columns)
    model.integrality_ = [highspy.HighsVarType.kInteger] * columns
    model.row_lower_ = np.full(model.num_row_, -highspy.kHighsInf)
    model.row_upper_ = program.limits
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = program.rows.indptr
    model.a_matrix_.index_ = program.rows.indices
    model.a_matrix_.value_ = program.rows.data
    return model
