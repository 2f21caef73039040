"""The menu of domain §5, typed out by hand, and an appointment in each of its rows."""

from typing import Any
from uuid import UUID

import pytest

from tests.practices import NOW, Practice

PERFORMED = {
    "none": [],
    "held": ["held"],
    "released": ["released"],
    "billed": ["billed"],
    "credited": ["credited"],
    "submitted": ["submitted"],
    "released and submitted": ["released", "submitted"],
    "held and credited": ["held", "credited"],
}
ANY = tuple(PERFORMED)
HELD_OR_NONE = ("none", "held", "credited", "held and credited")
RELEASED = ("released", "billed", "submitted", "released and submitted")
NOT_SUBMITTED = ("none", "held", "released", "credited", "held and credited")
SUBMITTED = ("billed", "submitted", "released and submitted")

EVENTS = (
    *("edit", "plan", "mark_as_draft", "complete", "undo_completion", "reschedule"),
    *("delete", "cancel", "no_show", "correct_no_show", "mark_lapsed"),
)

# As the specification has it. What it has no row for (planned, and a performance is released) offers nothing.
TABLE = [
    # state                performances    edit plan mark complete undo  move delete cancel  miss correct lapse
    ("draft",              ANY,           "yes  yes  -    -        -     yes  yes    yes     -    -       -  "),
    ("planned",            HELD_OR_NONE,  "yes  -    yes  yes      -     yes  yes    yes     yes  -       -  "),
    ("planned",            RELEASED,      "-    -    -    -        -     -    -      -       -    -       -  "),
    ("planned, no-show",   HELD_OR_NONE,  "yes  -    -    yes      -     yes  yes    -       -    yes     -  "),
    ("planned, no-show",   RELEASED,      "-    -    -    -        -     -    -      -       -    -       -  "),
    ("completed",          NOT_SUBMITTED, "-    -    -    -        yes   yes  yes    -       -    -       -  "),
    ("completed",          SUBMITTED,     "-    -    -    -        -     -    -      -       -    -       yes"),
    ("completed, no-show", NOT_SUBMITTED, "-    -    -    -        yes   yes  yes    -       -    -       -  "),
    ("completed, no-show", SUBMITTED,     "-    -    -    -        -     -    -      -       -    -       yes"),
    ("lapsed",             ANY,           "-    -    -    -        -     -    -      -       -    -       -  "),
    ("cancelled",          ANY,           "-    -    -    -        -     -    -      -       -    -       -  "),
    ("deleted",            ANY,           "-    -    -    -        -     -    -      -       -    -       -  "),
]  # fmt: skip

AFTER = {
    "edit": {},
    "plan": {"draft": "planned"},
    "mark_as_draft": {"planned": "draft"},
    "complete": {"planned": "completed"},
    "undo_completion": {"completed": "planned"},
    "reschedule": {},
    "delete": dict.fromkeys(("draft", "planned", "completed"), "deleted"),
    "cancel": dict.fromkeys(("draft", "planned"), "cancelled"),
    "no_show": {},
    "correct_no_show": {},
    "mark_lapsed": {"completed": "lapsed"},
}
REQUEST_OF = {
    "draft": "planned",
    "planned": "planned",
    "completed": "fulfilled",
    "lapsed": "fulfilled",
    "cancelled": "open",
    "deleted": "open",
}


def standing(practice: Practice, booked: tuple[UUID, UUID], stands: str, performances: str) -> UUID:
    """What has been booked, in that state with those performances, past the commands."""
    state, _, no_show_ = stands.partition(", ")
    request, key = booked
    if no_show_:
        practice.missed(key)
    practice.change("requests", request, state=REQUEST_OF[state])
    marks: dict[str, Any] = {"lapsed": {"reason": "-"}}
    marks["cancelled"] = {"cancelled_by": "employee", "cancelled_at": NOW, "reason": "-"}
    practice.change("appointments", key, state=state, **marks.get(state, {}))
    for performed in PERFORMED[performances]:
        credited = performed == "credited"
        made = practice.perform(key, "billed" if credited else performed)
        if credited:
            practice.credit(made)
    return key


ROWS = [
    pytest.param(state, name, dict(zip(EVENTS, cells.split(), strict=True)), id=f"{state}; {name}")
    for state, performances, cells in TABLE
    for name in performances
]
