"""What a feed shows: from some weeks back to a year ahead, what its account may see at this moment. Domain §8."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from models.access import Account
from models.agenda import Location
from models.appointments import Appointment, AppointmentState, History
from models.messages import Feed
from models.people import Practitioner
from scheduler.access import tokens
from scheduler.access.denied import NotFoundError
from scheduler.access.rights import Right
from scheduler.access.scope import today
from scheduler.access.standing import standing_of
from scheduler.access.visible import visible_in

BACK = timedelta(weeks=4)
AHEAD = timedelta(days=366)
MOST = 2_000
"""Appointments in one feed; those that come later are in it when their time comes nearer."""
SHOWN = frozenset({AppointmentState.PLANNED, AppointmentState.COMPLETED})


@dataclass(frozen=True, slots=True)
class Feeding:
    """A feed that may be read, and by whose rights."""

    feed: Feed
    account: Account
    name: str
    """Of the practitioner, or the location."""
    rows: Sequence[Any]
    """`planned`."""


def feeding(session: Session, token: str, now: datetime) -> Feeding:
    """The feed that is read by this token.

    Raises:
        NotFoundError: there is none, it is revoked, or its account may not see appointments any more.
    """
    query = select(Feed).where(Feed.token_hash == tokens.digest(token), Feed.revoked_at.is_(None))
    feed = session.scalars(query).one_or_none()
    standing = None if feed is None else standing_of(session, feed.account_id)
    if feed is None or standing is None or not standing.active or standing.pending:
        raise NotFoundError
    if Right.VIEW_APPOINTMENTS not in standing.rights:
        raise NotFoundError
    seen = visible_in(Appointment, standing.scope(today(now)))
    if feed.practitioner_id is None:
        name = session.get_one(Location, feed.location_id).name
        whose = Appointment.location_id == feed.location_id
    else:
        practitioner = session.get_one(Practitioner, feed.practitioner_id)
        if practitioner.account_id != feed.account_id:
            raise NotFoundError
        name = practitioner.name
        whose = Appointment.practitioner_id == feed.practitioner_id
    return Feeding(feed, standing.account, name, planned(session, now, whose, seen))


def planned(session: Session, now: datetime, *conditions: Any) -> Sequence[Any]:  # noqa: ANN401 (conditions)
    """Where and when; nothing of who comes, or for what. `changed_at`: when it became so."""
    a, there = Appointment, Location
    query = (
        select(
            a.id,
            a.version,
            a.starts_at,
            a.ends_at,
            a.modality,
            Practitioner.name.label("practitioner"),
            there.name,
            there.street,
            there.postal_code,
            there.city,
            there.time_zone,
            func.coalesce(History.at, a.starts_at).label("changed_at"),
        )
        .join(there, there.id == a.location_id)
        .join(Practitioner, Practitioner.id == a.practitioner_id)
        .outerjoin(History, and_(History.appointment_id == a.id, History.step == a.version))
        .where(a.state.in_(SHOWN), a.starts_at >= now - BACK, a.starts_at < now + AHEAD)
        .where(*conditions)
        .order_by(a.starts_at, a.id)
        .limit(MOST)
    )
    return session.execute(query).all()
