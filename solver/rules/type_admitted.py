"""`type_admitted`: the availability is open for the consultation type. Source: domain §3."""

from solver.facts import Truth
from solver.rules.face import AvailabilityFacts, PairRule, RequestFacts


class TypeAdmitted(PairRule):
    """Functions that a type asks for are folded into the types an availability admits."""

    code = "type_admitted"
    message = "not open for this consultation type, or the practitioner lacks the function"
    rigidity = 80
    relaxation = None

    def holds(self, r: RequestFacts, a: AvailabilityFacts) -> Truth:
        return a.types.has(r.type)
