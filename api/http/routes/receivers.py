"""Receivers of webhooks: who gets what, and what became of it. Domain §6 [000 §4.1.2]."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import Paging
from api.http.policies import by_right, everywhere
from api.http.shapes import Given, Line, Page, Secret, Url, View
from models.access import Account
from models.audit import Act
from models.outbox import Event, Protocol, Receiver
from notifications.webhooks import new_secret
from scheduler import receivers
from scheduler.access import Right
from scheduler.access.denied import refused
from scheduler.topics import Topic

routes = Routes("receivers")

LOOK = by_right(Right.MANAGE_RECEIVERS, of=Receiver)
ADD = by_right(Right.MANAGE_RECEIVERS, of=Receiver, act=Act.CREATE)
CHANGE = by_right(Right.MANAGE_RECEIVERS, of=Receiver, act=Act.UPDATE)
REMOVE = by_right(Right.MANAGE_RECEIVERS, of=Receiver, act=Act.DELETE)


# --- What there is to hear of ---------------------------------------------------------------------------


class EventTopic(View):
    """`rights`: of these the account needs one, and the thing must lie in its part of the organisation."""

    topic: Topic
    sentence: str
    subject: str
    rights: list[Right]


class EventTopics(View):
    """In the order of the lifecycles."""

    items: list[EventTopic]


@routes.get("/event-topics", everywhere(Right.MANAGE_RECEIVERS, Right.MANAGE_TRIGGERS, of=Event))
def list_event_topics(call: Call) -> EventTopics:
    """All that a receiver can hear of: the topic, what has happened, and to which kind of thing."""
    call.seen(Event)
    return EventTopics(
        items=[
            EventTopic(
                topic=topic,
                sentence=topic.sentence,
                subject=about.table,
                rights=sorted(about.rights),
            )
            for topic, about in receivers.CATALOGUE.items()
        ]
    )


# --- Receivers ------------------------------------------------------------------------------------------


class OAuthClient(Given):
    """Of OAuth2: where a token is fetched by client credentials, and as whom."""

    token_url: Url
    client_id: Annotated[Line, Field(examples=["spreekuur"])]

    def as_wish(self) -> receivers.OAuth2:
        return receivers.OAuth2(self.token_url, self.client_id)


class NewOAuthClient(OAuthClient):
    """With its secret."""

    client_secret: Secret


class ReceiverGiven(Given):
    """`account_id`: the program whose rights decide what may be sent. `oauth2`: nothing where messages are signed."""

    name: Line
    url: Url
    account_id: UUID
    topics: list[Topic] = Field(max_length=len(Topic), examples=[["AppointmentPlanned"]])
    oauth2: OAuthClient | None = None

    def as_wish(self) -> receivers.Wish:
        return receivers.Wish(
            self.name,
            self.url,
            self.account_id,
            self.topics,
            self.oauth2.as_wish() if self.oauth2 else None,
        )


class NewReceiver(ReceiverGiven):
    """Of OAuth2 with the client's secret; that of a signature is made here."""

    oauth2: NewOAuthClient | None = None


class ReceiverView(View):
    """A receiver. `rotating`: the secret before is still valid."""

    id: UUID
    version: int
    name: str
    url: str
    account_id: UUID
    protocol: Protocol
    token_url: str | None
    client_id: str | None
    topics: list[Topic]
    rotating: bool
    removed_at: datetime | None


class ReceiverSecret(View):
    """`secret`: that of the signature, shown this once; nothing where the receiver's own is used."""

    receiver: ReceiverView
    secret: str | None


class Rotation(Given):
    """Of an OAuth2 client: its new secret. That of a signature is made here."""

    client_secret: Secret | None = None


@routes.get("/receivers", LOOK)
def list_receivers(call: Call, paging: Annotated[Paging, Query()]) -> Page[ReceiverView]:
    """The receivers whose account lies in your part, the removed ones too."""
    found, following = call.rows(Receiver, paging)
    return Page(items=_views(call, found), next=following)


