"""What happens by itself: an event, conditions, an action. Domain §4.

`Triggers` hears of events and fires, `PlansAtOnce` books what a firing wants planned at once, `daily`
tells what a day brings. `setting_up` keeps them, `rehearsing` tries them on last month.
"""

from collections.abc import Callable
from datetime import datetime

from scheduler import clock
from scheduler.relay import Subscriber
from scheduler.triggers.at_once import PlansAtOnce
from scheduler.triggers.daily import tell_days
from scheduler.triggers.firing import Triggers
from scheduler.triggers.messages import MESSAGES, OF_WHAT_WAS_SENT


def subscribers(now: Callable[[], datetime] = clock.now) -> tuple[Subscriber, ...]:
    """Those that make triggers fire: for the service, and for whoever relays beside it."""
    # booking locks locations before employees, and so it goes first
    return (PlansAtOnce(now), Triggers(now))


__all__ = [
    "MESSAGES",
    "OF_WHAT_WAS_SENT",
    "PlansAtOnce",
    "Triggers",
    "subscribers",
    "tell_days",
]
