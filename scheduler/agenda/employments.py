"""An employment ended: what was planned for it goes. Domain §3."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.agenda import Location
from models.appointments import AHEAD, Appointment
from models.instants import local
from models.people import Employment
from scheduler.actor import Actor
from scheduler.agenda import disturbed
from scheduler.agenda.bounds import out_of_range
from scheduler.agenda.disturbed import Leave, Way
from scheduler.agenda.missing import NotThereError
from scheduler.booking.locks import Concerned
from scheduler.guarded import guarded
from scheduler.lifecycles import OutdatedError
from scheduler.refusals import Refusal, RefusedError

PERIOD = "employment_period"
ENDED = "the employment has ended"


def end(
    session: Session,
    employment_id: UUID,
    version: int,
    until_day: date | None,
    *,
    leave: Leave,
    by: Actor,
    now: datetime,
) -> None:
    """Set the first day on which he no longer works there; nothing: it goes on. With `leave`, appointments go.

    Raises:
        NotThereError: there is no such employment.
        OutdatedError: it has another version by now.
        RefusedError: it would end before it began; or appointments are planned after it, and nobody confirmed.
    """
    employment = session.get(Employment, employment_id, populate_existing=True)
    if employment is None:
        raise NotThereError("employment", employment_id)
    if employment.version != version:
        raise OutdatedError("employment", [employment_id])
    against = out_of_range(until_day=until_day)
    if until_day is not None and until_day <= employment.from_day:
        days = {"from_day": employment.from_day, "until_day": until_day}
        against.append(Refusal(PERIOD, days))
    if against:
        raise RefusedError(against)
    employee, establishment = employment.employee_id, employment.establishment_id
    covered = _others(session, employment)
    way = Way(
        lambda: _without_work(session, employee, establishment, covered, until_day),
        Concerned(employees=[employee]),
        ENDED,
    )
    disturbed.make_way(session, way, leave, by=by, now=now)
    seen = Employment.id == employment_id, Employment.version == version
    change = update(Employment).where(*seen).values(until_day=until_day, version=version + 1)
    with guarded(session):
        if session.scalar(change.returning(Employment.id)) is None:
            raise OutdatedError("employment", [employment_id])
    session.expire_all()


Periods = list[tuple[date, date]]


def _others(session: Session, employment: Employment) -> Periods:
    """When else he works at the same establishment."""
    query = select(Employment.from_day, Employment.until_day).where(
        Employment.employee_id == employment.employee_id,
        Employment.establishment_id == employment.establishment_id,
        Employment.id != employment.id,
    )
    return [(begin, until or date.max) for begin, until in session.execute(query)]


def _without_work(
    session: Session,
    employee: UUID,
    establishment: UUID,
    covered: Periods,
    since: date | None,
) -> Sequence[UUID]:
    """What is planned for him from that establishment, on a day from the end on, on which he does not work there."""
    if since is None:
        return []
    a = Appointment
    query = (
        select(a.id, a.starts_at, Location.time_zone)
        .join(Location, Location.id == a.location_id)
        .where(a.employee_id == employee, a.establishment_id == establishment, a.state.in_(AHEAD))
        .order_by(a.starts_at, a.id)
    )
    found = []
    for key, starts_at, zone in session.execute(query):
        day, _ = local(starts_at, ZoneInfo(zone))
        if day >= since and not any(begin <= day < until for begin, until in covered):
            found.append(key)
    return found
