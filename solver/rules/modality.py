"""`modality`: the availability admits how the appointment is held. Source: domain §3."""

from solver.facts import Truth
from solver.rules.face import AvailabilityFacts, PairRule, RequestFacts


class ModalityAdmitted(PairRule):
    """At the location, by telephone or by video; one shared modality is enough."""

    code = "modality"
    message = "not open for appointments held this way"
    rigidity = 60
    relaxation = None

    def holds(self, r: RequestFacts, a: AvailabilityFacts) -> Truth:
        return (r.modalities & a.modalities) != 0
