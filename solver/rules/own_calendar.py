"""`own_calendar`: nothing is planned while the practitioner is busy by a calendar of his own. Source: domain §6; issue 8."""

from collections.abc import Iterable

from solver.facts import NONE, Availability, Request
from solver.minutes import WHOLE_DAY, Minutes, starts_of_runs
from solver.rules.face import Finished, Occupation, PlanRule, Sentences, SlotRule, Violation
from solver.rules.words import grouped


class OwnCalendar(SlotRule, PlanRule):
    """What somebody else's calendar says may be wrong: by hand it may be set aside."""

    code = "own_calendar"
    message = "the practitioner is busy by his own calendar"
    rigidity = 60
    relaxation = None
    personal = False

    def starts(self, r: Request, a: Availability, stands: Occupation) -> Minutes:
        busy = stands.busy_elsewhere(a.practitioner, a.day)
        return starts_of_runs(WHOLE_DAY & ~busy, r.occupied) if busy else WHOLE_DAY

    def violations(self, plan: Finished) -> Iterable[Violation]:
        for booked in grouped(plan.booked, lambda b: (b.practitioner, b.day)).values():
            elsewhere = [one for one in booked if one.elsewhere]
            planned = (one for one in booked if one.request != NONE) if elsewhere else ()
            for one in planned:
                for other in elsewhere:
                    if one.start < other.occupied_until and other.start < one.occupied_until:
                        when = plan.clock(one.day, one.start)
                        yield Violation(
                            self.code, (one.label, other.label), f"he is busy elsewhere at {when}"
                        )

    def post(self, model: Sentences) -> None:
        """Nothing: it stands, so that no choice has a start in it."""
