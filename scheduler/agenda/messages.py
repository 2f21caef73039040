"""The sentences of what the agenda refuses, each with the remedy: msgids with named holes, translated at the edge."""

from collections.abc import Mapping

from models.guards.agenda import AVAILABILITY_CAPACITY, DISTURBS
from scheduler.agenda import (
    absences,
    bounds,
    calendars,
    disturbed,
    dropping,
    employments,
    exclusions,
    occurrences,
    offers,
    own_days,
    placing,
    recurrence,
    series_parts,
)
from scheduler.booking.book import NO_AVAILABILITY, NO_REQUEST
from scheduler.guarded import REFERENCE_TAKEN
from scheduler.loading.clock import AmbiguousTimeError, NonexistentTimeError, WrongOffsetError

MESSAGES: Mapping[str, str] = {
    AVAILABILITY_CAPACITY.rule: (
        "{location} takes {limit} availabilities at once, and has them on {day} from {start} to {end};"
        " choose another time or place, or raise its limit"
    ),
    DISTURBS: (
        "{count} planned appointments would be left without a place;"
        " confirm that they are cancelled and their requests planned again"
    ),
    disturbed.OTHERS: (
        "{others} planned appointments that you may not see would be left without a place;"
        " somebody who sees them has to make this change"
    ),
    absences.PERIOD: "an absence ends after it starts; this one would end at {ends_at}",
    employments.PERIOD: "an employment that begins on {from_day} ends on a later day than {until_day}",
    exclusions.TWICE: "this practitioner is excluded for the employee already",
    bounds.DAY_OUT_OF_RANGE: "{day} is no day to plan; choose one from {first_day} until {until_day}",
    REFERENCE_TAKEN: "another one has this reference already",
    "one_own_holiday": "that day is entered already for this country or subdivision; drop it first",
    "one_own_holiday_there": "that day is entered already for this location; drop it first",
    offers.UNKNOWN: "{field} names nothing that is known here",
    offers.ARCHIVED: "{field} names something that is no longer in use; choose another",
    offers.HOURS: "hours are minutes of the day, from 0 to {most}",
    offers.NO_TYPE: "choose at least one consultation type",
    offers.NO_MODALITY: "choose at least one way: at the location, by telephone, or by video",
    dropping.NOTHING_OPEN: (
        "{practitioner} has no availability at {time} on {day}; choose another time, day or practitioner"
    ),
    placing.ENDS_FIRST: "it ends after it starts, on the same day",
    NonexistentTimeError.code: (
        "on {day} the clocks in {zone} are put forward past {time}; choose a later time"
    ),
    AmbiguousTimeError.code: (
        "on {day} the clocks in {zone} show {time} twice; say which offset from UTC is meant: {offsets}"
    ),
    WrongOffsetError.code: (
        "on {day} the clocks in {zone} show {time} at {offsets} from UTC; say that, or leave it out"
    ),
    recurrence.MALFORMED: "the rule cannot be read at {part}; its parts are {parts}",
    recurrence.FREQUENCY: "a series comes by one of {only}, not by {frequency}",
    recurrence.PART: "{part} says nothing in a rule of {frequency}; leave it out",
    recurrence.NO_END: "the rule has no end; give it COUNT or UNTIL",
    recurrence.TWO_ENDS: "the rule has both COUNT and UNTIL; leave one out",
    occurrences.TOO_LONG: (
        "a series has at most {most} availabilities, before {until_day}; let it end sooner"
    ),
    occurrences.EMPTY: "the rule {rule} has no day from {first_day} on; choose another",
    calendars.UNKNOWN_CALENDAR: "{problem}",
    own_days.PERIOD: "ask for a day at least, and for {most} days at the most",
    series_parts.NO_SERIES: "this availability is in no series; change it by itself",
    NO_AVAILABILITY: "there is no such availability, or no longer",
    NO_REQUEST: "there is no such request",
}

OF_WHAT_WAS_SENT = frozenset(
    {
        absences.PERIOD,
        employments.PERIOD,
        bounds.DAY_OUT_OF_RANGE,
        calendars.UNKNOWN_CALENDAR,
        own_days.PERIOD,
        offers.UNKNOWN,
        offers.HOURS,
        offers.NO_TYPE,
        offers.NO_MODALITY,
        placing.ENDS_FIRST,
        NonexistentTimeError.code,
        AmbiguousTimeError.code,
        WrongOffsetError.code,
        recurrence.MALFORMED,
        recurrence.FREQUENCY,
        recurrence.PART,
        recurrence.NO_END,
        recurrence.TWO_ENDS,
        occurrences.TOO_LONG,
        occurrences.EMPTY,
    }
)
"""Refused whatever the agenda looks like; the others speak of how things stand."""
