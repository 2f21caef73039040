"""Whether it lives, whether it can serve, and its figures: for whoever runs it. Nothing of what is in the database."""

from pydantic import BaseModel

from api.http.declaring import AtTheDoor, Routes
from api.http.policies import ANYBODY
from api.http.replies import Reply
from models.database import reading
from scheduler.relay import waiting

routes = Routes("operation", prefix="")
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class Alive(BaseModel):
    """It answers."""

    status: str = "ok"


class Ready(BaseModel):
    """`troubles`: why it cannot serve, in words of a closed set: `database`, `secret_key`, `disk`."""

    status: str
    troubles: list[str]


@routes.get("/health", ANYBODY)
def health(_: AtTheDoor) -> Alive:
    """Whether the process lives."""
    return Alive()


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
    figures.outbox.set(told.events)
    figures.outbox_in_trouble.set(told.in_trouble)
    return Reply(figures.text())
