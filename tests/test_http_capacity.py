"""Fifty clients over HTTP open, shift and take away blocks of time where there is room for a few (reliability §1, P2).

However they meet, the oracle finds no more of them at once than the location takes. In the control run nobody locks and the guards
are down: then it does. `make soak` goes on for longer, and for other limits.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from models.agenda import Availability
from models.database import reading
from scheduler.access import Right
from tests.crowds import CLIENTS, Crowd, at_once, code_of, crowd_at
from tests.effort import REPORT, Report, sized
from tests.http_processes import careless
from tests.races import most_at_once
from tests.records import DATABASES, add, fresh, unguard
from tests.takers import made
from tests.towns import Town, deadlocks, rows, town

LIMITS = range(sized(2, in_a_soak=1), sized(3, in_a_soak=6))
EACH = sized(4, in_a_soak=40)
"""Things that each client does."""
PLANNER = (Right.VIEW_AGENDA, Right.MANAGE_AVAILABILITIES)
DAY = "2027-03-01"


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


@dataclass
class Planner:
    """Lays out the agenda of one practitioner, by chance."""

    crowd: Crowd
    here: Town
    location: UUID
    practitioner: UUID
    chance: random.Random
    mine: list[Any] = field(default_factory=list)
    did: list[tuple[str, str]] = field(default_factory=list)

    def work(self) -> None:
        for _ in range(EACH):
            rest = [self.change, self.change, self.remove] if self.mine else []
            act = self.chance.choice([self.open, self.open, *rest])
            self.did.append((act.__name__, act()))

    def open(self) -> str:
        answer = self.crowd.post("/availabilities", self._hours())
        if answer.is_success:
            self.mine.append(answer.json())
        return code_of(answer)

    def change(self) -> str:
        turn = self.chance.randrange(len(self.mine))
        one = self.mine[turn]
        path = f"/availabilities/{one['id']}"
        answer = self.crowd.ask("PUT", path, self._hours(), version=one["version"])
        if answer.is_success:
            self.mine[turn] = answer.json()
        return code_of(answer)

    def remove(self) -> str:
        one = self.mine.pop(self.chance.randrange(len(self.mine)))
        path = f"/availabilities/{one['id']}/remove"
        made(self.crowd.post(path, {}, version=one["version"]))
        return "done"

    def _hours(self) -> dict[str, Any]:
        """Anything from ten minutes to four hours."""
        start = self.chance.randrange(48, 90)
        end = start + self.chance.randrange(1, 25)
        hours = {name: f"{n // 6:02}:{n % 6}0" for name, n in (("start", start), ("end", end))}
        where = {"location_id": str(self.location), "practitioner_id": str(self.practitioner)}
        return {**where, **hours, "day": DAY, "types": [str(self.here.world.type)]}


def laid_out(engine: Engine, crowd: Crowd, limit: int) -> tuple[int, Counter[tuple[str, str]]]:
    """How many there are at once, at most, after all of them have done all they do; and what became of it."""
    here = town(engine, practitioners=1, employees=0)
    with engine.begin() as connection:
        location = add(connection, "locations", capacity=limit)
        people = rows(connection, "practitioners", [{}] * CLIENTS)
    planners = [
        Planner(crowd, here, location, who, random.Random(n)) for n, who in enumerate(people)
    ]
    at_once(planners, Planner.work)
    those = select(Availability.starts_at, Availability.ends_at).where(
        Availability.location_id == location, Availability.removed_at.is_(None)
    )
    with reading(engine) as session:
        most = most_at_once([(start, end) for start, end in session.execute(those)])
    return most, Counter(one for each in planners for one in each.did)


@pytest.mark.hypothesis  # so that a soak goes on for longer
@pytest.mark.parametrize("limit", LIMITS)
def test_however_many_lay_out_their_agendas_the_location_takes_what_it_takes(
    engine: Engine, limit: int, record_property: Report
) -> None:
    with crowd_at(engine, *PLANNER) as crowd:
        most, found = laid_out(engine, crowd, limit)

    assert most == limit
    assert {how for _, how in found} == {"done", "availability_capacity"}, found
    assert {what for what, _ in found} == {"open", "change", "remove"}
    assert {what for what, how in found if how == "done"} >= {
        "open",
        "remove",
    }  # a change needs luck
    assert deadlocks(engine) == 0
    record_property(REPORT, f"limit {limit}, {sum(found.values()):,} things done; {crowd.told}")


def test_control_without_guards_and_locks_it_takes_more(engine: Engine) -> None:
    with crowd_at(engine, *PLANNER, prepare=careless) as crowd:
        unguard(engine)
        # on a busy machine a single try may happen one after the other
        assert any(laid_out(engine, crowd, limit=1)[0] > 1 for _ in range(5))
