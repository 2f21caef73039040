"""What is shown with requests: what their keys are called, what speaks for a place, and what happened."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from api.http.calls import Call
from api.http.histories import HistoryView, StepView
from api.http.requests import RequestView
from api.http.routes.requests import OptionView
from api.languages import Language
from api.pages.appointments import Known, known
from api.pages.words import MODALITY, Said, msgid
from api.words import MESSAGES, OFFERS
from models.consultations import Modality
from models.settings import Criterion

URGENT = 100
"""From this priority on a request is urgent; the usual ones are below it."""
PRIORITIES: Mapping[int, str] = {
    1: msgid("1 (usual)"),
    2: "2",
    3: "3",
    4: "4",
    5: msgid("5 (high)"),
    URGENT: msgid("urgent"),
}
"""The higher, the sooner it is planned."""
KEYS = (
    "employee_id", "consultation_type_id", "establishment_id", "contact_person_id", "case_id",
)  # fmt: skip
PRACTITIONERS = ("required_practitioner_id", "preferred_practitioner_id")


def known_of(call: Call, requests: Sequence[RequestView], **others: Iterable[UUID | None]) -> Known:
    """What the keys in these requests are called, and others by what they are."""
    wanted: dict[str, set[UUID | None]] = {
        name: {getattr(one, name) for one in requests} for name in KEYS
    }
    wanted["practitioner_id"] = {getattr(one, name) for one in requests for name in PRACTITIONERS}
    wanted["location_id"] = {one.preferred_location_id for one in requests}
    wanted["location_id"].update(key for one in requests for key in one.location_ids)
    for name, keys in others.items():
        wanted[name] = wanted.get(name, set()) | set(keys)
    return known(call, (), **wanted)


# --- Why a place is good, and what would help ---------------------------------------------------------

LIKED: Mapping[Criterion, str] = {
    Criterion.PREFERRED_PRACTITIONER: msgid("preferred practitioner"),
    Criterion.CONTINUITY: msgid("same practitioner as in the case"),
    Criterion.PREFERRED_LOCATION: msgid("preferred location"),
    Criterion.TRAVEL_DISTANCE: msgid("close by"),
    Criterion.PREFERRED_HOURS: msgid("in the employer's preferred hours"),
    Criterion.PRACTITIONER_SCORE: msgid("practitioner of first choice"),
    Criterion.EVENNESS: msgid("practitioner with most room"),
}
SOONEST = msgid("soonest")


def why_good(options: Sequence[OptionView]) -> list[list[str]]:
    """Of each option the criteria that it fulfils to the full, as msgids, and which one is the soonest."""
    first = min((one.starts_at for one in options), default=None)
    return [
        [
            *(LIKED[it.criterion] for it in one.liked if it.points >= it.most),
            *([SOONEST] if one.starts_at == first else ()),
        ]
        for one in options
    ]


EASINGS = OFFERS
"""By rule what is offered to change; its holes are filled by the place."""
RULES = MESSAGES
"""By rule why it excludes."""

# --- History --------------------------------------------------------------------------------------------

STEPS: Mapping[str, str] = {
    "draft": msgid("entered as a draft"),
    "open": msgid("placed: it can be planned"),
    "submit": msgid("submitted for approval"),
    "take_over": msgid("taken over from another system"),
    "take_over_draft": msgid("taken over from another system"),
    "approve": msgid("approved"),
    "reject": msgid("rejected"),
    "offer_again": msgid("offered again"),
    "plan": msgid("planned"),
    "reopen": msgid("open again: its appointment is gone"),
    "fulfil": msgid("its appointment is completed"),
    "undo_fulfilment": msgid("completion undone"),
    "correct_no_show": msgid("no-show corrected"),
    "edit": msgid("changed"),
    "withdraw": msgid("withdrawn"),
}
"""What happened."""
COLUMNS: Mapping[str, str] = {
    "consultation_type_id": msgid("Consultation type"),
    "establishment_id": msgid("Establishment"),
    "contact_person_id": msgid("Contact person"),
    "case_id": msgid("Case"),
    "from_day": msgid("From"),
    "until_day": msgid("Until (not included)"),
    "duration": msgid("Duration in minutes"),
    "buffer": msgid("Buffer after it, in minutes"),
    "modality": msgid("How it is held"),
    "allow_saturday": msgid("Saturday allowed"),
    "allow_sunday_holiday": msgid("Sunday or holiday allowed"),
    "priority": msgid("Priority"),
    "requested_on": msgid("Formal request date"),
    "required_practitioner_id": msgid("Only with"),
    "preferred_practitioner_id": msgid("Preferably with"),
    "preferred_location_id": msgid("Preferably at"),
    "remarks": msgid("Remarks"),
}
"""Of what changed, that which people speak of."""
SAME_KIND = dict.fromkeys(PRACTITIONERS, "practitioner_id") | {
    "preferred_location_id": "location_id"
}
YES, NO = msgid("yes"), msgid("no")


def keys_of(history: HistoryView) -> dict[str, set[UUID | None]]:
    """By what they are the keys in it, to be called by their names."""
    found: dict[str, set[UUID | None]] = {}
    for step in history.items:
        for name, change in step.changes.items():
            if name in COLUMNS and name.endswith("_id"):
                keys = {None if one is None else UUID(one) for one in (change.before, change.after)}
                found.setdefault(SAME_KIND.get(name, name), set()).update(keys)
    return found


def changes(names_of: Known, spoken: Language, step: StepView) -> list[tuple[str, str, str]]:
    """What a step changed: the column, what it was, and what it became."""
    return [
        (
            COLUMNS[name],
            _told(names_of, spoken, name, change.before),
            _told(names_of, spoken, name, change.after),
        )
        for name, change in step.changes.items()
        if name in COLUMNS and change.before != change.after
    ]


def _told(names_of: Known, spoken: Language, name: str, value: Any) -> str:  # noqa: ANN401 (as the history keeps it)
    if value is None:
        return ""
    if name.endswith("_id"):
        return names_of.name(UUID(value))
    if isinstance(value, bool):
        return spoken.text(YES if value else NO)
    if name == "modality":
        return spoken.text(MODALITY[Modality(value)])
    if name.endswith(("_day", "_on")):
        return spoken.day(date.fromisoformat(value))
    return str(value)


def readable(params: Mapping[str, Any]) -> dict[str, Any]:
    """What fills the holes of a reason that was told in JSON: days are days again, and words are translated."""
    return {name: _readable(value) for name, value in params.items()}


def _readable(value: Any) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(value, str):
        if value in WHAT:
            return Said(WHAT[value])
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


WHAT: Mapping[str, str] = {
    "request": msgid("a request"),
    "appointment": msgid("an appointment"),
}
"""What a rule may find standing in the way (`duplicate`)."""
