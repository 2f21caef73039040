"""Rules about days and numbers."""

from collections.abc import Iterable
from datetime import timedelta

from scheduler.agenda.bounds import DAY_OUT_OF_RANGE, out_of_range
from scheduler.intake.known import Known
from scheduler.intake.rules.face import Params, Question, Rule
from solver.minutes import MINUTES_PER_DAY
from solver.rules.date_window import DateWindow

MOST_URGENT = 1000


def _window(question: Question, _: Known) -> Iterable[Params]:
    wish = question.wish
    if wish.until_day <= wish.from_day:
        yield {
            "from_day": wish.from_day,
            "until_day": wish.until_day,
            "earliest": wish.from_day + timedelta(days=1),
        }


def _range(question: Question, _: Known) -> Iterable[Params]:
    wish = question.wish
    days = {"from_day": wish.from_day, "until_day": wish.until_day}
    for refusal in out_of_range(**days, requested_on=wish.requested_on):
        yield refusal.params


def _request_date(question: Question, known: Known) -> Iterable[Params]:
    default = known.today if question.before is None else question.before.requested_on
    asked = question.wish.requested_on
    if asked is not None and asked != default and not question.may.set_request_date:
        yield {"requested_on": asked, "only": default}


def _duration(question: Question, _: Known) -> Iterable[Params]:
    asked = question.wish.duration
    if asked is not None and not 0 < asked <= MINUTES_PER_DAY:
        yield {"duration": asked, "least": 1, "most": MINUTES_PER_DAY}


def _buffer(question: Question, _: Known) -> Iterable[Params]:
    asked = question.wish.buffer
    if asked is not None and not 0 <= asked <= MINUTES_PER_DAY:
        yield {"buffer": asked, "least": 0, "most": MINUTES_PER_DAY}


def _priority(question: Question, _: Known) -> Iterable[Params]:
    asked = question.wish.priority
    if not 1 <= asked <= MOST_URGENT:
        yield {"priority": asked, "least": 1, "most": MOST_URGENT}


RULES = (
    Rule(
        DateWindow.code,
        "the window from {from_day} until {until_day} has no day in it, for the last is not included;"
        " let it last until {earliest} or later",
        ("from_day", "until_day"),
        _window,
        spec="domain §2; 001, Datumrange",
    ),
    Rule(
        DAY_OUT_OF_RANGE,
        "{day} is no day to plan; choose one from {first_day} until {until_day}",
        ("from_day", "until_day", "requested_on"),
        _range,
        spec="reliability T22",
    ),
    Rule(
        "formal_request_date",
        "the formal request date is {only}; another one needs the right to change it",
        ("requested_on",),
        _request_date,
        spec="domain §3; 001, Formele aanvraagdatum",
    ),
    Rule(
        "duration",
        "an appointment lasts {least} to {most} minutes, not {duration}",
        ("duration",),
        _duration,
    ),
    Rule(
        "buffer",
        "a buffer lasts {least} to {most} minutes, not {buffer}",
        ("buffer",),
        _buffer,
    ),
    Rule(
        "priority",
        "a priority is a number from {least} to {most}, not {priority}",
        ("priority",),
        _priority,
    ),
)
