"""What all steps of one run share: how it was asked for, who holds it, its clocks and its facts."""

from collections.abc import Callable, Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from models.database import reading
from scheduler.actor import Actor
from scheduler.loading import Loaded, horizon, next_day
from scheduler.parameters import HORIZON_DAYS, value
from scheduler.planning.lease import Held
from scheduler.planning.watch import OnProgress, Watch
from solver.facts import Instance
from solver.options import Options
from solver.process import GaveUp, Solved
from solver.shares import SIZE
from solver.why_not import seconds_needed

Solve = Callable[[Instance, Options, OnProgress], Solved | GaveUp]

FIRST_ROUND = 0.85
"""Share of the time for the first round: what comes back in a later one is little."""
LATER_ROUND = 0.6
"""Share of what is left then."""
LATER_ITERATIONS = 4
"""A later round gets this part of the iterations."""
SHORTEST_ROUND = 2.0
"""Seconds for which no further round is begun: starting the planning process takes most of it."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a run is asked for.

    `from_day`: tomorrow without, on the clocks of each location. `days`: the product parameter's
    without. `time_limit`: seconds for the whole run. `iterations`: the budget of the search counts
    these instead, and the plan depends on nothing but what it is made of. `share`: requests that each share
    has at least, where several plan at once.
    """

    from_day: date | None = None
    days: int | None = None
    time_limit: float = 30.0
    iterations: int | None = None
    seed: int = 1
    workers: int = 2
    preview: bool = False
    lease: timedelta = timedelta(seconds=60)
    rounds: int = 3
    batch: int = 100
    share: int = SIZE

    def kept(self) -> dict[str, Any]:
        """As the run's row has it."""
        values = asdict(self)
        values["from_day"] = self.from_day and self.from_day.isoformat()
        values["lease"] = self.lease.total_seconds()
        return values

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """What was kept so."""
        known = {name: kept[name] for name in cls.__slots__ if name in kept}
        if known.get("from_day") is not None:
            known["from_day"] = date.fromisoformat(known["from_day"])
        if "lease" in known:
            known["lease"] = timedelta(seconds=known["lease"])
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Seconds by what they were spent on."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timing(self, what: str) -> Iterator[None]:
        """Count what happens in here."""
        began = monotonic()
        try:
            yield
        finally:
            self.seconds[what] = self.seconds.get(what, 0.0) + monotonic() - began


@dataclass(frozen=True, slots=True)
class Night:
    """One run.

    `now`: when it began. `by`: in whose name it books. `waiting`: all that was open then.
    `from_tomorrow`: the product parameter `NOTICE_NEXT_DAY`.
    """

    held: Held
    settings: RunSettings
    by: Actor
    now: datetime
    watch: Watch
    solve: Solve
    waiting: AbstractSet[UUID]
    from_tomorrow: bool
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    @property
    def moment(self) -> datetime:
        """Now, while the run goes on."""
        return self.now + timedelta(seconds=self.watch.seconds)

    def not_before(self, zone: str) -> datetime:
        """Automatic planning plans for the next day at the soonest, by default (`notice`, domain §3)."""
        return next_day(self.now, zone) if self.from_tomorrow else self.now

    def load(self, zone: str) -> Loaded:
        """What there is to be planned in that zone, as it stands at this moment."""
        not_before = self.not_before(zone)
        from_day = self.settings.from_day or not_before.astimezone(ZoneInfo(zone)).date()
        with self.stopwatch.timing("load"), reading(self.held.engine) as session:
            days = timedelta(days=self.settings.days or value(session, HORIZON_DAYS))
            until_day = from_day + days
            return horizon(session, zone, from_day, until_day, now=self.now, not_before=not_before)

    def options(self, facts: Loaded, number: int, zones_left: int) -> Options | None:
        """What the search may spend in this round, counted from 0; nothing where no time is left for it."""
        asked = self.settings
        plain = Options(seed=asked.seed, workers=asked.workers, iterations=asked.iterations)
        if asked.iterations is not None:
            part = asked.iterations // LATER_ITERATIONS if number else asked.iterations
            return replace(plain, iterations=part)
        left = asked.time_limit - self.watch.seconds
        left -= min(self._afterwards(facts), asked.time_limit / 2)
        if number and left < SHORTEST_ROUND:
            return None
        # most availabilities come first, and what one zone does not need the next one has
        left *= 1 if zones_left == 1 else 2 / (zones_left + 1)
        return replace(plain, time_limit=max(0.1, left * (LATER_ROUND if number else FIRST_ROUND)))

    def _afterwards(self, facts: Loaded) -> float:
        """Seconds that checking, booking and the reasons will take, at a guess."""
        asked, blocks = len(facts.requests), len(facts.availabilities)
        again = 2 * self.stopwatch.seconds.get("load", 0.0)
        return again + seconds_needed(asked, blocks) + asked * 1e-3


def without(facts: Loaded, requests: Collection[UUID]) -> Loaded:
    """The facts as if these were not asked: nothing else refers to a request by its number."""
    kept = [i for i, row in enumerate(facts.requests) if row.id not in requests]
    asked = tuple(facts.instance.requests[i] for i in kept)
    rows = tuple(facts.requests[i] for i in kept)
    return replace(facts, instance=replace(facts.instance, requests=asked), requests=rows)
