"""What leaves: events written with the change they tell of, and their deliveries. Domain §6, reliability §3.6."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Code, Json, Keyed, Versioned, exactly_one, line, reference


class Claimed:
    """A row that one worker at a time takes on, for a while.

    A worker claims it by raising `token`, and finishes it only where the token is still his: one that
    was away past `claimed_until` writes nothing (reliability §0, E8).
    """

    token: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None]


class Event(Claimed, Keyed, Base):
    """Something that happened, in the order in which it happened to one thing."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("subject_id", "sequence"),
        Index(
            "ix_events_to_be_relayed",
            "at",
            "id",
            sqlite_where=text("relayed_at IS NULL"),
            postgresql_where=text("relayed_at IS NULL"),
        ),
        # which of a subject's events is the next one
        Index(
            "ix_events_waiting_in_line",
            "subject_id",
            "sequence",
            sqlite_where=text("relayed_at IS NULL"),
            postgresql_where=text("relayed_at IS NULL"),
        ),
    )

    topic: Mapped[str] = line(100)
    subject: Mapped[str] = line(50)
    """The table of what it happened to."""
    subject_id: Mapped[UUID]
    sequence: Mapped[int]
    at: Mapped[datetime]
    facts: Mapped[Json]
    """Ids only, nobody's data."""
    caused_by_id: Mapped[UUID | None] = reference("trigger_firings")
    """The firing whose action this is: chains of triggers stop at a depth. Domain §4."""
    relayed_at: Mapped[datetime | None]
    """When its deliveries and firings were made."""


class Protocol(Code):
    """How a webhook proves that it is ours. Domain §6."""

    WEBSUB = "websub"
    OAUTH2 = "oauth2"


class Receiver(Versioned, Base):
    """Of webhooks; removed, it and its log stay visible. Domain §6 [000 §4.1.2]."""

    __tablename__ = "receivers"
    __table_args__ = (
        CheckConstraint(
            "(protocol = 'oauth2') = (token_url IS NOT NULL)"
            " AND (protocol = 'oauth2') = (client_id IS NOT NULL)",
            name="oauth2_needs",
        ),
    )

    name: Mapped[str] = line()
    url: Mapped[str] = line(2000)
    account_id: Mapped[UUID] = reference("accounts")
    """The API account whose rights decide what may be sent."""
    protocol: Mapped[Protocol]
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    """Encrypted: of the signature, or of the OAuth2 client."""
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Still valid while the receiver changes over."""
    token_url: Mapped[str | None] = line(2000)
    client_id: Mapped[str | None] = line()
    removed_at: Mapped[datetime | None]


class ReceiverTopic(Base):
    """A topic that a receiver wants to hear of."""

    __tablename__ = "receiver_topics"

    receiver_id: Mapped[UUID] = reference("receivers", primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)


class DeliveryState(Code):
    """Of a delivery; a failed one was tried as often as the table of domain §6 says."""

    DUE = "due"
    SENT = "sent"
    FAILED = "failed"
    NOT_AUTHORISED = "not_authorised"
    CANCELLED = "cancelled"


class Delivery(Claimed, Keyed, Base):
    """An event on its way to a receiver, or by mail to an account: at least once, under one id."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint(exactly_one("receiver_id", "account_id"), name="delivery_to_one"),
        CheckConstraint("attempts >= 0", name="attempts"),
        UniqueConstraint("event_id", "receiver_id"),
        UniqueConstraint("event_id", "account_id"),
        Index(
            "ix_deliveries_due",
            "due_at",
            sqlite_where=text("state = 'due'"),
            postgresql_where=text("state = 'due'"),
        ),
        # what one of many receivers waits for, however long its log is
        Index(
            "ix_deliveries_due_to_a_receiver",
            "receiver_id",
            "due_at",
            sqlite_where=text("state = 'due'"),
            postgresql_where=text("state = 'due'"),
        ),
    )

    event_id: Mapped[UUID] = reference("events")
    receiver_id: Mapped[UUID | None] = reference("receivers", index=True)
    account_id: Mapped[UUID | None] = reference("accounts")
    """Who gets a notice: of a changed password, say. Domain §8."""
    state: Mapped[DeliveryState]
    due_at: Mapped[datetime]
    round: Mapped[int] = mapped_column(default=1, server_default="1")
    """Each time that somebody has it sent again, the attempts begin anew."""
    attempts: Mapped[int] = mapped_column(default=0)
    """In this round, counted as each begins: who is killed in one does not make it undone."""
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = line()
    body: Mapped[str | None]
    """As it was sent, for the log."""


class DeliveryAttempt(Keyed, Base):
    """One try at a delivery: neither status nor error while it goes on."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (UniqueConstraint("delivery_id", "round", "number"),)

    delivery_id: Mapped[UUID] = reference("deliveries")
    round: Mapped[int]
    number: Mapped[int]
    at: Mapped[datetime]
    milliseconds: Mapped[int | None]
    status: Mapped[int | None]
    """Of the answer, where there was one."""
    error: Mapped[str | None] = line(50)
    """A word of a closed set, where it came to nothing."""
