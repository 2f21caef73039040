"""Verify one rule at a time, in all of its readings at once.

    verify(Saturday()).given(a_request(), an_availability(on_saturday=True)).refuses()

Which rule is asked comes from the rule object and nowhere else. What is given decides which face of
it answers:

* a request: `admits`;
* a request and an availability: `holds` for two rows, for columns of one and of several lines, and
  for one row against columns (as `solver.why_not` asks);
* those, what stands and a start: the mask of `starts`, and what agenda, model and check make of it;
* an instance and assignments: `violations`, and the CP-SAT model with exactly that plan fixed; where
  the rule also has starts, those left for each assignment by all the others.

A test must hold everything else right: where another rule would refuse as well, it says so, since
then the model's answer would tell nothing about this one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np

from solver.agenda import Agenda
from solver.check import check
from solver.columns import AvailabilityColumns, RequestColumns
from solver.facts import Assignment, Availability, Instance, Modality, Request, Truth
from solver.model import Effort, Model, choices_of
from solver.rules import REQUEST_RULES, Rule
from solver.rules.face import Choice, PairRule, PlanRule, RequestRule, SlotRule, Violation
from tests.builders import a_request, an_availability

SIZE = 10
"""The columns of sets are made for indices below this."""
OTHER_REQUEST = a_request(
    from_day=5,
    until_day=6,
    type=1,
    locations=(1,),
    excluded=(0,),
    required_practitioner=1,
    allow_saturday=True,
    allow_day_off=True,
    modalities=int(Modality.TELEPHONE),
)
OTHER_AVAILABILITY = an_availability(
    practitioner=1,
    location=1,
    day=5,
    types=(1,),
    modalities=int(Modality.TELEPHONE),
    on_saturday=True,
    on_day_off=True,
)
"""The other lines in columns of several: so different that a mix-up of lines shows."""


def verify(rule: Rule) -> "Subject":
    """The rule, ready to be asked."""
    return Subject(rule)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a rule answers to one case, reading by reading; true where it allows."""

    code: str
    readings: Mapping[str, bool]

    def allows(self) -> None:
        """Every reading must allow it, and no other rule stand in the way."""
        self._expect(allowed=True)

    def refuses(self) -> None:
        """Every reading must refuse it."""
        self._expect(allowed=False)

    def _expect(self, *, allowed: bool) -> None:
        wrong = [name for name, answer in self.readings.items() if answer is not allowed]
        if wrong:
            verb = "allow" if allowed else "refuse"
            raise AssertionError(f"{self.code} should {verb} this, but not so: {', '.join(wrong)}")


@dataclass(frozen=True, slots=True)
class Findings:
    """What the two readings of a plan rule make of one plan."""

    code: str
    violations: Sequence[Violation]
    modelled: bool
    """Whether the model, with exactly this plan fixed, can take all of it."""
    one_by_one: bool
    """Whether each assignment may start where it does, given all the others."""

    def finds(self, code: str, *involved: str) -> None:
        """The plan must break this rule alone, through those involved (labels, in any order)."""
        if code != self.code:
            raise AssertionError(f"the test speaks of {code}, and asks {self.code}")
        found = {violation.rule for violation in self.violations}
        if found != {code}:
            raise AssertionError(f"only {code} should be broken, and is: {sorted(found)}")
        labels = {label for violation in self.violations for label in violation.involved}
        if labels != set(involved):
            raise AssertionError(f"{code} blames {sorted(labels)}, not {sorted(involved)}")
        if self.modelled:
            raise AssertionError(f"the model can take a plan that breaks {code}")
        if self.one_by_one:
            raise AssertionError(f"{code} leaves each the start that it has beside the others")

    def finds_nothing(self) -> None:
        """The plan must keep every rule, and the model must be able to take it."""
        if self.violations:
            raise AssertionError(f"{self.code}: nothing should be broken: {self.violations}")
        if not self.modelled:
            raise AssertionError(f"{self.code}: the model cannot take a plan that keeps all rules")
        if not self.one_by_one:
            raise AssertionError(f"{self.code} leaves one no start beside the others")


@dataclass(frozen=True, slots=True)
class Subject:
    """One rule under test."""

    rule: Rule

    @overload
    def given(self, request: Request, /) -> Answers: ...
    @overload
    def given(self, request: Request, availability: Availability, /) -> Answers: ...
    @overload
    def given(
        self, request: Request, availability: Availability, /, *, stands: Agenda, start: int
    ) -> Answers: ...
    @overload
    def given(self, instance: Instance, assignments: Sequence[Assignment], /) -> Findings: ...

    def given(
        self, *facts: Any, stands: Agenda | None = None, start: int = 0
    ) -> Answers | Findings:
        """Ask the rule about these facts, in every reading that it has for them."""
        rule = self.rule
        match facts:
            case (Request() as request,) if isinstance(rule, RequestRule):
                return Answers(rule.code, {"the request by itself": rule.admits(request)})
            case (Request() as request, Availability() as availability):
                if stands is None and isinstance(rule, PairRule):
                    return Answers(rule.code, _pair(rule, request, availability))
                if stands is not None and isinstance(rule, SlotRule):
                    return Answers(rule.code, _slot(rule, request, availability, stands, start))
            case (Instance() as instance, assignments) if isinstance(rule, PlanRule):
                return _plan(rule, instance, assignments)
        asked = ", ".join(type(fact).__name__ for fact in facts)
        raise TypeError(f"{rule.code} cannot be asked about: {asked}")


