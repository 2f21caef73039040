"""The CP-SAT model: every plan rule states itself once, and the model finds the constraint.

A choice is a yes-or-no for a request in a free stretch of an availability. Where nothing depends on
exact starts, "these never overlap" is a knapsack row over the stretch, and what is chosen is packed
from its start afterwards; where it does (rooms that run out, an employee with several requests,
overlapping availabilities), the choices become optional intervals.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ortools.sat.python import cp_model

from solver.agenda import Agenda
from solver.facts import Assignment, Instance
from solver.minutes import first, members, on_grid, runs, span, starts_of_runs
from solver.rules import PLAN_RULES
from solver.rules.face import Choice
from solver.stretches import stretches_of

Length = Callable[[Choice], int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the solver says of a model: the best assignments found, and what it has proven.

    `bound`: no assignments of the model have a greater objective. `proven`: these are the best.
    """

    assignments: tuple[Assignment, ...]
    objective: int
    bound: float
    proven: bool


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a model may be thought about: `deterministic` units and `seconds`; None: no limit.

    `presolve`: whether CP-SAT may rewrite the model first.
    """

    deterministic: float | None
    seconds: float | None = None
    seed: int = 0
    threads: int = 1
    presolve: bool = True


def choices_of(agenda: Agenda, options: Mapping[int, Iterable[int]]) -> list[Choice]:
    """The choices of these requests in these availabilities, given what stands in the agenda."""
    instance = agenda.instance
    found: list[Choice] = []
    for r, availabilities in options.items():
        request = instance.requests[r]
        for a in availabilities:
            block = instance.availabilities[a]
            starts = agenda.starts(request, block)
            if not starts:
                continue
            for stretch in stretches_of(instance, a, agenda, rooms=request.takes_room):
                inside = starts & span(stretch.start, stretch.end)
                if inside:
                    found.append(
                        Choice(
                            request=r,
                            availability=a,
                            practitioner=block.practitioner,
                            location=block.location,
                            employee=request.employee,
                            type=request.type,
                            day=block.day,
                            duration=request.duration,
                            occupied=request.occupied,
                            takes_room=request.takes_room,
                            stretch=(stretch.start, stretch.end),
                            starts=inside,
                        )
                    )
    return found


class Model:
    """The choices of one planning problem, with all that the plan rules say about them.

    `agenda` holds what stands and is not chosen here.
    """

    def __init__(self, agenda: Agenda, choices: Sequence[Choice]) -> None:
        self.impossible = False
        """Whether the last answer was that nothing keeps all the rules, rather than none in time."""
        self._agenda = agenda
        self._instance: Instance = agenda.instance
        self.choices = choices
        self._number = {choice: i for i, choice in enumerate(choices)}
        self._cp = cp_model.CpModel()
        self._taken = [self._cp.new_bool_var("") for _ in choices]
        self._start: dict[int, cp_model.IntVar] = {}
        self._interval: dict[tuple[int, int], cp_model.IntervalVar] = {}
        self._not_at_once: list[tuple[Sequence[Choice], Length]] = []
        self._packed: list[list[int]] = []
        for rule in PLAN_RULES:
            rule.post(self)
        self._settle()

    # the words of the rules

    def refuses_duplicates(self, type_: int) -> bool:
        """Whether an employee gets at most one of this type."""
        return type_ in self._instance.duplicates_refused

    def at_most_one(self, choices: Sequence[Choice]) -> None:
        """Of these choices at most one is taken."""
        if len(choices) > 1:
            self._cp.add_at_most_one(self._taken[self._number[c]] for c in choices)

    def never_at_once(self, choices: Sequence[Choice], length: Length) -> None:
        """No two of these overlap. How that is put depends on what else needs their starts."""
        self._not_at_once.append((choices, length))

    def rooms_suffice(self, choices: Sequence[Choice], location: int, day: int) -> None:
        """These never need more rooms at once than what stands leaves free."""
        capacity = self._instance.locations[location].capacity
        taken = self._agenda.rooms_taken(location, day)
        edges = {edge for level in taken for run in runs(level) for edge in run}
        edges |= {edge for c in choices for edge in c.stretch}
        cuts = sorted(edges)
        crowded = 0
        free: list[tuple[int, int, int]] = []
        for start, end in pairwise(cuts):
            people = {c.practitioner for c in choices if c.stretch[0] <= start < c.stretch[1]}
            left = capacity - sum(level >> start & 1 for level in taken)
            # where no room is left, the stretches are cut already
            if left > 0:
                free.append((start, end, left))
                if len(people) > left:
                    crowded |= span(start, end)
        if not crowded:
            return
        # an appointment may reach from a crowded time into one with more rooms left
        most = max(left for _, _, left in free)
        concerned = [c for c in choices if span(*c.stretch) & crowded]
        intervals = [self._as_interval(c, c.occupied) for c in concerned]
        demands = [1] * len(intervals)
        for start, end, left in free:
            if left < most:
                intervals.append(self._cp.new_fixed_size_interval_var(start, end - start, ""))
                demands.append(most - left)
        self._cp.add_cumulative(intervals, demands, most)

    # how they are put

    def _settle(self) -> None:
        """Put "never at once", last: only now is it known whose exact start matters.

        First the crowds over several stretches, which need starts; then those within one.
        """
        within: list[tuple[list[Choice], Length]] = []
        for choices, length in self._not_at_once:
            for crowd in _crowds(choices):
                if len({c.request for c in crowd}) == 1:
                    continue
                if len({(c.availability, c.stretch) for c in crowd}) == 1:
                    within.append((crowd, length))
                else:
                    self._cp.add_no_overlap([self._as_interval(c, length(c)) for c in crowd])
        # of two crowds of one stretch the smaller is implied: an employee's by the practitioner's
        put: dict[tuple[int, tuple[int, int]], set[Choice]] = {}
        for crowd, length in sorted(
            within, key=lambda said: (len(said[0]), sum(map(said[1], said[0]))), reverse=True
        ):
            larger = put.setdefault((crowd[0].availability, crowd[0].stretch), set())
            if not larger.issuperset(crowd):
                larger.update(crowd)
                self._put(crowd, length)

    def _put(self, crowd: Sequence[Choice], length: Length) -> None:
        """The crowd of one stretch: a knapsack row where it can be packed, else intervals."""
        if not self._packable(crowd, length):
            self._cp.add_no_overlap([self._as_interval(c, length(c)) for c in crowd])
            return
        numbers = [self._number[c] for c in crowd]
        room = crowd[0].stretch[1] - self._first_start(crowd[0])
        sizes = [length(c) for c in crowd]
        literals = [self._taken[i] for i in numbers]
        self._cp.add(cp_model.LinearExpr.weighted_sum(literals, sizes) <= room)
        self._packed.append(numbers)

    def _first_start(self, choice: Choice) -> int:
        """The first start on the grid in the choice's stretch."""
        begin = choice.stretch[0]
        return first(on_grid(self._instance.grid) >> begin << begin)

    def _packable(self, crowd: Sequence[Choice], length: Length) -> bool:
        """Whether any subset that fits by its sum can be laid end to end from the first start."""
        begin, end = crowd[0].stretch
        grid = self._instance.grid
        inside = span(begin, end)
        return all(
            self._number[c] not in self._start
            and length(c) == c.occupied
            and length(c) % grid == 0
            and c.starts == starts_of_runs(inside, length(c)) & on_grid(grid)
            for c in crowd
        )

    def _as_interval(self, choice: Choice, length: int) -> cp_model.IntervalVar:
        """The choice as an interval of so many minutes, present when it is taken."""
        i = self._number[choice]
        if (i, length) not in self._interval:
            if i not in self._start:
                domain = cp_model.Domain.from_values(list(members(choice.starts)))
                self._start[i] = self._cp.new_int_var_from_domain(domain, "")
            self._interval[i, length] = self._cp.new_optional_fixed_size_interval_var(
                self._start[i], length, self._taken[i], ""
            )
        return self._interval[i, length]

    # asking

    def hint(self, assignments: Iterable[Assignment]) -> None:
        """Begin the search at these assignments, which must be among the choices."""
        chosen = {(a.request, a.availability): a.start for a in assignments}
        self._cp.clear_hints()  # type: ignore[no-untyped-call]
        for i, choice in enumerate(self.choices):
            start = chosen.get((choice.request, choice.availability), -1)
            here = choice.stretch[0] <= start < choice.stretch[1]
            self._cp.add_hint(self._taken[i], here)
            if here and i in self._start:
                self._cp.add_hint(self._start[i], start)

    def require(self, worth: Sequence[int], at_least: int) -> None:
        """Only assignments that are worth at least so much, choice by choice."""
        self._cp.add(cp_model.LinearExpr.weighted_sum(self._taken, worth) >= at_least)

    def best(self, worth: Sequence[int], effort: Effort) -> Answer | None:
        """The assignments worth most, choice by choice; None where the effort found none at all."""
        if not self.choices:
            return Answer((), 0, 0.0, proven=True)
        self._cp.maximize(cp_model.LinearExpr.weighted_sum(self._taken, worth))
        solver = cp_model.CpSolver()
        solver.parameters.random_seed = effort.seed
        solver.parameters.num_workers = effort.threads
        solver.parameters.interleave_search = effort.threads > 1
        solver.parameters.cp_model_presolve = effort.presolve
        if effort.deterministic is not None:
            solver.parameters.max_deterministic_time = effort.deterministic
        if effort.seconds is not None:
            solver.parameters.max_time_in_seconds = max(0.01, effort.seconds)
        status = solver.solve(self._cp)
        self.impossible = status == cp_model.INFEASIBLE
        # values may be read only after these two: anything else "plans" rubbish
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        return Answer(
            assignments=self._read(solver),
            objective=round(solver.objective_value),
            bound=solver.best_objective_bound,
            proven=status == cp_model.OPTIMAL,
        )

    def _read(self, solver: cp_model.CpSolver) -> tuple[Assignment, ...]:
        taken = [i for i, literal in enumerate(self._taken) if solver.boolean_value(literal)]
        starts = {i: solver.value(self._start[i]) for i in taken if i in self._start}
        chosen = set(taken)
        for packed in self._packed:
            at = self._first_start(self.choices[packed[0]])
            for i in packed:
                if i in chosen:
                    starts[i] = at
                    at += self.choices[i].occupied
        return tuple(
            Assignment(
                self.choices[i].request,
                self.choices[i].availability,
                starts.get(i, first(self.choices[i].starts)),
            )
            for i in taken
        )


def _crowds(choices: Sequence[Choice]) -> Iterable[list[Choice]]:
    """The choices in groups whose stretches overlap; between groups nothing can meet."""
    crowd: list[Choice] = []
    until = -1
    for choice in sorted(choices, key=lambda c: (c.stretch, c.availability, c.request)):
        if crowd and choice.stretch[0] >= until:
            yield crowd
            crowd = []
        crowd.append(choice)
        until = max(until, choice.stretch[1])
    if crowd:
        yield crowd
