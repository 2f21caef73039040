"""Which mail may go now, and by which way: its template's sender and that one's server, or the default ones.

A server that has had as much as its limits allow is passed over, and what is its own waits: nothing is dropped.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from models.instants import database_now, from_now
from models.messages import (
    Channel,
    DefaultReminder,
    MailAttempt,
    MailLimit,
    MailServer,
    Message,
    Reminder,
    Sender,
    Template,
)
from models.outbox import DeliveryState
from notifications.mail.gathered import Row, found


@dataclass(frozen=True, slots=True)
class Way:
    """The way that a mail takes."""

    server: MailServer
    sender: Sender


def is_due(kind: type[Row]) -> ColumnElement[bool]:
    return and_(
        kind.state == DeliveryState.DUE,
        kind.due_at <= database_now(),
        or_(kind.claimed_until.is_(None), kind.claimed_until <= database_now()),
    )


def next_ones(session: Session, kind: type[Row], full: set[UUID], most: int) -> Select[Any]:
    """Those that are due the longest, among those whose server takes more."""
    sender = aliased(Sender)
    default = session.scalar(_default())
    server = func.coalesce(sender.server_id, default)
    query: Select[Any] = select(kind)
    if kind is Reminder:
        query = query.join(
            DefaultReminder, DefaultReminder.id == Reminder.default_reminder_id
        ).where(DefaultReminder.channel == Channel.EMAIL)
        query = query.join(Template, Template.id == DefaultReminder.template_id)
        query = query.outerjoin(sender, sender.id == Template.sender_id)
    else:
        query = query.outerjoin(Template, Template.id == Message.template_id)
        named = func.coalesce(Message.sender_id, Template.sender_id)
        query = query.outerjoin(sender, sender.id == named)
    open_ones = select(MailServer.id).where(
        MailServer.archived_at.is_(None), MailServer.id.not_in(full)
    )
    return (
        query.where(is_due(kind), server.in_(open_ones))
        .order_by(kind.due_at, kind.id)
        .limit(most)
        .with_for_update(of=kind, skip_locked=True)
        .execution_options(populate_existing=True)
    )


def _default() -> Select[UUID]:
    """The server of whatever names no sender; it needs one that is verified."""
    return (
        select(MailServer.id)
        .join(Sender, Sender.server_id == MailServer.id)
        .where(
            MailServer.is_default, MailServer.archived_at.is_(None), Sender.verified_at.is_not(None)
        )
        .limit(1)
    )


def closed(session: Session) -> set[UUID]:
    """Servers that have had as much as they may for now: what is theirs waits."""
    return {
        limit.server_id
        for limit in session.scalars(select(MailLimit))
        if _sent_lately(session, limit) >= limit.messages
    }


def _sent_lately(session: Session, limit: MailLimit) -> int:
    since = from_now(-timedelta(minutes=limit.minutes))
    count = select(func.count()).where(
        MailAttempt.server_id == limit.server_id, MailAttempt.at > since
    )
    return session.scalar(count) or 0


class Ways:
    """Of one transaction, in which each server and sender is looked at once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._by: dict[UUID | None, Way | None] = {}
        self._left: dict[UUID, int | None] = {}

    def of(self, row: Row) -> Way | None:
        """Nothing where there is none."""
        key = self._sender_key(row)
        if key not in self._by:
            self._by[key] = self._way(key)
        return self._by[key]

    def take(self, server: MailServer) -> bool:
        """One of those that it may have now; whether there was one left."""
        if server.id not in self._left:
            self._left[server.id] = self._room(server)
        left = self._left[server.id]
        if left is None:
            return True
        self._left[server.id] = left - 1
        return left > 0

    def _room(self, server: MailServer) -> int | None:
        """Nothing: without a limit."""
        session = self._session
        limits = session.scalars(select(MailLimit).where(MailLimit.server_id == server.id)).all()
        if not limits:
            return None
        # of several workers one at a time counts, and takes what he has counted
        session.refresh(server, with_for_update=True)
        return min(limit.messages - _sent_lately(session, limit) for limit in limits)

    def _way(self, key: UUID | None) -> Way | None:
        session = self._session
        sender = None if key is None else session.get(Sender, key)
        if sender is None:
            default = session.scalar(_default())
            sender = session.scalars(
                select(Sender)
                .where(Sender.server_id == default, Sender.verified_at.is_not(None))
                .order_by(Sender.id)
            ).first()
        if sender is None:
            return None
        return Way(session.get_one(MailServer, sender.server_id), sender)

    def _sender_key(self, row: Row) -> UUID | None:
        if isinstance(row, Message) and row.sender_id is not None:
            return row.sender_id
        key = self._template_key(row)
        template = None if key is None else found(self._session, Template, key)
        return None if template is None else template.sender_id

    def _template_key(self, row: Row) -> UUID | None:
        if isinstance(row, Message):
            return row.template_id
        rule = found(self._session, DefaultReminder, row.default_reminder_id)
        return None if rule is None else rule.template_id
