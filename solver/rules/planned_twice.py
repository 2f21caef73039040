"""`planned_twice`: a request at most once. Source: plan format, hard rule 1."""

from collections.abc import Iterable

from solver.facts import NONE
from solver.rules.face import Finished, PlanRule, Sentences, Violation
from solver.rules.words import grouped


class PlannedTwice(PlanRule):
    """One wish, one appointment."""

    code = "planned_twice"
    message = "the request is planned already"
    rigidity = 100
    relaxation = None

    def violations(self, plan: Finished) -> Iterable[Violation]:
        for request, booked in grouped(plan.booked, lambda b: b.request).items():
            if request != NONE and len(booked) > 1:
                yield Violation(self.code, (booked[0].label,), f"planned {len(booked)} times")

    def post(self, model: Sentences) -> None:
        for choices in grouped(model.choices, lambda c: c.request).values():
            model.at_most_one(choices)
