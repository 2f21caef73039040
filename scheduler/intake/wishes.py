"""What is asked: a request before it is one. Domain §3."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from models.base import Keyed
from models.consultations import Modality
from models.requests import AppointmentRequest, RequestLocation, RequestState
from scheduler.options import NoSuchRequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The content of a request. What is left out is the type's (duration, buffer, modality), or today's (its date)."""

    employee_id: UUID
    consultation_type_id: UUID
    establishment_id: UUID
    from_day: date
    until_day: date
    """Not included. Domain §2 [001, Datumrange]"""
    contact_person_id: UUID | None = None
    case_id: UUID | None = None
    duration: int | None = None
    buffer: int | None = None
    modality: Modality | None = None
    allow_saturday: bool = False
    allow_sunday_holiday: bool = False
    priority: int = 1
    requested_on: date | None = None
    """The formal request date [001]."""
    required_practitioner_id: UUID | None = None
    preferred_practitioner_id: UUID | None = None
    preferred_location_id: UUID | None = None
    location_ids: frozenset[UUID] = frozenset()
    """Where it may be planned; without any, anywhere."""
    remarks: str | None = None
    reference: str | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """As the table has them; the locations have one of their own."""
        return {name: getattr(self, name) for name in COLUMNS}

    def differs(self, other: "Wish", fields: Collection[str]) -> bool:
        return any(getattr(self, name) != getattr(other, name) for name in fields)


COLUMNS = tuple(name for name in Wish.__dataclass_fields__ if name != "location_ids")


class First(StrEnum):
    """What a request begins as: put aside as a draft, or to be planned (once approved, where that is needed)."""

    DRAFT = "draft"
    PLACED = "placed"


Sees = Callable[[type[Keyed]], ColumnElement[bool]]
"""The condition that somebody sees a row of this kind."""


def everything(_: type[Keyed]) -> ColumnElement[bool]:
    return true()


@dataclass(frozen=True, slots=True)
class May:
    """What the caller has a right to, as far as intake asks. Domain §3, `approval`; 001, formal request date."""

    place: bool = False
    """Without it a request waits for approval."""
    set_request_date: bool = False
    sees: Sees = everything
    """What he does not see is not there for what he wishes. Domain §8."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it stands."""

    id: UUID
    version: int
    state: RequestState
    wish: Wish


def asked(session: Session, request_id: UUID) -> Asked:
    """A request, to be shown, or edited by `dataclasses.replace` of its wish.

    Raises:
        NoSuchRequestError: there is none with this key.
    """
    row = session.get(AppointmentRequest, request_id, populate_existing=True)
    if row is None:
        raise NoSuchRequestError(f"there is no request {request_id}")
    where = select(RequestLocation.location_id).where(RequestLocation.request_id == request_id)
    content = {name: getattr(row, name) for name in COLUMNS}
    wish = Wish(**content, location_ids=frozenset(session.scalars(where)))
    return Asked(row.id, row.version, row.state, wish)
