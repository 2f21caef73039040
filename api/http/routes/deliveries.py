"""What was sent to receivers of webhooks, and what became of it; and once more, where somebody wants it. Domain §6."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import select

from api.http.calls import Call
from api.http.declaring import Routes
from api.http.pages import MOST
from api.http.policies import by_right
from api.http.shapes import Given, Instant, Page, View
from models.audit import Act
from models.outbox import Delivery, DeliveryAttempt, DeliveryState, Event, Receiver
from scheduler import receivers
from scheduler.access import Right

routes = Routes("receivers")

READ_LOG = by_right(Right.MANAGE_RECEIVERS, of=Delivery)
SEND_AGAIN = by_right(Right.MANAGE_RECEIVERS, of=Delivery, act=Act.UPDATE)
CHANGE = by_right(Right.MANAGE_RECEIVERS, of=Receiver, act=Act.UPDATE)


class LogFilters(Given):
    """Which deliveries."""

    page_size: int = Field(default=50, ge=1, le=MOST, description="how many at once")
    cursor: UUID | None = Field(default=None, description="`next` of the part before")
    state: DeliveryState | None = None


class DeliveryView(View):
    """`webhook_id`: the event's, by which the receiver knows it again. `attempts`: of this round."""

    id: UUID
    webhook_id: UUID
    topic: str
    subject: str
    subject_id: UUID
    sequence: int
    at: datetime
    state: DeliveryState
    due_at: datetime
    round: int
    attempts: int
    last_status: int | None
    last_error: str | None


class AttemptView(View):
    """`milliseconds`: nothing while it goes on, or where nobody finished it."""

    round: int
    number: int
    at: datetime
    status: int | None
    error: str | None
    milliseconds: int | None


class DeliveryLog(View):
    """`body`: as it was sent; nothing where it never was."""

    receiver_id: UUID
    delivery: DeliveryView
    body: str | None
    log: list[AttemptView]


class FailedSince(Given):
    """Those that were last due since then."""

    since: Instant


class SentAgain(View):
    """How many."""

    deliveries: int


@routes.get("/receivers/{receiver_id}/deliveries", READ_LOG)
def list_deliveries(
    call: Call, receiver_id: UUID, filters: Annotated[LogFilters, Query()]
) -> Page[DeliveryView]:
    """What was sent to it, or is to be, the newest first."""
    call.another(Receiver, receiver_id)
    query = (
        select(Delivery, Event)
        .join(Event, Event.id == Delivery.event_id)
        .where(call.seen(Delivery), Delivery.receiver_id == receiver_id)
    )
    if filters.state is not None:
        query = query.where(Delivery.state == filters.state)
    if filters.cursor is not None:
        query = query.where(Delivery.id < filters.cursor)
    newest = query.order_by(Delivery.id.desc()).limit(filters.page_size + 1)
    found = [_delivery(*row) for row in call.session.execute(newest)]
    page = found[: filters.page_size]
    return Page(items=page, next=str(page[-1].id) if len(found) > len(page) else None)


@routes.get("/deliveries/{delivery_id}", READ_LOG)
def read_delivery(call: Call, delivery_id: UUID) -> DeliveryLog:
    """One of them, with each attempt, and what was sent."""
    delivery = call.one(Delivery, delivery_id)
    query = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery_id)
    attempts = call.session.scalars(query.order_by(DeliveryAttempt.id))
    return DeliveryLog(
        receiver_id=call.another(Receiver, delivery.receiver_id or delivery_id).id,
        delivery=_delivery(delivery, call.session.get_one(Event, delivery.event_id)),
        body=delivery.body,
        log=[AttemptView.model_validate(one) for one in attempts],
    )


@routes.post("/deliveries/{delivery_id}/redeliver", SEND_AGAIN)
def redeliver(call: Call, delivery_id: UUID) -> SentAgain:
    """Send it again at once, under the same id: up to five attempts more."""
    delivery = call.one(Delivery, delivery_id)
    receiver = call.another(Receiver, delivery.receiver_id or delivery_id)
    receivers.redeliver(call.session, call.caller, receiver, delivery_id)
    return SentAgain(deliveries=1)


@routes.post("/receivers/{receiver_id}/redeliver-failed", CHANGE)
def redeliver_failed(call: Call, receiver_id: UUID, given: FailedSince) -> SentAgain:
    """Send all again that have failed since then."""
    receiver = call.one(Receiver, receiver_id)
    return SentAgain(
        deliveries=receivers.redeliver_failed(call.session, call.caller, receiver, given.since)
    )


def _delivery(delivery: Delivery, event: Event) -> DeliveryView:
    return DeliveryView(
        id=delivery.id,
        webhook_id=event.id,
        topic=event.topic,
        subject=event.subject,
        subject_id=event.subject_id,
        sequence=event.sequence,
        at=event.at,
        state=delivery.state,
        due_at=delivery.due_at,
        round=delivery.round,
        attempts=delivery.attempts,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
    )
