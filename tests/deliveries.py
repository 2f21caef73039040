"""Receivers and what happens for them, without the API; and the database's clock, set as a test wants it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

from sqlalchemy import Engine, select, update

from api.http.sending import OUTBOX
from models import instants
from models.access import AccountKind
from models.base import Base, new_id
from models.database import reading, writing
from models.instants import MICROSECOND, database_now
from models.outbox import (
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    Protocol,
    Receiver,
    ReceiverTopic,
)
from notifications.delivering import USUAL, Terms, deliver_all
from notifications.egress import Client
from notifications.egress.client import ENDS_WITHIN
from notifications.webhooks import Webhooks, new_secret
from scheduler.access.rights import Right
from scheduler.access.vault import place
from scheduler.announcing import News, announce
from scheduler.receivers import may_hear, secrets_of
from scheduler.relay import relay_all
from scheduler.topics import Topic
from tests.access import NOW, VAULT, a_group, a_role, an_account
from tests.records import add, at

TOPIC = Topic.REQUEST_OPENED
WITHIN = timedelta(seconds=30)


@dataclass(frozen=True)
class Listening:
    """A receiver as a test knows it."""

    id: UUID
    account_id: UUID
    role_id: UUID
    secret: str


def a_receiver(
    engine: Engine, url: str, *topics: Topic, group_id: UUID | None = None, **changes: Any
) -> Listening:
    """Of a program that may see requests, everybody's unless it is said."""
    key, secret = new_id(), changes.pop("secret_text", None) or new_secret()
    with writing(engine) as session:
        role = a_role(session, [Right.VIEW_REQUESTS])
        group = group_id or a_group(session, everybody=True)
        person = an_account(session, kind=AccountKind.API, role_id=role, group_id=group)
        values = {
            "name": "Receiver 1",
            "protocol": Protocol.WEBSUB,
            "secret": VAULT.seal(secret.encode(), place(Receiver.secret, key)),
            **changes,
        }
        session.add(Receiver(id=key, url=url, account_id=person.id, **values))
        session.flush()
        for topic in topics or (TOPIC,):
            session.add(ReceiverTopic(receiver_id=key, topic=topic))
    return Listening(key, person.id, role, secret)


def things(engine: Engine, number: int) -> list[UUID]:
    """Of which something can be told."""
    with engine.begin() as connection:
        return [add(connection, "employers") for _ in range(number)]


def happened(engine: Engine, subjects: Sequence[UUID], topic: Topic = TOPIC) -> None:
    """To each of these, in this order; and relayed."""
    with writing(engine) as session:
        announce(session, [News(topic, "employers", one) for one in subjects], at=at("09:00"))
    relay_all(engine, [OUTBOX])


def anybody(*_: object) -> bool:
    """May hear of everything."""
    return True


def webhooks(client: Client, may: Any = anybody, within: float = ENDS_WITHIN) -> Webhooks:
    return Webhooks(client, may, lambda receiver: secrets_of(VAULT, receiver), within)


def by_right(client: Client) -> Webhooks:
    """As the service does it."""
    return webhooks(client, lambda session, account, event: may_hear(session, account, event, NOW))


def deliver(engine: Engine, channel: Webhooks, terms: Terms = USUAL) -> int:
    return deliver_all(engine, channel, terms, WITHIN)


# --- How it stands --------------------------------------------------------------------------------------


def deliveries(engine: Engine, *of: Listening) -> list[Delivery]:
    with reading(engine) as session:
        query = select(Delivery).order_by(Delivery.id)
        if of:
            query = query.where(Delivery.receiver_id.in_([one.id for one in of]))
        return list(session.scalars(query))


def states(engine: Engine, *of: Listening) -> list[DeliveryState]:
    return [one.state for one in deliveries(engine, *of)]


def attempts(engine: Engine) -> list[DeliveryAttempt]:
    with reading(engine) as session:
        return list(session.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.id)))


def database_time(engine: Engine) -> datetime:
    with reading(engine) as session:
        return session.scalars(select(database_now())).one()


def all_due(engine: Engine) -> None:
    """As if the pause were over."""
    with writing(engine) as session:
        session.execute(update(Delivery).values(due_at=database_now()))


class Later:
    """The database's clock, ahead of what it is."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.ahead = timedelta()

    def go(self, by: timedelta) -> None:
        self.ahead += by
        ahead = self.ahead // MICROSECOND
        database = self._engine.dialect.name
        instants.NOW[database] = LATER[database].format(ahead=ahead)
        _forget(self._engine)


def _forget(engine: Engine) -> None:
    """The clock is part of statements that were compiled."""
    engine.clear_compiled_cache()
    for mapper in Base.registry.mappers:
        mapper._compiled_cache.clear()


LATER = {
    "sqlite": f"({instants.NOW['sqlite']} + {{ahead}})",
    "postgresql": f"({instants.NOW['postgresql']} + {{ahead}} * INTERVAL '1 microsecond')",
}


@contextmanager
def later(engine: Engine) -> Iterator[Later]:
    with patch.dict(instants.NOW):
        yield Later(engine)
    _forget(engine)
