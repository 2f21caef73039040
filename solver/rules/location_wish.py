"""`location_wish`: a required set of locations binds. Source: domain §3."""

from solver.facts import Truth
from solver.rules.face import AvailabilityFacts, PairRule, Relaxation, RequestFacts


class LocationWish(PairRule):
    """A request without a list may be held at any location of its region."""

    code = "location_wish"
    message = "at a location that the request does not ask for"
    rigidity = 30
    relaxation = Relaxation("another location: {location}")

    def holds(self, r: RequestFacts, a: AvailabilityFacts) -> Truth:
        return r.locations.has(a.location)
