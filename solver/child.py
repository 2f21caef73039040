"""The child process of `solver.process`: reads one problem, plans it, sends what it finds.

Standard output is the pipe to the parent; whatever a library prints goes to standard error.
"""

import os
import pickle
import select
import sys
import threading
import time
from typing import BinaryIO

from solver.facts import Instance, Plan
from solver.options import Options, Progress
from solver.pipeline import run
from solver.process import Found, Refused
from solver.referee import RefusedPlanError
from solver.search import Search

SEND_EVERY = 1.0
"""Seconds between two plans on their way to the parent, at least."""


class _Sender:
    """Sends progress at once, and the best plan now and then."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._began = time.monotonic()
        self._sent = 0.0

    def progress(self, search: Search) -> None:
        self._send(
            Progress(
                stage=search.stage,
                planned=len(search.plan),
                weight=search.score.weight,
                bound=search.bound,
                seconds=time.monotonic() - self._began,
            )
        )
        if time.monotonic() - self._sent >= SEND_EVERY:
            self.found(search, {}, complete=False)

    def found(self, search: Search, seconds: dict[str, float], *, complete: bool) -> None:
        self._send(
            Found(
                plan=search.plan,
                bound=search.bound,
                compared=search.compared,
                iterations=search.iterations,
                seconds=seconds,
                complete=complete,
                scarcity=search.scarcity,
            )
        )
        self._sent = time.monotonic()

    def refused(self, refusal: Refused) -> None:
        self._send(refusal)

    def _send(self, message: Progress | Found | Refused) -> None:
        pickle.dump(message, self._pipe)
        self._pipe.flush()


def _end_with_the_parent(pipe: int) -> None:
    """Wait until nobody reads the pipe any more, and end: whatever is planned is for nobody."""
    reader = select.poll()
    reader.register(pipe, 0)  # errors are told even where nothing is asked
    reader.poll()
    os._exit(1)


def main() -> None:
    """Plan what comes in; a parent that is gone ends the child."""
    threading.Thread(target=_end_with_the_parent, args=(os.dup(1),), daemon=True).start()
    instance: Instance
    options: Options
    begun: Plan
    with os.fdopen(os.dup(1), "wb") as pipe:
        os.dup2(2, 1)
        try:
            instance, options, begun = pickle.load(sys.stdin.buffer)  # noqa: S301 (from our own parent)
        except (EOFError, pickle.UnpicklingError):
            return  # the parent was stopped before it had asked
        sender = _Sender(pipe)
        try:
            search, seconds = run(instance, options, sender.progress, begun=begun)
        except RefusedPlanError as refusal:
            sender.refused(Refused(str(refusal)))
        else:
            sender.found(search, seconds, complete=True)


if __name__ == "__main__":
    main()
