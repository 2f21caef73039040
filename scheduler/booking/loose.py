"""A place outside every availability: for ad hoc reports alone. Domain §3, `notice`.

Such an appointment may lie in the past, on any day and at any minute. Nobody is in two places at once
all the same, no room takes more than its limit, and who is excluded stays so.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.agenda import Location
from models.consultations import ConsultationTypeFunction
from models.instants import EPOCH
from models.people import Practitioner, PractitionerFunction
from scheduler.booking.places import Asked, Place, judge
from scheduler.loading import rows
from scheduler.loading.rows import AvailabilityRow, RequestRow
from scheduler.refusals import Refusal
from solver.rules.duplicate import Duplicate
from solver.rules.employee_free import EmployeeFree
from solver.rules.exclusion import Exclusion
from solver.rules.location_capacity import LocationCapacity
from solver.rules.practitioner_free import PractitionerFree
from solver.rules.type_admitted import TypeAdmitted

NO_LOCATION = "no_such_location"
NO_PRACTITIONER = "no_such_practitioner"

MESSAGES: Mapping[str, str] = {
    NO_LOCATION: "there is no such location",
    NO_PRACTITIONER: "there is no such practitioner",
}

BINDING = frozenset(
    rule.code for rule in (Duplicate, Exclusion, PractitionerFree, EmployeeFree, LocationCapacity)
)
"""What holds without an availability too."""


@dataclass(frozen=True, slots=True)
class Spot:
    """With whom, where and when; in no availability."""

    practitioner_id: UUID
    location_id: UUID
    starts_at: datetime


def loosely(wish: RequestRow, spot: Spot) -> Asked:
    """The same question as about an availability: one that is open just then, for everything."""
    minutes = timedelta(minutes=wish.duration + wish.buffer)
    block = AvailabilityRow(
        id=wish.id,
        reference=None,
        practitioner_id=spot.practitioner_id,
        location_id=spot.location_id,
        starts_at=spot.starts_at,
        ends_at=spot.starts_at + minutes,
        at_location=True,
        by_telephone=True,
        by_video=True,
    )
    return Asked(Place(wish.id, block.id, spot.starts_at), wish, block)


def against(session: Session, asked: Asked, *, apart_from: Collection[UUID] = ()) -> list[Refusal]:
    """Every reason why it cannot be there."""
    block = asked.availability
    unknown = [
        Refusal(code)
        for code, table, key in (
            (NO_LOCATION, Location, block.location_id),
            (NO_PRACTITIONER, Practitioner, block.practitioner_id),
        )
        if session.scalar(select(table.id).where(table.id == key)) is None
    ]
    if unknown:
        return unknown
    judged = judge(session, [asked], now=EPOCH, not_before=EPOCH, apart_from=apart_from)
    refused = judged.refused.get(asked.request.id, ())
    unable = [] if _able(session, asked) else [Refusal(TypeAdmitted.code)]
    return unable + [one for one in refused if one.code in BINDING]


def _able(session: Session, asked: Asked) -> bool:
    """The practitioner holds a function that the type asks for, if it asks for any."""
    kind, who = asked.request.consultation_type_id, asked.availability.practitioner_id
    wanted = rows.functions_of_types(session, ConsultationTypeFunction.consultation_type_id == kind)
    held = rows.functions_of_practitioners(session, PractitionerFunction.practitioner_id == who)
    return kind not in wanted or bool(wanted[kind] & held.get(who, frozenset()))
