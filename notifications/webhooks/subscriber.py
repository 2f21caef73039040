"""From events to deliveries: one for each receiver that wants to hear of the topic."""

from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.base import Base
from models.instants import database_now
from models.outbox import Delivery, DeliveryState, Receiver, ReceiverTopic

DELIVERIES = Base.metadata.tables[Delivery.__tablename__]


class Happened(Protocol):
    """As much of an event as has to be known here."""

    @property
    def id(self) -> UUID: ...
    @property
    def topic(self) -> str: ...
    @property
    def subject_id(self) -> UUID: ...


@dataclass(frozen=True)
class Outbox:
    """Hears of every topic there is. `tested`: the one that goes to the receiver that it is about, and to no other."""

    topics: AbstractSet[str]
    tested: str

    def hear(self, session: Session, events: Sequence[Happened]) -> None:
        """Write the deliveries; who may hear of it is asked when it is sent."""
        listening = self._listening(session, {one.topic for one in events})
        rows = [
            {"event_id": event.id, "receiver_id": receiver, "state": DeliveryState.DUE}
            for event in events
            for receiver in (
                [event.subject_id] if event.topic == self.tested else listening[event.topic]
            )
        ]
        if rows:
            session.execute(insert(DELIVERIES).values(due_at=database_now()), rows)

    def _listening(self, session: Session, topics: AbstractSet[str]) -> dict[str, list[UUID]]:
        wanted = (
            select(ReceiverTopic.topic, Receiver.id)
            .join(Receiver, Receiver.id == ReceiverTopic.receiver_id)
            .where(Receiver.removed_at.is_(None), ReceiverTopic.topic.in_(topics))
        )
        found: defaultdict[str, list[UUID]] = defaultdict(list)
        for topic, receiver in session.execute(wanted):
            found[topic].append(receiver)
        return found
