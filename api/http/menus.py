"""What may be done with something now: each action with the reasons why not. Domain §5 [000 §3.1.3]."""

from collections.abc import Iterable

from api.http.calls import Call
from api.http.problems import Reason
from api.http.shapes import View
from api.http.texts import told
from scheduler.access import Right
from scheduler.refusals import Refusal


class Action(View):
    """Something that may be done now, or the reasons why not."""

    allowed: bool
    reasons: list[Reason]


def action(call: Call, against: Iterable[Refusal], *rights: Right) -> Action:
    """What stands in the way, and what the caller may not; one of the rights is enough."""
    why = [*against]
    if not any(call.caller.may(right) for right in rights):
        why.append(Refusal("right_missing", {"right": [*rights]}))
    return Action(allowed=not why, reasons=[Reason(**one) for one in told(why)])
