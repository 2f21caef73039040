"""What may be done with something as it stands, and why not the rest. Domain §5 [000 §3.1.3]."""

from collections.abc import Mapping

from scheduler.lifecycles.appointments import APPOINTMENTS
from scheduler.lifecycles.face import Lifecycle, Situation
from scheduler.lifecycles.performances import PERFORMANCES
from scheduler.lifecycles.requests import REQUESTS
from scheduler.refusals import Refusal

NOT_ALLOWED = "not_allowed"
REASON_MISSING = "reason_missing"

MESSAGES: Mapping[str, str] = {
    NOT_ALLOWED: "{event} is for {only}; this is {state}",
    REASON_MISSING: "{event} needs a reason",
} | {
    need.code: need.message
    for lifecycle in (REQUESTS, APPOINTMENTS, PERFORMANCES)
    for row in lifecycle.rows
    for need in row.needs
}
"""For each code a msgid with named holes; translated at the edge."""


def menu(lifecycle: Lifecycle, situation: Situation) -> dict[str, tuple[Refusal, ...]]:
    """Each event with the reasons against it; without any it is allowed."""
    return {event: reasons_against(lifecycle, event, situation) for event in lifecycle.events}


def reasons_against(lifecycle: Lifecycle, event: str, situation: Situation) -> tuple[Refusal, ...]:
    row = lifecycle.row(event, situation.state)
    if row is None:
        return (not_allowed(lifecycle, event, situation.state),)
    return tuple(
        Refusal(need.code, {"event": event}) for need in row.needs if not need.holds(situation)
    )


def not_allowed(lifecycle: Lifecycle, event: str, state: str | None) -> Refusal:
    """The event does not happen in this state, but in those of `only`."""
    return Refusal(NOT_ALLOWED, {"event": event, "state": state, "only": lifecycle.sources(event)})
