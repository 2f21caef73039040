"""Whether it lives, whether it can serve, and its figures: for whoever runs it. Nothing of what is in the database."""

from datetime import timedelta

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from api.http.declaring import AtTheDoor, Routes
from api.http.policies import ANYBODY
from api.http.replies import Reply
from models.database import reading
from models.instants import database_now
from notifications.delivering import undelivered
from notifications.mail.waiting import overdue_mail
from scheduler.planning.condition import condition
from scheduler.relay import waiting

routes = Routes("operation", prefix="")
LATE = timedelta(minutes=5)
"""Of an event: it should have been relayed long ago."""
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class Alive(BaseModel):
    """It answers: `ok`, or `degraded` where something beside it is in trouble, and bookings go on.

    `troubles`: words of a closed set: `redis`, `outbox`, `no_worker`, `run_failed`, `run_missed`, `database`. RUNBOOK.md says
    of each what to do.
    """

    status: str
    troubles: list[str]


class Ready(BaseModel):
    """`troubles`: why it cannot serve, in words of a closed set: `database`, `secret_key`, `disk`."""

    status: str
    troubles: list[str]


@routes.get("/health", ANYBODY)
def health(door: AtTheDoor) -> Alive:
    """Whether the process lives, and what is in trouble: always 200, since starting it anew would mend none of that."""
    troubles = [] if door.service.redis_answers() else ["redis"]
    try:
        with reading(door.service.engine) as session:
            told, planning = waiting(session), condition(session)
            now = session.scalar(select(database_now()))
    except DBAPIError:
        troubles.append("database")
    else:
        if told.oldest is not None and now is not None and now - told.oldest > LATE:
            troubles.append("outbox")
        troubles += planning.troubles
    return Alive(status="degraded" if troubles else "ok", troubles=troubles)


TROUBLED = {"schema": {"$ref": "#/components/schemas/Ready"}}
IN_TROUBLE = {"description": "In trouble", "content": {"application/json": TROUBLED}}


@routes.get("/ready", ANYBODY, returns=Ready, openapi={"responses": {"503": IN_TROUBLE}})
def ready(door: AtTheDoor) -> Reply:
    """Whether it can serve: the database is there and current, its secrets can be opened, there is room."""
    troubles = door.service.troubles()
    told = Ready(status="troubled" if troubles else "ok", troubles=troubles)
    return Reply(told, 503 if troubles else 200)


@routes.get("/metrics", ANYBODY, media_type=PROMETHEUS, returns=str)
def metrics(door: AtTheDoor) -> Reply:
    """Figures, as Prometheus reads them. Keep it from the outside: a proxy need not pass it on."""
    figures = door.service.metrics
    with reading(door.service.engine) as session:
        told = waiting(session)
        leaving = undelivered(session)
        planning = condition(session)
        figures.mails_overdue.set(overdue_mail(session))
    figures.outbox.set(told.events)
    figures.outbox_in_trouble.set(told.in_trouble)
    age = 0.0 if told.oldest is None else (leaving.now - told.oldest).total_seconds()
    figures.outbox_age.set(max(0.0, age))
    figures.deliveries.set(leaving.due)
    figures.deliveries_overdue.set(leaving.overdue)
    figures.deliveries_failed.set(leaving.failed)
    figures.tell_of_runs(planning)
    figures.redis.set(door.service.redis_answers())
    return Reply(figures.text())
