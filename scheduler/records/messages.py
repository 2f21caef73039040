"""The sentences of what is refused of a record, each with the remedy: msgids, translated at the edge."""

from collections.abc import Mapping

from scheduler.records import keeping, lists, organisation, people, places, practice, types
from scheduler.records.ahead import IN_USE

MESSAGES: Mapping[str, str] = {
    "code_taken": "another one has this code already; choose another",
    "account_taken": "another practitioner has this account already",
    "one_main_establishment": "the employer has a main establishment already: let that be none first",
    keeping.MISSING: "{field} is missing: name it, or something that belongs to it",
    keeping.STILL_NAMED: "it is still named by: {by}",
    lists.TWICE: "{field} names something twice",
    places.UNKNOWN_ZONE: "{time_zone} is no time zone; give one like Europe/Amsterdam",
    places.HALF_A_POINT: "give both latitude and longitude, or neither",
    organisation.HOURS: "preferred hours end after they start",
    organisation.WITHIN_ITSELF: "a department does not lie within itself",
    people.RESTS_ON_IT: (
        "{count} appointments are planned from this establishment;"
        " end this employment and add another, or cancel them first"
    ),
    practice.DAYS_SHIFT: (
        "{fields} cannot change while {availability_count} availabilities and {appointment_count}"
        " planned appointments lie ahead there: their days would shift, or become holidays;"
        " add another location instead"
    ),
    practice.NO_PERSON: "a practitioner has the account of a person, and not of a program",
    types.TOO_LONG: "duration and buffer are {minutes} minutes together; a day has {most}",
    types.CALLS_AGAIN: "only a no-show can be followed by another call",
    IN_USE: (
        "{availability_count} availabilities and {appointment_count} planned appointments lie ahead;"
        " remove or move them first"
    ),
}
"""The agenda has those of what is unknown, of calendars, references and periods."""

OF_WHAT_WAS_SENT = frozenset(
    {
        keeping.MISSING,
        lists.TWICE,
        places.UNKNOWN_ZONE,
        places.HALF_A_POINT,
        organisation.HOURS,
        organisation.WITHIN_ITSELF,
        practice.NO_PERSON,
        types.TOO_LONG,
        types.CALLS_AGAIN,
    }
)
"""Refused whatever else there is; the others speak of how things stand."""
