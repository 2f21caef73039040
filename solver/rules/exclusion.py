"""`exclusion`: an excluded practitioner is never selectable. Source: domain §3; 000 §3.1.1."""

from solver.facts import Truth
from solver.rules.face import AvailabilityFacts, PairRule, RequestFacts
from solver.rules.words import implies


class Exclusion(PairRule):
    """By hand or by the solver; lifting an exclusion is never offered as a way out."""

    code = "exclusion"
    message = "the practitioner is excluded for this employee"
    rigidity = 100
    relaxation = None

    def holds(self, r: RequestFacts, a: AvailabilityFacts) -> Truth:
        return implies(r.excluded.has(a.practitioner), False)
