"""For one request or a few: their availabilities, and what stands beside them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from models.settings import Criterion
from scheduler.loading import keyed
from scheduler.loading.calendar import days_off
from scheduler.loading.days import Days
from scheduler.loading.facts import Loaded, loaded
from scheduler.loading.gathered import Rows, Wanted
from scheduler.loading.occupation import Span, overlapping
from scheduler.loading.preferences import order_of, preferred_hours
from scheduler.loading.rows import AvailabilityRow, LocationRow, PractitionerRow, RequestRow
from scheduler.parameters import GRID, value


def beside(
    session: Session,
    requests: Sequence[RequestRow],
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
    places = keyed.locations(session, {block.location_id for block in blocks})
    empty = opened(session, wanted(session, requests, apart_from), places, blocks)
    found = filled(session, empty, spans, apart_from)
    return loaded(found, now=now, not_before=not_before)


def wanted(
    session: Session, requests: Sequence[RequestRow], apart_from: Collection[UUID] = ()
) -> Wanted:
    """What is asked in these requests: read once, however often it is looked where they might go."""
    kinds = {one.consultation_type_id for one in requests}
    employees = {one.employee_id for one in requests}
    types = keyed.consultation_types(session, kinds)
    once = any(kind.refuses_duplicates for kind in types)
    planned = keyed.planned_once(session, employees) if once else ()
    order = order_of(session)
    return Wanted(
        requests=requests,
        types=types,
        asked_functions=keyed.functions_of_types(session, kinds),
        wished_locations=keyed.wished_locations(session, [one.id for one in requests]),
        excluded=keyed.excluded(session, employees),
        planned_once=[row for row in planned if row.id not in apart_from],
        order=order,
        hours=preferred_hours(session) if Criterion.PREFERRED_HOURS in order else {},
        grid=value(session, GRID),
    )


def opened(
    session: Session,
    asked: Wanted,
    places: Sequence[LocationRow],
    blocks: Sequence[AvailabilityRow],
) -> Rows:
    """What is asked, and these availabilities at these places of one time zone, as if nothing stood in them."""
    holders = {block.practitioner_id for block in blocks}
    holders |= {
        one.required_practitioner_id for one in asked.requests if one.required_practitioner_id
    }
    days = _days(places[0].time_zone, [block.starts_at for block in blocks])
    return Rows(
        days=days,
        wanted=asked,
        locations=places,
        practitioners=_practitioners(session, sorted(holders), asked.order),
        availabilities=sorted(blocks),
        standing=(),
        rooms=(),
        absences=(),
        busy=(),
        admitted=keyed.admitted_types(
            session, [block.id for block in blocks], [kind.id for kind in asked.types]
        ),
        held_functions=keyed.functions_of_practitioners(session, holders)
        if asked.asked_functions
        else {},
        days_off=days_off(session, places, days.first, days.date_of(days.count)),
    )


def filled(
    session: Session, empty: Rows, spans: Sequence[Span], apart_from: Collection[UUID] = ()
) -> Rows:
    """The same, and what stands within these spans; `apart_from` as in `beside`."""
    days = empty.days
    employees = {one.employee_id for one in empty.wanted.requests}
    limited = {place.id for place in empty.locations if place.capacity is not None}
    stands = overlapping(session, spans, employees, limited, apart_from)
    holders = [one.id for one in empty.practitioners]
    return replace(
        empty,
        standing=stands.standing,
        rooms=stands.rooms,
        absences=keyed.absences(session, days.begin, days.end, holders),
        busy=keyed.busy_times(session, days.begin, days.end, holders),
    )


def _days(zone: str, starts: Collection[datetime]) -> Days:
    """Those of the first and the last, and all between."""
    begins, ends = (
        moment.astimezone(ZoneInfo(zone)).date() for moment in (min(starts), max(starts))
    )
    return Days(zone, begins, (ends - begins).days + 1, starts)


def _practitioners(
    session: Session, keys: Sequence[UUID], order: Sequence[Criterion]
) -> list[PractitionerRow]:
    """Nobody reads their names here, so they are read for their scores alone."""
    if Criterion.PRACTITIONER_SCORE in order:
        return keyed.practitioners(session, keys)
    return [PractitionerRow(key, None, 0) for key in keys]
