"""Mail servers, and the addresses that mail is from: verified by a code that is mailed there. Domain §6 [000 §2.1.2]."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from models.base import Base, new_id
from models.instants import database_now
from models.messages import MailLimit, MailServer, Message, MessageKind, Sender, Template
from models.outbox import DeliveryState
from scheduler.access.denied import refused
from scheduler.access.vault import Vault, place

Allows = Callable[[str, int], bool]
"""Whether mail could be sent to this host and port."""
LIMITS = Base.metadata.tables[MailLimit.__tablename__]
SEALED = (MailServer.password, Message.sealed)
"""What a change of keys has to seal anew (`vault.reseal`)."""
CODE_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many messages in so many minutes."""

    minutes: int
    messages: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What a server is to be. `password`: nothing where it stays as it is."""

    name: str
    host: str
    port: int
    implicit_tls: bool
    username: str | None
    password: str | None
    is_default: bool
    limits: Sequence[Limit]


def add(session: Session, vault: Vault, wish: Wish, *, allows: Allows) -> MailServer:
    """Raises RefusedError where no mail is sent there."""
    server = MailServer(id=new_id())
    _set(session, vault, server, wish, allows)
    session.add(server)
    session.flush()
    _set_limits(session, server, wish.limits)
    return server


def change(
    session: Session, vault: Vault, server: MailServer, wish: Wish, *, allows: Allows
) -> None:
    """Another host, password, limit. To another host no password goes that was meant for the one before.

    Raises:
        RefusedError: no mail is sent there, or it is archived.
    """
    _require_used(server)
    moves = (server.host, server.port) != (wish.host, wish.port)
    if moves and wish.username is not None and wish.password is None:
        raise refused("password_missing")
    _set(session, vault, server, wish, allows)
    server.renew()
    session.flush()
    session.execute(delete(LIMITS).where(LIMITS.c.server_id == server.id))
    _set_limits(session, server, wish.limits)


def archive(session: Session, server: MailServer, now: datetime) -> None:
    """Nothing goes by it any more; what was sent by it can be read. The default one is replaced first.

    Raises:
        RefusedError: it is the default one, or archived already.
    """
    _require_used(server)
    if server.is_default:
        raise refused("default_server_stays")
    server.archived_at, server.password = now, None
    session.flush()


def password_of(vault: Vault, server: MailServer) -> str | None:
    """Raises UnsealableError where no key here opens it."""
    if server.password is None:
        return None
    return vault.open(server.password, place(MailServer.password, server.id)).decode()


def limits_of(session: Session, servers: Sequence[UUID]) -> dict[UUID, list[Limit]]:
    found: dict[UUID, list[Limit]] = {key: [] for key in servers}
    query = select(MailLimit).where(MailLimit.server_id.in_(servers)).order_by(MailLimit.minutes)
    for one in session.scalars(query):
        found[one.server_id].append(Limit(one.minutes, one.messages))
    return found


def _set(session: Session, vault: Vault, server: MailServer, wish: Wish, allows: Allows) -> None:
    if not allows(wish.host, wish.port):
        raise refused("mail_server_not_allowed")
    if len({one.minutes for one in wish.limits}) < len(wish.limits):
        raise refused("limit_twice")
    if server.is_default and not wish.is_default:
        raise refused("default_server_stays")
    if wish.is_default:
        # of two who do so at once, the second one is told by the database
        others = update(MailServer).where(MailServer.is_default, MailServer.id != server.id)
        session.execute(others.values(is_default=False, version=MailServer.version + 1))
    server.name, server.host, server.port = wish.name, wish.host, wish.port
    server.implicit_tls, server.username = wish.implicit_tls, wish.username
    server.is_default = wish.is_default
    if wish.username is None:
        server.password = None
    elif wish.password is not None:
        where = place(MailServer.password, server.id)
        server.password = vault.seal(wish.password.encode(), where)


def _set_limits(session: Session, server: MailServer, limits: Sequence[Limit]) -> None:
    rows = [
        {"server_id": server.id, "minutes": one.minutes, "messages": one.messages} for one in limits
    ]
    if rows:
        session.execute(insert(LIMITS), rows)


def _require_used(server: MailServer) -> None:
    if server.archived_at is not None:
        raise refused("mail_server_archived")


# --- Senders ----------------------------------------------------------------------------------------------


def add_sender(
    session: Session, vault: Vault, server: MailServer, name: str, address: str
) -> Sender:
    """A code is mailed to the address: until it comes back, nothing is from there.

    Raises:
        RefusedError: it is there already, or the server is archived.
    """
    _require_used(server)
    session.refresh(server, with_for_update={"key_share": True})
    there = select(Sender.id).where(Sender.server_id == server.id, Sender.address == address)
    if session.scalar(there) is not None:
        raise refused("sender_taken")
    sender = Sender(id=new_id(), server_id=server.id, name=name, address=address)
    session.add(sender)
    session.flush()
    send_code(session, vault, sender)
    return sender


def send_code(session: Session, vault: Vault, sender: Sender) -> None:
    """Another one; the one before is worth nothing.

    Raises:
        RefusedError: it is verified already.
    """
    _require_open(sender)
    code = "".join(str(secrets.randbelow(10)) for _ in range(CODE_DIGITS))
    before = update(Message).where(
        Message.sender_id == sender.id, Message.state == DeliveryState.DUE
    )
    session.execute(before.values(state=DeliveryState.CANCELLED, sealed=None))
    sender.code_hash = _hash(sender, code)
    key = new_id()
    session.execute(
        insert(Message).values(
            id=key,
            kind=MessageKind.SENDER_CODE,
            sender_id=sender.id,
            sealed=vault.seal(code.encode(), place(Message.sealed, key)),
            state=DeliveryState.DUE,
            due_at=database_now(),
        )
    )
    session.flush()


def verify(session: Session, sender: Sender, code: str, now: datetime) -> bool:
    """Whether it is the code; a wrong one costs the code, so that nobody tries them all.

    Raises:
        RefusedError: it is verified already.
    """
    _require_open(sender)
    known, sender.code_hash = sender.code_hash or "", None
    is_right = hmac.compare_digest(known, _hash(sender, code))
    if is_right:
        sender.verified_at = now
    session.flush()
    return is_right


def remove_sender(session: Session, sender: Sender) -> None:
    """Raises RefusedError where a template is sent from there."""
    if session.scalar(select(Template.id).where(Template.sender_id == sender.id).limit(1)):
        raise refused("sender_in_use")
    session.execute(
        update(Message)
        .where(Message.sender_id == sender.id, Message.state == DeliveryState.DUE)
        .values(state=DeliveryState.CANCELLED, sealed=None)
    )
    session.execute(update(Message).where(Message.sender_id == sender.id).values(sender_id=None))
    session.delete(sender)
    session.flush()


def code_of(vault: Vault, message: Message) -> str:
    """Raises UnsealableError where no key here opens it."""
    return vault.open(message.sealed or b"", place(Message.sealed, message.id)).decode()


def _require_open(sender: Sender) -> None:
    if sender.verified_at is not None:
        raise refused("sender_verified")


def _hash(sender: Sender, code: str) -> str:
    return hashlib.sha256(f"{sender.id}:{code}".encode()).hexdigest()
