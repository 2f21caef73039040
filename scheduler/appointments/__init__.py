"""What becomes of appointments: held, missed, void; and those without a request. Domain §5.

`scheduler.booking` has the rest of their menu: reschedule, delete, cancel.
"""

from collections.abc import Mapping

from scheduler.appointments import completing, correcting, editing, no_shows
from scheduler.appointments.choices import Choice
from scheduler.appointments.completing import complete, undo_completion
from scheduler.appointments.correcting import TakenBack, correct_no_show, follow_up
from scheduler.appointments.drafts import mark_as_draft, plan
from scheduler.appointments.editing import Edited, edit
from scheduler.appointments.lapsing import mark_lapsed
from scheduler.appointments.menu import Menu, actions
from scheduler.appointments.no_shows import Missed, no_show
from scheduler.appointments.placing import draft, plan_directly, report_ad_hoc
from scheduler.booking import loose, moving
from scheduler.performing import MESSAGES as OF_PRICES

MESSAGES: Mapping[str, str] = {
    **OF_PRICES,
    **completing.MESSAGES,
    **correcting.MESSAGES,
    **editing.MESSAGES,
    **loose.MESSAGES,
    **moving.MESSAGES,
    **no_shows.MESSAGES,
}
"""For each code that is refused by here a msgid with named holes; the lifecycles and intake have their own."""

__all__ = [
    "MESSAGES",
    "Choice",
    "Edited",
    "Menu",
    "Missed",
    "TakenBack",
    "actions",
    "complete",
    "correct_no_show",
    "draft",
    "edit",
    "follow_up",
    "mark_as_draft",
    "mark_lapsed",
    "no_show",
    "plan",
    "plan_directly",
    "report_ad_hoc",
    "undo_completion",
]
