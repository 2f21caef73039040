"""`practitioner_free`: nobody holds two appointments at once. Source: domain §3."""

from collections.abc import Iterable

from solver.facts import Availability, Request
from solver.minutes import WHOLE_DAY, Minutes, starts_of_runs
from solver.rules.face import Finished, Occupation, PlanRule, Sentences, SlotRule, Violation
from solver.rules.words import clashes, grouped


class PractitionerFree(SlotRule, PlanRule):
    """Over all availabilities, locations and types; the buffer counts, travel does not."""

    code = "practitioner_free"
    message = "the practitioner is occupied"
    rigidity = 70
    relaxation = None
    personal = False

    def starts(self, r: Request, a: Availability, stands: Occupation) -> Minutes:
        busy = stands.practitioner_busy(a.practitioner, a.day)
        return starts_of_runs(WHOLE_DAY & ~busy, r.occupied)

    def violations(self, plan: Finished) -> Iterable[Violation]:
        ours = [one for one in plan.booked if not one.elsewhere]
        for booked in grouped(ours, lambda b: (b.practitioner, b.day)).values():
            for one, other in clashes(booked, lambda b: b.occupied_until):
                when = plan.clock(other.day, other.start)
                yield Violation(
                    self.code, (one.label, other.label), f"one practitioner, both at {when}"
                )

    def post(self, model: Sentences) -> None:
        for choices in grouped(model.choices, lambda c: (c.practitioner, c.day)).values():
            model.never_at_once(choices, lambda c: c.occupied)
