"""Planning in a child process: its memory, its crashes and OR-Tools stay there.

`plan` starts `solver.child` by name, passes on its progress, and takes nothing on trust: what comes
back has been checked here, by code that the child does not share. A child that dies leaves the best
plan it had sent.
"""

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import IO

from solver.aims import Baseline, Score
from solver.check import check
from solver.facts import Instance, Plan
from solver.options import Options, Progress, gap
from solver.scarcity import NOTHING_SCARCE, Scarcity
from solver.score import score

TOLD_AGAIN = 1.0
"""Seconds of silence after which the last progress is told once more."""
GRACE = 30.0
"""Seconds past its time limit after which a child is stopped by force."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best that a child has found so far, as it sends it.

    `compared`: the scores of the baselines. `seconds`: by stage. `complete`: no more will come.
    """

    plan: Plan
    bound: int | None
    compared: dict[str, Baseline]
    iterations: int
    seconds: dict[str, float]
    complete: bool
    scarcity: Scarcity = NOTHING_SCARCE


@dataclass(frozen=True, slots=True)
class Refused:
    """What a child sends instead where its own referee refuses the plan: none of it is to be used."""

    reason: str


Messages = queue.SimpleQueue[Progress | Found | Refused | None]
"""What comes from the child, and None at its end."""


@dataclass(frozen=True, slots=True)
class Solved:
    """A plan that keeps every rule. `bound`: proven, no plan weighs more; None: not known.

    `trouble`: why the run ended before its budget was spent, where it did.
    """

    plan: Plan
    score: Score
    bound: int | None
    compared: dict[str, Baseline]
    iterations: int
    seconds: dict[str, float] = field(default_factory=dict)
    trouble: str | None = None
    scarcity: Scarcity = NOTHING_SCARCE

    @property
    def optimal(self) -> bool:
        """Whether it is proven that no plan weighs more."""
        return self.bound is not None and self.score.weight >= self.bound

    @property
    def gap(self) -> float | None:
        """How far the weight may be from the best possible, as a share of the bound."""
        return gap(self.score.weight, self.bound)


@dataclass(frozen=True, slots=True)
class GaveUp:
    """No plan, and why."""

    reason: str


def plan(
    instance: Instance,
    options: Options,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    *,
    begun: Plan = (),
) -> Solved | GaveUp:
    """Plan all requests of the instance together, in a child process.

    `options.time_limit` is counted from this call and includes starting the child. `begun`: a plan that keeps
    every rule, to begin with.
    """
    until = time.time() + options.time_limit
    child = subprocess.Popen(
        [sys.executable, "-m", "solver.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        process_group=0,  # Ctrl-C is for this process, which ends the child itself
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    if child.stdin is None or child.stdout is None:  # never, with PIPE
        raise RuntimeError("the planning process has no pipes")
    messages: Messages = queue.SimpleQueue()
    pump = threading.Thread(target=_pump, args=(child.stdout, messages), daemon=True)
    pump.start()
    try:
        with contextlib.suppress(BrokenPipeError), child.stdin as pipe:
            pickle.dump((instance, replace(options, until=until), begun), pipe)
        limit = options.time_limit + GRACE if options.iterations is None else None
        found, trouble = _listen(messages, limit, on_progress)
    finally:
        child.kill()
        child.wait()
        pump.join()
        child.stdout.close()
    if isinstance(found, Refused):
        return GaveUp(found.reason)
    if found is None:
        return GaveUp(trouble or f"the planning process ended with code {child.returncode}")
    return _checked(instance, found, trouble)


def _checked(instance: Instance, found: Found, trouble: str | None) -> Solved | GaveUp:
    """What was found, if it keeps every rule and no bound lies under it."""
    broken = check(instance, found.plan)
    if broken:
        first = broken[0]
        return GaveUp(
            f"the plan found breaks {len(broken)} rules, first {first.rule}"
            f" ({', '.join(first.involved)}: {first.detail}); it was thrown away"
        )
    reached = score(instance, found.plan)
    if found.bound is not None and reached.weight > found.bound:
        return GaveUp(f"the weight {reached.weight} lies over the proven bound {found.bound}")
    return Solved(
        plan=found.plan,
        score=reached,
        bound=found.bound,
        compared=found.compared,
        iterations=found.iterations,
        seconds=found.seconds,
        trouble=trouble,
        scarcity=found.scarcity,
    )


def _listen(
    messages: "Messages", limit: float | None, on_progress: Callable[[Progress], None]
) -> tuple[Found | Refused | None, str | None]:
    """The last that the child sent, and what went wrong with it if anything did."""
    began = time.monotonic()
    found: Found | None = None
    last = Progress("begun", 0, 0, None, 0.0)
    while True:
        try:
            message = messages.get(timeout=TOLD_AGAIN)
        except queue.Empty:
            seconds = time.monotonic() - began
            if limit is not None and seconds > limit:
                return found, "the planning process did not keep its time limit and was stopped"
            # however long it is silent, whoever listens may want it to end
            on_progress(replace(last, seconds=seconds))
            continue
        if message is None:
            if found is not None and found.complete:
                return found, None
            return found, "the planning process died before it was done"
        if isinstance(message, Refused):
            return message, None
        if isinstance(message, Found):
            found = message
        else:
            last = message
            on_progress(message)


def _pump(pipe: IO[bytes], messages: "Messages") -> None:
    """Move messages from the child to the queue; None at its end."""
    try:
        while True:
            messages.put(pickle.load(pipe))  # noqa: S301 (from our own child)
    except (EOFError, OSError, pickle.UnpicklingError):
        pass  # it has ended, in its own time or in the middle of a message
    finally:
        messages.put(None)
