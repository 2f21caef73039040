"""Where one can go from anywhere: what a right opens, in the order of a planner's day."""

from dataclasses import dataclass

from scheduler.access import Caller, Right


@dataclass(frozen=True, slots=True)
class Entry:
    """A place. One of its rights is enough to be offered it."""

    path: str
    title: str
    """A msgid."""
    rights: tuple[Right, ...]


ADMINISTERING = (
    Right.VIEW_ORGANISATION,
    Right.MANAGE_ORGANISATION,
    Right.MANAGE_PRACTITIONERS,
    Right.MANAGE_LOCATIONS,
    Right.MANAGE_TYPES,
    Right.MANAGE_USERS,
    Right.MANAGE_API_ACCOUNTS,
    Right.MANAGE_ROLES,
    Right.MANAGE_GROUPS,
    Right.MANAGE_PARAMETERS,
    Right.MANAGE_RECEIVERS,
    Right.MANAGE_MESSAGES,
    Right.ORDER_PREFERENCES,
    Right.MANAGE_TRIGGERS,
)
ENTRIES: tuple[Entry, ...] = (
    Entry("/agenda", "Agenda", (Right.VIEW_AGENDA,)),
    Entry("/requests", "Requests", (Right.VIEW_REQUESTS,)),
    Entry("/appointments", "Appointments", (Right.VIEW_APPOINTMENTS,)),
    Entry("/availabilities", "Availabilities", (Right.VIEW_AGENDA, Right.MANAGE_AVAILABILITIES)),
    Entry("/runs", "Planning runs", (Right.START_RUNS,)),
    Entry("/absences", "Absences", (Right.MANAGE_ABSENCES,)),
    Entry("/tasks", "Tasks", (Right.DO_TASKS,)),
    Entry("/employees", "Employees", (Right.VIEW_EMPLOYEES, Right.MANAGE_EMPLOYEES)),
    Entry("/administration", "Administration", ADMINISTERING),
)
"""A new page is a line here."""


def entries(caller: Caller) -> tuple[Entry, ...]:
    """What this caller is offered."""
    return tuple(one for one in ENTRIES if any(caller.may(right) for right in one.rights))
