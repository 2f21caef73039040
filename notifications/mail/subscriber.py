"""From events to mails: what a trigger wants to be told, and what an account's owner is told. Domain §§4, 6, 8."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.access import Account
from models.base import Base
from models.instants import database_now
from models.messages import Message, MessageKind
from models.outbox import DeliveryState
from notifications.mail.writing import NOTICES

MESSAGES = Base.metadata.tables[Message.__tablename__]
KEYS = ("template_id", "employee_id", "case_id", "request_id", "appointment_id")


class Happened(Protocol):
    """As much of an event as has to be known here."""

    @property
    def id(self) -> UUID: ...
    @property
    def topic(self) -> str: ...
    @property
    def subject_id(self) -> UUID: ...
    @property
    def facts(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Asked:
    """Hears of what is to be mailed. `asked`: the topic of a trigger's message."""

    asked: str

    @property
    def topics(self) -> AbstractSet[str]:
        return {self.asked, *NOTICES}

    def hear(self, session: Session, events: Sequence[Happened]) -> None:
        """Write the mails; to whom they go is asked when they are sent."""
        rows = [row for event in events for row in self._rows(session, event)]
        for row in rows:
            session.execute(
                insert(MESSAGES).values(due_at=database_now(), state=DeliveryState.DUE, **row)
            )

    def _rows(self, session: Session, event: Happened) -> Iterator[dict[str, Any]]:
        if event.topic == self.asked:
            keys = {name: UUID(event.facts[name]) for name in KEYS if name in event.facts}
            yield {
                "kind": MessageKind.ASKED,
                "event_id": event.id,
                "recipient": event.facts["recipient"],
                "to_previous": False,
                **keys,
            }
            return
        account = session.get(Account, event.subject_id)
        if account is None:
            return
        for to_previous, address in ((False, account.email), (True, account.previous_email)):
            is_told = address and (not to_previous or event.topic == "AccountAddressChanged")
            if is_told:
                yield {
                    "kind": MessageKind.NOTICE,
                    "event_id": event.id,
                    "account_id": account.id,
                    "to_previous": to_previous,
                }
