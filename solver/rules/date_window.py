"""`date_window`: the appointment starts on a day in [from, until). Source: domain §3; 001 Datumrange."""

from solver.facts import Truth
from solver.rules.face import AvailabilityFacts, PairRule, Relaxation, RequestFacts


class DateWindow(PairRule):
    """The to-date is not included: a window of 20-07 until 21-07 means 20-07 only."""

    code = "date_window"
    message = "not on a day from {from_day} until (not including) {until_day}"
    rigidity = 20
    relaxation = Relaxation("allow other days: {day}")

    def holds(self, r: RequestFacts, a: AvailabilityFacts) -> Truth:
        return (r.from_day <= a.day) & (a.day < r.until_day)
