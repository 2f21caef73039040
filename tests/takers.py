"""Who is after a place, over HTTP, and by which way: booking, planning, moving, a draft, a no-show that was none.

Each answers with what became of it: "done", or the code of the problem.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import Engine

from tests.crowds import Crowd, code_of
from tests.records import add, at
from tests.towns import Town, town

IN_A_DAY = 12
"""Places that a practitioner has in his day."""
STEP = timedelta(minutes=40)


@dataclass(frozen=True)
class Place:
    """In an availability."""

    availability: UUID
    starts_at: datetime

    @property
    def body(self) -> dict[str, str]:
        return {
            "availability_id": str(self.availability),
            "starts_at": self.starts_at.isoformat(),
        }


@dataclass
class Contest:
    """A town with places that are wanted, and for each client a place of his own, where he may wait."""

    crowd: Crowd
    here: Town
    no_show: UUID
    """The type that a no-show takes."""
    wanted: Sequence[Place]
    own: Sequence[Place]
    requests: list[UUID]
    """Those that are open, for whoever needs one."""
    employees: list[UUID]

    def book(self, request: UUID, there: Place) -> httpx2.Response:
        return self.crowd.post(f"/requests/{request}/appointment", there.body)


def contest(
    engine: Engine, crowd: Crowd, *, clients: int, places: int, requests: int, **location: Any
) -> Contest:
    """A town with so many requests."""
    first = -(-places // IN_A_DAY)
    days = first + -(-clients // IN_A_DAY)
    here = town(engine, practitioners=days, employees=requests, **location)
    with engine.begin() as connection:
        no_show = add(connection, "consultation_types", is_no_show=True)
    there = places_in(here)
    wanted, own = there[:places], there[first * IN_A_DAY :]
    return Contest(crowd, here, no_show, wanted, own, list(here.requests), list(here.employees))


def places_in(here: Town) -> list[Place]:
    """Day after day."""
    clocks = [at("08:00") + turn * STEP for turn in range(IN_A_DAY)]
    return [Place(block, start) for block in here.blocks for start in clocks]


# --- One after the other way ----------------------------------------------------------------------------------


@dataclass
class Taker:
    """A client, who is after each place in turn."""

    contest: Contest
    client: int

    @property
    def waits_at(self) -> Place:
        """A place that nobody else wants."""
        return self.contest.own[self.client]

    def prepare(self, wanted: Place) -> None:
        """Before all of them are after it."""

    def take(self, wanted: Place) -> str:
        raise NotImplementedError

    def _does(self, what: str, appointment: Mapping[str, Any], body: object = None) -> Any:
        path = f"/appointments/{appointment['id']}/{what}"
        return self.contest.crowd.post(path, body, version=appointment["version"])


@dataclass
class Booker(Taker):
    """Books a request."""

    request: UUID | None = None

    def prepare(self, wanted: Place) -> None:
        self.request = self.request or self.contest.requests.pop()

    def take(self, wanted: Place) -> str:
        assert self.request is not None
        answer = self.contest.book(self.request, wanted)
        if answer.is_success:
            self.request = None
        else:
            assert answer.json()["alternatives"], "he is told where to look for another place"
        return code_of(answer)


@dataclass
class Planner(Taker):
    """Plans without a request; the one after him leaves it a draft."""

    employee: UUID | None = None

    def prepare(self, wanted: Place) -> None:
        self.employee = self.employee or self.contest.employees.pop()

    def take(self, wanted: Place) -> str:
        world = self.contest.here.world
        asked = {
            "employee_id": str(self.employee),
            "consultation_type_id": str(world.type),
            "establishment_id": str(world.establishment),
        }
        path = ("/appointments", "/appointments/drafts")[self.client % 2]
        answer = self.contest.crowd.post(path, asked | wanted.body)
        if answer.is_success:
            self.employee = None
        return code_of(answer)


@dataclass
class Mover(Taker):
    """Moves an appointment from where he waits; the one after him moves a draft."""

    appointment: Mapping[str, Any] | None = None

    def prepare(self, wanted: Place) -> None:
        if self.appointment is not None:
            return
        self.appointment = made(self.contest.book(self.contest.requests.pop(), self.waits_at))
        if self.client % 2:
            self.appointment = made(self._does("mark-as-draft", self.appointment))

    def take(self, wanted: Place) -> str:
        assert self.appointment is not None
        found = code_of(self._does("move", self.appointment, wanted.body))
        if found == "done":
            self.appointment = None
        return found


@dataclass
class Corrector(Taker):
    """Was there first: a no-show, moved to where he waits. It was none: corrected, he would be there again."""

    request: UUID | None = None
    appointment: Mapping[str, Any] | None = None

    def prepare(self, wanted: Place) -> None:
        if self.appointment is not None:
            made(self._does("delete", self.appointment, {"reason": "another place is wanted"}))
        self.request = self.request or self.contest.requests.pop()
        missed = {"consultation_type_id": str(self.contest.no_show)}
        there = made(self.contest.book(self.request, wanted))
        no_show = made(self._does("no-show", there, missed))
        self.appointment = made(self._does("move", no_show, self.waits_at.body))

    def take(self, wanted: Place) -> str:
        assert self.appointment is not None
        found = code_of(self._does("correct-no-show", self.appointment, {}))
        if found == "done":
            self.request = self.appointment = None
        return found


def made(answer: httpx2.Response) -> Any:
    """What was made or changed, where it had to succeed."""
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def takers(held: Contest, clients: int) -> list[Taker]:
    """Some of each kind."""
    kinds = (Booker, Planner, Mover, Booker, Planner, Mover)
    ones: list[Taker] = [Corrector(held, n) for n in range(min(2, clients))]
    return ones + [kinds[n % len(kinds)](held, n) for n in range(len(ones), clients)]
