"""Logging in and out, at a page. Domain §8, reliability §3.9."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from api.http.calls import Call
from api.http.declaring import AtTheDoor, Routes
from api.http.knocking import COOKIE, DEVICE_COOKIE, csrf_token
from api.http.policies import AT_THE_DOOR, himself
from api.http.replies import Reply
from api.http.routes.doors import tell, watched
from api.http.shapes import Given, Secret, View
from models.access import Session
from models.audit import Act
from models.database import reading
from scheduler.access import door as people
from scheduler.access import sessions
from scheduler.access.caller import Pending
from scheduler.access.devices import REMEMBERED
from scheduler.access.sessions import identify
from scheduler.actor import Actor

routes = Routes("session")

ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"


class LogIn(Given):
    """Everything at once. `second_factor`: the code of the app, or a back-up code; none until it is set up."""

    login: str = Field(max_length=100, examples=["planner1"])
    password: Secret
    second_factor: str | None = Field(default=None, max_length=40, examples=["123456"])


class LoggedIn(View):
    """`pending`: what has to be done before anything else. The token is in a cookie, where no script reads it."""

    account_id: UUID
    expires_at: datetime
    pending: list[Pending]
    csrf_token: str


class Proof(Given):
    """Password and code, once more."""

    password: Secret
    second_factor: str | None = Field(default=None, max_length=40)


class OpenSession(View):
    """One of one's own sessions. `current`: this one."""

    id: UUID
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime
    on_behalf_of_id: UUID | None
    current: bool


class OpenSessions(View):
    """All of them."""

    items: list[OpenSession]


@routes.door("/session", AT_THE_DOOR, status=201, returns=LoggedIn)
def log_in(door: AtTheDoor, given: LogIn) -> Reply:
    """Log in as a user.

    Whatever is wrong, the answer is the same; after five wrong tries the account is locked.
    """
    service, now = door.service, door.service.now()
    attempt = people.Attempt(
        given.login,
        given.password,
        given.second_factor,
        door.knocked.network,
        door.request.cookies.get(DEVICE_COOKIE),
    )
    with watched(door, "log_in"):
        entry = people.log_in(service.engine, service.vault, attempt, now)
    opened = entry.opened
    tell(door, "log_in", opened.account_id, by=Actor(opened.account_id))
    lasts = int((opened.expires_at - now).total_seconds())
    cookies = [f"{COOKIE}={opened.token}; Max-Age={lasts}; {ATTRIBUTES}"]
    if entry.device is not None:
        known = int(REMEMBERED.total_seconds())
        cookies.append(f"{DEVICE_COOKIE}={entry.device}; Max-Age={known}; {ATTRIBUTES}")
    told = LoggedIn(
        account_id=opened.account_id,
        expires_at=opened.expires_at,
        pending=sorted(entry.pending),
        csrf_token=csrf_token(opened.token),
    )
    return Reply(told, 201, cookies=tuple(cookies))


@routes.door("/session/proof", himself(Act.LOGIN, Session, settled=False), status=204)
def prove(door: AtTheDoor, given: Proof) -> None:
    """Show once more that it is you, before you change your own secrets."""
    service, now = door.service, door.service.now()
    with reading(service.engine) as session:
        caller = identify(session, door.knocked.token or "", now).caller
    with watched(door, "proof", caller.account_id):
        people.prove(
            service.engine, service.vault, caller, given.password, given.second_factor, now=now
        )
    tell(door, "proof", caller.account_id, by=caller.actor)


@routes.delete("/session", himself(Act.LOGIN, Session, settled=False), status=204)
def log_out(call: Call) -> Reply:
    """Log out."""
    if call.caller.session_id is not None:
        sessions.log_out(call.session, call.caller, call.caller.session_id, call.now)
    return Reply(None, 204, cookies=(f"{COOKIE}=; Max-Age=0; {ATTRIBUTES}",))


@routes.get("/sessions", himself(of=Session, settled=False))
def list_sessions(call: Call) -> OpenSessions:
    """Your sessions that are open."""
    found = sessions.sessions_of(call.session, call.caller, call.now)
    return OpenSessions(
        items=[
            OpenSession(
                id=one.id,
                created_at=one.created_at,
                used_at=one.used_at,
                expires_at=one.expires_at,
                on_behalf_of_id=one.on_behalf_of_id,
                current=one.id == call.caller.session_id,
            )
            for one in found
        ]
    )


@routes.delete("/sessions", himself(Act.LOGIN, Session, settled=False), status=204)
def log_out_everywhere(call: Call) -> Reply:
    """Close all of your sessions, this one too."""
    sessions.log_out_everywhere(call.session, call.caller, call.now)
    return Reply(None, 204, cookies=(f"{COOKIE}=; Max-Age=0; {ATTRIBUTES}",))


@routes.delete("/sessions/{session_id}", himself(Act.LOGIN, Session, settled=False), status=204)
def close_session(call: Call, session_id: UUID) -> None:
    """Close one of your sessions.

    Raises:
        NotFoundError: you have no such session.
    """
    sessions.log_out(call.session, call.caller, session_id, call.now)
