"""What is shown with an appointment: what its keys are called, and the clocks of its place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import select

from api.http.calls import Call
from api.http.histories import HistoryView, StepView
from api.languages import ZONE, Language
from api.pages.names import NAMELESS, names
from api.pages.rendering import there
from api.pages.words import msgid
from models.agenda import Location
from models.base import Keyed
from models.billing import PerformanceState
from models.consultations import CaseKind, ConsultationType
from models.messages import Answer, Channel, Recipient
from models.organisation import ContactPerson, Establishment
from models.people import Employee, Practitioner
from models.requests import Case


class Planned(Protocol):
    """An appointment, or what is known of one."""

    @property
    def employee_id(self) -> UUID: ...
    @property
    def practitioner_id(self) -> UUID: ...
    @property
    def location_id(self) -> UUID: ...
    @property
    def consultation_type_id(self) -> UUID: ...


@dataclass(frozen=True, slots=True)
class Known:
    """By key; what the reader may not see is called nothing."""

    names: Mapping[UUID, str]
    zones: Mapping[UUID, str]

    def name(self, key: UUID | None) -> str:
        return "" if key is None else self.names.get(key, NAMELESS)

    def zone(self, location: UUID) -> str:
        return self.zones.get(location, ZONE)


def known(call: Call, appointments: Iterable[Planned], **others: Iterable[UUID | None]) -> Known:
    """Of these appointments, and of other keys by what they are: `location_id=[...]`."""
    those = list(appointments)
    wanted = {name: {getattr(one, name) for one in those} for name in ALWAYS}
    for name, keys in others.items():
        wanted[name] = wanted.get(name, set()) | set(keys)
    found: dict[UUID, str] = {}
    for name, keys in wanted.items():
        found.update(_cases(call, keys) if name == "case_id" else names(call, KINDS[name], keys))
    places = wanted["location_id"] - {None}
    return Known(found, zones(call, places))


ALWAYS = ("employee_id", "practitioner_id", "location_id", "consultation_type_id")
KINDS: Mapping[str, type[Keyed]] = {
    "employee_id": Employee,
    "practitioner_id": Practitioner,
    "location_id": Location,
    "consultation_type_id": ConsultationType,
    "establishment_id": Establishment,
    "contact_person_id": ContactPerson,
}


def zones(call: Call, locations: Iterable[UUID]) -> Mapping[UUID, str]:
    query = select(Location.id, Location.time_zone).where(Location.id.in_(set(locations)))
    return dict(call.session.execute(query).all())


def _cases(call: Call, keys: Iterable[UUID | None]) -> Mapping[UUID, str]:
    """By their kind."""
    query = (
        select(Case.id, CaseKind.name)
        .join(CaseKind, CaseKind.id == Case.kind_id)
        .where(Case.id.in_([key for key in keys if key is not None]), call.seen(Case))
    )
    return dict(call.session.execute(query).all())


# --- What is said of them -----------------------------------------------------------------------------

PERFORMANCES: Mapping[PerformanceState, str] = {
    PerformanceState.HELD: msgid("held until completion"),
    PerformanceState.RELEASED: msgid("released"),
    PerformanceState.BILLED: msgid("billed"),
    PerformanceState.SUBMITTED: msgid("submitted"),
}
CHANNELS: Mapping[Channel, str] = {
    Channel.EMAIL: msgid("by e-mail"),
    Channel.SMS: msgid("by text message"),
}
RECIPIENTS: Mapping[Recipient, str] = {
    Recipient.EMPLOYEE: msgid("to the employee"),
    Recipient.PRACTITIONER: msgid("to the practitioner"),
    Recipient.CONTACT_PERSON: msgid("to the contact person"),
    Recipient.CASE_MANAGER: msgid("to the case manager"),
}
ANSWERS: Mapping[Answer, str] = {
    Answer.ACCEPTED: msgid("Yes, I will come"),
    Answer.DECLINED: msgid("No, I cannot come"),
    Answer.ANOTHER_TIME: msgid("I would like another time"),
}
"""As whoever is invited says it."""
ANSWERED: Mapping[Answer, str] = {
    Answer.ACCEPTED: msgid("will come"),
    Answer.DECLINED: msgid("cannot come"),
    Answer.ANOTHER_TIME: msgid("asks for another time"),
}
"""As a planner reads it."""
RULES: Mapping[str, str] = {
    "date_window": msgid("Outside the days that were asked for"),
    "saturday": msgid("On a Saturday"),
    "sunday_holiday": msgid("On a Sunday or a holiday"),
    "practitioner_wish": msgid("With another practitioner than was asked for"),
    "own_calendar": msgid("While the practitioner is busy by his own calendar"),
    "location_wish": msgid("At another location than was asked for"),
}
"""Those that may be set aside by hand. Domain §3."""


# --- History --------------------------------------------------------------------------------------------

STEPS: Mapping[str, str] = {
    "book": msgid("planned"),
    "draft": msgid("entered as a draft"),
    "report_ad_hoc": msgid("added for a report"),
    "take_over": msgid("taken over from another system"),
    "take_over_completed": msgid("taken over from another system"),
    "edit": msgid("changed"),
    "plan": msgid("planned, no longer a draft"),
    "mark_as_draft": msgid("marked as a draft"),
    "complete": msgid("completed"),
    "undo_completion": msgid("completion undone"),
    "reschedule": msgid("rescheduled"),
    "delete": msgid("deleted"),
    "cancel": msgid("cancelled"),
    "no_show": msgid("marked as a no-show"),
    "correct_no_show": msgid("no-show corrected"),
    "mark_lapsed": msgid("marked lapsed"),
}
"""What happened."""
COLUMNS: Mapping[str, str] = {
    "starts_at": msgid("Start"),
    "ends_at": msgid("End"),
    "practitioner_id": msgid("Practitioner"),
    "location_id": msgid("Location"),
    "consultation_type_id": msgid("Consultation type"),
    "case_id": msgid("Case"),
    "contact_person_id": msgid("Contact person"),
    "remarks": msgid("Remarks"),
}
"""Of what changed, that which people speak of."""


def keys_of(history: HistoryView) -> dict[str, set[UUID | None]]:
    """By column the keys in it, to be called by their names."""
    found: dict[str, set[UUID | None]] = {}
    for step in history.items:
        for name, change in step.changes.items():
            if name in COLUMNS and name.endswith("_id"):
                found.setdefault(name, set()).update(map(_key, (change.before, change.after)))
    return found


def changes(
    names_of: Known, spoken: Language, step: StepView, zone: str
) -> list[tuple[str, str, str]]:
    """What a step changed: the column, what it was, and what it became."""
    return [
        (
            COLUMNS[name],
            _told(names_of, spoken, name, change.before, zone),
            _told(names_of, spoken, name, change.after, zone),
        )
        for name, change in step.changes.items()
        if name in COLUMNS and change.before != change.after
    ]


def _told(names_of: Known, spoken: Language, name: str, value: Any, zone: str) -> str:  # noqa: ANN401 (as the history keeps it)
    if value is None:
        return ""
    if name.endswith("_id"):
        return names_of.name(_key(value))
    if name.endswith("_at"):
        return spoken.moment(there(datetime.fromisoformat(value), zone))
    return str(value)


def _key(told: Any) -> UUID | None:  # noqa: ANN401 (as the history keeps it)
    return None if told is None else UUID(told)
