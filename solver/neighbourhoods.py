"""Large neighbourhood search: practitioner-days are cleared and planned again, by CP-SAT.

A neighbourhood is a handful of practitioners' days with all that is planned in them, and the
unplanned requests that could go there. Several that cannot touch each other are planned at once, and
applied in a fixed order: the plan depends on the seed and the number of neighbourhoods, never on how
many threads there were.
"""

import random
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import TypeVar

from solver.agenda import Agenda
from solver.aims import preference, seniority
from solver.candidates import Candidates
from solver.facts import Assignment, Instance
from solver.model import Effort, Model, choices_of
from solver.rules.face import Choice
from solver.rules.words import grouped
from solver.search import Search

TOGETHER = 4
"""Neighbourhoods planned at once, whatever the number of threads."""
PLANNED = 16
"""Planned appointments to clear, about."""
WAITING = 16
"""Unplanned requests to try, at most."""
DETERMINISTIC_TIME = 0.05
"""What one neighbourhood may cost, in CP-SAT's deterministic units."""
AROUND_WAITING = 0.6
"""Share of the neighbourhoods that grow around an unplanned request."""

PersonDay = tuple[int, int]
"""A practitioner and a day."""

Thing = TypeVar("Thing", int, PersonDay)


@dataclass
class Neighbourhood:
    """Days to clear, what was planned there, and who might go there instead."""

    days: set[PersonDay]
    cleared: list[Assignment]
    waiting: list[int]
    model: Model


class Neighbourhoods:
    """The stage: until the budget is spent or nothing can be gained any more."""

    name = "neighbourhoods"

    def run(self, search: Search) -> None:
        """Improve the search's plan."""
        if not search.candidates.requests:
            return
        improver = _Improver(search)
        while improver.may_go_on():
            improver.round(search.threads)


def worth_of(instance: Instance, choices: Sequence[Choice]) -> list[int]:
    """One number for each choice, that orders every set of them by weight, seniority, preference.

    The factors exceed what all requests of the choices together can gain of the lower aims.
    """
    weights, seniorities, preferences = [], [], []
    most: dict[int, tuple[int, int]] = {}
    for choice in choices:
        request = instance.requests[choice.request]
        block = instance.availabilities[choice.availability]
        weights.append(request.priority)
        seniorities.append(seniority(request, choice.day, instance.days))
        preferences.append(preference(request, block, choice.availability))
        before = most.get(choice.request, (0, 0))
        most[choice.request] = (
            max(before[0], seniorities[-1]),
            max(before[1], preferences[-1]),
        )
    of_preference = 1 + sum(p for _, p in most.values())
    of_seniority = of_preference * (1 + sum(s for s, _ in most.values()))
    return [
        weight * of_seniority + senior * of_preference + preferred
        for weight, senior, preferred in zip(weights, seniorities, preferences, strict=True)
    ]


