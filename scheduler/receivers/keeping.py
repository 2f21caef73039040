"""Receivers, administered: added, changed, given another secret, removed. Domain §6 [000 §4.1.2].

A receiver hears what its account may see. So whoever has it, or where it is, in his hands could read
all that: nobody administers one whose account could do more than he may himself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from models.access import Account, AccountKind
from models.base import Base, new_id
from models.instants import database_now
from models.outbox import Delivery, DeliveryState, Protocol, Receiver, ReceiverTopic
from scheduler.access.bounds import require_role
from scheduler.access.caller import Caller
from scheduler.access.denied import refused
from scheduler.access.rights import Right
from scheduler.access.vault import Vault
from scheduler.access.visible import require_visible
from scheduler.receivers.catalogue import CATALOGUE, TESTED
from scheduler.receivers.secrets import keep_previous, keep_secret
from scheduler.topics import Topic

Allows = Callable[[str], bool]
"""Whether something could be sent to this URL."""
TOPICS = Base.metadata.tables[ReceiverTopic.__tablename__]


@dataclass(frozen=True, slots=True)
class OAuth2:
    """Where a token is fetched, and as whom."""

    token_url: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What a receiver is to be. `oauth2`: nothing where it is to be signed instead."""

    name: str
    url: str
    account_id: UUID
    topics: Sequence[Topic]
    oauth2: OAuth2 | None = None


def add(
    session: Session,
    vault: Vault,
    caller: Caller,
    wish: Wish,
    *,
    secret: str,
    allows: Allows,
) -> Receiver:
    """Add a receiver; `secret`: of the signature, or of the OAuth2 client.

    Raises:
        ForbiddenError, NotFoundError: the caller may not, or not for that account.
        RefusedError: nothing may be sent there.
    """
    _require(session, caller, wish, allows)
    receiver = Receiver(
        id=new_id(),
        name=wish.name,
        url=wish.url,
        account_id=wish.account_id,
        protocol=Protocol.OAUTH2 if wish.oauth2 else Protocol.WEBSUB,
    )
    _set_client(receiver, wish.oauth2)
    keep_secret(vault, receiver, secret)
    session.add(receiver)
    session.flush()
    _set_topics(session, receiver, wish.topics)
    return receiver


def change(
    session: Session, caller: Caller, receiver: Receiver, wish: Wish, *, allows: Allows
) -> None:
    """Another name, address, account or other topics; deliveries that wait go where it is then.

    Raises:
        ForbiddenError, NotFoundError: the caller may not, or not for one of the accounts.
        RefusedError: nothing may be sent there, or it was removed.
    """
    _require_in_his_hands(session, caller, receiver)
    if (wish.oauth2 is None) is (receiver.protocol is Protocol.OAUTH2):
        raise refused("protocol_stays")
    _require(session, caller, wish, allows)
    receiver.name, receiver.url, receiver.account_id = wish.name, wish.url, wish.account_id
    _set_client(receiver, wish.oauth2)
    receiver.renew()
    session.flush()
    session.execute(delete(TOPICS).where(TOPICS.c.receiver_id == receiver.id))
    _set_topics(session, receiver, wish.topics)


def rotate_secret(
    session: Session, vault: Vault, caller: Caller, receiver: Receiver, secret: str
) -> None:
    """Another secret; that of a signature is valid beside it until it is retired.

    Raises:
        ForbiddenError, NotFoundError: the caller may not.
        RefusedError: it was removed.
    """
    _require_in_his_hands(session, caller, receiver)
    if receiver.protocol is Protocol.WEBSUB:
        keep_previous(vault, receiver)
    keep_secret(vault, receiver, secret)
    session.flush()


def retire_secret(session: Session, caller: Caller, receiver: Receiver) -> None:
    """The secret before is worth nothing from now on.

    Raises:
        ForbiddenError, NotFoundError: the caller may not.
        RefusedError: there is none, or the receiver was removed.
    """
    _require_in_his_hands(session, caller, receiver)
    if receiver.previous_secret is None:
        raise refused("no_previous_secret")
    receiver.previous_secret = None
    session.flush()


def remove(session: Session, caller: Caller, receiver: Receiver) -> None:
    """It gets nothing from now on; it stays, and so does its log.

    Raises:
        ForbiddenError, NotFoundError: the caller may not.
        RefusedError: it was removed already.
    """
    _require_in_his_hands(session, caller, receiver)
    receiver.removed_at = database_now()
    session.flush()
    session.execute(
        update(Delivery)
        .where(Delivery.receiver_id == receiver.id, Delivery.state == DeliveryState.DUE)
        .values(state=DeliveryState.CANCELLED),
        execution_options={"synchronize_session": False},
    )


def topics_of(session: Session, keys: Sequence[UUID]) -> dict[UUID, list[Topic]]:
    """What each of these receivers wants to hear of, in the order of the catalogue."""
    query = select(TOPICS.c.receiver_id, TOPICS.c.topic).where(TOPICS.c.receiver_id.in_(keys))
    held = {(key, topic) for key, topic in session.execute(query)}
    return {key: [topic for topic in Topic if (key, topic.value) in held] for key in keys}


def require_his(session: Session, caller: Caller, receiver: Receiver) -> None:
    """That all which its account may, he may himself.

    Raises:
        ForbiddenError, NotFoundError: it may more.
    """
    _require_account(session, caller, receiver.account_id)


def require_there(receiver: Receiver) -> None:
    """Raises RefusedError where it was removed."""
    if receiver.removed_at is not None:
        raise refused("receiver_removed")


# --- What has to hold -----------------------------------------------------------------------------------


def _require_in_his_hands(session: Session, caller: Caller, receiver: Receiver) -> None:
    caller.require_to_manage(Right.MANAGE_RECEIVERS)
    require_his(session, caller, receiver)
    require_there(receiver)


def _require(session: Session, caller: Caller, wish: Wish, allows: Allows) -> None:
    caller.require_to_manage(Right.MANAGE_RECEIVERS)
    _require_account(session, caller, wish.account_id)
    strange = [topic for topic in wish.topics if topic not in CATALOGUE or topic is TESTED]
    if strange:
        raise refused("topic_unknown", topics=strange)
    urls = [wish.url, *([wish.oauth2.token_url] if wish.oauth2 else [])]
    if not all(map(allows, urls)):
        raise refused("url_not_allowed")


def _require_account(session: Session, caller: Caller, account_id: UUID) -> None:
    account = require_visible(session, caller, Account, account_id)
    require_role(session, caller, account.role_id)
    if account.kind is not AccountKind.API:
        raise refused("not_a_user")


def _set_client(receiver: Receiver, oauth2: OAuth2 | None) -> None:
    receiver.token_url = oauth2.token_url if oauth2 else None
    receiver.client_id = oauth2.client_id if oauth2 else None


def _set_topics(session: Session, receiver: Receiver, topics: Sequence[Topic]) -> None:
    rows = [{"receiver_id": receiver.id, "topic": topic.value} for topic in dict.fromkeys(topics)]
    if rows:
        session.execute(insert(TOPICS), rows)
