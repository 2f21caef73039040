"""`sunday_holiday`: a Sunday or holiday only if allowed. Source: domain §3; 000 §3.1.13.3."""

from solver.facts import Truth
from solver.rules.face import AvailabilityFacts, PairRule, Relaxation, RequestFacts
from solver.rules.words import implies


class SundayHoliday(PairRule):
    """Whether a day is a holiday is a fact of the availability's location."""

    code = "sunday_holiday"
    message = "on a Sunday or holiday, which the request does not allow"
    rigidity = 15
    relaxation = Relaxation("allow Sundays and holidays")

    def holds(self, r: RequestFacts, a: AvailabilityFacts) -> Truth:
        return implies(a.on_day_off, r.allow_day_off)