class _Improver:
    """The agenda under improvement, and what is needed to choose neighbourhoods in it."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.instance = search.instance
        self.candidates: Candidates = search.candidates
        self.agenda = Agenda(self.instance, search.plan)
        self.random = random.Random(search.options.seed)
        blocks = self.instance.availabilities
        self.blocks_of: dict[PersonDay, list[int]] = grouped(
            sorted({a for options in self.candidates.options for a in options}),
            lambda a: (blocks[a].practitioner, blocks[a].day),
        )
        self.person_days = sorted(self.blocks_of)
        self.planned_on: dict[PersonDay, set[int]] = {day: set() for day in self.person_days}
        for assignment in search.plan:
            self.planned_on[self.day_of(assignment.availability)].add(assignment.request)

    def day_of(self, availability: int) -> PersonDay:
        """The practitioner-day an availability belongs to."""
        block = self.instance.availabilities[availability]
        return block.practitioner, block.day

    def may_go_on(self) -> bool:
        """Whether there is budget left."""
        search = self.search
        if search.options.iterations is not None:
            return search.iterations < search.options.iterations
        return search.seconds_left > 0.05  # noqa: PLR2004 (less than a neighbourhood takes)

    def round(self, threads: Executor) -> None:
        """Choose neighbourhoods apart from each other, plan them at once, apply them in order."""
        batch: list[Neighbourhood] = []
        used = _Used()
        for _ in range(self._how_many()):
            found = self._choose(used)
            if found is not None:
                batch.append(found)
                used.add(self, found)
        futures = [threads.submit(self._plan, found, self._effort()) for found in batch]
        changed = [self._apply(f, future) for f, future in zip(batch, futures, strict=True)]
        self.search.iterations += max(1, len(batch))
        if any(changed):
            self.search.offer(self.agenda.plan())

    def _how_many(self) -> int:
        iterations = self.search.options.iterations
        if iterations is None:
            return TOGETHER
        return min(TOGETHER, iterations - self.search.iterations)

    def _effort(self) -> Effort:
        search = self.search
        return Effort(
            deterministic=DETERMINISTIC_TIME,
            seconds=search.seconds_left if search.timed else None,
            seed=self.random.randrange(1 << 30),
        )

    # choosing

    def _choose(self, used: "_Used") -> Neighbourhood | None:
        days = set(self._days(used))
        cleared = [
            self.agenda.planned[r] for day in sorted(days) for r in sorted(self.planned_on[day])
        ]
        cleared = [
            c for c in cleared if self.instance.requests[c.request].employee not in used.employees
        ]
        waiting = self._waiting(days, used)
        if not cleared and not waiting:
            return None
        return Neighbourhood(days, cleared, waiting, self._model(days, cleared, waiting))

    def _days(self, used: "_Used") -> Iterable[PersonDay]:
        """Practitioner-days with about as much planned on them as can be planned again at once."""
        seeds = self._seeds()
        planned = 0
        seen: set[PersonDay] = set()
        for day in seeds:
            if day in seen or not used.free(self, day):
                continue
            seen.add(day)
            planned += len(self.planned_on[day])
            yield day
            if planned >= PLANNED:
                return

    def _seeds(self) -> Iterable[PersonDay]:
        """Practitioner-days that have to do with each other, without end of interest."""
        if self.random.random() < AROUND_WAITING:
            waiting = self._some_waiting()
            if waiting is not None:
                yield from self._around(waiting)
        start = self.random.choice(self.person_days)
        for request in self._shuffled(self.planned_on[start]):
            yield start
            yield from self._around(request)
        yield start

    def _around(self, request: int) -> Iterable[PersonDay]:
        """The days a request might go to, each followed by where those planned there might go."""
        options = [self.day_of(a) for a in self.candidates.options[request]]
        for day in self._shuffled(set(options))[:4]:
            yield day
            for other in self._shuffled(self.planned_on[day])[:2]:
                others = self.candidates.options[other]
                yield self.day_of(self.random.choice(others))

    def _some_waiting(self) -> int | None:
        """An unplanned request, the weightier of two drawn at random."""
        requests = self.candidates.requests
        drawn = [r for r in self.random.choices(requests, k=24) if r not in self.agenda.planned]
        if not drawn:
            return None
        return max(drawn[:2], key=lambda r: self.instance.requests[r].priority)

    def _shuffled(self, items: Iterable[Thing]) -> list[Thing]:
        """In an order that depends on the seed only, not on that of a set."""
        found = sorted(items)
        self.random.shuffle(found)
        return found

    def _waiting(self, days: set[PersonDay], used: "_Used") -> list[int]:
        """Unplanned requests that could go there, by weight per minute with some chance."""
        could = {
            r
            for day in days
            for a in self.blocks_of[day]
            for r in self.candidates.requests_of[a]
            if r not in self.agenda.planned
            and self.instance.requests[r].employee not in used.employees
        }
        ranked = sorted(
            could,
            key=lambda r: (
                self.instance.requests[r].priority
                / self.instance.requests[r].occupied
                * (0.5 + self.random.random()),
                r,
            ),
            reverse=True,
        )
        return ranked[:WAITING]

    def _model(
        self, days: set[PersonDay], cleared: Sequence[Assignment], waiting: Sequence[int]
    ) -> Model:
        """Who could go where, with the days cleared; the agenda is left as it was."""
        for assignment in cleared:
            self.agenda.remove(assignment.request)
        blocks = {a for day in days for a in self.blocks_of[day]}
        options = {
            r: [a for a in self.candidates.options[r] if a in blocks]
            for r in [c.request for c in cleared] + list(waiting)
            if not self.agenda.claimed(self.instance.requests[r])
        }
        model = Model(self.agenda, choices_of(self.agenda, options))
        for assignment in cleared:
            self.agenda.place(assignment)
        return model

    # planning

    def _plan(self, found: Neighbourhood, effort: Effort) -> Sequence[Assignment] | None:
        """The best assignments for the neighbourhood, or None where nothing better was found."""
        choices = found.model.choices
        worth = worth_of(self.instance, choices)
        found.model.hint(found.cleared)
        answer = found.model.best(worth, effort)
        if answer is None:
            return None
        of_pair = {(c.request, c.availability): w for c, w in zip(choices, worth, strict=True)}
        before = sum(of_pair[c.request, c.availability] for c in found.cleared)
        return answer.assignments if answer.objective >= before else None

    def _apply(self, found: Neighbourhood, future: "Future[Sequence[Assignment] | None]") -> bool:
        assignments = future.result()
        if assignments is None or set(assignments) == set(found.cleared):
            return False
        for assignment in found.cleared:
            self.agenda.remove(assignment.request)
            self.planned_on[self.day_of(assignment.availability)].discard(assignment.request)
        for assignment in sorted(assignments, key=lambda a: a.request):
            self.agenda.place(assignment)
            self.planned_on[self.day_of(assignment.availability)].add(assignment.request)
        return True


class _Used:
    """What the neighbourhoods of one round already hold: no other may touch it."""

    def __init__(self) -> None:
        self.days: set[PersonDay] = set()
        self.places: set[tuple[int, int]] = set()
        self.employees: set[int] = set()

    def free(self, improver: _Improver, day: PersonDay) -> bool:
        """Whether a practitioner-day is apart from all of them."""
        blocks = improver.instance.availabilities
        return day not in self.days and not any(
            (blocks[a].location, blocks[a].day) in self.places for a in improver.blocks_of[day]
        )

    def add(self, improver: _Improver, found: Neighbourhood) -> None:
        """Hold what this neighbourhood touches."""
        blocks = improver.instance.availabilities
        self.days |= found.days
        self.places |= {
            (blocks[a].location, blocks[a].day)
            for day in found.days
            for a in improver.blocks_of[day]
        }
        requests = [c.request for c in found.cleared] + found.waiting
        self.employees |= {improver.instance.requests[r].employee for r in requests}