@routes.get("/receivers/{receiver_id}", LOOK)
def read_receiver(call: Call, receiver_id: UUID) -> ReceiverView:
    """One of them."""
    return _view(call, call.one(Receiver, receiver_id))


@routes.post("/receivers", ADD, status=201)
def add_receiver(call: Call, given: NewReceiver) -> ReceiverSecret:
    """Let a program's system hear of events. The secret of the signature is shown this once."""
    call.another(Account, given.account_id)
    made = None if given.oauth2 else new_secret()
    receiver = receivers.add(
        call.session,
        call.service.vault,
        call.caller,
        given.as_wish(),
        secret=made or (given.oauth2.client_secret if given.oauth2 else ""),
        allows=call.service.settings.egress.allows,
    )
    call.note(receiver)
    return ReceiverSecret(receiver=_view(call, receiver), secret=made)


@routes.put("/receivers/{receiver_id}", CHANGE, if_match=True)
def change_receiver(call: Call, receiver_id: UUID, given: ReceiverGiven) -> ReceiverView:
    """Another name, address, account, other topics. What waits goes to the new address."""
    receiver = call.one(Receiver, receiver_id)
    call.another(Account, given.account_id)
    receivers.change(
        call.session,
        call.caller,
        receiver,
        given.as_wish(),
        allows=call.service.settings.egress.allows,
    )
    return _view(call, receiver)


@routes.post("/receivers/{receiver_id}/rotate-secret", CHANGE, if_match=True)
def rotate_receiver_secret(call: Call, receiver_id: UUID, given: Rotation) -> ReceiverSecret:
    """Another secret. Messages are signed by both until the one before is retired."""
    receiver = call.one(Receiver, receiver_id)
    made = _made(receiver, given.client_secret)
    secret = made or given.client_secret or ""
    receivers.rotate_secret(call.session, call.service.vault, call.caller, receiver, secret)
    return ReceiverSecret(receiver=_view(call, receiver), secret=made)


@routes.post("/receivers/{receiver_id}/retire-secret", CHANGE, if_match=True)
def retire_receiver_secret(call: Call, receiver_id: UUID) -> ReceiverView:
    """From now on the secret before is worth nothing."""
    receiver = call.one(Receiver, receiver_id)
    receivers.retire_secret(call.session, call.caller, receiver)
    return _view(call, receiver)


@routes.post("/receivers/{receiver_id}/test", CHANGE, if_match=True)
def try_out_receiver(call: Call, receiver_id: UUID) -> ReceiverView:
    """Send it an event of the topic ReceiverTested, by the way that all others take; the log says what came of it."""
    receiver = call.one(Receiver, receiver_id)
    receivers.try_out(call.session, call.caller, receiver, call.now)
    return _view(call, receiver)


@routes.delete("/receivers/{receiver_id}", REMOVE, if_match=True, status=204)
def remove_receiver(call: Call, receiver_id: UUID) -> None:
    """It gets nothing more. It stays in the list, and its log can be read."""
    receivers.remove(call.session, call.caller, call.one(Receiver, receiver_id))


# --- As it is shown -------------------------------------------------------------------------------------


def _made(receiver: Receiver, given: str | None) -> str | None:
    """The secret that is made here, unless the receiver has its own."""
    if receiver.protocol is Protocol.OAUTH2:
        if given is None:
            raise refused("client_secret_missing")
        return None
    if given is not None:
        raise refused("client_secret_not_ours")
    return new_secret()


def _views(call: Call, rows: Sequence[Receiver]) -> list[ReceiverView]:
    topics = receivers.topics_of(call.session, [one.id for one in rows])
    return [
        ReceiverView(
            id=one.id,
            version=one.version,
            name=one.name,
            url=one.url,
            account_id=one.account_id,
            protocol=one.protocol,
            token_url=one.token_url,
            client_id=one.client_id,
            topics=topics[one.id],
            rotating=one.previous_secret is not None,
            removed_at=one.removed_at,
        )
        for one in rows
    ]


def _view(call: Call, row: Receiver) -> ReceiverView:
    return _views(call, [row])[0]
