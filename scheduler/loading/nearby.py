"""For one request or a few: their availabilities, and what stands beside them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from models.agenda import Availability, Location
from models.consultations import ConsultationType, ConsultationTypeFunction
from models.people import Practitioner, PractitionerFunction
from models.requests import AppointmentRequest
from models.settings import Criterion
from scheduler.loading import rows
from scheduler.loading.calendar import days_off
from scheduler.loading.days import Days
from scheduler.loading.facts import Loaded, loaded
from scheduler.loading.gathered import Rows
from scheduler.loading.occupation import Span, overlapping
from scheduler.loading.preferences import order_of, preferred_hours
from scheduler.loading.rows import AvailabilityRow, PractitionerRow, RequestRow
from scheduler.parameters import GRID, value


def beside(
    session: Session,
    wanted: Sequence[RequestRow],
    blocks: Sequence[AvailabilityRow],
    spans: Sequence[Span],
    *,
    now: datetime,
    not_before: datetime,
    apart_from: Collection[UUID] = (),
) -> Loaded:
    """The facts of these requests and these availabilities, which all lie in one time zone.

    `spans`: when in them somebody is asked for; what overlaps none of these is not told.
    `apart_from`: appointments that are about to make way, and count for nothing.
    """
    places = rows.locations(session, Location.id.in_({block.location_id for block in blocks}))
    zone = ZoneInfo(places[0].time_zone)
    in_order = sorted(block.starts_at for block in blocks)
    first, last = (moment.astimezone(zone).date() for moment in (in_order[0], in_order[-1]))
    days = Days(zone.key, first, (last - first).days + 1, in_order)
    those = [block.id for block in blocks]
    kinds = {one.consultation_type_id for one in wanted}
    employees = {one.employee_id for one in wanted}
    holders = {block.practitioner_id for block in blocks}
    holders |= {one.required_practitioner_id for one in wanted if one.required_practitioner_id}
    order = order_of(session)
    limited = {place.id for place in places if place.capacity is not None}
    stands = overlapping(session, spans, employees, limited, apart_from)
    types = rows.consultation_types(session, ConsultationType.id.in_(kinds))
    functions = rows.functions_of_types(
        session, ConsultationTypeFunction.consultation_type_id.in_(kinds)
    )
    once = any(kind.refuses_duplicates for kind in types)
    found = Rows(
        types=types,
        locations=places,
        practitioners=_practitioners(session, sorted(holders), order),
        availabilities=sorted(blocks),
        requests=wanted,
        standing=stands.standing,
        rooms=stands.rooms,
        absences=rows.absences(session, days.begin, days.end, holders),
        admitted=rows.admitted_types(session, Availability.id.in_(those)),
        asked_functions=functions,
        held_functions=rows.functions_of_practitioners(
            session, PractitionerFunction.practitioner_id.in_(holders)
        )
        if functions
        else {},
        days_off=days_off(session, places, first, days.date_of(days.count)),
        wished_locations=rows.wished_locations(
            session, AppointmentRequest.id.in_([one.id for one in wanted])
        ),
        excluded=rows.excluded(session, employees),
        planned_once=[
            row for row in rows.planned_once(session, employees) if row.id not in apart_from
        ]
        if once
        else (),
        order=order,
        hours=preferred_hours(session) if Criterion.PREFERRED_HOURS in order else {},
        grid=value(session, GRID),
    )
    return loaded(found, days, now=now, not_before=not_before)


def _practitioners(
    session: Session, keys: Sequence[UUID], order: Sequence[Criterion]
) -> list[PractitionerRow]:
    """Nobody reads their names here, so they are read for their scores alone."""
    if Criterion.PRACTITIONER_SCORE in order:
        return rows.practitioners(session, Practitioner.id.in_(keys))
    return [PractitionerRow(key, None, 0) for key in keys]
