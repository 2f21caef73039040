"""Which calendars are to be read again, and what is kept of them: the times as a whole, or those of before and why."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, delete, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from models.agenda import Availability, Location
from models.base import Base, Code, new_id
from models.database import retried, writing
from models.instants import Instant
from models.own_calendars import BusyTime, OwnCalendar
from notifications.egress import Client
from notifications.own_calendars.child import read_apart
from notifications.own_calendars.dividing import UnreadableError
from notifications.own_calendars.fetching import Fetched, UnfetchedError, fetch
from notifications.own_calendars.reading import Busy, Period

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=15)
SPREE = 200
"""The most that are read in one round."""
READ_ANEW = timedelta(hours=24)
"""Even where it is as it was: the months ahead move on."""
OTHERWISE = "Europe/Amsterdam"
TIMES = Base.metadata.tables[BusyTime.__tablename__]


class Untold(Code):
    """Of ours."""

    UNSEALABLE = "unsealable"
    INTERNAL = "internal"


@dataclass(frozen=True)
class Told:
    """What is asked of others. `address`: the URL, opened; nothing where it cannot be. `host`: in our own UIDs."""

    address: Callable[[OwnCalendar], str | None]
    host: str
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class _Due:
    id: UUID
    practitioner_id: UUID
    url: str | None
    etag: str | None
    last_modified: str | None
    zone: str
    now: datetime


class Importer:
    """Reads what is due. Several of them, in any process, do not get in each other's way."""

    def __init__(self, engine: Engine, egress: Client, told: Told) -> None:
        self._engine = engine
        self._egress = egress
        self._told = told

    def read_all(self) -> int:
        """What is due; give how many were tried."""
        tried = 0
        while tried < SPREE and (due := retried(self._next)) is not None:
            self._read(due)
            tried += 1
        return tried

    def _next(self) -> _Due | None:
        """Take one on: nobody else tries it in the meantime."""
        now = self._told.now()
        with writing(self._engine) as session:
            one = session.scalars(
                select(OwnCalendar)
                .where(or_(OwnCalendar.tried_at.is_(None), OwnCalendar.tried_at <= now - EVERY))
                .order_by(OwnCalendar.tried_at, OwnCalendar.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if one is None:
                return None
            zone = _zone(session, one.practitioner_id)
            is_old = one.read_at is None or one.read_at <= now - READ_ANEW
            known = (None, None) if is_old else (one.etag, one.last_modified)
            _set(session, one.id, tried_at=now)
            return _Due(
                one.id, one.practitioner_id, self._told.address(one), *known, zone=zone, now=now
            )

    def _read(self, due: _Due) -> None:
        if due.url is None:
            retried(lambda: self._failed(due, Untold.UNSEALABLE))
            return
        try:
            fetched = fetch(self._egress, due.url, due.etag, due.last_modified)
            busy = None
            if fetched.content is not None:
                busy = read_apart(fetched.content, Period(due.now, due.zone, self._told.host))
        except (UnfetchedError, UnreadableError) as error:
            retried(partial(self._failed, due, error.why))
        except Exception as error:  # noqa: BLE001 (the others are read all the same)
            log.warning("own calendar %s: %s", due.id, type(error).__name__)
            retried(lambda: self._failed(due, Untold.INTERNAL))
        else:
            retried(lambda: self._kept(due, fetched, busy))

    def _failed(self, due: _Due, why: Code) -> None:
        """What was read before stays."""
        with writing(self._engine) as session:
            since = func.coalesce(OwnCalendar.failing_since, literal(due.now, Instant()))
            _set(session, due.id, trouble=why, failing_since=since)

    def _kept(self, due: _Due, fetched: Fetched, busy: Busy | None) -> None:
        with writing(self._engine) as session:
            # it may have been removed meanwhile; whoever removes it waits
            held = select(OwnCalendar.id).where(OwnCalendar.id == due.id).with_for_update()
            if session.scalar(held) is None:
                return
            well = {"trouble": None, "failing_since": None}
            if busy is None:
                _set(session, due.id, **well)
                return
            session.execute(delete(BusyTime).where(BusyTime.own_calendar_id == due.id))
            whose = {"own_calendar_id": due.id, "practitioner_id": due.practitioner_id}
            rows = [
                {"id": new_id(), "starts_at": begins, "ends_at": ends, **whose}
                for begins, ends in busy.times
            ]
            if rows:
                session.execute(insert(TIMES), rows)
            told = {"events": [asdict(one) for one in busy.skipped], "cut": busy.cut}
            _set(
                session,
                due.id,
                read_at=due.now,
                etag=fetched.etag,
                last_modified=fetched.last_modified,
                skipped=told if busy.skipped or busy.cut else None,
                **well,
            )


def _set(session: Session, key: UUID, **values: object) -> None:
    session.execute(
        update(OwnCalendar).where(OwnCalendar.id == key).values(**values),
        execution_options={"synchronize_session": False},
    )


def _zone(session: Session, practitioner_id: UUID) -> str:
    """The clocks that he goes by: where most of his availabilities are, else most locations."""
    of = select(Location.time_zone).group_by(Location.time_zone)
    by = func.count().desc(), Location.time_zone
    his = of.join(Availability, Availability.location_id == Location.id).where(
        Availability.practitioner_id == practitioner_id, Availability.removed_at.is_(None)
    )
    found = session.scalar(his.order_by(*by).limit(1)) or session.scalar(of.order_by(*by).limit(1))
    zone = found or OTHERWISE
    return str(ZoneInfo(zone))
