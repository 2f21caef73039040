"""Wrong tries, counted where they came from and whom they were after. Reliability §3.9, P11, T11.

After five the account is locked until an administrator unlocks it, except for the browsers from
which its user has logged in before: those count by themselves, so that nobody locks somebody else
out. After a hundred in an hour a network has to wait, whomever it was after. The hour is that which
began with its first wrong try; the counts are rows, and so the same for all processes.
"""

from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_address, ip_network
from uuid import UUID

from sqlalchemy import case, literal, null, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.access import Account, Device, NetworkFailures
from models.instants import Instant
from scheduler.access.notices import notify
from scheduler.topics import Topic

TRIES = 5
TRIES_OF_A_NETWORK = 100
HOUR = timedelta(hours=1)
PREFIX = 64
"""Of IPv6 whoever has one address has as many as he likes in it."""


def network_of(address: str) -> str:
    """Whom an address belongs to, as far as can be told.

    Raises:
        ValueError: it is no address.
    """
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((found, PREFIX), strict=False))


def wait(session: Session, network: str, now: datetime) -> timedelta | None:
    """How long the network has to wait; nothing where it need not."""
    too_many = NetworkFailures.failures >= TRIES_OF_A_NETWORK
    since = session.scalar(
        select(NetworkFailures.since).where(
            NetworkFailures.network == network, NetworkFailures.since > now - HOUR, too_many
        )
    )
    return None if since is None else since + HOUR - now


def count_for_network(session: Session, network: str, now: datetime) -> None:
    """One statement: of a hundred at once, all count."""
    over = NetworkFailures.since <= now - HOUR
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    first = insert(NetworkFailures).values(network=network, since=now, failures=1)
    again = {
        "since": case((over, literal(now, Instant())), else_=NetworkFailures.since),
        "failures": case((over, 1), else_=NetworkFailures.failures + 1),
    }
    session.execute(first.on_conflict_do_update(index_elements=["network"], set_=again))


def count_for_account(session: Session, account_id: UUID, now: datetime) -> None:
    """The fifth in a row locks it, and its user is told."""
    last = Account.failed_logins + 1 >= TRIES
    locked_at = session.scalar(
        update(Account)
        .where(Account.id == account_id, Account.locked_at.is_(None))
        .values(
            failed_logins=Account.failed_logins + 1,
            locked_at=case((last, literal(now, Instant())), else_=null()),
        )
        .returning(Account.locked_at)
        .execution_options(synchronize_session=False)
    )
    if locked_at is not None:
        notify(session, Topic.ACCOUNT_LOCKED, account_id, at=now)


def count_for_device(session: Session, device_id: UUID) -> None:
    """After the last it is a stranger (`known_device`)."""
    session.execute(
        update(Device)
        .where(Device.id == device_id)
        .values(failed_logins=Device.failed_logins + 1)
        .execution_options(synchronize_session=False)
    )