def _pair(rule: PairRule, request: Request, availability: Availability) -> dict[str, bool]:
    """Rows, columns, and rows against columns; the other lines must answer as their rows do too."""
    requests, blocks = (request, OTHER_REQUEST), (availability, OTHER_AVAILABILITY)
    rows = [[rule.holds(r, a) for a in blocks] for r in requests]
    if not all(isinstance(answer, bool) for line in rows for answer in line):
        raise AssertionError(f"{rule.code} answers rows with something else than a bool: {rows}")
    r = RequestColumns.of(requests, SIZE, SIZE)
    a = AvailabilityColumns.of(blocks, SIZE)
    only = np.zeros(1, np.int64)
    line, column = np.divmod(np.arange(4), 2)
    masks: dict[str, tuple[Truth, list[Truth]]] = {
        "columns of one line": (rule.holds(r.take(only), a.take(only)), rows[0][:1]),
        "columns of several lines": (rule.holds(r.take(line), a.take(column)), rows[0] + rows[1]),
        "a request against columns": (rule.holds(request, a), rows[0]),
        "columns against an availability": (rule.holds(r, availability), [row[0] for row in rows]),
    }
    readings = {"two rows": bool(rows[0][0])}
    for name, (mask, expected) in masks.items():
        answers = np.broadcast_to(np.asarray(mask), len(expected)).tolist()
        if answers != expected:
            raise AssertionError(f"{rule.code}, {name}: {answers}, and row by row {expected}")
        readings[name] = answers[0]
    return readings


def _slot(
    rule: SlotRule, request: Request, availability: Availability, stands: Agenda, start: int
) -> dict[str, bool]:
    """The mask of starts, and what others make of it in a world that has this request as well."""
    here = 1 << start
    instance = stands.instance
    world = replace(
        instance,
        requests=(*instance.requests, request),
        availabilities=(*instance.availabilities, availability),
    )
    mine = Assignment(len(instance.requests), len(instance.availabilities), start)
    agenda = Agenda(world, stands.plan())
    choices = choices_of(agenda, {mine.request: [mine.availability]})
    broken = {violation.rule for violation in check(world, [*stands.plan(), mine])}
    return {
        "the mask of starts": bool(rule.starts(request, availability, stands) & here),
        "the starts that the agenda has left": bool(agenda.starts(request, availability) & here),
        "the starts of the model's choices": any(choice.starts & here for choice in choices),
        "the check of the plan": rule.code not in broken,
    }


def _plan(rule: PlanRule, instance: Instance, assignments: Sequence[Assignment]) -> Findings:
    violations = check(instance, assignments)
    modelled = model_takes(instance, assignments)
    one_by_one = not violations
    if isinstance(rule, SlotRule):
        one_by_one = all(_beside_the_others(rule, instance, assignments))
    return Findings(rule.code, violations, modelled, one_by_one)


def _beside_the_others(
    rule: SlotRule, instance: Instance, assignments: Sequence[Assignment]
) -> Iterable[bool]:
    """For each assignment, whether the rule leaves it its start when all the others are planned."""
    for number, mine in enumerate(assignments):
        others = tuple(other for i, other in enumerate(assignments) if i != number)
        request = instance.requests[mine.request]
        availability = instance.availabilities[mine.availability]
        starts = rule.starts(request, availability, Agenda(instance, others))
        yield bool(starts >> mine.start & 1)


def model_takes(instance: Instance, assignments: Sequence[Assignment]) -> bool:
    """Whether the model can take all of these, each in its availability at exactly its start.

    As in a planning run, what a request or a start alone forbids has no variable at all.
    """
    agenda = Agenda(instance)
    fixed: list[Choice] = []
    for assignment in assignments:
        request = instance.requests[assignment.request]
        here = 1 << assignment.start
        if all(rule.admits(request) for rule in REQUEST_RULES):
            possible = choices_of(agenda, {assignment.request: [assignment.availability]})
            fixed += [replace(choice, starts=here) for choice in possible if choice.starts & here]
    if len(fixed) < len(assignments):
        return False
    answer = Model(agenda, fixed).best([1] * len(fixed), Effort(deterministic=10.0))
    if answer is None or not answer.proven:
        raise AssertionError(f"the model did not finish: {answer}")
    if answer.objective == len(assignments):
        if set(answer.assignments) != set(assignments):
            raise AssertionError(f"fixed at {assignments}, the model takes {answer.assignments}")
        return True
    return False
