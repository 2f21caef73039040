"""Once more, because somebody wants it: a new round, under the same id; and whether a receiver hears us at all."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from models.instants import database_now
from models.outbox import Delivery, DeliveryState, Receiver
from scheduler.access.caller import Caller
from scheduler.access.denied import refused
from scheduler.access.rights import Right
from scheduler.announcing import News, announce
from scheduler.receivers.catalogue import TESTED
from scheduler.receivers.keeping import require_his, require_there


def redeliver(session: Session, caller: Caller, receiver: Receiver, delivery_id: UUID) -> None:
    """Send one again, at once, however it ended; its attempts begin anew.

    Raises:
        ForbiddenError, NotFoundError: the caller may not.
        RefusedError: it has not ended yet, or the receiver was removed.
    """
    _require(session, caller, receiver)
    if not _again(session, receiver, Delivery.id == delivery_id, _HAS_ENDED):
        raise refused("delivery_under_way")


def redeliver_failed(session: Session, caller: Caller, receiver: Receiver, since: datetime) -> int:
    """Send all again that have failed and were last due since then; give how many.

    Raises:
        ForbiddenError, NotFoundError: the caller may not.
        RefusedError: the receiver was removed.
    """
    _require(session, caller, receiver)
    failed = Delivery.state == DeliveryState.FAILED
    return _again(session, receiver, failed, Delivery.due_at >= since)


def try_out(session: Session, caller: Caller, receiver: Receiver, now: datetime) -> None:
    """Let it have an event that says nothing, by the way that all others take.

    Raises:
        ForbiddenError, NotFoundError: the caller may not.
        RefusedError: the receiver was removed.
    """
    _require(session, caller, receiver)
    session.refresh(receiver, with_for_update={"key_share": True})  # whoever announces goes alone
    announce(session, [News(TESTED, Receiver.__tablename__, receiver.id)], at=now)


def _require(session: Session, caller: Caller, receiver: Receiver) -> None:
    caller.require(Right.MANAGE_RECEIVERS)
    require_his(session, caller, receiver)
    require_there(receiver)


_HAS_ENDED = Delivery.state.in_(
    (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.NOT_AUTHORISED)
)


def _again(session: Session, receiver: Receiver, *which: ColumnElement[bool]) -> int:
    """The token rises: of an attempt that is still under way nobody hears the end."""
    begun = session.scalars(
        update(Delivery)
        .where(Delivery.receiver_id == receiver.id, *which)
        .values(
            state=DeliveryState.DUE,
            round=Delivery.round + 1,
            attempts=0,
            token=Delivery.token + 1,
            claimed_until=None,
            due_at=database_now(),
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(begun.all())
