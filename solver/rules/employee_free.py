"""`employee_free`: nobody is seen twice at once. Source: domain §3."""

from collections.abc import Iterable

from solver.facts import Availability, Request
from solver.minutes import WHOLE_DAY, Minutes, starts_of_runs
from solver.rules.face import Finished, Occupation, PlanRule, Sentences, SlotRule, Violation
from solver.rules.words import clashes, grouped


class EmployeeFree(SlotRule, PlanRule):
    """The buffer is the practitioner's; the employee is free when the appointment ends."""

    code = "employee_free"
    message = "the employee has another appointment then"
    rigidity = 65
    relaxation = None
    personal = True

    def starts(self, r: Request, a: Availability, stands: Occupation) -> Minutes:
        busy = stands.employee_busy(r.employee, a.day)
        return starts_of_runs(WHOLE_DAY & ~busy, r.duration) if busy else WHOLE_DAY

    def violations(self, plan: Finished) -> Iterable[Violation]:
        for booked in grouped(plan.booked, lambda b: (b.employee, b.day)).values():
            for one, other in clashes(booked, lambda b: b.end):
                when = plan.clock(other.day, other.start)
                yield Violation(
                    self.code, (one.label, other.label), f"one employee, both at {when}"
                )

    def post(self, model: Sentences) -> None:
        for choices in grouped(model.choices, lambda c: (c.employee, c.day)).values():
            if len({c.request for c in choices}) > 1:
                model.never_at_once(choices, lambda c: c.duration)
