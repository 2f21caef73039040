"""What an availability and a series of them have in common, as it is sent and shown: hours by the clocks of the location."""

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from api.http.shapes import Given, View
from models.agenda import Availability, AvailabilitySeries
from models.consultations import Modality
from scheduler.agenda import Offer
from scheduler.agenda.offers import modalities
from scheduler.agenda.placing import clock

CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)
OFFSET = re.compile(r"([+-])([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
MOST_TYPES = 500


def _minute(value: Any) -> Any:  # noqa: ANN401 (whatever was sent)
    found = CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("clock", "a time of the day such as 09:00, or 24:00 for its end")
    hour, _, minute = value.partition(":")
    return int(hour) * 60 + int(minute)


def _offset(value: Any) -> Any:  # noqa: ANN401 (whatever was sent)
    found = OFFSET.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("offset", "an offset from UTC such as +01:00")
    sign, hours, minutes = found.groups()
    return timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)


Clock = Annotated[
    int,
    BeforeValidator(_minute),
    WithJsonSchema({"type": "string", "pattern": f"^({CLOCK.pattern})$", "examples": ["09:00"]}),
]
"""A time of the local day, as its minute."""
Offset = Annotated[
    timedelta,
    BeforeValidator(_offset),
    WithJsonSchema({"type": "string", "pattern": f"^{OFFSET.pattern}$", "examples": ["+01:00"]}),
]
"""From UTC."""
Start = Annotated[Clock, Field(description="by the clocks of the location", examples=["09:00"])]
End = Annotated[Clock, Field(description="24:00 is the end of the day", examples=["17:00"])]


class Opening(Given):
    """Who offers what, where, and at which hours. `modalities`: how an appointment may be held in it."""

    practitioner_id: UUID
    location_id: UUID
    start: Start
    end: End
    types: list[UUID] = Field(max_length=MOST_TYPES, json_schema_extra={"minItems": 1})
    modalities: list[Modality] = Field(default=list(Modality), max_length=len(Modality))

    def as_offer(self) -> Offer:
        return Offer(
            practitioner_id=self.practitioner_id,
            location_id=self.location_id,
            start_minute=self.start,
            end_minute=self.end,
            types=frozenset(self.types),
            modalities=frozenset(self.modalities),
        )


class OpeningView(View):
    """`start`, `end`: by the clocks of the location."""

    id: UUID
    version: int
    practitioner_id: UUID
    location_id: UUID
    start: str = Field(examples=["09:00"])
    end: str = Field(examples=["17:00"])
    types: list[UUID]
    modalities: list[Modality]


def shown(row: Availability | AvailabilitySeries, types: Collection[UUID]) -> dict[str, Any]:
    """The fields of an `OpeningView`."""
    admitted = modalities(row)
    return {
        "id": row.id,
        "version": row.version,
        "practitioner_id": row.practitioner_id,
        "location_id": row.location_id,
        "start": clock(row.start_minute),
        "end": clock(row.end_minute),
        "types": sorted(types),
        "modalities": [one for one in Modality if one in admitted],
    }
