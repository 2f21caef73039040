"""CP-SAT as one model: an optional interval for each request in each of its availabilities.

The model that one would write first, with every rule in it and the weight as its only aim.
"""

import math
import time
from collections.abc import Iterable

from ortools.sat.python import cp_model

from benchmarks.peers import Answer, NoPlanError
from benchmarks.peers.desk import Desk
from benchmarks.peers.placing import Chosen, placed
from solver.board import Boards
from solver.candidates import Candidates, candidates
from solver.facts import Instance, Plan, Request
from solver.greedy import best_greedy
from solver.minutes import Minutes, members, runs
from solver.rules.words import grouped

THREADS = 2


def plan(instance: Instance, seconds: float) -> Answer:
    """From nothing."""
    until = time.monotonic() + seconds
    return _Intervals(candidates(instance)).best(until)


def plan_hinted(instance: Instance, seconds: float) -> Answer:
    """From the best greedy plan."""
    until = time.monotonic() + seconds
    model = _Intervals(candidates(instance))
    model.hint(best_greedy(Boards(model.candidates)))
    return model.best(until)


class _Intervals:
    """The model; its variables are numbered as the candidates' pairs are."""

    def __init__(self, found: Candidates) -> None:
        self.candidates = found
        self._instance = found.instance
        self._pairs = list(zip(found.request.tolist(), found.availability.tolist(), strict=True))
        self._cp = cp_model.CpModel()
        self._taken = [self._cp.new_bool_var("") for _ in self._pairs]
        self._desk = Desk(found)
        domains: dict[Minutes, cp_model.Domain] = {}
        self._start = []
        for r, a in self._pairs:
            starts = self._desk.starts(r, a)
            if starts not in domains:
                domains[starts] = cp_model.Domain.from_values(list(members(starts)))
            self._start.append(self._cp.new_int_var_from_domain(domains[starts], ""))
        self._occupied = [
            self._interval(i, self._request(i).occupied) for i in range(len(self._pairs))
        ]
        self._requests()
        self._people()
        self._rooms()

    def _interval(self, pair: int, length: int) -> cp_model.IntervalVar:
        return self._cp.new_optional_fixed_size_interval_var(
            self._start[pair], length, self._taken[pair], ""
        )

    def _request(self, pair: int) -> Request:
        request: Request = self._instance.requests[self._pairs[pair][0]]
        return request

    def _requests(self) -> None:
        """Each at most once, and of a type that refuses duplicates one for an employee."""
        numbers = range(len(self._pairs))
        refused = self._instance.duplicates_refused
        refusing = [i for i in numbers if self._request(i).type in refused]
        claims = grouped(refusing, lambda i: (self._request(i).employee, self._request(i).type))
        for together in (*grouped(numbers, lambda i: self._pairs[i][0]).values(), *claims.values()):
            self._cp.add_at_most_one(self._taken[i] for i in together)

    def _people(self) -> None:
        """No practitioner and no employee twice at once; what stands is cut out of the starts."""
        blocks = self._instance.availabilities
        numbers = range(len(self._pairs))

        def person(i: int) -> tuple[int, int]:
            block = blocks[self._pairs[i][1]]
            return block.practitioner, block.day

        def employee(i: int) -> tuple[int, int]:
            return self._request(i).employee, blocks[self._pairs[i][1]].day

        for together in grouped(numbers, person).values():
            self._cp.add_no_overlap(self._occupied[i] for i in together)
        for together in grouped(numbers, employee).values():
            if len({self._pairs[i][0] for i in together}) > 1:
                self._cp.add_no_overlap(
                    self._interval(i, self._request(i).duration) for i in together
                )

    def _rooms(self) -> None:
        """No more at once than the location has rooms, where more could come."""
        blocks = self._instance.availabilities
        in_rooms = [i for i in range(len(self._pairs)) if self._request(i).takes_room]

        def place(i: int) -> tuple[int, int]:
            block = blocks[self._pairs[i][1]]
            return block.location, block.day

        for (location, day), together in grouped(in_rooms, place).items():
            capacity = self._instance.locations[location].capacity
            taken = self._desk.agenda.rooms_taken(location, day)
            people = {blocks[self._pairs[i][1]].practitioner for i in together}
            if len(people) + sum(map(bool, taken)) <= capacity:
                continue
            intervals = [self._occupied[i] for i in together] + list(self._standing(taken))
            self._cp.add_cumulative(intervals, [1] * len(intervals), capacity)

    def _standing(self, taken: Iterable[Minutes]) -> Iterable[cp_model.IntervalVar]:
        """What stands in the rooms; never more than there are."""
        for level in taken:
            for start, end in runs(level):
                yield self._cp.new_fixed_size_interval_var(start, end - start, "")

    def hint(self, plan: Plan) -> None:
        """Begin the search at this plan."""
        chosen = {(a.request, a.availability): a.start for a in plan}
        for i, pair in enumerate(self._pairs):
            self._cp.add_hint(self._taken[i], pair in chosen)
            if pair in chosen:
                self._cp.add_hint(self._start[i], chosen[pair])

    def best(self, until: float) -> Answer:
        """The best found until then (monotonic seconds)."""
        weights = [self._request(i).priority for i in range(len(self._pairs))]
        self._cp.maximize(cp_model.LinearExpr.weighted_sum(self._taken, weights))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = THREADS
        left = until - time.monotonic()
        if left <= 0:
            raise NoPlanError("the time was over before the model was built")
        solver.parameters.max_time_in_seconds = left
        status = solver.solve(self._cp)
        if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            size = f"{len(self._pairs):,} intervals"
            raise NoPlanError(f"nothing found in the {left:.1f} s that building left ({size})")
        chosen = []
        for i, (r, a) in enumerate(self._pairs):
            if solver.boolean_value(self._taken[i]):
                start = solver.value(self._start[i])
                chosen.append(Chosen(r, a, start, start + 1))
        bound = solver.best_objective_bound
        return placed(self.candidates, chosen, math.floor(bound + 1e-6))
