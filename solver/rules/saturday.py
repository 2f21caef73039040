"""`saturday`: a Saturday only if the request allows it. Source: domain §3; 000 §3.1.13.3."""

from solver.facts import Truth
from solver.rules.face import AvailabilityFacts, PairRule, Relaxation, RequestFacts
from solver.rules.words import implies


class Saturday(PairRule):
    """A Saturday that is a holiday also needs `sunday_holiday`."""

    code = "saturday"
    message = "on a Saturday, which the request does not allow"
    rigidity = 10
    relaxation = Relaxation("allow Saturdays")

    def holds(self, r: RequestFacts, a: AvailabilityFacts) -> Truth:
        return implies(a.on_saturday, r.allow_saturday)
