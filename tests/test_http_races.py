"""Fifty clients over HTTP after the same places, on both databases: each has one that gets it (reliability §1, P1; §4, T4).

The server is the real one, in a process of its own; on PostgreSQL there are two. In the control runs it locks nothing and the
guards of the database are down: then places are taken twice, which shows that the clients do meet. `make soak` goes on for longer.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import methodcaller
from typing import Any

import pytest
from sqlalchemy import Engine

from scheduler.access import Right
from tests.crowds import CLIENTS, CUT_OFF, Crowd, at_once, code_of, crowd_at
from tests.effort import REPORT, Report, sized
from tests.http_client import PLANNER
from tests.http_processes import careless
from tests.records import DATABASES, fresh, unguard
from tests.takers import IN_A_DAY, Contest, Place, contest, made, takers
from tests.towns import deadlocks, most_in, overlaps, torn

EVERYTHING = (*PLANNER, Right.PROCESS_NO_SHOWS, Right.VIEW_EMPLOYEES, Right.VIEW_ORGANISATION)
PLACES = sized(5, in_a_soak=200)
"""What they are after, one after the other."""


@pytest.fixture(params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    yield from fresh(request)


# --- One place, wanted by all -------------------------------------------------------------------------------


def contested(engine: Engine, crowd: Crowd, clients: int, places: int) -> list[Counter[str]]:
    """What became of all who wanted it, for each place."""
    # each client needs a request, and so does each that is to follow one who got his place
    wishes = clients * (places + 1)
    held = contest(engine, crowd, clients=clients, places=places, requests=wishes)
    crowd_of_all = takers(held, clients)
    found = []
    for wanted in held.wanted:
        for one in crowd_of_all:
            one.prepare(wanted)
        found.append(Counter(at_once(crowd_of_all, methodcaller("take", wanted))))
    return found


@pytest.mark.hypothesis  # so that a soak goes on for longer
def test_of_fifty_who_want_a_place_one_gets_it(engine: Engine, record_property: Report) -> None:
    with crowd_at(engine, *EVERYTHING) as crowd:
        found = contested(engine, crowd, CLIENTS, PLACES)

    assert found == [Counter({"done": 1, "slot_taken": CLIENTS - 1})] * PLACES
    assert (overlaps(engine), torn(engine), deadlocks(engine)) == (0, 0, 0)
    assert set(crowd.sent_back) <= {"busy"} | CUT_OFF
    record_property(REPORT, f"{PLACES} places, {CLIENTS} clients; {crowd.told}")


def test_control_without_guards_and_locks_several_get_it(engine: Engine) -> None:
    with crowd_at(engine, *EVERYTHING, prepare=careless) as crowd:
        unguard(engine)
        # on a busy machine a single try may happen one after the other
        assert any(
            one["done"] > 1 for _ in range(5) for one in contested(engine, crowd, CLIENTS, 1)
        )
    assert overlaps(engine)


# --- Everything at once ---------------------------------------------------------------------------------------

FEWER = 20
EACH = sized(8, in_a_soak=500)
"""Things that each of them does."""
ROOMS = 2
DAYS, CLOCKS = 3, 5
"""Practitioners with a day each, and the places in it."""


@dataclass
class Mix:
    """A client that does one thing after another, by chance, to whatever he sees."""

    held: Contest
    chance: random.Random
    did: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self) -> None:
        rest = [self.move, self.swap, self.cancel, self.delete, self.draft, self.miss]
        for _ in range(EACH):
            act = self.chance.choice([*[self.book] * 3, *rest])
            self.did.append((act.__name__, act()))

    def book(self) -> str:
        request = self.chance.choice(self.held.here.requests)
        return code_of(self.held.book(request, self._somewhere()))

    def move(self) -> str:
        return self._does("move", self._somewhere().body)

    def swap(self) -> str:
        other = self._one()
        if other is None:
            return NOTHING_THERE
        return self._does("swap", {"appointment_id": other["id"], "version": other["version"]})

    def cancel(self) -> str:
        return self._does("cancel", {"party": "employee", "reason": "-"})

    def delete(self) -> str:
        return self._does("delete", {"reason": "-"})

    def draft(self) -> str:
        return self._does("mark-as-draft", otherwise="plan")

    def miss(self) -> str:
        missed = {"consultation_type_id": str(self.held.no_show)}
        return self._does("no-show", missed, otherwise="correct-no-show")

    def _does(self, what: str, body: object = None, *, otherwise: str | None = None) -> str:
        """Or the opposite, where it is that already."""
        one = self._one()
        if one is None:
            return NOTHING_THERE
        if otherwise is not None and not one["actions"][what.replace("-", "_")]["allowed"]:
            what, body = otherwise, {}
        path = f"/appointments/{one['id']}/{what}"
        return code_of(self.held.crowd.post(path, body, version=one["version"]))

    def _one(self) -> Any:
        """Some appointment, as it is now; by the time that he acts, it may be gone."""
        there = self.held.crowd.get("/appointments?page_size=200")["items"]
        ahead = [one for one in there if one["state"] in {"draft", "planned"}]
        if not ahead:
            return None
        answer = self.held.crowd.ask("GET", f"/appointments/{self.chance.choice(ahead)['id']}")
        return answer.json() if answer.is_success else None

    def _somewhere(self) -> Place:
        return self.chance.choice(self.held.wanted)


NOTHING_THERE = "nothing_there"


def mixed(engine: Engine, crowd: Crowd) -> Counter[tuple[str, str]]:
    held = contest(engine, crowd, clients=0, places=DAYS * IN_A_DAY, requests=FEWER, capacity=ROOMS)
    # fewer places than clients: they meet
    held.wanted = [one for number, one in enumerate(held.wanted) if number % IN_A_DAY < CLOCKS]
    for number in range(ROOMS * CLOCKS):
        made(held.book(held.here.requests[number], held.wanted[number]))
    mixes = [Mix(held, random.Random(number)) for number in range(FEWER)]
    at_once(mixes, Mix.__call__)
    assert most_in(engine, held.here.world.location) <= ROOMS
    return Counter(one for each in mixes for one in each.did)


@pytest.mark.hypothesis  # so that a soak goes on for longer
def test_whatever_all_of_them_do_the_agenda_is_whole(
    engine: Engine, record_property: Report
) -> None:
    with crowd_at(engine, *EVERYTHING) as crowd:
        found = mixed(engine, crowd)

    assert (overlaps(engine), torn(engine), deadlocks(engine)) == (0, 0, 0)
    done = {what for what, how in found if how == "done"}
    # by chance: seldom not all seven
    assert len(done) > 4, found
    told = {how for _, how in found} - {"done", NOTHING_THERE}
    refusals = {"slot_taken", "not_allowed", "is_no_show", "swapped_with_itself"}
    assert told <= {*refusals, "outdated", "not_found"}, found
    record_property(REPORT, f"{sum(found.values()):,} things done; {crowd.told}")
