"""`notice`: never in the past, no sooner than the type's minimum notice. Source: domain §3."""

from solver.facts import Availability, Request
from solver.minutes import MINUTES_PER_DAY, WHOLE_DAY, Minutes, span
from solver.rules.face import Occupation, SlotRule


class Notice(SlotRule):
    """There is no clock here: `Request.earliest` says from when on."""

    code = "notice"
    message = "in the past, or sooner than the notice that the consultation type asks"
    rigidity = 90
    relaxation = None
    personal = True

    def starts(self, r: Request, a: Availability, stands: Occupation) -> Minutes:
        opens = r.earliest - MINUTES_PER_DAY * a.day
        return WHOLE_DAY if opens <= 0 else span(opens, MINUTES_PER_DAY)
