"""A wish, as it is sent: one request, or a row of many. Domain §3."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import select

from api.http.calls import Call
from api.http.shapes import Day, Flag, Given, Line, Text
from models.base import Keyed
from models.consultations import Modality
from models.organisation import ContactPerson, Establishment
from models.people import Employee
from models.requests import Case
from scheduler.access.denied import NotFoundError
from scheduler.intake import First, Wish

MOST_LOCATIONS = 500
"""That one request names."""

Number = Annotated[int, Field(strict=True, examples=[30])]
"""How large it may be, is the rules' to say."""


class Content(Given):
    """What is wished. Duration, buffer, modality: the type's, unless others are given. `until_day` is not included."""

    consultation_type_id: UUID
    establishment_id: UUID
    from_day: Day
    until_day: Day
    contact_person_id: UUID | None = None
    case_id: UUID | None = None
    duration: Number | None = None
    buffer: Number | None = None
    modality: Modality | None = None
    allow_saturday: Flag = False
    allow_sunday_holiday: Flag = False
    priority: Annotated[int, Field(strict=True)] = 1
    requested_on: Day | None = None
    required_practitioner_id: UUID | None = None
    preferred_practitioner_id: UUID | None = None
    preferred_location_id: UUID | None = None
    location_ids: list[UUID] = Field(default=[], max_length=MOST_LOCATIONS)
    remarks: Text | None = None
    reference: Line | None = None

    def as_wish_for(self, employee_id: UUID) -> Wish:
        content = {name: getattr(self, name) for name in Content.model_fields}
        content["location_ids"] = frozenset(self.location_ids)
        return Wish(employee_id=employee_id, **content)


class Row(Content):
    """And for whom."""

    employee_id: UUID

    def as_wish(self) -> Wish:
        return self.as_wish_for(self.employee_id)


class NewRequest(Row):
    """And as what it begins: put aside as a draft, or placed (which waits for approval where you may not place one)."""

    first: First = First.PLACED


def require_wish_seen(call: Call, wish: Wish, before: Wish | None = None) -> None:
    """That what a wish names is the caller's to see; what stood there before stays.

    Raises:
        NotFoundError: something is not, or is not there.
    """
    named = (
        (Employee, "employee_id"),
        (Establishment, "establishment_id"),
        (ContactPerson, "contact_person_id"),
        (Case, "case_id"),
    )
    require_seen(
        call,
        [
            (kind, getattr(wish, name))
            for kind, name in named
            if before is None or getattr(wish, name) != getattr(before, name)
        ],
    )


def require_seen(call: Call, named: Iterable[tuple[type[Keyed], UUID | None]]) -> None:
    """That what a body names is the caller's to see. It is looked for, and not shown: what is made of it is on record.

    Raises:
        NotFoundError: something is not, or is not there.
    """
    for kind, key in named:
        those = select(kind.id).where(kind.id == key, call.seen(kind))
        if key is not None and call.session.scalar(those) is None:
            raise NotFoundError
