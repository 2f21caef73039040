"""The night's run: load, plan, check, book, explain; one at a time, safe to kill and to start again. Domain §4.

What it books is booked batch by batch, with the answers to the requests in the same transaction; so
whoever takes over after a crash finds every request open or answered, and plans what is open.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.database import BusyError, reading, retried, writing
from models.runs import RunState
from scheduler.actor import Actor
from scheduler.loading import zones
from scheduler.parameters import NOTICE_NEXT_DAY, value
from scheduler.planning import outcomes
from scheduler.planning.asking import PLANNING
from scheduler.planning.explaining import ZoneResult, as_it_stands, keep
from scheduler.planning.lease import Busy, Heartbeat, Held, Job, LostLeaseError, start
from scheduler.planning.night import Night, RunSettings, Solve
from scheduler.planning.report import plan_file, report
from scheduler.planning.rounds import ZonePlan, plan_zone
from scheduler.planning.sharing import Ring, Sharing
from scheduler.planning.watch import CancelAskedError, OnProgress, Watch
from solver.options import Progress
from solver.process import plan


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run that has ended. `files`: its plan by zone, as the content of a plan file."""

    run_id: UUID
    state: RunState
    report: Mapping[str, Any]
    zones: tuple[ZoneResult, ...]
    files: Mapping[str, dict[str, Any]]


def unwatched(progress: Progress) -> None:
    """Nobody is looking."""


def plan_open_requests(
    engine: Engine,
    settings: RunSettings,
    *,
    now: datetime,
    by: Actor,
    on_progress: OnProgress = unwatched,
    solve: Solve = plan,
    ring: Ring | None = None,
) -> RunResult | Busy:
    """Plan all open requests together, book what is planned, and say why the rest is not.

    `solve`: plans one instance; a child process does, unless somebody has a better idea. `ring`: calls
    helpers, who plan shares of it at the same time.

    Raises:
        LostLeaseError: the run was away past its lease; it has written nothing since, and whoever
            took over answers for it.
    """
    today = business_date(engine, now)
    held = start(
        engine, Job(PLANNING, "", today, settings.kept(), settings.preview), settings.lease
    )
    if isinstance(held, Busy):
        return held
    return carry_out(
        held, settings, now=now, by=by, on_progress=on_progress, solve=solve, ring=ring
    )


def business_date(engine: Engine, now: datetime) -> date:
    """The day that it is where most of the availabilities are."""
    with reading(engine) as session:
        return business_date_of(session, now)


def business_date_of(session: Session, now: datetime) -> date:
    """The same within a transaction."""
    there = zones(session)
    return now.astimezone(ZoneInfo(there[0] if there else "UTC")).date()


def carry_out(
    held: Held,
    settings: RunSettings,
    *,
    now: datetime,
    by: Actor,
    on_progress: OnProgress = unwatched,
    solve: Solve = plan,
    ring: Ring | None = None,
) -> RunResult:
    """Do the run that is held, to its end, whichever that is.

    Raises:
        LostLeaseError: the run was away past its lease, and is not this holder's any more.
    """
    with reading(held.engine) as session:
        there = zones(session)
        waiting = outcomes.waiting(session)
        from_tomorrow = value(session, NOTICE_NEXT_DAY)
    if ring is not None:
        solve = Sharing(held, ring, settings.share).solve
    heart = Heartbeat(held)
    watch = Watch(held, heart, on_progress)
    night = Night(held, settings, by, now, watch, solve, waiting, from_tomorrow)
    with heart.beating():
        return _Run(night, [ZonePlan(zone) for zone in there]).ended()


@dataclass(slots=True)
class _Run:
    """A run on its way, so that what it has done is known wherever it ends."""

    night: Night
    plans: list[ZonePlan]
    results: list[ZoneResult] = field(default_factory=list)

    def ended(self) -> RunResult:
        """Run it to its end, whichever that is."""
        try:
            self._plan()
            self._explain()
        except CancelAskedError:
            return self._end(RunState.CANCELLED)
        except LostLeaseError:
            raise
        except BaseException as error:
            # where the database is what failed, the lease runs out by itself
            with suppress(LostLeaseError, DBAPIError, BusyError):
                self._end(RunState.FAILED, f"{type(error).__name__}: {error}")
            raise
        failed = any(plan.trouble for plan in self.plans)
        return self._end(RunState.FAILED if failed else RunState.DONE)

    def _plan(self) -> None:
        night = self.night
        if night.held.taken_over:
            with night.held.writing() as session:
                outcomes.forget(session, night.held.run_id, preview=night.settings.preview)
        for number, plan_ in enumerate(self.plans):
            taken = self._previewed() if night.settings.preview else ()
            plan_zone(night, plan_, zones_left=len(self.plans) - number, taken=taken)

    def _previewed(self) -> set[UUID]:
        """What has a place in a zone already, though nothing is booked."""
        return {
            plan_.facts.requests[one.request].id
            for plan_ in self.plans
            if plan_.facts is not None
            for solved in plan_.solved
            for one in solved.plan
        }

    def _explain(self) -> None:
        for plan_ in self.plans:
            self.night.watch.at("reasons")
            self.results.append(as_it_stands(self.night, plan_))
        keep(self.night, self.plans, self.results)
        self.night.watch.at("explained")

    def _end(self, state: RunState, trouble: str | None = None) -> RunResult:
        night, held = self.night, self.night.held
        files = {
            result.zone: plan_file(night, plan_, result)
            for plan_, result in zip(self.plans, self.results, strict=False)
        }
        told = retried(partial(self._finish, files, state, trouble))
        return RunResult(held.run_id, state, told, tuple(self.results), files)

    def _finish(
        self, files: Mapping[str, dict[str, Any]], state: RunState, trouble: str | None
    ) -> dict[str, Any]:
        night, held = self.night, self.night.held
        with writing(held.engine) as session:
            planned, explained = outcomes.answered(session, held.run_id)
            counts = {
                "asked": len(planned | explained | night.waiting),
                "planned": len(planned),
                "left_out": len(explained),
            }
            told = report(night, self.plans, files, counts)
            told |= {"trouble": trouble} if trouble else {}
            held.finish(session, state, told)
        return told
