"""Tokens for programs: OAuth2 client credentials (RFC 6749), and acting for a user by token exchange (RFC 8693).

The code of this half minute stands behind the secret [000 §4.1.1].
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field
from sqlalchemy import select

from api.http.context import context_of
from api.http.declaring import AtTheDoor, Routes
from api.http.policies import AT_THE_DOOR
from api.http.problems import ProblemError, Trouble, trouble_of
from api.http.routes.doors import tell, watched
from api.http.strict import MalformedError, require_plain
from models.access import Account
from models.database import reading, writing
from scheduler.access.api_door import Credentials, impersonate, issue_token
from scheduler.access.denied import unauthenticated
from scheduler.access.logins import as_login
from scheduler.access.sessions import Opened, identify
from scheduler.actor import Actor
from scheduler.refusals import RefusedError

routes = Routes("oauth", prefix="")

FORM = "application/x-www-form-urlencoded"
CREDENTIALS = "client_credentials"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 (the name of a kind)
A_LOGIN = "urn:spreekuur:params:oauth:token-type:login"
MOST_FIELDS = 20

ERRORS = {
    "invalid_credentials": "invalid_client",
    "invalid_token": "invalid_grant",
    "impersonation_not_allowed": "invalid_target",
    "unsupported_grant_type": "unsupported_grant_type",
}
"""How RFC 6749 §5.2 and RFC 8693 §2.2.2 call it; `invalid_request` otherwise."""


class ActsFor(BaseModel):
    """Who acts, where it is for another (RFC 8693 §4.1)."""

    sub: UUID


class Token(BaseModel):
    """RFC 6749 §5.1. `base_url`: where the API is."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 (a kind of token)
    expires_in: int = Field(examples=[900])
    base_url: str = Field(examples=["https://spreekuur.example.org"])
    issued_token_type: str | None = None
    act: ActsFor | None = None


SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "enum": [CREDENTIALS, EXCHANGE]},
                        "client_id": {"type": "string"},
                        "client_secret": {
                            "type": "string",
                            "description": "the secret, with the six digits of the code behind it",
                        },
                        "subject_token": {
                            "type": "string",
                            "description": "of a token exchange: the login of the user",
                        },
                        "subject_token_type": {"type": "string", "enum": [A_LOGIN]},
                        "actor_token": {
                            "type": "string",
                            "description": "of a token exchange: the program's own token",
                        },
                        "actor_token_type": {"type": "string", "enum": [ACCESS_TOKEN]},
                    },
                },
                "example": {
                    "grant_type": CREDENTIALS,
                    "client_id": "planning",
                    "client_secret": "the-secret123456",
                },
            }
        },
    }
}


@routes.door("/oauth/token", AT_THE_DOOR, openapi=SCHEMA)
def issue_access_token(door: AtTheDoor) -> Token:
    """Get a token for a quarter of an hour.

    Client credentials come in the form or by HTTP Basic. By token exchange a program acts for a user.
    """
    try:
        form = _form(door.request)
        grant = GRANTS.get(form.get("grant_type", ""), _unknown)
        return grant(door, form)
    except (RefusedError, MalformedError) as error:
        trouble = trouble_of(error) or Trouble(400, "invalid_request")
        trouble.more = {"error": ERRORS.get(trouble.code, "invalid_request")}
        raise ProblemError(trouble) from error


def _issued(door: AtTheDoor, form: Mapping[str, str]) -> Token:
    service, now = door.service, door.service.now()
    name, secret = _client(door.request, form)
    with watched(door, "client_credentials"):
        opened = issue_token(
            service.engine, service.vault, Credentials(name, secret, door.knocked.network), now
        )
    tell(door, "client_credentials", opened.account_id, by=Actor(opened.account_id))
    return _token(door, opened, now)


def _exchanged(door: AtTheDoor, form: Mapping[str, str]) -> Token:
    """Raises ForbiddenError where the program may not act for that user; both are on record (T14)."""
    service, now = door.service, door.service.now()
    if form.get("subject_token_type") != A_LOGIN:
        _invalid(f"subject_token_type is {A_LOGIN}")
    if form.get("actor_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
        _invalid(f"actor_token_type is {ACCESS_TOKEN}")
    login = form.get("subject_token", "")
    token = form.get("actor_token") or _bearer(door.request)
    with reading(service.engine) as session:
        with watched(door, "token_exchange"):
            caller = identify(session, token, now).caller
        plain = as_login(login)
        wanted = session.scalar(select(Account.id).where(Account.login == plain)) if plain else None
    try:
        with writing(service.engine) as session:
            opened = impersonate(session, identify(session, token, now).caller, login, now)
    except RefusedError as error:
        tell(door, error.refusals[0].code, wanted, by=caller.actor, allowed=False)
        raise
    tell(door, "impersonation", wanted, by=Actor(opened.account_id, wanted))
    answer = _token(door, opened, now)
    answer.issued_token_type, answer.act = ACCESS_TOKEN, ActsFor(sub=opened.account_id)
    return answer


def _unknown(_: AtTheDoor, __: Mapping[str, str]) -> NoReturn:
    raise MalformedError(400, "unsupported_grant_type")


GRANTS: Mapping[str, Callable[[AtTheDoor, Mapping[str, str]], Token]] = {
    CREDENTIALS: _issued,
    EXCHANGE: _exchanged,
}


def _token(door: AtTheDoor, opened: Opened, now: datetime) -> Token:
    return Token(
        access_token=opened.token,
        expires_in=int((opened.expires_at - now).total_seconds()),
        base_url=door.service.settings.base_url,
    )


# --- What is sent ---------------------------------------------------------------------------------------


def _form(request: Request) -> Mapping[str, str]:
    """The parameters, each once (RFC 6749 §3.2)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise MalformedError(415, "unsupported_media_type", wanted=FORM)
    try:
        pairs = parse_qsl(
            context_of(request).body.decode("utf-8"),
            keep_blank_values=True,
            max_num_fields=MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        _invalid("this is no form")
    form = dict(pairs)
    if len(form) < len(pairs):
        _invalid("a parameter comes twice")
    require_plain(form)
    return form


def _client(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """Name and secret, by HTTP Basic or in the form; one of both (RFC 6749 §2.3)."""
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    if "client_secret" in form:
        _invalid("the client's secret comes twice")
    try:
        name, _, secret = base64.b64decode(told, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError) as error:
        raise unauthenticated("invalid_credentials") from error
    return unquote_plus(name), unquote_plus(secret)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        _invalid("actor_token is missing")
    return token


def _invalid(why: str) -> NoReturn:
    raise MalformedError(400, "invalid_request", why=why)
