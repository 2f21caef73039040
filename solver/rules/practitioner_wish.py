"""`practitioner_wish`: a required practitioner binds. Source: domain §3."""

from solver.facts import NONE, Truth
from solver.rules.face import AvailabilityFacts, PairRule, Relaxation, RequestFacts


class PractitionerWish(PairRule):
    """A preferred practitioner only weighs; see `solver.aims`."""

    code = "practitioner_wish"
    message = "with another practitioner than the request requires"
    rigidity = 40
    relaxation = Relaxation("another practitioner: {practitioner}")

    def holds(self, r: RequestFacts, a: AvailabilityFacts) -> Truth:
        return (r.required_practitioner == NONE) | (r.required_practitioner == a.practitioner)
