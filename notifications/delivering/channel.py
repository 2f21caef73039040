"""The face of whatever delivers: webhooks, mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from models.base import Code, Keyed
from models.outbox import Delivery, DeliveryState, Event


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose time has come, and its event; the rows are not to be changed."""

    delivery: Delivery
    event: Event
    lane: UUID


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent. `body`: kept for the log, and the same at each attempt; `how`: the channel's own."""

    body: str
    how: Any


Verdict = Parcel | DeliveryState
"""Something to be sent, or the state in which the delivery ends unsent."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: well where there is no error."""

    status: int | None = None
    error: Code | None = None
    wish: timedelta | None = None
    """To be left alone for so long."""


class Channel(Protocol):
    """A way out. Its deliveries go by lanes: one lane's troubles are not another's."""

    @property
    def name(self) -> str: ...

    @property
    def lanes(self) -> type[Keyed]:
        """The table of those to whom it delivers."""
        ...

    @property
    def lane(self) -> str:
        """The column of `Delivery` by which it names one of them."""
        ...

    @property
    def at_once(self) -> int:
        """The most that are on their way in one lane."""
        ...

    def judge(self, session: Session, due: Sequence[Due]) -> Sequence[Verdict]:
        """In the transaction that claims: whether it may be sent, as things stand now, and what it is."""
        ...

    def send(self, parcel: Parcel) -> Outcome:
        """Outside of any transaction. What it raises counts as an attempt that failed."""
        ...
