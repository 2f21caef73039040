"""`duplicate`: of a type that refuses duplicates at most one. Source: domain §3; 000 §3.1.12."""

from collections.abc import Iterable

from solver.facts import NONE, Request
from solver.rules.face import Finished, PlanRule, RequestRule, Sentences, Violation
from solver.rules.words import grouped


class Duplicate(RequestRule, PlanRule):
    """Those that stand count, and so do those planned together in one run."""

    code = "duplicate"
    message = "the employee already has an appointment of this type"
    rigidity = 85
    relaxation = None

    def admits(self, request: Request) -> bool:
        return not request.already_has_one

    def violations(self, plan: Finished) -> Iterable[Violation]:
        refusing = (b for b in plan.booked if plan.refuses_duplicates(b.type))
        for booked in grouped(refusing, lambda b: (b.employee, b.type)).values():
            if len(booked) > 1 and any(b.request != NONE for b in booked):
                yield Violation(
                    self.code,
                    tuple(b.label for b in booked),
                    f"{len(booked)} of a type that refuses duplicates",
                )

    def post(self, model: Sentences) -> None:
        refusing = (c for c in model.choices if model.refuses_duplicates(c.type))
        for choices in grouped(refusing, lambda c: (c.employee, c.type)).values():
            model.at_most_one(choices)
