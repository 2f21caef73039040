"""Who knocks: the token of a program, or the cookie of somebody at a page, who shows that it was he who sent it.

The token alone is looked at here, before anything else is read of a request; what it allows is asked in
the transaction that does what is asked (`scheduler.access.sessions.identify`).
"""

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime

from fastapi import Request
from sqlalchemy import Engine, select

from api.http.problems import ProblemError, Trouble
from models.access import Session
from models.database import reading, writing
from scheduler.access import tokens
from scheduler.access.denied import UnauthenticatedError, unauthenticated
from scheduler.access.lockout import network_of
from scheduler.access.sessions import identify, log_out

COOKIE = "__Host-spreekuur"
DEVICE_COOKIE = "__Host-spreekuur-device"
CSRF_HEADER = "X-CSRF-Token"
IN_THE_URL = frozenset({"access_token", "token", "bearer_token"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_TOKEN = 200
LONGEST_ADDRESS = 50


@dataclass(frozen=True, slots=True)
class Knock:
    """A request, as far as it concerns who sends it."""

    request_id: str
    address: str | None
    network: str
    token: str | None = field(default=None, repr=False)
    by_cookie: bool = False
    path: str = ""
    languages: str = ""
    """What a browser asks for, as it says it."""


def stranger(request: Request, request_id: str) -> Knock:
    """Whoever it is: nothing that he brings along is looked at."""
    address = request.client.host if request.client else None
    return Knock(
        request_id,
        address and address[:LONGEST_ADDRESS],
        _network(address),
        path=request.url.path,
        languages=request.headers.get("accept-language", ""),
    )


def knock(request: Request, request_id: str) -> Knock:
    """What he brings along.

    Raises:
        UnauthenticatedError: it brings something that is no token.
        ProblemError: a cookie came without the proof that its owner sent it (T24).
    """
    nobody = stranger(request, request_id)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme:
        if scheme.lower() != "bearer" or not 0 < len(token) <= LONGEST_TOKEN:
            raise unauthenticated("invalid_token")
        return replace(nobody, token=token)
    cookie = request.cookies.get(COOKIE)
    if cookie is None or len(cookie) > LONGEST_TOKEN:
        return nobody
    if request.method not in SAFE:
        shown = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(shown.encode("utf-8", "replace"), csrf_token(cookie).encode()):
            raise ProblemError(Trouble(403, "csrf_failed"))
    return replace(nobody, token=cookie, by_cookie=True)


def csrf_token(cookie: str) -> str:
    """What a page of ours can tell, and another site cannot: made of the cookie, which it cannot read."""
    return hashlib.sha256(f"spreekuur csrf {cookie}".encode("utf-8", "replace")).hexdigest()


def require_token(engine: Engine, knocked: Knock, now: datetime) -> str:
    """The token, where there is a session of it that may still be open.

    Raises:
        UnauthenticatedError: there is none.
    """
    if knocked.token is None:
        raise unauthenticated("invalid_token")
    known = select(Session.id).where(
        Session.token_hash == tokens.digest(knocked.token),
        Session.revoked_at.is_(None),
        Session.expires_at > now,
    )
    with reading(engine) as session:
        if session.scalar(known) is None:
            raise unauthenticated("invalid_token")
    return knocked.token


def refuse_token_in_url(engine: Engine, request: Request, now: datetime) -> None:
    """A token that was in an address is in logs: it is revoked (T16).

    Raises:
        ProblemError: there is one.
    """
    found = [request.query_params[name] for name in IN_THE_URL & request.query_params.keys()]
    if not found:
        return
    for token in found:
        with writing(engine) as session:
            try:
                caller = identify(session, token, now).caller
            except UnauthenticatedError:
                continue
            if caller.session_id is not None:
                log_out(session, caller, caller.session_id, now)
    raise ProblemError(Trouble(400, "token_in_url"))


def _network(address: str | None) -> str:
    try:
        return network_of(address or "")
    except ValueError:
        return "local"  # a socket of this machine
