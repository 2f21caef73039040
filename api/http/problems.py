"""Whatever goes wrong, told one way: RFC 9457, with a code that does not change and every reason. Reliability §4."""

import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic_core import to_json
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from api.http.strict import MalformedError
from api.http.texts import text_of, told
from models import guards
from models.database import BusyError
from scheduler import agenda, idempotency, mail, receivers, records, triggers
from scheduler.access import denied
from scheduler.lifecycles import OutdatedError
from scheduler.parameters import ParameterError
from scheduler.refusals import Refusal, RefusedError

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:spreekuur:problem:{code}"
SOON = {"Retry-After": "1"}
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="spreekuur"'}


class Reason(BaseModel):
    """One reason against what was asked."""

    code: str = Field(examples=["practitioner_free"])
    params: dict[str, Any] = Field(examples=[{}])
    text: str = Field(examples=["the practitioner is occupied"])


class Fault(BaseModel):
    """One field, parameter or header that cannot be taken."""

    field: str = Field(examples=["body.starts_at"])
    code: str = Field(examples=["missing"])
    text: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """RFC 9457. `code` is stable; `detail` is for people. `refusals`: all reasons; `errors`: all faulty fields."""

    type: str = Field(examples=["urn:spreekuur:problem:slot_taken"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    code: str = Field(examples=["slot_taken"])
    detail: str = Field(examples=["this time has just been taken"])
    request_id: str = Field(examples=["01930d7c8f1b7a5d8d123f0b9a62c71e"])
    refusals: list[Reason] = []
    errors: list[Fault] = []


@dataclass(slots=True)
class Trouble:
    """A problem before it is written down."""

    status: int
    code: str
    params: Mapping[str, object] = field(default_factory=dict)
    refusals: Sequence[Refusal] = ()
    errors: Sequence[Mapping[str, str]] = ()
    headers: dict[str, str] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    """Further members of the answer."""

    @property
    def detail(self) -> str:
        return text_of(self.code, self.params)


class AuditFailedError(Exception):
    """It could not be put on record, and so it is not done (P13)."""


class ProblemError(Exception):
    """A problem by itself, where no command speaks of it."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.code)
        self.trouble = trouble


def answer(trouble: Trouble, request_id: str) -> Response:
    """The answer that tells it."""
    body: dict[str, Any] = {
        "type": TYPE.format(code=trouble.code),
        "title": HTTPStatus(trouble.status).phrase,
        "status": trouble.status,
        "code": trouble.code,
        "detail": trouble.detail,
        "request_id": request_id,
        "refusals": told(trouble.refusals),
        "errors": [dict(one) for one in trouble.errors],
    }
    content = to_json(body | trouble.more, fallback=str)
    return Response(content, trouble.status, trouble.headers, MEDIA_TYPE)


# --- Which problem an error is ------------------------------------------------------------------------

OCCUPIED = frozenset({"practitioner_free", "employee_free", "location_capacity"})
"""Somebody else is there: the place was taken a moment ago (T4)."""
KNOWN_AS: Mapping[str, str] = {
    **dict.fromkeys(OCCUPIED, "slot_taken"),
    "performance_submitted": "appointment_locked",
}
STATUS: Mapping[str, int] = {
    idempotency.REUSED: 422,
    idempotency.INVALID: 422,
    "invalid_cursor": 422,
    "login_malformed": 422,
    "password_too_short": 422,
    "password_too_long": 422,
    "password_too_plain": 422,
    "password_names_you": 422,
    "period_empty": 422,
    "reason_missing": 422,
    **dict.fromkeys(agenda.OF_WHAT_WAS_SENT, 422),
    **dict.fromkeys(records.OF_WHAT_WAS_SENT, 422),
    **dict.fromkeys(receivers.OF_WHAT_WAS_SENT, 422),
    **dict.fromkeys(mail.OF_WHAT_WAS_SENT, 422),
    **dict.fromkeys(triggers.OF_WHAT_WAS_SENT, 422),
    "swapped_with_itself": 422,
    "unknown": 422,
    "day_out_of_range": 422,
    "duration": 422,
    "buffer": 422,
    "priority": 422,
    "nobody_chosen": 422,
    "too_many_rows": 422,
    "campaign_too_long": 422,
    "case_closed_first": 422,
    "case_recovered_first": 422,
    "period_without_a_day": 422,
    "half_a_subscription": 422,
    "budget_misplaced": 422,
    "performed_ahead": 422,
    "line_of_other_employer": 422,
    "establishment_of_another_employer": 422,
}
"""Of refusals that speak of what was sent, and not of how things stand: that is 409."""


def trouble_of(error: Exception) -> Trouble | None:
    """What to tell; nothing where we do not know what it is."""
    for kind, tell in TOLD:
        if isinstance(error, kind):
            return tell(error)
    return None


def _of_a_lookup(error: LookupError) -> Trouble | None:
    """A command that finds nothing says so by an error of its own; a dictionary that does not is a fault of ours."""
    ours = not isinstance(error, (KeyError, IndexError))
    return Trouble(404, "not_found") if ours else None


def _refused(error: RefusedError) -> Trouble:
    refusals = error.refusals
    code = _code_of(refusals)
    trouble = Trouble(409, code, refusals[0].params if len(refusals) == 1 else {}, refusals)
    match error:
        case denied.UnauthenticatedError():
            trouble.status, trouble.headers = 401, dict(CHALLENGE)
        case denied.TooManyAttemptsError():
            trouble.status, trouble.headers = 429, {"Retry-After": str(error.seconds)}
        case denied.ForbiddenError():
            trouble.status = 403
        case denied.NotFoundError():
            # no more than of what is not there
            return Trouble(404, "not_found")
        case _:
            trouble.status = max((STATUS.get(one.code, 409) for one in refusals), default=409)
            if code == idempotency.IN_PROGRESS:
                trouble.headers = dict(SOON)
    return trouble


def _code_of(refusals: Sequence[Refusal]) -> str:
    codes = {one.code for one in refusals}
    if codes & OCCUPIED:
        return "slot_taken"
    first = refusals[0].code
    return KNOWN_AS.get(first, first) if len(codes) == 1 else "refused"


def _http(error: HTTPException) -> Trouble:
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "malformed_json")
    return Trouble(error.status_code, code, {"why": ""}, headers=dict(error.headers or {}))


MOST_FAULTS = 100
"""That are told of one body: of ten thousand rows each may have several."""


def _invalid(errors: Sequence[Mapping[str, Any]]) -> Trouble:
    """What pydantic says of it, without the values: they may be somebody's data."""
    strange = [one for one in errors if one["type"] == "extra_forbidden"]
    named = (strange or errors)[:MOST_FAULTS]
    faults = [
        {"field": ".".join(map(str, one["loc"])), "code": one["type"], "text": one["msg"]}
        for one in errors[:MOST_FAULTS]
    ]
    of_body = any(one["loc"][0] == "body" for one in named)
    code = ("unknown_" if strange else "invalid_") + (
        ("field" if strange else "input") if of_body else "parameter"
    )
    if any(one["type"] == "invalid_characters" for one in errors):
        code = "invalid_characters"
    fields = ", ".join(".".join(map(str, one["loc"][1:])) for one in named)
    return Trouble(422, code, {"fields": fields}, errors=faults)


FULL = re.compile(r"disk is full|no space left", re.IGNORECASE)
DISK_FULL = "53100"


def _of_the_database(error: DBAPIError) -> Trouble | None:
    """Guards refuse; anything else that an input may lead to is a conflict, and the rest no fault of the asker."""
    # none where the server is gone: then there is a driver's error and no state
    state = getattr(error.orig, "sqlstate", None) or ""
    if isinstance(error, IntegrityError) or state.startswith("23"):
        rule = guards.refused_by(error)
        if rule is None or rule not in RULED:
            return Trouble(409, "conflict")
        refusal = Refusal(rule)
        return Trouble(409, _code_of([refusal]), refusals=[refusal])
    if isinstance(error, DataError):
        return Trouble(422, "invalid_value")
    if state == DISK_FULL or (
        isinstance(error.orig, sqlite3.Error) and FULL.search(str(error.orig))
    ):
        return Trouble(503, "storage_full", headers=dict(SOON))
    if isinstance(error, (OperationalError, InterfaceError)):
        return Trouble(503, "unavailable", headers=dict(SOON))
    return None


RULED = frozenset(
    {
        "availability_capacity",
        "duplicate",
        "employee_free",
        "exclusion",
        "fits",
        "location_capacity",
        "planned_twice",
        "practitioner_free",
    }
)
"""What the guards call by a rule's name; other constraints are nobody's business."""


TOLD: Sequence[
    tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any], Trouble | None]]
] = (
    (ProblemError, lambda error: error.trouble),
    (MalformedError, lambda error: Trouble(error.status, error.code, error.params)),
    (RequestValidationError, lambda error: _invalid(error.errors())),
    (RefusedError, _refused),
    ((OutdatedError, StaleDataError), lambda error: Trouble(412, "outdated")),
    (ParameterError, lambda error: Trouble(422, "invalid_input", {"fields": "value"})),
    (HTTPException, _http),
    ((BusyError, NoConnectionError), lambda error: Trouble(503, "busy", headers=dict(SOON))),
    (AuditFailedError, lambda error: Trouble(503, "audit_unavailable", headers=dict(SOON))),
    (DBAPIError, _of_the_database),
    (LookupError, _of_a_lookup),
)
"""Each kind of error, and how it is told; the first that it is one of counts."""
