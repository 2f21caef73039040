"""A run planned by as many as there are: handed out in shares, gathered, and planned once more as a whole.

The run's own process plans shares like everybody else, so that it goes on where nobody comes, and it waits
for nobody past the time it has. The shares are the same ones whoever plans them; where iterations are
counted, so is the plan.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from models.database import reading
from scheduler.planning import claims
from scheduler.planning.claims import Answered, Asked
from scheduler.planning.helping import plan_one
from scheduler.planning.lease import Held
from scheduler.planning.watch import OnProgress
from solver.check import check
from solver.facts import Instance, Plan
from solver.options import Options, Progress
from solver.process import GaveUp, Solved, plan
from solver.shares import Share, shares, together

log = logging.getLogger(__name__)

Ring = Callable[[UUID, int], int]
"""Call for helpers for a run, so many at most; gives how many may come."""

FOR_SHARES = 0.6
"""Of the time: the rest is for the whole."""
AGAIN = 12
"""The whole gets this part of the iterations."""
LOOK_EVERY = 0.2
"""Seconds between two looks whether the others are done."""
SPARE = 2.0
"""Seconds after which nobody waits any longer for an answer that should be there."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """Plans an instance for the run that is `held`."""

    held: Held
    ring: Ring
    size: int

    def solve(
        self, instance: Instance, options: Options, on_progress: OnProgress
    ) -> Solved | GaveUp:
        """Plan it, in shares where it is large enough and there is somebody to help."""
        until = time.monotonic() + options.time_limit
        parts = shares(instance, self.size) if len(instance.requests) >= 2 * self.size else []
        helpers = self.ring(self.held.run_id, len(parts) - 1) if len(parts) > 1 else 0
        if len(parts) < 2 or (not helpers and options.iterations is None):  # noqa: PLR2004 (one share is the whole)
            return plan(instance, options, on_progress)
        asked = _asked(parts, options, helpers)
        within = None if options.iterations is not None else options.time_limit * FOR_SHARES
        with self.held.writing() as session:
            keys = claims.hand_out(session, self.held.run_id, asked, within)
        self._plan_shares(on_progress, within)
        found = self._gathered()
        answered = [
            (part, found[key]) for part, key in zip(parts, keys, strict=True) if key in found
        ]
        begun = _begun(instance, answered) if len(answered) == len(parts) else ()
        left = replace(options, time_limit=max(1.0, until - time.monotonic()))
        if options.iterations is not None:
            left = replace(left, iterations=options.iterations // AGAIN)
        solved = plan(instance, left, on_progress, begun=begun)
        return solved if isinstance(solved, GaveUp) else _all_told(solved, answered)

    def _plan_shares(self, on_progress: OnProgress, within: float | None) -> None:
        """Plan shares until all are answered, or the time for them is over."""
        over = None if within is None else time.monotonic() + within + SPARE
        began = time.monotonic()
        last = Progress("shares", 0, 0, None, 0.0)

        def told(progress: Progress | None) -> None:
            nonlocal last
            seconds = time.monotonic() - began
            if seconds - last.seconds >= LOOK_EVERY:
                last = self._so_far(progress, seconds)
            # told all the same: whoever listens may want the run to end
            on_progress(last)

        while over is None or time.monotonic() < over:
            if plan_one(self.held.engine, self.held.run_id, told) is not None:
                continue
            with reading(self.held.engine) as session:
                waiting, _ = claims.how_far(session, self.held.run_id)
            if not waiting:
                return
            told(None)
            time.sleep(LOOK_EVERY)

    def _so_far(self, mine: Progress | None, seconds: float) -> Progress:
        """What all shares come to; of a share that others plan, what was last heard of it."""
        with reading(self.held.engine) as session:
            waiting, heard = claims.how_far(session, self.held.run_id)
        planned = sum(one["planned"] for one in heard)
        weight = sum(one["weight"] for one in heard)
        stage = (
            f"shares, {waiting} left" if mine is None else f"shares, {waiting} left: {mine.stage}"
        )
        return Progress(stage, planned, weight, None, seconds)

    def _gathered(self) -> dict[UUID, Answered]:
        with self.held.writing() as session:
            found = claims.answers(session, self.held.run_id)
            claims.take_in(session, self.held.run_id)
        return found


def _asked(parts: Sequence[Share], options: Options, helpers: int) -> list[Asked]:
    """The time for all shares, given to each by its size and by how many plan at once."""
    total = sum(len(part.requests) for part in parts)
    hands = helpers + 1
    asked = []
    for part in parts:
        size = len(part.requests) / total
        own = replace(options, time_limit=options.time_limit * FOR_SHARES * min(1.0, size * hands))
        if options.iterations is not None:
            own = replace(own, iterations=max(1, round(options.iterations * size)))
        asked.append(Asked(part.instance, own))
    return asked


def _begun(instance: Instance, answered: Sequence[tuple[Share, Answered]]) -> Plan:
    """What the shares have found, as one plan.

    Where one has found nothing, or others' word does not hold, the whole is planned from its beginning.
    """
    plans = [(part, told.solved.plan) for part, told in answered if told.solved is not None]
    if len(plans) < len(answered):
        return ()
    begun = together(plans)
    broken = check(instance, begun)
    if broken:
        log.error("the shares together break %d rules, first %s", len(broken), broken[0].rule)
        return ()
    return begun


def _all_told(solved: Solved, answered: Iterable[tuple[Share, Answered]]) -> Solved:
    """With the iterations, seconds and troubles of the shares, too."""
    seconds: Counter[str] = Counter(solved.seconds)
    iterations, troubles = solved.iterations, [solved.trouble]
    for _, told in answered:
        troubles.append(told.gave_up)
        if told.solved is not None:
            seconds.update({f"shares: {what}": took for what, took in told.solved.seconds.items()})
            iterations += told.solved.iterations
            troubles.append(told.solved.trouble)
    trouble = "; ".join(dict.fromkeys(one for one in troubles if one)) or None
    return replace(solved, seconds=dict(seconds), iterations=iterations, trouble=trouble)
