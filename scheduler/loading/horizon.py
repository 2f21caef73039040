"""For planning in bulk: all open requests, and everything of one time zone within some days."""

from datetime import date, datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from models.agenda import Availability, Location
from models.requests import AppointmentRequest, RequestState
from models.settings import Criterion
from scheduler.loading import rows
from scheduler.loading.calendar import days_off
from scheduler.loading.days import Days
from scheduler.loading.facts import Loaded, loaded
from scheduler.loading.gathered import Rows, Wanted
from scheduler.loading.occupation import standing
from scheduler.loading.preferences import order_of, preferred_hours
from scheduler.parameters import GRID, value


def zones(session: Session) -> list[str]:
    """The time zones in which there are availabilities, most of them first.

    The solver plans in one clock, so each zone is a problem of its own. What stands in another zone
    keeps people occupied all the same.
    """
    query = (
        select(Location.time_zone)
        .join(Availability, Availability.location_id == Location.id)
        .where(Availability.removed_at.is_(None))
        .group_by(Location.time_zone)
        .order_by(func.count().desc(), Location.time_zone)
    )
    return list(session.scalars(query))


def zones_in_use(session: Session) -> list[str]:
    """The same in any order, and not counted: a country's availabilities are many, its locations are few."""
    there = exists().where(
        Availability.location_id == Location.id, Availability.removed_at.is_(None)
    )
    return list(session.scalars(select(Location.time_zone).where(there).distinct()))


def horizon(
    session: Session,
    zone: str,
    from_day: date,
    until_day: date,
    *,
    now: datetime,
    not_before: datetime,
) -> Loaded:
    """All open requests that may go to that zone, and all that is there on `[from_day, until_day)`."""
    outline = Days(zone, from_day, (until_day - from_day).days)
    begin, end = outline.begin, outline.end
    here = select(Location.id).where(Location.time_zone == zone)
    blocks = (
        Availability.starts_at >= begin,
        Availability.starts_at < end,
        Availability.location_id.in_(here),
    )
    open_ = AppointmentRequest.state == RequestState.OPEN
    waiting = select(AppointmentRequest.employee_id).where(open_)
    places = rows.locations(session, Location.time_zone == zone)
    wished = rows.wished_locations(session, open_)
    nearby = {place.id for place in places}
    order = order_of(session)
    wanted = Wanted(
        requests=[
            one
            for one in rows.requests(session, open_)
            if one.id not in wished or wished[one.id] & nearby
        ],
        types=rows.consultation_types(session),
        asked_functions=rows.functions_of_types(session),
        wished_locations=wished,
        excluded=rows.excluded(session, waiting),
        planned_once=rows.planned_once(session, waiting),
        order=order,
        hours=preferred_hours(session) if Criterion.PREFERRED_HOURS in order else {},
        grid=value(session, GRID),
    )
    available = rows.availabilities(session, *blocks)
    days = Days(zone, from_day, outline.count, (block.starts_at for block in available))
    found = Rows(
        days=days,
        wanted=wanted,
        locations=places,
        practitioners=rows.practitioners(session),
        availabilities=available,
        standing=standing(session, begin, end),
        rooms=(),
        absences=rows.absences(session, begin, end),
        busy=rows.busy_times(session, begin, end),
        admitted=rows.admitted_types(session, *blocks),
        held_functions=rows.functions_of_practitioners(session),
        days_off=days_off(session, places, from_day, until_day),
    )
    return loaded(found, now=now, not_before=not_before)
