"""Whether an account may hear of an event: asked at the moment of sending, as things stand then (P8)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.access import Account, AccountKind
from models.base import Keyed
from models.outbox import Event, Receiver
from scheduler.access.bounds import MANAGING
from scheduler.access.scope import today
from scheduler.access.standing import Standing, standing_of
from scheduler.access.visible import CONDITIONS, visible_in
from scheduler.receivers.catalogue import NAMED, about


def may_hear(session: Session, account_id: UUID, event: Event, now: datetime) -> bool:
    """Whether it is a program that may see what the event is about: by its right, and in its part."""
    standing = standing_of(session, account_id)
    if standing is None or not standing.active or standing.account.kind is not AccountKind.API:
        return False
    known = about(event.topic)
    if known is None or event.subject != known.table:
        return False
    if known.kind is Receiver:  # its own, where it is tried out
        return True
    named = [(NAMED[name], UUID(fact)) for name, fact in event.facts.items() if name in NAMED]
    return all(
        bool(one.rights & standing.rights) and _sees(session, standing, one.kind, key, now)
        for one, key in ((known, event.subject_id), *named)
    )


def _sees(
    session: Session, standing: Standing, kind: type[Keyed], key: UUID, now: datetime
) -> bool:
    if kind not in CONDITIONS:
        return True
    condition = visible_in(kind, standing.scope(today(now)))
    found = session.scalars(select(kind).where(kind.id == key, condition)).one_or_none()
    if isinstance(found, Account):
        return MANAGING[found.kind] in standing.rights
    return found is not None
