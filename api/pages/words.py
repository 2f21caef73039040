"""What people call the words of the code: states, events, modalities; each a msgid, and a mark beside its colour."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.appointments import AppointmentState, Party
from models.consultations import Modality
from models.requests import RequestState
from scheduler.access import Right


def msgid(sentence: str) -> str:
    """Marks a sentence that is translated where it is shown."""
    return sentence


@dataclass(frozen=True, slots=True)
class Word:
    """`tone`: good, warn, bad or plain. `mark`: what tells it without colour."""

    text: str
    tone: str = "plain"
    mark: str = ""


NO_SHOW = Word(msgid("no-show"), "bad", "∅")
APPOINTMENT: Mapping[AppointmentState, Word] = {
    AppointmentState.DRAFT: Word(msgid("draft"), "warn", "✎"),
    AppointmentState.PLANNED: Word(msgid("planned"), "plain", "●"),
    AppointmentState.COMPLETED: Word(msgid("completed"), "good", "✓"),
    AppointmentState.LAPSED: Word(msgid("lapsed"), "bad", "⊘"),
    AppointmentState.CANCELLED: Word(msgid("cancelled"), "bad", "✕"),
    AppointmentState.DELETED: Word(msgid("deleted"), "bad", "✕"),
}
REQUEST: Mapping[RequestState, Word] = {
    RequestState.DRAFT: Word(msgid("draft"), "plain", "✎"),
    RequestState.FOR_APPROVAL: Word(msgid("for approval"), "warn", "?"),
    RequestState.REJECTED: Word(msgid("rejected"), "bad", "✕"),
    RequestState.OPEN: Word(msgid("open"), "warn", "○"),
    RequestState.PLANNED: Word(msgid("planned"), "good", "●"),
    RequestState.FULFILLED: Word(msgid("fulfilled"), "good", "✓"),
    RequestState.WITHDRAWN: Word(msgid("withdrawn"), "plain", "✕"),
}
MODALITY: Mapping[Modality, str] = {
    Modality.AT_LOCATION: msgid("at the location"),
    Modality.TELEPHONE: msgid("by telephone"),
    Modality.VIDEO: msgid("by video"),
}
PARTY: Mapping[Party, str] = {
    Party.EMPLOYEE: msgid("the employee"),
    Party.EMPLOYER: msgid("the employer"),
    Party.PRACTITIONER: msgid("the practitioner"),
    Party.SERVICE: msgid("the service"),
}
EVENTS: Mapping[str, str] = {
    "edit": msgid("Edit"),
    "plan": msgid("Plan"),
    "mark_as_draft": msgid("Mark as draft"),
    "reschedule": msgid("Reschedule"),
    "complete": msgid("Complete"),
    "undo_completion": msgid("Undo completion"),
    "cancel": msgid("Cancel"),
    "delete": msgid("Delete"),
    "no_show": msgid("No-show"),
    "correct_no_show": msgid("Correct no-show"),
    "mark_lapsed": msgid("Mark lapsed"),
    "open": msgid("Place"),
    "submit": msgid("Submit for approval"),
    "approve": msgid("Approve"),
    "reject": msgid("Reject"),
    "offer_again": msgid("Offer again"),
    "withdraw": msgid("Withdraw"),
}


# --- In what a refusal names ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A word that is translated where it is shown."""

    sentence: str


STATES: Mapping[str, str] = {
    str(state): word.text for table in (REQUEST, APPOINTMENT) for state, word in table.items()
}
RIGHTS: Mapping[str, str] = {str(right): right.sentence for right in Right}
NAMED: Mapping[str, Mapping[str, str]] = {
    "event": EVENTS,
    "state": STATES,
    "only": STATES,
    "right": RIGHTS,
}
"""By the name of a hole, the words of people for the words of the code."""


def worded(params: Mapping[str, Any]) -> dict[str, Any]:
    """What fills the holes of a sentence, as people say it."""
    return {
        name: _word(NAMED[name], value) if name in NAMED else value
        for name, value in params.items()
    }


def _word(words: Mapping[str, str], value: object) -> object:
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_word(words, one) for one in value]
    return Said(words[str(value)]) if str(value) in words else value
