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
from scheduler.agenda.disturbed import Leave
from scheduler.agenda.missing import NotThereError
from scheduler.agenda.offers import UNKNOWN
from scheduler.booking.locks import Concerned
from scheduler.guarded import guarded
from scheduler.lifecycles import OutdatedError
from scheduler.refusals import Refusal, RefusedError

PERIOD = "absence_period"
ABSENT = "the practitioner is absent"


@dataclass(frozen=True, slots=True)
class Away:
    """Who is away, from when until when."""

    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    remark: str | None = None


def add(session: Session, away: Away, *, confirm: bool = False, by: Actor, now: datetime) -> UUID:
    """Enter an absence: its key. With `confirm`, the appointments that are planned in it go.

    Raises:
        RefusedError: something in it is wrong, or appointments are planned in it and nobody confirmed.
    """
    _check(session, away)
    _make_way(session, away, Leave(confirm, ABSENT), by=by, now=now)
    key = new_id()
    with guarded(session):
        _free_holds(session, away)
        session.execute(insert(Absence).values(id=key, version=1, **_values(away)))
    return key


def change(
    session: Session,
    absence_id: UUID,
    version: int,
    away: Away,
    *,
    confirm: bool = False,
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
    _make_way(session, away, Leave(confirm, ABSENT), by=by, now=now)
    seen = Absence.id == absence_id, Absence.version == version
    change_ = update(Absence).where(*seen).values(**_values(away), version=version + 1)
    with guarded(session):
        _free_holds(session, away)
        if session.scalar(change_.returning(Absence.id)) is None:
            raise OutdatedError("absence", [absence_id])
    session.expire_all()


def remove(session: Session, absence_id: UUID, version: int) -> None:
    """He is there after all.

    Raises:
        NotThereError: there is none.
        OutdatedError: it has another version by now.
    """
    _require(session, absence_id)
    gone = delete(Absence).where(Absence.id == absence_id, Absence.version == version)
    if session.scalar(gone.returning(Absence.id)) is None:
        raise OutdatedError("absence", [absence_id])
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
    disturbed.make_way(
        session, lambda: disturbed.ahead(session, *where), also, leave, by=by, now=now
    )


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
