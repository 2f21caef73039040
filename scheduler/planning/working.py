"""What a worker does: the next run that was asked for, whatever its kind; and shares of others' runs."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from models.database import BusyError, reading, writing
from models.runs import RunState
from scheduler.actor import Actor
from scheduler.planning import claims
from scheduler.planning.asking import PLANNING, TAKING_BACK, TakenOn, anything_waits, take_on
from scheduler.planning.helping import help_out
from scheduler.planning.lease import Heartbeat, LostLeaseError
from scheduler.planning.night import RunSettings
from scheduler.planning.run import carry_out
from scheduler.planning.sharing import Ring
from scheduler.planning.taking_back import take_back
from scheduler.refusals import RefusedError

log = logging.getLogger(__name__)

Now = Callable[[], datetime]


def nobody_to_ring(_run_id: UUID, _most: int) -> int:
    """There is no bell: the run plans by itself, and whoever looks into the table may help."""
    return 0


def work(engine: Engine, *, now: Now, ring: Ring = nobody_to_ring) -> int:
    """Do all there is to do at this moment; give how many runs and shares it was."""
    done = 0
    while (taken := _next(engine)) is not None:
        do(taken, now=now, ring=ring)
        done += 1
    with reading(engine) as session:
        shared = claims.shared_out(session)
    return done + sum(help_out(engine, run_id) for run_id in shared)


def _next(engine: Engine) -> TakenOn | None:
    with reading(engine) as session:
        # most looks find nothing: on SQLite they need not keep others from writing
        if not anything_waits(session):
            return None
    try:
        return take_on(engine)
    except IntegrityError:
        return None  # another was quicker, and one of the kind goes on


def do(taken: TakenOn, *, now: Now, ring: Ring = nobody_to_ring) -> None:
    """Do a run to its end. What fails is in its report, and in the log by its kind."""
    by = Actor(taken.asked_by_id)
    try:
        if taken.kind == PLANNING:
            settings = RunSettings.of(taken.settings)
            carry_out(taken.held, settings, now=now(), by=by, ring=ring)
        elif taken.kind == TAKING_BACK:
            _take_back(taken, by, now())
        else:
            _failed(taken, f"nobody knows how to do a run of the kind {taken.kind!r}")
    except LostLeaseError:
        log.warning("run %s was away past its lease; it is somebody else's", taken.held.run_id)
    except Exception as error:  # noqa: BLE001 (a worker outlives what it does)
        # the kind only: the words of a database error hold what was written; the report has them
        log.error("run %s failed: %s", taken.held.run_id, type(error).__name__)  # noqa: TRY400
        # where it has not said so itself: nobody else need try the same
        with suppress(LostLeaseError, DBAPIError, BusyError):
            _failed(taken, f"{type(error).__name__}: {error}")


def _take_back(taken: TakenOn, by: Actor, now: datetime) -> None:
    heart = Heartbeat(taken.held)

    def go_on() -> bool:
        return taken.held.beat() is None  # nobody wants it to end

    run_id = UUID(taken.settings["run"])
    with heart.beating():
        try:
            told = take_back(taken.held.engine, run_id, by=by, now=now, go_on=go_on)
        except RefusedError as error:
            _failed(taken, error.refusals[0].code)
            return
    kept = {str(key): why for key, why in told.kept.items()}
    report = {"taken": len(told.taken), "kept": kept, "left": told.left}
    _end(taken, RunState.CANCELLED if told.left else RunState.DONE, report)


def _failed(taken: TakenOn, trouble: str) -> None:
    _end(taken, RunState.FAILED, {"trouble": trouble})


def _end(taken: TakenOn, state: RunState, report: dict[str, object]) -> None:
    with writing(taken.held.engine) as session:
        taken.held.finish(session, state, report)
