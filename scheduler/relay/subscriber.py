"""The face of whoever listens to events."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Heard:
    """An event, as it was announced."""

    id: UUID
    topic: str
    subject: str
    subject_id: UUID
    sequence: int
    at: datetime
    facts: Mapping[str, Any]
    caused_by_id: UUID | None


class Subscriber(Protocol):
    """Makes of events the rows that follow from them: what webhooks, mail and triggers have in common."""

    @property
    def topics(self) -> AbstractSet[str]:
        """What it wants to hear of."""
        ...

    def hear(self, session: Session, events: Sequence[Heard]) -> None:
        """Write what follows, in the transaction that finishes the events; nothing but write.

        The events of one subject come in their order. An exception takes back all that was written: the
        events are then told one by one, and those that still fail again after a while.
        """
        ...
