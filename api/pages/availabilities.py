"""What the pages of availabilities and of series share: hours as they are typed, and what can be chosen. Domain §1."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field

from api.http.calls import Call
from api.http.openings import MOST_TYPES, End, Opening, OpeningView
from api.pages.names import choices, names
from api.pages.words import MODALITY
from models.agenda import Location
from models.consultations import ConsultationType, Modality
from models.people import Practitioner
from scheduler.access import Right

MIDNIGHT, END_OF_DAY = "00:00", "24:00"


def _end(value: Any) -> Any:  # noqa: ANN401 (whatever was sent)
    """A field for a time has no 24:00: what ends at midnight ends at the end of its day."""
    return END_OF_DAY if value == MIDNIGHT else value


EndOfDay = Annotated[End, BeforeValidator(_end)]


class Hours(Opening):
    """As a form sends them: what is not ticked is not meant."""

    end: EndOfDay
    types: list[UUID] = Field(max_length=MOST_TYPES, min_length=1)
    modalities: list[Modality] = Field(max_length=len(Modality), min_length=1)


def offered(call: Call, kept: Iterable[OpeningView] = ()) -> dict[str, Any]:
    """What can be chosen: what is in use, and what these have already."""
    those = list(kept)
    return {
        "practitioners": choices(
            call,
            Practitioner,
            Practitioner.archived_at.is_(None)
            | Practitioner.id.in_([one.practitioner_id for one in those]),
        ),
        "locations": choices(
            call,
            Location,
            Location.archived_at.is_(None) | Location.id.in_([one.location_id for one in those]),
        ),
        "types": choices(
            call,
            ConsultationType,
            ConsultationType.archived_at.is_(None)
            | ConsultationType.id.in_([key for one in those for key in one.types]),
            ConsultationType.is_no_show.is_(False)
            | ConsultationType.id.in_([key for one in those for key in one.types]),
        ),
        "modalities": MODALITY,
        "may_manage": call.caller.may(Right.MANAGE_AVAILABILITIES),
    }


def called(call: Call, found: Iterable[OpeningView]) -> Mapping[UUID, str]:
    """By key, of everything that these name."""
    those = list(found)
    return {
        **names(call, Practitioner, [one.practitioner_id for one in those]),
        **names(call, Location, [one.location_id for one in those]),
        **names(call, ConsultationType, [key for one in those for key in one.types]),
    }


def field_time(clock: str) -> str:
    """For a field: the end of the day is the midnight that follows."""
    return MIDNIGHT if clock == END_OF_DAY else clock
