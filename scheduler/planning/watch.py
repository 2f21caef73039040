"""What a run says while it goes on, and what it hears: told to whoever started it, kept in its row."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace

from sqlalchemy.exc import DBAPIError

from scheduler.planning.lease import Heartbeat, Held, LostLeaseError
from solver.options import Progress

KEEP_EVERY = 1.0
"""Seconds between two accounts of the progress in the run's row, at least."""

OnProgress = Callable[[Progress], None]


class CancelAskedError(Exception):
    """Somebody wants the run to end; what it has booked stays."""


@dataclass(slots=True)
class Watch:
    """Follows a run: each step is told here, and here it ends where it is to end.

    `planned`, `weight`: what has been booked so far; the solver tells of the rest. `bound`: the
    heaviest that all of it together may come to.
    """

    held: Held
    heart: Heartbeat
    on_progress: OnProgress
    planned: int = 0
    weight: int = 0
    bound: int | None = None
    began: float = field(default_factory=time.monotonic)
    _kept: float = 0.0

    def solving(self, progress: Progress) -> None:
        """What the solver tells, and what is booked already on top of it.

        Raises:
            CancelAskedError: the run is to end.
            LostLeaseError: it is somebody else's by now.
        """
        bound = None if progress.bound is None else progress.bound + self.weight
        self.bound = bound
        self._tell(
            replace(
                progress,
                planned=progress.planned + self.planned,
                weight=progress.weight + self.weight,
                bound=bound,
            )
        )

    def at(self, stage: str) -> None:
        """A step of the run itself is done, or begins.

        Raises:
            CancelAskedError: the run is to end.
            LostLeaseError: it is somebody else's by now.
        """
        self._tell(Progress(stage, self.planned, self.weight, self.bound, self.seconds))

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self.began

    def _tell(self, progress: Progress) -> None:
        told = replace(progress, seconds=self.seconds)
        self.on_progress(told)
        if self.heart.lost.is_set():
            raise LostLeaseError(f"run {self.held.run_id} was taken over")
        if self.heart.cancel_asked.is_set():
            raise CancelAskedError
        if time.monotonic() - self._kept >= KEEP_EVERY:
            self._keep(told)

    def _keep(self, progress: Progress) -> None:
        self._kept = time.monotonic()
        # a database that is busy for a moment need not hear of every second
        with suppress(DBAPIError):
            self.held.beat(progress=asdict(progress))
