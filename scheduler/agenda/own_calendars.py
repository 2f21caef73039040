"""Calendars that practitioners keep elsewhere: which are read, and what collides with them. Domain §6.

A time at which he is busy there is no absence: nothing that is planned goes because of it. What collides is shown, and
somebody decides.
"""

from collections.abc import Callable
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.appointments import AHEAD, Appointment
from models.base import new_id
from models.own_calendars import BusyTime, OwnCalendar
from scheduler.access.denied import refused
from scheduler.access.vault import UnsealableError, Vault, place

Allows = Callable[[str], bool]
NOT_ALLOWED = "url_not_allowed"
SEALED: InstrumentedAttribute[bytes] = OwnCalendar.url


def add(
    session: Session, vault: Vault, practitioner_id: UUID, url: str, *, allows: Allows
) -> OwnCalendar:
    """It is read soon, and again and again from then on.

    Raises:
        RefusedError: nothing is fetched from there.
    """
    if not allows(url):
        raise refused(NOT_ALLOWED)
    key = new_id()
    one = OwnCalendar(
        id=key,
        practitioner_id=practitioner_id,
        url=vault.seal(url.encode(), place(SEALED, key)),
        host=urlsplit(url).hostname or "",
    )
    session.add(one)
    session.flush()
    return one


def read_again(session: Session, calendar: OwnCalendar) -> None:
    """As soon as somebody looks, and not only what has changed."""
    calendar.tried_at = calendar.etag = calendar.last_modified = None
    calendar.renew()
    session.flush()


def remove(session: Session, calendar: OwnCalendar) -> None:
    """With it goes what was read."""
    # whoever keeps what he has read just now finds none
    held = OwnCalendar.id == calendar.id
    session.execute(update(OwnCalendar).where(held).values(tried_at=OwnCalendar.tried_at))
    session.execute(delete(BusyTime).where(BusyTime.own_calendar_id == calendar.id))
    session.delete(calendar)
    session.flush()


def url_of(vault: Vault, calendar: OwnCalendar) -> str | None:
    """Nothing where it was sealed by a key that is not here."""
    try:
        return vault.open(calendar.url, place(SEALED, calendar.id)).decode()
    except UnsealableError:
        return None


def collides(calendar_id: UUID) -> ColumnElement[bool]:
    """Of an appointment: it is planned, and he is busy by this calendar then."""
    b, a = BusyTime, Appointment
    busy = exists().where(
        b.own_calendar_id == calendar_id,
        b.practitioner_id == a.practitioner_id,
        b.starts_at < a.occupied_until,
        b.ends_at > a.starts_at,
    )
    return a.state.in_(AHEAD) & busy
