"""The application: the frame, the problems and the routes, put together; it does not start where anything is amiss."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Request, Response
from sqlalchemy import Engine
from starlette.exceptions import HTTPException

from api.http import docs, feeding, health, introduction, openapi, problems, sending
from api.http.context import context_of
from api.http.declaring import Routes, require_policies
from api.http.faces import JSON
from api.http.frame import Frame
from api.http.problems import trouble_of
from api.http.routes import ALL
from api.http.routing import add
from api.http.service import Service, Settings
from api.pages.face import PAGE
from api.pages.routes import PAGES
from api.senders import LOOKS_EVERY, Means, Senders, importer
from models.database import writing
from scheduler import clock, triggers
from scheduler.access.sweeping import sweep
from scheduler.agenda.holds import expire
from scheduler.audit import sealer
from scheduler.idempotency import purge
from scheduler.relay import Subscriber, relay
from scheduler.rounds import Rounds

HOURLY = timedelta(hours=1)
Daily = Callable[[Engine, datetime], object]


def application(
    settings: Settings,
    *,
    now: Callable[[], datetime] = clock.now,
    subscribers: Sequence[Subscriber] = (),
    daily: Daily | None = None,
    more: Sequence[Routes] = (),
) -> FastAPI:
    """The service as an ASGI application. `more`: routes beside those there are, as are `subscribers`.

    `daily`: what tells what a day brings, each thing once however often it is asked.

    Raises:
        UnusableDatabaseError, SecretKeyError: it cannot start, for this reason.
        Undeclared: a route has no policy.
    """
    service = Service(settings, now=now)
    app = FastAPI(
        title=introduction.TITLE,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=partial(_life, service, subscribers, daily),
        redirect_slashes=False,
    )
    app.state.service = service
    app.add_exception_handler(HTTPException, _not_a_route)
    for routes in (*ALL, *PAGES, *more, feeding.routes, openapi.routes, docs.routes, health.routes):
        add(app, service, routes)
    require_policies(app)
    app.add_middleware(Frame, service=service)
    app.openapi = partial(openapi.describe, app, version("spreekuur"))  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _life(
    service: Service, subscribers: Sequence[Subscriber], daily: Daily | None, _: FastAPI
) -> AsyncIterator[None]:
    """While it serves: records are sealed, events relayed, and what is over forgotten."""
    # a thread without a connection would only wait for one
    current_default_thread_limiter().total_tokens = service.settings.connections
    means = Means(service.vault, service.settings.base_url, service.settings.egress)
    senders = Senders(service.engine, means, now=service.now, others=service.others_send)
    # all of them, in every relay: an event that one relay has told, no other tells again
    told = (
        *triggers.subscribers(service.now),
        *subscribers,
        sending.OUTBOX,
        sending.MAILS,
        sending.INVITES,
    )

    def leaves() -> None:
        if not service.ring_senders():
            senders.ring()

    def mail_leaves() -> None:
        if not service.ring_senders():
            senders.ring_mail()

    reads = importer(service.engine, means, service.now).read_all
    importing = Rounds("importer", reads, LOOKS_EVERY)
    relaying = relay(service.engine, told, then=leaves)
    with ExitStack() as stack:
        stack.callback(service.close)
        stack.enter_context(senders.going())
        stack.enter_context(importing.going())
        stack.enter_context(sealer(service.engine).going())
        stack.enter_context(relaying.going())
        stack.enter_context(Rounds("sweeper", partial(_forget, service), HOURLY).going())
        if daily is not None:
            days = Rounds("days", partial(_tell_days, service, daily), HOURLY)
            stack.enter_context(days.going())
        service.committed = relaying.ring
        service.ring_importer = importing.ring
        service.ring_mail = mail_leaves
        yield


def _forget(service: Service) -> None:
    purge(service.engine)
    with writing(service.engine) as session:
        sweep(session, service.now())
    with writing(service.engine) as session:
        expire(session)


def _tell_days(service: Service, daily: Daily) -> None:
    daily(service.engine, service.now())
    service.committed()


async def _not_a_route(request: Request, error: Exception) -> Response:
    context = context_of(request)
    trouble = trouble_of(error) or problems.Trouble(500, "internal_error")
    context.code = trouble.code
    is_page = "text/html" in request.headers.get("accept", "")
    return (PAGE if is_page else JSON).tell(trouble, request, context.request_id)
