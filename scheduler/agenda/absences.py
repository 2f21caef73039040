"""A practitioner is away: nothing of his is planned in it (`practitioner_free`, domain §3)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from models.appointments import Appointment, Hold
from models.base import new_id
from models.instants import LONGEST
from models.people import Absence, Practitioner
from scheduler.actor import Actor
from scheduler.agenda import disturbed
from scheduler.agenda.bounds import out_of_range
from scheduler.agenda.disturbed import Leave, Way
from scheduler.agenda.missing import NotThereError
from scheduler.agenda.offers import UNKNOWN
from scheduler.announcing import News, announce
from scheduler.booking.locks import Concerned
from scheduler.guarded import guarded
from scheduler.lifecycles import OutdatedError
from scheduler.refusals import Refusal, RefusedError
from scheduler.topics import Topic

PERIOD = "absence_period"
ABSENT = "the practitioner is absent"


@dataclass(frozen=True, slots=True)
class Away:
    """Who is away, from when until when."""

    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    remark: str | None = None


def add(session: Session, away: Away, *, leave: Leave, by: Actor, now: datetime) -> UUID:
    """Enter an absence: its key. With `leave`, the appointments that are planned in it go.

    Raises:
        RefusedError: something in it is wrong, or appointments are planned in it and nobody confirmed.
    """
    _check(session, away)
    _make_way(session, away, leave, by=by, now=now)
    key = new_id()
    with guarded(session):
        _free_holds(session, away)
        session.execute(insert(Absence).values(id=key, version=1, **_values(away)))
        _tell(session, Topic.ABSENCE_ADDED, key, away.practitioner_id, now)
    return key


def change(
    session: Session,
    absence_id: UUID,
    version: int,
    away: Away,
    *,
    leave: Leave,
    by: Actor,
    now: datetime,
) -> None:
    """Change an absence, as `add` enters one.

    Raises:
        NotThereError: there is none.
        OutdatedError: it has another version by now.
        RefusedError: something in it is wrong, or appointments are planned in it and nobody confirmed.
    """
    _require(session, absence_id)
    _check(session, away)
    _make_way(session, away, leave, by=by, now=now)
    seen = Absence.id == absence_id, Absence.version == version
    change_ = update(Absence).where(*seen).values(**_values(away), version=version + 1)
    with guarded(session):
        _free_holds(session, away)
        if session.scalar(change_.returning(Absence.id)) is None:
            raise OutdatedError("absence", [absence_id])
        _tell(session, Topic.ABSENCE_CHANGED, absence_id, away.practitioner_id, now)
    session.expire_all()


def remove(session: Session, absence_id: UUID, version: int, *, now: datetime) -> None:
    """He is there after all.

    Raises:
        NotThereError: there is none.
        OutdatedError: it has another version by now.
    """
    its = select(Absence.version, Absence.practitioner_id).where(Absence.id == absence_id)
    found = session.execute(its.with_for_update()).one_or_none()
    if found is None:
        raise NotThereError("absence", absence_id)
    if found.version != version:
        raise OutdatedError("absence", [absence_id])
    # while it is there to be told of
    _tell(session, Topic.ABSENCE_REMOVED, absence_id, found.practitioner_id, now)
    session.execute(delete(Absence).where(Absence.id == absence_id))
    session.expire_all()


def _require(session: Session, absence_id: UUID) -> None:
    if session.scalar(select(Absence.id).where(Absence.id == absence_id)) is None:
        raise NotThereError("absence", absence_id)


def _check(session: Session, away: Away) -> None:
    days = {"starts_at": away.starts_at.date(), "ends_at": away.ends_at.date()}
    against = out_of_range(**days)
    if away.starts_at >= away.ends_at:
        against.append(Refusal(PERIOD, {"starts_at": away.starts_at, "ends_at": away.ends_at}))
    known = select(Practitioner.id).where(Practitioner.id == away.practitioner_id)
    if session.scalar(known) is None:
        against.append(Refusal(UNKNOWN, {"field": "practitioner_id", "id": away.practitioner_id}))
    if against:
        raise RefusedError(against)


def _make_way(session: Session, away: Away, leave: Leave, *, by: Actor, now: datetime) -> None:
    a = Appointment
    where = (
        a.practitioner_id == away.practitioner_id,
        a.starts_at < away.ends_at,
        # nothing lasts longer: the lower bound keeps the search short
        a.starts_at > away.starts_at - LONGEST,
        a.occupied_until > away.starts_at,
    )
    also = Concerned(practitioners=[away.practitioner_id])
    way = Way(lambda: disturbed.ahead(session, *where), also, ABSENT)
    disturbed.make_way(session, way, leave, by=by, now=now)


def _tell(
    session: Session, topic: Topic, absence_id: UUID, practitioner_id: UUID, now: datetime
) -> None:
    facts = {"practitioner_id": practitioner_id}
    announce(session, [News(topic, Absence.__tablename__, absence_id, facts)], at=now)


def _free_holds(session: Session, away: Away) -> None:
    session.execute(
        delete(Hold).where(
            Hold.practitioner_id == away.practitioner_id,
            Hold.starts_at < away.ends_at,
            Hold.occupied_until > away.starts_at,
        )
    )


def _values(away: Away) -> dict[str, object]:
    return {
        "practitioner_id": away.practitioner_id,
        "starts_at": away.starts_at,
        "ends_at": away.ends_at,
        "remark": away.remark,
    }
